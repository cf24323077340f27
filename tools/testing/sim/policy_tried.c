// SPDX-License-Identifier: GPL-2.0
/*
 * Policies that were tried against leaf-first LRU, and that the module does not
 * have: none is clearly better on all traces and sizes. All are leaf first.
 *
 * Most give a block some life beyond that of one that is used once, which is as
 * many uses of blocks as the cache has room for. Their weights are what did best
 * on the first half of the conversation trace, of 1/2, 1, 2 and 4, in the sum of
 * hit ratios at 2, 5, 10 and 25 %.
 */
#include <math.h>

#include "policy.h"

#define WEIGHT_OFTEN		2
#define WEIGHT_DEPTH		2
#define WEIGHT_GAP		1
#define WEIGHT_GAP_GHOST	2
#define WEIGHT_GHOST		4

#define MAX_USES		64	/* more are alike */
#define GHOST_LIVES		16	/* what was evicted is remembered so long */
#define MAX_DEPTH		16384	/* blocks of a chain */

static uint64_t live_longer(const struct sim_block *block,
			    const struct sim_view *view, double lives)
{
	return block->last_use + (uint64_t)(lives * view->capacity);
}

/* The use before the last, be it never. */
static uint64_t rank_lru2(const struct sim_block *block,
			  const struct sim_view *view)
{
	(void)view;
	return block->uses > 1 ? (1ULL << 60) + block->prev_use :
				 block->last_use;
}

/* Least frequently used; what comes is ranked from the last victim on. */
static uint64_t rank_lfuda(const struct sim_block *block,
			   const struct sim_view *view)
{
	uint64_t age = view->floor >> 40;
	uint32_t uses = block->uses < MAX_USES ? block->uses : MAX_USES;

	return (age + uses) << 40 | (block->last_use & ((1ULL << 40) - 1));
}

static uint64_t rank_often(const struct sim_block *block,
			   const struct sim_view *view)
{
	uint32_t uses = block->uses < MAX_USES ? block->uses : MAX_USES;

	return live_longer(block, view, WEIGHT_OFTEN * log2(uses ? uses : 1));
}

/* The nearer to the root, the likelier it is shared. */
static uint64_t rank_depth(const struct sim_block *block,
			   const struct sim_view *view)
{
	double depth = log2(MAX_DEPTH) - log2(block->depth + 1);

	return live_longer(block, view, WEIGHT_DEPTH * depth / 8);
}

/* Used twice, and the sooner the second time came the better. */
static double soon(const struct sim_block *block, const struct sim_view *view)
{
	uint64_t gap = block->last_use - block->prev_use;

	return block->prev_use ? 1 / (1 + (double)gap / view->capacity) : 0;
}

static uint64_t rank_gap(const struct sim_block *block,
			 const struct sim_view *view)
{
	if (block->uses < 2)
		return block->last_use;
	return live_longer(block, view, WEIGHT_GAP * soon(block, view));
}

static uint64_t rank_gap_ghost(const struct sim_block *block,
			       const struct sim_view *view)
{
	return live_longer(block, view, WEIGHT_GAP_GHOST * soon(block, view));
}

/* As 2Q and S3-FIFO have it: what was used again, or came back, is not new. */
static uint64_t rank_ghost(const struct sim_block *block,
			   const struct sim_view *view)
{
	uint64_t gap = block->last_use - block->prev_use;
	bool is_ghost = block->was_evicted &&
			gap < (uint64_t)GHOST_LIVES * view->capacity;

	return live_longer(block, view,
			   block->uses > 1 || is_ghost ? WEIGHT_GHOST : 0);
}

const struct sim_policy sim_policy_lru2 = {
	.name = "lru2",
	.what = "the use before the last one counts",
	.title = "LRU-2",
	.leaf_first = true,
	.rank = rank_lru2,
};

const struct sim_policy sim_policy_lfuda = {
	.name = "lfuda",
	.what = "least frequently used, with dynamic aging",
	.title = "LFU-DA",
	.leaf_first = true,
	.rank = rank_lfuda,
};

const struct sim_policy sim_policy_often = {
	.name = "often",
	.what = "LRU; the more often used, the longer",
	.title = "often",
	.leaf_first = true,
	.rank = rank_often,
};

const struct sim_policy sim_policy_depth = {
	.name = "depth",
	.what = "LRU; the nearer to the root, the longer",
	.title = "depth",
	.leaf_first = true,
	.rank = rank_depth,
};

const struct sim_policy sim_policy_gap = {
	.name = "gap",
	.what = "LRU; the sooner used again, the longer",
	.title = "gap",
	.leaf_first = true,
	.rank = rank_gap,
};

const struct sim_policy sim_policy_gap_ghost = {
	.name = "gap-ghost",
	.what = "the same, remembering what was evicted",
	.title = "gap, ghosts",
	.leaf_first = true,
	.rank = rank_gap_ghost,
};

const struct sim_policy sim_policy_ghost = {
	.name = "ghost",
	.what = "LRU; used again or come back after eviction, longer (2Q, S3-FIFO)",
	.title = "ghosts",
	.leaf_first = true,
	.rank = rank_ghost,
};
