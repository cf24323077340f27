// SPDX-License-Identifier: GPL-2.0
/*
 * Spilling: blocks get a copy on the pool before they leave this host.
 *
 * A block that is to be spilled has a mark at its slot: since it was sealed, or
 * because it is among the next to leave memory. The space's spill work collects
 * marked blocks, holds them, makes their trailers, and submits them to the remote
 * tier, some requests at a time. The holds are given back when the helper is done
 * with the frames or has gone. Nothing waits for a spill: eviction takes other
 * blocks, and those that are not spilled yet too, if it has to.
 *
 * What the pool did not take loses its mark, and is marked again when it is to leave
 * memory. What nobody was there to take keeps it.
 */
#include <linux/slab.h>

#include "candidate.h"
#include "drop.h"
#include "family.h"
#include "log_format.h"
#include "move.h"
#include "remote.h"
#include "space_remote.h"
#include "spill.h"
#include "trace.h"
#include "trailer.h"

/* Requests of a space that are under way, at most. */
#define DEPTH 4

/* And bytes of one, unless a block is larger: its answer comes when all are there. */
#define MAX_BYTES SZ_32M

/* For so long nothing is spilled after the pool took nothing of a request. */
#define REST (HZ / 4)

/* So often it is looked whether there is a helper again. */
#define LOOK_AGAIN (HZ / 4)

static_assert(KVT_TRAILER_SPAN == KVT_LOG_CRC_SPAN);

/**
 * struct spill - one request
 * @rq: what the remote tier knows of it
 * @blocks: held, in the order of @rq.blocks
 * @sums: room for the checksums of one block
 */
struct spill {
	struct kvt_request rq;
	struct kvt_block *blocks[KVT_REMOTE_BATCH];
	u32 sums[];
};

static bool has_mark(struct kvt_space *space, const struct kvt_block *b,
		     xa_mark_t mark)
{
	return xa_get_mark(&space->slots, b->slot, mark);
}

static bool is_on(const struct kvt_space *space)
{
	return (READ_ONCE(space->knobs.remote_write) != KVT_WRITE_NONE ||
		READ_ONCE(space->drain.is_on)) && kvt_space_has_remote(space);
}

/* Is the pool to have @b, and neither has it nor is just being sent it? */
static bool is_wanted(struct kvt_space *space, const struct kvt_block *b)
{
	return !has_mark(space, b, KVT_MARK_REMOTE) &&
	       kvt_retain_allows(space, b, KVT_TIER_REMOTE);
}

/* Is the pool to have @b, found under RCU, and has it not? */
bool kvt_spill_wants(struct kvt_space *space, const struct kvt_block *b)
{
	bool wants;

	spin_lock(&space->lock);
	wants = is_wanted(space, b) || has_mark(space, b, KVT_MARK_TO_SPILL);
	spin_unlock(&space->lock);
	return wants;
}

static void mark(struct kvt_space *space, const struct kvt_block *b)
{
	lockdep_assert_held(&space->lock);
	if (b->state == KVT_SEALED && is_wanted(space, b))
		xa_set_mark(&space->slots, b->slot, KVT_MARK_TO_SPILL);
}

static void unmark(struct kvt_space *space, const struct kvt_block *b,
		   xa_mark_t mark)
{
	lockdep_assert_held(&space->lock);
	xa_clear_mark(&space->slots, b->slot, mark);
}

/* Spill what is marked. Soon, so that batches form. */
void kvt_spill_kick(struct kvt_space *space)
{
	queue_delayed_work(space->wq, &space->spill.work, 1);
}

/* -------------------------------------------------------------------- the end */

static void give_back(struct kvt_space *space, struct spill *s)
{
	u32 i;

	for (i = 0; i < s->rq.nr; i++)
		kvt_block_unhold(space, s->blocks[i], 1);
	atomic_sub(s->rq.nr, &space->spill.nr_held);
	kvfree(s->rq.trailers);
	kfree(s);
}

/* Nobody was there to take them: the next one is to. */
static void keep_marks(struct kvt_space *space, const struct spill *s)
{
	u32 i;

	spin_lock(&space->lock);
	for (i = 0; i < s->rq.nr; i++)
		unmark(space, s->blocks[i], KVT_MARK_REMOTE);
	spin_unlock(&space->lock);
}

