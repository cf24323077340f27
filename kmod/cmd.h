/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_CMD_H
#define _KVT_CMD_H

#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include "block.h"
#include "fetch.h"
#include "file.h"
#include "fill.h"
#include "load.h"
#include "retain.h"

struct iov_iter;
struct kvt_cmd;

/* How a block looks to who wants to hold it. */
enum kvt_sight {
	KVT_ABSENT,
	KVT_FILLS,
	KVT_MOVES,	/* from frame to frame */
	KVT_BELOW,	/* on nvme */
	KVT_COMES,	/* the same, on its way up or out */
	KVT_READY,
};

/**
 * enum kvt_wait_for - what a command cannot go on without
 * @KVT_WAIT_LOAD: the first of its loads
 * @KVT_WAIT_BLOCK: a block that looks other than it did
 * @KVT_WAIT_FRAME: a frame, or a block that may be evicted
 * @KVT_WAIT_REMOTE: what it has asked the remote tier, or a block that looks other than
 *	it did
 */
enum kvt_wait_for {
	KVT_WAIT_LOAD,
	KVT_WAIT_BLOCK,
	KVT_WAIT_FRAME,
	KVT_WAIT_REMOTE,
};

/**
 * struct kvt_wait - what a command waits for
 * @what: enum kvt_wait_for
 * @deadline: jiffies
 * @key: WAIT_BLOCK, WAIT_REMOTE: the block's
 * @seen: the same: how it looked
 * @grown: WAIT_BLOCK, KVT_F_ARRIVING: space->nr_grown before it looked
 * @offers: WAIT_FRAME: space->nr_offers before it looked for one
 * @slowest: WAIT_FRAME: kind of memory that will do
 * @is_new: WAIT_FRAME: for a block that is not here yet, else for one that comes up
 *
 * Written by a step; read between steps only.
 */
struct kvt_wait {
	enum kvt_wait_for what;
	unsigned long deadline;
	const u8 *key;
	enum kvt_sight seen;
	u32 grown;
	u32 offers;
	enum kvt_tier_kind slowest;
	bool is_new;
};

/**
 * struct kvt_front - a front end that does not sleep while a command waits
 * @import: as import_ubuf(), for the addresses in entries of PUT and GET
 * @load_begun: a load is begun, for which @load_ended will be called once
 * @load_ended: load->ended, where load->waiter is the command: it may be over
 */
struct kvt_front {
	int (*import)(struct kvt_cmd *c, int rw, void __user *addr, size_t len,
		      struct iov_iter *iter);
	void (*load_begun)(struct kvt_cmd *c);
	void (*load_ended)(struct kvt_load *load);
};

/**
 * struct kvt_cmd - one batch on its way
 * @file: the caller's
 * @batch: checked; @done and @ok are filled in
 * @entries: checked; kernel memory
 * @front: NULL: who carries it out sleeps where it waits, and finishes its loads
 * @now: by kvt_clock(), when it began
 * @oldest: what was used since then has not expired
 * @deadline: jiffies, with KVT_F_WAIT
 * @stop: why it is to end at once, -errno; or 0
 * @next: entry whose turn it is
 * @ahead: GET: loads of entries below it were begun, if they needed it
 * @recorded: of the entries below it the holds are leases of the file
 * @turn: number of an entry that waits for others, from 1
 * @patience: jiffies; until when
 * @loads: struct kvt_load that it has begun, in the order of entries
 * @peers: those of them that are not submitted; empty between steps
 * @fetches: struct kvt_fetch whose blocks it has not all met, in the order of entries
 * @ask: what it has asked the remote tier, or NULL
 * @asked: the remote tier was asked for entries below it, if they were absent
 * @asks_on: all that it was asked for last is there
 * @gone: from 1: number of the entry that the remote tier said is not there; 0: none
 * @wait: what it waits for
 * @fill: RESERVE, PUT: its fills
 * @filler: PUT: it is the filler itself
 *
 * It belongs to who carries it out: one task at a time. Who else may touch what
 * while it waits is said there (kmod/uring.c).
 */
