// SPDX-License-Identifier: GPL-2.0
/*
 * Retention classes: blocks expire when they were not used for the time of
 * their class, go in the order of its priority, and not below its floor.
 */
#include "kselftest_harness.h"
#include "nvme.h"

#define BS	16384U
#define FRAMES	(4 * KST_MIB / BS)	/* 256, of dram in all fixtures */

static int open_rw(void)
{
	return kst_open(KST_SPACE, O_RDWR);
}

/* PUT, the class stated; patient, as blocks may have to be written first. */
static int put_seed(int fd, unsigned int class, struct kst_key key,
		    struct kst_key parent, __u64 seed)
{
	static char data[BS];
	struct kvt_entry e = { .addr = kst_ptr(data) };
	struct kvt_batch b;
	int err;

	kst_fill(data, BS, seed);
	memcpy(e.key, key.b, sizeof(e.key));
	kst_batch(&b, KVT_OP_PUT, &e, 1);
	memcpy(b.parent, parent.b, sizeof(b.parent));
	b.flags = KVT_F_CLASS | KVT_F_WAIT;
	b.timeout_ns = KST_PATIENCE * 1000000ULL;
	b.class_id = class;
	err = kst_submit(fd, &b);
	return err ?: e.result;
}

static int put(int fd, unsigned int class, unsigned int chain, unsigned int n)
{
	return put_seed(fd, class, kst_key(chain, n),
			n ? kst_key(chain, n - 1) : kst_root,
			kst_seed(chain, n));
}

static int put_chain(int fd, unsigned int class, unsigned int chain,
		     unsigned int nr)
{
	unsigned int n;
	int ret = 0;

	for (n = 0; n < nr && ret >= 0; n++)
		ret = put(fd, class, chain, n);
	return ret < 0 ? ret : 0;
}

static int good(int fd, unsigned int chain, unsigned int n)
{
	return kst_get_block(fd, chain, n, BS);
}

static int reserve(int fd, unsigned int class, unsigned int flags,
		   unsigned int ms, struct kst_key key, struct kvt_entry *e)
{
	struct kvt_batch b;
	int err;

	memset(e, 0, sizeof(*e));
	memcpy(e->key, key.b, sizeof(e->key));
	kst_batch(&b, KVT_OP_RESERVE, e, 1);
	b.flags = flags | KVT_F_CLASS;
	b.class_id = class;
	b.timeout_ns = ms * 1000000ULL;
	err = kst_submit(fd, &b);
	return err ?: e->result;
}

static int set(unsigned int class, const char *knob, const char *value)
{
	char path[32];

	snprintf(path, sizeof(path), "class%u/%s", class, knob);
	return kst_knob(KST_SPACE, path, value);
}

static const char *get(unsigned int class, const char *knob)
{
	static char text[64];
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/kvtier/" KST_SPACE "/class%u/%s",
		 class, knob);
	return kst_attr_text(path, text, sizeof(text)) ? "none" : text;
}

static int no_watermarks(void)
{
	return kst_knob(KST_SPACE, "low_watermark", "0") ?:
	       kst_knob(KST_SPACE, "high_watermark", "0");
}

/* Returns once what was used before the call is older than @ms. */
static void outlive(unsigned int ms)
{
	kst_sleep_ms(ms + 2);
}

/*
 * Is what was used last at @since, or later, still to be there, with a TTL of @ms? On
 * a machine that stood still for so long nothing can be said.
 */
static bool is_young(__u64 since, unsigned int ms)
{
	return kst_now_ms() - since < ms;
}

static int one(int fd, __u32 op, __u32 flags, unsigned int chain,
	       struct kvt_entry *e)
{
	kst_entries(e, 1, chain, 0);
	return kst_one(fd, op, flags, e);
}

/* ------------------------------------------------------------------ one tier */

FIXTURE(memory) {
	struct kvt_entry e;
	int fd;
};

