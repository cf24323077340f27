// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: a log's oldest segment is emptied and freed. Blocks that are in memory
 * only lose their copy; of the others those that were used since the segment was
 * written go through memory to the log's front again, within a budget; the rest
 * goes the same way to the space's log on bulk devices, if this one is on fast
 * ones, or is dropped.
 *
 * Strictly oldest first, so that a tomb is never freed before what it names.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/sort.h>

#include "admit.h"
#include "block.h"
#include "candidate.h"
#include "clean.h"
#include "load.h"
#include "log.h"
#include "move.h"
#include "reclaim.h"
#include "space.h"
#include "trace.h"

/* Blocks that are carried over at a time. */
#define CARRY_DEPTH 16

/* So often there may be no frame for one before the rest is dropped. */
#define MAX_FAILED 64

/**
 * struct pass - walks over a segment's entries
 * @seg: the segment
 * @lower: where blocks go that are not worth staying; or NULL
 * @down: entries that are on their way there; or NULL
 * @hot: entries that are to be carried over; or NULL
 * @nr_failed: how often there was no frame for one
 * @loads: those that are on their way
 * @nr_loads: length of @loads
 */
struct pass {
	struct kvt_segment *seg;
	struct kvt_log *lower;
	unsigned long *down;
	unsigned long *hot;
	u32 nr_failed;
	struct list_head loads;
	u32 nr_loads;
};

static struct kvt_space *space_of(const struct kvt_segment *seg)
{
	return seg->log->arena->space;
}

/* ------------------------------------------------- which blocks are carried over */

/* A block that could be. */
struct use {
	u64 when;
	u32 index;
};

static int later_first(const void *x, const void *y)
{
	const struct use *a = x, *b = y;

	return a->when < b->when ? 1 : -(a->when > b->when);
}

static bool is_orphan(const struct kvt_block *b)
{
	return b->up && b->up->state == KVT_GHOST;
}

/* Blocks that are only here, and were used since they were written. */
static u32 find_hot(struct kvt_segment *seg, struct use *uses)
{
	struct kvt_space *space = space_of(seg);
	struct kvt_block *b;
	u32 i, nr = 0;

	for (i = 0; i < seg->nr; i++) {
		spin_lock(&space->lock);
		b = seg->slots[i] < KVT_UNBURIED ?
			xa_load(&space->slots, seg->slots[i]) : NULL;
		if (b && !kvt_block_in_memory(space, b) && !is_orphan(b) &&
		    READ_ONCE(b->last_use) > seg->sealed_at)
			uses[nr++] = (struct use){ b->last_use, i };
		spin_unlock(&space->lock);
		cond_resched();
	}
	return nr;
}

/*
 * Choose up to @budget blocks, those that were used last: a parent is never older
 * than its child, so that whole prefixes stay. NULL: none.
 */
static unsigned long *choose_hot(struct kvt_segment *seg, u32 budget)
{
	unsigned long *hot = bitmap_zalloc(seg->nr, GFP_NOIO);
	struct use *uses = kvmalloc_array(seg->nr, sizeof(*uses), GFP_KERNEL);
	u32 i, nr;

	if (hot && uses) {
		nr = find_hot(seg, uses);
		sort(uses, nr, sizeof(*uses), later_first, NULL);
		for (i = 0; i < min(nr, budget); i++)
			__set_bit(uses[i].index, hot);
	}
	kvfree(uses);
	return hot;
}

/* ---------------------------------------------------------------- one by one */

enum fate { DONE, DROP, CARRY, LOWER };

/* @b, in memory, loses this copy. LOWER: it is held, and marked to get another. */
static enum fate detach(struct pass *p, u32 i, struct kvt_block *b)
{
	struct kvt_space *space = space_of(p->seg);

	kvt_block_arena(space, b)->below[b->frame] = KVT_NO_COPY;
	kvt_segment_unbind(p->seg, i);
	/* If it is dropped before the segment is free, this copy must not stay. */
	kvt_segment_disclaim(p->seg, i);
	if (!p->down || !test_bit(i, p->down) ||
	    !atomic_inc_unless_negative(&b->leases))
		return DONE;
	kvt_block_mark_writing(space, b);
	kvt_candidate_erase(space, b);
	return LOWER;
}

