// SPDX-License-Identifier: GPL-2.0
/*
 * Belady's optimum: what is needed farthest in the future goes first, and is
 * not even stored if that is the new block. A parent is needed no later than
 * its child, so leaf first costs it nothing: no policy can do better.
 */
#include "policy.h"

static uint64_t rank_by_need(const struct sim_block *block,
			     const struct sim_view *view)
{
	(void)view;
	return UINT32_MAX - block->next_use;
}

const struct sim_policy sim_policy_belady = {
	.name = "belady",
	.what = "needed farthest in the future: the best possible",
	.by_default = true,
	.title = "Belady",
	.leaf_first = true,
	.may_refuse = true,
	.rank = rank_by_need,
};
