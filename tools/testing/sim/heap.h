/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SIM_HEAP_H
#define SIM_HEAP_H

#include <stdint.h>

#define HEAP_ABSENT	UINT32_MAX

/**
 * struct heap - block numbers, lowest rank on top, each at most once
 * @nr: how many there are now
 * @max: block numbers are below this
 * @block: the heap
 * @rank: rank of each block number that is in the heap
 * @place: where each block number is in @block, or HEAP_ABSENT
 */
struct heap {
	uint32_t nr;
	uint32_t max;
	uint32_t *block;
	uint64_t *rank;
	uint32_t *place;
};

/** heap_init - an empty heap for block numbers below @max. Return: 0 or -1. */
int heap_init(struct heap *h, uint32_t max);
void heap_free(struct heap *h);

/** heap_insert - @block must not be in the heap */
void heap_insert(struct heap *h, uint32_t block, uint64_t rank);

/** heap_remove - nothing happens if @block is not in the heap */
void heap_remove(struct heap *h, uint32_t block);

/** heap_lowest_rank - of the block on top; there must be one */
static inline uint64_t heap_lowest_rank(const struct heap *h)
{
	return h->rank[h->block[0]];
}

#endif /* SIM_HEAP_H */