/* May @b, owned by the caller, go to the lower log? */
static bool may_go_down(struct pass *p, u32 i, const struct kvt_block *b)
{
	return p->down && !is_orphan(b) && kvt_admits(p->lower, b) &&
	       !__test_and_set_bit(i, p->down);
}

/*
 * What becomes of entry @i. DROP, CARRY: *@found is owned by the caller; LOWER: see
 * above. DONE: it names nothing (any more), or its block is owned by a load: look
 * again later.
 */
static enum fate judge(struct pass *p, u32 i, struct kvt_block **found)
{
	struct kvt_segment *seg = p->seg;
	struct kvt_space *space = space_of(seg);
	struct kvt_block *b;

	lockdep_assert_held(&space->lock);
	if (seg->slots[i] >= KVT_UNBURIED)
		return DONE;
	b = xa_load(&space->slots, seg->slots[i]);
	*found = b;
	if (kvt_block_in_memory(space, b))
		return detach(p, i, b);
	if (!kvt_block_freeze(b))
		return DONE;
	/* Once: it may have left memory again since. */
	if ((p->hot && __test_and_clear_bit(i, p->hot)) || may_go_down(p, i, b))
		return CARRY;
	/* Nothing needs to be said about it: its segment goes. */
	kvt_segment_unbind(seg, i);
	b->frame = KVT_NO_FRAME;
	return DROP;
}

static void drop(struct kvt_space *space, struct kvt_block *b)
{
	trace_kvt_evict(space, b);
	kvt_stat_inc(space, reclaimed);
	kvt_spill_note_gone(space, b);
	kvt_forget(space, b);
}

/* @b has come up for entry @i and is held: it does without this copy from now on. */
static void carried(struct pass *p, u32 i, struct kvt_block *b)
{
	struct kvt_space *space = space_of(p->seg);
	enum fate fate = DONE;

	spin_lock(&space->lock);
	/* It may have been dropped, and its entry with it. */
	if (b->state == KVT_SEALED)
		fate = detach(p, i, b);
	spin_unlock(&space->lock);
	kvt_stat_inc(space, carried);
	if (fate == LOWER)
		kvt_log_write(p->lower, b);
	kvt_block_unhold(space, b, 1);
}

static void wait_loads(struct pass *p)
{
	struct kvt_load *load, *next;
	struct kvt_block *b;

	list_for_each_entry_safe(load, next, &p->loads, link) {
		list_del(&load->link);
		if (!kvt_load_wait(load, jiffies + KVT_LOAD_TIMEOUT, &b))
			carried(p, load->entry, b);
		kvt_load_put(load);
	}
	p->nr_loads = 0;
}

/* No more of that: the next walk drops what is left. */
static void give_up(struct pass *p)
{
	bitmap_free(p->hot);
	p->hot = NULL;
	bitmap_free(p->down);
	p->down = NULL;
}

static bool has_free_frame(struct kvt_space *space)
{
	struct kvt_arena *a;

	kvt_for_each_arena(a, space)
		if (READ_ONCE(a->nr_free))
			return true;
	return false;
}

/*
 * All frames may hold blocks that are to be written first. What is left of the open
 * segment takes some of them, and we are the worker that has to see to it.
 */
static void make_room(struct kvt_space *space)
{
	struct kvt_arena *a;

	kvt_for_each_arena(a, space) {
		if (!kvt_arena_is_memory(a))
			continue;
		kvt_clean(a, CARRY_DEPTH);
		kvt_clean_wait(space);
	}
}

/* There was no frame for entry @i. It is to be tried again, unless that is hopeless. */
static void try_again(struct pass *p, u32 i)
{
	if (++p->nr_failed > MAX_FAILED) {
		give_up(p);
		return;
	}
	if (!p->down || !__test_and_clear_bit(i, p->down))
		__set_bit(i, p->hot);
	/* Those that have come up can be written, and go, first. */
	wait_loads(p);
	make_room(space_of(p->seg));
}

