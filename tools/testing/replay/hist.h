/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_HIST_H
#define REPLAY_HIST_H

#include <stdint.h>

#define HIST_SUB_BITS	4	/* 16 buckets a power of two: within 6.25 % */
#define HIST_SUB	(1u << HIST_SUB_BITS)
#define HIST_BUCKETS	((64 - HIST_SUB_BITS + 1) * HIST_SUB)

/**
 * struct hist - how long something took, in ns
 * @count: values added
 * @sum: of them; sticks at its greatest value
 * @min: smallest of them
 * @max: greatest of them
 * @bucket: how many fell into each; see hist_upper()
 *
 * All zero is an empty one. Holds any 64-bit value, in constant space. Not
 * locked: each thread has its own, they are merged at the end.
 */
struct hist {
	uint64_t count;
	uint64_t sum;
	uint64_t min;
	uint64_t max;
	uint64_t bucket[HIST_BUCKETS];
};

void hist_add(struct hist *h, uint64_t value);
void hist_merge(struct hist *to, const struct hist *from);

/** hist_upper - greatest value that falls into bucket @i */
uint64_t hist_upper(unsigned int i);

/**
 * hist_percentile - the value that a fraction @p of all values do not exceed
 * @h: the histogram
 * @p: 0..100
 *
 * Return: a value at most 6.25 % above the true one, never above @max; 0 if
 * the histogram is empty.
 */
uint64_t hist_percentile(const struct hist *h, double p);

#endif /* REPLAY_HIST_H */
