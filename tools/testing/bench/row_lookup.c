// SPDX-License-Identifier: GPL-2.0
/*
 * How long LOOKUP of one resident block takes while nothing else happens; while
 * another thread looks blocks up, which shows what this machine makes of two busy
 * processors; and while another thread stores new blocks, for each of which an
 * old one is evicted. The blocks looked up are leased: they stay.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bed.h"
#include "key.h"
#include "latency.h"
#include "report.h"

#define BLOCK KIB(4)
#define HELD 1024		/* blocks that are looked up */
#define BATCH 256		/* blocks stored at a time */
#define IDLE_NS 500000000ULL
#define EVICTED 1000000		/* blocks, by all repetitions together */
#define NVME_FRAMES 65536
#define NVME_EVICTED 200000

enum { IDLE, BESIDE, EVICTING, NR_SIDES };

static const char *const names[] = {
	"idle", "beside other LOOKUPs", "while blocks are evicted",
};

/**
 * struct lookup - a run of the row
 * @bed: the space
 * @of: what is evicted, and where to
 * @evict: blocks a repetition
 * @next: number of the next new block
 * @going: the other thread does what it does
 * @stop: it is to end, unless it counts itself
 * @err: it failed, and has said why
 * @all: latencies of all repetitions
 * @p50: by repetition
 * @p99: by repetition
 * @p999: by repetition
 */
struct lookup {
	struct bed bed;
	const char *of;
	uint32_t evict;
	uint64_t next;
	atomic_bool going;
	atomic_bool stop;
	int err;
	struct latency all[NR_SIDES];
	struct samples p50[NR_SIDES];
	struct samples p99[NR_SIDES];
	struct samples p999[NR_SIDES];
};

/* One block, timed. */
static int look_up(struct lookup *l, uint32_t i, struct latency *to)
{
	struct kvt_entry entry = {};
	struct kvt_batch batch = {
		.op = KVT_OP_LOOKUP,
		.nr = 1,
		.entries = (uintptr_t)&entry,
	};
	uint64_t t;
	int err;

	bench_key(i % HELD, (__u64 *)entry.key);
	t = now_ns();
	err = kvt_submit(l->bed.space, &batch);
	latency_add(to, now_ns() - t);
	if (!err && batch.ok == 1)
		return 0;
	fprintf(stderr, "kvtier-bench: LOOKUP of a leased block: %s\n",
		kvt_strerror(KVT_OP_LOOKUP, err ?: entry.result));
	return -1;
}

static int submit(struct lookup *l, struct kvt_batch *batch)
{
	int err = kvt_submit(l->bed.space, batch);

	if (!err && batch->ok == batch->nr)
		return 0;
	fprintf(stderr, "kvtier-bench: cannot store new blocks: %s\n",
		err ? kvt_strerror(batch->op, err) : "no room was made in time");
	return -1;
}

/* For each of them another block goes. */
static int store(struct lookup *l, uint32_t nr)
{
	struct kvt_entry entries[BATCH] = {};
	struct kvt_batch reserve = {
		.op = KVT_OP_RESERVE,
		.flags = KVT_F_FLAT | KVT_F_WAIT,
		.timeout_ns = 60 * 1000000000ULL,
		.nr = nr,
		.entries = (uintptr_t)entries,
	};
	struct kvt_batch commit = {
		.op = KVT_OP_COMMIT,
		.nr = nr,
		.entries = (uintptr_t)entries,
	};
	uint32_t i;

	for (i = 0; i < nr; i++)
		bench_key(l->next++, (__u64 *)entries[i].key);
	return submit(l, &reserve) ?: submit(l, &commit);
}

static void *store_many(void *arg)
{
	struct lookup *l = arg;
	uint32_t done;

	for (done = 0; done < l->evict && !l->err; done += BATCH)
		l->err = store(l, BATCH);
	l->going = false;
	return NULL;
}

static void *look_up_many(void *arg)
{
	struct latency *unused = calloc(1, sizeof(*unused));
	struct lookup *l = arg;
	uint32_t i;

	for (i = 0; unused && !l->stop && !l->err; i++)
		l->err = look_up(l, i, unused);
	free(unused);
	l->going = false;
	return NULL;
}

/* Until the other thread has ended, or, if there is none, @IDLE_NS are over. */
static int look_up_beside(struct lookup *l, unsigned int side,
			  struct latency *to)
{
	uint64_t end = now_ns() + IDLE_NS;
	uint32_t i;
	int err = 0;

	for (i = 0; !err; i++) {
		if (side == EVICTING ? !l->going : now_ns() > end)
			break;
		err = look_up(l, i, to);
	}
	return err;
}

static int run_side(struct lookup *l, unsigned int side, struct latency *to)
{
	pthread_t thread;
	int err;

	l->stop = false;
	l->going = side != IDLE;
	if (side == IDLE)
		return look_up_beside(l, side, to);
	if (pthread_create(&thread, NULL, side == EVICTING ? store_many :
			   look_up_many, l))
		return -1;
	err = look_up_beside(l, side, to);
	l->stop = true;
	pthread_join(thread, NULL);
	return err ?: l->err;
}

/* Blocks that left memory, by whichever way. */
static uint64_t gone(void)
{
	return bed_counter("stats/evictions") + bed_counter("stats/demotions");
}

