// SPDX-License-Identifier: GPL-2.0
/* The life of a space's log: made with a quota, flushed, and taken away. */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "admit.h"
#include "block.h"
#include "log.h"
#include "reclaim.h"
#include "space.h"
#include "trace.h"

/* Blocks of full groups that are under way before a flush waits for some. */
#define FLUSH_DEPTH 256

/* A log that is to shrink waits so long for a segment to be closed. */
#define CLOSE_TIMEOUT (10 * HZ)

static u32 quota_of(const struct kvt_nvme *nvme, u64 bytes)
{
	return min_t(u64, div64_u64(bytes, nvme->segment_bytes), U32_MAX);
}

/* Bytes of the quota. */
u64 kvt_log_bytes(const struct kvt_arena *a)
{
	return a->log ? a->log->quota * a->log->nvme->segment_bytes : 0;
}

/* Blocks that a space may have on nvme, tombs counted as if they were some. */
u64 kvt_space_extents(struct kvt_space *space)
{
	struct kvt_arena *a;
	u64 nr = 0;

	kvt_for_each_arena(a, space)
		if (a->log)
			nr += (u64)a->log->quota * a->log->layout.capacity;
	return nr;
}

static int check_quota(const struct kvt_log *log, u32 quota)
{
	const struct kvt_nvme *nvme = log->nvme;
	u64 free = nvme->nr_segments - nvme->nr_promised + log->quota;

	lockdep_assert_held(&kvt_admin);
	if (quota < 2)
		return -EINVAL;
	if (quota > free || (u64)nvme->nr_segments * log->layout.capacity >=
	    KVT_NO_SLOT - 1)
		return -ENOSPC;
	return 0;
}

static void set_quota(struct kvt_log *log, u32 quota)
{
	struct kvt_space *space = log->arena->space;

	log->nvme->nr_promised += quota;
	log->nvme->nr_promised -= log->quota;
	spin_lock(&space->lock);
	WRITE_ONCE(log->quota, quota);
	kvt_arena_raise_slots(space);
	spin_unlock(&space->lock);
}

static void init_log(struct kvt_log *log, struct kvt_arena *a,
		     struct kvt_nvme *nvme)
{
	struct kvt_space *space = a->space;
	unsigned int i;

	log->arena = a;
	log->nvme = nvme;
	strscpy_pad((char *)log->owner.name, dev_name(&space->dev),
		    sizeof(log->owner.name));
	memcpy(log->owner.identity, space->identity,
	       sizeof(log->owner.identity));
	log->owner.block_size = space->block_size;
	mutex_init(&log->mutex);
	mutex_init(&log->reclaim);
	for (i = 0; i < ARRAY_SIZE(log->streams); i++)
		INIT_LIST_HEAD(&log->streams[i].commits);
	INIT_LIST_HEAD(&log->segments);
	INIT_LIST_HEAD(&log->found);
	INIT_WORK(&log->advance, kvt_log_advance_work);
	INIT_WORK(&log->recover, kvt_recover_work);
	INIT_DELAYED_WORK(&log->commit, kvt_log_commit_work);
}

/**
 * kvt_log_attach() - give a space a quota on an nvme tier
 * @a: arena that is not in use
 * @nvme: the tier
 * @bytes: the quota
 *
 * What a space of the same identity has left there is found in the background.
 *
 * Context: kvt_admin held.
 * Return: 0; -EINVAL: blocks too large, or not even two segments; -ENOSPC;
 * -ENOMEM.
 */
