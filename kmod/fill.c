// SPDX-License-Identifier: GPL-2.0
/*
 * Fills: from a reserved frame to a sealed block, or back.
 *
 * A filling block is owned by its filler's open file: it is frozen, in the
 * index so that a second filler finds it, and in the file's list so that it is
 * given back when the file goes. What a dead or late filler leaves behind goes
 * to quarantine first: a device may still be writing into the frame.
 */
#include <linux/ktime.h>
#include <linux/slab.h>

#include "block.h"
#include "candidate.h"
#include "event.h"
#include "family.h"
#include "file.h"
#include "fill.h"
#include "index.h"
#include "move.h"
#include "place.h"
#include "space.h"
#include "trace.h"

/* Of a stand-in that is made before it is known what for. */
static const u8 no_key[KVT_KEY_SIZE];

static bool is_root(const u8 *parent)
{
	return !memchr_inv(parent, 0, KVT_KEY_SIZE);
}

/* Why @b, found under RCU or space->lock, cannot be filled; 0 if it can. */
static int why_not(struct kvt_fill *fill, const struct kvt_block *b)
{
	switch (READ_ONCE(b->state)) {
	case KVT_SEALED:
		return -EEXIST;
	case KVT_FILLING:
		return READ_ONCE(b->filler) == fill->file ?
			-EALREADY : -EINPROGRESS;
	default:
		return 0;
	}
}

static int peek(struct kvt_fill *fill, const u8 *key)
{
	struct kvt_block *b;
	int err = 0;

	rcu_read_lock();
	b = kvt_index_find(fill->space, key);
	if (b)
		err = why_not(fill, b);
	rcu_read_unlock();
	return err;
}

static int take_quota(struct kvt_space *space)
{
	if (atomic_long_inc_return(&space->held) <= kvt_space_quota(space))
		return 0;
	atomic_long_dec(&space->held);
	return -EDQUOT;
}

/* The parent's descriptor; a ghost is made if it is absent. NULL: a root. */
static struct kvt_block *find_parent(struct kvt_space *space, const u8 *parent,
				     struct kvt_block **spare)
{
	struct kvt_block *p;

	if (is_root(parent))
		return NULL;
	p = kvt_index_find(space, parent);
	if (p)
		return p;
	p = *spare;
	memcpy(p->key, parent, KVT_KEY_SIZE);
	if (kvt_index_insert(space, p))
		return ERR_PTR(-ENOMEM);
	*spare = NULL;
	return p;
}

/* A ghost made for a child that then was not linked. */
static void drop_idle_ghost(struct kvt_space *space, struct kvt_block *p)
{
	if (p && p->state == KVT_GHOST && hlist_empty(&p->children)) {
		kvt_index_remove(space, p);
		kvt_block_free(space, p);
	}
}

/* Put @b into the index: in place of a ghost, if one stands for its key. */
static int enter_index(struct kvt_space *space, struct kvt_block *b,
		       struct kvt_block *old, struct kvt_block *parent)
{
	if (!old)
		return kvt_index_insert(space, b);
	if (kvt_family_is_above(parent, old))
		return -ELOOP;
	kvt_family_replace(space, old, b);
	kvt_block_free(space, old);
	return 0;
}

/**
 * kvt_fill_link() - put a block into the index and its family
 * @space: its space
 * @b: new; its arena is set
 * @old: the ghost that stands for its key, consumed if 0 is returned; or NULL
 * @parent: its parent's key, all zero for a root
 * @spare: a descriptor for an absent parent; NULL from then on
 *
 * Context: space->lock held.
 * Return: 0; -ENOMEM; -ELOOP: the key is its own ancestor.
 */
int kvt_fill_link(struct kvt_space *space, struct kvt_block *b,
		  struct kvt_block *old, const u8 *parent,
		  struct kvt_block **spare)
{
	struct kvt_block *p;
	int err;

	lockdep_assert_held(&space->lock);
	p = find_parent(space, parent, spare);
	if (IS_ERR(p))
		return PTR_ERR(p);
	err = enter_index(space, b, old, p);
	if (err)
		drop_idle_ghost(space, p);
	else if (p)
		kvt_family_join(space, b, p, kvt_block_arena(space, b)->kind);
	return err;
}

