// SPDX-License-Identifier: GPL-2.0
/*
 * All blocks are put, got as copies and, where that can be, got without a copy:
 * by kvtier, and by what could be used instead, one after the other. Peers on the
 * device go past the page cache; those in memory have all of it there.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bed.h"
#include "buffer.h"
#include "cpu.h"
#include "key.h"
#include "peer.h"
#include "report.h"

static const uint64_t sizes[] = { KIB(64), MIB(2) };

static const struct peer *const all_peers[] = {
	&peer_kvtier_dram, &peer_map, &peer_shm, &peer_redis,
	&peer_kvtier_nvme, &peer_kvtier_unchecked, &peer_ext4_files,
	&peer_xfs_files, &peer_ext4_big,
};

enum { PUT, GET, ZERO, NR_ACTS };

static const char *const acts[] = { "put", "get", "zero copy" };

/**
 * struct act - what one of them took, by repetition
 * @rate: MB/s
 * @cpu: thousands a block
 */
struct act {
	struct samples rate;
	struct samples cpu;
};

static int do_act(struct peers *p, const struct peer *peer, unsigned int act)
{
	switch (act) {
	case PUT:
		return peer->put(p);
	case GET:
		return peer->get(p);
	default:
		return peer->zero(p);
	}
}

static int measure_act(struct peers *p, const struct peer *peer,
		       unsigned int act, struct act *to)
{
	uint64_t bytes = p->nr * p->block - (act == PUT ? p->kept : 0);
	struct cpu_time from, end;

	cpu_time_read(&from);
	if (do_act(p, peer, act))
		return -1;
	cpu_time_read(&end);
	samples_add(&to->rate, bytes * 1e3 / (end.now - from.now));
	samples_add(&to->cpu, cpu_time_busy(&from, &end) / 1e3 /
			      (bytes / p->block));
	return 0;
}

/* The first repetition makes all warm, and does not count. */
static int measure(struct peers *p, const struct peer *peer, struct act *to)
{
	struct act warm[NR_ACTS] = {};
	unsigned int i, act;

	for (i = 0; i <= p->b->reps; i++) {
		if (i && peer->drop && peer->drop(p))
			return -1;
		for (act = 0; act < NR_ACTS; act++)
			if ((act != ZERO || peer->zero) &&
			    measure_act(p, peer, act, i ? &to[act] : &warm[act]))
				return -1;
	}
	return 0;
}

static void tell(struct peers *p, const struct peer *peer,
		 const struct act *took)
{
	char of[96], metric[64];
	struct result r = { .of = of, .metric = metric };
	unsigned int act;

	snprintf(of, sizeof(of), "%s: %s", bed_size(p->block), peer->name);
	for (act = 0; act < NR_ACTS; act++) {
		if (!took[act].rate.nr)
			continue;
		snprintf(metric, sizeof(metric), "%s", acts[act]);
		r.unit = "MB/s";
		r.s = took[act].rate;
		report(p->b, &r);
		snprintf(metric, sizeof(metric), "%s: CPU time", acts[act]);
		r.unit = report_work_unit(p->b);
		r.s = took[act].cpu;
		report(p->b, &r);
	}
}

static int run_peer(struct peers *p, const struct peer *peer)
{
	struct act took[NR_ACTS] = {};
	int err;

	if (peer->device && !p->b->device) {
		report_skip(p->b, peer->name, "needs --nvme DEVICE");
		return 0;
	}
	snprintf(p->dir, sizeof(p->dir), "/tmp/kvtbench.XXXXXX");
	p->kept = 0;
	p->priv = NULL;
	if (!mkdtemp(p->dir))
		return -1;
	err = peer->open(p) ?: measure(p, peer, took);
	peer->close(p);
	rmdir(p->dir);
	if (!err)
		tell(p, peer, took);
	return err;
}

/* The others are measured even if one cannot be. */
static int run_peers_of(struct peers *p)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(all_peers); i++)
		err |= run_peer(p, all_peers[i]);
	return err ? -1 : 0;
}

static int make_order(struct peers *p)
{
	uint32_t i, j, other;

	p->order = calloc(p->nr, sizeof(*p->order));
	if (!p->order)
		return -1;
	for (i = 0; i < p->nr; i++) {
		j = bench_mix(i) % (i + 1);
		other = p->order[j];
		p->order[j] = i;
		if (i != j)
			p->order[i] = other;
	}
	return 0;
}

static int with_size(struct bench *b, uint64_t size)
{
	uint64_t bytes = b->quick && size < MIB(2) ? MIB(64) : MIB(256);
	struct buffer from = {}, to = {};
	struct peers p = { .b = b, .block = size, .nr = bytes / size };
	int err = -1;

	if (!make_order(&p) && !buffer_make_from(&from, PEER_DEPTH * size) &&
	    !buffer_make_to(&to, PEER_DEPTH * size)) {
		p.from = from.at;
		p.to = to.at;
		err = run_peers_of(&p);
	}
	buffer_free(&to);
	buffer_free(&from);
	free(p.order);
	return err;
}

int run_peers(struct bench *b)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		err |= with_size(b, sizes[i]);
	return err ? -1 : 0;
}
