// SPDX-License-Identifier: GPL-2.0
/*
 * ACQUIRE of blocks that are on nvme against fio's random reads of the same size
 * and depth, from the same bytes of the same device. Memory is full all the time:
 * each block that comes up makes another one leave.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "cpu.h"
#include "device.h"
#include "fio.h"
#include "key.h"
#include "report.h"

#define TURN_NS 200000000ULL	/* of each side */
#define TURNS 6			/* that are added up */
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

#define MAX_CALLERS 4

/**
 * struct caller - a thread that acquires blocks
 * @bed: the space
 * @first: of its entries, for this caller alone
 * @nr: how many
 * @batch: blocks at a time
 * @next: entry to go on with: so hardly a block is in memory
 * @end: ns: until then
 * @err: it failed, and has said why
 */
struct caller {
	struct bed *bed;
	uint32_t first;
	uint32_t nr;
	uint32_t batch;
	uint32_t next;
	uint64_t end;
	int err;
};

static void *acquire(void *arg)
{
	struct caller *c = arg;
	struct bed *bed = c->bed;

	do {
		if (c->next + c->batch > c->nr)
			c->next = 0;
		c->err = bed_run(bed, KVT_OP_ACQUIRE, c->first + c->next,
				 c->batch) ||
			 bed_run(bed, KVT_OP_RELEASE, c->first + c->next,
				 c->batch);
		c->next += c->batch;
	} while (!c->err && now_ns() < c->end);
	return NULL;
}

/**
 * struct callers - that acquire at the same time
 * @nr: how many
 * @callers: they
 */
struct callers {
	unsigned int nr;
	struct caller callers[MAX_CALLERS];
};

/* What all callers together do in @ns. */
static int acquire_for(struct callers *all, uint64_t ns, struct work *w)
{
	struct bed *bed = all->callers[0].bed;
	uint64_t loads = bed_counter("stats/loads");
	struct cpu_time from, to;
	pthread_t threads[MAX_CALLERS];
	unsigned int i;
	int err = 0;

	cpu_time_read(&from);
	for (i = 0; i < all->nr; i++) {
		all->callers[i].end = from.now + ns;
		pthread_create(&threads[i], NULL, acquire, &all->callers[i]);
	}
	for (i = 0; i < all->nr; i++) {
		pthread_join(threads[i], NULL);
		err |= all->callers[i].err;
	}
	cpu_time_read(&to);
	w->ns += to.now - from.now;
	w->busy += cpu_time_busy(&from, &to);
	w->bytes += (bed_counter("stats/loads") - loads) * bed->block_size;
	return err;
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
		r.unit = bed->b->clock == CLOCK_ICOUNT ? "kilo-instr/block" : "us/block";
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

static int take_turn(struct fio *fio, struct callers *all, unsigned int side,
		     struct work *w)
{
	if (side == FIO)
		return fio_measure(fio, TURN_NS, w);
	if (bed_verify(side == CHECKED ? 1000 : 0))
		return -1;
	return acquire_for(all, TURN_NS, w);
}

/* All sides in short turns, so that all suffer alike from what else goes on. */
static int measure_turns(struct bed *bed, struct fio *fio, struct callers *all)
{
	struct side sides[NR_SIDES] = {};
	unsigned int i, j, side;

	for (i = 0; i < bed->b->reps; i++) {
		struct work sum[NR_SIDES] = {};

		for (j = 0; j < TURNS * NR_SIDES; j++)
			if (take_turn(fio, all, j % NR_SIDES,
				      &sum[j % NR_SIDES]))
				return -1;
		for (side = 0; side < NR_SIDES; side++)
			note(&sides[side], &sum[side], bed->block_size);
	}
	tell(bed, fio->depth, sides);
	return 0;
}

/* So many that the device has something to do while one of them does not wait. */
static void make_callers(struct callers *all, struct bed *bed, uint32_t depth)
{
	unsigned int i;

	all->nr = depth < MAX_CALLERS ? depth : MAX_CALLERS;
	for (i = 0; i < all->nr; i++)
		all->callers[i] = (struct caller){
			.bed = bed,
			.first = bed->nr / all->nr * i,
			.nr = bed->nr / all->nr,
			.batch = depth / all->nr,
		};
}

static int measure(struct bed *bed, uint32_t depth)
{
	struct fio fio = {
		.device = bed->device,
		.rw = "randread",
		.block = bed->block_size,
		.depth = depth,
		.offset = device_first_segment(bed->device),
		.size = bed->nr * bed->block_size,
	};
	struct callers all;
	int err;

	make_callers(&all, bed, depth);
	if (fio_start(&fio))
		return -1;
	err = measure_turns(bed, &fio, &all);
	fio_end(&fio);
	return err;
}

static int with_size(struct bench *b, uint64_t size)
{
	uint32_t frames = MEMORY / size;
	struct bed bed;
	unsigned int i;
	int err;

	if (bed_make_nvme(&bed, b, size, frames * TIMES, frames))
		return -1;
	err = bed_store(&bed);
	shuffle(&bed);
	err = err ?: bed_cycle(&bed);
	for (i = 0; i < ARRAY_SIZE(depths) && !err; i++)
		err = measure(&bed, depths[i]);
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
		err = with_size(b, sizes[i]);
	return err;
}