/* From here on the slot of @b can be committed. */
static void add_to_filler(struct kvt_space *space, struct kvt_block *b,
			  struct kvt_filler *filler)
{
	b->filler = filler;
	if (list_empty(&filler->blocks) && !filler->is_put)
		list_add_tail(&filler->node, &space->fillers);
	list_add_tail(&b->filling, &filler->blocks);
}

/* Take @b, or what stands for it, off its filler's list. */
static void take_from_filler(struct kvt_block *b)
{
	struct kvt_filler *filler = b->filler;

	list_del(&b->filling);
	if (list_empty(&filler->blocks))
		list_del_init(&filler->node);
}

static int link_block(struct kvt_fill *fill, struct kvt_block *b,
		      const u8 *parent)
{
	struct kvt_space *space = fill->space;
	struct kvt_arena *a = kvt_block_arena(space, b);
	struct kvt_block *old;
	int err;

	lockdep_assert_held(&space->lock);
	old = kvt_index_find(space, b->key);
	err = old ? why_not(fill, old) : 0;
	if (!err)
		err = kvt_fill_link(space, b, old, parent, &fill->spare);
	if (err)
		return err;
	add_to_filler(space, b, fill->filler);
	space->nr_filling++;
	kvt_arena_publish(a, b->frame, 0);
	return 0;
}

/* Frame and slot for @b. */
static int place_block(struct kvt_fill *fill, struct kvt_block *b)
{
	struct kvt_space *space = fill->space;
	struct kvt_arena *a;
	u32 slots;

	a = kvt_frame_find_new(space, kvt_retain_floor(space, fill->class_id),
			       &b->frame);
	if (!a)
		return -ENOSPC;
	kvt_block_set_arena(b, a->index);
	slots = READ_ONCE(space->nr_slots);
	if (!xa_alloc(&space->slots, &b->slot, b, XA_LIMIT(0, slots - 1),
		      GFP_KERNEL))
		return 0;
	kvt_frame_return(a, b->frame);
	return -ENOMEM;
}

static void unplace_block(struct kvt_space *space, struct kvt_block *b)
{
	xa_erase(&space->slots, b->slot);
	kvt_frame_return(kvt_block_arena(space, b), b->frame);
}

static struct kvt_block *new_filling(struct kvt_fill *fill, const u8 *key)
{
	struct kvt_block *b = kvt_block_alloc(fill->space, key);

	if (!b)
		return NULL;
	b->state = KVT_FILLING;
	b->bits = fill->class_id << KVT_BITS_CLASS;
	b->rank = ktime_get_ns();
	return b;
}

/* Descriptor, place and links, undone in reverse. */
static int make_filling(struct kvt_fill *fill, const u8 *key, const u8 *parent,
			struct kvt_place *place)
{
	struct kvt_space *space = fill->space;
	struct kvt_block *b;
	int err;

	if (!fill->spare && !is_root(parent))
		fill->spare = kvt_block_alloc(space, parent);
	if (!fill->spare && !is_root(parent))
		return -ENOMEM;
	b = new_filling(fill, key);
	if (!b)
		return -ENOMEM;
	err = place_block(fill, b);
	if (err)
		goto free;
	/* Once linked it may be cancelled and freed by another thread. */
	*place = (struct kvt_place){
		.arena = kvt_block_arena(space, b),
		.frame = b->frame,
		.slot = b->slot,
	};

	spin_lock(&space->lock);
	err = link_block(fill, b, parent);
	if (!err)
		trace_kvt_reserve(space, b);
	spin_unlock(&space->lock);
	if (!err)
		return 0;
	unplace_block(space, b);
free:
	kvt_block_free(space, b);
	return err;
}

/**
 * kvt_fill_begin() - reserve a frame for a key
 * @fill: the batch
 * @key: the block's
 * @parent: its parent's, all zero for a root
 * @place: out: where it is
 *
 * Context: process, may sleep.
 * Return: 0; -EEXIST (present), -EINPROGRESS, -EALREADY, -ENOSPC, -EDQUOT,
 * -ENOMEM, -ELOOP (the key is its own ancestor).
 */
