// SPDX-License-Identifier: GPL-2.0
/*
 * What a log knows of its segments: which block each entry is, where its data
 * are, and their checksums.
 *
 * An entry lives as long as its block is present by it. If the block is dropped
 * the entry is unburied until a tomb in a later summary says so on media; if
 * the segment is reclaimed nothing needs to be said.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "log.h"
#include "space.h"

/**
 * kvt_segment_prepare() - make room for what is known of a segment
 * @seg: owned by @log, with nothing in it
 * @log: the log
 *
 * Context: process; allocates without I/O.
 * Return: 0 or -ENOMEM.
 */
int kvt_segment_prepare(struct kvt_segment *seg, struct kvt_log *log)
{
	const struct kvt_log_layout *l = &log->layout;
	unsigned int noio = memalloc_noio_save();

	xa_init(&seg->tombs);
	seg->log = log;
	seg->is_open = false;
	seg->is_closed = false;
	seg->is_void = false;
	seg->busy = 0;
	seg->nr = 0;
	seg->nr_durable = 0;
	seg->nr_live = 0;
	seg->nr_unburied = 0;
	seg->bury_from = 0;
	seg->slots = kvmalloc_array(l->capacity, sizeof(u32), GFP_KERNEL);
	seg->offsets = kvcalloc(l->capacity, sizeof(u32), GFP_KERNEL);
	seg->crcs = kvmalloc_array(l->capacity, l->crcs * sizeof(u32),
				   GFP_KERNEL);
	memalloc_noio_restore(noio);
	if (seg->slots && seg->offsets && seg->crcs)
		return 0;
	kvt_segment_release(seg);
	return -ENOMEM;
}

/* Forget its tombs: its footer is written, or it goes. */
void kvt_segment_drop_tombs(struct kvt_segment *seg)
{
	struct kvt_tomb *tomb;
	unsigned long i;

	xa_for_each(&seg->tombs, i, tomb)
		kfree(tomb);
	xa_destroy(&seg->tombs);
}

/* Forget all that is known of a segment; nothing refers to it. */
void kvt_segment_release(struct kvt_segment *seg)
{
	kvt_segment_drop_tombs(seg);
	kvfree(seg->slots);
	kvfree(seg->offsets);
	kvfree(seg->crcs);
	seg->slots = NULL;
	seg->offsets = NULL;
	seg->crcs = NULL;
	seg->log = NULL;
}

/* Entry @index is the block at @slot from now on. */
void kvt_segment_bind(struct kvt_segment *seg, u32 index, u32 slot)
{
	lockdep_assert_held(&seg->log->arena->space->lock);
	seg->slots[index] = slot;
	seg->nr_live++;
}

/* The block of an entry is not present by it any more. It may live elsewhere. */
void kvt_segment_unbind(struct kvt_segment *seg, u32 index)
{
	lockdep_assert_held(&seg->log->arena->space->lock);
	seg->slots[index] = KVT_NO_ENTRY;
	seg->nr_live--;
}

/* The block that entry @index would be was dropped: it must not be found again. */
void kvt_segment_disclaim(struct kvt_segment *seg, u32 index)
{
	struct kvt_log *log = seg->log;

	lockdep_assert_held(&log->arena->space->lock);
	seg->slots[index] = KVT_UNBURIED;
	seg->bury_from = min(seg->bury_from, index);
	seg->nr_unburied++;
	log->nr_unburied++;
	queue_delayed_work(log->nvme->wq, &log->commit, KVT_COMMIT_DELAY);
}

struct kvt_segment *kvt_copy_segment(struct kvt_space *space, u64 copy,
				     u32 *index)
{
	struct kvt_log *log = space->arenas[copy >> 32].log;
	u32 extent = copy;

	*index = extent % log->layout.capacity;
	return kvt_nvme_segment(log->nvme, extent / log->layout.capacity);
}

/* The same for the block of a copy, see kvt_copy(); KVT_NO_COPY is fine. */
void kvt_copy_bury(struct kvt_space *space, u64 copy)
{
	struct kvt_segment *seg;
	u32 index;

	if (!kvt_copy_is_real(copy))
		return;
	seg = kvt_copy_segment(space, copy, &index);
	kvt_segment_unbind(seg, index);
	kvt_segment_disclaim(seg, index);
}

/* Take the next unburied entry of a log: the caller buries it. */
bool kvt_segment_next_unburied(struct kvt_log *log, struct kvt_tomb *tomb)
{
	struct kvt_segment *seg;
	u32 i;

	lockdep_assert_held(&log->arena->space->lock);
	list_for_each_entry(seg, &log->segments, list) {
		if (!seg->nr_unburied)
			continue;
		for (i = seg->bury_from; seg->slots[i] != KVT_UNBURIED; i++)
			;
		seg->bury_from = i + 1;
		seg->slots[i] = KVT_NO_ENTRY;
		seg->nr_unburied--;
		log->nr_unburied--;
		*tomb = (struct kvt_tomb){
			.generation = seg->generation,
			.device = seg->dev->index,
			.segment = seg->number,
			.index = i,
		};
		return true;
	}
	return false;
}