/* Bring @b up: when it leaves memory again it is written anew. false: try again. */
static bool carry(struct pass *p, u32 i, struct kvt_block *b)
{
	struct kvt_space *space = space_of(p->seg);
	struct kvt_load *load;
	LIST_HEAD(alone);

	load = kvt_load_prepare(space, b, true);
	if (IS_ERR(load)) {
		try_again(p, i);
		return false;
	}
	load->entry = i;
	list_add_tail(&load->link, &p->loads);
	kvt_load_yield(load);
	list_add_tail(&load->peers, &alone);
	kvt_load_submit(space, &alone);
	if (++p->nr_loads == CARRY_DEPTH)
		wait_loads(p);
	return true;
}

static void walk(struct pass *p)
{
	struct kvt_space *space = space_of(p->seg);
	struct kvt_block *b;
	enum fate fate;
	u32 i;

	for (i = 0; i < p->seg->nr;) {
		bool done = true;

		if ((p->hot || p->down) && !has_free_frame(space))
			make_room(space);
		spin_lock(&space->lock);
		fate = judge(p, i, &b);
		spin_unlock(&space->lock);
		if (fate == DROP)
			drop(space, b);
		else if (fate == CARRY)
			done = carry(p, i, b);
		else if (fate == LOWER)
			kvt_log_write(p->lower, b);
		i += done;
		cond_resched();
	}
	wait_loads(p);
}

/* Nothing is present by @p->seg on return. */
static void empty(struct pass *p)
{
	struct kvt_segment *seg = p->seg;
	struct kvt_space *space = space_of(seg);

	INIT_LIST_HEAD(&p->loads);
	while (READ_ONCE(seg->nr_live)) {
		walk(p);
		/* What is left is owned by loads, which end. */
		if (READ_ONCE(seg->nr_live))
			wait_event_timeout(space->wait, !READ_ONCE(seg->nr_live),
					   HZ / 100);
	}
	give_up(p);
	spin_lock(&space->lock);
	seg->log->nr_unburied -= seg->nr_unburied;
	seg->nr_unburied = 0;
	spin_unlock(&space->lock);
}

/* The log is being taken away: all its blocks are to make do without it. */
void kvt_reclaim_forget(struct kvt_segment *seg)
{
	struct pass p = { .seg = seg };

	empty(&p);
}

/* The space's log on bulk devices, if @log is on fast ones. */
static struct kvt_log *lower_log(struct kvt_log *log)
{
	struct kvt_arena *a;
	struct kvt_log *other;

	if (log->nvme->grade != KVT_LOG_FAST)
		return NULL;
	kvt_for_each_arena(a, log->arena->space) {
		other = READ_ONCE(a->log);
		if (other && other->nvme->grade == KVT_LOG_BULK)
			return other;
	}
	return NULL;
}

static u32 carry_budget(const struct kvt_segment *seg)
{
	return (u64)seg->nr_live *
	       READ_ONCE(seg->log->nvme->knobs.carry_over) / 1000;
}

/* Frames and the last segment of the quota are for what is carried over. */
static void set_carrying(struct kvt_log *log, bool carrying)
{
	struct kvt_space *space = log->arena->space;

	lockdep_assert_held(&log->reclaim);
	if (carrying == log->is_carrying)
		return;
	WRITE_ONCE(log->is_carrying, carrying);
	atomic_add(carrying ? 1 : -1, &space->nr_carrying);
	kvt_space_wake(space);
}

/* Free @seg, closed and the caller's to take. @carry: what is in it can be read. */
static void free_segment(struct kvt_log *log, struct kvt_segment *seg,
			 bool carry)
{
	struct kvt_space *space = log->arena->space;
	struct pass p = {
		.seg = seg,
		.lower = carry ? lower_log(log) : NULL,
	};

	if (p.lower)
		p.down = bitmap_zalloc(seg->nr, GFP_NOIO);
	if (carry && carry_budget(seg))
		p.hot = choose_hot(seg, carry_budget(seg));
	set_carrying(log, p.hot || p.down);
	empty(&p);
	set_carrying(log, false);
	spin_lock(&space->lock);
	list_del_init(&seg->list);
	log->nr_segments--;
	spin_unlock(&space->lock);
	kvt_segment_release(seg);
	kvt_nvme_give(seg);
}