/* @b is not on its way any more. Has it arrived? */
static void settle_block(struct kvt_space *space, const struct kvt_block *b,
			 bool arrived)
{
	bool dropped;

	spin_lock(&space->lock);
	if (!arrived)
		unmark(space, b, KVT_MARK_REMOTE);
	dropped = b->state == KVT_DROPPED && has_mark(space, b, KVT_MARK_TO_SPILL);
	unmark(space, b, KVT_MARK_TO_SPILL);
	spin_unlock(&space->lock);
	/* The pool was told to forget it before it had it. */
	if (arrived && dropped)
		kvt_drop_remote(space, b->key, KVT_KEY_SIZE, 1, false);
}

/* How many blocks did the pool take? */
static u32 settle(struct kvt_space *space, const struct spill *s, int err)
{
	u32 i, nr = 0;

	for (i = 0; i < s->rq.nr; i++) {
		bool arrived = !err && !s->rq.blocks[i].status;

		settle_block(space, s->blocks[i], arrived);
		nr += arrived;
	}
	return nr;
}

static void spill_ended(struct kvt_request *rq, int err)
{
	struct spill *s = container_of(rq, struct spill, rq);
	struct kvt_space *space = rq->space;
	u32 nr;

	trace_kvt_spill(space, rq->id, rq->nr, err);
	if (err == -ENOLINK || err == -ECANCELED) {
		keep_marks(space, s);
		return;
	}
	nr = settle(space, s, err);
	if (!nr)
		WRITE_ONCE(space->spill.rest_until, jiffies + REST);
	kvt_stat_add(space, spills, nr);
	kvt_stat_add(space, spill_bytes, (u64)nr * space->block_size);
	kvt_stat_add(space, spill_errors, rq->nr - nr);
}

static void spill_released(struct kvt_request *rq, bool answered)
{
	struct kvt_space *space = rq->space;

	/* If not, whoever reads a frame still finds other bytes than the trailer says. */
	give_back(space, container_of(rq, struct spill, rq));
	atomic_dec(&space->spill.nr_requests);
	mod_delayed_work(space->wq, &space->spill.work, 0);
}

static const struct kvt_request_ops spill_ops = {
	.ended = spill_ended,
	.released = spill_released,
};

/* ------------------------------------------------------------------ a request */

static u32 nr_sums(const struct kvt_space *space)
{
	return DIV_ROUND_UP(space->block_size, KVT_TRAILER_SPAN);
}

static struct spill *new_spill(struct kvt_space *space, u32 max)
{
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY;
	u32 bytes = kvt_trailer_bytes(space->block_size);
	struct spill *s;

	s = kzalloc(struct_size(s, sums, nr_sums(space)), gfp);
	if (!s)
		return NULL;
	s->rq.ops = &spill_ops;
	s->rq.op = KVT_REMOTE_SPILL;
	s->rq.trailer_size = bytes;
	s->rq.trailers = kvmalloc_array(max, bytes, gfp);
	if (s->rq.trailers)
		return s;
	kfree(s);
	return NULL;
}

/* The block at @slot, held, and on its way: both marks. NULL: not it, or not now. */
static struct kvt_block *take(struct kvt_space *space, unsigned long slot)
{
	struct kvt_block *b = xa_load(&space->slots, slot);

	lockdep_assert_held(&space->lock);
	if (!b || !has_mark(space, b, KVT_MARK_TO_SPILL) ||
	    has_mark(space, b, KVT_MARK_REMOTE))
		return NULL;
	/* On nvme: it is asked again when it has come up. */
	if (b->state != KVT_SEALED || !kvt_block_in_memory(space, b) ||
	    !is_wanted(space, b)) {
		unmark(space, b, KVT_MARK_TO_SPILL);
		return NULL;
	}
	/* A mover's: it settles soon. */
	if (!atomic_inc_unless_negative(&b->leases))
		return NULL;
	xa_set_mark(&space->slots, slot, KVT_MARK_REMOTE);
	return b;
}

