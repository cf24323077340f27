// SPDX-License-Identifier: GPL-2.0
/* kvtier itself: a space in memory, and one that is on the device. */
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "device.h"
#include "loader.h"
#include "peer.h"

#define SPARE_FRAMES 8		/* beyond those that are leased */
#define MANY 64			/* blocks a call */

static struct bed *bed_of(struct peers *p)
{
	return p->priv;
}

/* One command a block: what a simple caller does. */
static int run_each(struct peers *p, enum kvt_op op)
{
	struct bed *bed = bed_of(p);
	struct kvt_entry *e;
	uint32_t n;

	for (n = 0; n < p->nr; n++) {
		e = &bed->entries[n];
		e->addr = (uintptr_t)(op == KVT_OP_PUT ? peer_from(p, n) :
							 peer_to(p, n));
		e->len = op == KVT_OP_GET ? (uint32_t)p->block : 0;
		if (bed_run(bed, op, n, 1))
			return -1;
		e->addr = 0;
		e->len = 0;
	}
	return 0;
}

static int put_kvtier(struct peers *p)
{
	return run_each(p, KVT_OP_PUT);
}

static int get_dram(struct peers *p)
{
	return run_each(p, KVT_OP_GET);
}

/* Leases of some at a time; their bytes are read through the window. */
static int zero_dram(struct peers *p)
{
	struct bed *bed = bed_of(p);
	uint32_t i, j, n;

	for (i = 0; i < p->nr; i += n) {
		n = p->nr - i < MANY ? p->nr - i : MANY;
		if (bed_run(bed, KVT_OP_ACQUIRE, i, n))
			return -1;
		for (j = i; j < i + n; j++)
			peer_read(p, kvt_ptr(bed->space,
					     bed->entries[j].offset));
		if (bed_run(bed, KVT_OP_RELEASE, i, n))
			return -1;
	}
	return 0;
}

static int drop_kvtier(struct peers *p)
{
	return bed_run_all(bed_of(p), KVT_OP_DROP, p->nr, MANY);
}

static int open_dram(struct peers *p)
{
	p->priv = calloc(1, sizeof(struct bed));
	if (!p->priv || bed_make(bed_of(p), p->b, p->block, p->nr))
		return -1;
	bed_shuffle(bed_of(p));
	return kvt_map_windows(bed_of(p)->space);
}

static void close_kvtier(struct peers *p)
{
	if (p->priv)
		bed_free(bed_of(p));
	free(p->priv);
}

const struct peer peer_kvtier_dram = {
	.name = "kvtier, dram",
	.open = open_dram,
	.put = put_kvtier,
	.get = get_dram,
	.zero = zero_dram,
	.drop = drop_kvtier,
	.close = close_kvtier,
};

/* ----------------------------------------------------------------------- nvme */

static int load(struct peers *p, bool copy)
{
	struct loader *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -1;
	if (copy)
		loader_gets(l, bed_of(p), p->to);
	else
		loader_acquires(l, bed_of(p));
	l->ring.depth = PEER_DEPTH;
	l->ring.end = p->nr;
	err = ring_run(&l->ring);
	free(l);
	return err;
}

static int get_nvme(struct peers *p)
{
	return load(p, true);
}

static int zero_nvme(struct peers *p)
{
	return load(p, false);
}

/* Got in the order they were put in, a block is never in memory. */
static int open_nvme(struct peers *p)
{
	uint32_t frames = p->nr / 4;

	if (frames < PEER_DEPTH + SPARE_FRAMES)
		frames = PEER_DEPTH + SPARE_FRAMES;
	p->kept = frames * p->block;
	p->priv = calloc(1, sizeof(struct bed));
	if (!p->priv || bed_make_nvme(bed_of(p), p->b, p->block, p->nr, frames))
		return -1;
	bed_shuffle(bed_of(p));
	return 0;
}

static int open_unchecked(struct peers *p)
{
	return open_nvme(p) ?: bed_verify(0);
}

const struct peer peer_kvtier_nvme = {
	.name = "kvtier, nvme",
	.device = true,
	.open = open_nvme,
	.put = put_kvtier,
	.get = get_nvme,
	.zero = zero_nvme,
	.drop = drop_kvtier,
	.close = close_kvtier,
};

const struct peer peer_kvtier_unchecked = {
	.name = "kvtier, nvme, verify=0",
	.device = true,
	.open = open_unchecked,
	.put = put_kvtier,
	.get = get_nvme,
	.zero = zero_nvme,
	.drop = drop_kvtier,
	.close = close_kvtier,
};
