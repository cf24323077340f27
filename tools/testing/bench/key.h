/* SPDX-License-Identifier: GPL-2.0 */
/* Keys of the benchmark's blocks: the same in the program and in rht_walk.ko. */
#ifndef _BENCH_KEY_H
#define _BENCH_KEY_H

#include <linux/types.h>

#define BENCH_KEY_WORDS 4

/* splitmix64: well mixed, and never zero in all words of a key. */
static inline __u64 bench_mix(__u64 x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* The key of block @n, into 32 aligned bytes. */
static inline void bench_key(__u64 n, __u64 *key)
{
	int i;

	for (i = 0; i < BENCH_KEY_WORDS; i++)
		key[i] = bench_mix(n * BENCH_KEY_WORDS + i);
}

#endif /* _BENCH_KEY_H */
