// SPDX-License-Identifier: GPL-2.0
/* Dropping blocks: one, or all that continue a prefix. */
#include <linux/sched/signal.h>

#include "block.h"
#include "drop.h"
#include "space.h"
#include "trace.h"

/* Blocks of a chain that are hidden under one hold of space->lock. */
#define BATCH 64

/*
 * Hide @b, sealed or filling; if it is ours then, add it to @ours. A filling
 * block stays with its filler, who learns of it at COMMIT.
 */
static void hide(struct kvt_space *space, struct kvt_block *b,
		 struct kvt_block *standin, struct list_head *ours)
{
	lockdep_assert_held(&space->lock);
	trace_kvt_drop(space, b);
	if (b->state == KVT_FILLING) {
		kvt_block_hide(space, b, KVT_CANCELLED, standin);
		return;
	}
	kvt_block_hide(space, b, KVT_DROPPED, standin);
	if (kvt_block_claim_hidden(b))
		list_add(&b->filling, ours);
}

static void destroy_all(struct kvt_space *space, struct list_head *ours)
{
	struct kvt_block *b, *next;

	list_for_each_entry_safe(b, next, ours, filling)
		kvt_block_destroy(space, b);
	kvt_space_wake(space);
}

/**
 * kvt_drop_one() - forget one block
 * @space: the space
 * @key: its key
 *
 * Context: process, may sleep.
 * Return: 0, or -ENOENT.
 */
int kvt_drop_one(struct kvt_space *space, const u8 *key)
{
	struct kvt_block *b, *standin;
	LIST_HEAD(ours);

	standin = kvt_block_alloc_standin(space, key);
	spin_lock(&space->lock);
	b = kvt_index_find(space, key);
	if (b && b->state != KVT_GHOST) {
		hide(space, b, standin, &ours);
		standin = NULL;
	} else {
		b = NULL;
	}
	spin_unlock(&space->lock);
	kvt_block_free(space, standin);
	if (!b)
		return -ENOENT;
	kvt_stat_inc(space, drops);
	destroy_all(space, &ours);
	return 0;
}

static struct kvt_block *first_leaf(struct kvt_block *b)
{
	while (!hlist_empty(&b->children))
		b = hlist_entry(b->children.first, struct kvt_block, sibling);
	return b;
}

/*
 * Hide up to BATCH blocks of the family below @top, leaves first, @top last.
 * Returns how many; *@done: @top is gone.
 */
static u32 hide_family(struct kvt_space *space, struct kvt_block *top,
		       struct list_head *ours, bool *done)
{
	struct kvt_block *b = top, *up;
	bool is_ghost = top->state == KVT_GHOST;
	u32 nr = 0;

	while (nr < BATCH && !*done) {
		b = first_leaf(b);
		up = b->up;
		/* A ghost goes with its last child. */
		*done = b == top || (is_ghost && up == top &&
				     hlist_is_singular_node(&b->sibling,
							    &top->children));
		hide(space, b, NULL, ours);
		nr++;
		b = up;
	}
	return nr;
}

/**
 * kvt_drop_chain() - forget a block and all that continue it
 * @space: the space
 * @key: its key; it may be absent itself
 *
 * Blocks that are added below it meanwhile may stay.
 *
 * Context: process, may sleep.
 * Return: 0, -ENOENT, or -EINTR if killed.
 */
int kvt_drop_chain(struct kvt_space *space, const u8 *key)
{
	u32 limit = atomic_read(&space->nr_descriptors), nr = 0, step;
	struct kvt_block *top;
	bool done = false;

	while (!done && nr <= limit) {
		LIST_HEAD(ours);

		if (fatal_signal_pending(current))
			return -EINTR;
		spin_lock(&space->lock);
		top = kvt_index_find(space, key);
		step = top ? hide_family(space, top, &ours, &done) : 0;
		spin_unlock(&space->lock);
		if (!step)
			break;
		nr += step;
		kvt_stat_add(space, drops, step);
		destroy_all(space, &ours);
		cond_resched();
	}
	return nr ? 0 : -ENOENT;
}

/* A reader found that the memory of a block has failed. */
void kvt_drop_poisoned(struct kvt_space *space, const u8 *key)
{
	if (!kvt_drop_one(space, key))
		kvt_stat_inc(space, poisoned);
}
