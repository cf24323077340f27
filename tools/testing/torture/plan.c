// SPDX-License-Identifier: GPL-2.0
/* What a round is made of, all from its seed. */
#include <stdio.h>
#include <string.h>

#include "torture.h"

/* Powers of two, one that straddles chunks, and one of whole huge pages. */
static const uint32_t block_sizes[] = {
	4096, 16384, 20480, 65536, 196608, 524288, 2U << 20, 3U << 20,
};

static uint64_t whole_chunks(uint64_t bytes)
{
	return (bytes + CHUNK - 1) / CHUNK * CHUNK;
}

/* Few enough frames that eviction and full arenas are the rule. */
static uint64_t pick_bytes(struct rng *r, uint32_t block_size)
{
	uint64_t frames = rng_between(r, 12, block_size <= 65536 ? 400 : 24);

	return whole_chunks(frames * block_size);
}

void plan_make(struct plan *p, const struct options *o, uint64_t seed)
{
	struct rng r = { .state = seed }, mix = { .state = ~seed };
	uint64_t frames;
	unsigned int i;

	memset(p, 0, sizeof(*p));
	p->seed = seed;
	p->factor = rng_next(&r) | 1;
	i = rng_below(&r, sizeof(block_sizes) / sizeof(block_sizes[0]));
	p->block_size = o->block_size ? o->block_size : block_sizes[i];
	for (i = 0; i < 2; i++) {
		p->quota[i] = pick_bytes(&r, p->block_size);
		p->tier_bytes[i] = p->quota[i] + rng_below(&r, 4) * CHUNK;
	}
	if (rng_one_in(&r, 4))
		p->quota[1] = 0;
	p->cxl_node = slow_node();
	p->late = rng_one_in(&r, 4);
	p->nvme = o->nvme && !rng_one_in(&mix, 4);
	p->pool = rng_one_in(&mix, 2);
	p->tight = o->has_cgroup && rng_one_in(&mix, 3);
	frames = (p->quota[0] + p->quota[1]) / p->block_size;
	p->chain_len = rng_between(&r, 4, 40);
	p->nr_chains = frames * rng_between(&r, 1, 4) / p->chain_len + 2;
	if (p->nvme)
		p->nr_chains *= 3;
}

void plan_print(const struct plan *p, unsigned int round)
{
	printf("round %u: seed %#llx, block size %u, %llu + %llu MiB%s%s, %u chains of %u%s%s\n",
	       round, (unsigned long long)p->seed, p->block_size,
	       (unsigned long long)p->quota[0] >> 20,
	       (unsigned long long)p->quota[1] >> 20, p->nvme ? " + nvme" : "",
	       p->pool ? " + pool" : "",
	       p->nr_chains,
	       p->chain_len, p->late ? ", fills time out" : "",
	       p->tight ? ", little memory" : "");
	fflush(stdout);
}

uint32_t plan_nr_keys(const struct plan *p)
{
	return p->nr_chains * p->chain_len;
}

struct key plan_key(const struct plan *p, uint32_t keyno)
{
	struct rng r = { .state = mix64(p->seed ^ keyno) };
	struct key key;
	unsigned int i;

	for (i = 0; i < sizeof(key.b); i += 8) {
		uint64_t word = rng_next(&r);

		memcpy(key.b + i, &word, 8);
	}
	return key;
}

/* A chain goes on where a block of an earlier one is, or begins at a root. */
struct key plan_parent(const struct plan *p, uint32_t keyno)
{
	uint32_t chain = keyno / p->chain_len;
	uint64_t h = mix64(p->seed + chain);
	struct key root = {};

	if (keyno % p->chain_len)
		return plan_key(p, keyno - 1);
	if (!chain || h % 2)
		return root;
	return plan_key(p, (h >> 32) % (chain * p->chain_len));
}
