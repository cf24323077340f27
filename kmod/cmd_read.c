// SPDX-License-Identifier: GPL-2.0
/* LOOKUP, ACQUIRE, RELEASE, GET, PREFETCH. */
#include <linux/blkdev.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

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
	struct kvt_block *b = kvt_index_find(space, e->key);
	int kind;

	if (!b || !kvt_block_is_sealed(b) || kvt_cmd_is_expired(c, b))
		return -ENOENT;
	kind = kvt_block_arena(space, b)->kind;
	if (c->batch->flags & KVT_F_MEMORY_ONLY && kind >= KVT_MEM_KINDS)
		return -ENOENT;
	e->slot = b->slot;
	return kind;
}

void kvt_cmd_lookup(struct kvt_cmd *c)
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
}

/* Bring a held block up, if the knobs say so. It is held again on success. */
static int promote_held(struct kvt_cmd *c, const u8 *key,
			struct kvt_block **held)
{
	struct kvt_space *space = c->file->space;
	u32 how = READ_ONCE(space->knobs.promote);
	struct kvt_block *b = *held;
	bool own;

	if (how == KVT_PROMOTE_OFF || c->batch->flags & KVT_F_NO_PROMOTE)
		return 0;
	/* From held by us alone to owned. */
	own = atomic_cmpxchg(&b->leases, 1, KVT_FROZEN) == 1;
	if (!own)
		return 0;
	kvt_promote(space, b, how);
	return kvt_cmd_hold(c, key, held, false);
}

/* @b is held for entry @i: its result. */
static int leased(struct kvt_cmd *c, u32 i, struct kvt_block *b)
{
	kvt_cmd_touch(c, b, i);
	kvt_cmd_place(c, &c->entries[i], b);
	return kvt_block_arena(c->file->space, b)->kind | KVT_RES_LEASED;
}

/* Entry @i is on nvme: begin to bring it up. Its result comes later. */
static int begin_load(struct kvt_cmd *c, u32 i)
{
	struct kvt_load *load;
	int err;

	err = kvt_cmd_load(c, c->entries[i].key, &load);
	if (err)
		return err;
	kvt_load_claim(load);
	load->entry = i;
	list_add_tail(&load->link, &c->loads);
	c->entries[i].result = 0;
	return 0;
}

/*
 * Entry @i, without sleeping for long. Returns 0: it is leased or on its way;
 * -EAGAIN: it takes waiting, or a frame; else why it is no part of the prefix.
 */
static int begin_one(struct kvt_cmd *c, u32 i)
{
	struct kvt_space *space = c->file->space;
	struct kvt_block *b;
	int err = 0;

	switch (kvt_cmd_try_hold(c, c->entries[i].key, &b)) {
	case KVT_READY:
		if (kvt_block_arena(space, b)->kind == KVT_TIER_CXL)
			err = promote_held(c, c->entries[i].key, &b);
		c->entries[i].result = err ?: leased(c, i, b);
		return err;
	case KVT_BELOW:
		if (c->batch->flags & KVT_F_MEMORY_ONLY)
			return -ENOENT;
		err = begin_load(c, i);
		return err == -ENOSPC ? -EAGAIN : err;
	case KVT_COMES:
		return c->batch->flags & KVT_F_MEMORY_ONLY ? -ENOENT : -EAGAIN;
	case KVT_ABSENT:
		return -ENOENT;
	default:
		return -EAGAIN;
	}
}

/* Entry @i, with all the waiting it takes. */
static int acquire_one(struct kvt_cmd *c, u32 i)
{
	enum kvt_sight sight = kvt_cmd_look(c->file->space, c->entries[i].key);
	bool wait = c->batch->flags & KVT_F_WAIT;
	struct kvt_block *b;
	int err;

	if (c->batch->flags & KVT_F_MEMORY_ONLY &&
	    (sight == KVT_BELOW || sight == KVT_COMES))
		return -ENOENT;
	err = kvt_cmd_hold(c, c->entries[i].key, &b, wait);
	c->entries[i].result = err ?: leased(c, i, b);
	return err;
}

/* Wait for the loads of entries below @end. Returns how many of these are good. */
static u32 finish_loads(struct kvt_cmd *c, u32 end)
{
	struct kvt_load *load, *next;
	struct kvt_block *b;
	int err = 0;

	list_for_each_entry_safe(load, next, &c->loads, link) {
		if (!err)
			err = kvt_load_wait(load, jiffies + KVT_LOAD_TIMEOUT, &b);
		c->entries[load->entry].result =
			err ?: leased(c, load->entry, b);
		if (err)
			end = min(end, load->entry);
		list_del(&load->link);
		kvt_load_put(load);
	}
	return end;
}

