// SPDX-License-Identifier: GPL-2.0
/*
 * ACQUIRE of blocks that are on nvme against fio's random reads of the same size
 * and depth, from the same bytes of the same device. Memory is full all the time:
 * each block that comes up makes another one leave.
 */
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "cpu.h"
#include "device.h"
#include "fio.h"
#include "key.h"
#include "report.h"

#define TURN_NS 1000000000ULL	/* of each side */
#define MEMORY MIB(160)
#define TIMES 4			/* as much is on nvme as is in memory */

static const uint64_t sizes[] = { KIB(64), KIB(256), MIB(2) };
static const uint32_t depths[] = { 1, 8, 32 };

/**
 * struct side - what one side did, by turns
 * @rate: bytes a second
 * @cpu: processor time a block, us
 */
struct side {
	struct samples rate;
	struct samples cpu;
};

static void note(struct side *s, const struct work *w, uint64_t block)
{
	samples_add(&s->rate, w->bytes * 1e3 / w->ns);
	samples_add(&s->cpu, w->busy / 1e3 / (w->bytes / block));
}

/* A random order. */
static void shuffle(struct bed *bed)
{
	uint32_t i, j;

	for (i = bed->nr - 1; i; i--) {
		struct kvt_entry e = bed->entries[i];

		j = bench_mix(i) % (i + 1);
		bed->entries[i] = bed->entries[j];
		bed->entries[j] = e;
	}
}

/* Walk on through the blocks from *@next for @ns: hardly one is in memory. */
static int acquire_for(struct bed *bed, uint32_t depth, uint64_t ns,
		       uint32_t *next, struct work *w)
{
	struct cpu_time from, to;
	uint64_t loads = bed_counter("stats/loads");
	uint64_t end;

	cpu_time_read(&from);
	end = from.now + ns;
	do {
		if (*next + depth > bed->nr)
			*next = 0;
		if (bed_run(bed, KVT_OP_ACQUIRE, *next, depth) ||
		    bed_run(bed, KVT_OP_RELEASE, *next, depth))
			return -1;
		*next += depth;
	} while (now_ns() < end);
	cpu_time_read(&to);
	w->ns = to.now - from.now;
	w->busy = cpu_time_busy(&from, &to);
	w->bytes = (bed_counter("stats/loads") - loads) * bed->block_size;
	return w->bytes ? 0 : -1;
}

enum { FIO, CHECKED, UNCHECKED, NR_SIDES };

static void tell(struct bed *bed, uint32_t depth, struct side *sides)
{
	static const char *const names[] = {
		"fio", "ACQUIRE", "ACQUIRE, verify=0",
	};
	char of[64], metric[64];
	struct result r = { .of = of, .metric = metric };
	unsigned int i;

	snprintf(of, sizeof(of), "%s, depth %u", bed_size(bed->block_size),
		 depth);
	for (i = 0; i < NR_SIDES; i++) {
		snprintf(metric, sizeof(metric), "%s", names[i]);
		r.unit = "MB/s";
		r.s = sides[i].rate;
		report(bed->b, &r);
		snprintf(metric, sizeof(metric), "%s: CPU time", names[i]);
		r.unit = "us/block";
		r.s = sides[i].cpu;
		report(bed->b, &r);
	}
	r.unit = "";
	for (i = CHECKED; i < NR_SIDES; i++) {
		snprintf(metric, sizeof(metric), "%s : fio", names[i]);
		samples_ratio(&r.s, &sides[i].rate, &sides[FIO].rate);
		if (i == UNCHECKED) {
			r.goal = AT_LEAST;
			r.target = 0.95;
		}
		report(bed->b, &r);
	}
}

/* All sides in turns. */
static int measure_turns(struct bed *bed, struct fio *fio, uint32_t *next)
{
	struct side sides[NR_SIDES] = {};
	struct work w;
	unsigned int i, side;

	for (i = 0; i < bed->b->reps; i++) {
		if (!getenv("NOFIO")) {
		if (fio_measure(fio, TURN_NS, &w))
			return -1;
		note(&sides[FIO], &w, bed->block_size);
		}
		for (side = getenv("NOFIO") ? UNCHECKED : CHECKED; side < NR_SIDES; side++) {
			if (bed_verify(side == CHECKED ? 1000 : 0) ||
			    acquire_for(bed, fio->depth, TURN_NS, next, &w))
				return -1;
			note(&sides[side], &w, bed->block_size);
		}
	}
	tell(bed, fio->depth, sides);
	return 0;
}

static int measure(struct bed *bed, uint32_t depth, uint32_t *next)
{
	struct fio fio = {
		.device = bed->device,
		.rw = "randread",
		.block = bed->block_size,
		.depth = depth,
		.offset = device_first_segment(bed->device),
		.size = bed->nr * bed->block_size,
	};
	int err;

	if (fio_start(&fio))
		return -1;
	err = measure_turns(bed, &fio, next);
	fio_end(&fio);
	return err;
}

static int with_size(struct bench *b, uint64_t size)
{
	uint32_t frames = MEMORY / size, next = 0;
	struct bed bed;
	unsigned int i;
	int err;

	if (bed_make_nvme(&bed, b, size, frames * TIMES, frames))
		return -1;
	err = bed_store(&bed);
	shuffle(&bed);
	err = err ?: bed_cycle(&bed);
	for (i = 0; i < ARRAY_SIZE(depths) && !err; i++)
		if (!getenv("XD") || atoi(getenv("XD")) == (int)depths[i])
		err = measure(&bed, depths[i], &next);
	bed_free(&bed);
	return err;
}

int run_read(struct bench *b)
{
	unsigned int i;
	int err = 0;

	if (!b->device) {
		report_skip(b, "nvme", "needs --nvme DEVICE");
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(sizes) && !err; i++)
		if (!getenv("XS") || atoi(getenv("XS")) == (int)sizes[i])
		err = with_size(b, sizes[i]);
	return err;
}
