// SPDX-License-Identifier: GPL-2.0
/* What a batch means: dispatch, and what the commands share. */
#include <linux/nospec.h>

#include "cmd.h"
#include "index.h"
#include "space.h"
#include "trace.h"

static void (*const ops[])(struct kvt_cmd *c) = {
	[KVT_OP_LOOKUP]		= kvt_cmd_lookup,
	[KVT_OP_ACQUIRE]	= kvt_cmd_acquire,
	[KVT_OP_RELEASE]	= kvt_cmd_release,
	[KVT_OP_RESERVE]	= kvt_cmd_reserve,
	[KVT_OP_COMMIT]		= kvt_cmd_commit,
	[KVT_OP_ABORT]		= kvt_cmd_abort,
	[KVT_OP_PUT]		= kvt_cmd_put,
	[KVT_OP_GET]		= kvt_cmd_get,
	[KVT_OP_PREFETCH]	= kvt_cmd_prefetch,
	[KVT_OP_DROP]		= kvt_cmd_drop,
};

/**
 * kvt_cmd_run() - carry out a batch
 * @c: file, batch and entries set; the batch has passed kvt_abi_check_*()
 *
 * Context: process, may sleep.
 */
void kvt_cmd_run(struct kvt_cmd *c)
{
	c->batch->done = 0;
	c->batch->ok = 0;
	INIT_LIST_HEAD(&c->loads);
	c->now = kvt_clock();
	c->oldest = kvt_retain_oldest(&c->file->space->retain, c->now);
	c->deadline = jiffies + nsecs_to_jiffies(c->batch->timeout_ns);
	ops[array_index_nospec(c->batch->op, ARRAY_SIZE(ops))](c);
	kvt_stat_inc(c->file->space, batches);
	trace_kvt_batch(c->file->space, c->batch);
}

static enum kvt_sight look_at(struct kvt_space *space,
			      const struct kvt_block *b)
{
	switch (b ? READ_ONCE(b->state) : KVT_GHOST) {
	case KVT_SEALED:
		if (atomic_read(&b->leases) < 0)
			return kvt_block_in_memory(space, b) ? KVT_MOVES :
							       KVT_COMES;
		return kvt_block_in_memory(space, b) ? KVT_READY : KVT_BELOW;
	case KVT_FILLING:
		return KVT_FILLS;
	default:
		return KVT_ABSENT;
	}
}

enum kvt_sight kvt_cmd_look(struct kvt_space *space, const u8 *key)
{
	enum kvt_sight s;

	rcu_read_lock();
	s = look_at(space, kvt_index_find(space, key));
	rcu_read_unlock();
	return s;
}

/* Sleep while the block of @key is as @seen. Returns 0 or -errno. */
static int wait_while(struct kvt_space *space, const u8 *key,
		      enum kvt_sight seen, unsigned long deadline)
{
	long left = (long)(deadline - jiffies);

	left = wait_event_killable_timeout(space->wait,
					   kvt_cmd_look(space, key) != seen,
					   max(left, 0L));
	if (left < 0)
		return -EINTR;
	return left ? 0 : -ETIMEDOUT;
}

/* One attempt: the block of @key held, or why not. */
enum kvt_sight kvt_cmd_try_hold(struct kvt_cmd *c, const u8 *key,
				struct kvt_block **held)
{
	struct kvt_space *space = c->file->space;
	struct kvt_block *b;
	enum kvt_sight s;

	rcu_read_lock();
	b = kvt_index_find(space, key);
	if (b && kvt_cmd_is_expired(c, b)) {
		s = KVT_ABSENT;
	} else if (b && kvt_block_hold(space, b)) {
		*held = b;
		s = KVT_READY;
	} else {
		s = look_at(space, b);
		if (s == KVT_READY)	/* it has just settled */
			s = KVT_MOVES;
	}
	rcu_read_unlock();
	return s;
}

