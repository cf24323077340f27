// SPDX-License-Identifier: GPL-2.0
/*
 * What spaces hold and have done: once, or as rates over intervals. A counter
 * that went back belongs to a space that was made anew: it counts from zero.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "device.h"
#include "info.h"
#include "out.h"
#include "say.h"

#define HEADINGS_EVERY	20	/* lines of one space */

struct wanted {
	const char *name;	/* NULL: all spaces */
	double interval;	/* seconds; 0: once */
	unsigned int count;	/* 0: for ever */
	bool json;
};

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
	COLUMN("REFUSED",	"refused",	COL_COUNT, .width = 7),
	{}
};

static const char * const row_gauges[] = {
	"name", "blocks", "filling", "leases", "quarantined", "free_frames", "frames", NULL
};

static const char * const row_counters[] = {
	"lookups", "acquires", "commits", "evictions", "demotions", "promotions", NULL
};

static json_object *field(json_object *from, const char *name)
{
	json_object *value = NULL;

	json_object_object_get_ex(from, name, &value);
	return value;
}

static double number(json_object *from, const char *name)
{
	return json_object_get_double(field(from, name));
}

static void copy_fields(json_object *to, json_object *from, const char * const *names)
{
	for (; *names; names++)
		json_object_object_add(to, *names, json_object_get(field(from, *names)));
}

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
		put_int(row, row_counters[i], llround(number(counts, row_counters[i])));
	add_ratio(row, "lookup_ratio", number(counts, "lookup_hits"),
		  number(counts, "lookups"));
	add_ratio(row, "acquire_ratio", number(counts, "acquire_hits"),
		  number(counts, "acquires"));
	put_int(row, "refused", llround(number(counts, "no_space") +
					number(counts, "no_quota")));
	return row;
}

/* --- once ------------------------------------------------------------- */

static json_object *plain(json_object *space)
{
	static const char * const names[] = {
		"name", "block_size", "bytes", "frames", "free_frames", "blocks",
		"filling", "leases", "dropped_held", "quarantined", "descriptors",
		"metadata_bytes", "openers", "arenas", "stats", NULL
	};
	json_object *object = json_object_new_object();

	copy_fields(object, space, names);
	return object;
}

static void print_all(json_object *spaces, bool json)
{
	json_object *rows = json_object_new_array();
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

/* --- over intervals --------------------------------------------------- */

/* The spaces that are asked for; an empty array if the one is no more. */
static json_object *sample(const char *name)
{
	json_object *spaces, *space;

	if (!name)
		return info_spaces();
	spaces = json_object_new_array();
	space = info_space(name);
	if (space)
		json_object_array_add(spaces, space);
	return spaces;
}

static json_object *find(json_object *spaces, const char *name)
{
	size_t i;

	for (i = 0; i < json_object_array_length(spaces); i++) {
		json_object *space = json_object_array_get_idx(spaces, i);

		if (!strcmp(get_text(space, "name"), name))
			return space;
	}
	return NULL;
}

static json_object *make_rates(json_object *space, json_object *before, double seconds)
{
	json_object *rates = json_object_new_object();
	json_object *stats = field(space, "stats");
	json_object *old = before ? field(before, "stats") : NULL;

	json_object_object_foreach(stats, name, value) {
		int64_t now = json_object_get_int64(value);
		int64_t was = old ? get_int(old, name) : 0;

		put_real(rates, name, (now < was ? now : now - was) / seconds);
	}
	return rates;
}

static void print_rates_json(json_object *space, json_object *rates, double seconds)
{
	json_object *line = json_object_new_object();

	copy_fields(line, space, row_gauges);
	put_int(line, "time", time(NULL));
	put_real(line, "seconds", seconds);
	json_object_object_add(line, "rates", rates);
	out_json_line(line);
	json_object_put(line);
}

static void print_rates(json_object *now, json_object *before, double seconds,
			bool json, bool headings)
{
	json_object *rows = json_object_new_array();
	size_t i, nr = json_object_array_length(now);

	for (i = 0; i < nr; i++) {
		json_object *space = json_object_array_get_idx(now, i);
		json_object *rates = make_rates(space, find(before, get_text(space, "name")),
						seconds);

		if (json) {
			print_rates_json(space, rates, seconds);
		} else {
			json_object_array_add(rows, make_row(space, rates));
			json_object_put(rates);
		}
	}
	if (!json)
		out_table(rows, columns, headings);
	json_object_put(rows);
}

static double clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void sleep_until(double when)
{
	struct timespec until = {
		.tv_sec = when,
		.tv_nsec = (when - floor(when)) * 1e9,
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

/* Headings: for one space now and then, for many each time. */
static bool want_headings(const struct wanted *wanted, unsigned int round)
{
	return !wanted->name || round % HEADINGS_EVERY == 0;
}

static int watch(const struct wanted *wanted)
{
	json_object *before = sample(wanted->name), *now;
	double begin = clock_now(), then = begin, next;
	unsigned int round;
	int code = CTL_OK;

	for (round = 0; !code && (!wanted->count || round < wanted->count); round++) {
		sleep_until(begin + (round + 1) * wanted->interval);
		now = sample(wanted->name);
		next = clock_now();
		if (wanted->name && !json_object_array_length(now)) {
			code = no_space(wanted->name);
		} else {
			if (round && !wanted->name && !wanted->json)
				putchar('\n');
			print_rates(now, before, next - then, wanted->json,
				    want_headings(wanted, round));
			code = out_close(CTL_OK);
		}
		json_object_put(before);
		before = now;
		then = next;
	}
	json_object_put(before);
	return code;
}

static int once(const struct wanted *wanted)
{
	json_object *spaces = sample(wanted->name);

	if (wanted->name)
		print_one(json_object_array_get_idx(spaces, 0), wanted->json);
	else
		print_all(spaces, wanted->json);
	json_object_put(spaces);
	return CTL_OK;
}

static int run(const struct wanted *wanted)
{
	json_object *space;

	doing("read the statistics");
	if (no_module())
		return CTL_NO_MODULE;
	if (wanted->name) {
		space = info_space(wanted->name);
		if (!space)
			return no_space(wanted->name);
		json_object_put(space);
	}
	return wanted->interval > 0 ? watch(wanted) : once(wanted);
}

static const char *arg_interval(const char *text, void *to)
{
	double seconds;
	char *end;

	seconds = strtod(text, &end);
	if (end == text || *end || !isfinite(seconds))
		return "not a number of seconds";
	if (seconds < 0.1 || seconds > 86400)
		return "an interval is 0.1 to 86400 seconds";
	*(double *)to = seconds;
	return NULL;
}

static const char *arg_count(const char *text, void *to)
{
	const char *wrong = arg_u32(text, to);

	if (wrong)
		return wrong;
	return *(unsigned int *)to ? NULL : "the count must not be 0";
}

int stat_run(const struct command *cmd, int argc, char **argv)
{
	struct wanted wanted = {};
	struct opt opts[] = {
		OPT("interval", arg_interval, &wanted.interval),
		OPT("count", arg_count, &wanted.count),
		OPT("json", NULL, &wanted.json),
		{}
	};
	int code, nr;

	nr = args_parse(cmd, argc, argv, opts, &code);
	if (nr < 0)
		return code;
	if (wanted.count && !opts[0].seen)
		return misuse(cmd, "--count needs --interval");
	code = nr ? operand(cmd, "space", arg_name, argv[0], &wanted.name) : CTL_OK;
	return code ? code : run(&wanted);
}
