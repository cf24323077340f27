// SPDX-License-Identifier: GPL-2.0
/* Lowest priority, leaf first, least recently used; orphans before all others. */
#include "policy.h"

static u64 lru_rank(const struct kvt_candidate *c)
{
	return c->orphan ? 0 : kvt_rank(c->priority, c->last_use);
}

const struct kvt_policy kvt_policy_lru = {
	.name = "lru",
	.rank = lru_rank,
};
