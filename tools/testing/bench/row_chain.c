// SPDX-License-Identifier: GPL-2.0
/*
 * LOOKUP of the longest chain that one call takes. rht_walk.ko, if it is loaded,
 * looks up the same keys in a bare rhashtable, between the repetitions.
 */
#include "bed.h"
#include "kernel.h"
#include "report.h"

#define WALK "/sys/module/rht_walk/parameters/"
#define ROUNDS 4

struct chain {
	struct samples lookup;
	struct samples hash;
};

static bool can_walk(const struct bed *bed)
{
	if (kernel_number(WALK "nr") != bed->nr)
		return false;
	return !kernel_set(WALK "first", "16384");
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The best of a few, in turn: what the host does meanwhile does not count. */
static int measure_once(struct bed *bed, bool walk, struct chain *c)
{
	uint64_t lookup = UINT64_MAX, hash = UINT64_MAX, t;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		t = now_ns();
		if (bed_run(bed, KVT_OP_LOOKUP, 0, bed->nr))
			return -1;
		lookup = least(lookup, now_ns() - t);
		if (walk)
			hash = least(hash, kernel_number(WALK "walk"));
	}
	samples_add(&c->lookup, (double)lookup);
	if (walk)
		samples_add(&c->hash, (double)hash);
	return 0;
}

static int measure(struct bed *bed, struct chain *c)
{
	struct chain warm = {};
	bool walk = can_walk(bed);
	unsigned int i;

	if (measure_once(bed, walk, &warm))
		return -1;
	for (i = 0; i < bed->b->reps; i++)
		if (measure_once(bed, walk, c))
			return -1;
	return 0;
}

/* Of a call that took @s: the time per block. */
static struct samples per_block(const struct bed *bed, const struct samples *s)
{
	struct samples nr = { .nr = s->nr }, out;
	unsigned int i;

	for (i = 0; i < s->nr; i++)
		nr.v[i] = bed->nr;
	samples_ratio(&out, s, &nr);
	return out;
}

static void tell(struct bed *bed, const struct chain *c)
{
	struct result r = { .unit = report_unit(bed->b) };
	char of[64];

	snprintf(of, sizeof(of), "%u blocks, one call", bed->nr);
	r.of = of;
	r.metric = "LOOKUP, the call";
	r.s = c->lookup;
	report(bed->b, &r);
	r.metric = "LOOKUP, per block";
	r.s = per_block(bed, &c->lookup);
	report(bed->b, &r);
	if (!c->hash.nr) {
		report_skip(bed->b, of, "no bare rhashtable: load rht_walk.ko");
		return;
	}
	r.metric = "rhashtable alone, per block";
	r.s = per_block(bed, &c->hash);
	report(bed->b, &r);
	r.metric = "LOOKUP : rhashtable";
	r.unit = "";
	samples_ratio(&r.s, &c->lookup, &c->hash);
	report(bed->b, &r);
}

int run_chain(struct bench *b)
{
	struct chain c = {};
	struct bed bed;
	int err;

	if (bed_make(&bed, b, KIB(4), KVT_MAX_BATCH))
		return -1;
	err = bed_fill(&bed);
	if (!err)
		err = measure(&bed, &c);
	if (!err)
		tell(&bed, &c);
	bed_free(&bed);
	return err;
}
