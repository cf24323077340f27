/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_CMD_H
#define _KVT_CMD_H

#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include "block.h"
#include "file.h"
#include "load.h"
#include "retain.h"

/**
 * struct kvt_cmd - one batch on its way
 * @file: the caller's
 * @batch: checked; @done and @ok are filled in
 * @entries: checked; kernel memory
 * @now: by kvt_clock(), when it began
 * @oldest: what was used since then has not expired
 * @deadline: jiffies, with KVT_F_WAIT
 * @recorded: of the entries below it the holds are leases of the file
 * @loads: struct kvt_load that it has begun, in the order of entries
 */
struct kvt_cmd {
	struct kvt_file *file;
	struct kvt_batch *batch;
	struct kvt_entry *entries;
	u64 now;
	u64 oldest;
	unsigned long deadline;
	u32 recorded;
	struct list_head loads;
};

void kvt_cmd_run(struct kvt_cmd *c);

/* The commands, by file. Each fills in the results and counts of the batch. */
void kvt_cmd_lookup(struct kvt_cmd *c);
void kvt_cmd_acquire(struct kvt_cmd *c);
void kvt_cmd_release(struct kvt_cmd *c);
void kvt_cmd_get(struct kvt_cmd *c);
void kvt_cmd_reserve(struct kvt_cmd *c);
void kvt_cmd_commit(struct kvt_cmd *c);
void kvt_cmd_abort(struct kvt_cmd *c);
void kvt_cmd_put(struct kvt_cmd *c);
void kvt_cmd_prefetch(struct kvt_cmd *c);
void kvt_cmd_drop(struct kvt_cmd *c);

/* Shared by them. */
/* How a block looks to who wants to hold it. */
enum kvt_sight {
	KVT_ABSENT,
	KVT_FILLS,
	KVT_MOVES,	/* from frame to frame */
	KVT_BELOW,	/* on nvme */
	KVT_COMES,	/* the same, on its way up or out */
	KVT_READY,
};

enum kvt_sight kvt_cmd_look(struct kvt_space *space, const u8 *key);
enum kvt_sight kvt_cmd_try_hold(struct kvt_cmd *c, const u8 *key,
				struct kvt_block **held);
int kvt_cmd_hold(struct kvt_cmd *c, const u8 *key, struct kvt_block **held,
		 bool wait);
void kvt_cmd_place(struct kvt_cmd *c, struct kvt_entry *e,
		   const struct kvt_block *b);
int kvt_cmd_load(struct kvt_cmd *c, const u8 *key, struct kvt_load **load);
void kvt_cmd_undo_lease(struct kvt_cmd *c, u32 i);
bool kvt_cmd_record_leases(struct kvt_cmd *c, u32 end);
int kvt_cmd_wait_frame(struct kvt_cmd *c, u32 offers, enum kvt_tier_kind slowest);

/* Has a block, found under RCU, expired? Then it is a miss. */
static inline bool kvt_cmd_is_expired(const struct kvt_cmd *c,
				      const struct kvt_block *b)
{
	return unlikely(READ_ONCE(b->last_use) < c->oldest) &&
	       kvt_retain_has_expired(c->file->space, b, c->now);
}

/* Time of use of entry @i, without KVT_USED: a chain's leaf is older than its root. */
static inline u64 kvt_cmd_stamp(const struct kvt_cmd *c, u32 i)
{
	return (c->now & ~KVT_USED) + 2 * (c->batch->nr - i);
}

/* Prefix-closed recency wants a later, shorter batch not to age a block. */
static inline void kvt_cmd_touch(const struct kvt_cmd *c, struct kvt_block *b,
				 u32 i)
{
	u64 stamp = kvt_cmd_stamp(c, i) | KVT_USED;

	if (READ_ONCE(b->last_use) < stamp)
		WRITE_ONCE(b->last_use, stamp);
}

/* Result of an entry; returns whether it succeeded. */
static inline bool kvt_cmd_result(struct kvt_cmd *c, u32 i, int result)
{
	c->entries[i].result = result;
	c->batch->done++;
	c->batch->ok += result >= 0;
	return result >= 0;
}

/* Is the caller to die? Then entry @i says so, and the batch ends. */
static inline bool kvt_cmd_killed(struct kvt_cmd *c, u32 i)
{
	if (likely(!fatal_signal_pending(current)))
		return false;
	kvt_cmd_result(c, i, -EINTR);
	return true;
}

#endif /* _KVT_CMD_H */
