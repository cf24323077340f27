// SPDX-License-Identifier: GPL-2.0
/*
 * What goes when memory is full: leaves first, least recently used first;
 * what has a slower tier below it goes there.
 */
#include "kselftest_harness.h"
#include "nvme.h"

#define BS	16384U
#define FRAMES	(4 * KST_MIB / BS)	/* 256 */

static int open_rw(void)
{
	return kst_open(KST_SPACE, O_RDWR);
}

static struct kst_key parent_of(unsigned int chain, unsigned int n)
{
	return n ? kst_key(chain, n - 1) : kst_root;
}

/* Waits if all blocks that could go are just being moved. */
static int put(int fd, unsigned int chain, unsigned int n)
{
	return kst_put_wait(fd, kst_key(chain, n), parent_of(chain, n), BS,
			    chain * 100000 + n);
}

static int good(int fd, unsigned int chain, unsigned int n)
{
	return kst_get_pattern(fd, kst_key(chain, n), BS, chain * 100000 + n);
}

/* Uses blocks 0..n-1 of a chain as an engine does. */
static int use(int fd, unsigned int chain, unsigned int n)
{
	struct kvt_entry e[128];
	struct kvt_batch b;
	unsigned int i;

	kst_entries(e, n, chain, 0);
	kst_batch(&b, KVT_OP_ACQUIRE, e, n);
	if (kst_submit(fd, &b))
		return -1;
	for (i = 0; i < b.ok; i++)
		kst_release(fd, e[i].slot);
	return b.ok;
}

static unsigned int present(int fd, unsigned int chain, unsigned int n)
{
	unsigned int i, sum = 0;

	for (i = 0; i < n; i++)
		sum += kst_lookup(fd, kst_key(chain, i)) >= 0;
	return sum;
}

static unsigned int prefix(int fd, unsigned int chain, unsigned int n)
{
	struct kvt_entry e[512];
	struct kvt_batch b;

	kst_entries(e, n, chain, 0);
	kst_batch(&b, KVT_OP_LOOKUP, e, n);
	return kst_submit(fd, &b) ? ~0U : b.ok;
}

static int no_watermarks(void)
{
	return kst_knob(KST_SPACE, "low_watermark", "0") ?:
	       kst_knob(KST_SPACE, "high_watermark", "0");
}

FIXTURE(one_tier) {
	struct kvt_entry e;
};

FIXTURE_SETUP(one_tier)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, 4, 0));
}

FIXTURE_TEARDOWN_PARENT(one_tier)
{
	EXPECT_EQ(0, kst_cleanup());
}

TEST_F(one_tier, nothing_goes_without_need)
{
	int fd = open_rw();
	unsigned int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, no_watermarks());
	for (i = 0; i < FRAMES; i++) {
		ASSERT_EQ(0, put(fd, 1, i));
	}
	EXPECT_EQ(FRAMES, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "evictions"));
	ASSERT_EQ(0, put(fd, 2, 0));
	EXPECT_LE(1, kst_stat(KST_SPACE, "evictions"));
	EXPECT_EQ(0, good(fd, 2, 0));
}

/* Of one long chain the end goes, block by block; the rest is a prefix. */
TEST_F(one_tier, leaf_first)
{
	int fd = open_rw();
	unsigned int i, n;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, no_watermarks());
	for (i = 0; i < FRAMES; i++) {
		ASSERT_EQ(0, put(fd, 1, i));
	}
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, put(fd, 100 + i, 0));
		n = present(fd, 1, FRAMES);
		ASSERT_EQ(n, prefix(fd, 1, FRAMES));
	}
	/*
	 * The chain was used before the others, so all that went is its. A
	 * few more than needed may go at a time.
	 */
	n = present(fd, 1, FRAMES);
	EXPECT_GE(FRAMES - 100, n);
	EXPECT_LE(FRAMES - 100 - 32, n);
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(0, good(fd, 100 + i, 0));
	}
}

/* Random trees, random use: the set of what is there is always closed. */
TEST_F(one_tier, parents_outlive_children)
{
	int fd = open_rw();
	unsigned int i, c;

	ASSERT_LE(0, fd);
	srand(3);
	for (i = 0; i < 300; i++) {
		unsigned int n, len = 1 + rand() % 40;

		c = 1 + rand() % 30;
		for (n = use(fd, c, len); n < len; n++) {
			ASSERT_LE(0, put(fd, c, n));
		}
	}
	/* Nothing goes any more. */
	ASSERT_EQ(0, no_watermarks());
	kst_settle(KST_SPACE);
	for (c = 1; c <= 30; c++) {
		unsigned int n = prefix(fd, c, 40);

		EXPECT_EQ(n, present(fd, c, 40)) {
			TH_LOG("chain %u", c);
		}
		while (n--) {
			EXPECT_EQ(0, good(fd, c, n));
		}
	}
	EXPECT_LT(100, kst_stat(KST_SPACE, "evictions"));
}