FIXTURE_SETUP(memory)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, 4, 0));
	self->fd = open_rw();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, no_watermarks());
}

FIXTURE_TEARDOWN_PARENT(memory)
{
	EXPECT_EQ(0, kst_cleanup());
}

TEST_F(memory, defaults)
{
	unsigned int i;

	for (i = 0; i <= KVT_MAX_CLASS; i++) {
		EXPECT_STREQ("0", get(i, "ttl_s"));
		EXPECT_STREQ("3", get(i, "priority"));
		EXPECT_STREQ("remote", get(i, "floor"));
	}
	EXPECT_STREQ("none", get(i, "ttl_s"));
}

TEST_F(memory, values)
{
	static const char *const floors[] = { "dram", "cxl", "nvme", "remote" };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		EXPECT_EQ(0, set(3, "floor", floors[i]));
		EXPECT_STREQ(floors[i], get(3, "floor"));
	}
	EXPECT_EQ(-EINVAL, set(3, "floor", "disk"));
	EXPECT_EQ(-EINVAL, set(3, "floor", "0"));
	EXPECT_EQ(-EINVAL, set(3, "floor", "\n"));
	EXPECT_EQ(0, set(3, "floor", "cxl\n"));
	EXPECT_STREQ("cxl", get(3, "floor"));

	EXPECT_EQ(0, set(3, "priority", "0"));
	EXPECT_EQ(0, set(3, "priority", "7"));
	EXPECT_EQ(-EINVAL, set(3, "priority", "8"));
	EXPECT_EQ(-EINVAL, set(3, "priority", "-1"));
	EXPECT_EQ(-EINVAL, set(3, "priority", "high"));
	EXPECT_STREQ("7", get(3, "priority"));

	EXPECT_EQ(0, set(3, "ttl_s", "4294967295"));
	EXPECT_EQ(-ERANGE, set(3, "ttl_s", "4294967296"));
	EXPECT_EQ(-EINVAL, set(3, "ttl_s", "-1"));
	EXPECT_EQ(-EINVAL, set(3, "ttl_s", "1s"));
	EXPECT_EQ(-EINVAL, set(3, "ttl_s", "\n"));
	EXPECT_STREQ("4294967295", get(3, "ttl_s"));

	/* Others have theirs. */
	EXPECT_STREQ("0", get(2, "ttl_s"));
	EXPECT_STREQ("3", get(4, "priority"));
	EXPECT_STREQ("remote", get(15, "floor"));
}

TEST_F(memory, expires)
{
	int fd = self->fd;

	__u64 start;
	int ret;

	ASSERT_EQ(0, set(1, "ttl_s", "2"));
	ASSERT_EQ(0, set(2, "ttl_s", "4294967295"));
	ASSERT_EQ(0, put(fd, 2, 30, 0));
	ASSERT_EQ(0, put(fd, 0, 20, 0));
	start = kst_now_ms();
	ASSERT_EQ(0, put(fd, 1, 10, 0));
	ret = good(fd, 10, 0);
	if (is_young(start, 2000))
		EXPECT_EQ(0, ret);
	outlive(2000);
	EXPECT_EQ(-ENOENT, one(fd, KVT_OP_LOOKUP, 0, 10, &self->e));
	EXPECT_EQ(-ENOENT, one(fd, KVT_OP_ACQUIRE, 0, 10, &self->e));
	EXPECT_EQ(-ENOENT, one(fd, KVT_OP_PREFETCH, 0, 10, &self->e));
	EXPECT_EQ(-ENOENT, good(fd, 10, 0));
	/* It goes; those of other classes do not. */
	EXPECT_EQ(2, kst_attr_wait(KST_SPACE, "blocks", 2));
	EXPECT_EQ(FRAMES - 2, kst_attr_wait(KST_SPACE, "arena0/free",
					    FRAMES - 2));
	EXPECT_EQ(2, kst_attr_wait(KST_SPACE, "descriptors", 2));
	EXPECT_EQ(1, kst_stat_wait(KST_SPACE, "expired", 1));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "evictions"));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "drops"));
	EXPECT_EQ(0, good(fd, 20, 0));
	EXPECT_EQ(0, good(fd, 30, 0));
}

