// SPDX-License-Identifier: GPL-2.0
/* What nvme tiers read and write. */
#include <math.h>
#include <string.h>

#include "args.h"
#include "clock.h"
#include "device.h"
#include "info.h"
#include "out.h"
#include "rates.h"
#include "say.h"
#include "tier_view.h"

static const struct column columns[] = {
	COLUMN("TIER",	"name",			COL_TEXT),
	COLUMN("USED",	"used",			COL_SIZE, .width = 10),
	COLUMN("FREE",	"free",			COL_SIZE, .width = 10),
	COLUMN("BLOCKS",	"blocks",		COL_COUNT, .width = 9),
	COLUMN("READ",	"bytes_read",		COL_SIZE, .width = 10),
	COLUMN("WRITTEN",	"bytes_written",	COL_SIZE, .width = 10),
	COLUMN("OF BLOCKS",	"block_bytes_written",	COL_SIZE, .width = 10),
	COLUMN("AMPL",	"amplification",	COL_TEXT, .width = 5),
	COLUMN("ERRORS",	"errors",		COL_COUNT, .width = 6),
	COLUMN("STATE",	"condition",		COL_TEXT),
	{}
};

static const char * const row_gauges[] = {
	"name", "state", "size", "used", "free", "found", "blocks", "recovering",
	"budget_left", NULL
};

static const char * const row_counters[] = {
	"bytes_read", "bytes_written", "block_bytes_written", NULL
};

static json_object *make_row(json_object *tier, json_object *counts)
{
	json_object *row = json_object_new_object();
	int i;

	copy_fields(row, tier, row_gauges);
	for (i = 0; row_counters[i]; i++)
		put_int(row, row_counters[i],
			llround(field_number(counts, row_counters[i])));
	tier_view_add(row, counts);
	return row;
}

static json_object *one_nvme(const char *name)
{
	json_object *tier = info_tier(name);

	if (!tier || info_is_nvme(tier))
		return tier;
	json_object_put(tier);
	return NULL;
}

static json_object *all_nvme(void)
{
	json_object *tiers = info_tiers(), *some = json_object_new_array();
	size_t i;

	for (i = 0; i < json_object_array_length(tiers); i++) {
		json_object *tier = json_object_array_get_idx(tiers, i);

		if (info_is_nvme(tier))
			json_object_array_add(some, json_object_get(tier));
	}
	json_object_put(tiers);
	return some;
}

static int absent(const char *name)
{
	json_object *tier = info_tier(name);

	if (!tier)
		return no_tier(name);
	json_object_put(tier);
	return cannot(CTL_FAILED, "\"%s\" is a tier of memory, which counts nothing; see: kvtierctl stat",
		      name);
}

static const struct rates_of tiers_of = {
	.one = one_nvme,
	.all = all_nvme,
	.absent = absent,
	.row = make_row,
	.columns = columns,
	.gauges = row_gauges,
};

static void print(json_object *tiers, bool json)
{
	json_object *rows = json_object_new_array();
	size_t i;

	for (i = 0; i < json_object_array_length(tiers); i++) {
		json_object *tier = json_object_array_get_idx(tiers, i);

		json_object_array_add(rows, make_row(tier, field(tier, "stats")));
	}
	if (json)
		out_json(tiers);
	else
		out_table(rows, columns, true);
	json_object_put(rows);
}

static int once(const struct rates_how *how)
{
	json_object *tiers, *tier;

	if (!how->name) {
		tiers = all_nvme();
	} else {
		tier = one_nvme(how->name);
		if (!tier)
			return absent(how->name);
		tiers = json_object_new_array();
		json_object_array_add(tiers, tier);
	}
	print(tiers, how->json);
	json_object_put(tiers);
	return CTL_OK;
}

int tier_stat(const struct command *cmd, int argc, char **argv)
{
	struct rates_how how = {};
	struct opt opts[] = {
		OPT("interval", arg_interval, &how.interval),
		OPT("count", arg_count, &how.count),
		OPT("json", NULL, &how.json),
		{}
	};
	json_object *tier;
	int code;

	if (rates_parse(cmd, argc, argv, "tier", opts, &how, &code))
		return code;
	doing("read the statistics");
	if (no_module())
		return CTL_NO_MODULE;
	if (!how.interval)
		return once(&how);
	if (how.name) {
		tier = one_nvme(how.name);
		if (!tier)
			return absent(how.name);
		json_object_put(tier);
	}
	return rates_watch(&tiers_of, &how);
}
