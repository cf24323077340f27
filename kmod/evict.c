// SPDX-License-Identifier: GPL-2.0
/* Eviction: making room, by moving blocks down or by dropping them. */
#include <linux/sched.h>

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
 * that is to be dropped first. A chain lies across tiers: its leaf may be on the
 * faster one, and be older than all that can go on the slower.
 */
static struct kvt_block *oldest_victim(struct kvt_arena *a, bool *more)
{
	struct kvt_block *best = NULL, *b;
	struct kvt_arena *other;

	kvt_for_each_arena(other, a->space) {
		if (other != a && (other->kind == a->kind || !is_short(other)))
			continue;
		b = kvt_candidate_next(other, true, more);
		if (b && (!best || b->rank < best->rank))
			best = b;
	}
	return best;
}

/* Returns 0, -ENOENT if no block can go, or -EAGAIN. */
static int drop_oldest(struct kvt_arena *a)
{
	struct kvt_space *space = a->space;
	struct kvt_block *b;
	bool more = false;

	spin_lock(&space->lock);
	b = oldest_victim(a, &more);
	if (b && !kvt_candidate_take(space, b)) {
		b = NULL;
		more = true;
	}
	if (b)
		kvt_block_hide(space, b, KVT_DROPPED, NULL);
	spin_unlock(&space->lock);
	if (!b)
		return more ? -EAGAIN : -ENOENT;
	trace_kvt_evict(space, b);
	kvt_stat_inc(space, evictions);
	kvt_block_destroy(space, b);
	return 0;
}

/* Move the next block of @a to @frame of @to, which is used up if 0. */
static int demote_one(struct kvt_arena *a, struct kvt_arena *to, u32 frame)
{
	struct kvt_space *space = a->space;
	struct kvt_block *b;
	bool more = false;

	spin_lock(&space->lock);
	b = kvt_candidate_next(a, false, &more);
	if (b && !kvt_candidate_take(space, b)) {
		b = NULL;
		more = true;
	}
	spin_unlock(&space->lock);
	if (!b) {
		kvt_frame_return(to, frame);
		return more ? -EAGAIN : -ENOENT;
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
	return to ? demote_one(a, to, frame) : drop_oldest(a);
}

/**
 * kvt_evict_one() - make room for an arena: one step
 * @a: the arena
 *
 * A block of @a is moved to a slower tier or, if that is full, the space's
 * oldest leaf is dropped, there or here: the next step finds its frame.
 *
 * Context: process, may sleep, no lock held.
 * Return: 0: look for a frame, or take another step. -ENOENT (or -EAGAIN): all
 * blocks are leased, being filled or moving.
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