int kvt_fill_begin(struct kvt_fill *fill, const u8 *key, const u8 *parent,
		   struct kvt_place *place)
{
	struct kvt_space *space = fill->space;
	int err;

	if (!memcmp(key, parent, KVT_KEY_SIZE))
		return -ELOOP;
	err = peek(fill, key);
	if (err)
		return err;
	err = take_quota(space);
	if (err)
		return err;
	err = make_filling(fill, key, parent, place);
	if (err)
		atomic_long_dec(&space->held);
	else
		queue_delayed_work(space->wq, &space->reap, HZ / 4);
	return err;
}

/* The block filled at @slot, taken off its filler's list; or ERR_PTR. */
static struct kvt_block *end_fill(struct kvt_space *space,
				  struct kvt_filler *filler, u32 slot)
{
	struct kvt_block *b = xa_load(&space->slots, slot);

	lockdep_assert_held(&space->lock);
	if (!b || (b->state != KVT_FILLING && b->state != KVT_CANCELLED) ||
	    b->filler != filler)
		return ERR_PTR(-ENOENT);
	take_from_filler(b);
	atomic_long_dec(&space->held);
	return b;
}

static void seal(struct kvt_space *space, struct kvt_block *b, u64 stamp,
		 bool hold)
{
	struct kvt_arena *a = kvt_block_arena(space, b);

	kvt_candidate_clear(b);
	b->last_use = stamp;
	space->nr_filling--;
	space->nr_blocks++;
	a->nr_blocks++;
	/* A slot fault takes no hold: who sees it sealed sees its bytes. */
	smp_store_release(&b->state, KVT_SEALED);
	kvt_arena_publish(a, b->frame, space->block_size);
	kvt_spill_note_sealed(space, b);
	kvt_block_share(space, b, hold);
	trace_kvt_seal(space, b);
	kvt_event_block(space, b, KVT_NL_BLOCK_STORED);
}

/*
 * The block filled at @slot, out of everybody's reach but DROP's, with its
 * checksums if it is to have them from the start; or ERR_PTR.
 */
static struct kvt_block *finish_fill(struct kvt_space *space,
				     struct kvt_filler *filler, u32 slot)
{
	struct kvt_arena *a = NULL;
	struct kvt_block *b;

	spin_lock(&space->lock);
	b = end_fill(space, filler, slot);
	if (!IS_ERR(b)) {
		/* No second COMMIT of it, nor ABORT: of a file, others may try. */
		if (!filler->is_put)
			b->filler = NULL;
		if (b->state == KVT_FILLING)
			a = kvt_block_arena(space, b);
	}
	spin_unlock(&space->lock);
	if (a && READ_ONCE(space->knobs.checksum) == KVT_SUM_AT_COMMIT &&
	    !kvt_arena_frame_poisoned(a, b->frame))
		kvt_sums_make(a, b->frame);
	return b;
}

/**
 * kvt_fill_seal() - COMMIT one block
 * @space: the space
 * @filler: its filler
 * @slot: its slot
 * @stamp: its time of use
 * @hold: the caller is to hold it
 *
 * Context: process, may sleep. The caller wakes the space's waiters.
 * Return: 0, -ENOENT, or -ECANCELED: it was dropped, or the time was over.
 */
int kvt_fill_seal(struct kvt_space *space, struct kvt_filler *filler, u32 slot,
		  u64 stamp, bool hold)
{
	struct kvt_block *b = finish_fill(space, filler, slot);
	struct kvt_arena *a = NULL;
	bool cancelled;

	if (IS_ERR(b))
		return PTR_ERR(b);
	spin_lock(&space->lock);
	cancelled = b->state == KVT_CANCELLED;
	if (!cancelled) {
		a = kvt_block_arena(space, b);
		seal(space, b, stamp, hold);
	}
	spin_unlock(&space->lock);
	if (!cancelled) {
		/* It may be the first that can go since the worker looked. */
		kvt_balance_if_low(a);
		return 0;
	}
	kvt_block_destroy(space, b);
	return -ECANCELED;
}

