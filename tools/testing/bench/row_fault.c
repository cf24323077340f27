// SPDX-License-Identifier: GPL-2.0
/* Slot faults of resident blocks: what the first touch costs, and how many. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "bed.h"
#include "report.h"

static const uint64_t sizes[] = { KIB(4), KIB(64), MIB(2), MIB(4) };

#define BLOCKS 64

struct slots {
	const volatile char *at;
	size_t len;
};

/* Not the library's map: each repetition wants page tables without entries. */
static int map_slots(struct bed *bed, struct slots *s)
{
	struct kvt_space_info info;
	void *p = MAP_FAILED;

	if (!kvt_info(bed->space, &info)) {
		s->len = info.slots_len;
		p = mmap(NULL, s->len, PROT_READ, MAP_SHARED,
			 kvt_fd(bed->space), (off_t)info.slots_offset);
	}
	if (p == MAP_FAILED) {
		fprintf(stderr, "kvtier-bench: cannot map the slots of " BED_NAME ": %s\n",
			strerror(errno));
		return -1;
	}
	s->at = p;
	return 0;
}

static void unmap_slots(struct slots *s)
{
	munmap((void *)s->at, s->len);
}

/* Read a byte of every @step bytes of each block. */
static void touch(struct bed *bed, struct slots *s, uint64_t step)
{
	uint64_t off;
	uint32_t i;

	for (i = 0; i < bed->nr; i++)
		for (off = 0; off < bed->block_size; off += step)
			(void)s->at[bed->entries[i].slot * bed->block_size +
				    off];
}

static int first_touch(struct bed *bed, struct samples *cost)
{
	struct slots slots;
	unsigned int i;
	uint64_t t;

	for (i = 0; i <= bed->b->reps; i++) {
		if (map_slots(bed, &slots))
			return -1;
		t = now_ns();
		touch(bed, &slots, bed->block_size);
		if (i)
			samples_add(cost, (double)(now_ns() - t) / bed->nr);
		unmap_slots(&slots);
	}
	return 0;
}

/* Faults that reading every page of a block takes. */
static int count_faults(struct bed *bed, struct samples *faults)
{
	struct slots slots;
	uint64_t before;

	if (map_slots(bed, &slots))
		return -1;
	before = bed_counter("stats/slot_faults");
	touch(bed, &slots, 4096);
	*faults = samples_one((double)(bed_counter("stats/slot_faults") -
				       before) / bed->nr);
	unmap_slots(&slots);
	return 0;
}

static int measure(struct bed *bed)
{
	struct result cost = {
		.metric = "first touch of a block",
		.unit = report_unit(bed->b),
	};
	struct result faults = {
		.metric = "faults to read a whole block",
		.unit = "faults",
		.goal = AT_MOST,
		.target = bed->block_size > MIB(2) ?
			(double)bed->block_size / MIB(2) : 1,
	};

	if (bed_fill(bed) || first_touch(bed, &cost.s) ||
	    count_faults(bed, &faults.s))
		return -1;
	cost.of = bed_size(bed->block_size);
	report(bed->b, &cost);
	faults.of = cost.of;
	report(bed->b, &faults);
	return 0;
}

int run_fault(struct bench *b)
{
	struct bed bed;
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(sizes) && !err; i++) {
		if (bed_make(&bed, b, sizes[i], BLOCKS))
			return -1;
		err = measure(&bed);
		bed_free(&bed);
	}
	return err;
}
