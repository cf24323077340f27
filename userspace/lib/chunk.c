// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Walking the windows in pieces. Drivers refuse very large registrations, and a
 * transfer must lie in one registration: so pieces begin and end at frames.
 */
#include "lib.h"

/* Bytes [@from, @to) of the window at @base are to be walked. */
struct range {
	char	 *base;
	uint64_t from;
	uint64_t to;
};

struct walk {
	struct range	range[KVT_MAX_ARENAS];
	uint64_t	step;
	void		*arg;
};

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Whole blocks; whole 2 MiB pages too where that fits: drivers like them. */
static uint64_t step_bytes(uint64_t max_chunk, uint64_t block)
{
	uint64_t both = block / gcd(block, KVT_HUGE) * KVT_HUGE;

	if (!max_chunk)
		max_chunk = KVT_CHUNK_DEFAULT;
	if (max_chunk >= both)
		return max_chunk - max_chunk % both;
	if (max_chunk >= block)
		return max_chunk - max_chunk % block;
	return block;
}

static uint64_t nr_pieces(const struct walk *walk, unsigned int arena)
{
	const struct range *r = &walk->range[arena];

	return (r->to - r->from + walk->step - 1) / walk->step;
}

static int call(const struct walk *walk, kvt_chunk_fn fn, unsigned int arena,
		uint64_t piece)
{
	const struct range *r = &walk->range[arena];
	uint64_t at = r->from + piece * walk->step;
	uint64_t left = r->to - at;

	return fn(r->base + at, left < walk->step ? left : walk->step, arena,
		  walk->arg);
}

/* Everything before @piece of @arena, in reverse. */
static void undo_before(const struct walk *walk, kvt_chunk_fn undo,
			unsigned int arena, uint64_t piece)
{
	for (;;) {
		while (piece)
			call(walk, undo, arena, --piece);
		if (!arena)
			return;
		piece = nr_pieces(walk, --arena);
	}
}

static int walk_all(const struct walk *walk, kvt_chunk_fn fn, kvt_chunk_fn undo)
{
	unsigned int arena;
	uint64_t piece;
	int rc;

	for (arena = 0; arena < KVT_MAX_ARENAS; arena++)
		for (piece = 0; piece < nr_pieces(walk, arena); piece++) {
			rc = call(walk, fn, arena, piece);
			if (!rc)
				continue;
			if (undo)
				undo_before(walk, undo, arena, piece);
			return rc;
		}
	return 0;
}

static void set_range(struct range *r, char *base, uint64_t bytes,
		      const struct kvt_chunks *seen, unsigned int arena)
{
	r->base = base;
	r->to = bytes;
	r->from = 0;
	if (seen && seen->base[arena] == base)
		r->from = seen->len[arena] < bytes ? seen->len[arena] : bytes;
}

/* Map everything, and note what is to be walked. */
static int collect(struct kvt_space *space, const struct kvt_chunks *seen,
		   struct walk *walk)
{
	struct kvt_space_info info;
	unsigned int i;
	int rc;

	pthread_mutex_lock(&space->lock);
	rc = kvt_info(space, &info);
	for (i = 0; i < KVT_MAX_ARENAS && !rc; i++) {
		if (!info.arenas[i].tier[0] || !info.arenas[i].window_len)
			continue;
		rc = kvt_space_map_arena(space, i, &info.arenas[i]);
		if (rc)
			break;
		set_range(&walk->range[i],
			  atomic_load(&space->windows[i].cur)->base,
			  (uint64_t)info.arenas[i].nr_frames * space->block_size,
			  seen, i);
	}
	pthread_mutex_unlock(&space->lock);
	return rc;
}

int kvt_for_each_chunk(struct kvt_space *space, uint64_t max_chunk,
		       struct kvt_chunks *seen, kvt_chunk_fn fn,
		       kvt_chunk_fn undo, void *arg)
{
	struct walk walk = { .arg = arg };
	unsigned int i;
	int rc;

	if (!space || !fn)
		return -EINVAL;
	walk.step = step_bytes(max_chunk, space->block_size);
	rc = collect(space, seen, &walk);
	if (!rc)
		rc = walk_all(&walk, fn, undo);
	for (i = 0; i < KVT_MAX_ARENAS && !rc && seen; i++) {
		seen->base[i] = walk.range[i].base;
		seen->len[i] = walk.range[i].to;
	}
	return rc;
}