struct kvt_cmd {
	struct kvt_file *file;
	struct kvt_batch *batch;
	struct kvt_entry *entries;
	const struct kvt_front *front;
	u64 now;
	u64 oldest;
	unsigned long deadline;
	int stop;
	u32 next;
	u32 ahead;
	u32 recorded;
	u32 turn;
	unsigned long patience;
	struct list_head loads;
	struct list_head peers;
	struct list_head fetches;
	struct kvt_ask *ask;
	u32 asked;
	u32 gone;
	bool asks_on;
	struct kvt_wait wait;
	struct kvt_fill fill;
	struct kvt_filler filler;
};

void kvt_cmd_run(struct kvt_cmd *c, unsigned int state);

/* The same step by step. */
void kvt_cmd_begin(struct kvt_cmd *c);
bool kvt_cmd_step(struct kvt_cmd *c);
bool kvt_cmd_may_go_on(struct kvt_cmd *c);
void kvt_cmd_end(struct kvt_cmd *c);
bool kvt_cmd_may_wait(u32 op);
void kvt_cmd_undo(struct kvt_cmd *c);

/*
 * The commands, by file: a step each. Return 0: all is done, with results and
 * counts of the batch; -EAGAIN: it waits; go on there when that is over.
 */
int kvt_cmd_lookup(struct kvt_cmd *c);
int kvt_cmd_acquire(struct kvt_cmd *c);
int kvt_cmd_release(struct kvt_cmd *c);
int kvt_cmd_get(struct kvt_cmd *c);
int kvt_cmd_reserve(struct kvt_cmd *c);
int kvt_cmd_commit(struct kvt_cmd *c);
int kvt_cmd_abort(struct kvt_cmd *c);
int kvt_cmd_put(struct kvt_cmd *c);
int kvt_cmd_prefetch(struct kvt_cmd *c);
int kvt_cmd_drop(struct kvt_cmd *c);

/* Shared by them. */
enum kvt_sight kvt_cmd_look(struct kvt_space *space, const u8 *key);
int kvt_cmd_begin_hold(struct kvt_cmd *c, u32 i, struct kvt_block **held);
int kvt_cmd_begin_load(struct kvt_cmd *c, u32 i);
void kvt_cmd_submit_loads(struct kvt_cmd *c);
int kvt_cmd_take_load(struct kvt_cmd *c, u32 i, struct kvt_block **held,
		      int *result);
int kvt_cmd_hold(struct kvt_cmd *c, u32 i, struct kvt_block **held);
void kvt_cmd_drop_loads(struct kvt_cmd *c);
void kvt_cmd_place(struct kvt_cmd *c, struct kvt_entry *e,
		   const struct kvt_block *b);
void kvt_cmd_undo_lease(struct kvt_cmd *c, u32 i);
bool kvt_cmd_record_leases(struct kvt_cmd *c, u32 end);
int kvt_cmd_wait(struct kvt_cmd *c, enum kvt_wait_for what,
		 unsigned long deadline);
unsigned long kvt_cmd_patience(struct kvt_cmd *c, u32 i);
int kvt_cmd_wait_frame(struct kvt_cmd *c, u32 offers,
		       enum kvt_tier_kind slowest, bool is_new);
int kvt_cmd_wait_room(struct kvt_cmd *c, u32 i, u32 offers,
		      enum kvt_tier_kind slowest, bool is_new);
int kvt_cmd_import(struct kvt_cmd *c, int rw, u64 addr, size_t len,
		   struct iov_iter *iter);

/* What is not here, and the remote tier (cmd_fetch.c). */
int kvt_cmd_fetch(struct kvt_cmd *c, u32 i);
int kvt_cmd_await_fetch(struct kvt_cmd *c, u32 i);
bool kvt_cmd_has_answer(const struct kvt_cmd *c);
void kvt_cmd_drop_fetches(struct kvt_cmd *c, u32 end);
void kvt_cmd_fetch_ahead(struct kvt_cmd *c);

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

/* Is it to end, or the caller to die? Then entry @i says so: it is the last. */
static inline bool kvt_cmd_killed(struct kvt_cmd *c, u32 i)
{
	if (unlikely(fatal_signal_pending(current)))
		c->stop = -EINTR;
	if (likely(!c->stop))
		return false;
	kvt_cmd_result(c, i, c->stop);
	return true;
}

#endif /* _KVT_CMD_H */
