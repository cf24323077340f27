// SPDX-License-Identifier: GPL-2.0
/* Zero copy: ACQUIRE and RELEASE against memcpy of the same bytes. */
#include <string.h>

#include "bed.h"
#include "buffer.h"
#include "report.h"

#define BLOCK MIB(2)

static const uint32_t batches[] = { 1, 16 };

static double memcpy_ns(struct buffer *from, struct buffer *to)
{
	uint64_t t = now_ns(), off;

	for (off = 0; off < from->len; off += BLOCK) {
		memcpy(to->at + off, from->at + off, BLOCK);
		keep(to->at + off);
	}
	return (double)(now_ns() - t) / (from->len / BLOCK);
}

static int lease_ns(struct bed *bed, uint32_t batch, double *ns)
{
	uint64_t t = now_ns();

	if (bed_run_all(bed, KVT_OP_ACQUIRE, bed->nr, batch) ||
	    bed_run_all(bed, KVT_OP_RELEASE, bed->nr, batch))
		return -1;
	*ns = (double)(now_ns() - t) / bed->nr;
	return 0;
}

static void tell(struct bed *bed, uint32_t batch, const struct samples *lease,
		 const struct samples *copy)
{
	struct result r = { .unit = "ns a block" };
	char of[64];

	snprintf(of, sizeof(of), "2 MiB blocks, batch %u", batch);
	r.of = of;
	r.metric = "ACQUIRE+RELEASE";
	r.s = *lease;
	report(bed->b, &r);
	r.metric = "memcpy";
	r.s = *copy;
	report(bed->b, &r);
	r.metric = "memcpy : ACQUIRE+RELEASE";
	r.unit = "";
	samples_ratio(&r.s, copy, lease);
	r.goal = AT_LEAST;
	r.target = 10;
	report(bed->b, &r);
}

static int measure(struct bed *bed, struct buffer *from, struct buffer *to,
		   uint32_t batch)
{
	struct samples lease = {}, copy = {};
	unsigned int i;
	double ns;

	for (i = 0; i <= bed->b->reps; i++) {
		if (lease_ns(bed, batch, &ns))
			return -1;
		if (i)
			samples_add(&lease, ns);
		ns = memcpy_ns(from, to);
		if (i)
			samples_add(&copy, ns);
	}
	tell(bed, batch, &lease, &copy);
	return 0;
}

int run_lease(struct bench *b)
{
	struct buffer from = {}, to = {};
	struct bed bed;
	unsigned int i;
	int err;

	if (bed_make(&bed, b, BLOCK, 16))
		return -1;
	err = buffer_make_from(&from, 16 * BLOCK) ||
	      buffer_make_to(&to, 16 * BLOCK) || bed_fill(&bed) ? -1 : 0;
	for (i = 0; i < ARRAY_SIZE(batches) && !err; i++)
		err = measure(&bed, &from, &to, batches[i]);
	buffer_free(&to);
	buffer_free(&from);
	bed_free(&bed);
	return err;
}
