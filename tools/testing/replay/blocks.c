// SPDX-License-Identifier: GPL-2.0
/* Numbers distinct blocks with an open hash of (parent, id) -> number. */
#include <stdlib.h>
#include <string.h>

#include "blocks.h"

/**
 * struct numbering - work in progress
 * @b: the result
 * @id: number in the trace, for each block
 * @table: block numbers plus one, by hash; 0 is empty
 * @mask: entries of @table less one
 */
struct numbering {
	struct blocks *b;
	uint64_t *id;
	uint32_t *table;
	size_t mask;
};

static size_t hash(uint32_t parent, uint64_t id)
{
	uint64_t x = (id ^ ((uint64_t)parent << 32 | parent)) *
		     0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ULL;
	return x ^ (x >> 32);
}

static uint32_t number(struct numbering *n, uint32_t parent, uint64_t id)
{
	struct blocks *b = n->b;
	size_t i = hash(parent, id) & n->mask;

	for (; n->table[i]; i = (i + 1) & n->mask) {
		uint32_t block = n->table[i] - 1;

		if (n->id[block] == id && b->parent[block] == parent)
			return block;
	}
	n->table[i] = b->nr + 1;
	n->id[b->nr] = id;
	b->parent[b->nr] = parent;
	return b->nr++;
}

static void number_all(struct numbering *n, const struct trace *trace)
{
	size_t r, i;

	for (r = 0; r < trace->nr_requests; r++) {
		const struct trace_request *q = &trace->requests[r];
		uint32_t parent = BLOCK_NONE;

		for (i = q->first; i < q->first + q->nr; i++) {
			parent = number(n, parent, trace->ids[i]);
			n->b->of_ref[i] = parent;
		}
	}
}

int blocks_number(struct blocks *blocks, const struct trace *trace)
{
	struct numbering n = { .b = blocks, .mask = 1 };
	size_t nr = trace->nr_ids ? trace->nr_ids : 1;

	memset(blocks, 0, sizeof(*blocks));
	while (n.mask + 1 < 2 * nr)
		n.mask = 2 * n.mask + 1;
	n.id = calloc(nr, sizeof(*n.id));
	n.table = calloc(n.mask + 1, sizeof(*n.table));
	blocks->of_ref = calloc(nr, sizeof(*blocks->of_ref));
	blocks->parent = calloc(nr, sizeof(*blocks->parent));
	if (n.id && n.table && blocks->of_ref && blocks->parent)
		number_all(&n, trace);
	else
		blocks_free(blocks);
	free(n.id);
	free(n.table);
	return blocks->of_ref ? 0 : -1;
}

void blocks_free(struct blocks *blocks)
{
	free(blocks->of_ref);
	free(blocks->parent);
	memset(blocks, 0, sizeof(*blocks));
}
