// SPDX-License-Identifier: GPL-2.0
/*
 * A load of many blocks that an engine uses layer by layer: when is the first
 * layer of all of them there, when all of it? And what does the order of layers
 * cost: the same load without it.
 */
#include <string.h>

#include "bed.h"
#include "report.h"

#define BLOCK MIB(2)
#define LAYERS 32
#define LOADED 64		/* blocks of a load */
#define FRAMES 100
#define BLOCKS 256
#define LOADS 4			/* of each kind, of a repetition */
#define DEADLINE_NS (60 * 1000000000ULL)

enum { FIRST, ALL, PLAIN, NR_TIMES };

/**
 * struct layers - a run of the row
 * @bed: the space
 * @next: block to go on with: LOADED of them are not in memory
 */
struct layers {
	struct bed bed;
	uint32_t next;
};

static int wait_for(struct layers *l, uint32_t layer)
{
	struct kvt_block blocks[LOADED];
	uint32_t i;
	int err;

	for (i = 0; i < LOADED; i++) {
		const struct kvt_entry *e = &l->bed.entries[l->next + i];

		blocks[i] = (struct kvt_block){
			.offset = e->offset,
			.slot = e->slot,
			.result = e->result,
		};
	}
	err = kvt_wait_layer(l->bed.space, blocks, LOADED, layer,
			     kvt_deadline(DEADLINE_NS), NULL);
	if (err)
		fprintf(stderr, "kvtier-bench: waiting for layer %u: %s\n",
			layer, strerror(-err));
	return err;
}

static int acquire(struct layers *l, uint32_t flags)
{
	struct kvt_entry *entries = &l->bed.entries[l->next];
	struct kvt_batch batch = {
		.op = KVT_OP_ACQUIRE,
		.flags = KVT_F_WAIT | flags,
		.timeout_ns = DEADLINE_NS,
		.nr = LOADED,
		.entries = (uintptr_t)entries,
	};
	int err = kvt_submit(l->bed.space, &batch);

	if (!err && batch.ok == LOADED)
		return 0;
	fprintf(stderr, "kvtier-bench: ACQUIRE of %u blocks: %s\n", LOADED,
		kvt_strerror(KVT_OP_ACQUIRE, err ?: entries[batch.ok].result));
	return -1;
}

static int release(struct layers *l)
{
	int err = bed_run(&l->bed, KVT_OP_RELEASE, l->next, LOADED);

	l->next = (l->next + LOADED) % BLOCKS;
	return err;
}

static int load_by_layers(struct layers *l, struct samples *ns)
{
	uint64_t t = now_ns();

	if (acquire(l, KVT_F_ARRIVING) || wait_for(l, 0))
		return -1;
	samples_add(&ns[FIRST], (double)(now_ns() - t));
	if (wait_for(l, LAYERS - 1))
		return -1;
	samples_add(&ns[ALL], (double)(now_ns() - t));
	return release(l);
}

static int load_plainly(struct layers *l, struct samples *ns)
{
	uint64_t t = now_ns();

	if (acquire(l, 0))
		return -1;
	samples_add(&ns[PLAIN], (double)(now_ns() - t));
	return release(l);
}

/* The median load of a repetition counts. */
static int measure_once(struct layers *l, struct samples *times)
{
	uint64_t loads = bed_counter("stats/loads");
	struct samples ns[NR_TIMES] = {};
	unsigned int i;

	for (i = 0; i < LOADS; i++)
		if (load_by_layers(l, ns) || load_plainly(l, ns))
			return -1;
	for (i = 0; i < NR_TIMES; i++)
		samples_add(&times[i], samples_median(&ns[i]) / 1e3);
	loads = bed_counter("stats/loads") - loads;
	if (loads == 2 * LOADS * LOADED)
		return 0;
	fprintf(stderr, "kvtier-bench: %u blocks were acquired, %llu were read\n",
		2 * LOADS * LOADED, (unsigned long long)loads);
	return -1;
}

static void tell(struct bench *b, const char *of, const struct samples *times)
{
	static const char *const names[] = {
		"first layer of all", "all layers", "the same without layers",
	};
	struct result r = {
		.of = of,
		.unit = b->clock == CLOCK_ICOUNT ? "kinstr" : "us",
	};
	unsigned int i;

	for (i = 0; i < NR_TIMES; i++) {
		r.metric = names[i];
		r.s = times[i];
		report(b, &r);
	}
	r.unit = "";
	r.metric = "all layers : without layers";
	samples_ratio(&r.s, &times[ALL], &times[PLAIN]);
	report(b, &r);
	r.metric = "first layer : all layers";
	samples_ratio(&r.s, &times[FIRST], &times[ALL]);
	r.goal = AT_MOST;
	r.target = 1. / 16;
	report(b, &r);
}

static int measure(struct layers *l, const char *of, uint32_t verify)
{
	struct samples times[NR_TIMES] = {};
	unsigned int i;

	if (bed_verify(verify))
		return -1;
	for (i = 0; i < l->bed.b->reps; i++)
		if (measure_once(l, times))
			return -1;
	tell(l->bed.b, of, times);
	return 0;
}

int run_layers(struct bench *b)
{
	struct layers l = {};
	int err;

	if (!b->device) {
		report_skip(b, "nvme", "needs --nvme DEVICE");
		return 0;
	}
	if (bed_make_layers(&l.bed, b, BLOCK, LAYERS, BLOCKS, FRAMES))
		return -1;
	err = bed_store(&l.bed) || bed_cycle(&l.bed) || bed_cycle(&l.bed) ||
	      measure(&l, "64 x 2 MiB, 32 layers", 1000) ||
	      measure(&l, "64 x 2 MiB, 32 layers, verify=0", 0);
	bed_free(&l.bed);
	return err ? -1 : 0;
}