TEST_F(one_tier, least_recently_used_first)
{
	int fd = open_rw();
	unsigned int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, no_watermarks());
	for (i = 0; i < FRAMES; i++) {
		ASSERT_EQ(0, put(fd, 1 + i, 0));
	}
	kst_sleep_ms(20);
	/* The odd half is used again, from the last to the first. */
	for (i = 0; i < FRAMES; i += 2) {
		ASSERT_EQ(1, use(fd, FRAMES - i, 1));
	}
	kst_sleep_ms(20);
	for (i = 0; i < FRAMES / 4; i++) {
		ASSERT_EQ(0, put(fd, 1000 + i, 0));
	}
	for (i = 1; i <= FRAMES; i++) {
		int there = kst_lookup(fd, kst_key(i, 0)) >= 0;

		/* The oldest quarter, and no more than a few ahead, went. */
		if (i % 2 && i < FRAMES / 2) {
			EXPECT_FALSE(there);
		}
		if (i % 2 == 0 || i > FRAMES / 2 + 64) {
			EXPECT_TRUE(there) {
				TH_LOG("block %u", i);
			}
		}
	}
}

TEST_F(one_tier, lookup_and_get_do_not_lease)
{
	int fd = open_rw();
	unsigned int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, no_watermarks());
	for (i = 0; i < FRAMES; i++) {
		ASSERT_EQ(0, put(fd, 1 + i, 0));
	}
	kst_sleep_ms(20);
	/* LOOKUP is no use: the oldest goes even so. */
	for (i = 0; i < 50; i++) {
		EXPECT_EQ(0, kst_lookup(fd, kst_key(1, 0)));
	}
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, put(fd, 1000 + i, 0));
	}
	EXPECT_EQ(-ENOENT, kst_lookup(fd, kst_key(1, 0)));
}

/* Blocks that no prefix reaches are the first to go. */
TEST_F(one_tier, orphans_go_first)
{
	int fd = open_rw();
	unsigned int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, no_watermarks());
	for (i = 0; i < FRAMES / 2; i++) {
		ASSERT_EQ(0, put(fd, 1, i));
	}
	/* Used later than the chain, but without a parent */
	for (i = 0; i < FRAMES / 2; i++) {
		ASSERT_EQ(0, kst_put_pattern(fd, kst_key(10 + i, 1),
					     kst_key(10 + i, 0), BS, i));
	}
	for (i = 0; i < FRAMES / 4; i++) {
		ASSERT_EQ(0, put(fd, 1000 + i, 0));
	}
	EXPECT_EQ(FRAMES / 2, prefix(fd, 1, FRAMES / 2));
}

TEST_F(one_tier, watermarks)
{
	int fd = open_rw();
	unsigned int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "high_watermark", "250"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "low_watermark", "125"));
	/* Above the low mark nothing goes. */
	for (i = 0; i < FRAMES - FRAMES / 8 - 1; i++) {
		ASSERT_EQ(0, put(fd, 1, i));
	}
	kst_sleep_ms(300);
	EXPECT_EQ(FRAMES - FRAMES / 8 - 1, kst_attr(KST_SPACE, "blocks"));
	/* Below it, the background makes room up to the high one. */
	for (; i < FRAMES - FRAMES / 8 + 4; i++) {
		ASSERT_EQ(0, put(fd, 1, i));
	}
	/* It may have been there before the last four were put. */
	EXPECT_TRUE(KST_UNTIL(kst_arena(KST_SPACE, 0, "free") >=
			      (long long)FRAMES / 4 - 4));
	kst_settle(KST_SPACE);
	EXPECT_GE(FRAMES / 4, kst_arena(KST_SPACE, 0, "free"));
	EXPECT_LE(FRAMES - FRAMES / 4 - 4, prefix(fd, 1, FRAMES));
}

/* ------------------------------------------------------------------ */

#define CXL_FRAMES (8 * KST_MIB / BS)	/* 512 */

FIXTURE(two_tiers) {
	struct kvt_entry e;
};

FIXTURE_SETUP(two_tiers)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, 4, 8));
}

FIXTURE_TEARDOWN_PARENT(two_tiers)
{
	EXPECT_EQ(0, kst_cleanup());
}

static int fill_chain(int fd, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (put(fd, 1, i) < 0)
			return -1;
	}
	return 0;
}

