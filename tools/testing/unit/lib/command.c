// SPDX-License-Identifier: GPL-2.0
/* The commands on plain arrays: what is sent, what comes back, what is refused. */
#include <stdlib.h>

#include "fake.h"
#include "tap.h"

#define NR	200	/* more than fit on the library's stack */

static struct kvt_space *space;
static struct kvt_key *keys;
static struct kvt_block blocks[NR];
static int32_t results[NR];
static char data[8];

static void start(void)
{
	fake_reset();
	memset(blocks, 0, sizeof(blocks));
}

static void arguments(void)
{
	uint32_t slot = 0;
	struct kvt_how pad = { .pad = 1 };

	start();
	is(kvt_lookup(NULL, keys, 1, NULL, NULL), -EINVAL, "no space");
	is(kvt_lookup(space, NULL, 1, NULL, NULL), -EINVAL, "no keys");
	is(kvt_acquire(space, NULL, 1, NULL, blocks), -EINVAL, "acquire: none");
	is(kvt_reserve(space, NULL, 1, NULL, blocks), -EINVAL, "reserve: none");
	is(kvt_release(space, NULL, 1, NULL, NULL), -EINVAL, "no slots");
	is(kvt_commit(space, NULL, 1, NULL), -EINVAL, "commit: none");
	is(kvt_abort(NULL, &slot, 1, NULL), -EINVAL, "abort: no space");
	is(kvt_release_blocks(space, NULL, 1, NULL), -EINVAL, "no blocks");
	is(kvt_commit_blocks(space, NULL, 1), -EINVAL, "commit: no blocks");
	is(kvt_put(space, keys, 1, NULL, NULL, NULL), -EINVAL, "put: no data");
	is(kvt_put(NULL, keys, 1, data, NULL, NULL), -EINVAL, "put: no space");
	is(kvt_put(space, keys, SIZE_MAX / 2, data, NULL, NULL), -EINVAL,
	   "put: more than memory has");
	is(kvt_get(space, keys, 1, 0, 0, NULL, NULL), -EINVAL, "get: no data");
	is(kvt_get(space, keys, 1, FAKE_BLOCK, 0, data, NULL), -EINVAL,
	   "get: past the block");
	is(kvt_get(NULL, keys, 1, 0, 0, data, NULL), -EINVAL, "get: no space");
	is(kvt_lookup(space, keys, SIZE_MAX, NULL, NULL), -EINVAL, "too many");
	is(kvt_lookup(space, keys, 1, &pad, NULL), -EINVAL, "padding");
	is(fake.nr_batches, 0, "none of them reached the kernel");
}

static void what_is_sent(void)
{
	uint32_t slots[2] = { 5, 6 };
	struct kvt_how how = {
		.flags = KVT_F_CLASS, .class_id = 3, .tier = KVT_TIER_CXL,
	};

	start();
	is(kvt_release(space, slots, 2, NULL, results), 2, "release");
	is(fake.batches[0].op, KVT_OP_RELEASE, "its op");
	is(fake.first[0].slot, 5, "its slot");
	is(fake.first[0].key[0], 0, "no key");
	is(results[1], KVT_TIER_CXL, "its result");

	is(kvt_prefetch(space, keys, 1, &how, NULL), 1, "prefetch");
	is(fake.batches[1].tier, KVT_TIER_CXL, "tier");
	is(fake.batches[1].class_id, 3, "class");
	is(fake.batches[1].flags, KVT_F_CLASS, "flags");

	kvt_put(space, keys, 2, data, NULL, NULL);
	is(fake.first[2].addr, (uintptr_t)data, "put: address");
	is(fake.last[2].addr, (uintptr_t)data + FAKE_BLOCK, "put: the next block's");
	is(fake.first[2].len, 0, "put: no length");

	is(kvt_get(space, keys, NR, 4096, 0, data, NULL), NR, "get");
	is(fake.first[3].pos, 4096, "from");
	is(fake.first[3].len, FAKE_BLOCK - 4096, "up to the end");
	kvt_get(space, keys, 1, 1, 2, data, NULL);
	is(fake.first[4].len, 2, "or as said");
	kvt_get(space, keys, 3, 1, 2, data, NULL);
	is(fake.last[5].addr, (uintptr_t)data + 4, "get: back to back");
}

static void many(void)
{
	int i, wrong = 0;

	start();
	is(kvt_acquire(space, keys, NR, NULL, blocks), NR, "many");
	for (i = 0; i < NR; i++)
		wrong += blocks[i].slot != (uint32_t)i ||
			 blocks[i].offset != (uint64_t)i * FAKE_BLOCK;
	is(wrong, 0, "each has its slot and offset");
	is(kvt_acquire(space, keys, NR, NULL, NULL), NR, "nowhere to put it");
}

static void releasing(void)
{
	start();
	fake.bad_entry = 150;
	fake.bad_result = -EINPROGRESS;
	is(kvt_acquire(space, keys, NR, NULL, blocks), 150, "a prefix leased");
	is(kvt_release_blocks(space, blocks, NR, NULL), 150,
	   "just that is released");
	is(fake.batches[1].nr, 150, "no others are sent");
	is(blocks[0].result, KVT_TIER_CXL, "no lease is left");
	is(blocks[150].result, -EINPROGRESS, "what failed stays as it was");
	is(kvt_release_blocks(space, blocks, NR, NULL), 0, "twice is harmless");
	is(fake.nr_batches, 2, "and sends nothing");
}

static void committing(void)
{
	start();
	is(kvt_reserve(space, keys, 4, NULL, blocks), 4, "reserved");
	blocks[1].result |= KVT_RES_PRESENT | KVT_RES_LEASED;
	blocks[3].result = -ENOSPC;
	fake.bad_entry = 5; /* second of COMMIT's: blocks[2] */
	fake.bad_result = -ECANCELED;
	is(kvt_commit_blocks(space, blocks, 4), 1, "one of two sealed");
	is(fake.batches[1].nr, 2, "two were sent");
	is(blocks[0].result, KVT_TIER_CXL | KVT_RES_PRESENT, "sealed");
	is(blocks[1].result, KVT_TIER_CXL | KVT_RES_PRESENT | KVT_RES_LEASED,
	   "present: passed over");
	is(blocks[2].result, -ECANCELED, "failed");
	is(blocks[3].result, -ENOSPC, "not reserved: passed over");
	is(kvt_commit_blocks(space, blocks, 4), 0, "twice is harmless");
	is(kvt_release_blocks(space, blocks, 4, NULL), 1,
	   "the lease RESERVE took is found");
}

static void aborting(void)
{
	start();
	kvt_reserve(space, keys, 2, NULL, blocks);
	blocks[0].result |= KVT_RES_PRESENT;
	is(kvt_abort_blocks(space, blocks, 2), 1, "one given back");
	is(blocks[1].result, -ECANCELED, "and says so");
	is(kvt_abort_blocks(space, blocks, 2), 0, "twice is harmless");
}

static void refused(void)
{
	start();
	kvt_acquire(space, keys, 2, NULL, blocks);
	fake.fail_batch = 1;
	fake.fail_errno = EKEYREJECTED;
	is(kvt_release_blocks(space, blocks, 2, NULL), -EKEYREJECTED, "refused");
	is(blocks[0].result, KVT_RES_LEASED | KVT_TIER_CXL, "nothing changed");
}

int main(void)
{
	fake_reset();
	space = fake_open(0);
	keys = fake_keys(NR);
	arguments();
	what_is_sent();
	many();
	releasing();
	committing();
	aborting();
	refused();
	free(keys);
	kvt_close(space);
	return done();
}
