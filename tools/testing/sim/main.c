// SPDX-License-Identifier: GPL-2.0
/* kvtier-sim: what hit ratio a cache of some size can have on a trace. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define MAX_CAPACITIES	32
#define MAX_POLICIES	8

static const char usage_text[] =
"Usage: kvtier-sim --trace FILE --capacity PCT[,PCT...] [OPTION]...\n"
"\n"
"Simulate a cache of one tier on a trace of LLM requests, block by block, one\n"
"request after the other, and print the hit ratio: blocks found in the longest\n"
"present prefix, of all blocks asked for.\n"
"\n"
"  --trace FILE          JSON lines, plain or gzip; - is standard input\n"
"  --capacity PCT,...    sizes in per cent of the trace's distinct blocks\n"
"  --capacity-blocks N,...\n"
"                        sizes in blocks\n"
"  --policy NAME,...     lru (leaf first), plain (LRU without leaf first),\n"
"                        belady (the best possible); default: all\n"
"  --fraction F          the first part of the trace only, 0 < F <= 1\n"
"  --limit N             at most N requests\n"
"  --json FILE           write the results to FILE too; - is standard output,\n"
"                        with no table\n"
"  --help, --version\n"
"\n"
"Exit status: 0; 2 bad usage or trace; 3 out of memory, or FILE not written.\n";

/**
 * struct capacity - a size of the cache
 * @percent: of the footprint, or
 * @blocks: if @percent is zero
 */
struct capacity {
	double percent;
	uint32_t blocks;
};

/** struct args - what the command line asked for */
struct args {
	const char *trace;
	const char *json;
	double fraction;
	size_t limit;
	unsigned int nr_capacities;
	struct capacity capacity[MAX_CAPACITIES];
	unsigned int nr_policies;
	const struct sim_policy *policy[MAX_POLICIES];
};

enum {
	OPT_TRACE = 256,
	OPT_CAPACITY,
	OPT_BLOCKS,
	OPT_POLICY,
	OPT_FRACTION,
	OPT_LIMIT,
	OPT_JSON,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{ "trace",	     required_argument, NULL, OPT_TRACE },
	{ "capacity",	     required_argument, NULL, OPT_CAPACITY },
	{ "capacity-blocks", required_argument, NULL, OPT_BLOCKS },
	{ "policy",	     required_argument, NULL, OPT_POLICY },
	{ "fraction",	     required_argument, NULL, OPT_FRACTION },
	{ "limit",	     required_argument, NULL, OPT_LIMIT },
	{ "json",	     required_argument, NULL, OPT_JSON },
	{ "help",	     no_argument,	NULL, OPT_HELP },
	{ "version",	     no_argument,	NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 }
};

/* --- the command line --------------------------------------------------- */

static int bad(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "kvtier-sim: %s: '%s' is not %s (see --help)\n",
		option, value, wanted);
	return -1;
}

static int parse_double(const char *s, double max, double *out)
{
	char *end;

	errno = 0;
	*out = strtod(s, &end);
	return errno || end == s || *end || !isfinite(*out) || *out <= 0 ||
	       *out > max ? -1 : 0;
}

static int parse_number(const char *s, uint64_t max, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(s, &end, 10);
	return errno || *s < '0' || *s > '9' || *end || *out > max ? -1 : 0;
}

static int add_capacity(struct args *a, const char *s)
{
	if (a->nr_capacities == MAX_CAPACITIES ||
	    parse_double(s, 100, &a->capacity[a->nr_capacities].percent))
		return -1;
	a->nr_capacities++;
	return 0;
}

static int add_blocks(struct args *a, const char *s)
{
	uint64_t n;

	if (a->nr_capacities == MAX_CAPACITIES ||
	    parse_number(s, UINT32_MAX, &n) || !n)
		return -1;
	a->capacity[a->nr_capacities++].blocks = n;
	return 0;
}

