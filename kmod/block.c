// SPDX-License-Identifier: GPL-2.0
/*
 * Block descriptors: who owns one, and how one is hidden and freed.
 *
 * A descriptor in the index may be found by anybody under RCU. To rely on where
 * its bytes are takes a hold (@leases > 0) or ownership (@leases frozen). To
 * take it away takes both: hide it (space->lock), then, as its owner, destroy
 * it. Who hides a block that others hold or own leaves the destroying to them.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "area.h"
#include "block.h"
#include "candidate.h"
#include "event.h"
#include "family.h"
#include "index.h"
#include "log.h"
#include "space.h"
#include "trace.h"

static struct kmem_cache *block_cache;

int kvt_block_init(void)
{
	block_cache = KMEM_CACHE(kvt_block, SLAB_HWCACHE_ALIGN);
	return block_cache ? 0 : -ENOMEM;
}

void kvt_block_exit(void)
{
	rcu_barrier();
	kmem_cache_destroy(block_cache);
}

/* Bytes of one descriptor. */
unsigned int kvt_block_footprint(void)
{
	return kmem_cache_size(block_cache);
}

static struct kvt_block *block_alloc(struct kvt_space *space, const u8 *key,
				     gfp_t gfp)
{
	struct kvt_block *b = kmem_cache_zalloc(block_cache, gfp);

	if (!b)
		return NULL;
	memcpy(b->key, key, KVT_KEY_SIZE);
	b->state = KVT_GHOST;
	b->frame = KVT_NO_FRAME;
	atomic_set(&b->leases, KVT_FROZEN);
	atomic_inc(&space->nr_descriptors);
	return b;
}

/* A ghost, owned by the caller, not in the index. NULL: no memory. */
struct kvt_block *kvt_block_alloc(struct kvt_space *space, const u8 *key)
{
	return block_alloc(space, key, GFP_KERNEL);
}

/*
 * The same where failing is not possible: what stands in for a block that is
 * hidden while it has children. Small, in process context, no lock held.
 */
struct kvt_block *kvt_block_alloc_standin(struct kvt_space *space,
					  const u8 *key)
{
	return block_alloc(space, key, GFP_KERNEL | __GFP_NOFAIL);
}

static void block_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(block_cache, container_of(rcu, struct kvt_block, rcu));
}

/* Free a descriptor after the last reader under RCU has gone. NULL is fine. */
void kvt_block_free(struct kvt_space *space, struct kvt_block *b)
{
	if (!b)
		return;
	atomic_dec(&space->nr_descriptors);
	call_rcu(&b->rcu, block_free_rcu);
}

/* Sealed, in memory, held by the caller or under space->lock: has it no copy? */
bool kvt_block_is_dirty(struct kvt_space *space, const struct kvt_block *b)
{
	return b->state == KVT_SEALED &&
	       kvt_block_arena(space, b)->below[b->frame] == KVT_NO_COPY;
}

/* It is dirty and held by the caller, who alone writes it from now on. */
void kvt_block_mark_writing(struct kvt_space *space, struct kvt_block *b)
{
	lockdep_assert_held(&space->lock);
	kvt_block_arena(space, b)->below[b->frame] = KVT_WRITING;
}

/*
 * The last hold of a parked block has gone: it is a candidate again or, if it
 * was dropped, ours to destroy (returns true).
 */
static bool unpark(struct kvt_space *space, struct kvt_block *b)
{
	bool own = false;

	spin_lock(&space->lock);
	if (kvt_candidate_is_out(b) && atomic_read(&b->leases) == 0) {
		if (b->state == KVT_DROPPED)
			own = kvt_block_freeze(b);
		else
			kvt_candidate_offer(space, b);
	}
	spin_unlock(&space->lock);
	kvt_space_wake(space);
	return own;
}

