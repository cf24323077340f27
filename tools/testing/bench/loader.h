/* SPDX-License-Identifier: GPL-2.0 */
/* Loading a bed's blocks by io_uring commands, or as many bytes by plain reads. */
#ifndef _BENCH_LOADER_H
#define _BENCH_LOADER_H

#include "bed.h"
#include "ring.h"

/**
 * struct loader - one thread that loads blocks, a command each
 * @ring: depth is the caller's, what is done is loader_*()'s
 * @bed: the space
 * @batches: by place
 * @entries: by place
 * @leased: to be given back together
 * @nr_leased: of @leased
 * @fd: plain reads: the device
 * @first: plain reads: its byte where blocks begin
 * @to: GET, plain reads: room for a block at each place
 * @sum: of what was read last
 * @done: bytes that were read and summed up
 */
struct loader {
	struct ring ring;
	struct bed *bed;
	struct kvt_batch batches[RING_MAX];
	struct kvt_entry entries[RING_MAX];
	struct kvt_entry leased[RING_MAX];
	uint32_t nr_leased;
	int fd;
	uint64_t first;
	char *to;
	uint32_t sum;
	uint64_t done;
};

void loader_acquires(struct loader *l, struct bed *bed);
void loader_reads(struct loader *l, struct bed *bed, char *to);
void loader_gets(struct loader *l, struct bed *bed, char *to);

#endif /* _BENCH_LOADER_H */
