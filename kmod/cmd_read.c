// SPDX-License-Identifier: GPL-2.0
/* LOOKUP, ACQUIRE, RELEASE, GET, PREFETCH. */
#include <linux/sched.h>
#include <linux/uio.h>

#include "cmd.h"
#include "drop.h"
#include "index.h"
#include "place.h"
#include "space.h"

/* Entries looked up in one RCU section. */
#define RCU_BATCH 256

/* Entries of a GET that are brought up from nvme ahead of their turn. */
#define GET_AHEAD 16

static int lookup_one(struct kvt_cmd *c, struct kvt_entry *e)
{
	struct kvt_space *space = c->file->space;
	struct kvt_block *b = kvt_index_find_rcu(space, e->key);
	int kind;

	if (!b || !kvt_block_is_sealed(b) || kvt_cmd_is_expired(c, b))
		return -ENOENT;
	kind = kvt_block_arena(space, b)->kind;
	if (c->batch->flags & KVT_F_MEMORY_ONLY && kind >= KVT_MEM_KINDS)
		return -ENOENT;
	e->slot = b->slot;
	return kind;
}

int kvt_cmd_lookup(struct kvt_cmd *c)
{
	struct kvt_space *space = c->file->space;
	u32 i = 0, end;
	bool go_on = true;

	while (go_on && i < c->batch->nr) {
		end = min(i + RCU_BATCH, c->batch->nr);
		rcu_read_lock();
		for (; go_on && i < end; i++)
			go_on = kvt_cmd_result(c, i,
					       lookup_one(c, &c->entries[i]));
		rcu_read_unlock();
		cond_resched();
	}
	kvt_stat_add(space, lookups, c->batch->done);
	kvt_stat_add(space, lookup_hits, c->batch->ok);
	return 0;
}

/*
 * Bring the held block of entry @i up, if the knobs say so: then it is held there,
 * or *@held is NULL: look again.
 */
static void promote_held(struct kvt_cmd *c, struct kvt_block **held)
{
	struct kvt_space *space = c->file->space;
	u32 how = READ_ONCE(space->knobs.promote);
	struct kvt_block *b = *held;

	if (how == KVT_PROMOTE_OFF || c->batch->flags & KVT_F_NO_PROMOTE)
		return;
	/* From held by us alone to owned. */
	if (atomic_cmpxchg(&b->leases, 1, KVT_FROZEN) != 1)
		return;
	kvt_promote(space, b, how);
	*held = NULL;
}

/* @b is held for entry @i: its result. */
static int leased(struct kvt_cmd *c, u32 i, struct kvt_block *b)
{
	kvt_cmd_touch(c, b, i);
	kvt_cmd_place(c, &c->entries[i], b);
	return kvt_block_arena(c->file->space, b)->kind | KVT_RES_LEASED;
}

/* Somebody else brings entry @i up: lease it if enough of it is there. */
static int join(struct kvt_cmd *c, u32 i)
{
	struct kvt_space *space = c->file->space;
	struct kvt_entry *e = &c->entries[i];
	int ret;

	if (!(c->batch->flags & KVT_F_ARRIVING) ||
	    c->wait.what != KVT_WAIT_BLOCK || c->wait.seen != KVT_COMES)
		return -EAGAIN;
	c->wait.grown = atomic_read(&space->nr_grown);
	ret = kvt_load_join(space, e);
	if (ret < 0)
		return ret;
	e->result = ret;
	return 0;
}

/*
 * Entry @i. Returns 0: it is leased or on its way; -EAGAIN: it has to wait for
 * others; else why it is no part of the prefix.
 */
static int begin_one(struct kvt_cmd *c, u32 i)
{
	struct kvt_space *space = c->file->space;
	struct kvt_block *b;
	int err;

	err = kvt_cmd_begin_hold(c, i, &b);
	if (!err && b && kvt_block_arena(space, b)->kind == KVT_TIER_CXL) {
		promote_held(c, &b);
		if (!b)
			err = kvt_cmd_begin_hold(c, i, &b);
	}
	if (err)
		return err == -EAGAIN ? join(c, i) : err;
	/* Of a load the result comes later. */
	c->entries[i].result = b ? leased(c, i, b) : 0;
	return 0;
}

