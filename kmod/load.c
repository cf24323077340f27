// SPDX-License-Identifier: GPL-2.0
/*
 * Bringing blocks up from nvme. A load owns its block (frozen) from begin to end;
 * the bytes go from the device to the frame, are checked there, and only then the
 * block is in memory. Its copy below stays. What cannot be read, or is not what
 * was written, is forgotten: a miss.
 */
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/slab.h>

#include "area.h"
#include "block.h"
#include "candidate.h"
#include "load.h"
#include "log.h"
#include "move.h"
#include "place.h"
#include "space.h"
#include "trace.h"

static void put_ref(struct kvt_load *load)
{
	if (refcount_dec_and_test(&load->refs))
		kfree(load);
}

static bool sums_agree(struct kvt_load *load)
{
	const struct kvt_log_layout *l = &load->seg->log->layout;
	const u32 *want = &load->seg->crcs[load->index * l->crcs];
	u32 i, *crcs = kmalloc_array(l->crcs, sizeof(u32), GFP_NOIO | __GFP_NOFAIL);
	bool agree = true;

	kvt_arena_sum(load->to, load->frame, crcs);
	for (i = 0; i < l->crcs; i++)
		agree &= crcs[i] == want[i];
	kfree(crcs);
	return agree;
}

/* One in so many per mille; by what comes of the clock's last digits. */
static bool is_sampled(u32 permille)
{
	u32 digits;

	div_u64_rem(ktime_get_ns(), 1000, &digits);
	return digits < permille;
}

/* Is what has arrived what was written? Returns 0 or -errno. */
static int check(struct kvt_load *load)
{
	struct kvt_nvme *nvme = load->seg->dev->nvme;
	u32 verify = READ_ONCE(nvme->knobs.verify);

	if (load->io.status)
		return blk_status_to_errno(load->io.status);
	if (!is_sampled(verify))
		return 0;
	if (sums_agree(load))
		return 0;
	atomic64_inc(&nvme->crc_errors);
	return -EILSEQ;
}

/* The block is in memory from now on, unless it was dropped meanwhile. */
static bool settle(struct kvt_load *load)
{
	struct kvt_space *space = load->space;
	struct address_space *mapping = space->inode->i_mapping;
	struct kvt_block *b = load->b;
	bool sealed;

	filemap_invalidate_lock(mapping);
	spin_lock(&space->lock);
	sealed = b->state == KVT_SEALED;
	if (sealed) {
		load->to->below[load->frame] =
			kvt_copy(kvt_block_arena_index(b), b->frame);
		kvt_block_rehome(space, b, load->to, load->frame);
		kvt_candidate_offer(space, b);
		trace_kvt_load(space, b);
		load->held = load->wanted;
		/* From owned to held by who began it, or by nobody. */
		atomic_set_release(&b->leases, load->held);
	}
	spin_unlock(&space->lock);
	filemap_invalidate_unlock(mapping);
	return sealed;
}

static void lose(struct kvt_load *load)
{
	struct kvt_space *space = load->space;

	pr_warn_ratelimited("kvtier: %s: %pg: segment %u: a block is lost: %s\n",
			    dev_name(&space->dev), load->seg->dev->bdev,
			    load->seg->number, load->err == -EILSEQ ?
			    "damaged" : "it cannot be read");
	kvt_stat_inc(space, lost);
	kvt_frame_return(load->to, load->frame);
	kvt_forget(space, load->b);
}

/* All its bytes have arrived, or will not. */
static void finish(struct kvt_load *load)
{
	struct kvt_space *space = load->space;

	load->err = check(load);
	if (load->err) {
		lose(load);
	} else if (settle(load)) {
		kvt_stat_inc(space, loads);
	} else {
		load->err = -ENOENT;
		kvt_frame_return(load->to, load->frame);
		kvt_block_destroy(space, load->b);
	}
	complete_all(&load->done);
	kvt_space_wake(space);
	if (load->is_background) {
		atomic_dec(&space->nr_loading);
		if (READ_ONCE(space->has_wanted))
			queue_work(space->wq, &space->balance);
	}
	put_ref(load);
}

static void load_work(struct work_struct *work)
{
	finish(container_of(work, struct kvt_load, work));
}

static bool change_stage(struct kvt_load *load, enum kvt_load_stage from,
			 enum kvt_load_stage to)
{
	return atomic_cmpxchg(&load->stage, from, to) == from;
}

/*
 * Who waits for it finishes it: that takes one wake-up, not two, and no worker
 * that fights for the same locks.
 */