int kvt_log_attach(struct kvt_arena *a, struct kvt_nvme *nvme, u64 bytes)
{
	struct kvt_log *log = kzalloc(sizeof(*log), GFP_KERNEL);
	int err;

	lockdep_assert_held(&kvt_admin);
	if (!log)
		return -ENOMEM;
	init_log(log, a, nvme);
	err = kvt_log_layout(&log->layout, nvme->segment_bytes,
			     a->space->block_size);
	if (!err)
		err = check_quota(log, quota_of(nvme, bytes));
	if (err) {
		kfree(log);
		return err;
	}
	err = kvt_nvme_join(nvme, log);
	if (err) {
		kfree(log);
		return err;
	}
	nvme->tier.users++;
	spin_lock(&a->space->lock);
	a->kind = KVT_TIER_NVME;
	a->node = NUMA_NO_NODE;
	a->log = log;
	WRITE_ONCE(a->tier, &nvme->tier);
	spin_unlock(&a->space->lock);
	set_quota(log, quota_of(nvme, bytes));
	kvt_recover_begin(log);
	return 0;
}

/* Are segments of an earlier life yet to be read? */
bool kvt_log_is_recovering(struct kvt_log *log)
{
	struct kvt_space *space = log->arena->space;
	bool recovering;

	spin_lock(&space->lock);
	recovering = !list_empty(&log->found);
	spin_unlock(&space->lock);
	return recovering;
}

/* ---------------------------------------------------------------------- flush */

/* Somebody moves a block: so often it is looked at again, a jiffy later. */
#define MOVE_TRIES 100

/* The block at @slot, held; NULL: none in memory; -EAGAIN: it is being moved. */
static struct kvt_block *hold(struct kvt_space *space, unsigned long slot)
{
	struct kvt_block *b;

	rcu_read_lock();
	b = xa_load(&space->slots, slot);
	if (b && !kvt_block_hold(space, b))
		b = kvt_block_is_sealed(b) && kvt_block_in_memory(space, b) ?
			ERR_PTR(-EAGAIN) : NULL;
	rcu_read_unlock();
	return b;
}

/* Hold the block at @slot for writing if it has no copy. NULL: not needed. */
static struct kvt_block *hold_dirty(struct kvt_log *log, unsigned long slot)
{
	struct kvt_space *space = log->arena->space;
	struct kvt_block *b = hold(space, slot);
	unsigned int tries;
	bool mine;

	for (tries = 0; IS_ERR(b) && tries < MOVE_TRIES; tries++) {
		schedule_timeout_killable(1);
		b = hold(space, slot);
	}
	if (IS_ERR_OR_NULL(b))
		return NULL;
	spin_lock(&space->lock);
	mine = kvt_block_is_dirty(space, b) && kvt_admit_flush(log, b);
	if (mine)
		kvt_block_mark_writing(space, b);
	spin_unlock(&space->lock);
	if (mine)
		return b;
	kvt_block_unhold(space, b, 1);
	return NULL;
}

static bool is_idle(struct kvt_log *log)
{
	return !atomic_read(&log->nr_groups);
}

static void wait_idle(struct kvt_log *log, unsigned long deadline)
{
	long left = max((long)(deadline - jiffies), 1L);

	wait_event_killable_timeout(log->arena->space->wait, is_idle(log), left);
}

/* No segment is opened before all that was found is read. */
static void wait_recovered(struct kvt_log *log, unsigned long deadline)
{
	long left = max((long)(deadline - jiffies), 1L);

	wait_event_killable_timeout(log->arena->space->wait,
				    !kvt_log_is_recovering(log), left);
}

static bool is_over(unsigned long deadline)
{
	return time_after_eq(jiffies, deadline) ||
	       fatal_signal_pending(current);
}

static int write_one(struct kvt_log *log, unsigned long slot,
		     unsigned long deadline)
{
	struct kvt_block *b;
	int err;

	for (;;) {
		b = hold_dirty(log, slot);
		err = b ? kvt_log_write(log, b) : 0;
		if (err != -EAGAIN || is_over(deadline))
			return err;
		/* No segment is free: make one, if none is on its way. */
		kvt_log_commit(log);
		if (READ_ONCE(log->is_hungry) && kvt_reclaim(log, NULL))
			return err;
		schedule_timeout_killable(1);
	}
}

/**
 * struct batch - blocks that a flush writes together
 * @blocks: held and marked
 * @nr: length of @blocks
 */
struct batch {
	struct kvt_block *blocks[KVT_WRITE_BATCH];
	u32 nr;
};

