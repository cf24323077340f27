// SPDX-License-Identifier: GPL-2.0
/*
 * Moving a block to another frame. A mover owns the block (frozen), so nobody
 * holds it, and its bytes cannot change: they are copied with no lock, and only
 * the switch to the new frame is under locks.
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

static bool is_low(const struct kvt_arena *a)
{
	return !kvt_arena_is_shrinking(a) && READ_ONCE(a->nr_free) <
	       kvt_watermark(a, READ_ONCE(a->space->knobs.low_watermark));
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
	if (is_low(a))
		queue_work(a->space->wq, &a->space->balance);
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
		kvt_candidate_erase(space, b);
		kvt_family_moved(space, b, from->kind, to->kind);
		from->nr_blocks--;
		to->nr_blocks++;
		kvt_arena_publish(from, b->frame, 0);
		kvt_arena_publish(to, frame, space->block_size);
		WRITE_ONCE(b->frame, frame);
		kvt_block_set_arena(b, to->index);
	}
	spin_unlock(&space->lock);
	if (sealed)
		kvt_area_zap_block_locked(space, b);
	filemap_invalidate_unlock(mapping);
	return sealed;
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

/**
 * kvt_move() - move a block to another frame
 * @space: its space
 * @b: frozen by the caller, who owns it no longer on return
 * @to: arena of the new frame
 * @frame: free frame owned by the caller; used up if this returns 0
 *
 * Context: process, may sleep.
 * Return: 0; -ENOENT if it was dropped meanwhile, -EHWPOISON if its memory
 * has failed: then it is gone, and @frame is free again.
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
