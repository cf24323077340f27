// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "device.h"
#include "kernel.h"
#include "key.h"

#define SYSFS "/sys/class/kvtier/" BED_NAME "/"
#define NVME_SYSFS "/sys/class/kvtier_tier/" BED_NVME "/"

/* Sizes in words, for messages: one at a time and thread. */
const char *bed_size(uint64_t bytes)
{
	static char s[32];

	if (bytes % MIB(1))
		snprintf(s, sizeof(s), "%llu KiB",
			 (unsigned long long)(bytes >> 10));
	else
		snprintf(s, sizeof(s), "%llu MiB",
			 (unsigned long long)(bytes >> 20));
	return s;
}

/* A number of the space's sysfs directory. */
uint64_t bed_counter(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), SYSFS "%s", name);
	return kernel_number(path);
}

static int fail(const char *what, int call, int err)
{
	fprintf(stderr, "kvtier-bench: %s " BED_NAME ": %s\n", what,
		kvt_strerror(call, err));
	return -1;
}

static uint64_t tier_bytes(const struct bed *bed)
{
	return (bed->frames * bed->block_size + MIB(2) - 1) / MIB(2) * MIB(2);
}

static int make_entries(struct bed *bed)
{
	uint32_t i;

	bed->entries = calloc(bed->nr, sizeof(*bed->entries));
	if (!bed->entries) {
		fprintf(stderr, "kvtier-bench: out of memory for %u entries\n",
			bed->nr);
		return -1;
	}
	for (i = 0; i < bed->nr; i++)
		bench_key(i, (__u64 *)bed->entries[i].key);
	return 0;
}

/* All frames can be used and leased, and without nvme nothing is evicted. */
static int set_knobs(const struct bed *bed)
{
	if (!bed->nvme && (kernel_set(SYSFS "low_watermark", "0") ||
			   kernel_set(SYSFS "high_watermark", "0")))
		return -1;
	return kernel_set(SYSFS "lease_quota", "1000");
}

static int make_memory(struct bed *bed)
{
	struct bench *b = bed->b;
	uint64_t bytes;
	int err;

	if (make_entries(bed))
		return -1;
	bytes = tier_bytes(bed);
	err = kvt_ctl_tier_add(b->ctl, BED_NAME, KVT_TIER_DRAM, b->node,
			       &bytes);
	if (err) {
		fail("cannot make tier", KVT_CALL_TIER_ADD, err);
		bed_free(bed);
		return -1;
	}
	bed->tier = true;
	return 0;
}

/* The tier alone: bed_make_space() is to follow. */
int bed_make_tier(struct bed *bed, struct bench *b, uint64_t block_size,
		  uint32_t nr)
{
	*bed = (struct bed){
		.b = b,
		.block_size = block_size,
		.nr = nr,
		.frames = nr,
	};
	return make_memory(bed);
}

int bed_make_space(struct bed *bed)
{
	uint32_t ends[KVT_MAX_LAYERS], i;
	struct kvt_space_create create = {
		.layers = bed->layers ? (uintptr_t)ends : 0,
		.nr_layers = bed->layers,
		.block_size = bed->block_size,
		.name = BED_NAME,
		.mode = 0600,
		.nr_quotas = 1,
		.quotas = { { .tier = BED_NAME, .bytes = tier_bytes(bed) } },
	};
	int err;

	if (bed->nvme) {
		create.nr_quotas = 2;
		strcpy((char *)create.quotas[1].tier, BED_NVME);
		create.quotas[1].bytes = bed_nvme_counter("size");
	}
	for (i = 0; i < bed->layers; i++)
		ends[i] = bed->block_size / bed->layers * (i + 1);
	err = kvt_ctl_space_create(bed->b->ctl, &create);
	if (err)
		return fail("cannot make space", KVT_CALL_SPACE_CREATE, err);
	bed->made = true;
	if (set_knobs(bed))
		return -1;
	err = kvt_open(BED_NAME, 0, NULL, &bed->space);
	return err ? fail("cannot open space", KVT_CALL_OPEN, err) : 0;
}

