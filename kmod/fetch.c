// SPDX-License-Identifier: GPL-2.0
/*
 * Fetching blocks from the pool. A fetch is a filler, space->fetcher, of blocks whose
 * bytes the remote tier's helper writes. What it says is judged here: a block is
 * sealed when its trailer is that of this key in this space, and its bytes have the
 * trailer's checksums. All else is a miss.
 *
 * Where no answer comes in time the blocks are hidden, so that nobody waits for them;
 * their frames stay with the request until it is released: the helper's device may
 * still be writing. If it is never told that it is not, they go to quarantine.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "block.h"
#include "fetch.h"
#include "log_format.h"
#include "space_remote.h"
#include "trace.h"
#include "trailer.h"

/* Bytes of one request: several are under way, and judged, at the same time. */
#define FETCH_BYTES SZ_16M

static_assert(KVT_TRAILER_SPAN == KVT_LOG_CRC_SPAN);

static struct kvt_ask *to_ask(struct kvt_request *rq)
{
	return container_of(rq, struct kvt_ask, rq);
}

static struct kvt_fetch *to_fetch(struct kvt_request *rq)
{
	return container_of(rq, struct kvt_fetch, rq);
}

/* ------------------------------------------------------------------------ asking */

void kvt_ask_put(struct kvt_ask *ask)
{
	if (refcount_dec_and_test(&ask->refs))
		kfree(ask);
}

/* Nobody waits for the answer: have fetched what is there. */
static void fetch_found(struct kvt_ask *ask)
{
	u64 stamp = (kvt_clock() & ~KVT_USED) + 2 * KVT_REMOTE_BATCH;
	struct kvt_space *space = ask->rq.space;
	struct kvt_fetch *f, *next;
	LIST_HEAD(fetches);
	u32 nr;

	/* Half of the quota is for those who want their blocks now. */
	if ((ask->until && time_after(jiffies, ask->until)) ||
	    atomic_long_read(&space->held) > kvt_space_quota(space) / 2)
		return;
	kvt_ask_fetch(ask, stamp, &fetches, &nr);
	list_for_each_entry_safe(f, next, &fetches, link)
		kvt_fetch_put(f);
}

static void ask_ended(struct kvt_request *rq, int err)
{
	struct kvt_ask *ask = to_ask(rq);
	struct kvt_space *space = rq->space;

	ask->err = err;
	if (err == -ETIMEDOUT)
		kvt_stat_inc(space, fetch_timeouts);
	if (kvt_ask_found(ask) < rq->nr)
		kvt_stat_inc(space, fetch_misses);
	if (ask->is_hint) {
		fetch_found(ask);
		return;
	}
	/* Pairs with kvt_ask_has_ended(). */
	smp_store_release(&ask->has_ended, true);
	kvt_space_wake(space);
}

static void ask_released(struct kvt_request *rq, bool answered)
{
	kvt_ask_put(to_ask(rq));
}

static const struct kvt_request_ops ask_ops = {
	.ended = ask_ended,
	.released = ask_released,
};

/* To be put. NULL: no memory. */
struct kvt_ask *kvt_ask_new(struct kvt_space *space)
{
	struct kvt_ask *ask = kzalloc(sizeof(*ask), GFP_KERNEL_ACCOUNT);

	if (!ask)
		return NULL;
	refcount_set(&ask->refs, 1);
	ask->rq.ops = &ask_ops;
	ask->rq.space = space;
	ask->rq.op = KVT_REMOTE_EXISTS;
	return ask;
}

/* There is room for KVT_REMOTE_BATCH. @at: for the caller. */
void kvt_ask_add(struct kvt_ask *ask, const u8 *key, u32 at)
{
	memcpy(ask->rq.blocks[ask->rq.nr].key, key, KVT_KEY_SIZE);
	ask->at[ask->rq.nr++] = at;
}

/**
 * kvt_ask_submit() - ask
 * @ask: has a key
 * @wait_ns: how long the pool is to wait for the first key; 0: not at all
 *
 * When it has ended the space's waiters are woken.
 *
 * Context: process, may sleep.
 * Return: 0; or -errno: nobody can be asked, and it never ends.
 */
int kvt_ask_submit(struct kvt_ask *ask, u64 wait_ns)
{
	struct kvt_space *space = ask->rq.space;
	int err;

	ask->begun = ktime_get_ns();
	ask->rq.wait_ns = wait_ns;
	ask->rq.deadline = kvt_space_deadline(space) + wait_ns;
	refcount_inc(&ask->refs);
	err = kvt_space_ask(space, &ask->rq);
	if (err)
		kvt_ask_put(ask);
	return err;
}

bool kvt_ask_has_ended(const struct kvt_ask *ask)
{
	/* Pairs with ask_ended(). */
	return smp_load_acquire(&ask->has_ended);
}

/* How many of its keys, from the first on, are there? It has ended. */
u32 kvt_ask_found(const struct kvt_ask *ask)
{
	u32 i;

	for (i = 0; !ask->err && i < ask->rq.nr; i++)
		if (ask->rq.blocks[i].status)
			break;
	return i;
}

