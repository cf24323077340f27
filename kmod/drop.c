// SPDX-License-Identifier: GPL-2.0
/* Dropping blocks: one, or all that continue a prefix. */
#include <linux/sched/signal.h>

#include "area.h"
#include "block.h"
#include "drop.h"
#include "index.h"
#include "space.h"
#include "spill.h"
#include "trace.h"

/* Blocks of a chain that are hidden under one hold of space->lock. */
#define BATCH 64

/**
 * struct hidden - blocks that were hidden under one hold of space->lock
 * @ours: those that are ours to destroy
 * @slots: of those that are leased or owned: readers of these slots lose them
 * @nr_slots: length of @slots
 * @is_local: the pool may keep them
 */
struct hidden {
	struct list_head ours;
	u32 slots[BATCH];
	u32 nr_slots;
	bool is_local;
};

/*
 * Hide @b, sealed or filling. A filling block stays with its filler, who learns
 * of it at COMMIT.
 */
static void hide(struct kvt_space *space, struct kvt_block *b,
		 struct kvt_block *standin, struct hidden *h)
{
	lockdep_assert_held(&space->lock);
	trace_kvt_drop(space, b);
	if (b->state == KVT_FILLING) {
		kvt_block_hide(space, b, KVT_CANCELLED, standin);
		return;
	}
	if (h->is_local)
		kvt_spill_let_arrive(space, b);
	kvt_block_hide(space, b, KVT_DROPPED, standin);
	if (kvt_block_claim_hidden(b))
		list_add(&b->filling, &h->ours);
	else
		h->slots[h->nr_slots++] = b->slot;
}

static void finish(struct kvt_space *space, struct hidden *h)
{
	struct kvt_block *b, *next;

	while (h->nr_slots)
		kvt_area_zap_slot(space, h->slots[--h->nr_slots]);
	list_for_each_entry_safe(b, next, &h->ours, filling) {
		kvt_block_destroy(space, b);
		cond_resched();
	}
	INIT_LIST_HEAD(&h->ours);
	kvt_space_wake(space);
}

/**
 * kvt_drop_one() - forget one block
 * @space: the space
 * @key: its key
 * @is_local: the pool may keep it, also if it is just being sent there
 *
 * Context: process, may sleep.
 * Return: 0, or -ENOENT.
 */
int kvt_drop_one(struct kvt_space *space, const u8 *key, bool is_local)
{
	struct hidden h = {
		.ours = LIST_HEAD_INIT(h.ours), .is_local = is_local,
	};
	struct kvt_block *b, *standin;

	standin = kvt_block_alloc_standin(space, key);
	spin_lock(&space->lock);
	b = kvt_index_find(space, key);
	if (b && b->state != KVT_GHOST) {
		hide(space, b, standin, &h);
		standin = NULL;
	} else {
		b = NULL;
	}
	spin_unlock(&space->lock);
	kvt_block_discard(space, standin);
	if (!b)
		return -ENOENT;
	kvt_stat_inc(space, drops);
	finish(space, &h);
	return 0;
}

/**
 * kvt_drop_expired() - forget a block if it has expired
 * @space: the space
 * @key: its key
 * @now: by kvt_clock()
 *
 * Context: process, may sleep.
 */
void kvt_drop_expired(struct kvt_space *space, const u8 *key, u64 now)
{
	struct hidden h = { .ours = LIST_HEAD_INIT(h.ours) };
	struct kvt_block *b, *standin;
	bool expired;

	standin = kvt_block_alloc_standin(space, key);
	spin_lock(&space->lock);
	b = kvt_index_find(space, key);
	expired = b && kvt_retain_has_expired(space, b, now);
	if (expired)
		hide(space, b, standin, &h);
	spin_unlock(&space->lock);
	if (!expired) {
		kvt_block_discard(space, standin);
		return;
	}
	kvt_stat_inc(space, expired);
	finish(space, &h);
}

static struct kvt_block *first_leaf(struct kvt_block *b, u32 *walked)
{
	for (; !hlist_empty(&b->children); (*walked)++)
		b = hlist_entry(b->children.first, struct kvt_block, sibling);
	return b;
}

/*
 * Hide blocks of the family below @top, leaves first, @top last: BATCH, and more
 * where it was a long way down, which would have to be gone again. Returns how
 * many; *@done: @top is gone.
 */
static u32 hide_family(struct kvt_space *space, struct kvt_block *top,
		       struct hidden *h, bool *done)
{
	struct kvt_block *b = top, *up;
	bool is_ghost = top->state == KVT_GHOST;
	u32 nr = 0, walked = 0;

	while (nr < BATCH + walked / 8 && h->nr_slots < BATCH && !*done) {
		b = first_leaf(b, &walked);
		up = b->up;
		/* A ghost goes with its last child. */
		*done = b == top || (is_ghost && up == top &&
				     hlist_is_singular_node(&b->sibling,
							    &top->children));
		hide(space, b, NULL, h);
		nr++;
		b = up;
	}
	return nr;
}

/**
 * kvt_drop_chain() - forget a block and all that continue it
 * @space: the space
 * @key: its key; it may be absent itself
 * @is_local: as for kvt_drop_one()
 *
 * Blocks that are added below it meanwhile may stay.
 *
 * Context: process, may sleep.
 * Return: 0, -ENOENT, or -EINTR if killed.
 */
int kvt_drop_chain(struct kvt_space *space, const u8 *key, bool is_local)
{
	u32 limit = atomic_read(&space->nr_descriptors), nr = 0, step;
	struct hidden h = {
		.ours = LIST_HEAD_INIT(h.ours), .is_local = is_local,
	};
	struct kvt_block *top;
	bool done = false;

	while (!done && nr <= limit) {
		if (fatal_signal_pending(current))
			return -EINTR;
		spin_lock(&space->lock);
		top = kvt_index_find(space, key);
		step = top ? hide_family(space, top, &h, &done) : 0;
		spin_unlock(&space->lock);
		if (!step)
			break;
		nr += step;
		kvt_stat_add(space, drops, step);
		finish(space, &h);
		cond_resched();
	}
	return nr ? 0 : -ENOENT;
}

/* The memory of @b, which the caller holds, has failed: forget it. */
void kvt_drop_poisoned(struct kvt_space *space, struct kvt_block *b)
{
	struct hidden h = { .ours = LIST_HEAD_INIT(h.ours) };
	struct kvt_block *standin;
	bool hidden;

	standin = kvt_block_alloc_standin(space, b->key);
	spin_lock(&space->lock);
	hidden = b->state == KVT_SEALED;
	if (hidden)
		hide(space, b, standin, &h);
	spin_unlock(&space->lock);
	if (!hidden) {
		kvt_block_discard(space, standin);
		return;
	}
	kvt_stat_inc(space, poisoned);
	finish(space, &h);
}
