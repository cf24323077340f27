// SPDX-License-Identifier: GPL-2.0
/* Long commands: where they are cut, how a chain goes on, what a failure leaves. */
#include <stdlib.h>

#include "fake.h"
#include "tap.h"

#define PART	KVT_MAX_BATCH
#define LONG	(2 * PART + 5)

static struct kvt_space *space;
static struct kvt_key *keys;
static struct kvt_block blocks[LONG];
static int32_t results[LONG];

static void start(void)
{
	struct kvt_space_info info = fake.info;

	fake_reset();
	fake.info = info;
	memset(blocks, 0xaa, sizeof(blocks));
	memset(results, 0xaa, sizeof(results));
}

static bool key_is(const uint8_t *key, size_t i)
{
	return !memcmp(key, keys[i].bytes, KVT_KEY_SIZE);
}

static bool is_zero(const uint8_t *key)
{
	static const uint8_t zero[KVT_KEY_SIZE];

	return !memcmp(key, zero, sizeof(zero));
}

static void cuts(void)
{
	start();
	is(kvt_lookup(space, keys, 0, NULL, NULL), 0, "nothing to do");
	is(fake.nr_batches, 0, "is not submitted");
	is(kvt_lookup(space, keys, PART, NULL, blocks), PART, "a full batch");
	is(fake.nr_batches, 1, "is one");
	start();
	is(kvt_lookup(space, keys, LONG, NULL, blocks), LONG, "two and a bit");
	is(fake.nr_batches, 3, "are three");
	is(fake.batches[0].nr, PART, "of which the first is full");
	is(fake.batches[2].nr, 5, "and the last the rest");
	ok(key_is(fake.first[2].key, 2 * PART), "with the right keys");
	is(blocks[LONG - 1].slot, LONG - 1, "results are where they belong");
	ok(is_zero(fake.batches[1].parent), "LOOKUP states no parent");
}

static void chain_parents(void)
{
	struct kvt_how how = { .parent = &keys[7] };

	start();
	is(kvt_reserve(space, keys, LONG, &how, blocks), LONG, "long RESERVE");
	ok(key_is(fake.batches[0].parent, 7), "first parent: the caller's");
	ok(key_is(fake.batches[1].parent, PART - 1), "then the last key before");
	ok(key_is(fake.batches[2].parent, 2 * PART - 1), "and again");
	start();
	how.flags = KVT_F_FLAT;
	kvt_reserve(space, keys, LONG, &how, blocks);
	ok(key_is(fake.batches[2].parent, 7), "FLAT: always the caller's");
	start();
	kvt_reserve(space, keys, 3, NULL, blocks);
	ok(is_zero(fake.batches[0].parent), "no parent: a root");
}

static void chain_end(long at)
{
	start();
	fake.bad_entry = at;
	fake.bad_result = -ENOENT;
	is(kvt_acquire(space, keys, LONG, NULL, blocks), at,
	   "chain ends at %ld", at);
	is(fake.nr_batches, at / PART + 1, "and goes no further");
	ok(at == 0 || blocks[at - 1].result == (KVT_RES_LEASED | KVT_TIER_CXL),
	   "the prefix stands");
	is(blocks[at].result, -ENOENT, "the one that failed says why");
	is(blocks[at + 1].result, -ECANCELED, "the next was not reached");
	is(blocks[LONG - 1].result, -ECANCELED, "nor the last");
}

/* What is being filled elsewhere is cared for: RESERVE goes on behind it. */
static void filled_elsewhere(long at, int result)
{
	start();
	fake.bad_entry = at;
	fake.bad_result = result;
	is(kvt_reserve(space, keys, LONG, NULL, blocks), LONG - 1,
	   "RESERVE, %ld is being filled", at);
	is(fake.nr_batches, 3, "goes on");
	is(blocks[at].result, result, "and says which");
	is(blocks[LONG - 1].result, KVT_TIER_CXL, "the last is reserved");
}

static void each_goes_on(void)
{
	start();
	fake.bad_entry = 3;
	fake.bad_result = -ENOENT;
	is(kvt_drop(space, keys, LONG, NULL, results), LONG - 1,
	   "each: one fails, the others do not");
	is(results[3], -ENOENT, "that one");
	is(results[LONG - 1], KVT_TIER_CXL, "not the last");
}