/* --------------------------------------------------------------------- fetching */

/* It does not go on, or has ended; or who began it has what it wanted. */
void kvt_fetch_put(struct kvt_fetch *f)
{
	u32 i;

	if (!refcount_dec_and_test(&f->refs))
		return;
	for_each_set_bit(i, f->held, KVT_REMOTE_BATCH)
		kvt_block_unhold(f->rq.space, f->blocks[i], 1);
	kvfree(f->rq.trailers);
	kfree(f->crcs);
	kfree(f);
}

/* It came to nothing, and nobody writes to the frames. */
static void abort_blocks(struct kvt_fetch *f)
{
	struct kvt_space *space = f->rq.space;
	u32 i;

	for (i = 0; i < f->rq.nr; i++)
		kvt_fill_abort(space, &space->fetcher, f->blocks[i]->slot);
	kvt_space_wake(space);
}

static struct kvt_trailer *trailer_of(struct kvt_fetch *f, u32 i)
{
	return f->rq.trailers + (size_t)i * f->rq.trailer_size;
}

static bool trailer_is_good(struct kvt_fetch *f, u32 i)
{
	struct kvt_space *space = f->rq.space;
	struct kvt_trailer_of want = { .block_size = space->block_size };

	memcpy(want.key, f->blocks[i]->key, KVT_KEY_SIZE);
	memcpy(want.identity, space->identity, KVT_IDENTITY_SIZE);
	return !kvt_trailer_check(trailer_of(f, i), f->rq.trailer_size, &want);
}

static bool is_poisoned(struct kvt_fetch *f, u32 i)
{
	struct kvt_block *b = f->blocks[i];

	return kvt_arena_frame_poisoned(kvt_block_arena(f->rq.space, b),
					b->frame);
}

/* Has the frame the trailer's checksums? */
static bool sums_agree(struct kvt_fetch *f, u32 i)
{
	struct kvt_trailer *t = trailer_of(f, i);
	struct kvt_block *b = f->blocks[i];
	struct kvt_arena *a = kvt_block_arena(f->rq.space, b);
	u32 n;

	if (!kvt_sums_get(a, b->frame, f->crcs))
		kvt_arena_sum(a, b->frame, f->crcs);
	for (n = 0; n < le32_to_cpu(t->nr); n++)
		if (f->crcs[n] != le32_to_cpu(t->sums[n]))
			return false;
	return true;
}

/* It is what was asked for: seen by all from now on, unless it was dropped. */
static void seal_block(struct kvt_fetch *f, u32 i)
{
	const struct kvt_trailer *t = trailer_of(f, i);
	struct kvt_space *space = f->rq.space;
	struct kvt_block *b = f->blocks[i];
	u32 slot = b->slot;

	kvt_fill_describe(space, b, t->parent, le32_to_cpu(t->class_id));
	kvt_spill_note_remote(space, slot);
	if (kvt_fill_seal(space, &space->fetcher, slot, f->stamps[i], true))
		return;
	__set_bit(i, f->held);
	kvt_stat_inc(space, fetches);
}

/* Blocks that came, by what goes with them; *@missed: those that did not. */
static void find_good(struct kvt_fetch *f, unsigned long *good, u32 *missed)
{
	struct kvt_block *blocks[KVT_REMOTE_BATCH];
	u32 i, nr = 0;

	for (i = 0; i < f->rq.nr; i++) {
		*missed += !!f->rq.blocks[i].status;
		if (f->rq.blocks[i].status || !trailer_is_good(f, i) ||
		    is_poisoned(f, i))
			continue;
		__set_bit(i, good);
		blocks[nr++] = f->blocks[i];
	}
	/* By all processors. */
	kvt_sums_make_all(f->rq.space, blocks, nr);
	for_each_set_bit(i, good, f->rq.nr)
		if (!sums_agree(f, i))
			__clear_bit(i, good);
}

/* The helper's answer: what is right is sealed, the rest was not found. */
static void judge(struct kvt_fetch *f)
{
	DECLARE_BITMAP(good, KVT_REMOTE_BATCH) = {};
	struct kvt_space *space = f->rq.space;
	u32 i, missed = 0;

	find_good(f, good, &missed);
	kvt_stat_add(space, fetch_misses, missed);
	kvt_stat_add(space, fetch_bad, f->rq.nr - missed -
		     bitmap_weight(good, KVT_REMOTE_BATCH));
	for (i = 0; i < f->rq.nr; i++) {
		if (test_bit(i, good))
			seal_block(f, i);
		else
			kvt_fill_abort(space, &space->fetcher,
				       f->blocks[i]->slot);
	}
}

/* Nobody waits any more; but the frames may be written to. */
static void give_up(struct kvt_fetch *f, int err)
{
	struct kvt_space *space = f->rq.space;
	u32 i;

	if (err == -ETIMEDOUT)
		kvt_stat_inc(space, fetch_timeouts);
	kvt_stat_add(space, fetch_misses, f->rq.nr);
	for (i = 0; i < f->rq.nr; i++)
		kvt_fill_cancel(space, f->blocks[i]);
}

