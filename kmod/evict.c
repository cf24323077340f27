// SPDX-License-Identifier: GPL-2.0
/* Eviction: making room in memory, by moving blocks down or by dropping them. */
#include <linux/sched.h>

#include "admit.h"
#include "candidate.h"
#include "evict.h"
#include "move.h"
#include "space.h"
#include "trace.h"

static bool is_short(const struct kvt_arena *a)
{
	return !a->nr_free ||
	       a->nr_free < kvt_watermark(a, a->space->knobs.high_watermark);
}

/*
 * Of @a, and of arenas of other kinds that are short of frames too, the block
 * that is to go first. A chain lies across tiers: its leaf may be on the
 * faster one, and be older than all that can go on the slower.
 */
static struct kvt_block *oldest(struct kvt_arena *a, enum kvt_way way,
				bool *more)
{
	struct kvt_block *best = NULL, *b;
	struct kvt_arena *other;

	kvt_for_each_arena(other, a->space) {
		if (other != a && (other->kind == a->kind || !is_short(other) ||
				   !kvt_arena_is_memory(other)))
			continue;
		b = kvt_candidate_next(other, way, more);
		if (b && (!best || b->rank < best->rank))
			best = b;
	}
	return best;
}

static bool has_copy(struct kvt_space *space, const struct kvt_block *b)
{
	return kvt_copy_is_real(kvt_block_arena(space, b)->below[b->frame]);
}

/* Is @b to be written before it goes? */
static bool is_due(struct kvt_space *space, const struct kvt_block *b)
{
	return !has_copy(space, b) && kvt_admit(space, b);
}

/*
 * The block that is to leave memory, taken. NULL: -ENOENT, -EAGAIN, or
 * -EINPROGRESS: those that are due have to be written first, which is for the
 * worker to do.
 */
static struct kvt_block *take_oldest(struct kvt_arena *a, bool *clean, int *err)
{
	struct kvt_space *space = a->space;
	bool more = false, dirty = false;
	struct kvt_block *b;

	lockdep_assert_held(&space->lock);
	b = oldest(a, KVT_WAY_OUT, &more);
	if (b && is_due(space, b)) {
		dirty = true;
		b = oldest(a, KVT_WAY_CLEAN, &more);
	}
	if (b && kvt_candidate_take(space, b)) {
		kvt_spill_note_leaving(space);
		*clean = has_copy(space, b) &&
			 kvt_retain_allows(space, b, KVT_TIER_NVME);
		return b;
	}
	*err = b ? -EAGAIN : dirty ? -EINPROGRESS : more ? -EAGAIN : -ENOENT;
	return NULL;
}

static void drop(struct kvt_space *space, struct kvt_block *b)
{
	trace_kvt_evict(space, b);
	kvt_stat_inc(space, evictions);
	if (kvt_space_extents(space))
		kvt_stat_inc(space, not_admitted);
	kvt_spill_note_gone(space, b);
	kvt_forget(space, b);
}

/* Returns 0 or what take_oldest() says. */
static int leave_memory(struct kvt_arena *a)
{
	struct kvt_space *space = a->space;
	struct kvt_block *b;
	bool clean = false;
	int err = 0;

	spin_lock(&space->lock);
	b = take_oldest(a, &clean, &err);
	spin_unlock(&space->lock);
	if (err == -EINPROGRESS)
		queue_work(space->wq, &space->balance);
	if (!b)
		return err;
	if (!clean) {
		drop(space, b);
		return 0;
	}
	err = kvt_leave_memory(space, b);
	if (!err)
		kvt_stat_inc(space, demotions);
	return err;
}

/* The next block of @a, taken. NULL: -ENOENT or -EAGAIN. */
static struct kvt_block *take_next(struct kvt_arena *a, int *err)
{
	struct kvt_space *space = a->space;
	struct kvt_block *b;
	bool more = false;

	spin_lock(&space->lock);
	b = kvt_candidate_next(a, KVT_WAY_DOWN, &more);
	if (b && !kvt_candidate_take(space, b)) {
		b = NULL;
		more = true;
	}
	spin_unlock(&space->lock);
	*err = b ? 0 : more ? -EAGAIN : -ENOENT;
	return b;
}

/*
 * Move the next block of @a to @frame of @to, which is used up; or drop it, if
 * its class is to stay above.
 */
static int demote_one(struct kvt_arena *a, struct kvt_arena *to, u32 frame)
{
	struct kvt_space *space = a->space;
	struct kvt_block *b;
	int err;

	b = take_next(a, &err);
	if (!b || !kvt_retain_allows(space, b, to->kind)) {
		kvt_frame_return(to, frame);
		if (b)
			drop(space, b);
		return err;
	}
	if (!kvt_move(space, b, to, frame))
		kvt_stat_inc(space, demotions);
	return 0;
}

/* A free frame on a slower memory tier of the space. */
static struct kvt_arena *frame_below(struct kvt_arena *a, u32 *frame)
{
	struct kvt_arena *to;

	if (a->kind != KVT_TIER_DRAM)
		return NULL;
	kvt_for_each_arena(to, a->space) {
		if (to->kind != KVT_TIER_CXL)
			continue;
		*frame = kvt_frame_take(to, 0);
		if (*frame != KVT_NO_FRAME)
			return to;
	}
	return NULL;
}

static int evict_step(struct kvt_arena *a)
{
	struct kvt_arena *to;
	u32 frame;

	to = frame_below(a, &frame);
	return to ? demote_one(a, to, frame) : leave_memory(a);
}

/**
 * kvt_evict_one() - make room for an arena: one step
 * @a: the arena
 *
 * A block of @a is moved to slower memory or, if that is full, the space's
 * oldest leaf leaves memory, there or here: the next step finds its frame. It is
 * dropped unless it has a copy on nvme; if it is to get one first, blocks that
 * have one already go before it. What its class keeps from going lower is dropped.
 *
 * Context: process, may sleep, no lock held.
 * Return: 0: look for a frame, or take another step. -EINPROGRESS: blocks have to
 * be written first; the worker is at it. -ENOENT (or -EAGAIN): all are leased,
 * being filled or moving.
 */
int kvt_evict_one(struct kvt_arena *a)
{
	/* Every -EAGAIN re-ranked or parked a block: one round is enough. */
	u32 rounds = div_u64(kvt_space_frames(a->space),
			     KVT_CANDIDATE_BATCH) + 2;
	int err;

	do {
		err = evict_step(a);
		cond_resched();
	} while (err == -EAGAIN && --rounds);
	return err;
}

/**
 * kvt_evict_waits() - does the block that should go first wait for its copy?
 * @a: the arena
 *
 * Blocks that are used more have to go instead until it is written.
 *
 * Context: process, no lock held.
 * Return: true if it does.
 */
bool kvt_evict_waits(struct kvt_arena *a)
{
	struct kvt_block *b;
	bool more = false, due;

	spin_lock(&a->space->lock);
	b = oldest(a, KVT_WAY_OUT, &more);
	due = b && is_due(a->space, b);
	spin_unlock(&a->space->lock);
	return due;
}
