// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "space.h"
#include "tap.h"

#define PAGE	4096

static uint8_t *page_alloc(size_t bytes)
{
	uint8_t *p = aligned_alloc(PAGE, bytes);

	must(p);
	memset(p, 0xff, bytes);
	return p;
}

void space_init(struct kvt_space *s, size_t block_size, unsigned int layers,
		size_t layer_size)
{
	unsigned int i;

	*s = (struct kvt_space) {
		.block_size = block_size, .layers = layers,
		.layer_size = layer_size,
	};
	for (i = 0; i < SPACE_FRAMES; i++) {
		s->frames[i].bytes = page_alloc(block_size);
		s->frames[i].media = page_alloc(block_size);
	}
}

void space_free(struct kvt_space *s)
{
	unsigned int i;

	for (i = 0; i < SPACE_FRAMES; i++) {
		free(s->frames[i].bytes);
		free(s->frames[i].media);
	}
}

struct frame *space_find(struct kvt_space *s, const struct kvt_key *key)
{
	unsigned int i;

	for (i = 0; i < SPACE_FRAMES; i++)
		if (s->frames[i].state != FRAME_FREE &&
		    !memcmp(&s->frames[i].key, key, sizeof(*key)))
			return &s->frames[i];
	return NULL;
}

static void free_frame(struct kvt_space *s, struct frame *f)
{
	f->state = FRAME_FREE;
	memset(f->bytes, 0xff, s->block_size);
}

void space_evict(struct kvt_space *s, const struct kvt_key *key)
{
	struct frame *f = space_find(s, key);

	must(f && f->state == FRAME_SEALED && !f->leases);
	free_frame(s, f);
}

unsigned int space_leases(const struct kvt_space *s)
{
	unsigned int i, n = 0;

	for (i = 0; i < SPACE_FRAMES; i++)
		n += s->frames[i].leases;
	return n;
}

unsigned int space_count(const struct kvt_space *s, int state)
{
	unsigned int i, n = 0;

	for (i = 0; i < SPACE_FRAMES; i++)
		n += (int)s->frames[i].state == state;
	return n;
}

static struct frame *take_frame(struct kvt_space *s, const struct kvt_key *key)
{
	unsigned int i;

	for (i = 0; i < SPACE_FRAMES; i++) {
		struct frame *f = &s->frames[i];

		if (f->state != FRAME_FREE)
			continue;
		f->state = FRAME_FILLING;
		f->key = *key;
		return f;
	}
	return NULL;
}

static struct frame *frame_of(struct kvt_space *s, const struct kvt_block *b)
{
	must(b->slot < SPACE_FRAMES);
	return &s->frames[b->slot];
}

static void tell(struct kvt_space *s, struct kvt_block *b, struct frame *f,
		 int result)
{
	b->slot = f - s->frames;
	b->offset = (uint64_t)b->slot * s->block_size;
	b->result = result;
}

static void seal(struct kvt_space *s, struct frame *f)
{
	f->state = FRAME_SEALED;
	f->arrived = s->block_size;
	memcpy(f->media, f->bytes, s->block_size);
}

/* --- libkvtier ------------------------------------------------------------------ */

uint32_t kvt_nr_layers(const struct kvt_space *s)
{
	return s->layers;
}

void *kvt_ptr(struct kvt_space *s, uint64_t offset)
{
	return s->frames[offset / s->block_size].bytes;
}

/* Nobody else has it: it may be as if it came from nvme. */
static int lease(struct kvt_space *s, struct frame *f, bool arriving)
{
	if (!f->leases++ && arriving && s->arriving) {
		memset(f->bytes, 0xff, s->block_size);
		f->arrived = 0;
	}
	return KVT_RES_LEASED |
	       (f->arrived < s->block_size ? KVT_RES_ARRIVING : 0);
}

ssize_t kvt_acquire(struct kvt_space *s, const struct kvt_key *keys, size_t nr,
		    const struct kvt_how *how, struct kvt_block *blocks)
{
	bool arriving = how->flags & KVT_F_ARRIVING;
	size_t i, n;

	for (i = 0; i < nr; i++)
		blocks[i].result = -ECANCELED;
	for (n = 0; n < nr; n++) {
		struct frame *f = space_find(s, &keys[n]);

		if (!f || f->state != FRAME_SEALED) {
			blocks[n].result = f ? -ETIMEDOUT : -ENOENT;
			break;
		}
		tell(s, &blocks[n], f, lease(s, f, arriving));
	}
	return n;
}

