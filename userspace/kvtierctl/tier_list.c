// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "args.h"
#include "device.h"
#include "info.h"
#include "out.h"
#include "rates.h"
#include "say.h"
#include "tier_view.h"

static const struct column memory_columns[] = {
	COLUMN("TIER",	"name",		COL_TEXT),
	COLUMN("KIND",	"kind",		COL_TEXT),
	COLUMN("NODE",	"node",		COL_COUNT),
	COLUMN("SIZE",	"size",		COL_SIZE),
	COLUMN("USED",	"used",		COL_SIZE),
	COLUMN("FREE",	"free",		COL_SIZE),
	COLUMN("LIMBO",	"limbo",	COL_SIZE),
	COLUMN("RETIRED",	"retired",	COL_SIZE),
	COLUMN("HUGE",	"huge",		COL_SIZE),
	{}
};

static const struct column nvme_columns[] = {
	COLUMN("TIER",	"name",		COL_TEXT),
	COLUMN("KIND",	"kind",		COL_TEXT),
	COLUMN("CLASS",	"grade",	COL_TEXT),
	COLUMN("STATE",	"condition",	COL_TEXT),
	COLUMN("SIZE",	"size",		COL_SIZE),
	COLUMN("USED",	"used",		COL_SIZE),
	COLUMN("FREE",	"free",		COL_SIZE),
	COLUMN("FOUND",	"found",	COL_SIZE),
	COLUMN("BLOCKS",	"blocks",	COL_COUNT),
	COLUMN("WRITTEN",	"written", COL_SIZE),
	COLUMN("AMPL",	"amplification", COL_TEXT),
	COLUMN("ERRORS",	"errors",	COL_COUNT),
	{}
};

static const struct column remote_columns[] = {
	COLUMN("TIER",	"name",		COL_TEXT),
	COLUMN("KIND",	"kind",		COL_TEXT),
	COLUMN("HELPER",	"helper",	COL_COUNT),
	COLUMN("IN FLIGHT",	"in_flight",	COL_COUNT),
	COLUMN("REQUESTS",	"requests",	COL_COUNT),
	COLUMN("TIMEOUTS",	"timeouts",	COL_COUNT),
	COLUMN("LOST",	"helper_lost",	COL_COUNT),
	{}
};

static bool is_memory(json_object *tier)
{
	return !info_is_nvme(tier) && !info_is_remote(tier);
}

static json_object *choose(json_object *tiers, bool (*wanted)(json_object *tier))
{
	json_object *rows = json_object_new_array();
	size_t i;

	for (i = 0; i < json_object_array_length(tiers); i++) {
		json_object *tier = json_object_array_get_idx(tiers, i);

		if (wanted(tier))
			json_object_array_add(rows, json_object_get(tier));
	}
	return rows;
}

static void add_view(json_object *tier)
{
	json_object *stats = field(tier, "stats");

	put_int(tier, "written", get_int(stats, "bytes_written"));
	tier_view_add(tier, stats);
}

/* An empty line before all but the first. */
static void print_table(json_object *rows, const struct column *columns, bool *first)
{
	if (json_object_array_length(rows)) {
		if (!*first)
			putchar('\n');
		*first = false;
		out_table(rows, columns, true);
	}
	json_object_put(rows);
}

/* A table for each kind, as they have little in common. */
static void print(json_object *tiers)
{
	json_object *nvme = choose(tiers, info_is_nvme);
	bool first = true;
	size_t i;

	for (i = 0; i < json_object_array_length(nvme); i++)
		add_view(json_object_array_get_idx(nvme, i));
	if (!json_object_array_length(tiers))
		out_table(tiers, memory_columns, true);
	print_table(choose(tiers, is_memory), memory_columns, &first);
	print_table(nvme, nvme_columns, &first);
	print_table(choose(tiers, info_is_remote), remote_columns, &first);
}

int tier_list(const struct command *cmd, int argc, char **argv)
{
	bool json = false;
	struct opt opts[] = {
		OPT("json", NULL, &json),
		{}
	};
	json_object *tiers;
	int code;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	doing("list tiers");
	if (no_module())
		return CTL_NO_MODULE;
	tiers = info_tiers();
	if (json)
		out_json(tiers);
	else
		print(tiers);
	json_object_put(tiers);
	return CTL_OK;
}
