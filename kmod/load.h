/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_LOAD_H
#define _KVT_LOAD_H

#include <linux/completion.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "io.h"

/* The longest wait for a device, in jiffies: its driver gives up about then. */
#define KVT_LOAD_TIMEOUT (30 * HZ)

#define KVT_LOAD_ALL U32_MAX

/**
 * enum kvt_load_stage - who finishes a load that has arrived
 * @KVT_LOAD_BEGUN: a worker will
 * @KVT_LOAD_AWAITED: who began it will, and waits for it
 * @KVT_LOAD_HANDED: it has arrived, and is for who began it
 * @KVT_LOAD_TAKEN: somebody does it, or has
 */
enum kvt_load_stage {
	KVT_LOAD_BEGUN,
	KVT_LOAD_AWAITED,
	KVT_LOAD_HANDED,
	KVT_LOAD_TAKEN,
};

struct kvt_flight;

/**
 * struct kvt_part - a run of a block that is read, and checked, by itself
 * @load: whose
 * @io: the transfer
 * @work: checks it, or another one of the flight
 * @arrived: in its flight's list of those that are to be checked
 * @is_good: it is there, and what was written (load->lock)
 */
struct kvt_part {
	struct kvt_load *load;
	struct kvt_io io;
	struct work_struct work;
	struct list_head arrived;
	bool is_good;
};

/**
 * struct kvt_load - a block on its way up
 * @link: for who began it
 * @entry: for who began it
 * @waiter: for who began it
 * @ended: called once, by a worker, when @until has come true or the load has
 *	settled, whatever comes first. NULL: who began it waits itself. Constant
 *	once it is submitted
 * @until: leading bytes that who began it waits for; 0: none; or KVT_LOAD_ALL:
 *	until it has settled. Constant once it is submitted
 * @space: constant
 * @b: owned until it has settled
 * @to: arena of @frame; constant
 * @frame: where its bytes go; constant
 * @seg: where they come from; constant
 * @index: entry in @seg; constant
 * @is_checked: its checksums are compared; constant
 * @is_background: nobody waits for it; constant
 * @is_held: the block is held for who began it, who alone looks at this
 * @is_told: @done is complete, or about to be (xchg())
 * @is_watched: somebody who did not begin it waits for its progress
 * @peers: submitted together, and not all read yet (flight's)
 * @flight: those; NULL: all was read at once
 * @nr_begun: parts whose transfers were begun (flight's)
 * @stage: enum kvt_load_stage
 * @arrived: @stage is KVT_LOAD_HANDED
 * @work: settles it
 * @refs: who began it, who settles it, and works of its parts
 * @done: @until has come true, or it has ended
 * @lock: guards what follows; safe in interrupts, inside all others
 * @err: why it failed; constant once it has arrived
 * @valid: leading bytes that are in @frame and good (read without)
 * @nr_good: parts that make these
 * @nr_left: parts that have not ended (atomic)
 * @nr_parts: constant
 * @parts: front to back
 */
struct kvt_load {
	struct list_head link;
	u32 entry;
	void *waiter;
	void (*ended)(struct kvt_load *load);
	u32 until;
	struct kvt_space *space;
	struct kvt_block *b;
	struct kvt_arena *to;
	u32 frame;
	struct kvt_segment *seg;
	u32 index;
	bool is_checked;
	bool is_background;
	bool is_held;
	bool is_told;
	bool is_watched;
	struct list_head peers;
	struct kvt_flight *flight;
	u32 nr_begun;
	atomic_t stage;
	struct completion arrived;
	struct work_struct work;
	refcount_t refs;
	struct completion done;

	spinlock_t lock;	/* what follows */
	int err;
	u32 valid;
	u32 nr_good;
	atomic_t nr_left;
	u32 nr_parts;
	struct kvt_part parts[] __counted_by(nr_parts);
};

int kvt_load_init(void);
void kvt_load_exit(void);

/*
 * A command prepares loads, gathers them in a list of its own by @peers, and submits
 * the list: so they are read together, layer by layer. Every load that was prepared
 * is to be submitted, and put, in any order.
 */
struct kvt_load *kvt_load_prepare(struct kvt_space *space, struct kvt_block *b,
				  bool want_hold);
void kvt_load_yield(struct kvt_load *load);
void kvt_load_submit(struct kvt_space *space, struct list_head *peers);
struct kvt_load *kvt_load_begin(struct kvt_space *space, struct kvt_block *b,
				bool want_hold);
struct kvt_load *kvt_load_prepare_used(struct kvt_space *space,
				       struct kvt_block *b);

/* Who began it. It has ended, for who began it, when @until has come true. */
void kvt_load_claim(struct kvt_load *load);
void kvt_load_let_go(struct kvt_load *load);
bool kvt_load_has_ended(struct kvt_load *load);
int kvt_load_finish(struct kvt_load *load, unsigned long deadline);
int kvt_load_take(struct kvt_load *load, struct kvt_block **held);
int kvt_load_wait(struct kvt_load *load, unsigned long deadline,
		  struct kvt_block **held);
int kvt_load_place(const struct kvt_load *load, struct kvt_entry *e);
void kvt_load_put(struct kvt_load *load);

/* Others. */
int kvt_load_join(struct kvt_space *space, struct kvt_entry *e);
struct kvt_block *kvt_load_freeze(struct kvt_space *space, unsigned long slot);

/* load_slot.c */
int kvt_load_slot(struct kvt_space *space, unsigned long slot);

#endif /* _KVT_LOAD_H */