static void load_done(struct kvt_io *io)
{
	struct kvt_load *load = container_of(io, struct kvt_load, io);

	for (;;) {
		if (change_stage(load, KVT_LOAD_AWAITED, KVT_LOAD_HANDED)) {
			complete(&load->arrived);
			return;
		}
		if (change_stage(load, KVT_LOAD_BEGUN, KVT_LOAD_TAKEN)) {
			queue_work(load->seg->dev->nvme->wq, &load->work);
			return;
		}
	}
}

static void find_entry(struct kvt_load *load)
{
	struct kvt_space *space = load->space;
	struct kvt_block *b = load->b;

	spin_lock(&space->lock);
	load->seg = kvt_copy_segment(space,
				     kvt_copy(kvt_block_arena_index(b), b->frame),
				     &load->index);
	spin_unlock(&space->lock);
}

static void submit(struct kvt_load *load)
{
	u64 pos;

	find_entry(load);
	pos = kvt_segment_start(load->seg) +
	      (u64)load->seg->offsets[load->index] * KVT_LOG_PAGE;
	kvt_io_begin(&load->io, load->seg->dev, load_done);
	kvt_io_add_frame(&load->io, REQ_OP_READ, pos, load->to, load->frame);
	kvt_io_end(&load->io);
}

static struct kvt_load *new_load(struct kvt_space *space, struct kvt_block *b,
				 bool want_hold)
{
	struct kvt_load *load = kzalloc(sizeof(*load), GFP_NOIO);

	if (!load)
		return ERR_PTR(-ENOMEM);
	load->space = space;
	load->b = b;
	load->wanted = want_hold;
	load->is_background = !want_hold;
	refcount_set(&load->refs, 2);
	init_completion(&load->arrived);
	init_completion(&load->done);
	INIT_WORK(&load->work, load_work);
	load->to = kvt_frame_find(space, KVT_TIER_CXL, &load->frame);
	if (!load->to) {
		kfree(load);
		return ERR_PTR(-ENOSPC);
	}
	if (load->is_background)
		atomic_inc(&space->nr_loading);
	return load;
}

/**
 * kvt_load_begin() - begin to bring a block up
 * @space: its space
 * @b: on nvme, frozen by the caller, who owns it no longer on return
 * @want_hold: it is to be held for the caller once it has arrived
 *
 * Context: process, may sleep for a frame or the device's queue.
 * Return: the load, to be waited for and put; ERR_PTR(-ENOSPC), -ENOMEM.
 */
struct kvt_load *kvt_load_begin(struct kvt_space *space, struct kvt_block *b,
				bool want_hold)
{
	struct kvt_load *load = new_load(space, b, want_hold);

	if (IS_ERR(load))
		kvt_block_thaw(space, b);
	else
		submit(load);
	return load;
}

/*
 * The same for nobody in particular: it counts as use, or the block would be the
 * first to leave memory again.
 */
struct kvt_load *kvt_load_begin_used(struct kvt_space *space,
				     struct kvt_block *b)
{
	WRITE_ONCE(b->last_use, kvt_clock() | KVT_USED);
	return kvt_load_begin(space, b, false);
}

/* Who began it does not wait for it, or not any longer. */
static void let_go(struct kvt_load *load)
{
	if (change_stage(load, KVT_LOAD_AWAITED, KVT_LOAD_BEGUN) ||
	    !change_stage(load, KVT_LOAD_HANDED, KVT_LOAD_TAKEN))
		return;
	/* load_done() may not have left it yet. */
	wait_for_completion(&load->arrived);
	queue_work(load->seg->dev->nvme->wq, &load->work);
}

/* Who began a load is done with it, whether it has settled or not. */
void kvt_load_put(struct kvt_load *load)
{
	bool held;

	let_go(load);
	spin_lock(&load->space->lock);
	held = load->held;
	load->held = false;
	load->wanted = false;
	spin_unlock(&load->space->lock);
	if (held)
		kvt_block_unhold(load->space, load->b, 1);
	put_ref(load);
}

/**
 * kvt_load_claim() - promise to wait for a load, and so to finish it
 * @load: begun; kvt_load_wait() or kvt_load_put() are to follow soon
 */
void kvt_load_claim(struct kvt_load *load)
{
	change_stage(load, KVT_LOAD_BEGUN, KVT_LOAD_AWAITED);
}