/**
 * kvt_cmd_load() - begin to bring the block of a key up from nvme
 * @c: the command
 * @key: the key
 * @load: out: to be waited for and put
 *
 * Context: process, may sleep for a frame.
 * Return: 0; -EAGAIN: it is not on nvme at rest (any more); -ENOSPC, -ENOMEM.
 */
int kvt_cmd_load(struct kvt_cmd *c, const u8 *key, struct kvt_load **load)
{
	struct kvt_space *space = c->file->space;
	struct kvt_block *b;
	u32 slot = KVT_NO_SLOT;

	rcu_read_lock();
	b = kvt_index_find(space, key);
	if (b && kvt_block_is_sealed(b) && !kvt_cmd_is_expired(c, b))
		slot = b->slot;
	rcu_read_unlock();
	b = kvt_load_freeze(space, slot);
	/* The slot may have got another block in between. */
	if (b && memcmp(b->key, key, KVT_KEY_SIZE)) {
		kvt_block_thaw(space, b);
		b = NULL;
	}
	if (!b)
		return -EAGAIN;
	*load = kvt_load_begin(space, b, true);
	return PTR_ERR_OR_ZERO(*load);
}

/* Bring the block of @key up and hold it. Returns 0, -EAGAIN, or -errno. */
static int load_and_hold(struct kvt_cmd *c, const u8 *key,
			 struct kvt_block **held)
{
	u32 offers = READ_ONCE(c->file->space->nr_offers);
	struct kvt_load *load;
	int err;

	err = kvt_cmd_load(c, key, &load);
	if (err == -ENOSPC)
		return kvt_cmd_wait_frame(c, offers, KVT_TIER_CXL) ?: -EAGAIN;
	if (err)
		return err;
	err = kvt_load_wait(load, jiffies + KVT_LOAD_TIMEOUT, held);
	kvt_load_put(load);
	return err;
}

/**
 * kvt_cmd_hold() - hold the block of a key
 * @c: the command
 * @key: the key
 * @held: out
 * @wait: for a filler, until the command's deadline
 *
 * Context: process; sleeps only if the block is on nvme, or being moved or filled.
 * Return: 0; -ENOENT, -EINPROGRESS, -ETIMEDOUT, -EINTR, -ENOSPC, -ENOMEM.
 */
int kvt_cmd_hold(struct kvt_cmd *c, const u8 *key, struct kvt_block **held,
		 bool wait)
{
	unsigned long move_deadline = jiffies + KVT_LOAD_TIMEOUT;
	struct kvt_space *space = c->file->space;
	int err;

	for (;;) {
		switch (kvt_cmd_try_hold(c, key, held)) {
		case KVT_READY:
			return 0;
		case KVT_ABSENT:
			return -ENOENT;
		case KVT_FILLS:
			if (!wait)
				return -EINPROGRESS;
			err = wait_while(space, key, KVT_FILLS, c->deadline);
			break;
		case KVT_MOVES:
			err = wait_while(space, key, KVT_MOVES, move_deadline);
			break;
		case KVT_COMES:
			err = wait_while(space, key, KVT_COMES, move_deadline);
			break;
		case KVT_BELOW:
			err = load_and_hold(c, key, held);
			if (!err)
				return 0;
			if (err == -EAGAIN && !time_after(jiffies, move_deadline))
				err = 0;
			break;
		}
		if (err)
			return err == -EAGAIN ? -ETIMEDOUT : err;
	}
}

/* Tell the caller where a block is that cannot move just now. */
void kvt_cmd_place(struct kvt_cmd *c, struct kvt_entry *e,
		   const struct kvt_block *b)
{
	e->slot = b->slot;
	e->offset = kvt_window_offset(kvt_block_arena_index(b)) +
		    (u64)b->frame * c->file->space->block_size;
}

/* An entry with a hold that is, or is to be, a lease. Errors have all bits. */
static bool is_leased(const struct kvt_entry *e)
{
	return e->result >= 0 && e->result & KVT_RES_LEASED;
}

