// SPDX-License-Identifier: GPL-2.0
/* What all reports of the simulator have in common. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "output.h"

bool output_is_table(const struct args *a)
{
	return !a->json || strcmp(a->json, "-");
}

void put_count(struct json_object *to, const char *name, uint64_t n)
{
	json_object_object_add(to, name, json_object_new_uint64(n));
}

void put_string(struct json_object *to, const char *name, const char *s)
{
	json_object_object_add(to, name, json_object_new_string(s));
}

void put_ratio(struct json_object *to, const char *name, double ratio)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6f", ratio);
	json_object_object_add(to, name, json_object_new_double_s(ratio, text));
}

static double best_ratio(const struct sim_input *in)
{
	size_t refs = in->trace.nr_ids;

	return refs ? (double)(refs - in->blocks.nr) / refs : 0;
}

uint32_t capacity_blocks(const struct capacity *c, const struct sim_input *in,
			 uint32_t block_size)
{
	double n = c->percent / 100 * in->blocks.nr;

	if (c->percent > 0)
		return n < 1 ? 1 : (uint32_t)n;
	return c->bytes ? c->bytes / block_size : c->blocks;
}

struct json_object *output_begin(const struct args *a,
				 const struct sim_input *in)
{
	struct json_object *o = json_object_new_object();

	if (output_is_table(a))
		printf("%zu requests, %zu blocks, %u distinct; a cache without limit: %.2f %%\n",
		       in->trace.nr_requests, in->trace.nr_ids, in->blocks.nr,
		       100 * best_ratio(in));
	put_string(o, "program", "kvtier-sim");
	put_string(o, "version", VERSION);
	put_string(o, "trace", a->trace);
	put_count(o, "requests", in->trace.nr_requests);
	put_count(o, "blocks", in->trace.nr_ids);
	put_count(o, "distinct_blocks", in->blocks.nr);
	put_ratio(o, "best_hit_ratio", best_ratio(in));
	return o;
}

int output_end(const struct args *a, struct json_object *report)
{
	int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
		    JSON_C_TO_STRING_NOSLASHESCAPE;

	if (!a->json)
		return 0;
	if (!output_is_table(a)) {
		puts(json_object_to_json_string_ext(report, flags));
		return fflush(stdout);
	}
	if (!json_object_to_file_ext(a->json, report, flags))
		return 0;
	fprintf(stderr, "kvtier-sim: cannot write %s: %s\n", a->json,
		strerror(errno));
	return -1;
}
