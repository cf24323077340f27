/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_LOAD_H
#define _KVT_LOAD_H

#include <linux/completion.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>

#include "io.h"

/* The longest wait for a device, in jiffies: its driver gives up about then. */
#define KVT_LOAD_TIMEOUT (30 * HZ)

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

/**
 * struct kvt_load - a block on its way up
 * @link: for who began it
 * @entry: for who began it
 * @space: constant
 * @b: owned until it has settled
 * @to: arena of @frame
 * @frame: where its bytes go
 * @seg: where they come from
 * @index: entry in @seg
 * @io: the transfer
 * @stage: enum kvt_load_stage
 * @arrived: @stage is KVT_LOAD_HANDED
 * @work: checks, and settles
 * @refs: who began it, and the transfer
 * @done: it has settled
 * @err: outcome
 * @wanted: who began it wants the block held (space->lock)
 * @is_background: nobody waits for it; constant
 * @held: it is, on behalf of who began it (space->lock)
 */
struct kvt_load {
	struct list_head link;
	u32 entry;
	struct kvt_space *space;
	struct kvt_block *b;
	struct kvt_arena *to;
	u32 frame;
	struct kvt_segment *seg;
	u32 index;
	struct kvt_io io;
	atomic_t stage;
	struct completion arrived;
	struct work_struct work;
	refcount_t refs;
	struct completion done;
	int err;
	bool wanted;
	bool is_background;
	bool held;
};

struct kvt_load *kvt_load_begin(struct kvt_space *space, struct kvt_block *b,
				bool want_hold);
struct kvt_load *kvt_load_begin_used(struct kvt_space *space,
				     struct kvt_block *b);
void kvt_load_claim(struct kvt_load *load);
int kvt_load_wait(struct kvt_load *load, unsigned long deadline,
		  struct kvt_block **held);
void kvt_load_put(struct kvt_load *load);
struct kvt_block *kvt_load_freeze(struct kvt_space *space, unsigned long slot);
int kvt_load_slot(struct kvt_space *space, unsigned long slot);

#endif /* _KVT_LOAD_H */
