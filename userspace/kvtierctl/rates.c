// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "rates.h"
#include "say.h"

#define HEADINGS_EVERY	20	/* lines of one */

json_object *field(json_object *from, const char *name)
{
	json_object *value = NULL;

	json_object_object_get_ex(from, name, &value);
	return value;
}

double field_number(json_object *from, const char *name)
{
	return json_object_get_double(field(from, name));
}

void copy_fields(json_object *to, json_object *from, const char * const *names)
{
	for (; *names; names++)
		json_object_object_add(to, *names, json_object_get(field(from, *names)));
}

/* Those that are asked for; an empty array if the one is no more. */
static json_object *sample(const struct rates_of *of, const char *name)
{
	json_object *array, *object;

	if (!name)
		return of->all();
	array = json_object_new_array();
	object = of->one(name);
	if (object)
		json_object_array_add(array, object);
	return array;
}

static json_object *find(json_object *array, const char *name)
{
	size_t i;

	for (i = 0; i < json_object_array_length(array); i++) {
		json_object *object = json_object_array_get_idx(array, i);

		if (!strcmp(get_text(object, "name"), name))
			return object;
	}
	return NULL;
}

static json_object *make_rates(json_object *object, json_object *before, double seconds)
{
	json_object *rates = json_object_new_object();
	json_object *stats = field(object, "stats");
	json_object *old = before ? field(before, "stats") : NULL;

	json_object_object_foreach(stats, name, value) {
		int64_t now = json_object_get_int64(value);
		int64_t was = old ? get_int(old, name) : 0;

		put_real(rates, name, (now < was ? now : now - was) / seconds);
	}
	return rates;
}

static void print_line(const struct rates_of *of, json_object *object,
		       json_object *rates, double seconds)
{
	json_object *line = json_object_new_object();

	copy_fields(line, object, of->gauges);
	put_int(line, "time", time(NULL));
	put_real(line, "seconds", seconds);
	json_object_object_add(line, "rates", rates);
	out_json_line(line);
	json_object_put(line);
}

static void print_rates(const struct rates_of *of, json_object *now,
			json_object *before, double seconds, bool json, bool headings)
{
	json_object *rows = json_object_new_array();
	size_t i, nr = json_object_array_length(now);

	for (i = 0; i < nr; i++) {
		json_object *object = json_object_array_get_idx(now, i);
		json_object *rates = make_rates(object, find(before, get_text(object, "name")),
						seconds);

		if (json) {
			print_line(of, object, rates, seconds);
		} else {
			json_object_array_add(rows, of->row(object, rates));
			json_object_put(rates);
		}
	}
	if (!json)
		out_table(rows, of->columns, headings);
	json_object_put(rows);
}

/* Headings: for one now and then, for many each time. */
static bool want_headings(const struct rates_how *how, unsigned int round)
{
	return !how->name || round % HEADINGS_EVERY == 0;
}

int rates_watch(const struct rates_of *of, const struct rates_how *how)
{
	json_object *before = sample(of, how->name), *now;
	double begin = clock_now(), then = begin, next;
	unsigned int round;
	int code = CTL_OK;

	for (round = 0; !code && (!how->count || round < how->count); round++) {
		clock_sleep_until(begin + (round + 1) * how->interval);
		now = sample(of, how->name);
		next = clock_now();
		if (how->name && !json_object_array_length(now)) {
			code = of->absent(how->name);
		} else {
			if (round && !how->name && !how->json)
				putchar('\n');
			print_rates(of, now, before, next - then, how->json,
				    want_headings(how, round));
			code = out_close(CTL_OK);
		}
		json_object_put(before);
		before = now;
		then = next;
	}
	json_object_put(before);
	return code;
}

const char *arg_count(const char *text, void *to)
{
	const char *wrong = arg_u32(text, to);

	if (wrong)
		return wrong;
	return *(unsigned int *)to ? NULL : "the count must not be 0";
}

int rates_parse(const struct command *cmd, int argc, char **argv, const char *what,
		struct opt *opts, struct rates_how *how, int *code)
{
	int nr = args_parse(cmd, argc, argv, opts, code);

	if (nr < 0)
		return -1;
	*code = CTL_OK;
	if (how->count && !opts[0].seen)
		*code = misuse(cmd, "--count needs --interval");
	else if (nr)
		*code = operand(cmd, what, arg_name, argv[0], &how->name);
	return *code ? -1 : 0;
}