static int add_policy(struct args *a, const char *s)
{
	const struct sim_policy *policy = sim_policy_find(s);

	if (!policy || a->nr_policies == MAX_POLICIES)
		return -1;
	a->policy[a->nr_policies++] = policy;
	return 0;
}

static int for_list(struct args *a, char *list, const char *option,
		    int (*add)(struct args *a, const char *s),
		    const char *wanted)
{
	char *save, *item;

	for (item = strtok_r(list, ",", &save); item;
	     item = strtok_r(NULL, ",", &save))
		if (add(a, item))
			return bad(option, item, wanted);
	return 0;
}

static int set(struct args *a, int opt, char *s)
{
	uint64_t n;

	switch (opt) {
	case OPT_TRACE:
		a->trace = s;
		return 0;
	case OPT_JSON:
		a->json = s;
		return 0;
	case OPT_CAPACITY:
		return for_list(a, s, "--capacity", add_capacity,
				"a percentage above 0, at most 100");
	case OPT_BLOCKS:
		return for_list(a, s, "--capacity-blocks", add_blocks,
				"a number of blocks");
	case OPT_POLICY:
		return for_list(a, s, "--policy", add_policy,
				"lru, plain or belady");
	case OPT_FRACTION:
		return parse_double(s, 1, &a->fraction) ?
			bad("--fraction", s, "a number above 0, at most 1") : 0;
	case OPT_LIMIT:
		if (parse_number(s, SIZE_MAX, &n))
			return bad("--limit", s, "a number of requests");
		a->limit = n;
		return 0;
	case OPT_HELP:
		fputs(usage_text, stdout);
		exit(0);
	case OPT_VERSION:
		puts("kvtier-sim " VERSION);
		exit(0);
	default:
		return -1;
	}
}

static int parse_args(struct args *a, int argc, char **argv)
{
	const struct sim_policy *const *p;
	int opt;

	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (opt == '?' || set(a, opt, optarg))
			return -1;
	if (optind < argc) {
		fprintf(stderr, "kvtier-sim: unexpected '%s' (see --help)\n",
			argv[optind]);
		return -1;
	}
	if (!a->trace || !a->nr_capacities) {
		fprintf(stderr, "kvtier-sim: no %s given (see --help)\n",
			a->trace ? "--capacity" : "--trace");
		return -1;
	}
	if (!a->nr_policies)
		for (p = sim_policies; *p; p++)
			a->policy[a->nr_policies++] = *p;
	return 0;
}

/* --- results -------------------------------------------------------------- */

static uint32_t blocks_of(const struct capacity *c, const struct sim_input *in)
{
	double n = c->percent / 100 * in->blocks.nr;

	if (c->blocks)
		return c->blocks;
	return n < 1 ? 1 : (uint32_t)n;
}

static double best_ratio(const struct sim_input *in)
{
	size_t refs = in->trace.nr_ids;

	return refs ? (double)(refs - in->blocks.nr) / refs : 0;
}

static void print_head(const struct args *a, const struct sim_input *in)
{
	unsigned int p;

	printf("%zu requests, %zu blocks, %u distinct; a cache without limit: %.2f %%\n\n",
	       in->trace.nr_requests, in->trace.nr_ids, in->blocks.nr,
	       100 * best_ratio(in));
	printf("%21s", "capacity");
	for (p = 0; p < a->nr_policies; p++)
		printf("  %16s", a->policy[p]->title);
	putchar('\n');
}

static void print_row(const struct args *a, const struct sim_input *in,
		      uint32_t blocks, const struct sim_result *row)
{
	unsigned int p;

	printf("%10u = %6.2f %%", blocks,
	       in->blocks.nr ? 100.0 * blocks / in->blocks.nr : 0);
	for (p = 0; p < a->nr_policies; p++)
		printf("  %14.2f %%", 100 * sim_hit_ratio(&row[p]));
	putchar('\n');
}

