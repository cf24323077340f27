/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_BLOCK_H
#define _KVT_BLOCK_H

#include <linux/atomic.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/rhashtable.h>
#include "kvt.h"

/**
 * enum kvt_state - what a block descriptor stands for
 * @KVT_GHOST: a key without bytes, in the index only because it has children
 * @KVT_FILLING: one open file fills its frame; invisible to others
 * @KVT_SEALED: visible and immutable
 * @KVT_DROPPED: hidden; whoever owns it or holds the last lease frees it
 * @KVT_CANCELLED: hidden while being filled; its filler gives it back. Without
 *	a frame: that went to quarantine already, only the slot is kept
 * @KVT_QUARANTINE: hidden; a dead filler's device may still write to its frame
 */
enum kvt_state {
	KVT_GHOST,
	KVT_FILLING,
	KVT_SEALED,
	KVT_DROPPED,
	KVT_CANCELLED,
	KVT_QUARANTINE,
};

/*
 * Ownership. @leases >= 0: shared; the block stays where it is while it is > 0.
 * KVT_FROZEN: one owner, who alone may move or free it: its filler, a mover, or
 * nobody yet (ghost). Only a cmpxchg from 0 freezes a sealed block, so lease
 * and eviction exclude each other without a lock.
 */
#define KVT_FROZEN INT_MIN

#define KVT_NO_SLOT U32_MAX

/* struct kvt_block @bits */
#define KVT_BITS_ARENA	0x07	/* index of the arena that @frame is in */
#define KVT_BITS_MAPPED	0x08	/* a slot fault may have mapped it */
#define KVT_BITS_CLASS	4	/* shift: retention class */

/**
 * struct kvt_block - a block's descriptor; freed by RCU
 * @node: in the index
 * @key: constant
 * @leases: see above
 * @frame: where its bytes are, with the arena in @bits: a frame or, if that is
 *	of kind nvme, an extent of its log. Of several copies it is the nearest.
 *	Changed by the owner under invalidate_lock and space->lock; stable for
 *	who has a lease
 * @slot: number in the space's address space; constant while it has a frame
 * @state: enum kvt_state (space->lock; read without)
 * @bits: KVT_BITS_*. The arena changes under the exclusive invalidate_lock, the
 *	mapped bit is set under the shared one; the class is constant once it is sealed
 * @kids: children whose bytes are in memory, by its kind. U8_MAX: so many or
 *	more; then they have to be counted (space->lock)
 * @last_use: by kvt_clock(); written by every hit without a lock. The lowest bit says that
 *	there was a hit since it was sealed
 * @rank: sealed: position in the tree; filling, quarantine: since when, ns
 *	(space->lock)
 * @up: the parent's descriptor, NULL for a root (space->lock)
 * @children: descriptors whose parent this is (space->lock)
 * @sibling: in the parent's @children (space->lock)
 * @evict: sealed: in its arena's tree, or empty: then it is parked or owned, and
 *	what ends that puts it back (space->lock; emptiness is read without)
 * @out: what says that @evict is empty
 * @load: on nvme: what brings it up, or NULL (space->lock)
 * @filler: filling: who fills it
 * @filling: filling: in the filler's list; quarantine and doomed: in the
 *	space's (space->lock)
 * @rcu: after its last use
 *
 * What a hit needs is in the first 64 bytes.
 */
struct kvt_block {
	struct rhash_head node;
	u8 key[KVT_KEY_SIZE];
	atomic_t leases;
	u32 frame;
	u32 slot;
	u8 state;
	u8 bits;
	u8 kids[KVT_MEM_KINDS];
	u64 last_use;

	u64 rank;
	struct kvt_block *up;
	struct hlist_head children;
	struct hlist_node sibling;
	union {
		struct rb_node evict;
		struct {
			unsigned long out;
			struct kvt_load *load;
		};
		struct {
			struct kvt_filler *filler;
			struct list_head filling;
		};
		struct rcu_head rcu;
	};
};

#define KVT_USED 1ULL	/* struct kvt_block @last_use */

static_assert(sizeof(struct kvt_block) == 128);
static_assert(offsetof(struct kvt_block, evict.__rb_parent_color) ==
	      offsetof(struct kvt_block, out));
static_assert(KVT_MAX_ARENAS - 1 <= KVT_BITS_ARENA);
static_assert((KVT_MAX_CLASS << KVT_BITS_CLASS) <= U8_MAX);

/*
 * Clock of @last_use, ns. It stands still while the machine is suspended, and
 * began long before it was booted, for blocks found on nvme that were used then.
 */
#define KVT_CLOCK_AT_BOOT (20ULL * 365 * 24 * 3600 * NSEC_PER_SEC)

static inline u64 kvt_clock(void)
{
	return KVT_CLOCK_AT_BOOT + ktime_get_ns();
}

static inline unsigned int kvt_block_class(const struct kvt_block *b)
{
	return READ_ONCE(b->bits) >> KVT_BITS_CLASS;
}

static inline unsigned int kvt_block_arena_index(const struct kvt_block *b)
{
	return READ_ONCE(b->bits) & KVT_BITS_ARENA;
}

static inline void kvt_block_set_arena(struct kvt_block *b, unsigned int index)
{
	WRITE_ONCE(b->bits, (b->bits & ~KVT_BITS_ARENA) | index);
}

static inline void kvt_block_set_class(struct kvt_block *b, unsigned int class_id)
{
	WRITE_ONCE(b->bits, (b->bits & ((1 << KVT_BITS_CLASS) - 1)) |
		   class_id << KVT_BITS_CLASS);
}

static inline bool kvt_block_is_filling(const struct kvt_block *b)
{
	return READ_ONCE(b->state) == KVT_FILLING;
}

static inline bool kvt_block_is_sealed(const struct kvt_block *b)
{
	/* Pairs with the seal's release: who sees it also sees the bytes. */
	return smp_load_acquire(&b->state) == KVT_SEALED;
}

/**
 * kvt_block_freeze() - become a sealed block's owner
 * @b: found under RCU, or in the eviction tree under space->lock
 *
 * Return: false if somebody holds or owns it.
 */
static inline bool kvt_block_freeze(struct kvt_block *b)
{
	return atomic_cmpxchg(&b->leases, 0, KVT_FROZEN) == 0;
}

int kvt_block_init(void);
void kvt_block_exit(void);
unsigned int kvt_block_footprint(void);
struct kvt_block *kvt_block_alloc(struct kvt_space *space, const u8 *key);
struct kvt_block *kvt_block_alloc_standin(struct kvt_space *space,
					  const u8 *key);
void kvt_block_free(struct kvt_space *space, struct kvt_block *b);
void kvt_block_discard(struct kvt_space *space, struct kvt_block *b);

bool kvt_block_is_dirty(struct kvt_space *space, const struct kvt_block *b);
void kvt_block_mark_writing(struct kvt_space *space, struct kvt_block *b);
bool kvt_block_hold(struct kvt_space *space, struct kvt_block *b);
void kvt_block_unhold(struct kvt_space *space, struct kvt_block *b, int nr);
void kvt_block_share(struct kvt_space *space, struct kvt_block *b, bool hold);
void kvt_block_thaw(struct kvt_space *space, struct kvt_block *b);

void kvt_block_hide(struct kvt_space *space, struct kvt_block *b,
		    enum kvt_state state, struct kvt_block *standin);
bool kvt_block_claim_hidden(struct kvt_block *b);
void kvt_block_destroy(struct kvt_space *space, struct kvt_block *b);
void kvt_block_destroy_doomed(struct kvt_space *space);

#endif /* _KVT_BLOCK_H */