/* The caller gave up its last hold: drop the count, see what follows. */
static bool put_hold(struct kvt_space *space, struct kvt_block *b, int nr)
{
	return atomic_sub_return(nr, &b->leases) == 0 &&
	       kvt_candidate_is_out(b) && unpark(space, b);
}

/* Destroy @b, owned by the caller, from a context that may sleep. */
static void doom(struct kvt_space *space, struct kvt_block *b)
{
	spin_lock(&space->lock);
	list_add(&b->filling, &space->doomed);
	spin_unlock(&space->lock);
	queue_work(space->wq, &space->balance);
}

/* Free one that nobody else could ever see. NULL is fine. */
void kvt_block_discard(struct kvt_space *space, struct kvt_block *b)
{
	if (!b)
		return;
	atomic_dec(&space->nr_descriptors);
	kmem_cache_free(block_cache, b);
}

/**
 * kvt_block_hold() - keep a block's bytes where they are
 * @space: its space
 * @b: found under RCU
 *
 * Context: RCU. Full ordering on success.
 * Return: false if it is not sealed, hidden, not in memory, or owned by a mover
 * just now.
 */
bool kvt_block_hold(struct kvt_space *space, struct kvt_block *b)
{
	if (!kvt_block_is_sealed(b) || !kvt_block_in_memory(space, b) ||
	    !atomic_inc_unless_negative(&b->leases))
		return false;
	if (likely(kvt_block_is_sealed(b) && kvt_block_in_memory(space, b)))
		return true;
	/* Hidden, or gone from memory, between the two looks. */
	if (put_hold(space, b, 1))
		doom(space, b);
	return false;
}

/**
 * kvt_block_unhold() - give holds back
 * @space: its space
 * @b: held @nr times by the caller
 * @nr: how many to give back
 *
 * Context: process, may sleep; no lock held but file->lock.
 */
void kvt_block_unhold(struct kvt_space *space, struct kvt_block *b, int nr)
{
	bool own;

	/* Once the count is down, only RCU keeps the descriptor. */
	rcu_read_lock();
	own = put_hold(space, b, nr);
	rcu_read_unlock();
	if (own)
		kvt_block_destroy(space, b);
}

/* Seal or settle: @b becomes shared and a candidate. The caller owned it, and may hold it. */
void kvt_block_share(struct kvt_space *space, struct kvt_block *b, bool hold)
{
	lockdep_assert_held(&space->lock);
	kvt_candidate_offer(space, b);
	atomic_set_release(&b->leases, hold);
}

/**
 * kvt_block_thaw() - stop being a sealed block's owner
 * @space: its space
 * @b: frozen by the caller
 *
 * Context: process, may sleep. If the block was dropped meanwhile it is
 * destroyed here.
 */
void kvt_block_thaw(struct kvt_space *space, struct kvt_block *b)
{
	bool dropped;

	spin_lock(&space->lock);
	dropped = b->state == KVT_DROPPED;
	if (!dropped)
		kvt_block_share(space, b, false);
	spin_unlock(&space->lock);
	if (dropped)
		kvt_block_destroy(space, b);
	kvt_space_wake(space);
}

/* Where blocks that are hidden in @state are counted. */
static u32 *hidden_count(struct kvt_space *space, enum kvt_state state)
{
	switch (state) {
	case KVT_QUARANTINE:
		return &space->nr_quarantine;
	case KVT_CANCELLED:
		return &space->nr_cancelled;
	default:
		return &space->nr_dropped;
	}
}

static void count_hidden(struct kvt_space *space, struct kvt_block *b,
			 enum kvt_state state)
{
	if (b->state == KVT_SEALED) {
		kvt_event_block(space, b, KVT_NL_BLOCK_REMOVED);
		space->nr_blocks--;
		kvt_block_arena(space, b)->nr_blocks--;
	} else if (b->state == KVT_FILLING) {
		space->nr_filling--;
	}
	*hidden_count(space, state) += 1;
}

