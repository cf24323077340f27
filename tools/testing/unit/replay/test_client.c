// SPDX-License-Identifier: GPL-2.0
/* What a client does for a request, against a space in memory. */
#include <errno.h>
#include <string.h>

#include "client.h"
#include "fake_space.h"
#include "random_trace.h"
#include "sim.h"

static struct kvt_space space;
static struct options options;
static struct tally tally;
static struct client client;
static atomic_int complaints, stop;

static void start(unsigned int capacity)
{
	fake_init(&space, capacity);
	memset(&tally, 0, sizeof(tally));
	options = (struct options) { .space = "fake", .sample = 2 };
	client = (struct client) {
		.options = &options,
		.space = &space,
		.tally = &tally,
		.complaints = &complaints,
		.stop = &stop,
	};
	must(!client_init(&client, 0));
}

static uint64_t count(enum count what)
{
	return tally.count[what];
}

static int request(uint64_t first, size_t nr)
{
	uint64_t ids[FAKE_FRAMES * 2];
	size_t i;

	must(nr <= FAKE_FRAMES * 2);
	for (i = 0; i < nr; i++)
		ids[i] = first + i;
	return client_request(&client, ids, nr);
}

static void finish(const char *what)
{
	ok(!fake_leases(&space) && !fake_count(&space, FAKE_FILLING),
	   "%s: no lease and no frame is left", what);
	client_free(&client);
}

static void test_hit(void)
{
	start(20);
	is(request(0, 10), 0, "a first request is done");
	is(count(COUNT_HITS), 0, "it hits nothing");
	is(count(COUNT_STORED), 10, "it stores everything");
	is(count(COUNT_STORED_BYTES), 10 * FAKE_BLOCK, "all bytes of it");
	is(request(0, 12), 0, "a second one is done");
	is(count(COUNT_HITS), 10, "it hits what the first stored");
	is(tally.tier_hits[KVT_TIER_DRAM], 10, "on the tier it is on");
	is(count(COUNT_VERIFIED), 10, "and verifies it");
	is(count(COUNT_WRONG), 0, "and finds it right");
	is(count(COUNT_STORED), 12, "and stores the rest");
	is(request(0, 0), 0, "a request without blocks is done");
	is(count(COUNT_REQUESTS), 3, "requests are counted");
	is(count(COUNT_BLOCKS), 22, "blocks are counted");
	is(space.most_leases, 10, "hits were leased");
	finish("hits");
}

static void test_wrong(void)
{
	start(20);
	request(0, 10);
	space.bytes[4][FAKE_BLOCK / 8 - 1] ^= 1ULL << 63;
	memcpy(space.bytes[7], space.bytes[6], FAKE_BLOCK);
	request(0, 10);
	is(count(COUNT_WRONG), 2, "wrong blocks are counted");
	finish("wrong blocks");

	start(20);
	options.verify = VERIFY_NONE;
	request(0, 10);
	space.bytes[4][0] ^= 1;
	request(0, 10);
	is(count(COUNT_VERIFIED), 0, "nothing is verified if not asked to");
	finish("no verification");

	start(100);
	options.verify = VERIFY_SAMPLE;
	options.sample = 4;
	request(0, 100);
	for (int i = 0; i < 40; i++)
		request(0, 100);
	ok(count(COUNT_VERIFIED) > 800 && count(COUNT_VERIFIED) < 1200,
	   "a sample is about what was asked for: %llu of 4000",
	   (unsigned long long)count(COUNT_VERIFIED));
	finish("sample");
}

static void test_part_of_block(void)
{
	start(20);
	options.fill_bytes = 1024;
	client_free(&client);
	must(!client_init(&client, 0));
	request(0, 5);
	is(count(COUNT_STORED_BYTES), 5 * 1024, "only a part is filled");
	ok(space.bytes[0][128] == 0xaaaaaaaaaaaaaaaaULL, "and no more");
	request(0, 5);
	is(count(COUNT_VERIFIED_BYTES), 5 * 1024, "only that is verified");
	is(count(COUNT_WRONG), 0, "and right");
	finish("part of a block");
}

static void test_too_long(void)
{
	start(8);
	is(request(0, 20), 0, "a chain longer than the space is done");
	is(count(COUNT_STORED), 8, "what has room is stored");
	is(count(COUNT_NO_SPACE), 1, "no space is counted once");
	is(count(COUNT_NOT_STORED), 12, "so is what was not stored");
	is(request(0, 20), 0, "again");
	is(count(COUNT_HITS), 8, "its begin is there");
	finish("too long");
}

static void test_quota(void)
{
	start(20);
	space.no_quota = 3;
	is(request(0, 10), 0, "a quota that is reached is no failure");
	is(count(COUNT_NO_QUOTA), 1, "it is counted");
	is(count(COUNT_STORED), 3, "what was given is stored");
	finish("quota");
}

