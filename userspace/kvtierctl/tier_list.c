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

/* Those of nvme, or the others. */
static json_object *choose(json_object *tiers, bool nvme)
{
	json_object *rows = json_object_new_array();
	size_t i;

	for (i = 0; i < json_object_array_length(tiers); i++) {
		json_object *tier = json_object_array_get_idx(tiers, i);

		if (info_is_nvme(tier) == nvme)
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

/* Two tables, as the two have little in common. */
static void print(json_object *tiers)
{
	json_object *memory = choose(tiers, false), *nvme = choose(tiers, true);
	size_t i, nr = json_object_array_length(nvme);

	for (i = 0; i < nr; i++)
		add_view(json_object_array_get_idx(nvme, i));
	if (json_object_array_length(memory) || !nr)
		out_table(memory, memory_columns, true);
	if (json_object_array_length(memory) && nr)
		putchar('\n');
	if (nr)
		out_table(nvme, nvme_columns, true);
	json_object_put(memory);
	json_object_put(nvme);
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
