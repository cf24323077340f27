/* SPDX-License-Identifier: GPL-2.0 */
/* A bed: a tier and a space of a row's own, with a chain of blocks. */
#ifndef _BENCH_BED_H
#define _BENCH_BED_H

#include <libkvtier.h>

#include "bench.h"

#define BED_NAME "kvtbench"	/* of the tier and of the space */
#define BED_NVME "kvtbench-nvme"	/* of the nvme tier */

/**
 * struct bed - what a row measures on
 * @b: the run
 * @space: open for writing
 * @block_size: bytes
 * @nr: blocks
 * @frames: of memory: @nr, where there is no nvme tier
 * @device: of the nvme tier
 * @layers: of a block, of one size; 0: none are declared
 * @entries: one a block, with its key; in and out of every command
 * @tier: the tier was made
 * @made: the space was made
 * @nvme: the nvme tier was made
 */
struct bed {
	struct bench *b;
	struct kvt_space *space;
	uint64_t block_size;
	uint32_t nr;
	uint32_t frames;
	const char *device;
	uint32_t layers;
	struct kvt_entry *entries;
	bool tier;
	bool made;
	bool nvme;
};

int bed_clear(struct bench *b);
int bed_make(struct bed *bed, struct bench *b, uint64_t block_size,
	     uint32_t nr);
int bed_make_tier(struct bed *bed, struct bench *b, uint64_t block_size,
		  uint32_t nr);
int bed_make_space(struct bed *bed);
int bed_make_nvme(struct bed *bed, struct bench *b, uint64_t block_size,
		  uint32_t nr, uint32_t frames);
int bed_make_layers(struct bed *bed, struct bench *b, uint64_t block_size,
		    uint32_t layers, uint32_t nr, uint32_t frames);
int bed_attach(struct bed *bed);
int bed_detach(struct bed *bed);
void bed_free(struct bed *bed);

int bed_run(struct bed *bed, enum kvt_op op, uint32_t first, uint32_t nr);
int bed_run_all(struct bed *bed, enum kvt_op op, uint32_t nr, uint32_t batch);
int bed_fill(struct bed *bed);
int bed_store(struct bed *bed);
int bed_cycle(struct bed *bed);
const char *bed_size(uint64_t bytes);
uint64_t bed_counter(const char *name);
uint64_t bed_nvme_counter(const char *name);
int bed_set(const char *name, const char *value);
void bed_shuffle(struct bed *bed);
int bed_verify(uint32_t permille);

#endif /* _BENCH_BED_H */