static void undo_lease(struct kvt_cmd *c, struct kvt_entry *e, int err)
{
	struct kvt_space *space = c->file->space;

	kvt_block_unhold(space, xa_load(&space->slots, e->slot), 1);
	e->result = err;
}

/* Entry @i is no part of the prefix: its hold goes back. */
void kvt_cmd_undo_lease(struct kvt_cmd *c, u32 i)
{
	if (is_leased(&c->entries[i]))
		undo_lease(c, &c->entries[i], -ENOENT);
}

/* Give back the last leases of a range until the space's quota is kept. */
static u32 keep_quota(struct kvt_cmd *c, struct kvt_lease_cursor *cur,
		      u32 begin, u32 end, long fresh)
{
	struct kvt_space *space = c->file->space;
	long over = atomic_long_add_return(fresh, &space->held) -
		    kvt_space_quota(space);
	struct kvt_entry *e;
	bool last;

	while (over > 0 && fresh > 0 && end > begin) {
		e = &c->entries[--end];
		if (is_leased(e) &&
		    kvt_lease_del(c->file, cur, e->slot, &last)) {
			undo_lease(c, e, -EDQUOT);
			over -= last;
			fresh -= last;
			atomic_long_sub(last, &space->held);
		}
	}
	return end;
}

/**
 * kvt_cmd_record_leases() - turn holds into leases of the file
 * @c: the command; entries from @recorded on with KVT_RES_LEASED are held
 * @end: entry to stop at
 *
 * Before a command sleeps and at its end: so the quota counts all that is held.
 *
 * Return: whether all of them stand. Else the holds of those that do not were
 * given back, and their results say why.
 */
bool kvt_cmd_record_leases(struct kvt_cmd *c, u32 end)
{
	struct kvt_lease_cursor cur = {};
	u32 begin = c->recorded, i, ok;
	long fresh = 0;
	int err = 0;

	mutex_lock(&c->file->lock);
	for (i = begin; i < end; i++) {
		if (!is_leased(&c->entries[i]))
			continue;
		err = kvt_lease_add(c->file, &cur, c->entries[i].slot);
		if (err < 0)
			break;
		fresh += err;
	}
	ok = keep_quota(c, &cur, begin, i, fresh);
	mutex_unlock(&c->file->lock);
	if (ok < i)
		kvt_stat_inc(c->file->space, no_quota);

	/* What was held but could not be recorded. */
	for (; i < end; i++)
		if (is_leased(&c->entries[i]))
			undo_lease(c, &c->entries[i], err);
	c->recorded = end;
	return ok == end;
}

static bool room_is_possible(struct kvt_space *space, u32 offers,
			     enum kvt_tier_kind slowest)
{
	struct kvt_arena *a;

	if (READ_ONCE(space->nr_offers) != offers)
		return true;
	kvt_for_each_arena(a, space)
		if (a->kind <= slowest && READ_ONCE(a->nr_free))
			return true;
	return false;
}

/*
 * Sleep until a frame of memory down to @slowest is free, or a block has become
 * a candidate for eviction since @offers was read. Returns 0 or -errno.
 */
int kvt_cmd_wait_frame(struct kvt_cmd *c, u32 offers, enum kvt_tier_kind slowest)
{
	long left = (long)(c->deadline - jiffies);
	struct kvt_space *space = c->file->space;

	/* It waits for a device in any case. */
	if (c->batch->op == KVT_OP_GET)
		left = KVT_LOAD_TIMEOUT;
	else if (!(c->batch->flags & KVT_F_WAIT))
		return -ENOSPC;
	left = wait_event_killable_timeout(space->wait,
					   room_is_possible(space, offers, slowest),
					   max(left, 0L));
	if (left < 0)
		return -EINTR;
	return left ? 0 : -ETIMEDOUT;
}
