// SPDX-License-Identifier: GPL-2.0
/*
 * The simulator of hosts with several tiers: against the one-tier simulator
 * where there is one, against a host so simple that it is plainly right, and what
 * has to hold whatever the trace.
 */
#include <string.h>

#include "random_trace.h"
#include "tiers.h"

#define MAX_BLOCKS	4096
#define BLOCK		(256 << 10)
#define SEGMENT		(1 << 20)
#define PER_SEGMENT	3	/* blocks */

static void prepare(struct sim_input *in, unsigned int seed,
		    unsigned int requests, unsigned int branch)
{
	memset(in, 0, sizeof(*in));
	random_trace(&in->trace, seed, requests, branch);
	must(!sim_prepare(in));
	must(in->blocks.nr < MAX_BLOCKS);
}

static void finish(struct sim_input *in)
{
	sim_free(in);
	trace_free(&in->trace);
}

/* No watermarks, no quota: a frame is free until it is used. */
static struct tiers_config make_host(uint32_t dram, uint32_t cxl,
				     uint32_t segments)
{
	struct tiers_config c;

	tiers_defaults(&c);
	c.frames[TIERS_DRAM] = dram;
	c.frames[TIERS_CXL] = cxl;
	c.segments = segments;
	c.low_watermark = 0;
	c.high_watermark = 0;
	c.lease_quota = 1000;
	must(!kvt_log_layout(&c.layout, SEGMENT, BLOCK));
	return c;
}

static struct tiers_result run(const struct sim_input *in,
			       const struct tiers_config *c)
{
	struct tiers_result r;

	must(!tiers_run(in, c, &r));
	return r;
}

/* --- one tier of memory ----------------------------------------------------------- */

static void test_one_tier(void)
{
	unsigned int seed, differ = 0, runs = 0;
	struct sim_result one;
	struct sim_input in;
	uint32_t frames;

	for (seed = 0; seed < 30; seed++) {
		prepare(&in, seed, 150, 2 + seed % 3);
		for (frames = 1; frames < 60; frames += 7, runs++) {
			struct tiers_config dram = make_host(frames, 0, 0);
			struct tiers_config cxl = make_host(0, frames, 0);

			must(!sim_run(&in, &sim_policy_lru, frames, &one));
			differ += run(&in, &dram).hits[TIERS_DRAM] != one.hits;
			differ += run(&in, &cxl).hits[TIERS_CXL] != one.hits;
		}
		finish(&in);
	}
	is(differ, 0, "a host with one tier is leaf-first LRU, %u times", runs);
}

/* --- dram and a log, by linear search ------------------------------------------------ */

/* A host with dram and nvme. */
struct slow {
	const struct sim_input *in;
	uint64_t clock;
	uint64_t age[MAX_BLOCKS];	/* last use, 0: not in memory */
	uint32_t copy[MAX_BLOCKS];	/* segment, from 1 on, 0: no copy */
	uint32_t segments, opened, in_open, dropped;
	uint32_t frames, nr_memory;
	unsigned int unsure;	/* which block went was left to chance */
	struct tiers_result r;
};

static struct slow slow;

static void slow_append(uint32_t b)
{
	if (!slow.opened || slow.in_open == PER_SEGMENT) {
		slow.opened++;
		slow.in_open = 0;
		if (slow.opened - slow.dropped == slow.segments) {
			uint32_t i;

			slow.dropped++;
			for (i = 0; i < slow.in->blocks.nr; i++)
				if (slow.copy[i] == slow.dropped) {
					slow.r.reclaimed += !slow.age[i];
					slow.copy[i] = 0;
				}
		}
	}
	slow.in_open++;
	slow.copy[b] = slow.opened;
	slow.r.writeouts++;
}

static int is_in(const uint32_t *chain, uint32_t nr, uint32_t b)
{
	while (nr--)
		if (chain[nr] == b)
			return 1;
	return 0;
}

static int has_kid(uint32_t b)
{
	uint32_t i;

	for (i = 0; i < slow.in->blocks.nr; i++)
		if (slow.age[i] && slow.in->blocks.parent[i] == b)
			return 1;
	return 0;
}

static uint64_t slow_rank(uint32_t b)
{
	uint32_t parent = slow.in->blocks.parent[b];

	return parent != BLOCK_NONE && !slow.age[parent] &&
	       !slow.copy[parent] ? 0 : slow.age[b];
}

