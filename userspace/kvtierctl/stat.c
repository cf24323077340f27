// SPDX-License-Identifier: GPL-2.0
/* What spaces hold and have done. */
#include <math.h>
#include <stdio.h>

#include "args.h"
#include "clock.h"
#include "device.h"
#include "info.h"
#include "out.h"
#include "rates.h"
#include "say.h"

/* Sums and ratios that the table shows, of counters or of rates. */
static const struct column columns[] = {
	COLUMN("SPACE",	"name",		COL_TEXT),
	COLUMN("BLOCKS",	"blocks",	COL_COUNT, .width = 8),
	COLUMN("FREE",	"free_frames",	COL_COUNT, .width = 8),
	COLUMN("LEASES",	"leases",	COL_COUNT, .width = 7),
	COLUMN("LOOKUPS",	"lookups",	COL_COUNT, .width = 9),
	COLUMN("HIT%",	"lookup_ratio",	COL_RATE, .width = 5),
	COLUMN("ACQUIRES",	"acquires",	COL_COUNT, .width = 9),
	COLUMN("HIT%",	"acquire_ratio", COL_RATE, .width = 5),
	COLUMN("COMMITS",	"commits",	COL_COUNT, .width = 8),
	COLUMN("EVICTED",	"evictions",	COL_COUNT, .width = 8),
	COLUMN("DEMOTED",	"demotions",	COL_COUNT, .width = 8),
	COLUMN("PROMOTED",	"promotions",	COL_COUNT, .width = 8),
	COLUMN("LOADED",	"loads",	COL_COUNT, .width = 8),
	COLUMN("WRITTEN",	"writeouts",	COL_COUNT, .width = 8),
	COLUMN("REFUSED",	"refused",	COL_COUNT, .width = 7),
	{}
};

static const char * const row_gauges[] = {
	"name", "blocks", "filling", "leases", "quarantined", "free_frames", "frames", NULL
};

static const char * const row_counters[] = {
	"lookups", "acquires", "commits", "evictions", "demotions", "promotions",
	"loads", "writeouts", NULL
};

/* Per cent; the field is null where nothing was asked. */
static void add_ratio(json_object *row, const char *name, double hits, double all)
{
	if (all > 0)
		put_real(row, name, 100 * hits / all);
	else
		put_text(row, name, NULL);
}

static json_object *make_row(json_object *space, json_object *counts)
{
	json_object *row = json_object_new_object();
	int i;

	copy_fields(row, space, row_gauges);
	for (i = 0; row_counters[i]; i++)
		put_int(row, row_counters[i],
			llround(field_number(counts, row_counters[i])));
	add_ratio(row, "lookup_ratio", field_number(counts, "lookup_hits"),
		  field_number(counts, "lookups"));
	add_ratio(row, "acquire_ratio", field_number(counts, "acquire_hits"),
		  field_number(counts, "acquires"));
	put_int(row, "refused", llround(field_number(counts, "no_space") +
					field_number(counts, "no_quota")));
	return row;
}

static const struct rates_of spaces_of = {
	.one = info_space,
	.all = info_spaces,
	.absent = no_space,
	.row = make_row,
	.columns = columns,
	.gauges = row_gauges,
};

static json_object *plain(json_object *space)
{
	static const char * const names[] = {
		"name", "block_size", "bytes", "nvme_bytes", "frames", "free_frames",
		"blocks", "filling", "leases", "dropped_held", "quarantined",
		"descriptors", "metadata_bytes", "openers", "arenas", "stats", NULL
	};
	json_object *object = json_object_new_object();

	copy_fields(object, space, names);
	return object;
}

static void print_all(bool json)
{
	json_object *rows = json_object_new_array(), *spaces = info_spaces();
	size_t i, nr = json_object_array_length(spaces);

	for (i = 0; i < nr; i++) {
		json_object *space = json_object_array_get_idx(spaces, i);

		json_object_array_add(rows, json ? plain(space) :
				      make_row(space, field(space, "stats")));
	}
	if (json)
		out_json(rows);
	else
		out_table(rows, columns, true);
	json_object_put(rows);
	json_object_put(spaces);
}

/* Every number there is, one a line. */
static void print_numbers(json_object *object)
{
	json_object_object_foreach(object, name, value)
		if (json_object_is_type(value, json_type_int))
			printf("%-16s  %14s\n", name, json_object_get_string(value));
}

static void print_one(json_object *space, bool json)
{
	json_object *object = plain(space);

	if (json) {
		out_json(object);
	} else {
		out_title(get_text(space, "name"));
		print_numbers(object);
		putchar('\n');
		out_title("SINCE IT WAS MADE");
		print_numbers(field(space, "stats"));
	}
	json_object_put(object);
}

static int run(const struct rates_how *how)
{
	json_object *space = NULL;

	doing("read the statistics");
	if (no_module())
		return CTL_NO_MODULE;
	if (how->name) {
		space = info_space(how->name);
		if (!space)
			return no_space(how->name);
	}
	if (!how->interval && space)
		print_one(space, how->json);
	else if (!how->interval)
		print_all(how->json);
	json_object_put(space);
	return how->interval > 0 ? rates_watch(&spaces_of, how) : CTL_OK;
}

int stat_run(const struct command *cmd, int argc, char **argv)
{
	struct rates_how how = {};
	struct opt opts[] = {
		OPT("interval", arg_interval, &how.interval),
		OPT("count", arg_count, &how.count),
		OPT("json", NULL, &how.json),
		{}
	};
	int code;

	if (rates_parse(cmd, argc, argv, "space", opts, &how, &code))
		return code;
	return run(&how);
}
