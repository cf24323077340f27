// SPDX-License-Identifier: GPL-2.0
#include "latency.h"

/* Values below 2 * LATENCY_SUB have buckets of their own. */
static unsigned int bucket_of(uint64_t ns)
{
	unsigned int shift = 0, at;

	while (ns >> shift >= 2 * LATENCY_SUB)
		shift++;
	at = shift * LATENCY_SUB + (unsigned int)(ns >> shift);
	return at < LATENCY_BUCKETS ? at : LATENCY_BUCKETS - 1;
}

static double middle_of(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < 2 * LATENCY_SUB)
		return bucket;
	shift = bucket / LATENCY_SUB - 1;
	return (bucket - shift * LATENCY_SUB + .5) * (double)(1ULL << shift);
}

void latency_add(struct latency *l, uint64_t ns)
{
	l->bucket[bucket_of(ns)]++;
	l->nr++;
}

void latency_merge(struct latency *to, const struct latency *from)
{
	unsigned int i;

	for (i = 0; i < LATENCY_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
	to->nr += from->nr;
}

/* What @part of the values, 0 .. 1, do not exceed. */
double latency_at(const struct latency *l, double part)
{
	uint64_t want = (uint64_t)(part * l->nr), sum = 0;
	unsigned int i;

	for (i = 0; i < LATENCY_BUCKETS; i++) {
		sum += l->bucket[i];
		if (sum > want || sum == l->nr)
			return middle_of(i);
	}
	return 0;
}
