// SPDX-License-Identifier: GPL-2.0
/*
 * Writing out ahead: blocks that are soon to leave memory get a copy on nvme, so
 * that leaving costs nothing when a frame is needed.
 */
#include "admit.h"
#include "block.h"
#include "candidate.h"
#include "clean.h"
#include "family.h"
#include "log.h"
#include "space.h"

/**
 * struct batch - blocks to be written, held and marked
 * @log: where
 * @blocks: leaf first
 * @nr: length
 */
struct batch {
	struct kvt_log *log;
	struct kvt_block *blocks[KVT_WRITE_BATCH];
	u32 nr;
};

/* Hold a block and mark it, if it is for the batch's log. */
static bool take(struct kvt_space *space, struct kvt_block *b,
		 struct batch *batch)
{
	if (b->state != KVT_SEALED || !kvt_block_in_memory(space, b) ||
	    kvt_admit(space, b) != batch->log || !kvt_block_is_dirty(space, b) ||
	    !atomic_inc_unless_negative(&b->leases))
		return false;
	kvt_block_mark_writing(space, b);
	/* Parked: giving back the hold puts it back. */
	kvt_candidate_erase(space, b);
	batch->blocks[batch->nr++] = b;
	return true;
}

/*
 * The next leaf that is due, and its ancestors as long as it was the only thing
 * that kept them: they are due when it has gone.
 */
static bool add_chain(struct kvt_arena *a, u32 max, struct batch *batch)
{
	struct kvt_space *space = a->space;
	u32 before = batch->nr;
	bool more = true;
	struct kvt_block *b = NULL;

	spin_lock(&space->lock);
	while (!b && more) {
		more = false;
		b = kvt_candidate_next(a, KVT_WAY_DIRTY, &more);
	}
	if (b && !batch->nr)
		batch->log = kvt_admit(space, b);
	if (!batch->log || READ_ONCE(batch->log->is_flushing))
		b = NULL;
	while (b && batch->nr < max && take(space, b, batch)) {
		b = b->up;
		if (b && kvt_family_nr_kids(b) > 1)
			break;
	}
	spin_unlock(&space->lock);
	return batch->nr > before;
}

/* Up to @max blocks for one log. */
static void collect(struct kvt_arena *a, u32 max, struct batch *batch)
{
	max = min(max, KVT_WRITE_BATCH);
	*batch = (struct batch){};
	while (batch->nr < max && add_chain(a, max, batch))
		;
}

static u32 nr_writing(struct kvt_space *space, u32 *group)
{
	struct kvt_arena *a;
	u32 nr = 0;

	*group = 0;
	kvt_for_each_arena(a, space) {
		struct kvt_log *log = READ_ONCE(a->log);

		if (!log)
			continue;
		nr += atomic_read(&log->nr_writing);
		*group = max(*group, log->layout.group);
	}
	return nr;
}

/**
 * kvt_clean() - write what is due to leave an arena
 * @a: memory
 * @frames: how many frames are wanted
 *
 * So many blocks, and a group more so that groups are full, are under way on
 * return, unless there are not so many, or no segment is free.
 *
 * Context: the space's worker.
 */
void kvt_clean(struct kvt_arena *a, u32 frames)
{
	struct kvt_space *space = a->space;
	struct batch batch;
	u32 group, under_way;

	for (;;) {
		under_way = nr_writing(space, &group);
		if (!group || under_way >= frames + group)
			return;
		collect(a, frames + group - under_way, &batch);
		if (!batch.nr ||
		    !kvt_log_write_all(batch.log, batch.blocks, batch.nr))
			return;
		cond_resched();
	}
}

/* Let what kvt_clean() has begun become present, and wait for it, a second at most. */
void kvt_clean_wait(struct kvt_space *space)
{
	struct kvt_arena *a;
	u32 group;

	kvt_for_each_arena(a, space) {
		struct kvt_log *log = READ_ONCE(a->log);

		if (log)
			kvt_log_commit(log);
	}
	wait_event_timeout(space->wait, !nr_writing(space, &group), HZ);
}