/* Uses blocks 1 to 3, each in its own way: 0, or which of them is not as it should be. */
static int use_three(int fd, struct kvt_entry *e)
{
	if (good(fd, 1, 0))
		return 1;
	/* Both are hits, even that of a block about to expire. */
	if (one(fd, KVT_OP_ACQUIRE, 0, 2, e) < 0 || kst_release(fd, e->slot))
		return 2;
	return reserve(fd, 1, 0, 0, kst_key(3, 0), e) == KVT_RES_PRESENT ? 0 : 3;
}

TEST_F(memory, use_renews)
{
	unsigned int i;
	int fd = self->fd, ret;
	__u64 before, start = kst_now_ms();

	ASSERT_EQ(0, set(1, "ttl_s", "4"));
	for (i = 1; i <= 4; i++) {
		ASSERT_EQ(0, put(fd, 1, i, 0));
	}
	for (i = 0; i < 6; i++) {
		kst_sleep_ms(1000);
		before = start;
		start = kst_now_ms();
		ret = use_three(fd, &self->e);
		if (!is_young(before, 4000))
			SKIP(return, "the machine stood still for seconds");
		ASSERT_EQ(0, ret);
		/* This is no use. */
		one(fd, KVT_OP_LOOKUP, 0, 4, &self->e);
	}
	EXPECT_EQ(-ENOENT, one(fd, KVT_OP_LOOKUP, 0, 4, &self->e));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "blocks", 0));
	EXPECT_EQ(4, kst_stat_wait(KST_SPACE, "expired", 4));
}

/* What somebody leases stays. Then the time since its last use counts. */
TEST_F(memory, leased)
{
	struct kvt_entry e[2];
	int fd = self->fd, ret;
	__u64 start;

	ASSERT_EQ(0, put(fd, 1, 1, 0));
	ASSERT_EQ(0, put(fd, 1, 2, 0));
	ASSERT_LE(0, one(fd, KVT_OP_ACQUIRE, 0, 1, &e[0]));
	ASSERT_LE(0, one(fd, KVT_OP_ACQUIRE, 0, 2, &e[1]));
	ASSERT_EQ(0, set(1, "ttl_s", "2"));
	outlive(3500);
	EXPECT_EQ(0, one(fd, KVT_OP_LOOKUP, 0, 1, &self->e));
	EXPECT_EQ(0, one(fd, KVT_OP_LOOKUP, 0, 2, &self->e));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "expired"));
	EXPECT_EQ(0, kst_release(fd, e[0].slot));
	EXPECT_EQ(-ENOENT, one(fd, KVT_OP_LOOKUP, 0, 1, &self->e));
	self->e = (struct kvt_entry){ .slot = e[1].slot };
	start = kst_now_ms();
	EXPECT_EQ(0, kst_one(fd, KVT_OP_RELEASE, KVT_F_TOUCH, &self->e));
	ret = good(fd, 2, 0);
	if (is_young(start, 2000))
		EXPECT_EQ(0, ret);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "blocks", 0));
	EXPECT_EQ(2, kst_stat_wait(KST_SPACE, "expired", 2));
}

