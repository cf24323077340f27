/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_CANDIDATE_H
#define _KVT_CANDIDATE_H

#include "arena.h"
#include "block.h"

/* At most so many are looked at in one step. */
#define KVT_CANDIDATE_BATCH 64

/*
 * Is a sealed or dropped block outside the tree? True under space->lock. Without
 * it, after a full barrier, it pairs with the barrier of who took the block out.
 */
static inline bool kvt_candidate_is_out(const struct kvt_block *b)
{
	/* Written plainly by the rbtree's code: a word, which does not tear. */
	return data_race(READ_ONCE(b->evict.__rb_parent_color)) ==
	       (unsigned long)&b->evict;
}

/* Not in a tree, nor on its way up from nvme. */
static inline void kvt_candidate_clear(struct kvt_block *b)
{
	RB_CLEAR_NODE(&b->evict);
	b->load = NULL;
}

/**
 * enum kvt_way - how a candidate is to go
 * @KVT_WAY_DOWN: to slower memory
 * @KVT_WAY_OUT: out of memory
 * @KVT_WAY_CLEAN: out of memory: it has a copy on nvme
 * @KVT_WAY_DIRTY: out of memory, once it has been written to nvme
 */
enum kvt_way { KVT_WAY_DOWN, KVT_WAY_OUT, KVT_WAY_CLEAN, KVT_WAY_DIRTY };

/* All under space->lock. */
void kvt_candidate_insert(struct kvt_space *space, struct kvt_block *b);
void kvt_candidate_offer(struct kvt_space *space, struct kvt_block *b);
void kvt_candidate_erase(struct kvt_space *space, struct kvt_block *b);
struct kvt_block *kvt_candidate_next(struct kvt_arena *a, enum kvt_way way,
				     bool *more);
bool kvt_candidate_walk(struct kvt_arena *a, u64 *rank, u32 nr,
			void (*see)(struct kvt_space *space,
				    struct kvt_block *b));
bool kvt_candidate_take(struct kvt_space *space, struct kvt_block *b);

#endif /* _KVT_CANDIDATE_H */