/* From where it stopped the last time to the last slot, up to @max blocks. */
static void collect(struct kvt_space *space, struct spill *s, u32 max)
{
	unsigned long slot = space->spill.next_slot;
	struct kvt_block *b;

	for (; s->rq.nr < max; slot++) {
		if (!xa_find(&space->slots, &slot, ULONG_MAX, KVT_MARK_TO_SPILL)) {
			slot = 0;
			break;
		}
		spin_lock(&space->lock);
		b = take(space, slot);
		spin_unlock(&space->lock);
		if (b)
			s->blocks[s->rq.nr++] = b;
		cond_resched();
	}
	space->spill.next_slot = slot;
}

/* Those whose memory can be read, with their checksums. */
static void sift(struct kvt_space *space, struct spill *s)
{
	u32 i, nr = 0;

	kvt_sums_make_all(space, s->blocks, s->rq.nr);
	for (i = 0; i < s->rq.nr; i++) {
		struct kvt_block *b = s->blocks[i];

		if (kvt_arena_frame_poisoned(kvt_block_arena(space, b), b->frame)) {
			kvt_drop_poisoned(space, b);
			kvt_block_unhold(space, b, 1);
		} else {
			s->blocks[nr++] = b;
		}
	}
	s->rq.nr = nr;
}

static void describe(struct kvt_space *space, struct spill *s, u32 i)
{
	struct kvt_remote_block *rb = &s->rq.blocks[i];
	struct kvt_block *b = s->blocks[i];
	struct kvt_arena *a = kvt_block_arena(space, b);
	struct kvt_trailer_of of = {
		.block_size = space->block_size,
		.class_id = kvt_block_class(b),
	};

	spin_lock(&space->lock);
	kvt_family_parent_key(b, of.parent);
	spin_unlock(&space->lock);
	memcpy(of.key, b->key, sizeof(of.key));
	memcpy(of.identity, space->identity, sizeof(of.identity));
	if (!kvt_sums_get(a, b->frame, s->sums))
		kvt_arena_sum(a, b->frame, s->sums);
	kvt_trailer_make(s->rq.trailers + i * s->rq.trailer_size, &of, s->sums);

	memcpy(rb->key, of.key, sizeof(rb->key));
	memcpy(rb->parent, of.parent, sizeof(rb->parent));
	rb->offset = kvt_window_offset(a->index) +
		     (u64)b->frame * space->block_size;
	rb->class_id = of.class_id;
}

/* Its end is the remote tier's affair then, unless it cannot be submitted: false. */
static bool submit(struct kvt_space *space, struct spill *s)
{
	u32 i;

	for (i = 0; i < s->rq.nr; i++)
		describe(space, s, i);
	s->rq.deadline = kvt_space_deadline(space);
	atomic_inc(&space->spill.nr_requests);
	if (!kvt_space_ask(space, &s->rq))
		return true;
	atomic_dec(&space->spill.nr_requests);
	keep_marks(space, s);
	give_back(space, s);
	return false;
}

/* ------------------------------------------------------------------- the work */

/* What the rate limit lets out at once after a pause, in bytes. */
static u64 burst(u64 rate)
{
	return rate / 8;
}

/* The rate limit: what may be sent, in bytes; negative: a debt. */
static s64 tokens(struct kvt_space *space, u64 rate)
{
	struct kvt_spill *s = &space->spill;
	u64 now = ktime_get_ns(), time = min(now - s->at, (u64)NSEC_PER_SEC);

	s->at = now;
	s->tokens += mul_u64_u64_div_u64(time, rate, NSEC_PER_SEC);
	s->tokens = min_t(s64, s->tokens, burst(rate));
	return s->tokens;
}

/* Jiffies until the rate limit lets more out. */
static unsigned long time_to_earn(struct kvt_space *space)
{
	u64 rate = READ_ONCE(space->knobs.remote_rate), ns;
	s64 left;

	if (!rate)
		return 0;
	left = tokens(space, rate);
	if (left >= 0)
		return 0;
	/* The limit may be another one before that is over. */
	ns = mul_u64_u64_div_u64(min((u64)-left, rate), NSEC_PER_SEC, rate);
	return nsecs_to_jiffies(ns) + 1;
}

