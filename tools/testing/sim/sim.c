// SPDX-License-Identifier: GPL-2.0
/*
 * The cache that is simulated: which blocks are resident, and which of them
 * may go. Candidates are in a heap by rank; blocks of the running request are
 * taken out of it, and come back when they have been used.
 */
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "sim.h"

/**
 * struct cache - state of one simulation
 * @in: what is replayed
 * @policy: who goes next
 * @capacity: blocks it has room for
 * @used: blocks resident
 * @clock: last value of &sim_block.last_use
 * @block: all blocks of the trace
 * @resident: which of them are resident
 * @candidates: resident blocks that may go
 * @view: what the policy may know of the cache
 * @result: what happened
 */
struct cache {
	const struct sim_input *in;
	const struct sim_policy *policy;
	uint32_t capacity;
	uint32_t used;
	uint64_t clock;
	struct sim_block *block;
	unsigned char *resident;
	struct heap candidates;
	struct sim_view view;
	struct sim_result *result;
};

/* --- preparation ------------------------------------------------------- */

static void find_next(struct sim_input *in, uint32_t *seen)
{
	const struct trace *t = &in->trace;
	size_t r, i;

	memset(seen, 0xff, in->blocks.nr * sizeof(*seen));
	for (r = t->nr_requests; r--;) {
		const struct trace_request *q = &t->requests[r];

		for (i = q->first; i < q->first + q->nr; i++) {
			uint32_t block = in->blocks.of_ref[i];

			in->next[i] = seen[block];
			seen[block] = r;
		}
	}
}

int sim_prepare(struct sim_input *in)
{
	uint32_t *seen;

	if (blocks_number(&in->blocks, &in->trace))
		return -1;
	seen = calloc((size_t)in->blocks.nr + 1, sizeof(*seen));
	in->next = calloc(in->trace.nr_ids + 1, sizeof(*in->next));
	if (seen && in->next)
		find_next(in, seen);
	else
		sim_free(in);
	free(seen);
	return in->next ? 0 : -1;
}

void sim_free(struct sim_input *in)
{
	blocks_free(&in->blocks);
	free(in->next);
	in->next = NULL;
}

/* --- the cache ---------------------------------------------------------- */

static bool may_go(const struct cache *c, uint32_t b)
{
	return !c->policy->leaf_first || !c->block[b].nr_children;
}

static uint64_t rank(const struct cache *c, const struct sim_block *block)
{
	return c->policy->rank(block, &c->view);
}

static void make_candidate(struct cache *c, uint32_t b)
{
	uint32_t parent = c->in->blocks.parent[b];

	if (!c->resident[b] || !may_go(c, b))
		return;
	c->block[b].orphan = parent != BLOCK_NONE && !c->resident[parent];
	heap_insert(&c->candidates, b, rank(c, &c->block[b]));
}

/* The parent of a block of the running request is of that request too, and
 * comes back to the candidates with it: see use_chain().
 */
static void evict(struct cache *c, uint32_t b, const uint32_t *running,
		  uint32_t nr_running)
{
	uint32_t parent = c->in->blocks.parent[b];

	if (c->candidates.rank[b] > c->view.floor)
		c->view.floor = c->candidates.rank[b];
	heap_remove(&c->candidates, b);
	c->block[b].was_evicted = true;
	c->resident[b] = 0;
	c->used--;
	c->result->evictions++;
	if (parent == BLOCK_NONE)
		return;
	c->block[parent].nr_children--;
	if (!c->policy->leaf_first || c->block[parent].nr_children)
		return;
	if (c->block[parent].depth < nr_running &&
	    running[c->block[parent].depth] == parent)
		return;
	make_candidate(c, parent);
}

static bool make_room(struct cache *c, uint32_t wanted, uint32_t next_use,
		      const uint32_t *running, uint32_t nr_running)
{
	struct sim_block as_used = {
		.last_use = c->clock + 1,
		.next_use = next_use,
		.depth = c->block[wanted].depth,
	};

	if (c->used < c->capacity)
		return true;
	if (!c->candidates.nr)
		return false;
	if (c->policy->may_refuse && rank(c, &as_used) <=
	    heap_lowest_rank(&c->candidates))
		return false;
	evict(c, c->candidates.block[0], running, nr_running);
	return true;
}

static void insert(struct cache *c, uint32_t b)
{
	uint32_t parent = c->in->blocks.parent[b];

	c->resident[b] = 1;
	c->block[b].uses = 0;
	c->used++;
	if (parent != BLOCK_NONE)
		c->block[parent].nr_children++;
}

static uint32_t pin_prefix(struct cache *c, const uint32_t *chain, uint32_t nr)
{
	uint32_t i;

	for (i = 0; i < nr && c->resident[chain[i]]; i++)
		heap_remove(&c->candidates, chain[i]);
	return i;
}

/* Return: how far the chain is resident now. */
static uint32_t store(struct cache *c, size_t first, uint32_t hits, uint32_t nr)
{
	const uint32_t *chain = c->in->blocks.of_ref + first;
	uint32_t i;

	for (i = hits; i < nr; i++) {
		c->block[chain[i]].depth = i;
		heap_remove(&c->candidates, chain[i]);
		if (c->resident[chain[i]])
			continue;
		if (!make_room(c, chain[i], c->in->next[first + i], chain, i))
			break;
		insert(c, chain[i]);
	}
	c->result->refused += nr - i;
	return i;
}

static void use(struct cache *c, uint32_t b, uint32_t next_use)
{
	c->block[b].prev_use = c->block[b].last_use;
	c->block[b].last_use = ++c->clock;
	c->block[b].next_use = next_use;
	c->block[b].uses++;
	make_candidate(c, b);
}

static void use_chain(struct cache *c, size_t first, uint32_t nr)
{
	const uint32_t *chain = c->in->blocks.of_ref + first;
	const uint32_t *next = c->in->next + first;
	uint32_t i;

	for (i = 0; i < nr; i++) {
		uint32_t at = c->policy->root_first ? i : nr - 1 - i;

		use(c, chain[at], next[at]);
	}
}

static void request(struct cache *c, const struct trace_request *q)
{
	uint32_t hits = pin_prefix(c, c->in->blocks.of_ref + q->first, q->nr);
	uint32_t nr = store(c, q->first, hits, q->nr);

	use_chain(c, q->first, nr);
	c->result->blocks += q->nr;
	c->result->hits += hits;
}

int sim_run(const struct sim_input *in, const struct sim_policy *policy,
	    uint32_t capacity, struct sim_result *result)
{
	struct cache c = {
		.in = in,
		.policy = policy,
		.capacity = capacity,
		.view = { .capacity = capacity },
		.result = result,
	};
	size_t nr = (size_t)in->blocks.nr + 1, i;
	int ret = -1;

	memset(result, 0, sizeof(*result));
	c.block = calloc(nr, sizeof(*c.block));
	c.resident = calloc(nr, 1);
	if (!c.block || !c.resident || heap_init(&c.candidates, nr))
		goto out;
	for (i = 0; i < in->trace.nr_requests; i++)
		request(&c, &in->trace.requests[i]);
	heap_free(&c.candidates);
	ret = 0;
out:
	free(c.block);
	free(c.resident);
	return ret;
}
