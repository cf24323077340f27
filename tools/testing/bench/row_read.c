// SPDX-License-Identifier: GPL-2.0
/*
 * ACQUIRE of blocks that are on nvme, one thread with so many io_uring commands of
 * one block each, against fio's random reads of the same size and depth, from the
 * same bytes of the same device. Memory is full all the time: each block that
 * comes up makes another one leave.
 *
 * Checking sums takes longer in the test machine than reading does. So a second
 * limit is the least that reading and checking takes: a thread a processor
 * that reads, and sums up what it has read.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bed.h"
#include "buffer.h"
#include "cpu.h"
#include "device.h"
#include "fio.h"
#include "kernel.h"
#include "loader.h"
#include "report.h"
#include "sum.h"

#define TURN_NS 200000000ULL	/* of each side */
#define RAMP_US 30000
#define MEMORY MIB(160)
#define TIMES 4			/* as much is on nvme as is in memory */
#define MAX_THREADS 2

static const uint64_t sizes[] = { KIB(64), KIB(256), MIB(2) };
static const uint32_t depths[] = { 1, 8, 32 };

enum { FIO, SUMMED, CHECKED, UNCHECKED, NR_SIDES };

/**
 * struct side - what one side did, by turns
 * @rate: bytes a second
 * @cpu: processor time a block, us
 */
struct side {
	struct samples rate;
	struct samples cpu;
};

/**
 * struct reads - a run at one size
 * @bed: the space
 * @fio: at one depth
 * @fd: the device
 * @to: where plain reads go
 * @loaders: threads
 * @next: block to go on with: so hardly one is in memory
 */
struct reads {
	struct bed bed;
	struct fio fio;
	int fd;
	struct buffer to;
	struct loader loaders[MAX_THREADS];
	uint64_t next;
};

static void note(struct side *s, const struct work *w, uint64_t block)
{
	samples_add(&s->rate, w->bytes * 1e3 / w->ns);
	samples_add(&s->cpu, w->busy / 1e3 / (w->bytes / block));
}

/* Bytes that were loaded so far, or read and summed up. */
static uint64_t loaded(struct reads *r, unsigned int side)
{
	uint64_t done = 0;
	unsigned int i;

	if (side != SUMMED)
		return bed_counter("stats/loads") * r->bed.block_size;
	for (i = 0; i < MAX_THREADS; i++)
		done += __atomic_load_n(&r->loaders[i].done, __ATOMIC_RELAXED);
	return done;
}

static void *load(void *arg)
{
	struct loader *l = arg;

	return ring_run(&l->ring) ? l : NULL;
}

/* What goes on in the middle of it is measured, as with fio. */
static void watch(struct reads *r, unsigned int side, struct work *w)
{
	struct cpu_time from, to;
	uint64_t before;

	usleep(RAMP_US);
	before = loaded(r, side);
	cpu_time_read(&from);
	usleep(TURN_NS / 1000);
	cpu_time_read(&to);
	w->bytes += loaded(r, side) - before;
	w->ns += to.now - from.now;
	w->busy += cpu_time_busy(&from, &to);
}

static int run_loaders(struct reads *r, unsigned int side, unsigned int nr,
		       struct work *w)
{
	pthread_t threads[MAX_THREADS];
	unsigned int i;
	void *failed;
	int err = 0;

	for (i = 0; i < nr; i++)
		pthread_create(&threads[i], NULL, load, &r->loaders[i]);
	watch(r, side, w);
	for (i = 0; i < nr; i++) {
		__atomic_store_n(&r->loaders[i].ring.stop, 1, __ATOMIC_RELAXED);
		pthread_join(threads[i], &failed);
		err |= !!failed;
	}
	return err ? -1 : 0;
}

static int read_and_sum(struct reads *r, struct work *w)
{
	unsigned int i, nr = r->fio.depth > 1 ? MAX_THREADS : 1;
	uint32_t depth = r->fio.depth / nr;

	for (i = 0; i < nr; i++) {
		r->loaders[i] = (struct loader){
			.ring = { .depth = depth, .next = r->next + i },
			.fd = r->fd,
			.first = r->fio.offset,
		};
		loader_reads(&r->loaders[i], &r->bed, r->to.at +
			     i * depth * r->bed.block_size);
	}
	r->next += 1000003;
	return run_loaders(r, SUMMED, nr, w);
}

static int acquire(struct reads *r, unsigned int side, struct work *w)
{
	struct loader *l = &r->loaders[0];
	int err;

	if (bed_verify(side == CHECKED ? 1000 : 0))
		return -1;
	*l = (struct loader){
		.ring = { .depth = r->fio.depth, .next = r->next },
	};
	loader_acquires(l, &r->bed);
	err = run_loaders(r, side, 1, w);
	r->next = l->ring.next;
	return err;
}

static int take_turn(struct reads *r, unsigned int side, struct work *w)
{
	switch (side) {
	case FIO:
		return fio_measure(&r->fio, TURN_NS, w);
	case SUMMED:
		return read_and_sum(r, w);
	default:
		return acquire(r, side, w);
	}
}

static void tell_side(struct bench *b, const char *of, const char *name,
		      const struct side *side)
{
	char metric[64];
	struct result r = {
		.of = of,
		.metric = name,
		.unit = "MB/s",
		.s = side->rate,
	};

	report(b, &r);
	snprintf(metric, sizeof(metric), "%s: CPU time", name);
	r.metric = metric;
	r.unit = report_work_unit(b);
	r.s = side->cpu;
	report(b, &r);
}

