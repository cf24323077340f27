/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Retention classes of a space: how long its blocks stay if they are not used,
 * which go first, and how far down they may go.
 */
#ifndef _KVT_RETAIN_H
#define _KVT_RETAIN_H

#include <linux/minmax.h>
#include <linux/workqueue.h>

#include "kvt.h"

/**
 * struct kvt_class - knobs of one class (READ_ONCE)
 * @ttl_s: seconds without use after which a block has expired; 0: never
 * @priority: 0..KVT_PRIORITY_MAX: lower ones are evicted first
 * @floor: enum kvt_tier_kind: the slowest tier its blocks may go to
 */
struct kvt_class {
	u32 ttl_s;
	u32 priority;
	u32 floor;
};

#define KVT_NEVER U64_MAX

/**
 * struct kvt_retain - the classes of a space
 * @classes: by number
 * @min_ttl: the shortest time to live, ns; KVT_NEVER: no class has one
 *	(READ_ONCE)
 * @sweep: drops what has expired, while a class has a time to live
 * @restart: knobs have changed: it is to begin again
 * @next_slot: where it goes on; its own
 */
struct kvt_retain {
	struct kvt_class classes[KVT_MAX_CLASS + 1];
	u64 min_ttl;
	struct delayed_work sweep;
	bool restart;
	unsigned long next_slot;
};

/* What was used since then has not expired, whatever its class. */
static inline u64 kvt_retain_oldest(const struct kvt_retain *r, u64 now)
{
	return now - min(READ_ONCE(r->min_ttl), now);
}

void kvt_retain_init(struct kvt_space *space);
void kvt_retain_exit(struct kvt_space *space);
void kvt_retain_set_ttl(struct kvt_space *space, unsigned int class_id,
			u32 ttl_s);
bool kvt_retain_is_over(struct kvt_space *space, unsigned int class_id,
			u64 last_use, u64 now);
bool kvt_retain_has_expired(struct kvt_space *space, const struct kvt_block *b,
			    u64 now);
u32 kvt_retain_priority(struct kvt_space *space, const struct kvt_block *b);
enum kvt_tier_kind kvt_retain_floor(struct kvt_space *space,
				    unsigned int class_id);
bool kvt_retain_allows(struct kvt_space *space, const struct kvt_block *b,
		       enum kvt_tier_kind kind);

#endif /* _KVT_RETAIN_H */