/**
 * kvt_block_hide() - take a block out of sight, for good
 * @space: its space
 * @b: sealed or filling, in the index
 * @state: KVT_DROPPED, KVT_CANCELLED or KVT_QUARANTINE
 * @standin: a fresh ghost of the same key, consumed. NULL only for a block
 *	without children
 *
 * Context: space->lock held. The caller has taken a filling block off its
 * filler's list.
 */
void kvt_block_hide(struct kvt_space *space, struct kvt_block *b,
		    enum kvt_state state, struct kvt_block *standin)
{
	lockdep_assert_held(&space->lock);
	if (b->state == KVT_SEALED)
		kvt_candidate_erase(space, b);
	count_hidden(space, b, state);
	kvt_family_leave(space, b);
	if (hlist_empty(&b->children)) {
		kvt_index_remove(space, b);
		kvt_block_discard(space, standin);
	} else {
		kvt_family_replace(space, b, standin);
	}
	WRITE_ONCE(b->state, state);
}

/**
 * kvt_block_claim_hidden() - who destroys a block that was just hidden?
 * @b: in KVT_DROPPED
 *
 * Context: space->lock held.
 * Return: true: the caller, who now owns it. false: its owner, or whoever
 * gives back the last hold.
 */
bool kvt_block_claim_hidden(struct kvt_block *b)
{
	/*
	 * It was taken out of the tree when it was hidden. Pairs with
	 * atomic_sub_return() in put_hold().
	 */
	smp_mb();
	return kvt_block_freeze(b);
}

/* Its copy on nvme, if it has one, must not be found again. */
static void bury_copy(struct kvt_space *space, struct kvt_block *b)
{
	struct kvt_arena *a = kvt_block_arena(space, b);

	spin_lock(&space->lock);
	if (b->frame != KVT_NO_FRAME && kvt_arena_is_memory(a)) {
		kvt_copy_bury(space, a->below[b->frame]);
		a->below[b->frame] = KVT_NO_COPY;
	} else if (b->frame != KVT_NO_FRAME) {
		kvt_copy_bury(space, kvt_copy(a->index, b->frame));
		b->frame = KVT_NO_FRAME;
	}
	spin_unlock(&space->lock);
}

static void free_frame(struct kvt_space *space, struct kvt_block *b)
{
	struct kvt_arena *a = kvt_block_arena(space, b);
	bool poisoned = kvt_arena_frame_poisoned(a, b->frame);

	spin_lock(&space->lock);
	kvt_arena_publish(a, b->frame, 0);
	kvt_arena_frame_put(a, b->frame, poisoned);
	spin_unlock(&space->lock);
}

/**
 * kvt_block_destroy() - free a hidden block's frame, slot and descriptor
 * @space: its space
 * @b: hidden, owned by the caller
 *
 * Context: process, may sleep; no spinlock held.
 */
void kvt_block_destroy(struct kvt_space *space, struct kvt_block *b)
{
	/* The copy before the slot: a segment's entry names no slot but its block's. */
	bury_copy(space, b);
	/* The slot before the frame: who has a frame always gets a slot. */
	if (b->slot != KVT_NO_SLOT) {
		kvt_area_zap_block(space, b);
		xa_erase(&space->slots, b->slot);
	}
	if (b->frame != KVT_NO_FRAME)
		free_frame(space, b);

	spin_lock(&space->lock);
	*hidden_count(space, b->state) -= 1;
	spin_unlock(&space->lock);
	trace_kvt_free(space, b);
	kvt_block_free(space, b);
	kvt_space_wake(space);
}

/* Destroy what could not be where its last hold was given back. */
void kvt_block_destroy_doomed(struct kvt_space *space)
{
	struct kvt_block *b, *next;
	LIST_HEAD(doomed);

	spin_lock(&space->lock);
	list_splice_init(&space->doomed, &doomed);
	spin_unlock(&space->lock);
	list_for_each_entry_safe(b, next, &doomed, filling) {
		kvt_block_destroy(space, b);
		cond_resched();
	}
}
