/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_TIER_H
#define _KVT_TIER_H

#include <linux/device.h>
#include <linux/list.h>
#include "kvt.h"

/**
 * struct kvt_tier_ops - what differs between kinds of tiers
 * @type: attributes, and the release that frees the tier
 * @resize: as kvt_tier_resize(), with the tier's @users raised; NULL: cannot be
 * @remove: prepares the end: -EBUSY, and it goes on. kvt_admin held
 * @destroy: gives all back and puts the device. Nobody can find the tier any
 *	more, if anybody ever could; kvt_admin may be held
 */
struct kvt_tier_ops {
	const struct device_type *type;
	int (*resize)(struct kvt_tier *tier, u64 *bytes);
	int (*remove)(struct kvt_tier *tier);
	void (*destroy)(struct kvt_tier *tier);
};

/**
 * struct kvt_tier - what all tiers are
 * @dev: /sys/class/kvtier_tier/<name>
 * @list: in the list of tiers (kvt_admin)
 * @ops: constant
 * @kind: enum kvt_tier_kind; constant
 * @node: NUMA node of its memory, or NUMA_NO_NODE; constant
 * @users: arenas on it, and a resize under way (kvt_admin)
 */
struct kvt_tier {
	struct device dev;
	struct list_head list;
	const struct kvt_tier_ops *ops;
	enum kvt_tier_kind kind;
	int node;
	unsigned int users;
};

#define to_kvt_tier(d) container_of(d, struct kvt_tier, dev)

static inline bool kvt_tier_is_memory(const struct kvt_tier *tier)
{
	return tier->kind < KVT_MEM_KINDS;
}

int kvt_tier_init(void);
void kvt_tier_exit(void);
int kvt_tier_setup(struct kvt_tier *tier, const struct kvt_tier_ops *ops,
		   const __u8 *name);
int kvt_tier_check_name(const __u8 *name);
int kvt_tier_publish(struct kvt_tier *tier);
int kvt_tier_remove(const char *name);
int kvt_tier_resize(const char *name, u64 *bytes);
struct kvt_tier *kvt_tier_find(const char *name);
struct kvt_tier *kvt_tier_next(struct kvt_tier *tier);
void kvt_tier_del(struct kvt_tier *tier);

/* tier_mem.c: of memory tiers only. */
int kvt_tier_take(struct kvt_tier *tier, u64 nr, struct list_head *to);
void kvt_tier_give(struct kvt_tier *tier, struct list_head *from);

#endif /* _KVT_TIER_H */