TEST_F(two_tiers, demotion_keeps_blocks)
{
	unsigned int i, slow = 0, n = FRAMES + CXL_FRAMES / 2;
	int fd = open_rw();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fill_chain(fd, n));
	/* By the worker, which may come to it only now. */
	EXPECT_TRUE(KST_UNTIL(kst_stat(KST_SPACE, "demotions") > 0));
	ASSERT_EQ(0, no_watermarks());
	kst_settle(KST_SPACE);
	EXPECT_EQ(n, prefix(fd, 1, n));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "evictions"));
	for (i = 0; i < n; i++) {
		int tier = kst_lookup(fd, kst_key(1, i));

		ASSERT_LE(0, tier);
		ASSERT_GE(KVT_TIER_CXL, tier);
		slow += tier == KVT_TIER_CXL;
		EXPECT_EQ(0, good(fd, 1, i));
	}
	EXPECT_LE(CXL_FRAMES / 2, slow);
	EXPECT_EQ(slow, kst_arena(KST_SPACE, 1, "blocks"));
	EXPECT_EQ(n - slow, kst_arena(KST_SPACE, 0, "blocks"));
}

TEST_F(two_tiers, second_tier_full)
{
	unsigned int n = FRAMES + CXL_FRAMES, i, there;
	int fd = open_rw();

	ASSERT_LE(0, fd);
	/*
	 * No help by the worker: while it moves the chain's only leaf, others would
	 * have to go.
	 */
	ASSERT_EQ(0, no_watermarks());
	ASSERT_EQ(0, fill_chain(fd, n - 40));
	for (i = 0; i < 200; i++) {
		ASSERT_LE(0, put(fd, 1000 + i, 0));
	}
	EXPECT_LT(100, kst_stat(KST_SPACE, "evictions"));
	there = present(fd, 1, 512);
	EXPECT_EQ(there, prefix(fd, 1, 512));
	for (i = 0; i < there; i += 5) {
		EXPECT_EQ(0, good(fd, 1, i));
	}
	/* The newest blocks are not those that went. */
	for (i = 0, there = 0; i < 200; i++) {
		int ret = good(fd, 1000 + i, 0);

		EXPECT_NE(1, ret);
		there += !ret;
	}
	EXPECT_EQ(200, there);
	EXPECT_GE(n, kst_attr(KST_SPACE, "blocks"));
}

/* Some block on the slow tier; its number. */
static int slow_block(int fd, unsigned int n)
{
	while (n--) {
		if (kst_lookup(fd, kst_key(1, n)) == KVT_TIER_CXL)
			return n;
	}
	return -1;
}

static int tier_of(int result)
{
	return result < 0 ? result : result & KVT_RES_TIER_MASK;
}

TEST_F(two_tiers, promote_knob)
{
	unsigned int n = FRAMES + CXL_FRAMES / 2;
	struct kst_key k;
	char *w1;
	int fd = open_rw(), i;
	struct kvt_space_info info;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_info(fd, &info));
	ASSERT_EQ(0, fill_chain(fd, n));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "promote", "off"));
	i = slow_block(fd, n);
	ASSERT_LE(0, i);
	k = kst_key(1, i);
	/* off: leased in place, through the other window */
	EXPECT_EQ(KVT_TIER_CXL, tier_of(kst_acquire(fd, k, 0, &self->e)));
	ASSERT_LE(info.arenas[1].window_offset, self->e.offset);
	w1 = kst_map_window(fd, 1, PROT_READ, NULL);
	ASSERT_NE(NULL, w1);
	EXPECT_TRUE(kst_holds(w1 + self->e.offset -
			      info.arenas[1].window_offset, BS, 100000 + i));
	EXPECT_EQ(0, kst_release(fd, self->e.slot));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "promotions"));
	/* always, but the caller does not want it */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "promote", "always"));
	EXPECT_EQ(KVT_TIER_CXL, tier_of(kst_acquire(fd, k, KVT_F_NO_PROMOTE,
						    &self->e)));
	EXPECT_EQ(0, kst_release(fd, self->e.slot));
	/* always, once the worker has done with making room */
	ASSERT_TRUE(KST_UNTIL(kst_arena(KST_SPACE, 0, "free") * 1000 >
			      kst_attr(KST_SPACE, "low_watermark") * (long long)FRAMES));
	EXPECT_EQ(KVT_TIER_DRAM, tier_of(kst_acquire(fd, k, 0, &self->e)));
	ASSERT_GT(info.arenas[0].window_offset + info.arenas[0].window_len,
		  self->e.offset);
	EXPECT_EQ(0, kst_release(fd, self->e.slot));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "promotions"));
	EXPECT_EQ(0, good(fd, 1, i));
	EXPECT_EQ(n, prefix(fd, 1, n));
}