/**
 * kvt_fill_abort() - ABORT one block: its frame is free at once
 * @space: the space
 * @filler: its filler, who vouches that no device writes to the frame any more
 * @slot: its slot
 *
 * Context: process, may sleep.
 * Return: 0, -ENOENT, or -ECANCELED: the time was over already.
 */
int kvt_fill_abort(struct kvt_space *space, struct kvt_filler *filler,
		   u32 slot)
{
	struct kvt_block *b, *standin;
	bool late;

	standin = kvt_block_alloc_standin(space, no_key);
	spin_lock(&space->lock);
	b = end_fill(space, filler, slot);
	if (!IS_ERR(b) && b->state == KVT_FILLING) {
		memcpy(standin->key, b->key, KVT_KEY_SIZE);
		kvt_block_hide(space, b, KVT_DROPPED, standin);
		standin = NULL;
	}
	spin_unlock(&space->lock);
	kvt_block_discard(space, standin);
	if (IS_ERR(b))
		return PTR_ERR(b);
	late = b->frame == KVT_NO_FRAME;
	kvt_block_destroy(space, b);
	if (late)
		return -ECANCELED;
	kvt_stat_inc(space, aborts);
	return 0;
}

/* Take a block away from its filler. @standin is consumed. */
static void quarantine(struct kvt_space *space, struct kvt_block *b,
		       struct kvt_block *standin)
{
	lockdep_assert_held(&space->lock);
	take_from_filler(b);
	list_add(&b->filling, &space->quarantine);
	b->rank = ktime_get_ns();
	if (b->state == KVT_FILLING) {
		memcpy(standin->key, b->key, KVT_KEY_SIZE);
		kvt_block_hide(space, b, KVT_QUARANTINE, standin);
	} else {
		kvt_block_discard(space, standin);
		WRITE_ONCE(b->state, KVT_QUARANTINE);
		space->nr_cancelled--;
		space->nr_quarantine++;
	}
	kvt_stat_inc(space, aborts);
	trace_kvt_quarantine(space, b);
}

/**
 * kvt_fill_cancel() - take a block that is being filled out of sight
 * @space: its space
 * @b: its filler, the caller, still has to end this
 *
 * Context: process, may sleep. The caller wakes the space's waiters.
 */
void kvt_fill_cancel(struct kvt_space *space, struct kvt_block *b)
{
	struct kvt_block *standin = kvt_block_alloc_standin(space, b->key);

	spin_lock(&space->lock);
	if (b->state == KVT_FILLING) {
		kvt_block_hide(space, b, KVT_CANCELLED, standin);
		standin = NULL;
	}
	spin_unlock(&space->lock);
	kvt_block_discard(space, standin);
}

/**
 * kvt_fill_quarantine() - give a frame up that a device may be writing to
 * @space: the space
 * @b: what its filler, the caller, fills no longer
 *
 * Context: process, may sleep. The caller wakes the space's waiters.
 */
void kvt_fill_quarantine(struct kvt_space *space, struct kvt_block *b)
{
	struct kvt_block *standin = kvt_block_alloc_standin(space, b->key);

	spin_lock(&space->lock);
	atomic_long_dec(&space->held);
	quarantine(space, b, standin);
	spin_unlock(&space->lock);
	mod_delayed_work(space->wq, &space->reap, 0);
}

/* Its parent is known now. One that cannot be had, or is below it, is none. */
static void adopt(struct kvt_space *space, struct kvt_block *b,
		  const u8 *parent, struct kvt_block **spare)
{
	struct kvt_block *p = find_parent(space, parent, spare);

	if (IS_ERR_OR_NULL(p))
		return;
	if (kvt_family_is_above(p, b))
		drop_idle_ghost(space, p);
	else
		kvt_family_join(space, b, p, kvt_block_arena(space, b)->kind);
}

/**
 * kvt_fill_describe() - what is known only when a block has its bytes
 * @space: its space
 * @b: filled by the caller, as a root
 * @parent: its parent's key, all zero for a root
 * @class_id: its retention class
 *
 * Context: process, may sleep.
 */