static int measure_side(struct lookup *l, unsigned int side)
{
	struct latency *one = calloc(1, sizeof(*one));
	uint64_t before = gone();
	int err = one ? run_side(l, side, one) : -1;

	if (!err && side == EVICTING && gone() - before < l->evict / 2) {
		fprintf(stderr, "kvtier-bench: %u blocks were stored in full memory, but only %llu left it\n",
			l->evict, (unsigned long long)(gone() - before));
		err = -1;
	}
	if (!err) {
		samples_add(&l->p50[side], latency_at(one, .5));
		samples_add(&l->p99[side], latency_at(one, .99));
		samples_add(&l->p999[side], latency_at(one, .999));
		latency_merge(&l->all[side], one);
	}
	free(one);
	return err;
}

/* How many values are above: ten points a decade. */
static void tell_curve(struct lookup *l, unsigned int side)
{
	struct point points[61];
	double above = 1;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		points[i].x = above;
		points[i].y = latency_at(&l->all[side], 1 - above);
		above *= .794328;
	}
	report_curve(l->bed.b, l->of, names[side], points, ARRAY_SIZE(points));
}

static void tell_side(struct lookup *l, unsigned int side)
{
	struct bench *b = l->bed.b;
	char metric[64];
	struct result r = {
		.of = l->of,
		.metric = metric,
		.unit = report_unit(b),
	};
	const struct {
		const char *name;
		const struct samples *s;
	} of[] = {
		{ "p50", &l->p50[side] },
		{ "p99", &l->p99[side] },
		{ "p99.9", &l->p999[side] },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(of); i++) {
		snprintf(metric, sizeof(metric), "%s: %s", names[side],
			 of[i].name);
		r.s = *of[i].s;
		report(b, &r);
	}
	tell_curve(l, side);
}

static void tell(struct lookup *l)
{
	struct result r = { .of = l->of, .unit = "" };
	unsigned int side;

	for (side = 0; side < NR_SIDES; side++)
		tell_side(l, side);
	r.metric = "p50: evicting : idle";
	samples_ratio(&r.s, &l->p50[EVICTING], &l->p50[IDLE]);
	report(l->bed.b, &r);
	r.metric = "p99: evicting : beside others";
	samples_ratio(&r.s, &l->p99[EVICTING], &l->p99[BESIDE]);
	report(l->bed.b, &r);
	r.metric = "p99: evicting : idle";
	samples_ratio(&r.s, &l->p99[EVICTING], &l->p99[IDLE]);
	r.goal = AT_MOST;
	r.target = 2;
	report(l->bed.b, &r);
}

/* Memory is filled, and the watermarks are what they are for users. */
static int prepare(struct lookup *l)
{
	struct bed *bed = &l->bed;

	l->next = bed->nr;
	if (bed_set("high_watermark", "20") || bed_set("low_watermark", "10"))
		return -1;
	if (bed_run(bed, KVT_OP_RESERVE, 0, HELD) ||
	    bed_run(bed, KVT_OP_COMMIT, 0, HELD) ||
	    bed_run(bed, KVT_OP_ACQUIRE, 0, HELD))
		return -1;
	while (l->next < 2ULL * bed->frames)
		if (store(l, BATCH))
			return -1;
	return 0;
}

static int measure(struct lookup *l)
{
	unsigned int i, side;

	if (prepare(l))
		return -1;
	for (i = 0; i < l->bed.b->reps; i++)
		for (side = 0; side < NR_SIDES; side++)
			if (measure_side(l, side))
				return -1;
	tell(l);
	return 0;
}

static int from_memory(struct bench *b, struct lookup *l)
{
	uint32_t nr = b->quick ? 65536 : b->memory / BLOCK;
	char of[64];
	int err;

	l->evict = (b->quick ? EVICTED / 10 : EVICTED) / b->reps;
	snprintf(of, sizeof(of), "%u of 4 KiB dropped", l->evict * b->reps);
	l->of = of;
	if (bed_make(&l->bed, b, BLOCK, nr))
		return -1;
	err = measure(l);
	bed_free(&l->bed);
	return err;
}

static int to_nvme(struct bench *b, struct lookup *l)
{
	uint32_t nr = b->quick ? NVME_FRAMES / 4 : NVME_FRAMES;
	char of[64];
	int err;

	if (!b->device) {
		report_skip(b, "4 KiB blocks to nvme", "needs --nvme DEVICE");
		return 0;
	}
	l->evict = (b->quick ? NVME_EVICTED / 10 : NVME_EVICTED) / b->reps;
	snprintf(of, sizeof(of), "%u of 4 KiB to nvme", l->evict * b->reps);
	l->of = of;
	if (bed_make_nvme(&l->bed, b, BLOCK, nr, nr))
		return -1;
	err = measure(l);
	bed_free(&l->bed);
	return err;
}

int run_lookup(struct bench *b)
{
	int (*const runs[])(struct bench *b, struct lookup *l) = {
		from_memory, to_nvme,
	};
	struct lookup *l;
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(runs) && !err; i++) {
		l = calloc(1, sizeof(*l));
		err = l ? runs[i](b, l) : -1;
		free(l);
	}
	return err;
}
