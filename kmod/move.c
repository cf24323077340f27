// SPDX-License-Identifier: GPL-2.0
/*
 * Moving a block to another frame, or to its copy on nvme alone. A mover owns the
 * block (frozen), so nobody holds it, and its bytes cannot change: they are copied
 * with no lock, and only the switch to the new frame is under locks.
 */
#include <linux/fs.h>

#include "area.h"
#include "candidate.h"
#include "family.h"
#include "move.h"
#include "trace.h"

/* Frames that @permille of an arena stand for; at least one unless that is 0. */
u32 kvt_watermark(const struct kvt_arena *a, u32 permille)
{
	return DIV_ROUND_UP_ULL((u64)READ_ONCE(a->nr_frames) * permille, 1000);
}

static bool has_log(struct kvt_space *space)
{
	struct kvt_arena *a;

	kvt_for_each_arena(a, space)
		if (READ_ONCE(a->log))
			return true;
	return false;
}

/*
 * Below so many free frames the worker makes room. Where blocks are written before they
 * go, which nobody else does, that is at the latest when none is free.
 */
u32 kvt_low_watermark(const struct kvt_arena *a)
{
	return kvt_watermark(a, READ_ONCE(a->space->knobs.low_watermark)) ?:
	       has_log(a->space);
}

static bool is_low(const struct kvt_arena *a)
{
	return !kvt_arena_is_shrinking(a) &&
	       READ_ONCE(a->nr_free) < kvt_low_watermark(a);
}

/* Let the worker make room in @a, if it is short of frames. */
void kvt_balance_if_low(struct kvt_arena *a)
{
	if (is_low(a))
		queue_work(a->space->wq, &a->space->balance);
}

/**
 * kvt_frame_take() - take a free frame, if that leaves enough
 * @a: the arena
 * @keep: free frames that must remain
 *
 * Return: the frame, owned by the caller, or KVT_NO_FRAME.
 */
u32 kvt_frame_take(struct kvt_arena *a, u32 keep)
{
	u32 frame;

	/* One whose memory failed while it was free stays taken: it is retired. */
	do {
		frame = KVT_NO_FRAME;
		spin_lock(&a->space->lock);
		if (a->nr_free > keep)
			frame = kvt_arena_frame_get(a);
		spin_unlock(&a->space->lock);
	} while (frame != KVT_NO_FRAME && kvt_arena_frame_poisoned(a, frame));
	kvt_balance_if_low(a);
	return frame;
}

/* Give back a frame that nobody else could see. */
void kvt_frame_return(struct kvt_arena *a, u32 frame)
{
	bool poisoned = kvt_arena_frame_poisoned(a, frame);

	spin_lock(&a->space->lock);
	kvt_arena_frame_put(a, frame, poisoned);
	spin_unlock(&a->space->lock);
	kvt_space_wake(a->space);
}

/**
 * kvt_block_rehome() - a block's nearest copy is somewhere else from now on
 * @space: its space
 * @b: sealed, frozen by the caller
 * @to: arena where it is
 * @frame: frame there, with the block's bytes in it; nvme: extent
 *
 * Context: the exclusive invalidate_lock and space->lock held. The caller zaps.
 */
void kvt_block_rehome(struct kvt_space *space, struct kvt_block *b,
		      struct kvt_arena *to, u32 frame)
{
	struct kvt_arena *from = kvt_block_arena(space, b);

	lockdep_assert_held(&space->lock);
	kvt_candidate_erase(space, b);
	kvt_family_moved(space, b, from->kind, to->kind);
	from->nr_blocks--;
	to->nr_blocks++;
	if (kvt_arena_is_memory(from))
		kvt_arena_publish(from, b->frame, 0);
	if (kvt_arena_is_memory(to))
		kvt_arena_publish(to, frame, space->block_size);
	WRITE_ONCE(b->frame, frame);
	kvt_block_set_arena(b, to->index);
}

/* Switch a block to its new frame, unless it was dropped meanwhile. */
static bool switch_frame(struct kvt_space *space, struct kvt_block *b,
			 struct kvt_arena *to, u32 frame)
{
	struct address_space *mapping = space->inode->i_mapping;
	struct kvt_arena *from = kvt_block_arena(space, b);
	bool sealed;

	filemap_invalidate_lock(mapping);
	spin_lock(&space->lock);
	sealed = b->state == KVT_SEALED;
	if (sealed) {
		to->below[frame] = from->below[b->frame];
		from->below[b->frame] = KVT_NO_COPY;
		kvt_block_rehome(space, b, to, frame);
	}
	spin_unlock(&space->lock);
	if (sealed)
		kvt_area_zap_block_locked(space, b);
	filemap_invalidate_unlock(mapping);
	return sealed;
}

