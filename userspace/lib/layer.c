// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Layers of a block, and waiting until they have arrived.
 *
 * How far a block has arrived is in its frame's status word, which the kernel
 * writes and this process has mapped. Who waits looks at it without a system call
 * for a while: a layer is mostly some microseconds away. Then it sleeps in between.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib.h"

#define LOOKS		2000	/* without sleeping: some 10 to 100 us in all */
#define NAP_FIRST	20000	/* ns; each nap is twice as long as the last */
#define NAP_MAX		500000

uint64_t kvt_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

uint64_t kvt_deadline(uint64_t timeout_ns)
{
	uint64_t now;

	if (!timeout_ns)
		return 0;
	now = kvt_now();
	return timeout_ns > KVT_FOREVER - now ? KVT_FOREVER : now + timeout_ns;
}

/* ---- the layout ---- */

static bool is_layout(const uint32_t *ends, uint32_t nr, uint32_t block_size)
{
	uint32_t i, begin = 0;

	for (i = 0; i < nr; begin = ends[i++])
		if (ends[i] <= begin)
			return false;
	return begin == block_size;
}

int kvt_layers_read(struct kvt_space *space, uint32_t nr)
{
	struct kvt_layers arg = { .size = sizeof(arg), .nr = nr };
	int rc;

	if (!nr)
		return 0;
	if (nr > KVT_MAX_LAYERS)
		return -EPROTO;
	space->layers = calloc(nr, sizeof(*space->layers));
	if (!space->layers)
		return -ENOMEM;
	arg.ends = (uintptr_t)space->layers;
	rc = kvt_ioctl(space->fd, KVT_IOC_LAYERS, &arg);
	if (!rc && (arg.nr != nr || !is_layout(space->layers, nr, space->block_size)))
		rc = -EPROTO;
	space->nr_layers = rc ? 0 : nr;
	return rc;
}

uint32_t kvt_nr_layers(const struct kvt_space *space)
{
	return space ? space->nr_layers : 0;
}

/* Without a layout the block is its only layer. */
static int layer_end(const struct kvt_space *space, uint32_t layer, uint32_t *end)
{
	if (layer >= (space->nr_layers ? space->nr_layers : 1))
		return -EINVAL;
	*end = space->nr_layers ? space->layers[layer] : space->block_size;
	return 0;
}

int kvt_layer(const struct kvt_space *space, uint32_t layer, uint32_t *pos,
	      uint32_t *len)
{
	uint32_t begin = 0, end;

	if (!space || layer_end(space, layer, &end))
		return -EINVAL;
	if (layer)
		layer_end(space, layer - 1, &begin);
	if (pos)
		*pos = begin;
	if (len)
		*len = end - begin;
	return 0;
}

/* ---- waiting ---- */

/**
 * struct waiter - patience, of one call for all its blocks
 * @deadline: CLOCK_MONOTONIC ns; 0: only look
 * @looks: left without sleeping
 * @nap: ns of the next sleep
 */
struct waiter {
	uint64_t     deadline;
	unsigned int looks;
	uint64_t     nap;
};

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#endif
}

static void nap(struct waiter *waiter, uint64_t left)
{
	uint64_t ns = waiter->nap < left ? waiter->nap : left;
	struct timespec ts = { .tv_nsec = (long)ns };

	nanosleep(&ts, NULL); /* woken early by a signal: looks earlier */
	waiter->nap = ns * 2 < NAP_MAX ? ns * 2 : NAP_MAX;
}

/* Let some time pass; not 0 when there is none left. */
static int pause_a_little(struct waiter *waiter)
{
	uint64_t now;

	if (!waiter->deadline)
		return -ETIMEDOUT;
	if (waiter->looks) {
		waiter->looks--;
		relax();
		return 0;
	}
	now = kvt_now();
	if (now >= waiter->deadline)
		return -ETIMEDOUT;
	nap(waiter, waiter->deadline - now);
	return 0;
}

static int wait_valid(const uint64_t *word, uint32_t need, struct waiter *waiter)
{
	struct kvt_status now, first = kvt_status_read(word);
	int rc;

	for (;;) {
		now = kvt_status_read(word);
		if (now.generation != first.generation)
			return -ESTALE;
		if (now.valid == KVT_VALID_LOST)
			return -EIO;
		if (now.valid >= need)
			return 0;
		rc = pause_a_little(waiter);
		if (rc)
			return rc;
	}
}

static int wait_block(struct kvt_space *space, const struct kvt_block *block,
		      uint32_t need, struct waiter *waiter)
{
	const uint64_t *word;
	int rc;

	if (block->result < 0)
		return -EINVAL;
	if (!(block->result & KVT_RES_ARRIVING))
		return 0;
	word = kvt_status_word(space, block->offset, &rc);
	return word ? wait_valid(word, need, waiter) : rc;
}

int kvt_wait_layer(struct kvt_space *space, const struct kvt_block *blocks,
		   size_t nr, uint32_t layer, uint64_t deadline, size_t *which)
{
	struct waiter waiter = {
		.deadline = deadline, .looks = LOOKS, .nap = NAP_FIRST,
	};
	uint32_t need;
	size_t i;
	int rc = 0;

	if (which)
		*which = 0;
	if (!space || (nr && !blocks) || layer_end(space, layer, &need))
		return -EINVAL;
	for (i = 0; i < nr && !rc; i++) {
		if (which)
			*which = i;
		rc = wait_block(space, &blocks[i], need, &waiter);
	}
	if (!rc && which)
		*which = nr;
	return rc;
}