/* Returns 0, -ETIMEDOUT, or -EINTR. */
static int wait_until(struct completion *done, unsigned long deadline)
{
	long left = max((long)(deadline - jiffies), 1L);

	left = wait_for_completion_killable_timeout(done, left);
	return left > 0 ? 0 : left ? -EINTR : -ETIMEDOUT;
}

/* Unless a worker does finish it here, on this task's time. */
static int wait_and_finish(struct kvt_load *load, unsigned long deadline)
{
	int err;

	kvt_load_claim(load);
	if (atomic_read(&load->stage) == KVT_LOAD_TAKEN)
		return wait_until(&load->done, deadline);
	err = wait_until(&load->arrived, deadline);
	if (err)
		return err;
	atomic_set(&load->stage, KVT_LOAD_TAKEN);
	finish(load);
	return 0;
}

/**
 * kvt_load_wait() - wait for a load
 * @load: begun; still to be put
 * @deadline: jiffies
 * @held: out: the block, held for the caller if that was wanted
 *
 * Context: process, sleeps.
 * Return: 0; -ENOENT: the block is gone, lost or dropped; -ETIMEDOUT; -EINTR if
 * killed.
 */
int kvt_load_wait(struct kvt_load *load, unsigned long deadline,
		  struct kvt_block **held)
{
	int err = wait_and_finish(load, deadline);

	if (err)
		return err;
	if (load->err)
		return -ENOENT;
	*held = load->b;
	spin_lock(&load->space->lock);
	load->held = false;
	spin_unlock(&load->space->lock);
	return 0;
}

/* Own the block at @slot if it is on nvme and at rest. NULL: it is not. */
struct kvt_block *kvt_load_freeze(struct kvt_space *space, unsigned long slot)
{
	struct kvt_block *b;

	rcu_read_lock();
	b = xa_load(&space->slots, slot);
	if (b && (!kvt_block_is_sealed(b) || kvt_block_in_memory(space, b) ||
		  !kvt_block_freeze(b)))
		b = NULL;
	rcu_read_unlock();
	/* It may have come up before it was ours. */
	if (b && kvt_block_in_memory(space, b)) {
		kvt_block_thaw(space, b);
		b = NULL;
	}
	return b;
}

/* Is there a block at @slot that is on nvme and not at rest? */
static bool is_moving(struct kvt_space *space, unsigned long slot)
{
	struct kvt_block *b;
	bool moving;

	rcu_read_lock();
	b = xa_load(&space->slots, slot);
	moving = b && kvt_block_is_sealed(b) && !kvt_block_in_memory(space, b) &&
		 atomic_read(&b->leases) < 0;
	rcu_read_unlock();
	return moving;
}

static bool is_below(struct kvt_space *space, unsigned long slot)
{
	struct kvt_block *b;
	bool below;

	rcu_read_lock();
	b = xa_load(&space->slots, slot);
	below = b && kvt_block_is_sealed(b) && !kvt_block_in_memory(space, b);
	rcu_read_unlock();
	return below;
}

static int load_once(struct kvt_space *space, struct kvt_block *b,
		     unsigned long deadline)
{
	struct kvt_load *load = kvt_load_begin_used(space, b);
	struct kvt_block *held;
	int err;

	if (IS_ERR(load)) {
		/* No frame just now. */
		if (schedule_timeout_killable(HZ / 100))
			return -EINTR;
		return 0;
	}
	err = kvt_load_wait(load, deadline, &held);
	kvt_load_put(load);
	return err == -ENOENT ? 0 : err;
}

/**
 * kvt_load_slot() - bring the block at a slot into memory
 * @space: the space
 * @slot: the slot
 *
 * Context: process, sleeps; killable and bounded.
 * Return: 0: look again, it is not on nvme any more; -EINTR; -ETIMEDOUT.
 */
int kvt_load_slot(struct kvt_space *space, unsigned long slot)
{
	unsigned long deadline = jiffies + KVT_LOAD_TIMEOUT;
	struct kvt_block *b;
	long left = 1;
	int err = 0;

	while (!err && left > 0 && is_below(space, slot)) {
		if (time_after(jiffies, deadline))
			return -ETIMEDOUT;
		b = kvt_load_freeze(space, slot);
		if (b)
			err = load_once(space, b, deadline);
		else
			left = wait_event_killable_timeout(space->wait,
							   !is_moving(space, slot),
							   KVT_LOAD_TIMEOUT);
	}
	if (!left)
		return -ETIMEDOUT;
	return left < 0 ? -EINTR : err;
}