static bool is_at_rest(const struct kvt_segment *seg)
{
	return seg->is_closed && !seg->busy;
}

static struct kvt_segment *oldest(struct kvt_log *log, bool *at_rest)
{
	struct kvt_space *space = log->arena->space;
	struct kvt_segment *seg;

	spin_lock(&space->lock);
	seg = list_first_entry_or_null(&log->segments, struct kvt_segment, list);
	*at_rest = seg && is_at_rest(seg);
	spin_unlock(&space->lock);
	return seg;
}

/**
 * kvt_reclaim() - free a log's oldest segment
 * @log: the log
 * @is_needed: is there still need, when it is our turn? Others may have freed one
 *	meanwhile. NULL: there is
 *
 * Context: process, may sleep.
 * Return: 0, also if there is no need any more; -EAGAIN: it has to be closed, or
 * older ones to be found, first, which is under way; -ENOENT: there is none to take.
 */
int kvt_reclaim(struct kvt_log *log, bool (*is_needed)(struct kvt_log *log))
{
	struct kvt_segment *seg;
	bool at_rest;
	int err = 0;

	mutex_lock(&log->reclaim);
	seg = oldest(log, &at_rest);
	if (READ_ONCE(log->is_stopping)) {
		err = -ENOENT;	/* all go another way */
	} else if (kvt_log_is_recovering(log)) {
		err = -EAGAIN;	/* older ones are yet to be read */
	} else if (is_needed && !is_needed(log)) {
		err = 0;
	} else if (!seg) {
		err = -ENOENT;
	} else if (!at_rest) {
		kvt_log_close_segment(log, seg);
		err = -EAGAIN;
	} else {
		free_segment(log, seg, true);
	}
	mutex_unlock(&log->reclaim);
	return err;
}

/* An open segment is about to be full. */
static bool is_near_end(struct kvt_log *log)
{
	const struct kvt_log_layout *l = &log->layout;
	struct kvt_segment *seg;

	list_for_each_entry(seg, &log->segments, list)
		if (seg->is_open && READ_ONCE(seg->pos) > l->data_end / 4 * 3)
			return true;
	return false;
}

/*
 * What is carried over needs frames, hence blocks that are written first, hence a
 * segment that only then may be taken.
 */
u32 kvt_reclaim_spare(struct kvt_log *log)
{
	return READ_ONCE(log->nvme->knobs.carry_over) || lower_log(log);
}

static bool is_short(struct kvt_log *log)
{
	struct kvt_space *space = log->arena->space;
	u32 spare = kvt_reclaim_spare(log);
	bool is_short;

	spin_lock(&space->lock);
	is_short = list_empty(&log->found) &&
		   (READ_ONCE(log->is_hungry) ||
		    (log->nr_segments + spare >= READ_ONCE(log->quota) &&
		     is_near_end(log)));
	spin_unlock(&space->lock);
	return is_short;
}

/* Make sure that the log finds a free segment when it needs one. */
void kvt_reclaim_if_short(struct kvt_log *log)
{
	while (is_short(log) && !READ_ONCE(log->is_stopping)) {
		if (kvt_reclaim(log, is_short))
			return;
		WRITE_ONCE(log->is_hungry, false);
	}
}

static struct kvt_segment *find_lost(struct kvt_log *log)
{
	struct kvt_space *space = log->arena->space;
	struct kvt_segment *seg, *lost = NULL;

	spin_lock(&space->lock);
	list_for_each_entry(seg, &log->segments, list) {
		if (READ_ONCE(seg->dev->failed) && is_at_rest(seg)) {
			lost = seg;
			break;
		}
	}
	spin_unlock(&space->lock);
	return lost;
}

/* Let go of the segments on devices that have failed. */
void kvt_reclaim_lost(struct kvt_log *log)
{
	struct kvt_segment *seg;

	mutex_lock(&log->reclaim);
	while (!READ_ONCE(log->is_stopping) && (seg = find_lost(log)))
		free_segment(log, seg, false);
	mutex_unlock(&log->reclaim);
}
