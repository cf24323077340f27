/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_TIER_H
#define _KVT_TIER_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "kvt.h"

/**
 * struct kvt_tier - a memory tier: a pool of zeroed chunks on one node
 * @dev: /sys/class/kvtier_tier/<name>; its release frees the tier
 * @list: in the list of tiers (kvt_admin)
 * @kind: enum kvt_tier_kind; constant
 * @node: NUMA node; constant
 * @users: arenas on it, and a resize under way (kvt_admin)
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
struct kvt_tier {
	struct device dev;
	struct list_head list;
	enum kvt_tier_kind kind;
	int node;
	unsigned int users;

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

#define to_kvt_tier(d) container_of(d, struct kvt_tier, dev)

int kvt_tier_init(void);
void kvt_tier_exit(void);
int kvt_tier_add(struct kvt_tier_add *arg);
int kvt_tier_remove(const char *name);
int kvt_tier_resize(const char *name, u64 *bytes);
struct kvt_tier *kvt_tier_find(const char *name);
int kvt_tier_take(struct kvt_tier *tier, u64 nr, struct list_head *to);
void kvt_tier_give(struct kvt_tier *tier, struct list_head *from);

#endif /* _KVT_TIER_H */