/* An expired block is not present, whether it was dropped already or not. */
TEST_F(memory, stored_again)
{
	enum { NR = 24 };
	unsigned int i;
	int fd = self->fd;
	__u64 end[NR];

	ASSERT_EQ(0, set(1, "ttl_s", "1"));
	for (i = 0; i < NR; i++) {
		ASSERT_EQ(0, put_seed(fd, 1, kst_key(i, 0), kst_root, 1));
		end[i] = kst_now_ms() + 1002;
		kst_sleep_ms(30);
	}
	for (i = 0; i < NR; i++) {
		while (kst_now_ms() < end[i])
			kst_sleep_ms(1);
		if (i % 2) {
			EXPECT_EQ(0, put_seed(fd, 2, kst_key(i, 0), kst_root, 2));
			continue;
		}
		EXPECT_EQ(0, reserve(fd, 2, i % 4 ? KVT_F_LEASE : 0, 0,
				     kst_key(i, 0), &self->e));
		EXPECT_EQ(0, kst_abort(fd, self->e.slot));
	}
	for (i = 1; i < NR; i += 2) {
		EXPECT_EQ(0, kst_get_pattern(fd, kst_key(i, 0), BS, 2));
	}
	EXPECT_EQ(NR / 2, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(NR, kst_stat(KST_SPACE, "expired"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
}

TEST_F(memory, chains)
{
	unsigned int i;
	int fd = self->fd;

	ASSERT_EQ(0, put_chain(fd, 1, 1, 100));
	ASSERT_EQ(0, put_chain(fd, 2, 2, 100));
	/* Its parent is of another class. */
	ASSERT_EQ(0, put(fd, 1, 3, 0));
	ASSERT_EQ(0, put(fd, 2, 3, 1));
	outlive(1000);
	/* A new time counts for blocks that are there. */
	ASSERT_EQ(0, set(1, "ttl_s", "1"));
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(-ENOENT, kst_lookup(fd, kst_key(1, i)));
		EXPECT_EQ(0, good(fd, 2, i));
	}
	EXPECT_EQ(101, kst_attr_wait(KST_SPACE, "blocks", 101));
	EXPECT_EQ(101, kst_stat_wait(KST_SPACE, "expired", 101));
	EXPECT_EQ(0, good(fd, 3, 1));
	/* The parent again */
	ASSERT_EQ(0, put(fd, 2, 3, 0));
	EXPECT_EQ(0, kst_drop(fd, kst_key(3, 0), KVT_F_CHAIN));
	EXPECT_EQ(-ENOENT, kst_lookup(fd, kst_key(3, 1)));
}

/* Taken back in time; and the default class. */
TEST_F(memory, never_again)
{
	__u64 start = kst_now_ms();
	int fd = self->fd;

	ASSERT_EQ(0, kst_knob(KST_SPACE, "default_class", "9"));
	ASSERT_EQ(0, kst_put_pattern(fd, kst_key(1, 0), kst_root, BS,
				     kst_seed(1, 0)));
	ASSERT_EQ(0, set(9, "ttl_s", "3"));
	ASSERT_EQ(0, set(9, "ttl_s", "0"));
	if (!is_young(start, 3000))
		SKIP(return, "the machine stood still for seconds");
	outlive(4000);
	EXPECT_EQ(0, kst_lookup(fd, kst_key(1, 0)));
	ASSERT_EQ(0, set(9, "ttl_s", "3"));
	EXPECT_EQ(-ENOENT, kst_lookup(fd, kst_key(1, 0)));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "blocks", 0));
}

/* More blocks than one step of the sweep looks at, in a space of its own */
TEST_F_TIMEOUT(memory, many, 120)
{
	static char data[4096];
	struct kvt_entry e[256];
	struct kvt_batch b;
	unsigned int i, chain;
	int fd;

	ASSERT_EQ(0, kst_tier_add("kst_more", KVT_TIER_DRAM, 0, 48 * KST_MIB));
	ASSERT_EQ(0, kst_space_simple("kst_many", 4096, "kst_more",
				      48 * KST_MIB));
	fd = kst_open("kst_many", O_RDWR);
	ASSERT_LE(0, fd);
	for (chain = 0; chain < 40; chain++) {
		kst_entries(e, 256, chain + 1, 0);
		for (i = 0; i < 256; i++)
			e[i].addr = kst_ptr(data);
		kst_batch(&b, KVT_OP_PUT, e, 256);
		b.flags = KVT_F_CLASS;
		b.class_id = chain % 2;
		ASSERT_EQ(0, kst_submit(fd, &b));
		ASSERT_EQ(256, b.ok);
	}
	outlive(1000);
	ASSERT_EQ(0, kst_knob("kst_many", "class1/ttl_s", "1"));
	EXPECT_EQ(20 * 256, kst_attr_wait("kst_many", "blocks", 20 * 256));
	EXPECT_EQ(20 * 256, kst_stat_wait("kst_many", "expired", 20 * 256));
	kst_sleep_ms(500);
	EXPECT_EQ(20 * 256, kst_attr("kst_many", "blocks"));
	close(fd);
}