static void tell_ratio(struct bench *b, const char *of, const char *metric,
		       const struct side *a, const struct side *limit)
{
	struct result r = {
		.of = of,
		.metric = metric,
		.unit = "",
		.goal = b->clock == CLOCK_REAL ? AT_LEAST : NO_GOAL,
		.target = .95,
	};

	samples_ratio(&r.s, &a->rate, &limit->rate);
	report(b, &r);
}

static void tell(struct reads *r, const struct side *sides)
{
	static const char *const names[] = {
		"fio", "plain reads, summed up", "ACQUIRE", "ACQUIRE, verify=0",
	};
	struct bench *b = r->bed.b;
	unsigned int i;
	char of[64];

	snprintf(of, sizeof(of), "%s, depth %u", bed_size(r->bed.block_size),
		 r->fio.depth);
	for (i = 0; i < NR_SIDES; i++)
		tell_side(b, of, names[i], &sides[i]);
	tell_ratio(b, of, "ACQUIRE, verify=0 : fio", &sides[UNCHECKED],
		   &sides[FIO]);
	tell_ratio(b, of, "ACQUIRE : plain reads, summed up", &sides[CHECKED],
		   &sides[SUMMED]);
}

/* All sides in short turns, so that all suffer alike from what else goes on. */
static int measure_turns(struct reads *r)
{
	unsigned int i, j, side, turns = r->bed.b->quick ? 2 : 5;
	struct side sides[NR_SIDES] = {};

	for (i = 0; i < r->bed.b->reps; i++) {
		struct work sum[NR_SIDES] = {};

		for (j = 0; j < turns * NR_SIDES; j++)
			if (take_turn(r, j % NR_SIDES, &sum[j % NR_SIDES]))
				return -1;
		for (side = 0; side < NR_SIDES; side++)
			note(&sides[side], &sum[side], r->bed.block_size);
	}
	tell(r, sides);
	return 0;
}

static int with_depth(struct reads *r, uint32_t depth)
{
	int err;

	r->fio = (struct fio){
		.device = r->bed.device,
		.rw = "randread",
		.block = r->bed.block_size,
		.depth = depth,
		.offset = device_first_segment(r->bed.device),
		.size = r->bed.nr * r->bed.block_size,
	};
	if (fio_start(&r->fio))
		return -1;
	err = measure_turns(r);
	fio_end(&r->fio);
	return err;
}

static int measure(struct reads *r)
{
	uint32_t most = depths[ARRAY_SIZE(depths) - 1];
	unsigned int i;
	int err;

	r->fd = open(r->bed.device, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (r->fd < 0) {
		fprintf(stderr, "kvtier-bench: cannot open %s: %s\n",
			r->bed.device, strerror(errno));
		return -1;
	}
	err = buffer_make_from(&r->to, most * r->bed.block_size);
	for (i = 0; i < ARRAY_SIZE(depths) && !err; i++)
		if (!r->bed.b->quick || depths[i] != 8)
			err = with_depth(r, depths[i]);
	buffer_free(&r->to);
	close(r->fd);
	return err;
}

static int with_size(struct bench *b, uint64_t size)
{
	uint32_t frames = MEMORY / size;
	struct reads *r = calloc(1, sizeof(*r));
	int err = -1;

	if (r && !bed_make_nvme(&r->bed, b, size, frames * TIMES, frames)) {
		err = bed_store(&r->bed);
		bed_shuffle(&r->bed);
		err = err ?: bed_cycle(&r->bed) ?: measure(r);
		bed_free(&r->bed);
	}
	free(r);
	return err;
}

/* How fast this machine sums: the kernel, and what plain reads do. */
static int tell_sums(struct bench *b)
{
	struct result r = { .of = "crc32c of 2 MiB", .unit = "MB/s" };
	struct samples kernel = {}, ours = {};
	struct buffer from = {};
	uint32_t sum = 0;
	unsigned int i;
	uint64_t t;

	if (buffer_make_from(&from, MIB(2)))
		return -1;
	for (i = 0; i < b->reps; i++) {
		t = kernel_number("/sys/module/rht_walk/parameters/crc32c");
		if (t != KERNEL_NONE)
			samples_add(&kernel, MIB(2) * 1e3 / t);
		t = now_ns();
		sum += sum_crc32c(from.at, from.len);
		keep(&sum);
		samples_add(&ours, MIB(2) * 1e3 / (now_ns() - t));
	}
	buffer_free(&from);
	r.metric = "the kernel's";
	r.s = kernel;
	if (kernel.nr)
		report(b, &r);
	r.metric = "that of plain reads";
	r.s = ours;
	report(b, &r);
	return 0;
}

int run_read(struct bench *b)
{
	unsigned int i;
	int err = 0;

	if (!b->device) {
		report_skip(b, "nvme", "needs --nvme DEVICE");
		return 0;
	}
	sum_init();
	err = tell_sums(b);
	for (i = 0; i < ARRAY_SIZE(sizes) && !err; i++)
		if (!b->quick || sizes[i] != KIB(256))
			err = with_size(b, sizes[i]);
	return err;
}