TEST_F(two_tiers, promote_free_needs_room)
{
	unsigned int i, n = FRAMES + CXL_FRAMES / 2;
	int fd = open_rw(), b;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fill_chain(fd, n));
	b = slow_block(fd, n);
	ASSERT_LE(0, b);
	/* Room above: everything on the fast tier goes. */
	for (i = 0; i < n; i++) {
		if ((int)i != b && kst_lookup(fd, kst_key(1, i)) == 0)
			kst_drop(fd, kst_key(1, i), 0);
	}
	EXPECT_EQ(KVT_TIER_DRAM, tier_of(kst_acquire(fd, kst_key(1, b), 0,
						     &self->e)));
	EXPECT_EQ(0, kst_release(fd, self->e.slot));
	EXPECT_EQ(0, good(fd, 1, b));
}

TEST_F(two_tiers, leased_blocks_do_not_move)
{
	unsigned int n = FRAMES + CXL_FRAMES / 2, i;
	int fd = open_rw();
	char *w;

	ASSERT_LE(0, fd);
	w = kst_map_window(fd, 0, PROT_READ, NULL);
	ASSERT_NE(NULL, w);
	ASSERT_EQ(0, put(fd, 7, 0));
	ASSERT_LE(0, kst_acquire(fd, kst_key(7, 0), 0, &self->e));
	for (i = 0; i < n; i++) {
		ASSERT_LE(0, put(fd, 100 + i, 0));
	}
	EXPECT_EQ(KVT_TIER_DRAM, kst_lookup(fd, kst_key(7, 0)));
	EXPECT_TRUE(kst_holds(w + self->e.offset, BS, 700000));
	EXPECT_EQ(0, kst_release(fd, self->e.slot));
}

TEST_F(two_tiers, prefetch)
{
	unsigned int n = FRAMES + CXL_FRAMES / 2;
	int fd = open_rw(), b, ret;
	struct kvt_entry e;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fill_chain(fd, n));
	b = slow_block(fd, n);
	ASSERT_LE(0, b);
	kst_entries(&e, 1, 1, b);
	ret = kst_one(fd, KVT_OP_PREFETCH, 0, &e);
	EXPECT_EQ(KVT_TIER_CXL, tier_of(ret));
	/* It is a hint, and may be forgotten. */
	EXPECT_TRUE(KST_UNTIL(kst_lookup(fd, kst_key(1, b)) == KVT_TIER_DRAM ||
			      kst_one(fd, KVT_OP_PREFETCH, 0, &e) < 0));
	EXPECT_EQ(KVT_TIER_DRAM, kst_lookup(fd, kst_key(1, b)));
	EXPECT_EQ(0, good(fd, 1, b));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(n, prefix(fd, 1, n));
}

#define READS 1000

/* Moves, hits and drops at random: every byte that is read is right. */
TEST_F_TIMEOUT(two_tiers, bytes_survive_all_moves, 60)
{
	__u64 end = kst_now_ms() + KST_PATIENCE;
	unsigned int reads = 0;
	int fd = open_rw();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "promote", "always"));
	srand(5);
	while ((reads < READS || kst_stat(KST_SPACE, "demotions") <= 100 ||
		kst_stat(KST_SPACE, "promotions") <= 10) && kst_now_ms() < end) {
		unsigned int n, c = 1 + rand() % 60, len = 1 + rand() % 30;

		for (n = use(fd, c, len); n < len; n++) {
			ASSERT_LE(0, put(fd, c, n));
		}
		n = rand() % len;
		ASSERT_EQ(0, good(fd, c, n)) {
			TH_LOG("chain %u, block %u", c, n);
		}
		reads++;
	}
	EXPECT_LE(READS, reads);
	EXPECT_LT(100, kst_stat(KST_SPACE, "demotions"));
	EXPECT_LT(10, kst_stat(KST_SPACE, "promotions"));
	/* The accounts balance as soon as nothing moves. */
	EXPECT_TRUE(KST_UNTIL(kst_attr(KST_SPACE, "blocks") ==
			      kst_arena(KST_SPACE, 0, "blocks") +
			      kst_arena(KST_SPACE, 1, "blocks")));
	EXPECT_TRUE(KST_UNTIL(kst_arena(KST_SPACE, 0, "blocks") +
			      kst_arena(KST_SPACE, 0, "free") == FRAMES));
	EXPECT_TRUE(KST_UNTIL(kst_arena(KST_SPACE, 1, "blocks") +
			      kst_arena(KST_SPACE, 1, "free") == CXL_FRAMES));
}

TEST_HARNESS_MAIN