/* The low priority goes though it was used last; the high stays though first. */
TEST_F_TIMEOUT(memory, priority, 60)
{
	unsigned int i, third = FRAMES / 3, high = 0, mid = 0, low = 0;
	int fd = self->fd;

	ASSERT_EQ(0, set(7, "priority", "7"));
	ASSERT_EQ(0, set(1, "priority", "0"));
	for (i = 0; i < third; i++) {
		ASSERT_EQ(0, put(fd, 7, 1000 + i, 0));
	}
	for (i = 0; i < third; i++) {
		ASSERT_EQ(0, put(fd, 0, 2000 + i, 0));
	}
	for (i = 0; i < third; i++) {
		ASSERT_EQ(0, put(fd, 1, 3000 + i, 0));
	}
	for (i = 0; i < third + third / 2; i++) {
		ASSERT_EQ(0, put(fd, 7, 4000 + i, 0));
	}
	for (i = 0; i < third; i++) {
		high += !good(fd, 1000 + i, 0);
		mid += !good(fd, 2000 + i, 0);
		low += !good(fd, 3000 + i, 0);
	}
	EXPECT_EQ(third, high);
	EXPECT_EQ(0, low);
	/* Of the middle one half went, least recently used first. */
	EXPECT_LE(third / 2 - 2, mid);
	EXPECT_GE(third / 2 + 2, mid);
	EXPECT_EQ(-ENOENT, kst_lookup(fd, kst_key(2000, 0)));
	EXPECT_EQ(0, good(fd, 2000 + third - 1, 0));
}

/* A parent stays as long as a child, whatever their classes. */
TEST_F(memory, priority_of_a_parent)
{
	int fd = self->fd;
	unsigned int i;

	ASSERT_EQ(0, set(7, "priority", "7"));
	ASSERT_EQ(0, set(1, "priority", "0"));
	ASSERT_EQ(0, put(fd, 1, 1, 0));
	ASSERT_EQ(0, put(fd, 7, 1, 1));
	for (i = 0; i < FRAMES; i++) {
		ASSERT_EQ(0, put(fd, 0, 100 + i, 0));
	}
	EXPECT_EQ(0, good(fd, 1, 0));
	EXPECT_EQ(0, good(fd, 1, 1));
	/* When the child has gone, it is the first. */
	EXPECT_EQ(0, kst_drop(fd, kst_key(1, 1), 0));
	ASSERT_EQ(0, put(fd, 0, 5000, 0));
	ASSERT_EQ(0, put(fd, 0, 5001, 0));
	EXPECT_EQ(-ENOENT, kst_lookup(fd, kst_key(1, 0)));
}

/* ----------------------------------------------------------------- two tiers */

#define CXL_FRAMES (8 * KST_MIB / BS)	/* 512 */

FIXTURE(two_tiers) {
	struct kvt_entry e;
	int fd;
};

FIXTURE_SETUP(two_tiers)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, 4, 8));
	self->fd = open_rw();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(two_tiers)
{
	EXPECT_EQ(0, kst_cleanup());
}