/* Those that could not be begun, for want of a segment, one by one. */
static int write_batch(struct kvt_log *log, struct batch *batch,
		       unsigned long deadline)
{
	u32 slots[KVT_WRITE_BATCH], i, nr = batch->nr;
	int err = 0;

	for (i = 0; i < nr; i++)
		slots[i] = batch->blocks[i]->slot;
	batch->nr = 0;
	if (kvt_log_write_all(log, batch->blocks, nr) == nr)
		return 0;
	for (i = 0; i < nr && err != -EAGAIN; i++)
		err = write_one(log, slots[i], deadline);
	return err == -EAGAIN ? err : 0;
}

/* Groups that still take blocks may have some, one for each class. */
static bool is_deep(struct kvt_log *log)
{
	return atomic_read(&log->nr_writing) > FLUSH_DEPTH +
	       ARRAY_SIZE(log->streams) * log->layout.group;
}

static void wait_shallow(struct kvt_log *log, unsigned long deadline)
{
	long left = max((long)(deadline - jiffies), 1L);

	wait_event_killable_timeout(log->arena->space->wait, !is_deep(log), left);
}

/* Returns 0, or -EAGAIN: there is no room, or no time, for more. */
static int flush_slot(struct kvt_log *log, unsigned long slot,
		      struct batch *batch, unsigned long deadline)
{
	struct kvt_block *b = hold_dirty(log, slot);

	if (b)
		batch->blocks[batch->nr++] = b;
	if (batch->nr < KVT_WRITE_BATCH)
		return 0;
	wait_shallow(log, deadline);
	return write_batch(log, batch, deadline);
}

static void flush_slots(struct kvt_log *log, unsigned long deadline)
{
	struct batch batch = {};
	struct kvt_block *b;
	unsigned long slot;

	xa_for_each(&log->arena->space->slots, slot, b)
		if (is_over(deadline) || flush_slot(log, slot, &batch, deadline))
			break;
	write_batch(log, &batch, deadline);
}

/* From now on nobody else has blocks in hand that are to be written. */
static void take_over(struct kvt_log *log)
{
	struct kvt_space *space = log->arena->space;

	spin_lock(&space->lock);
	WRITE_ONCE(log->is_flushing, true);
	spin_unlock(&space->lock);
	/* What the worker had in its hands then is under way. */
	flush_work(&space->balance);
}

/**
 * kvt_log_flush() - write what is in memory only
 * @log: the log, which is to go: nothing is written ahead any more
 * @deadline: jiffies, until when
 *
 * Context: kvt_admin held; may sleep until @deadline.
 */
void kvt_log_flush(struct kvt_log *log, unsigned long deadline)
{
	wait_recovered(log, deadline);
	take_over(log);
	flush_slots(log, deadline);
	kvt_log_commit(log);
	wait_idle(log, deadline);
	/* So that it takes one read a segment to find it all again. */
	kvt_log_close_all(log);
}

/* --------------------------------------------------------------------- detach */

static void stop(struct kvt_log *log)
{
	/* Nobody else takes segments away from now on. */
	mutex_lock(&log->reclaim);
	WRITE_ONCE(log->is_stopping, true);
	mutex_unlock(&log->reclaim);
	kvt_recover_stop(log);
	cancel_work_sync(&log->arena->space->balance);
	kvt_log_close_all(log);
	/* Their I/O has ended, or its device has been waited for in vain. */
	wait_event(log->arena->space->wait, is_idle(log));
	wait_var_event(&log->nr_io, !atomic_read(&log->nr_io));
	cancel_work_sync(&log->advance);
	cancel_delayed_work_sync(&log->commit);
}

static void wait_closed(struct kvt_log *log)
{
	struct kvt_segment *seg;

	list_for_each_entry(seg, &log->segments, list)
		flush_work(&seg->close);
}

static struct kvt_segment *first_segment(struct kvt_log *log,
					 struct list_head *list)
{
	struct kvt_segment *seg;

