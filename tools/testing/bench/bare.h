/* SPDX-License-Identifier: GPL-2.0 */
/* Bare reads of a device: O_DIRECT, asynchronous, so many at a time. */
#ifndef _BENCH_BARE_H
#define _BENCH_BARE_H

#include <stdint.h>

/**
 * struct bare - reads to be done, in order
 * @fd: the device, O_DIRECT
 * @depth: at most so many under way
 * @nr: reads
 * @bytes: of each
 * @at: byte of the device where read @i begins
 * @arg: for @at
 */
struct bare {
	int fd;
	uint32_t depth;
	uint32_t nr;
	uint32_t bytes;
	uint64_t (*at)(const void *arg, uint32_t i);
	const void *arg;
};

int bare_read(const struct bare *bare, uint64_t *ns);

#endif /* _BENCH_BARE_H */
