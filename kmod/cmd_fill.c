// SPDX-License-Identifier: GPL-2.0
/* RESERVE, COMMIT, ABORT, PUT, DROP. */
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "cmd.h"
#include "drop.h"
#include "fill.h"
#include "index.h"
#include "space.h"

/* At the first step. */
static void begin(struct kvt_cmd *c, struct kvt_filler *filler)
{
	struct kvt_space *space = c->file->space;

	if (c->fill.space)
		return;
	c->fill = (struct kvt_fill){
		.space = space,
		.filler = filler,
		.file = &c->file->filler,
		.class_id = c->batch->flags & KVT_F_CLASS ?
			c->batch->class_id :
			READ_ONCE(space->knobs.default_class),
	};
}

static const u8 *parent_of(struct kvt_cmd *c, u32 i)
{
	if (i == 0 || c->batch->flags & KVT_F_FLAT)
		return c->batch->parent;
	return c->entries[i - 1].key;
}

/* Begin to fill entry @i, or wait for room if asked to. */
static int fill_one(struct kvt_cmd *c, u32 i, struct kvt_place *place)
{
	struct kvt_space *space = c->file->space;
	u32 offers = READ_ONCE(space->nr_offers);
	int err;

	err = kvt_fill_begin(&c->fill, c->entries[i].key, parent_of(c, i), place);
	if (err != -ENOSPC)
		return err;
	/* What is held counts against the quota while it waits. */
	kvt_cmd_record_leases(c, i);
	return kvt_cmd_wait_frame(c, offers,
				  kvt_retain_floor(space, c->fill.class_id),
				  true);
}

/*
 * No room, no memory, killed: the batch ends. Else the key is cared for, by
 * another filler or, ECANCELED, by who dropped it while it was stored.
 */
static bool ends_batch(struct kvt_space *space, int result)
{
	if (result == -ENOSPC)
		kvt_stat_inc(space, no_space);
	if (result == -EDQUOT)
		kvt_stat_inc(space, no_quota);
	return result < 0 && result != -EINPROGRESS && result != -EALREADY &&
	       result != -ECANCELED;
}

/* A key that is present, wherever: tell where, and count it as use. */
static int present_one(struct kvt_cmd *c, u32 i)
{
	struct kvt_space *space = c->file->space;
	struct kvt_entry *e = &c->entries[i];
	struct kvt_block *b;
	int ret = -ENOENT;

	rcu_read_lock();
	b = kvt_index_find(space, e->key);
	if (b && kvt_block_is_sealed(b) && !kvt_cmd_is_expired(c, b)) {
		kvt_cmd_touch(c, b, i);
		e->slot = b->slot;
		ret = kvt_block_arena(space, b)->kind | KVT_RES_PRESENT;
	}
	rcu_read_unlock();
	return ret;
}

/* The same, and lease it. */
static int lease_present(struct kvt_cmd *c, u32 i)
{
	struct kvt_entry *e = &c->entries[i];
	struct kvt_block *b;
	int err;

	err = kvt_cmd_hold(c, i, &b);
	if (err)
		return err;
	kvt_cmd_touch(c, b, i);
	kvt_cmd_place(c, e, b);
	return kvt_block_arena(c->file->space, b)->kind | KVT_RES_PRESENT |
	       KVT_RES_LEASED;
}

/* Entry @i was present, and then was not: it went in between, or it has expired. */
static void make_way(struct kvt_cmd *c, u32 i)
{
	kvt_drop_expired(c->file->space, c->entries[i].key, c->now);
}

static int reserve_one(struct kvt_cmd *c, u32 i)
{
	struct kvt_space *space = c->file->space;
	struct kvt_entry *e = &c->entries[i];
	struct kvt_place place;
	int ret;

	for (;;) {
		ret = fill_one(c, i, &place);
		if (!ret)
			break;
		if (ret != -EEXIST)
			return ret;
		ret = c->batch->flags & KVT_F_LEASE ? lease_present(c, i) :
						      present_one(c, i);
		if (ret != -ENOENT)
			return ret;
		make_way(c, i);
	}
	kvt_stat_inc(space, reserves);
	e->slot = place.slot;
	e->offset = kvt_window_offset(place.arena->index) +
		    (u64)place.frame * space->block_size;
	return place.arena->kind;
}

/* The result of entry c->next. Returns whether another one follows. */
static bool goes_on(struct kvt_cmd *c, int result)
{
	kvt_cmd_result(c, c->next++, result);
	return !ends_batch(c->file->space, result) && c->next < c->batch->nr &&
	       !kvt_cmd_killed(c, c->next);
}

