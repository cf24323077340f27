// SPDX-License-Identifier: GPL-2.0
/* The table of one-tier caches: a row for each size, a column for each policy. */
#include <stdio.h>

#include "output.h"

static void print_head(const struct args *a)
{
	unsigned int p;

	printf("\n%21s", "capacity");
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

static struct json_object *result_object(const struct sim_policy *policy,
					 uint32_t capacity,
					 const struct sim_result *r)
{
	struct json_object *o = json_object_new_object();

	put_string(o, "policy", policy->name);
	put_count(o, "capacity_blocks", capacity);
	put_ratio(o, "hit_ratio", sim_hit_ratio(r));
	put_count(o, "hits", r->hits);
	put_count(o, "evictions", r->evictions);
	put_count(o, "not_stored", r->refused);
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
	if (output_is_table(a))
		print_row(a, in, capacity, row);
	return 0;
}

int output_policies(const struct args *a, const struct sim_input *in,
		    struct json_object *report)
{
	struct json_object *results = json_object_new_array();
	unsigned int i;
	int ret = 0;

	json_object_object_add(report, "results", results);
	if (a->nr_capacities && output_is_table(a))
		print_head(a);
	for (i = 0; i < a->nr_capacities && !ret; i++)
		ret = run_row(a, in, capacity_blocks(&a->capacity[i], in,
						     a->block_size), results);
	return ret;
}
