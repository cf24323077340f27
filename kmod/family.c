// SPDX-License-Identifier: GPL-2.0
/*
 * Families: which block continues which prefix.
 *
 * A block points to its parent's descriptor. Where the parent is not present, a
 * ghost stands for its key, so that a block finds its children whichever came
 * first. A ghost has no parent itself and goes with its last child: there are
 * never more ghosts than blocks with bytes.
 */
#include "candidate.h"
#include "family.h"
#include "index.h"
#include "space.h"

/* Deeper chains than this are refused, so that a walk up stays bounded. */
#define MAX_WALK BIT(17)

/* Is @above the block itself or one of its ancestors (or too far to tell)? */
bool kvt_family_is_above(const struct kvt_block *b,
			 const struct kvt_block *above)
{
	unsigned int depth;

	for (depth = 0; b; b = b->up)
		if (b == above || ++depth > MAX_WALK)
			return true;
	return false;
}

static void add_kid(struct kvt_block *parent, enum kvt_tier_kind kind)
{
	if (kind < KVT_MEM_KINDS && parent->kids[kind] != U8_MAX)
		parent->kids[kind]++;
}

/**
 * kvt_family_has_kids() - has a block children in memory of a kind?
 * @space: its space
 * @b: the block
 * @kind: dram or cxl
 *
 * Context: space->lock held. Linear in the children if there are, or were, very
 * many of that kind.
 * Return: true if it has.
 */
bool kvt_family_has_kids(struct kvt_space *space, struct kvt_block *b,
			 enum kvt_tier_kind kind)
{
	struct kvt_block *kid;
	unsigned int nr = 0;

	if (b->kids[kind] != U8_MAX)
		return b->kids[kind];
	hlist_for_each_entry(kid, &b->children, sibling)
		if (kvt_block_arena(space, kid)->kind == kind && ++nr == U8_MAX)
			break;
	b->kids[kind] = nr;
	return nr;
}

/* @b, whose bytes are in @kind, becomes a child of @parent. */
void kvt_family_join(struct kvt_space *space, struct kvt_block *b,
		     struct kvt_block *parent, enum kvt_tier_kind kind)
{
	lockdep_assert_held(&space->lock);
	b->up = parent;
	hlist_add_head(&b->sibling, &parent->children);
	add_kid(parent, kind);
}

/* Key of the parent: all zero for a root, or if @b was dropped. */
void kvt_family_parent_key(const struct kvt_block *b, u8 *key)
{
	if (b->up)
		memcpy(key, b->up->key, KVT_KEY_SIZE);
	else
		memset(key, 0, KVT_KEY_SIZE);
}

/* @parent has one child less in @kind: it may be a leaf now. */
static void lost_kid(struct kvt_space *space, struct kvt_block *parent,
		     enum kvt_tier_kind kind)
{
	if (kind < KVT_MEM_KINDS && parent->kids[kind] != U8_MAX)
		parent->kids[kind]--;
	if (parent->state == KVT_SEALED)
		kvt_candidate_offer(space, parent);
}

void kvt_family_leave(struct kvt_space *space, struct kvt_block *b)
{
	struct kvt_block *parent = b->up;

	lockdep_assert_held(&space->lock);
	if (!parent)
		return;
	hlist_del_init(&b->sibling);
	b->up = NULL;
	lost_kid(space, parent, kvt_block_arena(space, b)->kind);
	if (parent->state == KVT_GHOST && hlist_empty(&parent->children)) {
		kvt_index_remove(space, parent);
		kvt_block_free(space, parent);
	}
}

/* The nearest copy of @b is in another kind of tier now. */
void kvt_family_moved(struct kvt_space *space, struct kvt_block *b,
		      enum kvt_tier_kind from, enum kvt_tier_kind to)
{
	lockdep_assert_held(&space->lock);
	if (!b->up || from == to)
		return;
	add_kid(b->up, to);
	lost_kid(space, b->up, from);
}

/*
 * @new takes the place of @old, of the same key, in the index and as its
 * children's parent. One of them is a ghost. Linear in the children.
 */
void kvt_family_replace(struct kvt_space *space, struct kvt_block *old,
			struct kvt_block *new)
{
	struct kvt_block *kid;

	lockdep_assert_held(&space->lock);
	kvt_index_replace(space, old, new);
	hlist_move_list(&old->children, &new->children);
	memcpy(new->kids, old->kids, sizeof(new->kids));
	memset(old->kids, 0, sizeof(old->kids));
	hlist_for_each_entry(kid, &new->children, sibling) {
		kid->up = new;
		if (new->state != KVT_GHOST || kid->state != KVT_SEALED ||
		    kvt_candidate_is_out(kid))
			continue;
		/* An orphan from now on: it goes before all others. */
		kvt_candidate_erase(space, kid);
		kvt_candidate_insert(space, kid);
	}
}