/* Tier and space, empty. Returns 0, or -1 and has said why. */
int bed_make(struct bed *bed, struct bench *b, uint64_t block_size,
	     uint32_t nr)
{
	if (bed_make_tier(bed, b, block_size, nr))
		return -1;
	if (!bed_make_space(bed))
		return 0;
	bed_free(bed);
	return -1;
}

/* Remove what a run that was killed has left. Returns 0, or -1 and has said why. */
int bed_clear(struct bench *b)
{
	int err = kvt_ctl_space_delete(b->ctl, BED_NAME);

	if (err && err != -ENOENT)
		return fail("cannot delete space", KVT_CALL_SPACE_DELETE, err);
	err = kvt_ctl_tier_remove(b->ctl, BED_NVME);
	if (err && err != -ENOENT)
		return fail("cannot remove nvme tier", KVT_CALL_TIER_REMOVE,
			    err);
	err = kvt_ctl_tier_remove(b->ctl, BED_NAME);
	if (err && err != -ENOENT)
		return fail("cannot remove tier", KVT_CALL_TIER_REMOVE, err);
	return 0;
}

void bed_free(struct bed *bed)
{
	int err = 0;

	kvt_close(bed->space);
	if (bed->made)
		err = kvt_ctl_space_delete(bed->b->ctl, BED_NAME);
	if (err)
		fail("cannot delete space", KVT_CALL_SPACE_DELETE, err);
	if (bed->nvme)
		bed_detach(bed);
	if (bed->tier && !err)
		err = kvt_ctl_tier_remove(bed->b->ctl, BED_NAME);
	if (err)
		fail("cannot remove tier", KVT_CALL_TIER_REMOVE, err);
	free(bed->entries);
	*bed = (struct bed){ .b = bed->b };
}

static bool is_chained(enum kvt_op op)
{
	return op == KVT_OP_RESERVE || op == KVT_OP_PUT;
}

static bool can_wait(enum kvt_op op)
{
	return is_chained(op) || op == KVT_OP_ACQUIRE;
}

/* On a bed with nvme blocks are roots, and commands wait for frames. */
static void complete_batch(const struct bed *bed, uint32_t first,
			   struct kvt_batch *batch)
{
	if (!bed->nvme) {
		if (is_chained(batch->op) && first)
			memcpy(batch->parent, bed->entries[first - 1].key,
			       KVT_KEY_SIZE);
		return;
	}
	if (is_chained(batch->op))
		batch->flags |= KVT_F_FLAT;
	if (can_wait(batch->op)) {
		batch->flags |= KVT_F_WAIT;
		batch->timeout_ns = 60 * 1000000000ULL;
	}
}

/* One batch, all of whose entries must succeed. */
int bed_run(struct bed *bed, enum kvt_op op, uint32_t first, uint32_t nr)
{
	struct kvt_batch batch = {
		.op = op,
		.nr = nr,
		.entries = (uintptr_t)&bed->entries[first],
	};
	int err;

	complete_batch(bed, first, &batch);
	err = kvt_submit(bed->space, &batch);
	if (!err && batch.ok == nr)
		return 0;
	fprintf(stderr, "kvtier-bench: command %d on %u blocks from %u on: ",
		op, nr, first);
	if (!err)
		err = bed->entries[first + batch.done - 1].result;
	fprintf(stderr, "%u succeeded; %s\n", batch.ok, kvt_strerror(op, err));
	return -1;
}

/* The first @nr blocks in batches of @batch. */
int bed_run_all(struct bed *bed, enum kvt_op op, uint32_t nr, uint32_t batch)
{
	uint32_t i, n;

	for (i = 0; i < nr; i += n) {
		n = nr - i < batch ? nr - i : batch;
		if (bed_run(bed, op, i, n))
			return -1;
	}
	return 0;
}

/* All blocks become present. Their bytes are what they were: zero, at first. */
int bed_fill(struct bed *bed)
{
	if (bed_run_all(bed, KVT_OP_RESERVE, bed->nr, KVT_MAX_BATCH))
		return -1;
	return bed_run_all(bed, KVT_OP_COMMIT, bed->nr, KVT_MAX_BATCH);
}

