// SPDX-License-Identifier: GPL-2.0
/*
 * Log-linear histogram: values below 16 have a bucket each, above that every
 * power of two is divided into 16 buckets.
 */
#include "hist.h"

static unsigned int bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < HIST_SUB)
		return value;
	shift = 63 - __builtin_clzll(value) - HIST_SUB_BITS;
	return (shift + 1) * HIST_SUB + (value >> shift) - HIST_SUB;
}

uint64_t hist_upper(unsigned int i)
{
	unsigned int shift;

	if (i < HIST_SUB)
		return i;
	shift = i / HIST_SUB - 1;
	return (((uint64_t)HIST_SUB + i % HIST_SUB) << shift) +
		((1ULL << shift) - 1);
}

static uint64_t add_sticky(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static void note_bounds(struct hist *h, uint64_t min, uint64_t max)
{
	if (!h->count || min < h->min)
		h->min = min;
	if (max > h->max)
		h->max = max;
}

void hist_add(struct hist *h, uint64_t value)
{
	note_bounds(h, value, value);
	h->count++;
	h->sum = add_sticky(h->sum, value);
	h->bucket[bucket_of(value)]++;
}

void hist_merge(struct hist *to, const struct hist *from)
{
	unsigned int i;

	if (!from->count)
		return;
	note_bounds(to, from->min, from->max);
	to->count += from->count;
	to->sum = add_sticky(to->sum, from->sum);
	for (i = 0; i < HIST_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

uint64_t hist_percentile(const struct hist *h, double p)
{
	double wanted = p / 100 * (double)h->count;
	uint64_t seen = 0;
	unsigned int i;

	if (!h->count)
		return 0;
	for (i = 0; i < HIST_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen && (double)seen >= wanted)
			break;
	}
	if (i == HIST_BUCKETS || hist_upper(i) > h->max)
		return h->max;
	return hist_upper(i) < h->min ? h->min : hist_upper(i);
}
