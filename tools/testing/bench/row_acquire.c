// SPDX-License-Identifier: GPL-2.0
/*
 * ACQUIRE of resident blocks, one, a few and many a call, against what no lease
 * can do without: finding the key in a hash table (rht_walk.ko, the same keys
 * among as many others) and counting the block up.
 */
#include "bed.h"
#include "kernel.h"
#include "report.h"

#define WALK "/sys/module/rht_walk/parameters/"
#define LEASED 4096
#define ROUNDS 4

static const uint32_t batches[] = { 1, 64, LEASED };

enum { BARE = ARRAY_SIZE(batches), COUNTED, NR_SIDES };

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int acquire_all(struct bed *bed, uint32_t batch, uint64_t *best)
{
	uint64_t t = now_ns();

	if (bed_run_all(bed, KVT_OP_ACQUIRE, LEASED, batch))
		return -1;
	*best = least(*best, now_ns() - t);
	return bed_run_all(bed, KVT_OP_RELEASE, LEASED, LEASED);
}

/* The best of a few, in turn: what the host does meanwhile does not count. */
static int measure_once(struct bed *bed, struct samples *cost)
{
	uint64_t best[NR_SIDES];
	unsigned int i, n;

	for (i = 0; i < NR_SIDES; i++)
		best[i] = UINT64_MAX;
	for (n = 0; n < ROUNDS; n++) {
		for (i = 0; i < ARRAY_SIZE(batches); i++)
			if (acquire_all(bed, batches[i], &best[i]))
				return -1;
		best[BARE] = least(best[BARE], kernel_number(WALK "walk"));
		best[COUNTED] = least(best[COUNTED],
				      kernel_number(WALK "walk_lease"));
	}
	for (i = 0; i < NR_SIDES; i++)
		if (best[i] != KERNEL_NONE)
			samples_add(&cost[i], (double)best[i] / LEASED);
	return 0;
}

static void tell_limit(struct bench *b, const struct samples *cost)
{
	struct result r = {
		.of = "4096 blocks",
		.metric = "rhashtable alone, per block",
		.unit = report_unit(b),
		.s = cost[BARE],
	};

	if (!cost[COUNTED].nr) {
		report_skip(b, r.of, "no bare rhashtable: load rht_walk.ko");
		return;
	}
	report(b, &r);
	r.metric = "rhashtable and lease count, per block";
	r.s = cost[COUNTED];
	report(b, &r);
	r.metric = "ACQUIRE : rhashtable and lease count";
	r.unit = "";
	samples_ratio(&r.s, &cost[ARRAY_SIZE(batches) - 1], &cost[COUNTED]);
	r.goal = AT_MOST;
	r.target = 1.5;
	report(b, &r);
}

static void tell(struct bench *b, const struct samples *cost)
{
	struct result r = { .unit = report_unit(b) };
	unsigned int i;
	char of[64];

	r.of = of;
	r.metric = "ACQUIRE, per block";
	for (i = 0; i < ARRAY_SIZE(batches); i++) {
		snprintf(of, sizeof(of), "%u block%s", batches[i],
			 batches[i] > 1 ? "s" : "");
		r.s = cost[i];
		report(b, &r);
	}
	tell_limit(b, cost);
}

static int measure(struct bed *bed)
{
	struct samples warm[NR_SIDES] = {}, cost[NR_SIDES] = {};
	unsigned int i;

	if (kernel_number(WALK "nr") != KERNEL_NONE &&
	    kernel_set(WALK "first", "4096"))
		return -1;
	if (measure_once(bed, warm))
		return -1;
	for (i = 0; i < bed->b->reps; i++)
		if (measure_once(bed, cost))
			return -1;
	tell(bed->b, cost);
	return 0;
}

int run_acquire(struct bench *b)
{
	struct bed bed;
	int err;

	if (bed_make(&bed, b, KIB(4), KVT_MAX_BATCH))
		return -1;
	err = bed_fill(&bed) ?: measure(&bed);
	bed_free(&bed);
	return err;
}
