// SPDX-License-Identifier: GPL-2.0
/*
 * What a batch means: dispatch, and what the commands share.
 *
 * A command is carried out step by step. A step goes as far as it gets without
 * waiting for others, says what it waits for (struct kvt_wait), and looks again
 * when it is called next. So it does not matter who waits, nor why it is called
 * again: a deadline is over when a step finds that it would have to wait past it.
 */
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "cmd.h"
#include "index.h"
#include "place.h"
#include "space.h"
#include "space_remote.h"
#include "trace.h"

static int (*const ops[])(struct kvt_cmd *c) = {
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

/* Can a command of that kind have to wait for others? */
bool kvt_cmd_may_wait(u32 op)
{
	return op == KVT_OP_ACQUIRE || op == KVT_OP_GET || op == KVT_OP_PUT ||
	       op == KVT_OP_RESERVE;
}

/**
 * kvt_cmd_begin() - before the first step
 * @c: the command: file, batch, entries and front are set. The batch has passed
 *	kvt_abi_check_*()
 */
void kvt_cmd_begin(struct kvt_cmd *c)
{
	c->batch->done = 0;
	c->batch->ok = 0;
	c->stop = 0;
	c->next = 0;
	c->ahead = 0;
	c->recorded = 0;
	c->turn = 0;
	c->ask = NULL;
	c->asked = 0;
	c->gone = 0;
	c->asks_on = false;
	c->fill.space = NULL;
	c->fill.spare = NULL;
	INIT_LIST_HEAD(&c->loads);
	INIT_LIST_HEAD(&c->peers);
	INIT_LIST_HEAD(&c->fetches);
	c->now = kvt_clock();
	c->oldest = kvt_retain_oldest(&c->file->space->retain, c->now);
	c->deadline = jiffies + nsecs_to_jiffies(c->batch->timeout_ns);
}

/**
 * kvt_cmd_step() - go as far as possible
 * @c: begun
 *
 * Context: process. Sleeps for memory and locks, not for devices nor for others.
 * With c->stop set it ends, and touches no user memory any more.
 * Return: whether it waits: call again when c->wait is over. Else all is done.
 */
bool kvt_cmd_step(struct kvt_cmd *c)
{
	return ops[array_index_nospec(c->batch->op, ARRAY_SIZE(ops))](c) ==
	       -EAGAIN;
}

/* After the last step. */
void kvt_cmd_end(struct kvt_cmd *c)
{
	struct kvt_space *space = c->file->space;

	if (!list_empty(&c->loads))
		kvt_cmd_drop_loads(c);
	if (c->ask)
		kvt_ask_put(c->ask);
	if (!list_empty(&c->fetches))
		kvt_cmd_drop_fetches(c, c->batch->nr);
	if (c->fill.spare)
		kvt_block_discard(space, c->fill.spare);
	kvt_stat_inc(space, batches);
	trace_kvt_batch(space, c->batch);
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
	s = look_at(space, kvt_index_find_rcu(space, key));
	rcu_read_unlock();
	return s;
}

/* One attempt: the block of @key held, or why not. */
static enum kvt_sight try_hold(struct kvt_cmd *c, const u8 *key,
			       struct kvt_block **held)
{
	struct kvt_space *space = c->file->space;
	struct kvt_block *b;
	enum kvt_sight s;

	rcu_read_lock();
	b = kvt_index_find_rcu(space, key);
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

/* Waiting for @what. Returns -EAGAIN, or why there is no waiting any more. */
int kvt_cmd_wait(struct kvt_cmd *c, enum kvt_wait_for what,
		 unsigned long deadline)
{
	if (c->stop)
		return c->stop;
	if (time_after_eq(jiffies, deadline))
		return -ETIMEDOUT;
	c->wait.what = what;
	c->wait.deadline = deadline;
	return -EAGAIN;
}

/* How long entry @i waits for devices and movers, however often it has to. */
unsigned long kvt_cmd_patience(struct kvt_cmd *c, u32 i)
{
	if (c->turn != i + 1) {
		c->turn = i + 1;
		c->patience = jiffies + KVT_LOAD_TIMEOUT;
	}
	return c->patience;
}

static int wait_for_block(struct kvt_cmd *c, u32 i, enum kvt_sight seen,
			  unsigned long deadline)
{
	c->wait.key = c->entries[i].key;
	c->wait.seen = seen;
	return kvt_cmd_wait(c, KVT_WAIT_BLOCK, deadline);
}

/* Own the block of a key if it is on nvme and at rest; else NULL. */
static struct kvt_block *freeze_below(struct kvt_cmd *c, const u8 *key)
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
	return b;
}

/* They are taken in the order of entries, and mostly begun so. */
static void add_load(struct kvt_cmd *c, struct kvt_load *load)
{
	struct kvt_load *before;

	list_for_each_entry_reverse(before, &c->loads, link)
		if (before->entry < load->entry)
			break;
	list_add(&load->link, &before->link);
}

/**
 * kvt_cmd_begin_load() - begin to bring the block of an entry up from nvme
 * @c: the command; the load is added to its loads, and is to be submitted
 * @i: the entry, which has no load
 *
 * Context: process, may sleep for memory.
 * Return: 0; -EAGAIN: it is not on nvme at rest (any more); -ENOSPC, -ENOMEM.
 */
int kvt_cmd_begin_load(struct kvt_cmd *c, u32 i)
{
	struct kvt_space *space = c->file->space;
	struct kvt_block *b = freeze_below(c, c->entries[i].key);
	struct kvt_load *load;

	if (!b)
		return -EAGAIN;
	load = kvt_load_prepare(space, b, true);
	if (IS_ERR(load))
		return PTR_ERR(load);
	if (c->batch->flags & KVT_F_ARRIVING)
		load->until = c->entries[i].len;
	if (c->front) {
		load->waiter = c;
		load->ended = c->front->load_ended;
		c->front->load_begun(c);
	} else {
		kvt_load_claim(load);
	}
	load->entry = i;
	add_load(c, load);
	list_add_tail(&load->peers, &c->peers);
	return 0;
}

/* Those that were begun since the last time go to the device together. */
void kvt_cmd_submit_loads(struct kvt_cmd *c)
{
	if (!list_empty(&c->peers))
		kvt_load_submit(c->file->space, &c->peers);
}

static struct kvt_load *first_load(struct kvt_cmd *c)
{
	return list_first_entry_or_null(&c->loads, struct kvt_load, link);
}

static void drop_load(struct kvt_load *load)
{
	list_del(&load->link);
	kvt_load_put(load);
}

/* It wants them no more, or has ended. */
void kvt_cmd_drop_loads(struct kvt_cmd *c)
{
	struct kvt_load *load;

	while ((load = first_load(c)))
		drop_load(load);
}

/**
 * kvt_cmd_take_load() - what became of the first load
 * @c: the command
 * @i: its entry
 * @held: out: the block, held
 * @result: out, unless NULL: of the entry, where that is a lease
 *
 * Return: 0; -EAGAIN: nothing yet; -ENOENT, -ETIMEDOUT, or why @c is to stop.
 */
int kvt_cmd_take_load(struct kvt_cmd *c, u32 i, struct kvt_block **held,
		      int *result)
{
	struct kvt_load *load = first_load(c);
	int err;

	if (kvt_load_has_ended(load))
		err = kvt_load_take(load, held);
	else
		err = kvt_cmd_wait(c, KVT_WAIT_LOAD, kvt_cmd_patience(c, i));
	if (!err && result)
		*result = kvt_load_place(load, &c->entries[i]);
	if (err != -EAGAIN)
		drop_load(load);
	return err;
}

static int wait_frame(struct kvt_cmd *c, u32 offers,
		      enum kvt_tier_kind slowest, bool is_new,
		      unsigned long deadline)
{
	c->wait.offers = offers;
	c->wait.slowest = slowest;
	c->wait.is_new = is_new;
	return kvt_cmd_wait(c, KVT_WAIT_FRAME, deadline);
}

/* No frame for entry @i, which is not in memory: see kvt_cmd_wait_frame(). */
int kvt_cmd_wait_room(struct kvt_cmd *c, u32 i, u32 offers,
		      enum kvt_tier_kind slowest, bool is_new)
{
	if (c->batch->op != KVT_OP_GET)
		return kvt_cmd_wait_frame(c, offers, slowest, is_new);
	/* It waits for a device in any case, but not for itself. */
	kvt_cmd_drop_loads(c);
	kvt_cmd_drop_fetches(c, c->batch->nr);
	return wait_frame(c, offers, slowest, is_new, kvt_cmd_patience(c, i));
}

/* Entry @i is on nvme. Returns -EINPROGRESS: it comes; 0: look again; -errno. */
static int bring_up(struct kvt_cmd *c, u32 i)
{
	u32 offers = READ_ONCE(c->file->space->nr_offers);
	int err = kvt_cmd_begin_load(c, i);

	if (!err)
		return -EINPROGRESS;
	if (err == -ENOSPC)
		return kvt_cmd_wait_room(c, i, offers, KVT_TIER_CXL, false);
	if (err != -EAGAIN)
		return err;
	return time_after_eq(jiffies, kvt_cmd_patience(c, i)) ? -ETIMEDOUT : c->stop;
}

/* Entry @i is being filled. */
static int wait_for_filler(struct kvt_cmd *c, u32 i)
{
	int err = kvt_cmd_await_fetch(c, i);

	if (err != -EINPROGRESS)
		return err;
	if (c->batch->op != KVT_OP_ACQUIRE || !(c->batch->flags & KVT_F_WAIT))
		return -EINPROGRESS;
	return wait_for_block(c, i, KVT_FILLS, c->deadline);
}

/**
 * kvt_cmd_begin_hold() - hold the block of an entry, or begin to bring it up
 * @c: the command
 * @i: the entry, which has no load
 * @held: out: the block, or NULL: it has a load now
 *
 * Context: process, may sleep for memory.
 * Return: 0; -EAGAIN: @c has to wait; -ENOENT, -EINPROGRESS, -ETIMEDOUT, -EINTR,
 * -ECANCELED, -ENOSPC, -ENOMEM.
 */
int kvt_cmd_begin_hold(struct kvt_cmd *c, u32 i, struct kvt_block **held)
{
	bool memory_only = c->batch->flags & KVT_F_MEMORY_ONLY;
	enum kvt_sight seen;
	int err;

	*held = NULL;
	do {
		seen = try_hold(c, c->entries[i].key, held);
		switch (seen) {
		case KVT_READY:
			return 0;
		case KVT_ABSENT:
			if (!kvt_space_has_remote(c->file->space))
				return -ENOENT;
			err = kvt_cmd_fetch(c, i);
			break;
		case KVT_FILLS:
			return wait_for_filler(c, i);
		case KVT_BELOW:
			err = memory_only ? -ENOENT : bring_up(c, i);
			break;
		case KVT_COMES:
			if (memory_only)
				return -ENOENT;
			fallthrough;
		case KVT_MOVES:
			return wait_for_block(c, i, seen, kvt_cmd_patience(c, i));
		}
	} while (!err);
	return err == -EINPROGRESS ? 0 : err;
}

/**
 * kvt_cmd_hold() - hold the block of an entry
 * @c: the command
 * @i: the entry: its turn has come, all before it are done
 * @held: out: the block
 *
 * Context: process, may sleep for memory.
 * Return: as kvt_cmd_begin_hold().
 */
int kvt_cmd_hold(struct kvt_cmd *c, u32 i, struct kvt_block **held)
{
	struct kvt_load *load = first_load(c);
	int err;

	if (!load || load->entry != i) {
		err = kvt_cmd_begin_hold(c, i, held);
		if (err || *held)
			return err;
		kvt_cmd_submit_loads(c);
	}
	return kvt_cmd_take_load(c, i, held, NULL);
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

/**
 * kvt_cmd_undo() - give back what the caller will never hear of
 * @c: ended
 */
void kvt_cmd_undo(struct kvt_cmd *c)
{
	struct kvt_space *space = c->file->space;
	struct kvt_lease_cursor cur = {};
	struct kvt_entry *e;
	bool last;

	for (e = c->entries; e < c->entries + c->batch->done; e++) {
		if (is_leased(e)) {
			mutex_lock(&c->file->lock);
			if (kvt_lease_del(c->file, &cur, e->slot, &last)) {
				undo_lease(c, e, -ECANCELED);
				atomic_long_sub(last, &space->held);
			}
			mutex_unlock(&c->file->lock);
		} else if (c->batch->op == KVT_OP_RESERVE && e->result >= 0 &&
			   !(e->result & KVT_RES_PRESENT)) {
			kvt_fill_abort(space, &c->file->filler, e->slot);
		}
	}
}

static bool room_is_possible(struct kvt_space *space, const struct kvt_wait *w)
{
	struct kvt_arena *a;

	if (READ_ONCE(space->nr_offers) != w->offers)
		return true;
	kvt_for_each_arena(a, space)
		if (a->kind <= w->slowest &&
		    READ_ONCE(a->nr_free) > (w->is_new ? kvt_frames_kept(a) : 0))
			return true;
	return false;
}

/**
 * kvt_cmd_wait_frame() - there is no frame
 * @c: the command
 * @offers: space->nr_offers before it looked for one
 * @slowest: of memory that would do
 * @is_new: for a block that is not here yet, else for one that comes up
 *
 * It waits, with KVT_F_WAIT, until one is free or some block has become a
 * candidate for eviction.
 *
 * Return: -EAGAIN; -ENOSPC, -ETIMEDOUT, or why @c is to stop.
 */
int kvt_cmd_wait_frame(struct kvt_cmd *c, u32 offers,
		       enum kvt_tier_kind slowest, bool is_new)
{
	if (!(c->batch->flags & KVT_F_WAIT))
		return -ENOSPC;
	return wait_frame(c, offers, slowest, is_new, c->deadline);
}

/**
 * kvt_cmd_may_go_on() - is a wait for others over?
 * @c: it waits, not for a load
 *
 * Context: any. The space's waiters are woken when this may have changed.
 * Return: whether the next step is to look again.
 */
bool kvt_cmd_may_go_on(struct kvt_cmd *c)
{
	struct kvt_space *space = c->file->space;

	if (c->wait.what == KVT_WAIT_FRAME)
		return room_is_possible(space, &c->wait);
	if (c->wait.what == KVT_WAIT_REMOTE && kvt_cmd_has_answer(c))
		return true;
	if (c->batch->flags & KVT_F_ARRIVING &&
	    atomic_read(&space->nr_grown) != c->wait.grown)
		return true;
	return kvt_cmd_look(space, c->wait.key) != c->wait.seen;
}

/* It waits for others, who may wait for what it brings up. */
static void let_loads_go(struct kvt_cmd *c)
{
	struct kvt_load *load;

	list_for_each_entry(load, &c->loads, link)
		kvt_load_let_go(load);
}

/* Sleep until it may go on, or not any longer. Returns 0, or why it is to stop. */
static int sleep_on(struct kvt_cmd *c, unsigned int state)
{
	long left;
	int err;

	if (c->wait.what == KVT_WAIT_LOAD) {
		err = kvt_load_finish(first_load(c), c->wait.deadline);
		return err == -EINTR ? err : 0;
	}
	let_loads_go(c);
	left = max((long)(c->wait.deadline - jiffies), 0L);
	left = ___wait_event(c->file->space->wait,
			     ___wait_cond_timeout(kvt_cmd_may_go_on(c)), state,
			     0, left, __ret = schedule_timeout(__ret));
	if (left >= 0)
		return 0;
	return state == TASK_INTERRUPTIBLE ? -ECANCELED : -EINTR;
}

/**
 * kvt_cmd_run() - carry out a batch, sleeping where it waits
 * @c: see kvt_cmd_begin()
 * @state: TASK_KILLABLE; or TASK_INTERRUPTIBLE: any signal cancels it
 *
 * Context: process, sleeps.
 */
void kvt_cmd_run(struct kvt_cmd *c, unsigned int state)
{
	kvt_cmd_begin(c);
	while (kvt_cmd_step(c))
		c->stop = sleep_on(c, state);
	kvt_cmd_end(c);
}

/* The memory that an entry of PUT or GET names. Returns 0 or -EFAULT. */
int kvt_cmd_import(struct kvt_cmd *c, int rw, u64 addr, size_t len,
		   struct iov_iter *iter)
{
	void __user *p = u64_to_user_ptr(addr);

	if (c->front)
		return c->front->import(c, rw, p, len, iter);
	return import_ubuf(rw, p, len, iter);
}
