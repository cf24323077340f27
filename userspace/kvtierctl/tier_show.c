// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "args.h"
#include "device.h"
#include "info.h"
#include "out.h"
#include "rates.h"
#include "say.h"
#include "size.h"
#include "tier_view.h"

static const struct column memory_facts[] = {
	COLUMN("kind",		"kind",		COL_TEXT),
	COLUMN("node",		"node",		COL_COUNT),
	COLUMN("size",		"size",		COL_SIZE),
	COLUMN("used",		"used",		COL_SIZE),
	COLUMN("free",		"free",		COL_SIZE),
	COLUMN("limbo",	"limbo",	COL_SIZE),
	COLUMN("retired",	"retired",	COL_SIZE),
	COLUMN("huge",		"huge",		COL_SIZE),
	COLUMN("blocks",	"blocks",	COL_COUNT),
	{}
};

static const struct column nvme_facts[] = {
	COLUMN("kind",			"kind",			COL_TEXT),
	COLUMN("class",		"grade",		COL_TEXT),
	COLUMN("state",		"state",		COL_TEXT),
	COLUMN("devices",		"devices",		COL_COUNT),
	COLUMN("segment size",		"segment_size",		COL_SIZE),
	COLUMN("size",			"size",			COL_SIZE),
	COLUMN("used",			"used",			COL_SIZE),
	COLUMN("free",			"free",			COL_SIZE),
	COLUMN("found",		"found",		COL_SIZE),
	COLUMN("blocks",		"blocks",		COL_COUNT),
	COLUMN("segments to read",	"recovering",		COL_COUNT),
	COLUMN("write amplification",	"amplification",	COL_TEXT),
	COLUMN("write budget left",	"budget",		COL_TEXT),
	{}
};

static const struct column nvme_counters[] = {
	COLUMN("read",			"bytes_read",		COL_SIZE),
	COLUMN("written",		"bytes_written",	COL_SIZE),
	COLUMN("of it blocks",		"block_bytes_written",	COL_SIZE),
	COLUMN("I/O errors",		"io_errors",		COL_COUNT),
	COLUMN("checksum errors",	"crc_errors",		COL_COUNT),
	COLUMN("damaged records",	"bad_records",		COL_COUNT),
	{}
};

static const struct column knob_columns[] = {
	COLUMN("admission",	"admission",		COL_TEXT),
	COLUMN("admit_classes",	"admit_classes",	COL_TEXT),
	COLUMN("write_budget",	"write_budget",		COL_TEXT),
	COLUMN("carry_over",	"carry_over",		COL_TEXT),
	COLUMN("flush_ms",	"flush_ms",		COL_TEXT),
	COLUMN("verify",	"verify",		COL_TEXT),
	{}
};

static const struct column remote_facts[] = {
	COLUMN("kind",			"kind",			COL_TEXT),
	COLUMN("helper",		"helper",		COL_COUNT),
	COLUMN("requests in flight",	"in_flight",		COL_COUNT),
	COLUMN("requests",		"requests",		COL_COUNT),
	COLUMN("timeouts",		"timeouts",		COL_COUNT),
	COLUMN("lost with a helper",	"helper_lost",		COL_COUNT),
	{}
};

static const struct column user_columns[] = {
	COLUMN("SPACE",	"name",		COL_TEXT),
	COLUMN("REMOTE_WRITE",	"remote_write",	COL_TEXT),
	{}
};

static const struct column space_columns[] = {
	COLUMN("SPACE",	"name",		COL_TEXT),
	COLUMN("QUOTA",	"bytes",	COL_SIZE),
	COLUMN("BLOCKS",	"blocks",	COL_COUNT),
	{}
};

/* "1.2 GiB now, of 2.0 TiB a day", if there is a limit */
static void add_budget(json_object *tier, json_object *knobs)
{
	int64_t all = get_int(knobs, "write_budget"), left = get_int(tier, "budget_left");
	char has[SIZE_TEXT], of[SIZE_TEXT], text[2 * SIZE_TEXT + 16];

	size_text(left > 0 ? left : 0, has);
	size_text(all, of);
	snprintf(text, sizeof(text), "%s now, of %s a day", has, of);
	put_text(tier, "budget", all ? text : "no limit");
}

static void print_nvme(json_object *tier)
{
	json_object *knobs = field(tier, "knobs"), *stats = field(tier, "stats");

	tier_view_add(tier, stats);
	add_budget(tier, knobs);
	out_pairs(tier, nvme_facts);
	putchar('\n');
	out_title("SINCE IT WAS ADDED");
	out_pairs(stats, nvme_counters);
	putchar('\n');
	out_title("KNOBS");
	out_pairs(knobs, knob_columns);
}

static void print(json_object *tier)
{
	json_object *spaces = field(tier, "spaces");

	out_title(get_text(tier, "name"));
	if (info_is_nvme(tier))
		print_nvme(tier);
	else
		out_pairs(tier, info_is_remote(tier) ? remote_facts : memory_facts);
	if (!json_object_array_length(spaces))
		return;
	putchar('\n');
	out_table(spaces, info_is_remote(tier) ? user_columns : space_columns, true);
}

int tier_show(const struct command *cmd, int argc, char **argv)
{
	bool json = false;
	struct opt opts[] = {
		OPT("json", NULL, &json),
		{}
	};
	const char *name;
	json_object *tier;
	int code;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	code = operand(cmd, "tier", arg_name, argv[0], &name);
	if (code)
		return code;
	doing("show tier \"%s\"", name);
	tier = info_tier(name);
	if (!tier)
		return no_tier(name);
	if (json)
		out_json(tier);
	else
		print(tier);
	json_object_put(tier);
	return CTL_OK;
}