TEST_F_TIMEOUT(two_tiers, floor_dram, 60)
{
	unsigned int i, n = FRAMES + FRAMES / 2, there = 0;
	int fd = self->fd;

	ASSERT_EQ(0, set(1, "floor", "dram"));
	for (i = 0; i < n; i++) {
		EXPECT_EQ(KVT_TIER_DRAM, put(fd, 1, 100 + i, 0));
	}
	kst_settle(KST_SPACE);
	for (i = 0; i < n; i++) {
		int tier = kst_lookup(fd, kst_key(100 + i, 0));

		EXPECT_NE(KVT_TIER_CXL, tier);
		there += tier == KVT_TIER_DRAM;
	}
	EXPECT_GE(FRAMES, there);
	EXPECT_LE(FRAMES - FRAMES / 10, there);
	EXPECT_EQ(CXL_FRAMES, kst_arena(KST_SPACE, 1, "free"));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "demotions"));
	EXPECT_EQ(n - there, kst_stat(KST_SPACE, "evictions"));
	EXPECT_EQ(0, good(fd, 100 + n - 1, 0));

	/* Blocks of another class go down as ever. */
	for (i = 0; i < n; i++) {
		ASSERT_LE(0, put(fd, 2, 1000 + i, 0));
	}
	kst_settle(KST_SPACE);
	for (i = 0; i < n; i++) {
		EXPECT_EQ(0, good(fd, 1000 + i, 0));
		EXPECT_NE(KVT_TIER_CXL, kst_lookup(fd, kst_key(100 + i, 0)));
	}
	EXPECT_LE(FRAMES / 2, kst_arena(KST_SPACE, 1, "blocks"));
}

/* Its parent may not go before it, though that may not go down with it. */
TEST_F(two_tiers, floor_of_a_parent)
{
	unsigned int i, n = FRAMES;
	int fd = self->fd;

	ASSERT_EQ(0, set(1, "floor", "dram"));
	for (i = 0; i < 32; i++) {
		ASSERT_EQ(0, put(fd, 1, 1 + i, 0));
		ASSERT_LE(0, put(fd, 2, 1 + i, 1));
	}
	for (i = 0; i < n; i++) {
		ASSERT_LE(0, put(fd, 2, 1000 + i, 0));
	}
	kst_settle(KST_SPACE);
	for (i = 0; i < 32; i++) {
		EXPECT_EQ(KVT_TIER_DRAM, kst_lookup(fd, kst_key(1 + i, 0)));
		EXPECT_EQ(0, good(fd, 1 + i, 1));
	}
}

TEST_F(two_tiers, floor_cxl)
{
	unsigned int i, n = FRAMES + FRAMES / 2;
	int fd = self->fd;

	ASSERT_EQ(0, set(1, "floor", "cxl"));
	ASSERT_EQ(0, put_chain(fd, 1, 1, n));
	kst_settle(KST_SPACE);
	EXPECT_LE(FRAMES / 2, kst_arena(KST_SPACE, 1, "blocks"));
	for (i = 0; i < n; i++) {
		EXPECT_EQ(0, good(fd, 1, i));
	}
	EXPECT_EQ(0, kst_stat(KST_SPACE, "evictions"));
}

/* Free frames where it may not lie are no room. */
TEST_F(two_tiers, floor_waits)
{
	struct kvt_entry e[FRAMES];
	struct kvt_batch b;
	int fd = self->fd;
	__u64 begin;

	ASSERT_EQ(0, no_watermarks());
	ASSERT_EQ(0, kst_knob(KST_SPACE, "lease_quota", "1000"));
	ASSERT_EQ(0, set(1, "floor", "dram"));
	kst_entries(e, FRAMES, 1, 0);
	kst_batch(&b, KVT_OP_RESERVE, e, FRAMES);
	ASSERT_EQ(0, kst_submit(fd, &b));
	ASSERT_EQ(FRAMES, b.ok);
	EXPECT_EQ(-ENOSPC, reserve(fd, 1, 0, 0, kst_key(2, 0), &self->e));
	begin = kst_now_ms();
	EXPECT_EQ(-ETIMEDOUT, reserve(fd, 1, KVT_F_WAIT, 300, kst_key(2, 0),
				      &self->e));
	EXPECT_LE(250, kst_now_ms() - begin);
	EXPECT_EQ(KVT_TIER_CXL, reserve(fd, 0, 0, 0, kst_key(2, 0), &self->e));
	EXPECT_EQ(0, kst_abort(fd, e[0].slot));
	EXPECT_EQ(KVT_TIER_DRAM, reserve(fd, 1, KVT_F_WAIT, KST_PATIENCE,
					 kst_key(3, 0), &self->e));
}