static void refused(void)
{
	start();
	fake.fail_batch = 0;
	fake.fail_errno = EINVAL;
	is(kvt_acquire(space, keys, LONG, NULL, blocks), -EINVAL,
	   "first part refused: the call fails");
	is(fake.nr_batches, 1, "at once");
	start();
	fake.fail_batch = 1;
	fake.fail_errno = ENOMEM;
	is(kvt_acquire(space, keys, LONG, NULL, blocks), PART,
	   "later part refused: what was done counts");
	is(fake.nr_batches, 2, "no further part is tried");
	is(blocks[PART - 1].result, KVT_RES_LEASED | KVT_TIER_CXL, "done before");
	is(blocks[PART].result, -ENOMEM, "refused part says why");
	is(blocks[LONG - 1].result, -ENOMEM, "so does what came after it");
}

static void time_left(void)
{
	struct kvt_how how = { .flags = KVT_F_WAIT, .timeout_ns = 1000000000 };

	start();
	kvt_acquire(space, keys, LONG, &how, blocks);
	is(fake.batches[0].timeout_ns, 1000000000, "first part: the whole time");
	ok(fake.batches[1].timeout_ns < 1000000000, "second: what is left");
	ok(fake.batches[2].timeout_ns <= fake.batches[1].timeout_ns &&
	   fake.batches[2].timeout_ns > 0, "third: no more than that");
	is(fake.batches[2].flags, KVT_F_WAIT, "flags are kept");
	start();
	how.timeout_ns = 1;
	kvt_acquire(space, keys, LONG, &how, blocks);
	is(fake.batches[1].timeout_ns, 1, "time is over: the shortest, not none");
	start();
	how.timeout_ns = UINT64_MAX;
	kvt_acquire(space, keys, 1, &how, blocks);
	ok(fake.batches[0].timeout_ns == UINT64_MAX,
	   "a time out of range is the kernel's to refuse");
}

static void raw(void)
{
	struct kvt_entry entry = { .addr = 42, .pos = 1, .len = 2 };
	struct kvt_batch batch = {
		.op = KVT_OP_GET, .nr = 1, .entries = (uintptr_t)&entry,
	};
	struct kvt_how bad = { .pad = 1 };

	start();
	fake.nr_eintr = 3;
	is(kvt_submit(space, &batch), 0, "raw batch, interrupted thrice");
	is(batch.size, sizeof(batch), "size is filled in");
	is(fake.nr_ioctls, 4, "tried again each time");
	is(fake.first[0].addr, 42, "entries as they are");
	is(kvt_submit(space, NULL), -EINVAL, "no batch");
	is(kvt_submit(NULL, &batch), -EINVAL, "no space");
	is(kvt_run(space, KVT_OP_GET, &entry, 1, NULL), 1, "kvt_run");
	is(fake.first[1].pos, 1, "entries as they are");
	is(kvt_run(space, KVT_OP_GET, NULL, 1, NULL), -EINVAL, "no entries");
	is(kvt_run(space, KVT_OP_GET, &entry, 1, &bad), -EINVAL, "padding set");
	is(kvt_run(space, KVT_OP_GET, &entry, SIZE_MAX, NULL), -EINVAL,
	   "absurd count");
}

static void run_long(void)
{
	struct kvt_entry *entries = calloc(LONG, sizeof(*entries));

	start();
	fake.bad_entry = PART;
	fake.bad_result = -ENOSPC;
	is(kvt_run(space, KVT_OP_RESERVE, entries, LONG, NULL), PART,
	   "kvt_run of a long chain that ends");
	is(entries[PART].result, -ENOSPC, "there");
	is(entries[LONG - 1].result, -ECANCELED, "not reached");
	free(entries);
}

int main(void)
{
	fake_reset();
	space = fake_open(0);
	keys = fake_keys(LONG);
	cuts();
	chain_parents();
	chain_end(0);
	chain_end(3);
	chain_end(PART - 1);
	chain_end(PART);
	chain_end(LONG - 2);
	filled_elsewhere(0, -EINPROGRESS);
	filled_elsewhere(PART - 1, -EALREADY);
	each_goes_on();
	refused();
	time_left();
	raw();
	run_long();
	free(keys);
	kvt_close(space);
	return done();
}