/* Switch a block to its copy on nvme, if it has one and was not dropped. */
static bool switch_below(struct kvt_space *space, struct kvt_block *b)
{
	struct address_space *mapping = space->inode->i_mapping;
	struct kvt_arena *from = kvt_block_arena(space, b);
	u32 old = b->frame;
	bool good;
	u64 copy;

	filemap_invalidate_lock(mapping);
	spin_lock(&space->lock);
	copy = from->below[old];
	good = b->state == KVT_SEALED && kvt_copy_is_real(copy);
	if (good) {
		from->below[old] = KVT_NO_COPY;
		kvt_block_rehome(space, b, &space->arenas[copy >> 32], copy);
		trace_kvt_move(space, b, from->index, old);
	}
	spin_unlock(&space->lock);
	if (good)
		kvt_area_zap_block_locked(space, b);
	filemap_invalidate_unlock(mapping);
	return good;
}

/**
 * kvt_leave_memory() - make do with a block's copy on nvme
 * @space: its space
 * @b: in memory, frozen by the caller, who owns it no longer on return
 *
 * Context: process, may sleep.
 * Return: 0, and its frame is free; -EAGAIN: it has no copy (any more).
 */
int kvt_leave_memory(struct kvt_space *space, struct kvt_block *b)
{
	struct kvt_arena *from = kvt_block_arena(space, b);
	u32 old = b->frame;
	int err = -EAGAIN;

	if (switch_below(space, b)) {
		kvt_frame_return(from, old);
		err = 0;
	}
	kvt_block_thaw(space, b);
	return err;
}

/* Forget a block that the caller owns. */
void kvt_forget(struct kvt_space *space, struct kvt_block *b)
{
	struct kvt_block *standin = kvt_block_alloc_standin(space, b->key);

	spin_lock(&space->lock);
	if (b->state == KVT_SEALED) {
		kvt_block_hide(space, b, KVT_DROPPED, standin);
		standin = NULL;
	}
	spin_unlock(&space->lock);
	kvt_block_discard(space, standin);
	kvt_block_destroy(space, b);
}

/*
 * The bytes of @b are not what they were when they were summed: somebody wrote to
 * a sealed frame, or memory lies. It lives on by its copy on nvme, if it has one.
 */
static void lose_bytes(struct kvt_space *space, struct kvt_block *b)
{
	struct kvt_arena *from = kvt_block_arena(space, b);
	u32 old = b->frame;
	bool copy = switch_below(space, b);

	pr_warn_ratelimited("kvtier: %s: a block's bytes have changed since it was sealed: %s\n",
			    dev_name(&space->dev),
			    copy ? "its copy on nvme is used" : "it is dropped");
	kvt_stat_inc(space, damaged);
	if (!copy) {
		kvt_forget(space, b);
		return;
	}
	kvt_frame_return(from, old);
	kvt_block_thaw(space, b);
}

/**
 * kvt_move() - move a block to another frame
 * @space: its space
 * @b: frozen by the caller, who owns it no longer on return
 * @to: arena of the new frame
 * @frame: free frame owned by the caller; used up if this returns 0
 *
 * Context: process, may sleep.
 * Return: 0; else @frame is free again: -ENOENT if it was dropped meanwhile;
 * -EHWPOISON if its memory has failed, then it is gone; -EILSEQ if its bytes have
 * changed, then it is gone or only its copy on nvme is left.
 */
int kvt_move(struct kvt_space *space, struct kvt_block *b,
	     struct kvt_arena *to, u32 frame)
{
	struct kvt_arena *from = kvt_block_arena(space, b);
	u32 old = b->frame;

	if (kvt_arena_frame_poisoned(from, old) ||
	    kvt_arena_copy(to, frame, from, old)) {
		kvt_frame_return(to, frame);
		kvt_stat_inc(space, poisoned);
		kvt_forget(space, b);
		return -EHWPOISON;
	}
	if (!kvt_sums_survive(to, frame, from, old)) {
		kvt_frame_return(to, frame);
		lose_bytes(space, b);
		return -EILSEQ;
	}
	if (!switch_frame(space, b, to, frame)) {
		kvt_frame_return(to, frame);
		kvt_block_thaw(space, b);
		return -ENOENT;
	}
	trace_kvt_move(space, b, from->index, old);
	kvt_frame_return(from, old);
	kvt_block_thaw(space, b);
	return 0;
}
