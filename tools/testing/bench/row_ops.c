// SPDX-License-Identifier: GPL-2.0
/*
 * What the commands cost on resident blocks, per block, for several block sizes
 * and batches. Costs must not depend on the size of the blocks.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "bed.h"
#include "report.h"

#define MANY 256	/* blocks that a repetition goes over, if a batch is less */

static const uint64_t sizes[] = { KIB(4), KIB(64), MIB(2), MIB(4) };
static const uint32_t batches[] = { 1, 64, 1024, 4096 };

/* Where costs at all block sizes are compared. */
#define COMMON_BATCH 64

#define GET_LEN 4096

/* What is measured, in this order: each needs what the one before it left. */
static const struct step {
	const char *name;
	enum kvt_op op;
} steps[] = {
	{ "RESERVE", KVT_OP_RESERVE },
	{ "COMMIT", KVT_OP_COMMIT },
	{ "LOOKUP", KVT_OP_LOOKUP },
	{ "GET of 4 KiB", KVT_OP_GET },
	{ "ACQUIRE", KVT_OP_ACQUIRE },
	{ "RELEASE", KVT_OP_RELEASE },
	{ "DROP", KVT_OP_DROP },
};

enum { RESERVE, COMMIT, LOOKUP, GET, ACQUIRE, RELEASE, DROP, NR_STEPS };

struct costs {
	struct samples step[NR_STEPS];
};

/* Of ACQUIRE+RELEASE, the sum of each repetition. */
static struct samples lease_cost(const struct costs *c)
{
	struct samples s = {};
	unsigned int i;

	for (i = 0; i < c->step[ACQUIRE].nr; i++)
		samples_add(&s, c->step[ACQUIRE].v[i] + c->step[RELEASE].v[i]);
	return s;
}

/* Where GET puts the bytes; what it takes of an entry is zero for the others. */
static void aim(struct bed *bed, uint32_t nr, enum kvt_op op)
{
	static char page[GET_LEN];
	bool get = op == KVT_OP_GET;
	uint32_t i;

	for (i = 0; i < nr; i++) {
		bed->entries[i].addr = get ? (uintptr_t)page : 0;
		bed->entries[i].len = get ? GET_LEN : 0;
	}
}

static int measure_once(struct bed *bed, uint32_t batch, struct costs *c)
{
	uint32_t nr = batch < MANY ? MANY : batch;
	unsigned int i;
	uint64_t t;

	if (nr > bed->nr)
		nr = bed->nr / batch * batch;
	for (i = 0; i < NR_STEPS; i++) {
		aim(bed, nr, steps[i].op);
		t = now_ns();
		if (bed_run_all(bed, steps[i].op, nr, batch))
			return -1;
		samples_add(&c->step[i], (double)(now_ns() - t) / nr);
	}
	return 0;
}

static int measure(struct bed *bed, uint32_t batch, struct costs *c)
{
	struct costs warm = {};
	unsigned int i;

	memset(c, 0, sizeof(*c));
	if (measure_once(bed, batch, &warm))
		return -1;
	for (i = 0; i < bed->b->reps; i++)
		if (measure_once(bed, batch, c))
			return -1;
	return 0;
}

static void tell(struct bed *bed, uint32_t batch, const struct costs *c)
{
	struct result r = { .unit = report_unit(bed->b) };
	unsigned int i;
	char of[64];

	snprintf(of, sizeof(of), "%s, batch %u", bed_size(bed->block_size),
		 batch);
	r.of = of;
	for (i = 0; i < NR_STEPS; i++) {
		r.metric = steps[i].name;
		r.s = c->step[i];
		report(bed->b, &r);
	}
	r.metric = "ACQUIRE+RELEASE";
	r.s = lease_cost(c);
	report(bed->b, &r);
}

/* A system call that ends in the space's own ioctl code at once. */
static void empty_ioctl(struct bed *bed)
{
	struct result r = {
		.of = "the floor of a batch",
		.metric = "empty ioctl",
		.unit = report_unit(bed->b),
	};
	int fd = kvt_fd(bed->space);
	unsigned int i, n;
	uint64_t t;

	for (i = 0; i <= bed->b->reps; i++) {
		t = now_ns();
		for (n = 0; n < MANY; n++)
			ioctl(fd, _IO(KVT_IOC_MAGIC, 0x7f));
		if (i)
			samples_add(&r.s, (double)(now_ns() - t) / MANY);
	}
	report(bed->b, &r);
}

static uint32_t nr_blocks(const struct bench *b, uint64_t block_size)
{
	uint64_t nr = b->memory / block_size, most = b->quick ? 1024 : 4096;

	return nr < most ? nr : most;
}

/* All batches at one block size; @common: costs at COMMON_BATCH. */
static int measure_size(struct bench *b, uint64_t block_size,
			struct costs *common)
{
	struct costs costs;
	struct bed bed;
	unsigned int i;
	int err = 0;

	if (bed_make(&bed, b, block_size, nr_blocks(b, block_size)))
		return -1;
	if (block_size == sizes[0])
		empty_ioctl(&bed);
	for (i = 0; i < ARRAY_SIZE(batches) && !err; i++) {
		if (batches[i] > bed.nr)
			break;
		err = measure(&bed, batches[i], &costs);
		if (err)
			break;
		tell(&bed, batches[i], &costs);
		if (batches[i] == COMMON_BATCH)
			*common = costs;
	}
	bed_free(&bed);
	return err;
}

static double ratio(const struct samples *a, const struct samples *b)
{
	return samples_median(a) / samples_median(b);
}

/* What must not, and what had better not, depend on the size of the blocks. */
static void compare(struct bench *b, const struct costs *small,
		    const struct costs *large)
{
	struct result r = { .of = "4 MiB : 64 KiB, batch 64", .unit = "" };
	struct samples s = lease_cost(small), l = lease_cost(large);
	unsigned int i;

	for (i = 0; i < NR_STEPS; i++) {
		r.metric = steps[i].name;
		r.s = samples_one(ratio(&large->step[i], &small->step[i]));
		report(b, &r);
	}
	r.metric = "ACQUIRE+RELEASE";
	r.s = samples_one(ratio(&l, &s));
	r.goal = AT_MOST;
	r.target = 1.05;
	report(b, &r);
}

int run_ops(struct bench *b)
{
	struct costs common[ARRAY_SIZE(sizes)] = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (measure_size(b, sizes[i], &common[i]))
			return -1;
	compare(b, &common[1], &common[3]);
	return 0;
}