static void put_ratio(struct json_object *to, const char *name, double ratio)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6f", ratio);
	json_object_object_add(to, name, json_object_new_double_s(ratio, text));
}

static struct json_object *result_object(const struct sim_policy *policy,
					 uint32_t capacity,
					 const struct sim_result *r)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "policy",
			       json_object_new_string(policy->name));
	json_object_object_add(o, "capacity_blocks",
			       json_object_new_uint64(capacity));
	put_ratio(o, "hit_ratio", sim_hit_ratio(r));
	json_object_object_add(o, "hits", json_object_new_uint64(r->hits));
	json_object_object_add(o, "evictions",
			       json_object_new_uint64(r->evictions));
	json_object_object_add(o, "not_stored",
			       json_object_new_uint64(r->refused));
	return o;
}

static int run_row(const struct args *a, const struct sim_input *in,
		   uint32_t capacity, struct json_object *results)
{
	struct sim_result row[MAX_POLICIES];
	unsigned int p;

	for (p = 0; p < a->nr_policies; p++) {
		if (sim_run(in, a->policy[p], capacity, &row[p])) {
			fprintf(stderr, "kvtier-sim: out of memory\n");
			return -1;
		}
		json_object_array_add(results, result_object(a->policy[p],
							     capacity,
							     &row[p]));
	}
	if (!a->json || strcmp(a->json, "-"))
		print_row(a, in, capacity, row);
	return 0;
}

static struct json_object *report_head(const struct args *a,
				       const struct sim_input *in)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "program",
			       json_object_new_string("kvtier-sim"));
	json_object_object_add(o, "version", json_object_new_string(VERSION));
	json_object_object_add(o, "trace", json_object_new_string(a->trace));
	json_object_object_add(o, "requests",
			       json_object_new_uint64(in->trace.nr_requests));
	json_object_object_add(o, "blocks",
			       json_object_new_uint64(in->trace.nr_ids));
	json_object_object_add(o, "distinct_blocks",
			       json_object_new_uint64(in->blocks.nr));
	put_ratio(o, "best_hit_ratio", best_ratio(in));
	return o;
}

static int write_json(struct json_object *o, const char *path)
{
	int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
		    JSON_C_TO_STRING_NOSLASHESCAPE;

	if (!strcmp(path, "-")) {
		puts(json_object_to_json_string_ext(o, flags));
		return fflush(stdout);
	}
	if (!json_object_to_file_ext(path, o, flags))
		return 0;
	fprintf(stderr, "kvtier-sim: cannot write %s: %s\n", path,
		strerror(errno));
	return -1;
}

static int run_all(const struct args *a, const struct sim_input *in)
{
	struct json_object *report = report_head(a, in);
	struct json_object *results = json_object_new_array();
	unsigned int i;
	int ret = 0;

	json_object_object_add(report, "results", results);
	if (!a->json || strcmp(a->json, "-"))
		print_head(a, in);
	for (i = 0; i < a->nr_capacities && !ret; i++)
		ret = run_row(a, in, blocks_of(&a->capacity[i], in), results);
	if (!ret && a->json)
		ret = write_json(report, a->json);
	json_object_put(report);
	return ret;
}

int main(int argc, char **argv)
{
	struct args args = { .fraction = 1 };
	struct sim_input in = { 0 };
	struct trace_error error;
	int ret = 3;

	if (parse_args(&args, argc, argv))
		return 2;
	if (trace_load(&in.trace, args.trace, &error)) {
		fprintf(stderr, "kvtier-sim: %s\n", error.text);
		return 2;
	}
	trace_cut(&in.trace, args.fraction, 0, args.limit);
	if (sim_prepare(&in))
		fprintf(stderr, "kvtier-sim: out of memory\n");
	else if (!run_all(&args, &in))
		ret = 0;
	sim_free(&in);
	trace_free(&in.trace);
	return ret;
}
