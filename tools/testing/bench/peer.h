/* SPDX-License-Identifier: GPL-2.0 */
/* Peers: what could hold blocks instead, each behind the same few operations. */
#ifndef _BENCH_PEER_H
#define _BENCH_PEER_H

#include "bench.h"

#define PEER_DEPTH 32		/* transfers at a time, where a peer has some */

/**
 * struct peers - what all of them work on
 * @b: the run
 * @block: bytes of a block
 * @nr: blocks
 * @order: in which they are put and got
 * @from: bytes to be put: PEER_DEPTH blocks, block i is the i modulo PEER_DEPTH'th
 * @to: room for as many
 * @dir: a directory of the peer's own
 * @kept: bytes of what is put that need not have come to the device at the end
 * @priv: the peer's
 * @seen: what zero copy has read
 */
struct peers {
	struct bench *b;
	uint64_t block;
	uint32_t nr;
	uint32_t *order;
	char *from;
	char *to;
	char dir[64];
	uint64_t kept;
	void *priv;
	uint64_t seen;
};

/**
 * struct peer - one of them
 * @name: as the table has it
 * @device: it needs one
 * @open: make it ready, empty. Returns 0, or -1 and has said why
 * @put: store all blocks. As @open
 * @get: copy all blocks out. As @open
 * @zero: read a word of each page of all blocks where they are; NULL: cannot
 * @drop: forget all blocks, so that they can be put again; NULL: no need
 * @close: whatever @open came to
 */
struct peer {
	const char *name;
	bool device;
	int (*open)(struct peers *p);
	int (*put)(struct peers *p);
	int (*get)(struct peers *p);
	int (*zero)(struct peers *p);
	int (*drop)(struct peers *p);
	void (*close)(struct peers *p);
};

extern const struct peer peer_kvtier_dram, peer_kvtier_nvme;
extern const struct peer peer_kvtier_unchecked;
extern const struct peer peer_ext4_files, peer_xfs_files, peer_ext4_big;
extern const struct peer peer_map, peer_shm, peer_redis;

static inline char *peer_from(struct peers *p, uint32_t i)
{
	return p->from + i % PEER_DEPTH * p->block;
}

static inline char *peer_to(struct peers *p, uint32_t i)
{
	return p->to + i % PEER_DEPTH * p->block;
}

/* What a reader without a copy of its own does, at least. */
static inline void peer_read(struct peers *p, const char *block)
{
	uint64_t off, sum = 0;

	for (off = 0; off < p->block; off += 4096)
		sum += *(const volatile uint64_t *)(block + off);
	p->seen += sum;
}

#endif /* _BENCH_PEER_H */