void kvt_fill_describe(struct kvt_space *space, struct kvt_block *b,
		       const u8 *parent, u8 class_id)
{
	struct kvt_block *spare = NULL;

	if (!is_root(parent))
		spare = kvt_block_alloc(space, parent);
	spin_lock(&space->lock);
	if (b->state == KVT_FILLING) {
		kvt_block_set_class(b, class_id);
		if (spare)
			adopt(space, b, parent, &spare);
	}
	spin_unlock(&space->lock);
	kvt_block_discard(space, spare);
}

/* Does somebody fill the block of @key, other than by fetching it? */
bool kvt_fill_is_local(struct kvt_space *space, const u8 *key)
{
	const struct kvt_block *b;
	bool is_local;

	spin_lock(&space->lock);
	b = kvt_index_find(space, key);
	is_local = b && b->state == KVT_FILLING && b->filler != &space->fetcher;
	spin_unlock(&space->lock);
	return is_local;
}

/*
 * @lost takes @b's place at its slot and in the eyes of its filler, whose COMMIT
 * or ABORT may come yet: until then the slot cannot come to mean another block.
 */
static void keep_slot(struct kvt_space *space, struct kvt_block *b,
		      struct kvt_block *lost)
{
	lockdep_assert_held(&space->lock);
	lost->state = KVT_CANCELLED;
	lost->slot = b->slot;
	lost->filler = b->filler;
	list_add_tail(&lost->filling, &b->filler->lost);
	space->nr_cancelled++;
	b->slot = KVT_NO_SLOT;
	/* In place of an entry: needs no memory. */
	xa_store(&space->slots, lost->slot, lost, GFP_ATOMIC);
}

/* One block that some file fills since before @before, or NULL. */
static struct kvt_block *find_late(struct kvt_space *space, u64 before)
{
	struct kvt_filler *filler;
	struct kvt_block *b;

	list_for_each_entry(filler, &space->fillers, node) {
		b = list_first_entry(&filler->blocks, struct kvt_block,
				     filling);
		if (b->rank < before)
			return b;
	}
	return NULL;
}

/* Take away what is being filled for longer than the space allows. */
void kvt_fill_expire(struct kvt_space *space)
{
	u64 limit = (u64)READ_ONCE(space->knobs.fill_timeout_ms) * NSEC_PER_MSEC;
	u64 now = ktime_get_ns(), before = now > limit ? now - limit : 0;
	struct kvt_block *b, *standin, *lost;

	if (list_empty(&space->fillers))
		return;
	do {
		standin = kvt_block_alloc_standin(space, no_key);
		lost = kvt_block_alloc_standin(space, no_key);
		spin_lock(&space->lock);
		b = find_late(space, before);
		if (b) {
			keep_slot(space, b, lost);
			quarantine(space, b, standin);
		}
		spin_unlock(&space->lock);
	} while (b);
	kvt_block_discard(space, lost);
	kvt_block_discard(space, standin);
	kvt_space_wake(space);
}

static void drop_lost(struct kvt_space *space, struct kvt_filler *filler)
{
	struct kvt_block *b, *next;

	/* The reaper adds to it no more: nothing is being filled. */
	list_for_each_entry_safe(b, next, &filler->lost, filling) {
		atomic_long_dec(&space->held);
		kvt_block_destroy(space, b);
	}
}

/* The filler is going: its fills end. The last block first: children first. */
void kvt_fill_drop_all(struct kvt_space *space, struct kvt_filler *filler)
{
	struct kvt_block *standin;
	bool more;

	do {
		standin = kvt_block_alloc_standin(space, no_key);
		spin_lock(&space->lock);
		more = !list_empty(&filler->blocks);
		if (more) {
			atomic_long_dec(&space->held);
			quarantine(space,
				   list_last_entry(&filler->blocks,
						   struct kvt_block, filling),
				   standin);
		}
		spin_unlock(&space->lock);
	} while (more);
	kvt_block_discard(space, standin);
	drop_lost(space, filler);
	kvt_space_wake(space);
	mod_delayed_work(space->wq, &space->reap, 0);
}