/* Holds of entries that are no part of the prefix go back. */
static void drop_tail(struct kvt_cmd *c, u32 begin, u32 end)
{
	u32 i;

	for (i = begin + 1; i < end; i++)
		kvt_cmd_undo_lease(c, i);
}

/* Begin entries from *@i on: their transfers go to the device together. */
static int begin_prefix(struct kvt_cmd *c, u32 *i)
{
	struct blk_plug plug;
	int err = 0;

	blk_start_plug(&plug);
	while (*i < c->batch->nr && !err) {
		err = begin_one(c, *i);
		*i += !err;
		if (!(*i % RCU_BATCH))
			cond_resched();
	}
	blk_finish_plug(&plug);
	return err;
}

/*
 * The longest prefix. As many blocks as possible are brought up at the same time;
 * what takes waiting for somebody else is waited for when those have arrived.
 */
static u32 acquire_prefix(struct kvt_cmd *c)
{
	u32 nr = c->batch->nr, i = 0, good;
	int err = 0;

	while (i < nr && !err) {
		err = begin_prefix(c, &i);
		good = finish_loads(c, i);
		if (good < i) {
			drop_tail(c, good, i);
			return good + 1;
		}
		if (err != -EAGAIN)
			break;
		/* What is held counts against the quota while this sleeps. */
		if (!kvt_cmd_record_leases(c, i))
			return i;
		err = acquire_one(c, i);
		i += !err;
	}
	if (!err)
		return nr;
	c->entries[i].result = err;
	return i + 1;
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

void kvt_cmd_acquire(struct kvt_cmd *c)
{
	struct kvt_space *space = c->file->space;

	if (kvt_cmd_killed(c, 0))
		return;
	c->batch->done = acquire_prefix(c);
	kvt_cmd_record_leases(c, c->batch->done);
	count_prefix(c);
	kvt_stat_add(space, acquires, c->batch->done);
	kvt_stat_add(space, acquire_hits, c->batch->ok);
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

void kvt_cmd_release(struct kvt_cmd *c)
{
	struct kvt_lease_cursor cur = {};
	long gone = 0;
	u32 i;

	mutex_lock(&c->file->lock);
	for (i = 0; i < c->batch->nr; i++)
		kvt_cmd_result(c, i, release_one(c, &cur, i, &gone));
	mutex_unlock(&c->file->lock);
	atomic_long_sub(gone, &c->file->space->held);
}

/* Copy from a held block to user memory, piece by piece. */
static int copy_out(struct kvt_space *space, const struct kvt_block *b,
		    const struct kvt_entry *e)
{
	struct kvt_arena *a = kvt_block_arena(space, b);
	u64 off = (u64)b->frame * space->block_size + e->pos;
	void __user *to = u64_to_user_ptr(e->addr);
	u64 done, len;

	if (kvt_arena_poisoned(a, off, e->len))
		return -EHWPOISON;
	for (done = 0; done < e->len; done += len) {
		void *from;

		len = e->len - done;
		from = kvt_arena_piece(a, off + done, &len);
		if (copy_to_user(to + done, from, len))
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

	ret = kvt_cmd_hold(c, c->entries[i].key, &b, false);
	if (ret)
		return ret;
	kvt_cmd_touch(c, b, i);
	ret = copy_out(space, b, &c->entries[i]);
	if (ret == -EHWPOISON)
		kvt_drop_poisoned(space, b);
	kvt_block_unhold(space, b, 1);
	return ret;
}

/* Begin to bring entry @i up, if it is on nvme: its turn will come. */
static void read_ahead(struct kvt_cmd *c, u32 i)
{
	struct kvt_space *space = c->file->space;
	struct kvt_load *load;

	if (i < c->batch->nr &&
	    kvt_cmd_look(space, c->entries[i].key) == KVT_BELOW &&
	    !kvt_cmd_load(c, c->entries[i].key, &load))
		kvt_load_put(load);
}

void kvt_cmd_get(struct kvt_cmd *c)
{
	u32 i;

	for (i = 0; i < GET_AHEAD; i++)
		read_ahead(c, i);
	for (i = 0; i < c->batch->nr && !kvt_cmd_killed(c, i); i++) {
		read_ahead(c, i + GET_AHEAD);
		kvt_cmd_result(c, i, get_one(c, i));
	}
	kvt_stat_add(c->file->space, gets, c->batch->ok);
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
		if (ret > c->batch->tier) {
			xa_set_mark(&space->slots, b->slot, KVT_WANTED);
			WRITE_ONCE(space->has_wanted, true);
		}
	}
	rcu_read_unlock();
	return ret;
}

void kvt_cmd_prefetch(struct kvt_cmd *c)
{
	struct kvt_space *space = c->file->space;
	u32 i;

	for (i = 0; i < c->batch->nr; i++)
		kvt_cmd_result(c, i, prefetch_one(c, i));
	queue_work(space->wq, &space->balance);
}
