// SPDX-License-Identifier: GPL-2.0
/* What a batch means: dispatch, and what the commands share. */
#include <linux/ktime.h>
#include <linux/nospec.h>

#include "cmd.h"
#include "index.h"
#include "space.h"
#include "trace.h"

/* Longest wait for a mover: a copy in memory of at most 64 MiB. */
#define MOVE_TIMEOUT (30 * HZ)

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
	c->now = ktime_get_ns();
	c->deadline = jiffies + nsecs_to_jiffies(c->batch->timeout_ns);
	ops[array_index_nospec(c->batch->op, ARRAY_SIZE(ops))](c);
	kvt_stat_inc(c->file->space, batches);
	trace_kvt_batch(c->file->space, c->batch);
}

enum sight { ABSENT, FILLING, MOVING, READY };

static enum sight look_at(const struct kvt_block *b)
{
	switch (b ? READ_ONCE(b->state) : KVT_GHOST) {
	case KVT_SEALED:
		return atomic_read(&b->leases) < 0 ? MOVING : READY;
	case KVT_FILLING:
		return FILLING;
	default:
		return ABSENT;
	}
}

static enum sight look(struct kvt_space *space, const u8 *key)
{
	enum sight s;

	rcu_read_lock();
	s = look_at(kvt_index_find(space, key));
	rcu_read_unlock();
	return s;
}

/* Sleep while the block of @key is as @seen. Returns 0 or -errno. */
static int wait_while(struct kvt_space *space, const u8 *key, enum sight seen,
		      unsigned long deadline)
{
	long left = (long)(deadline - jiffies);

	left = wait_event_killable_timeout(space->wait,
					   look(space, key) != seen,
					   max(left, 0L));
	if (left < 0)
		return -EINTR;
	return left ? 0 : -ETIMEDOUT;
}

/* One attempt: the block of @key held, or why not. */
static enum sight try_hold(struct kvt_space *space, const u8 *key,
			   struct kvt_block **held)
{
	struct kvt_block *b;
	enum sight s;

	rcu_read_lock();
	b = kvt_index_find(space, key);
	if (b && kvt_block_hold(space, b)) {
		*held = b;
		s = READY;
	} else {
		s = look_at(b);
		if (s == READY)	/* it has just settled */
			s = MOVING;
	}
	rcu_read_unlock();
	return s;
}

/**
 * kvt_cmd_hold() - hold the block of a key
 * @c: the command
 * @key: the key
 * @held: out
 * @wait: for a filler, until the command's deadline
 *
 * Context: process; sleeps only if the block is being moved or filled.
 * Return: 0; -ENOENT, -EINPROGRESS, -ETIMEDOUT, -EINTR.
 */
int kvt_cmd_hold(struct kvt_cmd *c, const u8 *key, struct kvt_block **held,
		 bool wait)
{
	unsigned long move_deadline = 0;
	struct kvt_space *space = c->file->space;
	int err;

	for (;;) {
		switch (try_hold(space, key, held)) {
		case READY:
			return 0;
		case ABSENT:
			return -ENOENT;
		case FILLING:
			if (!wait)
				return -EINPROGRESS;
			err = wait_while(space, key, FILLING, c->deadline);
			break;
		case MOVING:
			if (!move_deadline)
				move_deadline = jiffies + MOVE_TIMEOUT;
			err = wait_while(space, key, MOVING, move_deadline);
			break;
		}
		if (err)
			return err;
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

static bool room_is_possible(struct kvt_space *space, u32 offers)
{
	struct kvt_arena *a;

	if (READ_ONCE(space->nr_offers) != offers)
		return true;
	kvt_for_each_arena(a, space)
		if (READ_ONCE(a->nr_free))
			return true;
	return false;
}

/*
 * Sleep until a frame is free, or a block has become a candidate for eviction
 * since @offers was read. Returns 0 or -errno.
 */
int kvt_cmd_wait_frame(struct kvt_cmd *c, u32 offers)
{
	long left = (long)(c->deadline - jiffies);
	struct kvt_space *space = c->file->space;

	if (!(c->batch->flags & KVT_F_WAIT))
		return -ENOSPC;
	left = wait_event_killable_timeout(space->wait, room_is_possible(space, offers),
					   max(left, 0L));
	if (left < 0)
		return -EINTR;
	return left ? 0 : -ETIMEDOUT;
}