static void test_busy(void)
{
	start(20);
	space.busy_at = 4;
	is(request(0, 10), 0, "a block that another fills is no failure");
	is(count(COUNT_FILLING), 1, "it is counted");
	is(count(COUNT_STORED), 9, "those around it are stored");
	is(count(COUNT_NOT_STORED), 1, "it is not");
	is(space.calls[KVT_OP_RESERVE], 1, "by one RESERVE");
	request(0, 10);
	is(count(COUNT_HITS), 4, "hits end before it");
	is(count(COUNT_PRESENT), 5, "those after it are found present");
	is(count(COUNT_STORED), 10, "and it is stored now");
	request(0, 10);
	is(count(COUNT_HITS), 14, "then all is there");
	finish("busy");

	start(20);
	space.busy_at = 0;
	request(0, 1);
	is(count(COUNT_STORED), 0, "a single block that another fills");
	finish("busy at the end");
}

static void test_lost(void)
{
	start(20);
	space.lose_commits = 1;
	is(request(0, 10), 0, "refused seals are no failure");
	is(count(COUNT_LOST), 10, "they are counted");
	is(count(COUNT_STORED), 0, "nothing was stored");
	finish("lost");
}

static void test_wait(void)
{
	start(20);
	options.wait_ns = 1000;
	space.full_at = 6;
	is(request(0, 10), 0, "frames that come late are no failure");
	is(count(COUNT_STORED), 10, "all is stored");
	is(count(COUNT_WAITS), 1, "the wait is counted");
	is(count(COUNT_NO_SPACE), 0, "want of space is not");
	is(space.calls[KVT_OP_RESERVE], 2, "by one RESERVE more");
	request(0, 10);
	is(count(COUNT_HITS), 10, "all is one chain, and is hit");
	is(count(COUNT_WAITS), 2, "with a wait, too");
	is(space.calls[KVT_OP_ACQUIRE], 3, "by one ACQUIRE more");
	finish("wait");

	start(20);
	space.full_at = 6;
	request(0, 10);
	is(count(COUNT_NO_SPACE), 1, "with no time there is no wait");
	is(count(COUNT_STORED), 6, "and what had no frame is not stored");
	finish("no wait");

	start(8);
	options.wait_ns = 1000;
	request(0, 20);
	is(count(COUNT_WAITS), 1, "a wait may be in vain");
	is(count(COUNT_NO_SPACE), 1, "which counts as want of space, once");
	is(count(COUNT_STORED), 8, "what had room is stored");
	is(count(COUNT_NOT_STORED), 12, "the rest is not");
	finish("wait in vain");
}

static void test_look(void)
{
	start(20);
	options.look = true;
	space.tier = KVT_TIER_NVME;
	request(0, 4);
	request(0, 8);
	is(tally.found[KVT_TIER_NVME], 4, "hits are counted where they were");
	is(tally.tier_hits[KVT_TIER_DRAM], 4, "and where they are");
	is(space.calls[KVT_OP_LOOKUP], 2, "by one LOOKUP a request");
	options.look = false;
	request(0, 8);
	is(tally.found[KVT_TIER_DRAM], 8, "which is the same if nobody looks");
	finish("look");
}

static void test_refused(void)
{
	start(20);
	request(0, 5);
	space.fail_op = KVT_OP_RESERVE;
	space.fail_err = -ENOMEM;
	is(request(0, 10), -ENOMEM, "a RESERVE refused as a whole ends it");
	is(count(COUNT_REQUESTS), 1, "that request is not counted");
	finish("RESERVE refused");

	start(20);
	space.fail_op = KVT_OP_ACQUIRE;
	space.fail_err = -EKEYREJECTED;
	is(request(0, 10), -EKEYREJECTED, "an ACQUIRE refused as a whole too");
	finish("ACQUIRE refused");
}

static void test_read_only(void)
{
	start(20);
	request(0, 5);
	options.read_only = true;
	is(request(0, 10), 0, "a read-only request is done");
	is(count(COUNT_HITS), 5, "it hits");
	is(count(COUNT_STORED), 5, "and stores nothing");
	finish("read-only");
}

static void test_hold(void)
{
	start(20);
	request(0, 5);
	options.hold_ns = 30000000;
	request(0, 5);
	is(count(COUNT_VERIFIED), 10, "held blocks are verified twice");
	finish("hold");
}

/* Eviction and all: the client makes of a cache what the simulator says. */
static void test_as_simulated(void)
{
	unsigned int seed, differ = 0;
	struct sim_result result;
	struct sim_input in;
	size_t r;

	for (seed = 0; seed < 20; seed++) {
		memset(&in, 0, sizeof(in));
		random_trace(&in.trace, seed, 100, 3);
		must(!sim_prepare(&in));
		start(40);
		for (r = 0; r < in.trace.nr_requests; r++)
			must(!client_request(&client, in.trace.ids +
					     in.trace.requests[r].first,
					     in.trace.requests[r].nr));
		must(!sim_run(&in, &sim_policy_lru, 40, &result));
		differ += result.hits != count(COUNT_HITS) ||
			  count(COUNT_WRONG);
		client_free(&client);
		sim_free(&in);
		trace_free(&in.trace);
	}
	is(differ, 0, "hits are those of the simulator, no wrong block");
}

int main(void)
{
	test_hit();
	test_wrong();
	test_part_of_block();
	test_too_long();
	test_quota();
	test_busy();
	test_lost();
	test_wait();
	test_look();
	test_refused();
	test_read_only();
	test_hold();
	test_as_simulated();
	return done();
}