/* ---------------------------------------------------------------------- nvme */

#define NR (3 * FRAMES)

FIXTURE(nvme) {
	int fd;
	struct kst_set set;
};

FIXTURE_SETUP(nvme)
{
	KST_START_NVME(1);
	self->set = (struct kst_set){
		.nr = 1, .dev = { kst_nvme(0) }, .segment = KST_MIB,
		.grade = KST_BULK,
	};
	ASSERT_EQ(0, kst_make_nvme(&self->set, BS, 4, 64));
	self->fd = open_rw();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(nvme)
{
	EXPECT_EQ(0, kst_cleanup());
}

TEST_F_TIMEOUT(nvme, expires, 120)
{
	unsigned int cold;

	ASSERT_EQ(0, put_chain(self->fd, 2, 2, 20));
	ASSERT_EQ(0, put_chain(self->fd, 1, 1, NR));
	cold = kst_count(self->fd, 1, NR, KVT_TIER_NVME);
	EXPECT_LE(NR - FRAMES, cold);
	outlive(2000);
	ASSERT_EQ(0, set(1, "ttl_s", "2"));
	EXPECT_EQ(NR, kst_check_chain(self->fd, 1, NR, BS).absent);
	EXPECT_EQ(20, kst_attr_wait(KST_SPACE, "blocks", 20));
	EXPECT_EQ(NR, kst_stat_wait(KST_SPACE, "expired", NR));
	EXPECT_EQ(20, kst_check_chain(self->fd, 2, 20, BS).good);
	/* None is found again. */
	close(self->fd);
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
	ASSERT_EQ(0, kst_nvme_space(KST_SPACE, BS, 4, 64));
	ASSERT_EQ(0, kst_recovered(KST_NVME));
	EXPECT_EQ(20, kst_attr(KST_SPACE, "blocks"));
}

/* RESERVE tells that it is there, which is use, and leaves it where it is. */
TEST_F_TIMEOUT(nvme, use_renews, 120)
{
	const int present = KVT_TIER_NVME | KVT_RES_PRESENT;
	struct kvt_entry e;
	unsigned int i;
	__u64 before, start;
	int ret;

	ASSERT_EQ(0, put(self->fd, 1, 1, 0));
	ASSERT_EQ(0, put(self->fd, 1, 2, 0));
	ASSERT_EQ(0, put_chain(self->fd, 2, 3, NR));
	start = kst_now_ms();
	ASSERT_EQ(present, reserve(self->fd, 1, 0, 0, kst_key(1, 0), &e));
	ASSERT_EQ(0, set(1, "ttl_s", "4"));
	for (i = 0; i < 6; i++) {
		kst_sleep_ms(1000);
		before = start;
		start = kst_now_ms();
		ret = reserve(self->fd, 1, 0, 0, kst_key(1, 0), &e);
		if (!is_young(before, 4000))
			SKIP(return, "the machine stood still for seconds");
		EXPECT_EQ(present, ret);
	}
	EXPECT_EQ(-ENOENT, kst_lookup(self->fd, kst_key(2, 0)));
	EXPECT_EQ(1, kst_stat_wait(KST_SPACE, "expired", 1));
	ret = good(self->fd, 1, 0);
	if (is_young(start, 4000))
		EXPECT_EQ(0, ret);
}

/* The time goes on while the tier is away. */
TEST_F_TIMEOUT(nvme, expires_between, 120)
{
	long long there;

	ASSERT_EQ(0, put_chain(self->fd, 1, 1, NR));
	close(self->fd);
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	kst_sleep_ms(3000);
	ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
	ASSERT_EQ(0, kst_nvme_space(KST_SPACE, BS, 4, 64));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "class1/ttl_s", "3600"));
	ASSERT_EQ(0, kst_recovered(KST_NVME));
	EXPECT_EQ(NR, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "expired"));
	/* Their age is known, to a second. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "class1/ttl_s", "2"));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "blocks", 0));
	there = kst_stat(KST_SPACE, "recovered");
	EXPECT_EQ(NR, there);
	EXPECT_EQ(NR, kst_stat_wait(KST_SPACE, "expired", NR));
}

/* The class knows before the tier comes. */
TEST_F_TIMEOUT(nvme, not_recovered, 120)
{
	__u64 bytes = 64 * KST_MIB;

	ASSERT_EQ(0, put_chain(self->fd, 1, 1, NR));
	ASSERT_EQ(0, put_chain(self->fd, 2, 2, FRAMES));
	close(self->fd);
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	ASSERT_EQ(0, kst_space_simple(KST_SPACE, BS, KST_DRAM, 4 * KST_MIB));
	ASSERT_EQ(0, set(1, "ttl_s", "2"));
	kst_sleep_ms(3000);
	ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
	ASSERT_EQ(0, kst_space_resize(KST_SPACE, KST_NVME, &bytes));
	ASSERT_EQ(0, kst_recovered(KST_NVME));
	EXPECT_EQ(FRAMES, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(FRAMES, kst_stat(KST_SPACE, "recovered"));
	EXPECT_EQ(NR, kst_stat(KST_SPACE, "expired"));
	self->fd = open_rw();
	EXPECT_EQ(FRAMES, kst_check_chain(self->fd, 2, FRAMES, BS).good);
	EXPECT_EQ(NR, kst_check_chain(self->fd, 1, NR, BS).absent);
}

TEST_F_TIMEOUT(nvme, floor_above, 120)
{
	ASSERT_EQ(0, set(1, "floor", "cxl"));
	ASSERT_EQ(0, set(2, "floor", "dram"));
	ASSERT_EQ(0, put_chain(self->fd, 1, 1, NR / 2));
	ASSERT_EQ(0, put_chain(self->fd, 2, 2, NR / 2));
	kst_settle(KST_SPACE);
	EXPECT_EQ(0, kst_count(self->fd, 1, NR / 2, KVT_TIER_NVME));
	EXPECT_EQ(0, kst_count(self->fd, 2, NR / 2, KVT_TIER_NVME));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "writeouts"));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "demotions"));
	EXPECT_LE(NR - FRAMES, kst_stat(KST_SPACE, "evictions"));
	/* Nor when the tier goes. */
	close(self->fd);
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "writeouts"));
}

TEST_F_TIMEOUT(nvme, floor_nvme, 120)
{
	struct kst_found f;

	ASSERT_EQ(0, set(1, "floor", "nvme"));
	ASSERT_EQ(0, put_chain(self->fd, 1, 1, NR));
	EXPECT_LE(NR - FRAMES, kst_count(self->fd, 1, NR, KVT_TIER_NVME));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "evictions"));
	EXPECT_EQ(NR, kst_check_chain(self->fd, 1, NR, BS).good);
	/* Raised: what has a copy below is dropped, too, when it leaves memory. */
	ASSERT_EQ(0, set(1, "floor", "dram"));
	f = kst_check_chain(self->fd, 1, NR, BS);
	EXPECT_EQ(NR, f.good + f.absent);
	EXPECT_LT(0, f.absent);
	EXPECT_EQ(0, kst_count(self->fd, 1, NR, KVT_TIER_NVME));
	EXPECT_GE(FRAMES, kst_attr(KST_SPACE, "blocks"));
	EXPECT_LE(NR - FRAMES, kst_stat(KST_SPACE, "evictions"));
}

TEST_HARNESS_MAIN
