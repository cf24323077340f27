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
	{ "tier", "add", 1, 1, tier_add,
	  "NAME --kind dram|cxl --node N --size SIZE",
	  "Make a tier from the memory of a NUMA node",
	  "All of the memory is taken, and zeroed, at once. SIZE is a multiple of 2M.\n"
	  SIZES },
	{ "tier", "remove", 1, 1, tier_remove,
	  "NAME",
	  "Give a tier's memory back",
	  "No space may have a quota on it." },
	{ "tier", "resize", 1, 1, tier_resize,
	  "NAME --size SIZE",
	  "Change the size of a tier",
	  "Only memory that no space has is given back. Exits with 6 when the size was\n"
	  "reached in part.\n" SIZES },
	{ "tier", "list", 0, 0, tier_list,
	  "[--json]",
	  "List the tiers", NULL },
	{ "space", "create", 1, 1, space_create,
	  "NAME --block-size SIZE --quota TIER=SIZE...\n"
	  "       [--identity HEX | --identity-text TEXT] [--owner USER[:GROUP]]\n"
	  "       [--mode MODE] [--class N]",
	  "Make a space and its device /dev/kvtier/NAME",
	  "  --block-size     4K to 64M, a multiple of 4K\n"
	  "  --quota          what it may use of a tier, a multiple of 2M; up to 8 tiers\n"
	  "  --identity       what its blocks are for, 64 hex digits (all zero)\n"
	  "  --identity-text  the same, as the SHA-256 of a text\n"
	  "  --owner          who owns the device (root); default group: the login group\n"
	  "  --mode           permission bits of the device (0660)\n"
	  "  --class          retention class of blocks that state none, 0 to 15 (0)\n"
	  "\n" SIZES },
	{ "space", "delete", 1, 1, space_delete,
	  "NAME",
	  "Drop all blocks of a space and remove it",
	  "Nobody may have it open or mapped." },
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
	  "  policy           name of the eviction policy\n"
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
