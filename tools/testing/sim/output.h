/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SIM_OUTPUT_H
#define SIM_OUTPUT_H

#include <json-c/json.h>

#include "args.h"
#include "sim.h"

/** output_is_table - are there to be tables, or only JSON on standard output? */
bool output_is_table(const struct args *a);

void put_count(struct json_object *to, const char *name, uint64_t n);
void put_string(struct json_object *to, const char *name, const char *s);

/** put_ratio - a number that people read: six places */
void put_ratio(struct json_object *to, const char *name, double ratio);

/** output_begin - say what the trace is. Return: the report for programs. */
struct json_object *output_begin(const struct args *a,
				 const struct sim_input *in);

/** output_end - write the report if it is wanted. Return: 0, or -1 after a message. */
int output_end(const struct args *a, struct json_object *report);

/** capacity_blocks - a size in blocks of @block_size, of a trace */
uint32_t capacity_blocks(const struct capacity *c, const struct sim_input *in,
			 uint32_t block_size);

/*
 * Caches of one tier, all sizes by all policies; hosts with several tiers, each in
 * all ways asked for. Return 0, or -1 after a message.
 */
int output_policies(const struct args *a, const struct sim_input *in,
		    struct json_object *report);
int output_hosts(const struct args *a, const struct sim_input *in,
		 struct json_object *report);

#endif /* SIM_OUTPUT_H */