/* A random order, always the same. */
void bed_shuffle(struct bed *bed)
{
	uint32_t i, j;

	for (i = bed->nr - 1; i; i--) {
		struct kvt_entry e = bed->entries[i];

		j = bench_mix(i) % (i + 1);
		bed->entries[i] = bed->entries[j];
		bed->entries[j] = e;
	}
}

/* ----------------------------------------------------------------------- nvme */

/* A number of the nvme tier's sysfs directory. */
uint64_t bed_nvme_counter(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), NVME_SYSFS "%s", name);
	return kernel_number(path);
}

/* A knob of the space. */
int bed_set(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), SYSFS "%s", name);
	return kernel_set(path, value);
}

/* How many of a thousand blocks are compared with their checksums when read. */
int bed_verify(uint32_t permille)
{
	char value[16];

	snprintf(value, sizeof(value), "%u", permille);
	return kernel_set(NVME_SYSFS "verify", value);
}

/* Make the nvme tier of the device as it is. Returns 0, or -1 and has said why. */
int bed_attach(struct bed *bed)
{
	struct kvt_nvme_add add = { .name = BED_NVME, .nr_devices = 1 };
	int err = kvt_host_id(add.host);

	if (err)
		return fail("cannot tell this host's id:", KVT_CALL_HOST_ID,
			    err);
	snprintf((char *)add.devices[0], KVT_PATH_SIZE, "%s", bed->device);
	err = kvt_ctl_nvme_add(bed->b->ctl, &add);
	if (err)
		return fail("cannot make an nvme tier for", KVT_CALL_NVME_ADD,
			    err);
	bed->nvme = true;
	return 0;
}

/* Take the nvme tier away, its device as it is. */
int bed_detach(struct bed *bed)
{
	int err = kvt_ctl_tier_remove(bed->b->ctl, BED_NVME);

	if (err)
		return fail("cannot remove nvme tier of",
			    KVT_CALL_TIER_REMOVE, err);
	bed->nvme = false;
	return 0;
}

/*
 * A space of @nr blocks of @layers, empty, with memory for @frames on an nvme
 * tier.
 */
int bed_make_layers(struct bed *bed, struct bench *b, uint64_t block_size,
		    uint32_t layers, uint32_t nr, uint32_t frames)
{
	*bed = (struct bed){
		.b = b,
		.block_size = block_size,
		.layers = layers,
		.nr = nr,
		.frames = frames,
		.device = b->device,
	};
	if (make_memory(bed))
		return -1;
	if (!device_format(bed->device, NULL) && !bed_attach(bed) &&
	    !bed_make_space(bed))
		return 0;
	bed_free(bed);
	return -1;
}

int bed_make_nvme(struct bed *bed, struct bench *b, uint64_t block_size,
		  uint32_t nr, uint32_t frames)
{
	return bed_make_layers(bed, b, block_size, 0, nr, frames);
}

/* Blocks from @first on, up to a quarter of the memory. */
static uint32_t batch_of(const struct bed *bed, uint32_t first)
{
	uint32_t left = bed->nr - first, batch = bed->frames / 4;

	return left < batch ? left : batch;
}

/* All blocks become present, written out as memory gets full. */
int bed_store(struct bed *bed)
{
	uint32_t i, n;

	for (i = 0; i < bed->nr; i += n) {
		n = batch_of(bed, i);
		if (bed_run(bed, KVT_OP_RESERVE, i, n) ||
		    bed_run(bed, KVT_OP_COMMIT, i, n))
			return -1;
	}
	return 0;
}

/*
 * Use all blocks in the order of their entries: then all are on nvme, and the
 * last ones in memory, too.
 */
int bed_cycle(struct bed *bed)
{
	uint32_t i, n;

	for (i = 0; i < bed->nr; i += n) {
		n = batch_of(bed, i);
		if (bed_run(bed, KVT_OP_ACQUIRE, i, n) ||
		    bed_run(bed, KVT_OP_RELEASE, i, n))
			return -1;
	}
	return 0;
}
