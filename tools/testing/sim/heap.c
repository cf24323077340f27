// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "heap.h"

int heap_init(struct heap *h, uint32_t max)
{
	size_t n = max ? max : 1;

	h->nr = 0;
	h->max = max;
	h->block = calloc(n, sizeof(*h->block));
	h->rank = calloc(n, sizeof(*h->rank));
	h->place = malloc(n * sizeof(*h->place));
	if (!h->block || !h->rank || !h->place) {
		heap_free(h);
		return -1;
	}
	memset(h->place, 0xff, n * sizeof(*h->place));
	return 0;
}

void heap_free(struct heap *h)
{
	free(h->block);
	free(h->rank);
	free(h->place);
	memset(h, 0, sizeof(*h));
}

static void set(struct heap *h, uint32_t at, uint32_t block)
{
	h->block[at] = block;
	h->place[block] = at;
}

static uint64_t rank_at(const struct heap *h, uint32_t at)
{
	return h->rank[h->block[at]];
}

static void move_up(struct heap *h, uint32_t at)
{
	uint32_t block = h->block[at];

	while (at && rank_at(h, (at - 1) / 2) > h->rank[block]) {
		set(h, at, h->block[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	set(h, at, block);
}

static void move_down(struct heap *h, uint32_t at)
{
	uint32_t block = h->block[at];

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < h->nr && rank_at(h, child + 1) < rank_at(h, child))
			child++;
		if (child >= h->nr || rank_at(h, child) >= h->rank[block])
			break;
		set(h, at, h->block[child]);
		at = child;
	}
	set(h, at, block);
}

void heap_insert(struct heap *h, uint32_t block, uint64_t rank)
{
	h->rank[block] = rank;
	set(h, h->nr++, block);
	move_up(h, h->nr - 1);
}

void heap_remove(struct heap *h, uint32_t block)
{
	uint32_t at = h->place[block], last;

	if (at == HEAP_ABSENT)
		return;
	h->place[block] = HEAP_ABSENT;
	last = h->block[--h->nr];
	if (last == block)
		return;
	set(h, at, last);
	move_up(h, at);
	move_down(h, h->place[last]);
}
