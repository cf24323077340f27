// SPDX-License-Identifier: GPL-2.0
/*
 * Leaf-first LRU, ranked by the very code that the module runs, and plain LRU,
 * which forgets that the blocks of a chain need those before them.
 */
#include "../../../kmod/policy.h"
#include "policy.h"

static uint64_t rank_by_module(const struct sim_block *block,
			       const struct sim_view *view)
{
	const struct kvt_candidate c = {
		.last_use = block->last_use,
		.priority = KVT_PRIORITY_DEFAULT,
		.orphan = block->orphan,
	};

	(void)view;
	return kvt_policy_lru.rank(&c);
}

static uint64_t rank_by_age(const struct sim_block *block,
			    const struct sim_view *view)
{
	(void)view;
	return block->last_use;
}

const struct sim_policy sim_policy_lru = {
	.name = "lru",
	.what = "least recently used leaf, as the module has it",
	.by_default = true,
	.title = "leaf-first LRU",
	.leaf_first = true,
	.rank = rank_by_module,
};

const struct sim_policy sim_policy_plain = {
	.name = "plain",
	.what = "least recently used block, be it a leaf or not",
	.by_default = true,
	.title = "plain LRU",
	.root_first = true,
	.rank = rank_by_age,
};
