// SPDX-License-Identifier: GPL-2.0
/*
 * Bringing blocks up from nvme. A load owns its block (frozen) from begin to end;
 * the bytes go from the device to the frame, are checked there, and only then the
 * block is in memory. Its copy below stays. What cannot be read, or is not what
 * was written, is forgotten: a miss.
 *
 * A block is read in parts: by its layers, or so that checking goes on while the
 * rest arrives. What has been checked from the front on is said in the frame's
 * status word. A block may be held before it is there in full: such holds are
 * counted in b->leases beside the owner, and are leases like all others when the
 * load has settled. If the block is lost they keep the frame, not the block.
 */
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "area.h"
#include "block.h"
#include "candidate.h"
#include "index.h"
#include "load.h"
#include "log.h"
#include "move.h"
#include "place.h"
#include "space.h"
#include "trace.h"

/* Bytes of a part where there are no layers, but checksums to be checked. */
#define CHECK_STEP SZ_256K

/* Checks parts, so many at a time as can run. */
static struct workqueue_struct *checkers;
/* Begins transfers. */
static struct workqueue_struct *readers;

int kvt_load_init(void)
{
	unsigned int flags = WQ_UNBOUND | WQ_MEM_RECLAIM;

	checkers = alloc_workqueue("kvt-check", flags, num_online_cpus());
	if (!checkers)
		return -ENOMEM;
	readers = alloc_workqueue("kvt-read", flags, 0);
	if (readers)
		return 0;
	destroy_workqueue(checkers);
	return -ENOMEM;
}

void kvt_load_exit(void)
{
	destroy_workqueue(readers);
	destroy_workqueue(checkers);
}

static void put_ref(struct kvt_load *load)
{
	if (refcount_dec_and_test(&load->refs))
		kvfree(load);
}

/* ---------------------------------------------------------------------- parts */

static u32 count_parts(struct kvt_space *space, bool is_checked)
{
	if (space->layers.nr_parts)
		return space->layers.nr_parts;
	return is_checked ? DIV_ROUND_UP(space->block_size, CHECK_STEP) : 1;
}

/* The byte behind the @n first parts. */
static u32 parts_end(const struct kvt_load *load, u32 n)
{
	struct kvt_space *space = load->space;

	if (!n)
		return 0;
	if (n == load->nr_parts)
		return space->block_size;
	return space->layers.nr_parts ? space->layers.part_ends[n - 1] :
					n * CHECK_STEP;
}

static u32 part_begin(const struct kvt_part *part)
{
	return parts_end(part->load, part - part->load->parts);
}

static u32 part_end(const struct kvt_part *part)
{
	return parts_end(part->load, part - part->load->parts + 1);
}

static bool sums_agree(const struct kvt_part *part)
{
	const struct kvt_load *load = part->load;
	const struct kvt_log_layout *l = &load->seg->log->layout;
	u32 pos = part_begin(part), end = part_end(part), stop, crc;
	const u32 *want = &load->seg->crcs[load->index * l->crcs +
					   pos / KVT_LOG_CRC_SPAN];

	for (; pos < end; pos = stop) {
		stop = min(pos + KVT_LOG_CRC_SPAN, end);
		kvt_arena_sum_run(load->to, load->frame, pos, stop, &crc);
		if (crc != *want++)
			return false;
	}
	return true;
}

/* Is what has arrived what was written? Returns 0 or -errno. */
static int check(const struct kvt_part *part)
{
	if (part->io.status)
		return blk_status_to_errno(part->io.status);
	return !part->load->is_checked || sums_agree(part) ? 0 : -EILSEQ;
}

/* ------------------------------------------------------------------------ end */

/* What who began it waits for has come, or will not. */
static void tell(struct kvt_load *load)
{
	if (xchg(&load->is_told, true))
		return;
	complete_all(&load->done);
	if (load->ended)
		load->ended(load);
}

/* Its holds, those taken on the way too, are all that keeps it where it is. */
static void unfreeze(struct kvt_load *load)
{
	lockdep_assert_held(&load->space->lock);
	/* All that is said of the block before: who takes a hold sees it. */
	smp_mb__before_atomic();
	atomic_andnot(KVT_FROZEN, &load->b->leases);
}

static u64 copy_of(struct kvt_load *load)
{
	return kvt_copy(kvt_block_arena_index(load->b), load->b->frame);
}