	spin_lock(&log->arena->space->lock);
	seg = list_first_entry_or_null(list, struct kvt_segment, list);
	if (seg) {
		list_del_init(&seg->list);
		log->nr_segments--;
	}
	spin_unlock(&log->arena->space->lock);
	return seg;
}

/* Hand a segment back to the tier: to be found again, or free. */
static void hand_back(struct kvt_log *log, struct kvt_segment *seg, bool keep)
{
	kvt_segment_release(seg);
	if (keep && !seg->dev->failed)
		kvt_nvme_disown(seg, seg->head);
	else
		kvt_nvme_give(seg);
}

static void hand_back_all(struct kvt_log *log, bool keep)
{
	struct kvt_segment *seg;

	while ((seg = first_segment(log, &log->segments))) {
		kvt_reclaim_forget(seg);
		hand_back(log, seg, keep);
	}
	while ((seg = first_segment(log, &log->found))) {
		atomic_dec(&log->nvme->recovering);
		if (keep)
			kvt_nvme_disown(seg, seg->head);
		else
			kvt_nvme_give(seg);
	}
}

/**
 * kvt_log_detach() - take a space's log off its tier
 * @a: the arena
 * @keep: what is on media is to be found again; else its segments become free
 *
 * Blocks that are only there are gone for the space.
 *
 * Context: kvt_admin held; waits for I/O.
 */
void kvt_log_detach(struct kvt_arena *a, bool keep)
{
	struct kvt_log *log = a->log;
	struct kvt_nvme *nvme = log->nvme;
	unsigned int i;

	lockdep_assert_held(&kvt_admin);
	stop(log);
	wait_closed(log);
	hand_back_all(log, keep);
	for (i = 0; !keep && i < nvme->nr_devices; i++)
		flush_work(&nvme->devices[i].free_work);
	cancel_delayed_work_sync(&log->commit);
	set_quota(log, 0);
	kvt_nvme_leave(nvme, log);
	nvme->tier.users--;
	spin_lock(&a->space->lock);
	WRITE_ONCE(a->tier, NULL);
	a->log = NULL;
	spin_unlock(&a->space->lock);
	/* Who found it before then: the worker, and loads that have settled. */
	flush_work(&a->space->balance);
	flush_workqueue(nvme->wq);
	kfree(log);
}

static bool is_too_large(struct kvt_log *log)
{
	return READ_ONCE(log->nr_segments) > READ_ONCE(log->quota);
}

/* Free the oldest segment, if there are too many. 0, or what kvt_reclaim() says. */
static int shrink(struct kvt_log *log)
{
	unsigned long deadline = jiffies + CLOSE_TIMEOUT;
	int err;

	while ((err = kvt_reclaim(log, is_too_large)) == -EAGAIN &&
	       !is_over(deadline))
		schedule_timeout_killable(1);
	return err;
}

/**
 * kvt_log_resize() - change a space's quota
 * @a: the arena
 * @bytes: the new one
 *
 * Context: kvt_admin held; may sleep.
 * Return: 0, or -EINVAL, -ENOSPC; -EBUSY: it could shrink only part of the way;
 * -EINTR: killed on the way.
 */
int kvt_log_resize(struct kvt_arena *a, u64 bytes)
{
	struct kvt_log *log = a->log;
	u32 quota = quota_of(log->nvme, bytes);
	int err = check_quota(log, quota);

	if (err)
		return err;
	set_quota(log, quota);
	while (is_too_large(log) && !err) {
		if (fatal_signal_pending(current))
			return -EINTR;
		err = shrink(log);
	}
	if (err && fatal_signal_pending(current))
		return -EINTR;
	return err ? -EBUSY : 0;
}

/* A device has failed: the worker lets go of what was on it. */
void kvt_log_lose_device(struct kvt_log *log, struct kvt_device *dev)
{
	struct kvt_space *space = log->arena->space;

	/* Its open segments get no more groups. */
	kvt_log_close_device(log, dev);
	queue_work(space->wq, &space->balance);
	kvt_space_wake(space);
}
