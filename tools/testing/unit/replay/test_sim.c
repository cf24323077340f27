// SPDX-License-Identifier: GPL-2.0
/*
 * The simulator: against a cache so simple that it is plainly right, and
 * against every possible choice where Belady claims to be the best.
 */
#include <stdint.h>
#include <string.h>

#include "random_trace.h"
#include "sim.h"

#define MAX_BLOCKS	4096

/* --- LRU by linear search ---------------------------------------------------- */

static uint64_t age[MAX_BLOCKS];	/* 0: not resident */

static int has_child(const struct sim_input *in, uint32_t b)
{
	uint32_t i;

	for (i = 0; i < in->blocks.nr; i++)
		if (age[i] && in->blocks.parent[i] == b)
			return 1;
	return 0;
}

static int in_chain(const uint32_t *chain, uint32_t nr, uint32_t b)
{
	while (nr--)
		if (chain[nr] == b)
			return 1;
	return 0;
}

static int make_room(const struct sim_input *in, const uint32_t *chain,
		     uint32_t nr)
{
	uint32_t i, victim = BLOCK_NONE;

	for (i = 0; i < in->blocks.nr; i++)
		if (age[i] && !in_chain(chain, nr, i) && !has_child(in, i) &&
		    (victim == BLOCK_NONE || age[i] < age[victim]))
			victim = i;
	if (victim == BLOCK_NONE)
		return 0;
	age[victim] = 0;
	return 1;
}

static uint64_t slow_lru(const struct sim_input *in, uint32_t capacity)
{
	uint64_t clock = 0, hits = 0;
	uint32_t used = 0, i;
	size_t r;

	memset(age, 0, sizeof(age));
	for (r = 0; r < in->trace.nr_requests; r++) {
		const struct trace_request *q = &in->trace.requests[r];
		const uint32_t *chain = in->blocks.of_ref + q->first;

		for (i = 0; i < q->nr && age[chain[i]]; i++)
			hits++;
		for (; i < q->nr; i++) {
			if (used < capacity)
				used++;
			else if (!make_room(in, chain, q->nr))
				break;
			age[chain[i]] = UINT64_MAX;
		}
		while (i--)
			age[chain[i]] = ++clock;
	}
	return hits;
}

static void prepare(struct sim_input *in, unsigned int seed,
		    unsigned int requests, unsigned int branch)
{
	memset(in, 0, sizeof(*in));
	random_trace(&in->trace, seed, requests, branch);
	must(!sim_prepare(in));
	must(in->blocks.nr < MAX_BLOCKS);
}

static void finish(struct sim_input *in)
{
	sim_free(in);
	trace_free(&in->trace);
}

static void test_lru(void)
{
	unsigned int seed, differ = 0, runs = 0;
	struct sim_result result;
	struct sim_input in;
	uint32_t capacity;

	for (seed = 0; seed < 40; seed++) {
		prepare(&in, seed, 150, 2 + seed % 3);
		for (capacity = 1; capacity < 60; capacity += 7, runs++) {
			must(!sim_run(&in, &sim_policy_lru, capacity, &result));
			differ += result.hits != slow_lru(&in, capacity);
		}
		finish(&in);
	}
	is(differ, 0, "leaf-first LRU is as linear search has it, %u times",
	   runs);
}

/* --- Belady by trying everything ------------------------------------------------ */

/* The best hits from request @r on, from resident set @set. */
static unsigned int best_from(const struct sim_input *in, size_t r,
			      unsigned int set, unsigned int capacity);

/* Keep any prefix-closed part of what is there and what came. */
static unsigned int best_choice(const struct sim_input *in, size_t r,
				unsigned int from, unsigned int capacity)
{
	unsigned int best = 0, sub = from;

	for (;;) {
		unsigned int got = 0;

		if ((unsigned int)__builtin_popcount(sub) <= capacity)
			got = best_from(in, r + 1, sub, capacity);
		if (got > best)
			best = got;
		if (!sub)
			return best;
		sub = (sub - 1) & from;
	}
}

static unsigned int best_from(const struct sim_input *in, size_t r,
			      unsigned int set, unsigned int capacity)
{
	const struct trace_request *q = &in->trace.requests[r];
	unsigned int hits = 0, came = 0, i;
	const uint32_t *chain;

	if (r >= in->trace.nr_requests)
		return 0;
	chain = in->blocks.of_ref + q->first;
	while (hits < q->nr && set & 1u << chain[hits])
		hits++;
	for (i = 0; i < q->nr; i++)
		came |= 1u << chain[i];
	return hits + best_choice(in, r, set | came, capacity);
}

static void load_small(struct sim_input *in, unsigned int seed)
{
	struct trace_error error;
	unsigned int x = seed, r;
	char line[128];

	memset(in, 0, sizeof(*in));
	for (r = 0; r < 5; r++) {
		unsigned int a = next_random(&x, 3), b = next_random(&x, 2);
		int len = sprintf(line, "{\"timestamp\":0,\"hash_ids\":[%u%s]}", a,
				  b ? ",9" : "");

		must(!trace_add(&in->trace, line, len, &error));
	}
	must(!sim_prepare(in));
}

static void test_belady(void)
{
	unsigned int seed, capacity, differ = 0, runs = 0;
	struct sim_result result;
	struct sim_input in;

	for (seed = 0; seed < 60; seed++) {
		load_small(&in, seed);
		for (capacity = 1; capacity <= 3; capacity++, runs++) {
			must(!sim_run(&in, &sim_policy_belady, capacity, &result));
			differ += result.hits != best_from(&in, 0, 0, capacity);
		}
		finish(&in);
	}
	is(differ, 0, "Belady is the best of all choices, %u times", runs);
}

static void test_order(void)
{
	struct sim_result lru, belady;
	unsigned int seed, worse = 0;
	struct sim_input in;
	uint32_t nr;

	for (seed = 100; seed < 120; seed++) {
		prepare(&in, seed, 300, 3);
		nr = in.blocks.nr;
		must(!sim_run(&in, &sim_policy_lru, nr / 5, &lru));
		must(!sim_run(&in, &sim_policy_belady, nr / 5, &belady));
		worse += belady.hits < lru.hits;
		must(!sim_run(&in, &sim_policy_lru, nr, &lru));
		worse += lru.hits != in.trace.nr_ids - nr || lru.evictions;
		finish(&in);
	}
	is(worse, 0, "Belady is never worse, and room for all is enough");
}

int main(void)
{
	test_lru();
	test_belady();
	test_order();
	return done();
}
