/* SPDX-License-Identifier: GPL-2.0 */
/* How long many calls took. */
#ifndef _BENCH_LATENCY_H
#define _BENCH_LATENCY_H

#include <stdint.h>

#define LATENCY_SUB	64	/* buckets of a power of two: within 1.6 % */
#define LATENCY_BUCKETS	(40 * LATENCY_SUB)

/**
 * struct latency - a histogram of nanoseconds
 * @nr: values
 * @bucket: how many fell into each
 */
struct latency {
	uint64_t nr;
	uint64_t bucket[LATENCY_BUCKETS];
};

void latency_add(struct latency *l, uint64_t ns);
void latency_merge(struct latency *to, const struct latency *from);
double latency_at(const struct latency *l, double part);

#endif /* _BENCH_LATENCY_H */
