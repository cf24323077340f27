/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "../replay/blocks.h"
#include "../replay/trace.h"
#include "policy.h"

/**
 * struct sim_input - a trace made ready for simulation
 * @trace: the requests
 * @blocks: their blocks, numbered
 * @next: for each reference, the next request with that block, or UINT32_MAX
 */
struct sim_input {
	struct trace trace;
	struct blocks blocks;
	uint32_t *next;
};

/**
 * struct sim_result - what happened; blocks
 * @blocks: asked for
 * @hits: of those, in the longest present prefix
 * @evictions: dropped to make room
 * @refused: not stored: no room, or the policy did not want to
 */
struct sim_result {
	uint64_t blocks;
	uint64_t hits;
	uint64_t evictions;
	uint64_t refused;
};

/**
 * sim_prepare - number the blocks of a trace and look into the future
 * @in: with @in->trace loaded
 *
 * Return: 0, or -1 when out of memory.
 */
int sim_prepare(struct sim_input *in);
void sim_free(struct sim_input *in);

/**
 * sim_run - one cache of one size, one request after the other
 * @in: from sim_prepare()
 * @policy: who goes next
 * @capacity: blocks it has room for
 * @result: receives what happened
 *
 * Blocks of the running request are never evicted. What finds no room ends
 * the storing of that request.
 *
 * Return: 0, or -1 when out of memory.
 */
int sim_run(const struct sim_input *in, const struct sim_policy *policy,
	    uint32_t capacity, struct sim_result *result);

static inline double sim_hit_ratio(const struct sim_result *r)
{
	return r->blocks ? (double)r->hits / r->blocks : 0;
}

#endif /* SIM_SIM_H */
