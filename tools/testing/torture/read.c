// SPDX-License-Identifier: GPL-2.0
/* Actions that read: ACQUIRE, RELEASE, GET, LOOKUP, PREFETCH, slots. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "torture.h"

static const int gone[] = { ENOENT, 0 };
/* ENOSPC, EDQUOT: it is on nvme, or on the pool, and there is no frame for it. */
static const int gone_or_filling[] = { ENOENT, EINPROGRESS, ENOSPC, EDQUOT, 0 };

/* What was copied to w->buf is the block's? */
static void compare(struct worker *w, const struct place *h, const char *what)
{
	char text[128];

	atomic_fetch_add(&w->sh->verified, 1);
	if (pattern_is(w->plan, h->keyno, 0, w->buf, w->plan->block_size))
		return;
	pattern_explain(w->plan, h->keyno, w->buf, text, sizeof(text));
	complain(w->sh, "wrong bytes in a leased %s, key %u, slot %u, offset %#llx, %s",
		 what, h->keyno, h->slot, (unsigned long long)h->offset, text);
}

/* A lease says: these bytes, whatever becomes of the block. */
static void check_held(struct worker *w, const struct place *h)
{
	const char *slot = maps_slots(w, h->slot);

	if (maps_read(maps_frame(w, h->offset), w->buf, w->plan->block_size))
		compare(w, h, "frame");
	else
		complain(w->sh, "SIGBUS on a leased frame, key %u, slot %u, offset %#llx",
			 h->keyno, h->slot, (unsigned long long)h->offset);
	/* A slot gives SIGBUS once the block is dropped, leased or not. */
	if (slot && rng_one_in(&w->rng, 2) &&
	    maps_read(slot, w->buf, w->plan->block_size))
		compare(w, h, "slot");
}

/* Entry @i of the batch that was carried out has become a lease. */
void hold(struct worker *w, uint32_t i)
{
	struct place *h = &w->held[w->nr_held++];

	*h = (struct place){
		.slot = w->e[i].slot,
		.keyno = w->keyno[i],
		.offset = w->e[i].offset,
	};
	if (maps_status(w, h->offset) != w->plan->block_size)
		complain(w->sh, "the status of a leased frame says it is not valid, key %u, offset %#llx",
			 h->keyno, (unsigned long long)h->offset);
	check_held(w, h);
}

void act_acquire(struct worker *w)
{
	static const int errors[] = { ENOENT, EINPROGRESS, EDQUOT, ENOSPC, 0 };
	uint32_t i;

	if (w->nr_held + MAX_BATCH > MAX_HELD)
		release_some(w, MAX_BATCH);
	batch_chain(w, KVT_OP_ACQUIRE, MAX_BATCH);
	if (rng_one_in(&w->rng, 4))
		batch_wait(w, 30);
	if (rng_one_in(&w->rng, 4))
		w->b.flags |= KVT_F_NO_PROMOTE;
	if (rng_one_in(&w->rng, 8))
		w->b.flags |= KVT_F_MEMORY_ONLY;
	if (!batch_submit(w))
		return;
	for (i = 0; i < w->b.ok; i++) {
		if (w->e[i].result < 0 || !(w->e[i].result & KVT_RES_LEASED))
			complain(w->sh, "ACQUIRE: entry %u of the %u that stand has the result %d",
				 i, w->b.ok, w->e[i].result);
		else
			hold(w, i);
	}
	if (w->b.done > w->b.ok)
		expect_error(w, w->b.ok, errors);
}