/* The same at once, if there is nothing to wait for, nor to be moved. Under RCU. */
static bool lease_ready(struct kvt_cmd *c, u32 i)
{
	struct kvt_space *space = c->file->space;
	struct kvt_block *b = kvt_index_find_rcu(space, c->entries[i].key);

	if (!b || kvt_block_arena(space, b)->kind != KVT_TIER_DRAM ||
	    kvt_cmd_is_expired(c, b) || !kvt_block_hold(space, b))
		return false;
	c->entries[i].result = leased(c, i, b);
	return true;
}

/* Most batches need no more than this. */
static void lease_all_ready(struct kvt_cmd *c)
{
	u32 end = min(c->next + RCU_BATCH, c->batch->nr);

	rcu_read_lock();
	while (c->next < end && lease_ready(c, c->next))
		c->next++;
	rcu_read_unlock();
}

/* Begin entries from c->next on: their transfers go to the device together. */
static int begin_prefix(struct kvt_cmd *c)
{
	int err = 0;

	if (fatal_signal_pending(current))
		c->stop = -EINTR;
	while (c->next < c->batch->nr && !err) {
		u32 begin = c->next;

		if (!c->stop)
			lease_all_ready(c);
		if (c->next == begin) {
			err = c->stop ?: begin_one(c, begin);
			c->next += !err;
		}
		cond_resched();
	}
	kvt_cmd_submit_loads(c);
	return err;
}

/* Holds of entries that are no part of the prefix go back. */
static void drop_tail(struct kvt_cmd *c, u32 begin)
{
	u32 i;

	for (i = begin; i < c->next; i++)
		kvt_cmd_undo_lease(c, i);
	c->next = begin;
}

/* What has arrived is leased. Returns 0: all; -EAGAIN; else why the next is not. */
static int take_loads(struct kvt_cmd *c)
{
	struct kvt_load *load, *next;
	struct kvt_block *b;
	int err = 0;

	list_for_each_entry_safe(load, next, &c->loads, link) {
		u32 i = load->entry;

		err = kvt_cmd_take_load(c, i, &b, &c->entries[i].result);
		if (err == -EAGAIN)
			break;
		if (err) {
			drop_tail(c, i);
			break;
		}
		kvt_cmd_touch(c, b, i);
	}
	return err;
}

/*
 * The longest prefix. As many blocks as possible are brought up at the same time;
 * what takes waiting for somebody else is waited for when those have arrived.
 * Returns 0: all of it; -EAGAIN: it has to wait; else why c->next is no part of it.
 */
static int acquire_prefix(struct kvt_cmd *c)
{
	int err;

	do {
		err = take_loads(c);
		if (err)
			return err;
		err = begin_prefix(c);
	} while (!list_empty(&c->loads));
	/* What is held counts against the quota while it waits. */
	if (err == -EAGAIN && !kvt_cmd_record_leases(c, c->next))
		return -EDQUOT;
	return err;
}

/* The prefix ends at the first entry that failed, or lost its lease. */
static void count_prefix(struct kvt_cmd *c)
{
	u32 i;

	for (i = 0; i < c->batch->done && c->entries[i].result >= 0; i++)
		;
	c->batch->ok = i;
	c->batch->done = min(c->batch->done, i + 1);
}

int kvt_cmd_acquire(struct kvt_cmd *c)
{
	struct kvt_space *space = c->file->space;
	int err = acquire_prefix(c);

	if (err == -EAGAIN)
		return err;
	c->batch->done = c->next;
	if (err)
		kvt_cmd_result(c, c->next, err);
	kvt_cmd_record_leases(c, c->batch->done);
	count_prefix(c);
	kvt_stat_add(space, acquires, c->batch->done);
	kvt_stat_add(space, acquire_hits, c->batch->ok);
	return 0;
}

static int release_one(struct kvt_cmd *c, struct kvt_lease_cursor *cur, u32 i,
		       long *gone)
{
	struct kvt_space *space = c->file->space;
	u32 slot = c->entries[i].slot;
	struct kvt_block *b;
	bool last;

	if (!kvt_lease_del(c->file, cur, slot, &last))
		return -ENOENT;
	*gone += last;
	/* The hold, ours now, keeps the slot bound to its block. */
	b = xa_load(&space->slots, slot);
	if (c->batch->flags & KVT_F_TOUCH)
		kvt_cmd_touch(c, b, i);
	kvt_block_unhold(space, b, 1);
	return 0;
}

