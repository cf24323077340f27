// SPDX-License-Identifier: GPL-2.0
/* Where blocks are to lie: frames for new ones, promotion, evacuation. */
#include <linux/bitmap.h>
#include <linux/rcupdate_wait.h>
#include <linux/sched/signal.h>
#include <linux/topology.h>

#include "evict.h"
#include "move.h"
#include "place.h"

/* Frames that reclaim needs to go on: it carries so many blocks over at a time. */
#define KEPT 16

/**
 * kvt_frames_kept() - how many free frames are not for new blocks just now
 * @a: memory
 *
 * Memory may be full of blocks that wait for a segment to be written to, hence for
 * reclaim; and those who store would take each frame that becomes free. So what
 * reclaim brings up comes first.
 *
 * Return: frames.
 */
u32 kvt_frames_kept(struct kvt_arena *a)
{
	return atomic_read(&a->space->nr_carrying) ?
		min(KEPT, READ_ONCE(a->nr_frames) / 8) : 0;
}

/* What a frame is wanted for. */
enum use { FOR_COPY, FOR_NEW };

static u32 kept(struct kvt_arena *a, enum use use)
{
	return use == FOR_NEW ? kvt_frames_kept(a) : 0;
}

/* A free frame of memory of @kind, on this CPU's node if there is one. */
static struct kvt_arena *take_from_kind(struct kvt_space *space,
					enum kvt_tier_kind kind, u32 *frame,
					u32 keep_permille, enum use use)
{
	int local = numa_node_id(), pass;
	struct kvt_arena *a;

	for (pass = 0; pass < 2; pass++) {
		kvt_for_each_arena(a, space) {
			bool far = a->node != local;

			if (a->kind != kind || far != pass)
				continue;
			*frame = kvt_frame_take(a, kept(a, use) +
						kvt_watermark(a, keep_permille));
			if (*frame != KVT_NO_FRAME)
				return a;
		}
	}
	return NULL;
}

/* The same, evicting a block if none is free. */
static struct kvt_arena *evict_from_kind(struct kvt_space *space,
					 enum kvt_tier_kind kind, u32 *frame,
					 enum use use)
{
	struct kvt_arena *a;

	kvt_for_each_arena(a, space) {
		if (a->kind != kind || !READ_ONCE(a->limit))
			continue;
		while (!kvt_evict_one(a)) {
			*frame = kvt_frame_take(a, kept(a, use));
			if (*frame != KVT_NO_FRAME)
				return a;
		}
	}
	return NULL;
}

static struct kvt_arena *find(struct kvt_space *space,
			      enum kvt_tier_kind slowest, u32 *frame,
			      enum use use)
{
	int kind, end = min_t(int, slowest + 1, KVT_MEM_KINDS);
	struct kvt_arena *a;

	for (kind = 0; kind < end; kind++) {
		a = take_from_kind(space, kind, frame, 0, use);
		if (a)
			return a;
	}
	for (kind = 0; kind < end; kind++) {
		a = evict_from_kind(space, kind, frame, use);
		if (a)
			return a;
	}
	return NULL;
}

/**
 * kvt_frame_find_new() - a frame for a block that is not there yet
 * @space: the space
 * @slowest: of memory that will do
 * @frame: out: the frame, owned by the caller
 *
 * Takes a free one on the fastest tier that has any, so that a filler does not
 * pay for a move; only when all memory is full it evicts here and now.
 *
 * Context: process, may sleep.
 * Return: the frame's arena; NULL if nothing is free nor can go.
 */
struct kvt_arena *kvt_frame_find_new(struct kvt_space *space,
				     enum kvt_tier_kind slowest, u32 *frame)
{
	return find(space, slowest, frame, FOR_NEW);
}

/* The same for one that comes up from nvme: it can go again at any time. */
struct kvt_arena *kvt_frame_find(struct kvt_space *space,
				 enum kvt_tier_kind slowest, u32 *frame)
{
	return find(space, slowest, frame, FOR_COPY);
}

/**
 * kvt_promote() - bring a block up to dram, if room can be had
 * @space: its space
 * @b: on cxl, frozen by the caller, who owns it no longer on return
 * @how: KVT_PROMOTE_FREE or KVT_PROMOTE_ALWAYS
 *
 * Context: process, may sleep. Where there is no room the block stays.
 */
void kvt_promote(struct kvt_space *space, struct kvt_block *b,
		 enum kvt_promote how)
{
	u32 keep = READ_ONCE(space->knobs.low_watermark), frame;
	struct kvt_arena *to;

	to = take_from_kind(space, KVT_TIER_DRAM, &frame, keep, FOR_COPY);
	if (!to && how == KVT_PROMOTE_ALWAYS)
		to = evict_from_kind(space, KVT_TIER_DRAM, &frame, FOR_COPY);
	if (!to)
		kvt_block_thaw(space, b);
	else if (!kvt_move(space, b, to, frame))
		kvt_stat_inc(space, promotions);
}