/* The block is in memory from now on, unless it was dropped meanwhile. */
static bool settle(struct kvt_load *load)
{
	struct kvt_space *space = load->space;
	struct address_space *mapping = space->inode->i_mapping;
	struct kvt_block *b = load->b;
	bool sealed;

	/* What the frame has now, it need not be summed again to be written. */
	kvt_sums_set(load->to, load->frame,
		     &load->seg->crcs[load->index * load->seg->log->layout.crcs]);
	filemap_invalidate_lock(mapping);
	spin_lock(&space->lock);
	sealed = b->state == KVT_SEALED;
	if (sealed) {
		load->to->below[load->frame] = copy_of(load);
		b->load = NULL;
		kvt_block_rehome(space, b, load->to, load->frame);
		kvt_candidate_offer(space, b);
		trace_kvt_load(space, b);
		unfreeze(load);
	}
	spin_unlock(&space->lock);
	filemap_invalidate_unlock(mapping);
	return sealed;
}

/*
 * The block is gone, but for who holds it, whose frame it keeps; the last of them
 * destroys it. If nobody holds it that is done here.
 */
static void bury(struct kvt_load *load, u32 valid)
{
	struct kvt_space *space = load->space;
	struct address_space *mapping = space->inode->i_mapping;
	struct kvt_block *b = load->b;
	struct kvt_block *standin = kvt_block_alloc_standin(space, b->key);
	bool own;

	filemap_invalidate_lock(mapping);
	spin_lock(&space->lock);
	if (b->state == KVT_SEALED) {
		kvt_block_hide(space, b, KVT_DROPPED, standin);
		standin = NULL;
	}
	b->load = NULL;
	load->to->below[load->frame] = copy_of(load);
	kvt_arena_publish(load->to, load->frame, valid);
	WRITE_ONCE(b->frame, load->frame);
	kvt_block_set_arena(b, load->to->index);
	unfreeze(load);
	own = kvt_block_claim_hidden(b);
	spin_unlock(&space->lock);
	filemap_invalidate_unlock(mapping);
	kvt_block_discard(space, standin);
	if (own)
		kvt_block_destroy(space, b);
}

static void lose(struct kvt_load *load)
{
	struct kvt_space *space = load->space;
	struct kvt_device *dev = load->seg->dev;
	bool damaged = load->err == -EILSEQ;

	pr_warn_ratelimited("kvtier: %s: %pg: segment %u: a block is lost: %s\n",
			    dev_name(&space->dev), dev->bdev, load->seg->number,
			    damaged ? "damaged" : "it cannot be read");
	if (damaged)
		atomic64_inc(&dev->nvme->crc_errors);
	kvt_stat_inc(space, lost);
	bury(load, KVT_VALID_LOST);
}