static int slow_make_room(const uint32_t *chain, uint32_t nr)
{
	uint32_t i, victim = BLOCK_NONE;

	if (slow.nr_memory < slow.frames)
		return 1;
	for (i = 0; i < slow.in->blocks.nr; i++) {
		if (!slow.age[i] || is_in(chain, nr, i) || has_kid(i))
			continue;
		if (victim == BLOCK_NONE || slow_rank(i) < slow_rank(victim))
			victim = i;
		else if (slow_rank(i) == slow_rank(victim))
			slow.unsure++;
	}
	if (victim == BLOCK_NONE)
		return 0;
	if (slow.copy[victim])
		slow.r.write_skips++;
	else
		slow_append(victim);
	slow.age[victim] = 0;
	slow.nr_memory--;
	return 1;
}

static int slow_load(const uint32_t *chain, uint32_t nr, uint32_t b)
{
	if (slow.age[b])
		return 1;
	if (!slow.copy[b] || !slow_make_room(chain, nr) || !slow.copy[b])
		return 0;
	slow.nr_memory++;
	slow.age[b] = UINT64_MAX;
	slow.r.loads++;
	return 1;
}

static void slow_request(const struct trace_request *q)
{
	const uint32_t *chain = slow.in->blocks.of_ref + q->first;
	uint32_t i = 0;

	/* Held: what was found. What comes later in the chain may go meanwhile. */
	while (i < q->nr && slow_load(chain, i + 1, chain[i]))
		i++;
	slow.r.hits[TIERS_DRAM] += i;
	for (; i < q->nr; i++) {
		if (slow.age[chain[i]] || slow.copy[chain[i]])
			continue;
		if (!slow_make_room(chain, i))
			break;
		slow.nr_memory++;
		slow.age[chain[i]] = UINT64_MAX;
	}
	while (i--) {
		slow.clock++;
		if (slow.age[chain[i]])
			slow.age[chain[i]] = slow.clock;
	}
}

static struct tiers_result slow_run(const struct sim_input *in,
				    uint32_t frames, uint32_t segments)
{
	size_t i;

	memset(&slow, 0, sizeof(slow));
	slow.in = in;
	slow.frames = frames;
	slow.segments = segments;
	for (i = 0; i < in->trace.nr_requests; i++)
		slow_request(&in->trace.requests[i]);
	return slow.r;
}

static void test_log(void)
{
	unsigned int seed, differ = 0, runs = 0, reclaimed = 0, loads = 0;
	struct sim_input in;

	for (seed = 0; seed < 600; seed++) {
		struct tiers_config c = make_host(4 + seed % 23, 0,
						  2 + seed % 7);
		struct tiers_result fast, want;

		prepare(&in, seed, 40 + seed % 50, 2 + seed % 2);
		want = slow_run(&in, c.frames[TIERS_DRAM], c.segments);
		fast = run(&in, &c);
		finish(&in);
		if (slow.unsure)
			continue;
		runs++;
		reclaimed += fast.reclaimed;
		loads += fast.loads;
		differ += tiers_hits(&fast) != want.hits[TIERS_DRAM] ||
			  fast.loads != want.loads ||
			  fast.writeouts != want.writeouts ||
			  fast.write_skips != want.write_skips ||
			  fast.reclaimed != want.reclaimed;
	}
	is(differ, 0, "dram and nvme are as linear search has it, %u times", runs);
	ok(runs > 60 && reclaimed > 100 && loads > 100,
	   "which is not for want of work: %u blocks reclaimed, %u loaded",
	   reclaimed, loads);
}

/* --- what has to hold ------------------------------------------------------------------ */

static uint64_t left_memory(const struct tiers_result *r)
{
	return r->writeouts - r->carried - r->flushed + r->write_skips +
	       r->not_admitted + r->evictions;
}

static void test_room_for_all(void)
{
	unsigned int seed, wrong = 0, more = 0;
	struct sim_input in;

	for (seed = 0; seed < 40; seed++) {
		struct tiers_config c = make_host(12, 8, 400);
		struct tiers_result in_, ex;
		uint64_t best;

		c.low_watermark = 50;
		c.high_watermark = 100;
		prepare(&in, seed, 200, 3);
		best = in.trace.nr_ids - in.blocks.nr;
		in_ = run(&in, &c);
		c.exclusive = true;
		ex = run(&in, &c);
		wrong += tiers_hits(&in_) != best || tiers_hits(&ex) != best;
		wrong += in_.stored != in.blocks.nr || in_.not_stored;
		wrong += in_.writeouts > in.blocks.nr;
		wrong += in_.loads != in_.hits[TIERS_NVME];
		wrong += ex.writeouts < ex.loads || ex.write_skips;
		more += ex.writeouts > in_.writeouts;
		finish(&in);
	}
	is(wrong, 0, "with room for all on nvme, all is hit, and inclusive tiers write a block once");
	is(more, 40, "exclusive ones write more");
}