/* Somewhere else for @b of @a: below its limit, or another arena. */
static struct kvt_arena *frame_elsewhere(struct kvt_arena *a,
					 const struct kvt_block *b, u32 *frame)
{
	struct kvt_arena *to;

	*frame = kvt_frame_take(a, 0);
	if (*frame != KVT_NO_FRAME)
		return a;
	kvt_for_each_arena(to, a->space) {
		if (to == a || !kvt_retain_allows(a->space, b, to->kind))
			continue;
		*frame = kvt_frame_take(to, 0);
		if (*frame != KVT_NO_FRAME)
			return to;
	}
	return NULL;
}

/* The same, evicting what is used least if no frame is free. */
static struct kvt_arena *room_elsewhere(struct kvt_arena *a,
					const struct kvt_block *b, u32 *frame)
{
	struct kvt_arena *to = frame_elsewhere(a, b, frame), *from;

	if (to)
		return to;
	kvt_for_each_arena(from, a->space) {
		while (READ_ONCE(from->limit) && !kvt_evict_one(from)) {
			to = frame_elsewhere(a, b, frame);
			if (to)
				return to;
		}
	}
	return NULL;
}

static void evacuate_block(struct kvt_arena *a, struct kvt_block *b)
{
	struct kvt_arena *to;
	u32 frame;

	to = room_elsewhere(a, b, &frame);
	if (to) {
		kvt_move(a->space, b, to, frame);
		return;
	}
	kvt_stat_inc(a->space, evictions);
	kvt_spill_note_gone(a->space, b);
	kvt_forget(a->space, b);
}

static bool lies_above(struct kvt_arena *a, const struct kvt_block *b,
		       u32 limit)
{
	return kvt_block_arena(a->space, b) == a &&
	       READ_ONCE(b->frame) >= limit;
}

/* Freeze the block at @slot if it lies in @a at or above @limit. */
static struct kvt_block *freeze_above(struct kvt_arena *a, u32 limit,
				      unsigned long slot)
{
	struct kvt_block *b;

	rcu_read_lock();
	b = xa_load(&a->space->slots, slot);
	if (!b || !kvt_block_is_sealed(b) || !lies_above(a, b, limit) ||
	    !kvt_block_freeze(b))
		b = NULL;
	rcu_read_unlock();
	/* It may have moved before it was ours. */
	if (b && !lies_above(a, b, limit)) {
		kvt_block_thaw(a->space, b);
		b = NULL;
	}
	return b;
}

/* How many blocks of @a could leave the frames from @limit up just now. */
static u32 movable_above(struct kvt_arena *a, u32 limit)
{
	struct kvt_block *b;
	unsigned long slot;
	u32 nr = 0;

	rcu_read_lock();
	xa_for_each(&a->space->slots, slot, b) {
		nr += kvt_block_is_sealed(b) && lies_above(a, b, limit) &&
		      !atomic_read(&b->leases);
		cond_resched_rcu();
	}
	rcu_read_unlock();
	return nr;
}

/* How many blocks have to go before the rest fits below @limit or elsewhere. */
static u32 excess(struct kvt_arena *a, u32 limit)
{
	u32 nr = movable_above(a, limit);
	struct kvt_arena *other;

	nr -= min(nr, READ_ONCE(a->nr_free));
	/* From dram, eviction itself moves blocks down where there is room. */
	kvt_for_each_arena(other, a->space)
		if (other != a && a->kind != KVT_TIER_DRAM)
			nr -= min(nr, READ_ONCE(other->nr_free));
	return nr;
}

static bool is_empty_above(struct kvt_arena *a, u32 limit)
{
	bool empty;

	spin_lock(&a->space->lock);
	empty = find_next_bit(a->used, a->nr_frames, limit) >= a->nr_frames;
	spin_unlock(&a->space->lock);
	return empty;
}

static void evacuate_pass(struct kvt_arena *a, u32 limit)
{
	u32 nr = excess(a, limit);
	struct kvt_block *b;
	unsigned long slot;

	while (nr-- && !kvt_evict_one(a))
		;
	xa_for_each(&a->space->slots, slot, b) {
		b = freeze_above(a, limit, slot);
		if (b)
			evacuate_block(a, b);
		cond_resched();
		if (fatal_signal_pending(current))
			return;
	}
}

/**
 * kvt_evacuate() - empty the frames of an arena from @limit up
 * @a: the arena, lowered to @limit
 * @limit: first frame to empty
 *
 * First as many blocks go as must, in the order of eviction; then the others
 * move below @limit or to another arena. Leased and filling blocks stay.
 *
 * Context: kvt_admin held; may sleep.
 */
void kvt_evacuate(struct kvt_arena *a, u32 limit)
{
	unsigned int pass;

	/* A block that the worker is just moving is met in the next pass. */
	for (pass = 0; pass < 3 && !is_empty_above(a, limit); pass++) {
		flush_work(&a->space->balance);
		evacuate_pass(a, limit);
	}
}
