// SPDX-License-Identifier: GPL-2.0
/* The pool is told to forget blocks: as well as that goes, and nobody waits for it. */
#include <linux/slab.h>

#include "drop.h"
#include "remote.h"
#include "space.h"
#include "space_remote.h"

/* Requests of a space that are under way, at most: the helper may be slow. */
#define DEPTH 64

static u32 nr_refused(const struct kvt_request *rq)
{
	u32 i, nr = 0;

	for (i = 0; i < rq->nr; i++)
		nr += rq->blocks[i].status && rq->blocks[i].status != -ENOENT;
	return nr;
}

static void drop_ended(struct kvt_request *rq, int err)
{
	kvt_stat_add(rq->space, drops_lost, err ? rq->nr : nr_refused(rq));
}

static void drop_released(struct kvt_request *rq, bool answered)
{
	atomic_dec(&rq->space->nr_drops);
	kfree(rq);
}

static const struct kvt_request_ops drop_ops = {
	.ended = drop_ended,
	.released = drop_released,
};

static struct kvt_request *new_drop(struct kvt_space *space, bool chain)
{
	struct kvt_request *rq = kzalloc(sizeof(*rq), GFP_KERNEL);

	if (!rq)
		return NULL;
	rq->ops = &drop_ops;
	rq->op = KVT_REMOTE_DROP;
	rq->flags = chain ? KVT_REMOTE_F_CHAIN : 0;
	rq->deadline = kvt_space_deadline(space);
	return rq;
}

/* One request. false: it cannot be sent. */
static bool send(struct kvt_space *space, const u8 *keys, size_t stride, u32 nr,
		 bool chain)
{
	struct kvt_request *rq = NULL;

	if (atomic_inc_return(&space->nr_drops) <= DEPTH)
		rq = new_drop(space, chain);
	if (!rq)
		goto lost;
	for (rq->nr = 0; rq->nr < nr; rq->nr++)
		memcpy(rq->blocks[rq->nr].key, keys + rq->nr * stride,
		       KVT_KEY_SIZE);
	if (!kvt_space_ask(space, rq))
		return true;
lost:
	kfree(rq);
	atomic_dec(&space->nr_drops);
	return false;
}

/**
 * kvt_drop_remote() - tell a space's remote tier to forget blocks
 * @space: the space
 * @keys: the first key
 * @stride: bytes from one key to the next
 * @nr: of @keys
 * @chain: and all below them
 *
 * Best effort; the space's drops_lost counts keys that the pool may have kept.
 *
 * Context: process, may sleep for memory.
 */
void kvt_drop_remote(struct kvt_space *space, const u8 *keys, size_t stride,
		     u32 nr, bool chain)
{
	u32 step;

	if (!kvt_space_has_remote(space))
		return;
	for (; nr; nr -= step, keys += step * stride) {
		step = min_t(u32, nr, KVT_REMOTE_BATCH);
		if (!send(space, keys, stride, step, chain))
			kvt_stat_add(space, drops_lost, step);
	}
}