static void test_balance(void)
{
	unsigned int seed, wrong = 0;
	struct sim_input in;

	for (seed = 0; seed < 200; seed++) {
		struct tiers_config c = make_host(10 + seed % 9, seed % 11,
						  2 + seed % 9);
		struct tiers_result r;
		uint64_t came;

		c.low_watermark = seed % 60;
		c.high_watermark = 2 * c.low_watermark;
		c.carry_over = seed % 3 * 400;
		c.admission = seed % 2;
		c.exclusive = seed % 5 == 0;
		c.promote = seed % 3;
		prepare(&in, seed, 150, 2 + seed % 3);
		r = run(&in, &c);
		came = r.stored + r.loads;
		wrong += came < left_memory(&r) ||
			 came - left_memory(&r) > c.frames[TIERS_DRAM] +
						  c.frames[TIERS_CXL];
		wrong += r.writeouts * BLOCK != r.block_bytes_written;
		wrong += r.bytes_written < r.block_bytes_written;
		wrong += tiers_hits(&r) + r.stored + r.not_stored > r.blocks;
		wrong += c.exclusive && r.write_skips;
		wrong += !c.admission && r.not_admitted;
		wrong += !c.carry_over && r.carried;
		finish(&in);
	}
	is(wrong, 0, "what came into memory has left it, or is there");
}

static void test_admission(void)
{
	struct tiers_result all, second;
	struct tiers_config c = make_host(14, 0, 300);
	struct sim_input in;

	prepare(&in, 7, 300, 3);
	all = run(&in, &c);
	c.admission = TIERS_ADMIT_SECOND;
	second = run(&in, &c);
	ok(!all.not_admitted && second.not_admitted,
	   "second touch keeps blocks from nvme");
	ok(second.writeouts < all.writeouts, "so fewer are written");
	ok(tiers_hits(&second) <= tiers_hits(&all), "and no more are hit");
	finish(&in);
}

static void test_restart(void)
{
	struct tiers_config c = make_host(16, 0, 400);
	struct tiers_result r, without;
	struct sim_input in;

	prepare(&in, 3, 200, 3);
	without = run(&in, &c);
	c.restart_at = 100;
	r = run(&in, &c);
	ok(r.flushed > 0 && r.flushed <= 16, "a restart writes what is in memory only");
	is(tiers_hits(&r), tiers_hits(&without), "then all is found again");
	ok(r.loads > without.loads, "on nvme");
	ok(r.hits_after && r.hits_after < tiers_hits(&r) &&
	   r.blocks_after < r.blocks, "what came after it is told apart");
	c.segments = 0;
	r = run(&in, &c);
	c.restart_at = SIZE_MAX;
	without = run(&in, &c);
	ok(tiers_hits(&r) < tiers_hits(&without), "without nvme it is lost");
	finish(&in);
}

/* --- bytes ---------------------------------------------------------------------------------- */

static void test_bytes(void)
{
	struct kvt_log_layout l;
	struct seglog log;
	unsigned int i;

	must(!kvt_log_layout(&l, SEGMENT, BLOCK));
	is(seglog_segment_blocks(&l), PER_SEGMENT, "blocks of a segment");
	must(!seglog_init(&log, &l, 4, 0));
	for (i = 0; i < 2 * PER_SEGMENT; i++) {
		is(seglog_has_room(&log), i % PER_SEGMENT != 0,
		   "there is room for %u of %u", i % PER_SEGMENT, PER_SEGMENT);
		if (i % PER_SEGMENT == 0)
			seglog_open(&log, i);
		seglog_add(&log, i);
	}
	/* Header, open state, summary; footer and closed state of the first. */
	is(log.bytes, 2 * 3 * 4096 + 2 * 4096 + 2 * PER_SEGMENT * BLOCK,
	   "bytes of a closed and an open segment");
	seglog_drop_oldest(&log);
	is(log.bytes % BLOCK, 9 * 4096, "and a free one");
	seglog_free(&log);
}

int main(void)
{
	test_one_tier();
	test_log();
	test_room_for_all();
	test_balance();
	test_admission();
	test_restart();
	test_bytes();
	return done();
}
