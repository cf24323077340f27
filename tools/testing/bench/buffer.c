// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "buffer.h"
#include "key.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define HUGE_SIZE (2UL << 20)

/* Maps @len bytes at a huge page's boundary; the slack is given back. */
static char *map_aligned(uint64_t len)
{
	char *p = mmap(NULL, len + HUGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t head;

	if (p == MAP_FAILED)
		return NULL;
	head = -(uintptr_t)p % HUGE_SIZE;
	if (head)
		munmap(p, head);
	if (head < HUGE_SIZE)
		munmap(p + head + len, HUGE_SIZE - head);
	return p + head;
}

/* Returns 0, or -1 and has said why. */
static int make(struct buffer *buf, uint64_t len, uint64_t shift)
{
	uint64_t i, *word;

	buf->len = len;
	buf->map_len = len + (shift ? HUGE_SIZE : 0);
	buf->map = map_aligned(buf->map_len);
	if (!buf->map) {
		fprintf(stderr, "kvtier-bench: cannot map a buffer of %llu bytes: %s\n",
			(unsigned long long)len, strerror(errno));
		return -1;
	}
	buf->at = buf->map + shift;
	madvise(buf->map, buf->map_len, MADV_HUGEPAGE);
	word = (uint64_t *)buf->at;
	for (i = 0; i < len / sizeof(*word); i++)
		word[i] = bench_mix(i);
	buf->huge = !madvise(buf->map, buf->map_len, MADV_COLLAPSE);
	return 0;
}

/* To copy from: bytes without a pattern, like a frame at 2 MiB. */
int buffer_make_from(struct buffer *buf, uint64_t len)
{
	return make(buf, len, 0);
}

int buffer_make_to(struct buffer *buf, uint64_t len)
{
	return make(buf, len, BUFFER_SHIFT);
}

void buffer_free(struct buffer *buf)
{
	if (buf->map)
		munmap(buf->map, buf->map_len);
	buf->map = NULL;
}
