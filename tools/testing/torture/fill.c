// SPDX-License-Identifier: GPL-2.0
/* Actions that write: RESERVE, COMMIT, ABORT, PUT, DROP. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "torture.h"

static const int fill_errors[] = {
	EINPROGRESS, EALREADY, ENOSPC, EDQUOT, ELOOP, ECANCELED, EFAULT, 0
};

/* Flags of RESERVE and PUT, and now and then an unusual parent. */
static void fill_flags(struct worker *w)
{
	if (rng_one_in(&w->rng, 4))
		batch_wait(w, 30);
	if (rng_one_in(&w->rng, 8))
		w->b.flags |= KVT_F_FLAT;
	if (rng_one_in(&w->rng, 8)) {
		w->b.flags |= KVT_F_CLASS;
		w->b.class_id = rng_below(&w->rng, KVT_MAX_CLASS + 1);
	}
	if (rng_one_in(&w->rng, 32)) {
		struct key other = plan_key(w->plan, rng_below(&w->rng,
						plan_nr_keys(w->plan)));

		memcpy(w->b.parent, other.b, sizeof(other.b));
	}
}

/*
 * What may be in a frame before we write: zeroes, or this space's bytes; a helper leaves
 * there what it likes.
 */
static void check_fresh(struct worker *w, const struct place *f)
{
	uint32_t len = w->plan->block_size;

	if (!maps_read(maps_frame(w, f->offset), w->buf, len))
		complain(w->sh, "SIGBUS on a reserved frame, key %u", f->keyno);
	else if (!w->plan->pool && !pattern_is_any(w->plan, 0, w->buf, len, true))
		complain(w->sh, "a reserved frame has another space's bytes, key %u, offset %#llx",
			 f->keyno, (unsigned long long)f->offset);
	if (maps_status(w, f->offset))
		complain(w->sh, "the status of a reserved frame says it is valid, key %u",
			 f->keyno);
}

static void write_frame(struct worker *w, struct place *f)
{
	pattern_fill(w->plan, f->keyno, maps_frame(w, f->offset));
	f->written = true;
}

static void add_fill(struct worker *w, uint32_t i)
{
	struct place *f = &w->fills[w->nr_fills++];

	*f = (struct place){
		.slot = w->e[i].slot,
		.keyno = w->keyno[i],
		.offset = w->e[i].offset,
	};
	if (w->plan->late)
		return;
	if (rng_one_in(&w->rng, 4))
		check_fresh(w, f);
	if (!rng_one_in(&w->rng, 4))
		write_frame(w, f);
}

void act_reserve(struct worker *w)
{
	uint32_t i;

	if (w->nr_fills + MAX_BATCH > MAX_FILLS)
		return act_finish(w);
	if (w->nr_held + MAX_BATCH > MAX_HELD)
		release_some(w, MAX_BATCH);
	batch_chain(w, KVT_OP_RESERVE, MAX_BATCH);
	fill_flags(w);
	if (rng_one_in(&w->rng, 2))
		w->b.flags |= KVT_F_LEASE;
	if (!batch_submit(w))
		return;
	for (i = 0; i < w->b.done; i++) {
		int ret = w->e[i].result;

		if (ret < 0)
			expect_error(w, i, fill_errors);
		else if (ret & KVT_RES_LEASED)
			hold(w, i);
		else if (!(ret & KVT_RES_PRESENT))
			add_fill(w, i);
	}
}

/* --plant: is this check worth anything? */
static void plant(struct worker *w, struct place *f)
{
	static bool done;

	if (!w->o->plant || done || w->id)
		return;
	done = true;
	maps_frame(w, f->offset)[w->plan->block_size / 2] ^= 1;
}

static void check_own(struct worker *w, const struct place *f)
{
	char text[128];

	if (!maps_read(maps_frame(w, f->offset), w->buf, w->plan->block_size)) {
		complain(w->sh, "SIGBUS on a reserved frame, key %u", f->keyno);
		return;
	}
	if (pattern_is(w->plan, f->keyno, 0, w->buf, w->plan->block_size))
		return;
	pattern_explain(w->plan, f->keyno, w->buf, text, sizeof(text));
	complain(w->sh, "a reserved frame was written by another, key %u, slot %u, offset %#llx, %s",
		 f->keyno, f->slot, (unsigned long long)f->offset, text);
}

static void prepare_commit(struct worker *w, struct place *f)
{
	if (!f->written)
		write_frame(w, f);
	check_own(w, f);
	plant(w, f);
}

/* COMMIT or ABORT of some of what is reserved. */
void act_finish(struct worker *w)
{
	static const int in_time[] = { ECANCELED, 0 };
	static const int late[] = { ECANCELED, ENOENT, 0 };
	bool commit = !w->plan->late && !rng_one_in(&w->rng, 4);
	uint32_t nr, i;

	if (!w->nr_fills)
		return;
	nr = rng_between(&w->rng, 1, w->nr_fills < 8 ? w->nr_fills : 8);
	batch_begin(w, commit ? KVT_OP_COMMIT : KVT_OP_ABORT, nr);
	for (i = 0; i < nr; i++) {
		uint32_t n = rng_below(&w->rng, w->nr_fills);
		struct place f = w->fills[n];

		w->fills[n] = w->fills[--w->nr_fills];
		if (commit)
			prepare_commit(w, &f);
		w->e[i].slot = f.slot;
		w->keyno[i] = f.keyno;
	}
	/* For want of memory: they end with the file. */
	if (!batch_submit(w))
		return;
	for (i = 0; i < w->b.done; i++)
		if (w->e[i].result)
			expect_error(w, i, w->plan->late ? late : in_time);
}

void act_put(struct worker *w)
{
	uint32_t i;

	batch_chain(w, KVT_OP_PUT, MAX_BATCH);
	fill_flags(w);
	for (i = 0; i < w->b.nr; i++) {
		char *p = w->buf + (size_t)i * w->plan->block_size;

		pattern_fill(w->plan, w->keyno[i], p);
		w->e[i].addr = (uintptr_t)p;
		if (rng_one_in(&w->rng, 64))
			w->e[i].addr = 4096;
	}
	if (!batch_submit(w))
		return;
	for (i = 0; i < w->b.done; i++)
		if (w->e[i].result < 0)
			expect_error(w, i, fill_errors);
}

static void drop(struct worker *w, uint32_t flags, uint32_t most)
{
	static const int errors[] = { ENOENT, 0 };
	uint32_t i;

	batch_random(w, KVT_OP_DROP, most);
	w->b.flags = flags;
	if (!batch_submit(w))
		return;
	for (i = 0; i < w->b.done; i++)
		if (w->e[i].result)
			expect_error(w, i, errors);
}

void act_drop(struct worker *w)
{
	drop(w, 0, 4);
}

void act_drop_chain(struct worker *w)
{
	drop(w, KVT_F_CHAIN, 1);
}
