/* SPDX-License-Identifier: GPL-2.0 */
/* What is not on this host but on the pool: asked for, and fetched. */
#ifndef _KVT_FETCH_H
#define _KVT_FETCH_H

#include <linux/bitmap.h>
#include <linux/refcount.h>

#include "fill.h"
#include "remote.h"

/**
 * struct kvt_ask - which of some keys are on the pool?
 * @refs: who began it, and the request until it is released
 * @has_ended: no answer is to come any more; @err and @rq are constant. By
 *	kvt_ask_has_ended()
 * @is_hint: nobody waits: what is there is fetched at once; constant once submitted
 * @err: why there is no answer; 0: there is one
 * @begun: ns, when it was submitted
 * @until: jiffies; of a hint: not to be fetched after that, 0: at any time; else for who
 *	began it
 * @at: for who began it: entries that @rq.blocks are of
 * @rq: the request
 *
 * Who began it may be gone before it ends.
 */
struct kvt_ask {
	refcount_t refs;
	bool has_ended;
	bool is_hint;
	int err;
	u64 begun;
	unsigned long until;
	u32 at[KVT_REMOTE_BATCH];
	struct kvt_request rq;
};

struct kvt_ask *kvt_ask_new(struct kvt_space *space);
void kvt_ask_add(struct kvt_ask *ask, const u8 *key, u32 at);
int kvt_ask_submit(struct kvt_ask *ask, u64 wait_ns);
bool kvt_ask_has_ended(const struct kvt_ask *ask);
u32 kvt_ask_found(const struct kvt_ask *ask);
void kvt_ask_put(struct kvt_ask *ask);

/**
 * struct kvt_fetch - blocks on their way from the pool to frames
 * @link: for who began it
 * @last: for who began it: the last entry that it fetches for
 * @refs: who began it, and the request until it is released
 * @fill: the space's fetcher at work; who begins it only
 * @is_over: its blocks have ended; ended() to released()
 * @held: of @blocks those that were sealed: held until the last reference goes, so
 *	that who began it finds them, however short memory is
 * @blocks: filled by the space's fetcher, which alone ends that: so they stay
 * @stamps: their times of use
 * @crcs: room for the checksums of one
 * @rq: the request
 *
 * Who began it may be gone before it ends, but keeps the space if it is not.
 */
struct kvt_fetch {
	struct list_head link;
	u32 last;
	refcount_t refs;
	struct kvt_fill fill;
	bool is_over;
	DECLARE_BITMAP(held, KVT_REMOTE_BATCH);
	struct kvt_block *blocks[KVT_REMOTE_BATCH];
	u64 stamps[KVT_REMOTE_BATCH];
	u32 *crcs;
	struct kvt_request rq;
};

int kvt_ask_fetch(struct kvt_ask *ask, u64 stamp, struct list_head *fetches,
		  u32 *nr);
void kvt_fetch_put(struct kvt_fetch *f);

#endif /* _KVT_FETCH_H */