/* Of one request. */
static u32 max_blocks(struct kvt_space *space)
{
	u64 rate = READ_ONCE(space->knobs.remote_rate), bytes = MAX_BYTES;

	if (rate)
		bytes = min(bytes, burst(rate));
	return max_t(u64, div_u64(bytes, space->block_size), 1);
}

/*
 * Blocks that may be held: of a hung helper's requests they stay so, and the others have
 * to do.
 */
static u32 room(struct kvt_space *space)
{
	u64 limit = max(kvt_space_frames(space) / 8, 1ULL);
	u32 held = atomic_read(&space->spill.nr_held);

	limit = min(limit, (u64)DEPTH * KVT_REMOTE_BATCH);
	if (held >= limit || atomic_read(&space->spill.nr_requests) >= DEPTH)
		return 0;
	return min3((u32)limit - held, (u32)KVT_REMOTE_BATCH, max_blocks(space));
}

/* Jiffies until it may go on. */
static unsigned long time_to_wait(struct kvt_space *space)
{
	unsigned long rest = READ_ONCE(space->spill.rest_until);

	if (!kvt_space_has_helper(space))
		return LOOK_AGAIN;
	if (time_before(jiffies, rest))
		return rest - jiffies;
	return time_to_earn(space);
}

/* One request. Returns whether there may be more to do at once. */
static bool spill_some(struct kvt_space *space, u32 max)
{
	struct spill *s = new_spill(space, max);
	u32 nr;

	if (!s)
		return false;
	collect(space, s, max);
	/* The last slot is behind it: from the first one again. */
	if (!s->rq.nr)
		collect(space, s, max);
	sift(space, s);
	nr = s->rq.nr;
	atomic_add(nr, &space->spill.nr_held);
	if (!nr) {
		give_back(space, s);
		return false;
	}
	if (READ_ONCE(space->knobs.remote_rate))
		space->spill.tokens -= (u64)nr * space->block_size;
	return submit(space, s);
}

static void spill_work(struct work_struct *work)
{
	struct kvt_space *space = container_of(to_delayed_work(work),
					       struct kvt_space, spill.work);
	unsigned long wait = 0;
	u32 max;

	while (is_on(space)) {
		wait = time_to_wait(space);
		max = room(space);
		if (wait || !max || !spill_some(space, max))
			break;
		cond_resched();
	}
	/* Without room it is called when there is some. */
	if (is_on(space) && room(space) &&
	    xa_marked(&space->slots, KVT_MARK_TO_SPILL))
		queue_delayed_work(space->wq, &space->spill.work,
				   wait ?: LOOK_AGAIN);
}

void kvt_spill_init(struct kvt_space *space)
{
	INIT_DELAYED_WORK(&space->spill.work, spill_work);
	space->spill.rest_until = jiffies;
}

/* None is begun any more. There is no remote tier. */
void kvt_spill_stop(struct kvt_space *space)
{
	cancel_delayed_work_sync(&space->spill.work);
}

/* What the pool had is another's affair now. */
void kvt_spill_forget(struct kvt_space *space)
{
	unsigned long slot;
	void *entry;

	xa_for_each(&space->slots, slot, entry) {
		spin_lock(&space->lock);
		xa_clear_mark(&space->slots, slot, KVT_MARK_REMOTE);
		xa_clear_mark(&space->slots, slot, KVT_MARK_TO_SPILL);
		spin_unlock(&space->lock);
		cond_resched();
	}
	WRITE_ONCE(space->spill.rest_until, jiffies);
}

/* -------------------------------------------------------------- what is spilled */

void kvt_spill_note_remote(struct kvt_space *space, u32 slot)
{
	xa_set_mark(&space->slots, slot, KVT_MARK_REMOTE);
}

/* Have the block at @slot spilled, if there is one that the pool has not. */
void kvt_spill_ask(struct kvt_space *space, u32 slot)
{
	const struct kvt_block *b;

	spin_lock(&space->lock);
	b = xa_load(&space->slots, slot);
	if (b)
		mark(space, b);
	spin_unlock(&space->lock);
	kvt_spill_kick(space);
}