int kvt_cmd_release(struct kvt_cmd *c)
{
	struct kvt_lease_cursor cur = {};
	long gone = 0;
	u32 i;

	mutex_lock(&c->file->lock);
	for (i = 0; i < c->batch->nr; i++)
		kvt_cmd_result(c, i, release_one(c, &cur, i, &gone));
	mutex_unlock(&c->file->lock);
	atomic_long_sub(gone, &c->file->space->held);
	return 0;
}

/* Copy from a held block to user memory, piece by piece. */
static int copy_out(struct kvt_cmd *c, const struct kvt_block *b,
		    const struct kvt_entry *e)
{
	struct kvt_space *space = c->file->space;
	struct kvt_arena *a = kvt_block_arena(space, b);
	u64 off = (u64)b->frame * space->block_size + e->pos;
	struct iov_iter to;
	u64 done, len;
	int err;

	err = kvt_cmd_import(c, ITER_DEST, e->addr, e->len, &to);
	if (err)
		return err;
	if (kvt_arena_poisoned(a, off, e->len))
		return -EHWPOISON;
	for (done = 0; done < e->len; done += len) {
		void *from;

		len = e->len - done;
		from = kvt_arena_piece(a, off + done, &len);
		if (copy_to_iter(from, len, &to) != len)
			return -EFAULT;
		cond_resched();
	}
	return a->kind;
}

static int get_one(struct kvt_cmd *c, u32 i)
{
	struct kvt_space *space = c->file->space;
	struct kvt_block *b;
	int ret;

	ret = kvt_cmd_hold(c, i, &b);
	if (ret)
		return ret;
	kvt_cmd_touch(c, b, i);
	ret = copy_out(c, b, &c->entries[i]);
	if (ret == -EHWPOISON)
		kvt_drop_poisoned(space, b);
	kvt_block_unhold(space, b, 1);
	return ret;
}

/* Begin to bring entries up that are on nvme: their turn will come. */
static void read_ahead(struct kvt_cmd *c)
{
	struct kvt_space *space = c->file->space;
	u32 end = min(c->next + GET_AHEAD, c->batch->nr);

	for (c->ahead = max(c->ahead, c->next); c->ahead < end; c->ahead++)
		if (kvt_cmd_look(space, c->entries[c->ahead].key) == KVT_BELOW &&
		    kvt_cmd_begin_load(c, c->ahead) == -ENOSPC)
			break;
	kvt_cmd_submit_loads(c);
}

int kvt_cmd_get(struct kvt_cmd *c)
{
	int ret;

	for (; c->next < c->batch->nr && !kvt_cmd_killed(c, c->next); c->next++) {
		read_ahead(c);
		ret = get_one(c, c->next);
		if (ret == -EAGAIN)
			return ret;
		kvt_cmd_result(c, c->next, ret);
	}
	kvt_stat_add(c->file->space, gets, c->batch->ok);
	return 0;
}

static int prefetch_one(struct kvt_cmd *c, u32 i)
{
	struct kvt_space *space = c->file->space;
	struct kvt_block *b;
	int ret = -ENOENT;

	rcu_read_lock();
	b = kvt_index_find(space, c->entries[i].key);
	if (b && kvt_block_is_sealed(b) && !kvt_cmd_is_expired(c, b)) {
		ret = kvt_block_arena(space, b)->kind;
		c->entries[i].slot = b->slot;
	}
	rcu_read_unlock();
	/* A hint: nothing is lost without memory, or if the slot is another block's. */
	if (ret > c->batch->tier) {
		xa_store(&space->wanted, c->entries[i].slot,
			 xa_mk_value(c->batch->timeout_ns ? c->deadline : 0),
			 GFP_KERNEL | __GFP_NOWARN);
		WRITE_ONCE(space->has_wanted, true);
	}
	return ret;
}

int kvt_cmd_prefetch(struct kvt_cmd *c)
{
	struct kvt_space *space = c->file->space;
	u32 i;

	for (i = 0; i < c->batch->nr; i++)
		kvt_cmd_result(c, i, prefetch_one(c, i));
	if (c->batch->ok < c->batch->nr)
		kvt_cmd_fetch_ahead(c);
	queue_work(space->wq, &space->balance);
	return 0;
}
