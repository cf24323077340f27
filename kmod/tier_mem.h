/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_TIER_MEM_H
#define _KVT_TIER_MEM_H

#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "tier.h"

/**
 * struct kvt_mem_tier - a memory tier: a pool of zeroed chunks on one node
 * @tier: what all tiers are
 * @lock: guards the fields below it
 * @free: zeroed chunks
 * @limbo: chunks taken from an arena, still mapped or pinned by somebody
 * @retired: chunks with failed memory
 * @nr_free: length of @free
 * @nr_limbo: length of @limbo, and those being zeroed
 * @nr_retired: length of @retired
 * @nr_used: chunks that arenas have
 * @nr_huge: chunks, wherever they are, that are one huge page
 * @reclaim: moves chunks from @limbo to @free
 */
struct kvt_mem_tier {
	struct kvt_tier tier;

	spinlock_t lock;	/* what follows */
	struct list_head free;
	struct list_head limbo;
	struct list_head retired;
	u64 nr_free;
	u64 nr_limbo;
	u64 nr_retired;
	u64 nr_used;
	u64 nr_huge;
	struct delayed_work reclaim;
};

static inline struct kvt_mem_tier *to_kvt_mem_tier(struct kvt_tier *tier)
{
	return container_of(tier, struct kvt_mem_tier, tier);
}

int kvt_mem_tier_add(const struct kvt_tier_add *arg);

#endif /* _KVT_TIER_MEM_H */
