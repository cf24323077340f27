/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Gauges and counters of tiers or spaces: once, or as rates over intervals. A
 * counter that went back belongs to one that was made anew: it counts from zero.
 */
#ifndef CTL_RATES_H
#define CTL_RATES_H

#include <json-c/json.h>
#include <stdbool.h>

#include "args.h"
#include "out.h"

/**
 * struct rates_of - what is counted
 * @one: information on one by name, or NULL if there is none; its counters are
 *	the object "stats"
 * @all: an array of all
 * @absent: says that there is none of a name; returns the exit code
 * @row: a row for @columns of information and counts, or rates
 * @columns: of the table
 * @gauges: fields that are shown with rates as JSON
 */
struct rates_of {
	json_object *(*one)(const char *name);
	json_object *(*all)(void);
	int (*absent)(const char *name);
	json_object *(*row)(json_object *object, json_object *counts);
	const struct column *columns;
	const char * const *gauges;
};

/** struct rates_how - what the options state */
struct rates_how {
	const char *name;	/* NULL: all */
	double interval;	/* seconds; 0: once */
	unsigned int count;	/* 0: for ever */
	bool json;
};

/** arg_count() - parse_fn: a number that is not 0; @to: unsigned int * */
const char *arg_count(const char *text, void *to);

/*
 * rates_parse() - read options, of which --interval is the first, and a name
 * @what: what is named: "space", "tier"
 *
 * Return: 0; or -1: @code is what to exit with, and all has been said.
 */
int rates_parse(const struct command *cmd, int argc, char **argv, const char *what,
		struct opt *opts, struct rates_how *how, int *code);

/** rates_watch() - print rates, interval by interval; returns the exit code */
int rates_watch(const struct rates_of *of, const struct rates_how *how);

/* Fields of JSON objects. */
json_object *field(json_object *from, const char *name);
double field_number(json_object *from, const char *name);
void copy_fields(json_object *to, json_object *from, const char * const *names);

#endif /* CTL_RATES_H */
