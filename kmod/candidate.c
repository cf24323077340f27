// SPDX-License-Identifier: GPL-2.0
/*
 * Candidates for eviction: an arena's sealed blocks, by rank.
 *
 * Hits do not touch the tree: they only write b->last_use. A block whose rank
 * has grown since it was inserted is put where it belongs when it comes up; a
 * block that cannot go when it comes up (leased, owned by a mover, or with
 * children as near as itself) is parked outside the tree, and what ends that
 * state puts it back. So every step but the last is paid for by an earlier hit,
 * lease or fill.
 */
#include "admit.h"
#include "candidate.h"
#include "family.h"
#include "space.h"

/* Candidates looked at under one hold of space->lock. */
#define BATCH KVT_CANDIDATE_BATCH
/* And blocks passed over that cannot go this way. */
#define MAX_PASSED 1024

static u64 rank_of(struct kvt_space *space, const struct kvt_block *b)
{
	struct kvt_candidate c = {
		.last_use = READ_ONCE(b->last_use),
		.class_id = kvt_block_class(b),
		.priority = kvt_retain_priority(space, b),
		.orphan = b->up && b->up->state == KVT_GHOST,
	};

	return READ_ONCE(space->policy)->rank(&c);
}

static bool less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct kvt_block, evict)->rank <
	       rb_entry(b, struct kvt_block, evict)->rank;
}

/* Make a sealed block a candidate, unless it is one or is on nvme only. */
void kvt_candidate_insert(struct kvt_space *space, struct kvt_block *b)
{
	lockdep_assert_held(&space->lock);
	if (!kvt_candidate_is_out(b) || !kvt_block_in_memory(space, b))
		return;
	b->rank = rank_of(space, b);
	rb_add_cached(&b->evict, &kvt_block_arena(space, b)->evict, less);
}

/* The same for one that could not go before: who waits for room may try again. */
void kvt_candidate_offer(struct kvt_space *space, struct kvt_block *b)
{
	if (!kvt_candidate_is_out(b) || !kvt_block_in_memory(space, b))
		return;
	kvt_candidate_insert(space, b);
	WRITE_ONCE(space->nr_offers, space->nr_offers + 1);
	kvt_arena_relieve(kvt_block_arena(space, b));
}

void kvt_candidate_erase(struct kvt_space *space, struct kvt_block *b)
{
	lockdep_assert_held(&space->lock);
	if (kvt_candidate_is_out(b))
		return;
	rb_erase_cached(&b->evict, &kvt_block_arena(space, b)->evict);
	kvt_candidate_clear(b);
}

/* Take @b, leased or owned, out of the tree until that ends. */
static void park(struct kvt_space *space, struct kvt_block *b)
{
	kvt_candidate_erase(space, b);
	/* Pairs with atomic_sub_return() in put_hold(). */
	smp_mb();
	if (atomic_read(&b->leases) == 0)
		kvt_candidate_insert(space, b);
}

/* Has it children in memory that is at least as fast as @kind? */
static bool has_near_kids(struct kvt_space *space, struct kvt_block *b,
			  enum kvt_tier_kind kind)
{
	return kvt_family_has_kids(space, b, KVT_TIER_DRAM) ||
	       (kind == KVT_TIER_CXL &&
		kvt_family_has_kids(space, b, KVT_TIER_CXL));
}

/* Its turn has come; can it go this way? What may not go down is dropped. */
static bool suits(struct kvt_arena *a, struct kvt_block *b, enum kvt_way way)
{
	u64 copy = a->below[b->frame];

	if (way == KVT_WAY_DOWN &&
	    kvt_retain_allows(a->space, b, KVT_TIER_CXL))
		return true;
	if (has_near_kids(a->space, b, KVT_TIER_CXL))
		return false;
	switch (way) {
	case KVT_WAY_CLEAN:
		return kvt_copy_is_real(copy);
	case KVT_WAY_DIRTY:
		return copy == KVT_NO_COPY && kvt_admit(a->space, b);
	default:
		return true;
	}
}

enum verdict { FIT, LOOK_ON, LOOK_AGAIN };

/* @b came up. */
static enum verdict consider(struct kvt_arena *a, struct kvt_block *b,
			     enum kvt_way way)
{
	struct kvt_space *space = a->space;

	if (rank_of(space, b) > b->rank) {
		kvt_candidate_erase(space, b);
		kvt_candidate_insert(space, b);
		return LOOK_AGAIN;
	}
	if (has_near_kids(space, b, a->kind)) {
		kvt_candidate_erase(space, b);
		return LOOK_AGAIN;
	}
	if (!suits(a, b, way))
		return LOOK_ON;
	if (atomic_read(&b->leases)) {
		park(space, b);
		return LOOK_AGAIN;
	}
	return FIT;
}

/* The next block of @a to go, or NULL. *@more: only the batch ended, try again. */
struct kvt_block *kvt_candidate_next(struct kvt_arena *a, enum kvt_way way,
				     bool *more)
{
	struct rb_node *n = rb_first_cached(&a->evict), *next;
	unsigned int changed = 0, passed = 0;

	lockdep_assert_held(&a->space->lock);
	for (; n && changed < BATCH && passed < MAX_PASSED; n = next) {
		struct kvt_block *b = rb_entry(n, struct kvt_block, evict);

		next = rb_next(n);
		switch (consider(a, b, way)) {
		case FIT:
			return b;
		case LOOK_AGAIN:
			*more = true;
			changed++;
			break;
		case LOOK_ON:
			passed++;
			break;
		}
	}
	return NULL;
}

/* The first one of @a that ranks above @rank, or NULL. */
static struct rb_node *first_above(struct kvt_arena *a, u64 rank)
{
	struct rb_node *n = a->evict.rb_root.rb_node, *found = NULL;

	while (n) {
		if (rb_entry(n, struct kvt_block, evict)->rank > rank) {
			found = n;
			n = n->rb_left;
		} else {
			n = n->rb_right;
		}
	}
	return found;
}

/**
 * kvt_candidate_walk() - see who is to go next, and change nothing
 * @a: the arena
 * @rank: only those above it; out: how far it came
 * @nr: how many are looked at
 * @see: called for each, unless it was used since it was ranked
 *
 * Context: space->lock held.
 * Return: false: there are no more.
 */
bool kvt_candidate_walk(struct kvt_arena *a, u64 *rank, u32 nr,
			void (*see)(struct kvt_space *space,
				    struct kvt_block *b))
{
	struct rb_node *n = first_above(a, *rank);

	lockdep_assert_held(&a->space->lock);
	for (; n && nr; n = rb_next(n), nr--) {
		struct kvt_block *b = rb_entry(n, struct kvt_block, evict);

		*rank = b->rank;
		if (rank_of(a->space, b) <= b->rank)
			see(a->space, b);
	}
	return n;
}

/* Own @b, out of the tree. false: somebody was faster. */
bool kvt_candidate_take(struct kvt_space *space, struct kvt_block *b)
{
	if (!kvt_block_freeze(b)) {
		park(space, b);
		return false;
	}
	kvt_candidate_erase(space, b);
	return true;
}