void release_some(struct worker *w, unsigned int nr)
{
	static const int none[] = { 0 };
	uint32_t i;

	if (nr > w->nr_held)
		nr = w->nr_held;
	if (!nr)
		return;
	batch_begin(w, KVT_OP_RELEASE, nr);
	for (i = 0; i < nr; i++) {
		uint32_t n = rng_below(&w->rng, w->nr_held);
		struct place h = w->held[n];

		w->held[n] = w->held[--w->nr_held];
		/* It may have been dropped: these bytes stay for us. */
		check_held(w, &h);
		w->e[i].slot = h.slot;
		w->keyno[i] = h.keyno;
	}
	if (rng_one_in(&w->rng, 2))
		w->b.flags = KVT_F_TOUCH;
	while (!batch_submit(w) && !atomic_load(&w->sh->failed))
		;
	for (i = 0; i < w->b.done; i++)
		if (w->e[i].result)
			expect_error(w, i, none);
}

void act_release(struct worker *w)
{
	release_some(w, rng_between(&w->rng, 1, 8));
}

static void set_range(struct worker *w, uint32_t i)
{
	struct kvt_entry *e = &w->e[i];
	uint32_t size = w->plan->block_size;

	e->addr = (uintptr_t)(w->buf + (size_t)i * size);
	e->len = size;
	if (rng_one_in(&w->rng, 2)) {
		e->pos = rng_below(&w->rng, size);
		e->len = rng_between(&w->rng, 1, size - e->pos);
	}
	memset((char *)(uintptr_t)e->addr, 0xee, e->len);
}

void act_get(struct worker *w)
{
	uint32_t i;

	if (rng_one_in(&w->rng, 2))
		batch_chain(w, KVT_OP_GET, 8);
	else
		batch_random(w, KVT_OP_GET, 8);
	for (i = 0; i < w->b.nr; i++)
		set_range(w, i);
	if (!batch_submit(w))
		return;
	for (i = 0; i < w->b.done; i++) {
		const struct kvt_entry *e = &w->e[i];

		if (e->result < 0) {
			expect_error(w, i, gone_or_filling);
			continue;
		}
		atomic_fetch_add(&w->sh->verified, 1);
		if (!pattern_is(w->plan, w->keyno[i], e->pos,
				(char *)(uintptr_t)e->addr, e->len))
			complain(w->sh, "GET: wrong bytes of key %u, entry %u of %u, %u at %u",
				 w->keyno[i], i, w->b.nr, e->len, e->pos);
	}
}

/* Without a lease a slot may become another block's, or none's: SIGBUS. */
static void read_slot(struct worker *w, uint32_t slot)
{
	const char *from = maps_slots(w, slot);
	uint32_t pages = w->plan->block_size / 4096, pos;

	if (!from)
		return;
	pos = rng_below(&w->rng, pages) * 4096;
	if (maps_read(from + pos, w->buf, 4096) &&
	    !pattern_is_any(w->plan, pos, w->buf, 4096, false))
		complain(w->sh, "slot %u at %u: bytes of no block", slot, pos);
}

void act_lookup(struct worker *w)
{
	uint32_t i;

	batch_chain(w, KVT_OP_LOOKUP, MAX_BATCH);
	if (rng_one_in(&w->rng, 8))
		w->b.flags |= KVT_F_MEMORY_ONLY;
	if (!batch_submit(w))
		return;
	for (i = 0; i < w->b.ok; i++)
		read_slot(w, w->e[i].slot);
	if (w->b.done > w->b.ok)
		expect_error(w, w->b.ok, gone);
}

void act_prefetch(struct worker *w)
{
	uint32_t i;

	batch_chain(w, KVT_OP_PREFETCH, MAX_BATCH);
	w->b.tier = rng_below(&w->rng, 2);
	if (!batch_submit(w))
		return;
	for (i = 0; i < w->b.done; i++)
		if (w->e[i].result < 0)
			expect_error(w, i, gone);
}

void act_slots(struct worker *w)
{
	unsigned int i;

	for (i = 0; i < w->nr_held; i++)
		if (rng_one_in(&w->rng, 4))
			check_held(w, &w->held[i]);
	for (i = 0; i < 32; i++)
		read_slot(w, rng_below(&w->rng, 512));
}
