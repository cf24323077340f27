// SPDX-License-Identifier: GPL-2.0
/* The histogram: buckets have no gaps, percentiles are as near as promised. */
#include <string.h>

#include "../lib/tap.h"
#include "hist.h"

static struct hist h, h2;

static void test_buckets(void)
{
	unsigned int i, bad = 0;

	for (i = 1; i < HIST_BUCKETS; i++)
		bad += hist_upper(i) <= hist_upper(i - 1);
	is(bad, 0, "upper ends of the buckets grow");
	ok(hist_upper(HIST_BUCKETS - 1) == UINT64_MAX,
	   "the last one holds the greatest value");
}

static unsigned int only_bucket(uint64_t value)
{
	unsigned int i;

	memset(&h, 0, sizeof(h));
	hist_add(&h, value);
	for (i = 0; i < HIST_BUCKETS && !h.bucket[i]; i++)
		;
	return i;
}

static void test_edges(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < HIST_BUCKETS; i++) {
		bad += only_bucket(hist_upper(i)) != i;
		if (hist_upper(i) != UINT64_MAX)
			bad += only_bucket(hist_upper(i) + 1) != i + 1;
	}
	is(bad, 0, "each value falls into the bucket that holds it");
}

static void test_percentiles(void)
{
	uint64_t i;

	memset(&h, 0, sizeof(h));
	is(hist_percentile(&h, 50), 0, "an empty one gives 0");
	for (i = 1; i <= 10000; i++)
		hist_add(&h, i * 1000);
	ok(hist_percentile(&h, 50) >= 5000000 &&
	   hist_percentile(&h, 50) < 5312500, "p50 within 6.25 %%");
	ok(hist_percentile(&h, 99) >= 9900000 &&
	   hist_percentile(&h, 99) <= 10000000, "p99 is not above the maximum");
	is(hist_percentile(&h, 100), 10000000, "p100 is the maximum");
	ok(hist_percentile(&h, 0) >= h.min, "p0 is not below the minimum");
	is(h.sum, 50005000000, "the sum is right");
}

static void test_merge(void)
{
	memset(&h, 0, sizeof(h));
	memset(&h2, 0, sizeof(h2));
	hist_merge(&h, &h2);
	is(h.count, 0, "nothing merged is nothing");
	hist_add(&h2, 70);
	hist_merge(&h, &h2);
	hist_add(&h2, 7);
	hist_merge(&h, &h2);
	is(h.count, 3, "merged counts add up");
	is(h.min, 7, "the smallest is kept");
	is(h.max, 70, "the greatest is kept");
	hist_add(&h, UINT64_MAX);
	ok(h.sum == UINT64_MAX, "a sum that is too large sticks");
}

int main(void)
{
	test_buckets();
	test_edges();
	test_percentiles();
	test_merge();
	return done();
}