int kvt_cmd_reserve(struct kvt_cmd *c)
{
	bool more = !kvt_cmd_killed(c, c->next);
	u32 i;
	int ret;

	begin(c, &c->file->filler);
	while (more) {
		ret = reserve_one(c, c->next);
		if (ret == -EAGAIN)
			return ret;
		/* It may have been there, on nvme, and gone meanwhile. */
		kvt_cmd_drop_loads(c);
		more = goes_on(c, ret);
		cond_resched();
	}
	kvt_cmd_record_leases(c, c->batch->done);
	/* Some present blocks may not be leased; what was reserved stands. */
	for (c->batch->ok = 0, i = 0; i < c->batch->done; i++)
		c->batch->ok += c->entries[i].result >= 0;
	return 0;
}

int kvt_cmd_commit(struct kvt_cmd *c)
{
	u32 i;

	for (i = 0; i < c->batch->nr; i++)
		kvt_cmd_result(c, i, kvt_fill_seal(c->file->space,
						   &c->file->filler,
						   c->entries[i].slot,
						   kvt_cmd_stamp(c, i), false));
	kvt_stat_add(c->file->space, commits, c->batch->ok);
	kvt_space_wake(c->file->space);
	return 0;
}

int kvt_cmd_abort(struct kvt_cmd *c)
{
	u32 i;

	for (i = 0; i < c->batch->nr; i++)
		kvt_cmd_result(c, i,
			       kvt_fill_abort(c->file->space, &c->file->filler,
					      c->entries[i].slot));
	return 0;
}

/* Copy user memory into a filling block's frame. */
static int copy_in(struct kvt_cmd *c, const struct kvt_place *place, u64 addr)
{
	u32 size = c->file->space->block_size;
	u64 off = (u64)place->frame * size, done, len;
	struct iov_iter from;
	int err;

	err = kvt_cmd_import(c, ITER_SOURCE, addr, size, &from);
	if (err)
		return err;
	for (done = 0; done < size; done += len) {
		void *to;

		len = size - done;
		to = kvt_arena_piece(place->arena, off + done, &len);
		if (copy_from_iter(to, len, &from) != len)
			return -EFAULT;
		cond_resched();
	}
	return 0;
}

/* Fill, copy, seal. The PUT itself is the filler: nobody else can end it. */
static int store_one(struct kvt_cmd *c, u32 i)
{
	struct kvt_space *space = c->file->space;
	struct kvt_entry *e = &c->entries[i];
	struct kvt_place place;
	int err;

	err = fill_one(c, i, &place);
	if (err)
		return err;
	err = copy_in(c, &place, e->addr);
	if (err) {
		kvt_fill_abort(space, &c->filler, place.slot);
		return err;
	}
	err = kvt_fill_seal(space, &c->filler, place.slot,
			    kvt_cmd_stamp(c, i), false);
	if (err)
		return err;
	/* The next entry may take long. */
	kvt_space_wake(space);
	e->slot = place.slot;
	kvt_stat_inc(space, puts);
	kvt_stat_inc(space, reserves);
	kvt_stat_inc(space, commits);
	return place.arena->kind;
}

static int put_one(struct kvt_cmd *c, u32 i)
{
	int ret;

	for (;;) {
		ret = store_one(c, i);
		if (ret == -EEXIST)
			ret = present_one(c, i);
		if (ret != -ENOENT)
			return ret;
		make_way(c, i);
	}
}

int kvt_cmd_put(struct kvt_cmd *c)
{
	bool more = !kvt_cmd_killed(c, c->next);
	int ret;

	if (!c->fill.space) {
		c->filler = (struct kvt_filler)KVT_FILLER_INIT(c->filler);
		c->filler.is_put = true;
	}
	begin(c, &c->filler);
	while (more) {
		ret = put_one(c, c->next);
		if (ret == -EAGAIN)
			return ret;
		more = goes_on(c, ret);
	}
	return 0;
}

int kvt_cmd_drop(struct kvt_cmd *c)
{
	bool is_local = c->batch->flags & KVT_F_LOCAL;
	struct kvt_space *space = c->file->space;
	u32 i;

	for (i = 0; i < c->batch->nr && !kvt_cmd_killed(c, i); i++) {
		const u8 *key = c->entries[i].key;

		kvt_cmd_result(c, i, c->batch->flags & KVT_F_CHAIN ?
			       kvt_drop_chain(space, key, is_local) :
			       kvt_drop_one(space, key, is_local));
	}
	if (!is_local)
		kvt_drop_remote(space, c->entries[0].key, sizeof(*c->entries),
				c->batch->done, c->batch->flags & KVT_F_CHAIN);
	return 0;
}