/* @b is dropped here only: if it is on its way, it may stay there. */
void kvt_spill_let_arrive(struct kvt_space *space, const struct kvt_block *b)
{
	lockdep_assert_held(&space->lock);
	unmark(space, b, KVT_MARK_TO_SPILL);
}

/* Is any block to be spilled, or on its way? */
bool kvt_spill_has_work(struct kvt_space *space)
{
	return is_on(space) && xa_marked(&space->slots, KVT_MARK_TO_SPILL);
}

/* Is the block at @slot to be spilled, or on its way? */
bool kvt_spill_is_due(struct kvt_space *space, u32 slot)
{
	return xa_get_mark(&space->slots, slot, KVT_MARK_TO_SPILL);
}

void kvt_spill_note_sealed(struct kvt_space *space, const struct kvt_block *b)
{
	lockdep_assert_held(&space->lock);
	if (likely(READ_ONCE(space->knobs.remote_write) != KVT_WRITE_THROUGH) ||
	    !kvt_space_has_remote(space))
		return;
	mark(space, b);
	kvt_spill_kick(space);
}

/* A block is about to leave memory. */
void kvt_spill_note_leaving(struct kvt_space *space)
{
	lockdep_assert_held(&space->lock);
	if (space->spill.patience)
		space->spill.patience--;
}

/* @b, owned by the caller, is about to leave this host. */
void kvt_spill_note_gone(struct kvt_space *space, const struct kvt_block *b)
{
	if (is_on(space) && is_wanted(space, b))
		kvt_stat_inc(space, spill_missed);
}

/* @b is to go, and then what only it kept. */
static void mark_chain(struct kvt_space *space, struct kvt_block *b)
{
	u32 nr;

	for (nr = 0; b && nr < KVT_CANDIDATE_BATCH; nr++) {
		if (kvt_block_in_memory(space, b))
			mark(space, b);
		b = b->up;
		if (b && kvt_family_nr_kids(b) > 1)
			break;
	}
}

/* How many blocks are to have a copy before they have to go: several rounds of the worker's. */
static u32 ahead(const struct kvt_arena *a)
{
	u32 high = kvt_watermark(a, READ_ONCE(a->space->knobs.high_watermark));

	return clamp(READ_ONCE(a->nr_frames) / 4, 1,
		     max(2 * high, 2 * (u32)KVT_REMOTE_BATCH));
}

/* Mark the next ones of @a. */
static void mark_ahead(struct kvt_arena *a)
{
	u32 left = ahead(a), nr;
	bool more = true;
	u64 rank = 0;

	for (; left && more; left -= nr) {
		nr = min_t(u32, left, KVT_CANDIDATE_BATCH);
		spin_lock(&a->space->lock);
		more = kvt_candidate_walk(a, &rank, nr, mark_chain);
		spin_unlock(&a->space->lock);
		cond_resched();
	}
}

static bool is_due(struct kvt_space *space, u32 patience)
{
	bool due;

	spin_lock(&space->lock);
	due = !space->spill.patience;
	if (due)
		space->spill.patience = patience;
	spin_unlock(&space->lock);
	return due;
}

/**
 * kvt_spill_ahead() - memory is short: spill what is to go next
 * @space: the space
 *
 * Of its slowest memory: from the other kind blocks go there.
 *
 * Context: the space's worker.
 */
void kvt_spill_ahead(struct kvt_space *space)
{
	enum kvt_tier_kind kind = KVT_TIER_DRAM;
	struct kvt_arena *a;
	u32 nr = 0;

	if (!is_on(space))
		return;
	kvt_for_each_arena(a, space)
		if (kvt_arena_is_memory(a) && a->kind > kind)
			kind = a->kind;
	kvt_for_each_arena(a, space)
		if (a->kind == kind)
			nr += ahead(a);
	/* So that looking costs a few steps for each block that goes. */
	if (!is_due(space, nr / 8))
		return;
	kvt_for_each_arena(a, space)
		if (a->kind == kind)
			mark_ahead(a);
	kvt_spill_kick(space);
}
