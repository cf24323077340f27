// SPDX-License-Identifier: GPL-2.0
/*
 * The background work of a space: watermarks, write-out and
 * reclaim, prefetch, timeouts, quarantine.
 */
#include <linux/ktime.h>
#include <linux/sched/mm.h>

#include "balance.h"
#include "clean.h"
#include "event.h"
#include "evict.h"
#include "fill.h"
#include "load.h"
#include "log.h"
#include "move.h"
#include "place.h"
#include "reclaim.h"
#include "space.h"

#define REAP_INTERVAL (HZ / 4)

/* Blocks that are brought up from nvme at a time because PREFETCH asked for them. */
#define PREFETCH_DEPTH 32

/* Writes that were begun to make room are still under way, or have just ended. */
static bool is_being_cleaned(struct kvt_space *space)
{
	struct kvt_arena *a;

	kvt_for_each_arena(a, space) {
		/* It may be taken away, but stays as long as this work runs. */
		struct kvt_log *log = READ_ONCE(a->log);

		if (log && atomic_read(&log->nr_groups))
			return true;
	}
	return false;
}

/* What evicting came to. Told once a second at most, until it is over. */
static void tell_pressure(struct kvt_arena *a, u32 low)
{
	u32 free = READ_ONCE(a->nr_free);
	bool is_short = free < low;

	if (is_short == a->is_short ||
	    (is_short && time_before(jiffies, a->short_at + HZ)))
		return;
	WRITE_ONCE(a->is_short, is_short);
	if (is_short)
		a->short_at = jiffies;
	kvt_event_pressure(a, is_short, free);
}

static void balance_arena(struct kvt_arena *a)
{
	const struct kvt_knobs *k = &a->space->knobs;
	u32 low = kvt_low_watermark(a);
	u32 high = kvt_watermark(a, READ_ONCE(k->high_watermark));
	u32 free = READ_ONCE(a->nr_free);
	int err = 0;

	if (free >= low && !is_being_cleaned(a->space)) {
		tell_pressure(a, low);
		return;
	}
	while (!err && !kvt_arena_is_shrinking(a) && READ_ONCE(a->nr_free) < high)
		err = kvt_evict_one(a);
	free = READ_ONCE(a->nr_free);
	kvt_spill_ahead(a->space);
	if (err == -EINPROGRESS || kvt_evict_waits(a))
		kvt_clean(a, max(high, 1U) - min(free, high));
	tell_pressure(a, low);
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

/* Bring the block at @slot up; from nvme by @loads. false: no room for one. */
static bool bring_up(struct kvt_space *space, unsigned long slot,
		     struct list_head *loads)
{
	struct kvt_load *load;
	struct kvt_block *b;

	b = kvt_load_freeze(space, slot);
	if (b) {
		load = kvt_load_prepare_used(space, b);
		if (IS_ERR(load))
			return false;
		kvt_load_yield(load);
		list_add_tail(&load->peers, loads);
		kvt_load_put(load);
		return true;
	}
	b = freeze_cxl(space, slot);
	if (b)
		kvt_promote(space, b, KVT_PROMOTE_ALWAYS);
	return true;
}

/* What PREFETCH asked for, some blocks at a time. */
static void collect_wanted(struct kvt_space *space, struct list_head *loads)
{
	unsigned long slot, until;
	void *entry;

	WRITE_ONCE(space->has_wanted, false);
	xa_for_each(&space->wanted, slot, entry) {
		if (atomic_read(&space->nr_loading) >= PREFETCH_DEPTH) {
			WRITE_ONCE(space->has_wanted, true);
			return;
		}
		xa_erase(&space->wanted, slot);
		until = xa_to_value(entry);
		if (until && time_after(jiffies, until))
			continue;
		/* It is a hint: without room there is no point in the rest. */
		if (!bring_up(space, slot, loads))
			break;
		cond_resched();
	}
}

static void bring_up_wanted(struct kvt_space *space)
{
	LIST_HEAD(loads);

	collect_wanted(space, &loads);
	kvt_load_submit(space, &loads);
}

static void balance_memory(struct kvt_space *space)
{
	struct kvt_arena *a;
	int kind;

	/* The slower first: what is demoted finds room there. */
	for (kind = KVT_MEM_KINDS - 1; kind >= 0; kind--)
		kvt_for_each_arena(a, space)
			if (a->kind == kind)
				balance_arena(a);
}

static void balance_logs(struct kvt_space *space)
{
	struct kvt_arena *a;

	kvt_for_each_arena(a, space) {
		struct kvt_log *log = READ_ONCE(a->log);

		if (!log)
			continue;
		kvt_reclaim_lost(log);
		kvt_reclaim_if_short(log);
	}
}

static void commit_logs(struct kvt_space *space)
{
	struct kvt_arena *a;

	kvt_for_each_arena(a, space) {
		struct kvt_log *log = READ_ONCE(a->log);

		if (log && atomic_read(&log->nr_writing))
			kvt_log_commit(log);
	}
}

void kvt_balance_work(struct work_struct *work)
{
	struct kvt_space *space = container_of(work, struct kvt_space, balance);
	/* It makes memory free: it must not wait for others to. */
	unsigned int noio = memalloc_noio_save();

	kvt_block_destroy_doomed(space);
	balance_logs(space);
	bring_up_wanted(space);
	balance_memory(space);
	commit_logs(space);
	memalloc_noio_restore(noio);
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
