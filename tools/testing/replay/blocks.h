/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_BLOCKS_H
#define REPLAY_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "trace.h"

#define BLOCK_NONE	UINT32_MAX	/* parent of a first block */

/**
 * struct blocks - the distinct blocks of a trace
 * @nr: how many: the trace's footprint
 * @of_ref: block number, 0..nr-1, of each entry of &trace.ids
 * @parent: for each block, the one before it or BLOCK_NONE
 *
 * A block is told by its number in the trace and all the blocks before it, as
 * its key is: see key_child().
 */
struct blocks {
	uint32_t nr;
	uint32_t *of_ref;
	uint32_t *parent;
};

/**
 * blocks_number - number the distinct blocks of a trace
 * @blocks: receives them, in order of appearance
 * @trace: the trace
 *
 * Return: 0, or -1 when out of memory.
 */
int blocks_number(struct blocks *blocks, const struct trace *trace);

void blocks_free(struct blocks *blocks);

#endif /* REPLAY_BLOCKS_H */
