/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A space's log on an nvme tier: segments that are written front to back, one
 * open one for each retention class.
 */
#ifndef _KVT_LOG_H
#define _KVT_LOG_H

#include <linux/mutex.h>

#include "log_codec.h"
#include "nvme.h"

/* Blocks that are handed to kvt_log_write_all() at a time. */
#define KVT_WRITE_BATCH 32

/* Dropped blocks are named on media after so long, in jiffies. */
#define KVT_COMMIT_DELAY HZ

struct kvt_group;

/**
 * struct kvt_stream - where blocks of one retention class are written
 * @seg: open segment, or NULL
 * @group: the group that still takes blocks, or NULL
 * @commits: full groups, in order; the first is being committed
 */
struct kvt_stream {
	struct kvt_segment *seg;
	struct kvt_group *group;
	struct list_head commits;
};

/**
 * struct kvt_log - a space's log on one nvme tier
 * @arena: the space's share of the tier; constant
 * @nvme: the tier; constant
 * @list: in nvme->logs (kvt_admin)
 * @layout: of its segments; constant
 * @owner: as segments state it, but for the class; constant
 * @quota: segments it may have (kvt_admin; read without)
 * @mutex: guards @streams, groups that still take blocks, and who opens and closes
 *	segments; inside file->lock, outside invalidate_lock
 * @reclaim: guards taking segments from @segments; outside @mutex
 * @is_hungry: a segment was wanted, and none was free or on the way to it
 *	(READ_ONCE)
 * @is_carrying: the last segment of the quota may be taken (READ_ONCE)
 * @streams: by class
 * @nr_writing: blocks being written
 * @nr_groups: groups not yet done; waited for on space->wait
 * @nr_io: their transfers, to their very end; waited for by its address
 * @advance: commits groups
 * @is_flushing: what is in memory is being written: the worker writes nothing ahead
 *	(READ_ONCE; set under space->lock). Nobody resets it: the log is to go
 * @is_stopping: nothing is to be written any more, no segment is reclaimed (READ_ONCE;
 *	set under @reclaim before the log goes)
 * @segments: owned, oldest generation first (space->lock)
 * @nr_segments: owned, those in @found too (space->lock)
 * @nr_unburied: sum of the segments' (space->lock)
 * @found: owned segments that are yet to be read, newest first (space->lock)
 * @recover: reads them
 * @commit: writes what has waited long enough
 */
struct kvt_log {
	struct kvt_arena *arena;
	struct kvt_nvme *nvme;
	struct list_head list;
	struct kvt_log_layout layout;
	struct kvt_log_owner owner;
	u32 quota;
	struct mutex mutex;	/* streams */
	struct mutex reclaim;	/* who takes segments away */
	bool is_hungry;
	bool is_carrying;
	struct kvt_stream streams[KVT_MAX_CLASS + 1];
	atomic_t nr_writing;
	atomic_t nr_groups;
	atomic_t nr_io;
	struct work_struct advance;
	bool is_flushing;
	bool is_stopping;

	struct list_head segments;	/* space->lock, as what follows */
	u32 nr_segments;
	u32 nr_unburied;
	struct list_head found;
	struct work_struct recover;
	struct delayed_work commit;
};

/* A dropped block's entry, as struct kvt_log_entry names it. */
struct kvt_tomb {
	u64 generation;
	u32 device;
	u32 segment;
	u32 index;
};

/* An entry's number among all entries of the tier: where a block is on nvme. */
static inline u32 kvt_log_extent(const struct kvt_log *log,
				 const struct kvt_segment *seg, u32 index)
{
	return seg->id * log->layout.capacity + index;
}

/* log.c: the life of a log. All under kvt_admin. */
int kvt_log_attach(struct kvt_arena *a, struct kvt_nvme *nvme, u64 bytes);
void kvt_log_detach(struct kvt_arena *a, bool keep);
int kvt_log_resize(struct kvt_arena *a, u64 bytes);
u64 kvt_log_bytes(const struct kvt_arena *a);
bool kvt_log_is_recovering(struct kvt_log *log);
void kvt_log_flush(struct kvt_log *log, unsigned long deadline);
void kvt_log_lose_device(struct kvt_log *log, struct kvt_device *dev);

/* The segment, and the entry in it, of a real copy: see kvt_copy(). */
struct kvt_segment *kvt_copy_segment(struct kvt_space *space, u64 copy,
				     u32 *index);

/* segment.c: under space->lock but for the first three */
int kvt_segment_prepare(struct kvt_segment *seg, struct kvt_log *log);
void kvt_segment_drop_tombs(struct kvt_segment *seg);
void kvt_segment_release(struct kvt_segment *seg);
void kvt_segment_bind(struct kvt_segment *seg, u32 index, u32 slot);
void kvt_segment_unbind(struct kvt_segment *seg, u32 index);
void kvt_segment_disclaim(struct kvt_segment *seg, u32 index);
void kvt_copy_bury(struct kvt_space *space, u64 copy);
bool kvt_segment_next_unburied(struct kvt_log *log, struct kvt_tomb *tomb);

/* writeout.c: see there */
int kvt_log_write(struct kvt_log *log, struct kvt_block *b);
u32 kvt_log_write_all(struct kvt_log *log, struct kvt_block **blocks, u32 nr);
void kvt_log_commit(struct kvt_log *log);
void kvt_log_commit_work(struct work_struct *work);
void kvt_log_advance_work(struct work_struct *work);
void kvt_log_close_all(struct kvt_log *log);
void kvt_log_close_device(struct kvt_log *log, struct kvt_device *dev);
void kvt_log_close_segment(struct kvt_log *log, struct kvt_segment *seg);
void kvt_segment_close_work(struct work_struct *work);

/* recover.c */
void kvt_recover_begin(struct kvt_log *log);
void kvt_recover_stop(struct kvt_log *log);
void kvt_recover_work(struct work_struct *work);

#endif /* _KVT_LOG_H */
