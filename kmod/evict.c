// SPDX-License-Identifier: GPL-2.0
/*
 * Eviction: which block of an arena goes next, and where to.
 *
 * Each arena has a tree of its sealed blocks by rank. Hits do not touch it: they
 * only write b->last_use. A block whose rank has grown since it was inserted is
 * put where it belongs when it comes up; a block that cannot go when it comes
 * up (leased, owned by a mover, or with children as near as itself) is parked
 * outside the tree, and what ends that state puts it back. So every step but
 * the last is paid for by an earlier hit, lease or fill.
 */
#include <linux/sched.h>

#include "evict.h"
#include "family.h"
#include "move.h"
#include "space.h"
#include "trace.h"

/* Candidates looked at under one hold of space->lock. */
#define BATCH 64

static u64 rank_of(struct kvt_space *space, const struct kvt_block *b)
{
	struct kvt_candidate c = {
		.last_use = READ_ONCE(b->last_use),
		.class_id = b->class_id,
		.orphan = b->up && b->up->state == KVT_GHOST,
	};

	return READ_ONCE(space->policy)->rank(&c);
}

static bool less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct kvt_block, evict)->rank <
	       rb_entry(b, struct kvt_block, evict)->rank;
}

/* Make a sealed block a candidate, unless it is one. */
void kvt_evict_insert(struct kvt_space *space, struct kvt_block *b)
{
	lockdep_assert_held(&space->lock);
	WRITE_ONCE(b->parked, 0);
	if (!RB_EMPTY_NODE(&b->evict))
		return;
	b->rank = rank_of(space, b);
	rb_add_cached(&b->evict, &kvt_block_arena(space, b)->evict, less);
}

/* The same for one that could not go before: who waits for room may try again. */
void kvt_evict_offer(struct kvt_space *space, struct kvt_block *b)
{
	kvt_evict_insert(space, b);
	WRITE_ONCE(space->nr_offers, space->nr_offers + 1);
}

void kvt_evict_erase(struct kvt_space *space, struct kvt_block *b)
{
	lockdep_assert_held(&space->lock);
	if (RB_EMPTY_NODE(&b->evict))
		return;
	rb_erase_cached(&b->evict, &kvt_block_arena(space, b)->evict);
	RB_CLEAR_NODE(&b->evict);
}

/* Take @b, leased or owned, out of the tree until that ends. */
static void park(struct kvt_space *space, struct kvt_block *b)
{
	kvt_evict_erase(space, b);
	WRITE_ONCE(b->parked, 1);
	/* Pairs with atomic_sub_return() in kvt_block_unhold(). */
	smp_mb();
	if (atomic_read(&b->leases) == 0)
		kvt_evict_insert(space, b);
}

/* Children in memory that is at least as fast as @kind. */
static u32 near_kids(const struct kvt_block *b, enum kvt_tier_kind kind)
{
	u32 nr = b->kids[KVT_TIER_DRAM];

	return kind == KVT_TIER_CXL ? nr + b->kids[KVT_TIER_CXL] : nr;
}

enum verdict { TAKEN, LOOK_ON, LOOK_AGAIN };

/* @b came up. @drop: it would be dropped, not moved down. */
static enum verdict consider(struct kvt_arena *a, struct kvt_block *b,
			     bool drop)
{
	struct kvt_space *space = a->space;
	u64 rank = rank_of(space, b);

	if (rank > b->rank) {
		kvt_evict_erase(space, b);
		kvt_evict_insert(space, b);
		return LOOK_AGAIN;
	}
	if (near_kids(b, a->kind)) {
		kvt_evict_erase(space, b);
		WRITE_ONCE(b->parked, 1);
		return LOOK_AGAIN;
	}
	if (drop && near_kids(b, KVT_TIER_CXL))
		return LOOK_ON;
	if (!kvt_block_freeze(b)) {
		park(space, b);
		return LOOK_AGAIN;
	}
	kvt_evict_erase(space, b);
	return TAKEN;
}

/*
 * The next block to go, frozen, or NULL. *@more: it was only the batch that
 * ended, look again.
 */
static struct kvt_block *select_victim(struct kvt_arena *a, bool drop,
				       bool *more)
{
	struct rb_node *n = rb_first_cached(&a->evict), *next;
	unsigned int i;

	lockdep_assert_held(&a->space->lock);
	for (i = 0; n && i < BATCH; i++, n = next) {
		struct kvt_block *b = rb_entry(n, struct kvt_block, evict);

		next = rb_next(n);
		switch (consider(a, b, drop)) {
		case TAKEN:
			return b;
		case LOOK_AGAIN:
			*more = true;
			break;
		case LOOK_ON:
			break;
		}
	}
	return NULL;
}

/* Drop the next block of @a. Returns 0, -ENOENT if none can go, or -EAGAIN. */
static int drop_one(struct kvt_arena *a)
{
	struct kvt_space *space = a->space;
	struct kvt_block *b;
	bool more = false;

	spin_lock(&space->lock);
	b = select_victim(a, true, &more);
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
	b = select_victim(a, false, &more);
	spin_unlock(&space->lock);
	if (!b)
		return more ? -EAGAIN : -ENOENT;
	if (!kvt_move(space, b, to, frame))
		kvt_stat_inc(space, demotions);
	return 0;
}

static int retry(struct kvt_arena *a, int (*step)(struct kvt_arena *a))
{
	/* Every -EAGAIN re-ranked or parked a block: one round is enough. */
	u32 rounds = READ_ONCE(a->nr_frames) / BATCH + 2;
	int err;

	do {
		err = step(a);
		cond_resched();
	} while (err == -EAGAIN && --rounds);
	return err;
}

/* A free frame on a slower memory tier of the space, made free if need be. */
static struct kvt_arena *frame_below(struct kvt_arena *a, u32 *frame)
{
	struct kvt_arena *to;

	if (a->kind != KVT_TIER_DRAM)
		return NULL;
	kvt_for_each_arena(to, a->space) {
		if (to->kind != KVT_TIER_CXL)
			continue;
		*frame = kvt_frame_take(to, 0);
		if (*frame == KVT_NO_FRAME && !retry(to, drop_one))
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
	int err;

	to = frame_below(a, &frame);
	if (!to)
		return drop_one(a);
	err = demote_one(a, to, frame);
	if (err)
		kvt_frame_return(to, frame);
	return err;
}

/**
 * kvt_evict_one() - make one frame of an arena free
 * @a: the arena
 *
 * Context: process, may sleep, no lock held.
 * Return: 0; -ENOENT (or -EAGAIN) if all its blocks are leased, being filled
 * or moving.
 */
int kvt_evict_one(struct kvt_arena *a)
{
	return retry(a, evict_step);
}
