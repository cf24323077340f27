// SPDX-License-Identifier: GPL-2.0
/* The background work of a space: watermarks, prefetch, timeouts, quarantine. */
#include <linux/ktime.h>

#include "balance.h"
#include "evict.h"
#include "fill.h"
#include "move.h"
#include "place.h"
#include "space.h"

#define REAP_INTERVAL (HZ / 4)

static void balance_arena(struct kvt_arena *a)
{
	const struct kvt_knobs *k = &a->space->knobs;

	if (READ_ONCE(a->nr_free) >= kvt_watermark(a, READ_ONCE(k->low_watermark)))
		return;
	while (!kvt_arena_is_shrinking(a) && READ_ONCE(a->nr_free) <
	       kvt_watermark(a, READ_ONCE(k->high_watermark)))
		if (kvt_evict_one(a))
			return;
}

/* Freeze the block at @slot if it is on cxl. */
static struct kvt_block *freeze_cxl(struct kvt_space *space, unsigned long slot)
{
	struct kvt_block *b;

	rcu_read_lock();
	b = xa_load(&space->slots, slot);
	if (b && (!kvt_block_is_sealed(b) ||
		  kvt_block_arena(space, b)->kind != KVT_TIER_CXL ||
		  !kvt_block_freeze(b)))
		b = NULL;
	rcu_read_unlock();
	return b;
}

/* Bring up what PREFETCH asked for. */
static void bring_up_wanted(struct kvt_space *space)
{
	struct kvt_block *b;
	unsigned long slot;

	xa_for_each_marked(&space->slots, slot, b, KVT_WANTED) {
		xa_clear_mark(&space->slots, slot, KVT_WANTED);
		b = freeze_cxl(space, slot);
		if (b)
			kvt_promote(space, b, KVT_PROMOTE_ALWAYS);
		cond_resched();
	}
}

void kvt_balance_work(struct work_struct *work)
{
	struct kvt_space *space = container_of(work, struct kvt_space, balance);
	struct kvt_arena *a;
	int kind;

	kvt_block_destroy_doomed(space);
	bring_up_wanted(space);
	/* The slower first: what is demoted finds room there. */
	for (kind = KVT_MEM_KINDS - 1; kind >= 0; kind--)
		kvt_for_each_arena(a, space)
			if (a->kind == kind)
				balance_arena(a);
}

/* Free what no device can be writing to any more, or has been given up. */
static void reap_quarantine(struct kvt_space *space)
{
	u64 grace = (u64)READ_ONCE(space->knobs.quarantine_ms) * NSEC_PER_MSEC;
	struct kvt_block *b, *next;
	LIST_HEAD(list);
	LIST_HEAD(rest);
	u64 now;

	spin_lock(&space->lock);
	list_splice_init(&space->quarantine, &list);
	spin_unlock(&space->lock);
	now = ktime_get_ns();	/* not before any b->rank */

	list_for_each_entry_safe(b, next, &list, filling) {
		if (now - b->rank < grace &&
		    kvt_arena_frame_in_use(kvt_block_arena(space, b),
					   b->frame)) {
			list_move_tail(&b->filling, &rest);
		} else {
			list_del(&b->filling);
			kvt_block_destroy(space, b);
		}
		cond_resched();
	}

	spin_lock(&space->lock);
	list_splice(&rest, &space->quarantine);
	spin_unlock(&space->lock);
}

void kvt_reap_work(struct work_struct *work)
{
	struct kvt_space *space = container_of(to_delayed_work(work),
					       struct kvt_space, reap);
	bool again;

	kvt_fill_expire(space);
	reap_quarantine(space);

	spin_lock(&space->lock);
	again = space->nr_filling || space->nr_quarantine;
	spin_unlock(&space->lock);
	if (again)
		queue_delayed_work(space->wq, &space->reap, REAP_INTERVAL);
}