ssize_t kvt_release_blocks(struct kvt_space *s, struct kvt_block *blocks,
			   size_t nr, const struct kvt_how *how)
{
	size_t i, n = 0;

	(void)how;
	for (i = 0; i < nr; i++) {
		struct frame *f;

		if (blocks[i].result < 0 || !(blocks[i].result & KVT_RES_LEASED))
			continue;
		f = frame_of(s, &blocks[i]);
		must(f->leases);
		if (!--f->leases) {
			memcpy(f->bytes, f->media, s->block_size);
			f->arrived = s->block_size;
		}
		blocks[i].result = 0;
		n++;
	}
	return n;
}

/* Somebody else has just filled and sealed it. */
static void fill_by_other(struct kvt_space *s, const struct kvt_key *key)
{
	struct frame *f = take_frame(s, key);

	must(f);
	memcpy(f->bytes, s->other, s->block_size);
	seal(s, f);
}

static int reserve(struct kvt_space *s, const struct kvt_key *key,
		   struct kvt_block *b)
{
	struct frame *f = space_find(s, key);

	if (s->full)
		return -ENOSPC;
	if (s->busy && !f) {
		s->busy--;
		fill_by_other(s, key);
		return -EINPROGRESS;
	}
	if (f) {
		tell(s, b, f, KVT_RES_PRESENT);
		return f->state == FRAME_SEALED ? KVT_RES_PRESENT : -EALREADY;
	}
	f = take_frame(s, key);
	if (!f)
		return -ENOSPC;
	tell(s, b, f, 0);
	return 0;
}

ssize_t kvt_reserve(struct kvt_space *s, const struct kvt_key *keys, size_t nr,
		    const struct kvt_how *how, struct kvt_block *blocks)
{
	size_t i, n = 0;

	(void)how;
	for (i = 0; i < nr; i++)
		blocks[i].result = -ECANCELED;
	for (i = 0; i < nr; i++) {
		blocks[i].result = reserve(s, &keys[i], &blocks[i]);
		n += blocks[i].result >= 0;
		if (blocks[i].result == -ENOSPC)
			break;
	}
	return n;
}

static ssize_t end_filling(struct kvt_space *s, struct kvt_block *blocks,
			   size_t nr, bool good)
{
	size_t i, n = 0;

	for (i = 0; i < nr; i++) {
		struct frame *f;

		if (!kvt_filling(&blocks[i]))
			continue;
		f = frame_of(s, &blocks[i]);
		must(f->state == FRAME_FILLING);
		seal(s, f);
		if (!good)
			free_frame(s, f);
		blocks[i].result = good ? KVT_RES_PRESENT : -ECANCELED;
		n++;
	}
	return n;
}

ssize_t kvt_commit_blocks(struct kvt_space *s, struct kvt_block *blocks, size_t nr)
{
	if (!s->evict)
		return end_filling(s, blocks, nr, true);
	s->evict--;
	return end_filling(s, blocks, nr, false);
}

ssize_t kvt_abort_blocks(struct kvt_space *s, struct kvt_block *blocks, size_t nr)
{
	return end_filling(s, blocks, nr, false);
}

uint64_t kvt_deadline(uint64_t timeout_ns)
{
	return timeout_ns;
}

/* Layers up to @layer of a block arrive; it may be lost instead. */
static int arrive(struct kvt_space *s, struct frame *f, uint32_t layer)
{
	size_t end = layer + 1 == s->layers ? s->block_size :
					      (layer + 1) * s->layer_size;

	if (f->arrived >= end)
		return 0;
	s->waits++;
	if (s->lose && layer >= s->lose_layer &&
	    !memcmp(&f->key, s->lose, sizeof(f->key))) {
		memset(&f->key, 0xee, sizeof(f->key));
		return -EIO;
	}
	memcpy(f->bytes + f->arrived, f->media + f->arrived, end - f->arrived);
	f->arrived = end;
	return 0;
}

int kvt_wait_layer(struct kvt_space *s, const struct kvt_block *blocks, size_t nr,
		   uint32_t layer, uint64_t deadline, size_t *which)
{
	size_t i;

	must(deadline && layer < (s->layers ? s->layers : 1));
	for (i = 0; i < nr; i++) {
		if (!(blocks[i].result & KVT_RES_ARRIVING))
			continue;
		must(blocks[i].result >= 0);
		*which = i;
		if (arrive(s, frame_of(s, &blocks[i]), layer))
			return -EIO;
	}
	return 0;
}