/* All its parts have ended, or the only one has arrived. */
static void finish(struct kvt_load *load)
{
	struct kvt_space *space = load->space;

	if (load->nr_parts == 1)
		load->err = check(&load->parts[0]);
	if (load->err) {
		lose(load);
	} else if (settle(load)) {
		kvt_stat_inc(space, loads);
	} else {
		load->err = -ENOENT;
		bury(load, space->block_size);
	}
	tell(load);
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

static void queue_finish(struct kvt_load *load)
{
	queue_work(load->seg->dev->nvme->wq, &load->work);
}

/*
 * Who waits for it finishes it: that takes one wake-up, not two, and no worker
 * that fights for the same locks.
 */
static void arrive(struct kvt_load *load)
{
	for (;;) {
		if (change_stage(load, KVT_LOAD_AWAITED, KVT_LOAD_HANDED)) {
			complete(&load->arrived);
			return;
		}
		if (change_stage(load, KVT_LOAD_BEGUN, KVT_LOAD_TAKEN)) {
			queue_finish(load);
			return;
		}
	}
}

/* What is good from the front on may have become more. */
static bool grow(struct kvt_load *load)
{
	u32 n = load->nr_good;

	lockdep_assert_held(&load->lock);
	while (n < load->nr_parts && load->parts[n].is_good)
		n++;
	if (load->err || n == load->nr_good)
		return false;
	load->nr_good = n;
	WRITE_ONCE(load->valid, parts_end(load, n));
	kvt_arena_publish(load->to, load->frame, load->valid);
	return true;
}

/* A part of several is there, and good; or not: @err. */
static void end_part(struct kvt_part *part, int err)
{
	struct kvt_load *load = part->load;
	bool more, enough;
	unsigned long flags;

	spin_lock_irqsave(&load->lock, flags);
	part->is_good = !err;
	load->err = load->err ?: err;
	more = grow(load);
	enough = !load->err && load->valid >= load->until;
	spin_unlock_irqrestore(&load->lock, flags);
	if (enough)
		tell(load);
	/* Pairs with kvt_load_join(). */
	smp_mb();
	if (more && READ_ONCE(load->is_watched)) {
		atomic_inc(&load->space->nr_grown);
		kvt_space_wake(load->space);
	}
	/* Until then neither load nor space can go. */
	if (atomic_dec_and_test(&load->nr_left))
		arrive(load);
}

/* --------------------------------------------------------------------- flights */

/*
 * What is read of a flight at a time, bytes; a worker sees to the rest. Devices do
 * not keep to the order: the less is under way, the less of a later layer comes
 * before the first.
 */
#define FLIGHT_BYTES SZ_16M
#define FLIGHT_BYTES_LAYERED SZ_4M

static u32 flight_max(struct kvt_space *space)
{
	return space->layers.nr ? FLIGHT_BYTES_LAYERED : FLIGHT_BYTES;
}

/**
 * struct kvt_flight - loads that are more than is read at a time
 * @mutex: who begins transfers
 * @loads: not all of whose transfers were begun (@mutex)
 * @more: there are some (read without)
 * @max: bytes that are under way at most, but for the last transfer's; constant
 * @bytes: under way
 * @refs: transfers under way, parts to be checked, and who begins transfers
 * @work: begins more
 * @lock: guards @arrived; safe in interrupts
 * @arrived: parts to be checked, in the order of layers
 */
struct kvt_flight {
	struct mutex mutex;	/* who begins transfers */
	struct list_head loads;
	bool more;
	u32 max;
	atomic_t bytes;
	refcount_t refs;
	struct work_struct work;
	spinlock_t lock;	/* arrived */
	struct list_head arrived;
};

static void put_flight(struct kvt_flight *f)
{
	if (refcount_dec_and_test(&f->refs))
		kfree(f);
}

/* A transfer of a flight has ended. */
static void land(struct kvt_flight *f, u32 bytes)
{
	if (atomic_sub_return(bytes, &f->bytes) <= f->max / 2 &&
	    READ_ONCE(f->more)) {
		refcount_inc(&f->refs);
		if (!queue_work(readers, &f->work))
			put_flight(f);
	}
	put_flight(f);
}

/* It is to be checked: before others that arrived, if its layer is before theirs. */
static void queue_check(struct kvt_part *part)
{
	struct kvt_load *load = part->load;
	struct kvt_flight *f = load->flight;
	struct kvt_part *before;
	unsigned long flags;

	refcount_inc(&load->refs);
	if (f) {
		refcount_inc(&f->refs);
		spin_lock_irqsave(&f->lock, flags);
		list_for_each_entry_reverse(before, &f->arrived, arrived)
			if (part_begin(before) <= part_begin(part))
				break;
		list_add(&part->arrived, &before->arrived);
		spin_unlock_irqrestore(&f->lock, flags);
	}
	queue_work(checkers, &part->work);
}

/* There are as many works as parts; which one it is that is checked does not matter. */
static struct kvt_part *take_arrived(struct kvt_flight *f)
{
	struct kvt_part *part;
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	part = list_first_entry(&f->arrived, struct kvt_part, arrived);
	list_del(&part->arrived);
	spin_unlock_irqrestore(&f->lock, flags);
	return part;
}

static void part_work(struct work_struct *work)
{
	struct kvt_part *part = container_of(work, struct kvt_part, work);
	struct kvt_load *load = part->load;
	struct kvt_flight *f = load->flight;

	if (f)
		part = take_arrived(f);
	end_part(part, check(part));
	if (f)
		put_flight(f);
	put_ref(load);
}

static void part_done(struct kvt_io *io)
{
	struct kvt_part *part = container_of(io, struct kvt_part, io);
	struct kvt_load *load = part->load;
	struct kvt_flight *f = load->flight;
	u32 bytes = f ? part_end(part) - part_begin(part) : 0;

	if (load->nr_parts == 1)
		arrive(load);
	else if (io->status)
		end_part(part, blk_status_to_errno(io->status));
	else if (load->is_checked || load->ended)
		queue_check(part);
	else
		end_part(part, 0);
	/* The load may be gone. */
	if (f)
		land(f, bytes);
}

/* Begin the transfer that is next. Then its load may be gone. */
static void read_next(struct list_head *loads)
{
	struct kvt_load *load = list_first_entry(loads, struct kvt_load, peers);
	struct kvt_part *part = &load->parts[load->nr_begun++];
	u64 pos = kvt_segment_start(load->seg) +
		  (u64)load->seg->offsets[load->index] * KVT_LOG_PAGE;

	if (load->nr_begun == load->nr_parts)
		list_del(&load->peers);
	else if (load->space->layers.nr)
		list_move_tail(&load->peers, loads);
	if (load->flight) {
		WRITE_ONCE(load->flight->more, !list_empty(loads));
		refcount_inc(&load->flight->refs);
		atomic_add(part_end(part) - part_begin(part),
			   &load->flight->bytes);
	}
	kvt_io_add_run(&part->io, REQ_OP_READ, pos + part_begin(part), load->to,
		       load->frame, part_begin(part), part_end(part));
	kvt_io_end(&part->io);
}

/* The first transfers, or more of them. */
static void fly(struct kvt_flight *f)
{
	struct blk_plug plug;

	mutex_lock(&f->mutex);
	blk_start_plug(&plug);
	while (!list_empty(&f->loads) && atomic_read(&f->bytes) < f->max)
		read_next(&f->loads);
	blk_finish_plug(&plug);
	mutex_unlock(&f->mutex);
	put_flight(f);
}

static void flight_work(struct work_struct *work)
{
	fly(container_of(work, struct kvt_flight, work));
}

static struct kvt_flight *new_flight(struct list_head *loads, u32 max)
{
	struct kvt_flight *f = kzalloc(sizeof(*f), GFP_NOIO);
	struct kvt_load *load;

	if (!f)
		return NULL;
	mutex_init(&f->mutex);
	INIT_LIST_HEAD(&f->loads);
	list_splice_init(loads, &f->loads);
	spin_lock_init(&f->lock);
	INIT_LIST_HEAD(&f->arrived);
	f->more = true;
	f->max = max;
	refcount_set(&f->refs, 1);
	INIT_WORK(&f->work, flight_work);
	list_for_each_entry(load, &f->loads, peers)
		load->flight = f;
	return f;
}

/**
 * kvt_load_submit() - read what was prepared, together
 * @space: the space
 * @peers: loads by @peers; empty on return
 *
 * Layer by layer if there are layers, else block by block, in the order of the list.
 *
 * Context: process; may sleep for a place in the device's queue.
 */
void kvt_load_submit(struct kvt_space *space, struct list_head *peers)
{
	u64 bytes = (u64)list_count_nodes(peers) * space->block_size;
	u32 max = flight_max(space);
	struct kvt_flight *f = NULL;
	struct blk_plug plug;

	if (bytes > max)
		f = new_flight(peers, max);
	if (f) {
		fly(f);
		return;
	}
	blk_start_plug(&plug);
	while (!list_empty(peers))
		read_next(peers);
	blk_finish_plug(&plug);
}

/* ---------------------------------------------------------------------- begin */

static struct kvt_load *alloc_load(struct kvt_space *space, struct kvt_block *b)
{
	/* The log stays as long as it has a block that is owned. */
	struct kvt_nvme *nvme = kvt_block_arena(space, b)->log->nvme;
	bool is_checked = kvt_sums_sampled(READ_ONCE(nvme->knobs.verify));
	u32 nr_parts = count_parts(space, is_checked);
	struct kvt_load *load;

	load = kvzalloc(struct_size(load, parts, nr_parts), GFP_NOIO);
	if (!load)
		return NULL;
	load->nr_parts = nr_parts;
	atomic_set(&load->nr_left, nr_parts);
	load->is_checked = is_checked;
	load->space = space;
	load->b = b;
	load->until = KVT_LOAD_ALL;
	refcount_set(&load->refs, 2);
	spin_lock_init(&load->lock);
	init_completion(&load->arrived);
	init_completion(&load->done);
	INIT_WORK(&load->work, load_work);
	return load;
}

static void init_parts(struct kvt_load *load)
{
	struct kvt_part *part;

	for (part = load->parts; part < load->parts + load->nr_parts; part++) {
		part->load = load;
		INIT_WORK(&part->work, part_work);
		kvt_io_begin(&part->io, load->seg->dev, part_done);
		part->io.urgency = KVT_DEMAND;
	}
}

/* From now on it can be found by its block. */
static void bind(struct kvt_load *load)
{
	struct kvt_space *space = load->space;

	spin_lock(&space->lock);
	load->seg = kvt_copy_segment(space, copy_of(load), &load->index);
	load->b->load = load;
	spin_unlock(&space->lock);
}

/**
 * kvt_load_prepare() - get ready to bring a block up
 * @space: its space
 * @b: on nvme, frozen by the caller, who owns it no longer on return
 * @want_hold: it is to be held for the caller
 *
 * Context: process, may sleep for a frame.
 * Return: the load, to be submitted and put; ERR_PTR(-ENOSPC), -ENOMEM.
 */
struct kvt_load *kvt_load_prepare(struct kvt_space *space, struct kvt_block *b,
				  bool want_hold)
{
	struct kvt_load *load = alloc_load(space, b);

	if (!load) {
		kvt_block_thaw(space, b);
		return ERR_PTR(-ENOMEM);
	}
	load->to = kvt_frame_find(space, KVT_TIER_CXL, &load->frame);
	if (!load->to) {
		kvfree(load);
		kvt_block_thaw(space, b);
		return ERR_PTR(-ENOSPC);
	}
	bind(load);
	init_parts(load);
	load->is_background = !want_hold;
	load->is_held = want_hold;
	if (want_hold)
		atomic_inc(&b->leases);
	else
		atomic_inc(&space->nr_loading);
	return load;
}

/* Nobody waits for @load, not submitted yet: others go before it. */
void kvt_load_yield(struct kvt_load *load)
{
	u32 i;

	for (i = 0; i < load->nr_parts; i++)
		load->parts[i].io.urgency = KVT_IN_TURN;
}

/*
 * The same for nobody in particular: it counts as use, or the block would be the
 * first to leave memory again.
 */
struct kvt_load *kvt_load_prepare_used(struct kvt_space *space,
				       struct kvt_block *b)
{
	WRITE_ONCE(b->last_use, kvt_clock() | KVT_USED);
	return kvt_load_prepare(space, b, false);
}

/* A single one, prepared and submitted. */
struct kvt_load *kvt_load_begin(struct kvt_space *space, struct kvt_block *b,
				bool want_hold)
{
	struct kvt_load *load = kvt_load_prepare(space, b, want_hold);
	LIST_HEAD(alone);

	if (IS_ERR(load))
		return load;
	list_add(&load->peers, &alone);
	kvt_load_submit(space, &alone);
	return load;
}

/* ------------------------------------------------------------ for who began it */

/**
 * kvt_load_let_go() - who began a load does not wait for it, or not just now
 * @load: submitted; still to be put
 *
 * A worker sees to its end, unless it is claimed again before.
 *
 * Context: process.
 */
void kvt_load_let_go(struct kvt_load *load)
{
	if (change_stage(load, KVT_LOAD_AWAITED, KVT_LOAD_BEGUN) ||
	    !change_stage(load, KVT_LOAD_HANDED, KVT_LOAD_TAKEN))
		return;
	/* arrive() may not have left it yet. */
	wait_for_completion(&load->arrived);
	queue_finish(load);
}

/* Who began a load is done with it, whether it has settled or not. */
void kvt_load_put(struct kvt_load *load)
{
	kvt_load_let_go(load);
	if (load->is_held)
		kvt_block_unhold(load->space, load->b, 1);
	put_ref(load);
}

/**
 * kvt_load_claim() - promise to wait for a load, and so to finish it
 * @load: submitted; kvt_load_wait() or kvt_load_put() are to follow soon
 */
void kvt_load_claim(struct kvt_load *load)
{
	if (load->until == KVT_LOAD_ALL)
		change_stage(load, KVT_LOAD_BEGUN, KVT_LOAD_AWAITED);
}

/* Returns 0, -ETIMEDOUT, or -EINTR. */
static int wait_until(struct completion *done, unsigned long deadline)
{
	long left = max((long)(deadline - jiffies), 1L);

	left = wait_for_completion_killable_timeout(done, left);
	return left > 0 ? 0 : left ? -EINTR : -ETIMEDOUT;
}

/* Has @until come true, or has it settled? Then kvt_load_take() may be called. */
bool kvt_load_has_ended(struct kvt_load *load)
{
	return !load->until || completion_done(&load->done);
}

/**
 * kvt_load_finish() - wait for a load's end, on this task's time
 * @load: submitted; still to be put
 * @deadline: jiffies
 *
 * Unless a worker does it settles here.
 *
 * Context: process, sleeps.
 * Return: 0; -ETIMEDOUT; -EINTR if killed.
 */
int kvt_load_finish(struct kvt_load *load, unsigned long deadline)
{
	int err;

	if (kvt_load_has_ended(load))
		return 0;
	kvt_load_claim(load);
	if (load->until != KVT_LOAD_ALL ||
	    atomic_read(&load->stage) == KVT_LOAD_TAKEN)
		return wait_until(&load->done, deadline);
	err = wait_until(&load->arrived, deadline);
	if (err)
		return err;
	atomic_set(&load->stage, KVT_LOAD_TAKEN);
	finish(load);
	return 0;
}

/**
 * kvt_load_take() - what became of a load that has ended
 * @load: it has ended; still to be put
 * @held: out: the block, held for the caller if that was wanted. It may still be
 *	arriving, see kvt_load_place()
 *
 * Return: 0; -ENOENT: the block is gone, lost or dropped.
 */
int kvt_load_take(struct kvt_load *load, struct kvt_block **held)
{
	if (READ_ONCE(load->err))
		return -ENOENT;
	*held = load->b;
	load->is_held = false;
	return 0;
}

/**
 * kvt_load_wait() - wait for a load
 * @load: submitted; still to be put
 * @deadline: jiffies
 * @held: out: see kvt_load_take()
 *
 * Context: process, sleeps.
 * Return: 0; -ENOENT: the block is gone, lost or dropped; -ETIMEDOUT; -EINTR if
 * killed.
 */
int kvt_load_wait(struct kvt_load *load, unsigned long deadline,
		  struct kvt_block **held)
{
	return kvt_load_finish(load, deadline) ?: kvt_load_take(load, held);
}

/**
 * kvt_load_place() - where a block is, or is to be
 * @load: its load, which may have settled; the block is held
 * @e: out: slot and offset
 *
 * Return: the result of an entry that leases it.
 */
int kvt_load_place(const struct kvt_load *load, struct kvt_entry *e)
{
	bool arriving = atomic_read(&load->b->leases) < 0;

	e->slot = load->b->slot;
	e->offset = kvt_window_offset(load->to->index) +
		    (u64)load->frame * load->space->block_size;
	return load->to->kind | KVT_RES_LEASED |
	       (arriving ? KVT_RES_ARRIVING : 0);
}

/* ------------------------------------------------------------------ for others */

/**
 * kvt_load_join() - hold a block that somebody else brings up
 * @space: its space
 * @e: key, and @len leading bytes that must be valid; out: slot and offset
 *
 * Context: process. The space's waiters are woken on the load's progress from now
 * on.
 * Return: the entry's result: it is held; -EAGAIN: nobody brings it up, or not so
 * much is valid yet.
 */
int kvt_load_join(struct kvt_space *space, struct kvt_entry *e)
{
	struct kvt_load *load = NULL;
	struct kvt_block *b;
	int ret = -EAGAIN;

	rcu_read_lock();
	spin_lock(&space->lock);
	b = kvt_index_find(space, e->key);
	if (b && b->state == KVT_SEALED && !kvt_block_in_memory(space, b) &&
	    atomic_read(&b->leases) < 0)
		load = b->load;
	if (load) {
		WRITE_ONCE(load->is_watched, true);
		/* Pairs with end_part(). */
		smp_mb();
		if (READ_ONCE(load->valid) >= e->len && !READ_ONCE(load->err)) {
			atomic_inc(&b->leases);
			ret = kvt_load_place(load, e);
		}
	}
	spin_unlock(&space->lock);
	rcu_read_unlock();
	return ret;
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
