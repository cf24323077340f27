/* SPDX-License-Identifier: GPL-2.0 */
/* User memory in huge pages, and ways to copy it. */
#ifndef _BENCH_BUFFER_H
#define _BENCH_BUFFER_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct buffer - memory of the program, every page of it present
 * @at: at 2 MiB, or BUFFER_SHIFT past it
 * @len: bytes
 * @map: of the mapping
 * @map_len: of the mapping
 * @huge: it lies in huge pages
 */
struct buffer {
	char *at;
	uint64_t len;
	char *map;
	uint64_t map_len;
	bool huge;
};

/*
 * With a multiple of 2 MiB between source and destination, copies by user space
 * ran 10 times slower in QEMU: the two seem to share entries of its
 * direct-mapped TLB. So all destinations are shifted.
 */
#define BUFFER_SHIFT (64 << 10)

int buffer_make_from(struct buffer *buf, uint64_t len);
int buffer_make_to(struct buffer *buf, uint64_t len);
void buffer_free(struct buffer *buf);

#endif /* _BENCH_BUFFER_H */
