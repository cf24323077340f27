// SPDX-License-Identifier: GPL-2.0
/* The table of commands; what "help" prints is made from it. */
#include <stddef.h>

#include "command.h"

#define SIZES \
	"Sizes: bytes, or a number with K, M, G or T (of 1024; KiB, MiB, ... too)."

#define KEYS \
	"A key is 64 hex digits. Any other text stands for its SHA-256; text:TEXT is\n" \
	"always text, hex:DIGITS always hex."

const struct command commands[] = {
	{ "tier", "add", 1, 2, tier_add,
	  "NAME --kind dram|cxl --node N --size SIZE\n"
	  "       kvtierctl tier add nvme --device PATH... [--name NAME]\n"
	  "       [--class fast|bulk] [--take-over]\n"
	  "       kvtierctl tier add remote NAME",
	  "Make a tier from a NUMA node's memory, from devices, or of a pool",
	  "Memory: all of it is taken, and zeroed, at once. SIZE is a multiple of 2M.\n"
	  SIZES "\n"
	  "\n"
	  "nvme: the devices must have been formatted (kvtierctl tier format), together.\n"
	  "  --device     block device: whole, a partition, of the device mapper ...; give\n"
	  "               all of the set, at most 8, in any order\n"
	  "  --name       name of the tier; without it the first of nvme0, nvme1 ... that\n"
	  "               is not taken, which is printed\n"
	  "  --class      fail if the devices were formatted as another class\n"
	  "  --take-over  also what another host has attached, or did not detach before it\n"
	  "               went down. That host must not use it any more: what both write is\n"
	  "               lost\n"
	  "\n"
	  "What spaces had stored there comes back when a space of the same name, identity\n"
	  "and block size gets a quota on the tier; see: kvtierctl tier wait.\n"
	  "\n"
	  "remote: pool nodes, which kvtierd reaches: see kvtierd(8). It has no size, and spaces\n"
	  "no quota on it: see the knobs remote and remote_write of kvtierctl space set." },
	{ "tier", "remove", 1, 1, tier_remove,
	  "NAME",
	  "Give a tier's memory or devices back",
	  "Memory: no space may have a quota on it.\n"
	  "\n"
	  "nvme: blocks that are only in memory are written to it first, for at most its\n"
	  "flush_ms. Then spaces go on without it. What is on the devices is kept: see\n"
	  "kvtierctl tier add." },
	{ "tier", "resize", 1, 1, tier_resize,
	  "NAME --size SIZE",
	  "Change the size of a tier",
	  "Only memory that no space has is given back. Exits with 6 when the size was\n"
	  "reached in part.\n" SIZES },
	{ "tier", "set", 2, -1, tier_set,
	  "NAME KNOB=VALUE...",
	  "Change knobs of an nvme tier",
	  "  admission      which blocks that leave memory are written: all, second (those\n"
	  "                 used since they were stored) or class (those of admit_classes)\n"
	  "  admit_classes  bit mask of retention classes: 0xffff is all\n"
	  "  write_budget   bytes that may be written a day, as in 500G, at least 1M; 0: no\n"
	  "                 limit\n"
	  "  carry_over     blocks of a segment that may be written again, since they are\n"
	  "                 in use, when it is reused, per mille, 0..1000\n"
	  "  flush_ms       longest time to write blocks of memory at tier remove and at\n"
	  "                 shutdown, 0..3600000\n"
	  "  verify         blocks read whose checksums are compared, per mille, 0..1000\n"
	  "\n"
	  "kvtierctl tier show NAME prints their values." },
	{ "tier", "list", 0, 0, tier_list,
	  "[--json]",
	  "List the tiers", NULL },
	{ "tier", "show", 1, 1, tier_show,
	  "NAME [--json]",
	  "Show all about a tier: sizes, counters, knobs, spaces", NULL },
	{ "tier", "stat", 0, 1, tier_stat,
	  "[NAME] [--interval SECONDS [--count N]] [--json]",
	  "Show what nvme tiers read and write",
	  "Since they were added; with --interval: a second, until interrupted or N times.\n"
	  "With --json too: one object a line for each tier and interval." },
	{ "tier", "wait", 1, 1, tier_wait,
	  "NAME [--timeout SECONDS]",
	  "Wait until the blocks found on an nvme tier can be used",
	  "They come back in the background when a space gets a quota on the tier; there is\n"
	  "no need to wait, but what is not read yet is a miss. Exits with 6 when the time\n"
	  "is over." },
	{ "tier", "format", 1, 8, tier_format,
	  "DEVICE... [--class fast|bulk] [--segment-size SIZE]\n"
	  "       [--force] [--no-discard] [--json]",
	  "Make devices into the set of an nvme tier",
	  "All that is on them is lost. They must belong together from then on: each\n"
	  "attach names all of them. A regular file will do, for trials.\n"
	  "  --class         what the set is good at; default: bulk\n"
	  "  --segment-size  1M, 2M, 4M ... 256M; default: 64M, less if a device has not\n"
	  "                  32 of them\n"
	  "  --force         even if a device holds a file system, a partition table, other\n"
	  "                  data that is known, or is formatted for kvtier already\n"
	  "  --no-discard    do not discard what is on the devices first\n"
	  "\n"
	  "Nothing is written before all devices have been found to be fit." },
	{ "tier", "check", 1, 8, tier_check,
	  "DEVICE... [--quick] [--json]",
	  "Verify the devices of a detached nvme tier",
	  "Reads everything, writes nothing. With --quick: all but the blocks themselves.\n"
	  "Exits with 0 when all is good, 1 when damage was found, 2 when the devices could\n"
	  "not be checked. Damage needs no repair: what is damaged is a miss." },
	{ "tier", "dump", 1, 8, tier_dump,
	  "DEVICE... [--segment [INDEX:]N] [--all] [--json]",
	  "List the segments on devices, or what is in one",
	  "  --segment  the entries of segment N of the set's device INDEX\n"
	  "  --all      list free segments, too\n"
	  "\n"
	  "Works on devices of an attached tier, too: then what is being written may look\n"
	  "damaged." },
	{ "space", "create", 1, 1, space_create,
	  "NAME --block-size SIZE --quota TIER=SIZE...\n"
	  "       [--identity HEX | --identity-text TEXT] [--owner USER[:GROUP]]\n"
	  "       [--mode MODE] [--class N] [--layers N | --layers SIZE,SIZE...] [--wait]",
	  "Make a space and its device /dev/kvtier/NAME",
	  "  --block-size     4K to 64M, a multiple of 4K\n"
	  "  --quota          what it may use of a tier, a multiple of 2M; up to 8 tiers, one\n"
	  "                   of memory; of nvme at least two segments\n"
	  "  --identity       what its blocks are for, 64 hex digits (all zero)\n"
	  "  --identity-text  the same, as the SHA-256 of a text\n"
	  "  --owner          who owns the device (root); default group: the login group\n"
	  "  --mode           permission bits of the device (0660)\n"
	  "  --class          retention class of blocks that state none, 0 to 15 (0)\n"
	  "  --layers         so many layers of the same size, or each one's size in the\n"
	  "                   order of use: blocks arrive from nvme layer by layer\n"
	  "  --wait           wait until what it had left on nvme can be used again\n"
	  "\n" SIZES },
	{ "space", "delete", 1, 1, space_delete,
	  "NAME",
	  "Drop all blocks of a space, on all tiers, and remove it",
	  "Nobody may have it open or mapped; a helper of its remote tier lets go of it. To\n"
	  "keep what it has on nvme for later, remove the nvme tier first." },
	{ "space", "resize", 1, 1, space_resize,
	  "NAME --quota TIER=SIZE...",
	  "Change the quotas of a space",
	  "Tiers that are not named stay as they are; TIER=0 takes one away. Exits with 6\n"
	  "when it was done in part.\n" SIZES },
	{ "space", "set", 2, -1, space_set,
	  "NAME KNOB=VALUE...",
	  "Change knobs of a space",
	  "  default_class    retention class of blocks that state none, 0..15\n"
	  "  low_watermark    eviction begins below so many free frames, per mille, 0..500\n"
	  "  high_watermark   and ends at so many, per mille, 0..500\n"
	  "  lease_quota      frames that may be leased or reserved, per mille, 1..1000\n"
	  "  fill_timeout_ms  longest time from reserve to commit, 100..3600000\n"
	  "  quarantine_ms    longest rest of a dead filler's frame, 0..3600000\n"
	  "  promote          off, free or always\n"
	  "  checksum         when blocks get their checksums: move (before a copy leaves\n"
	  "                   memory) or commit\n"
	  "  verify           moves between memory tiers that are checked, per mille, 0..1000\n"
	  "  remote           remote tier to read from and write to, or none\n"
	  "  remote_write     what is written there: none, back (what is to leave memory) or\n"
	  "                   through (all)\n"
	  "  remote_rate      bytes a second that are written there at most; 0: no limit\n"
	  "  remote_timeout_ms  how long an answer from there is waited for, 1..600000\n"
	  "  policy           name of the eviction policy\n"
	  "  classN/ttl_s     blocks of retention class N expire when they were not used for\n"
	  "                   so many seconds; 0: never\n"
	  "  classN/priority  those of lower priority go first, 0..7\n"
	  "  classN/floor     slowest tier they may lie on: dram, cxl, nvme or remote\n"
	  "\n"
	  "kvtierctl space show NAME prints their values." },
	{ "space", "list", 0, 0, space_list,
	  "[--json]",
	  "List the spaces", NULL },
	{ "space", "show", 1, 1, space_show,
	  "NAME [--json]",
	  "Show all about a space: device, arenas, knobs", NULL },
	{ NULL, "stat", 0, 1, stat_run,
	  "[SPACE] [--interval SECONDS [--count N]] [--json]",
	  "Show what spaces hold and have done",
	  "With --interval: rates a second, until interrupted or N times. With --json too:\n"
	  "one object a line for each space and interval." },
	{ NULL, "monitor", 0, 0, monitor_run,
	  "[--blocks] [--count N] [--json]",
	  "Print what happens to tiers, spaces and devices, as it happens",
	  "Until interrupted, or N times. An event a line; with --json an object.\n"
	  "  --blocks  also each block that is stored or removed, with its key. Takes\n"
	  "            CAP_SYS_ADMIN\n"
	  "\n"
	  "What comes faster than it can be printed is lost, and said to be." },
	{ NULL, "policy", 0, 0, policy_run,
	  "[--file FILE] [--json]",
	  "Show what the rules of kvtierd do with knobs, and why",
	  "One line for each rule and space: what it watches, whether it is on, the knob it\n"
	  "sets, how long ago it last did and for what reason. Rules are in the\n"
	  "configuration of kvtierd, see kvtierd.conf(5).\n"
	  "  --file  kvtierd's status file (/run/kvtierd/policy.json)" },
	{ NULL, "drain", 1, 1, drain_run,
	  "SPACE [--deadline SECONDS] [--list FILE] [--json]",
	  "Copy all blocks of a space to its remote tier",
	  "Before a host goes down, or changes tenant. What was used last goes first. The space\n"
	  "stays in use; its remote_write does not matter.\n"
	  "  --deadline  stop then; what is not copied by then is told\n"
	  "  --list      write the keys of all its blocks to FILE, for kvtierctl restore\n"
	  "\n"
	  "Exits with 6 when not all were copied." },
	{ NULL, "restore", 1, 1, restore_run,
	  "SPACE --list FILE [--deadline SECONDS] [--json]",
	  "Bring the blocks of a drained space up on this host",
	  "SPACE has the same identity and block size as the one that was drained, and a\n"
	  "remote tier of the same pool. There is no need to: what is asked for comes up by\n"
	  "itself. What has no room is left where it is. Exits with 6 when some are missing." },
	{ NULL, "put", 2, 3, put_run,
	  "SPACE KEY [FILE|-] [--parent KEY] [--class N] [--pad] [--json]",
	  "Store a block, from a file or the standard input",
	  "The input must be one block long; with --pad it may be shorter.\n" KEYS },
	{ NULL, "get", 2, 3, get_run,
	  "SPACE KEY [FILE|-] [--offset SIZE] [--length SIZE] [--json]",
	  "Read a block, to a file or the standard output",
	  KEYS },
	{ NULL, "lookup", 2, -1, lookup_run,
	  "SPACE KEY... [--json]",
	  "Find the longest prefix of a chain of blocks that is present",
	  "Exits with 0 when all are present, 6 when some, 3 when none.\n" KEYS },
	{ NULL, "drop", 2, -1, drop_run,
	  "SPACE KEY... [--chain] [--json]",
	  "Forget blocks; with --chain also all below them",
	  "Exits with 0 when all were dropped, 6 when some, 3 when none.\n" KEYS },
	{ NULL, "version", 0, 0, version_run,
	  "[--json]",
	  "Show the versions of tool, library and module", NULL },
	{ NULL, "help", 0, 2, help_run,
	  "[COMMAND]",
	  "Show what there is, or all about one command", NULL },
	{}
};