static void fetch_ended(struct kvt_request *rq, int err)
{
	struct kvt_fetch *f = to_fetch(rq);

	if (err)
		give_up(f, err);
	else
		judge(f);
	f->is_over = !err;
	trace_kvt_fetch(rq->space, rq->nr,
			bitmap_weight(f->held, KVT_REMOTE_BATCH), err);
	kvt_space_wake(rq->space);
}

static void fetch_released(struct kvt_request *rq, bool answered)
{
	struct kvt_fetch *f = to_fetch(rq);
	u32 i;

	if (!f->is_over && answered)
		abort_blocks(f);
	for (i = 0; !f->is_over && !answered && i < rq->nr; i++)
		kvt_fill_quarantine(rq->space, f->blocks[i]);
	kvfree(rq->trailers);
	rq->trailers = NULL;
	kvt_fetch_put(f);
}

static const struct kvt_request_ops fetch_ops = {
	.ended = fetch_ended,
	.released = fetch_released,
};

static struct kvt_fetch *new_fetch(struct kvt_space *space)
{
	struct kvt_fetch *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return NULL;
	refcount_set(&f->refs, 1);
	f->fill = (struct kvt_fill){
		.space = space,
		.filler = &space->fetcher,
		.file = &space->fetcher,
		.class_id = READ_ONCE(space->knobs.default_class),
	};
	f->rq.ops = &fetch_ops;
	f->rq.space = space;
	f->rq.op = KVT_REMOTE_FETCH;
	return f;
}

/*
 * One block more. Its parent and class are known when its trailer is here; what
 * somebody cares for already is left out. Returns 0 or -errno.
 */
static int add_block(struct kvt_fetch *f, const u8 *key, u64 stamp)
{
	static const u8 no_parent[KVT_KEY_SIZE];
	struct kvt_space *space = f->rq.space;
	u32 nr = f->rq.nr;
	struct kvt_place place;
	int err;

	err = kvt_fill_begin(&f->fill, key, no_parent, &place);
	if (err == -EEXIST || err == -EALREADY || err == -EINPROGRESS)
		return 0;
	if (err)
		return err;
	f->blocks[nr] = xa_load(&space->slots, place.slot);
	f->stamps[nr] = stamp;
	memcpy(f->rq.blocks[nr].key, key, KVT_KEY_SIZE);
	f->rq.blocks[nr].offset = kvt_window_offset(place.arena->index) +
				  (u64)place.frame * space->block_size;
	f->rq.nr++;
	return 0;
}

static bool is_full(const struct kvt_fetch *f)
{
	return (u64)f->rq.nr * f->rq.space->block_size >= FETCH_BYTES;
}

static int make_room(struct kvt_fetch *f)
{
	u32 size = kvt_trailer_bytes(f->rq.space->block_size);

	f->rq.trailer_size = size;
	f->rq.trailers = kvmalloc_array(f->rq.nr, size, GFP_KERNEL);
	/* There is room for more than its checksums in a trailer. */
	f->crcs = kmalloc(size, GFP_KERNEL);
	return f->rq.trailers && f->crcs ? 0 : -ENOMEM;
}

/* Its blocks are being filled until they are sealed, or gone. It may have none. */
static void submit(struct kvt_fetch *f)
{
	if (!f->rq.nr)
		return;
	f->rq.deadline = kvt_space_deadline(f->rq.space);
	refcount_inc(&f->refs);
	if (!make_room(f) && !kvt_space_ask(f->rq.space, &f->rq))
		return;
	abort_blocks(f);
	kvt_fetch_put(f);
}

/* @f if it has room for one more; else it is submitted, and here is the next. */
static struct kvt_fetch *with_room(struct kvt_fetch *f, struct kvt_space *space,
				   struct list_head *fetches)
{
	if (f && !is_full(f))
		return f;
	if (f)
		submit(f);
	f = new_fetch(space);
	if (f)
		list_add_tail(&f->link, fetches);
	return f;
}

/**
 * kvt_ask_fetch() - have fetched what is on the pool
 * @ask: it has ended
 * @stamp: time of use of entry 0; that of entry n is by 2 * n earlier
 * @fetches: list that what does it is added to: to be put by the caller
 * @nr: out: so many of its keys, from the first on, are fetched, or cared for by
 *	somebody
 *
 * The space's waiters are woken when the blocks have come, or will not.
 *
 * Context: process, may sleep.
 * Return: 0: that is what was found; -ENOSPC, -EDQUOT, -ENOMEM: not all of it.
 */
int kvt_ask_fetch(struct kvt_ask *ask, u64 stamp, struct list_head *fetches,
		  u32 *nr)
{
	u32 i, found = kvt_ask_found(ask);
	struct kvt_fetch *f = NULL;
	int err = 0;

	for (i = 0; i < found; i++) {
		f = with_room(f, ask->rq.space, fetches);
		err = f ? add_block(f, ask->rq.blocks[i].key,
				    stamp - 2ULL * ask->at[i]) : -ENOMEM;
		if (err)
			break;
		f->last = ask->at[i];
	}
	if (f)
		submit(f);
	*nr = i;
	return err;
}
