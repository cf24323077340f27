// SPDX-License-Identifier: GPL-2.0
/* Draining a space to its remote tier: all of it, what is worth most first. */
#include "kselftest_harness.h"
#include "kst_helper.h"

#define BS	131072U
#define MIB	16
#define FRAMES	(MIB * KST_MIB / BS)	/* 128 */

FIXTURE(drain)
{
	struct kst_pool *pool;
	struct kst_helper *helper;
	int fd;
};

FIXTURE_VARIANT(drain)
{
	bool nvme;
};

FIXTURE_VARIANT_ADD(drain, of_memory) { false };
FIXTURE_VARIANT_ADD(drain, of_nvme) { true };

static int make(bool nvme)
{
	const struct kst_set set = {
		.nr = 1, .dev = { kst_nvme(0) },
		.segment = 8 * KST_MIB, .grade = KST_BULK,
	};

	return nvme ? kst_make_nvme(&set, BS, MIB, 64) : kst_make(BS, MIB, 0);
}

FIXTURE_SETUP(drain)
{
	KST_START_NVME(1);
	ASSERT_EQ(0, make(variant->nvme));
	ASSERT_EQ(0, kst_remote_add(KST_REMOTE));
	self->pool = kst_pool_new(BS);
	self->helper = kst_helper_start(self->pool, KST_REMOTE, 8);
	ASSERT_NE(NULL, self->helper);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", "600000"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", KST_REMOTE));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(drain)
{
	EXPECT_EQ(0, kst_pool_wrong(self->pool));
	close(self->fd);
	if (self->helper)
		EXPECT_EQ(0, kst_helper_stop(self->helper));
	kst_pool_free(self->pool);
	kst_cleanup();
}

static int put(int fd, unsigned int chain, unsigned int n)
{
	int ret = kst_put_wait(fd, kst_key(chain, n),
			       n ? kst_key(chain, n - 1) : kst_root, BS,
			       kst_seed(chain, n));

	return ret < 0 ? ret : 0;
}

static int begin(void)
{
	return kst_knob(KST_SPACE, "drain/on", "1");
}

static long long over(void)
{
	return kst_attr_wait(KST_SPACE, "drain/on", 0);
}

static unsigned int there(struct kst_pool *p, unsigned int chain, unsigned int nr)
{
	unsigned int n, found = 0;

	for (n = 0; n < nr; n++)
		found += kst_pool_holds(p, kst_key(chain, n), kst_seed(chain, n));
	return found;
}

static void ways(FIXTURE_DATA(drain) *self, unsigned int hold, unsigned int fail)
{
	struct kst_ways w = { .hold = hold, .fail = fail };

	kst_pool_ways(self->pool, &w);
}

/* More than fits into memory, where there is nvme. */
TEST_F_TIMEOUT(drain, all, 120)
{
	unsigned int nr = variant->nvme ? FRAMES * 5 / 4 : FRAMES / 2, n;

	for (n = 0; n < nr; n++)
		ASSERT_EQ(0, put(self->fd, 1, n));
	EXPECT_EQ(0, kst_pool_asked(self->pool, KVT_REMOTE_SPILL));
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, over());
	EXPECT_EQ(nr, kst_attr(KST_SPACE, "drain/total"));
	EXPECT_EQ(nr, kst_attr(KST_SPACE, "drain/done"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "drain/failed"));
	EXPECT_EQ(nr, there(self->pool, 1, nr));
	/* And once: there is nothing left for a second one. */
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, over());
	EXPECT_EQ(0, kst_attr(KST_SPACE, "drain/total"));
	EXPECT_EQ(nr, kst_pool_asked(self->pool, KVT_REMOTE_SPILL));
}

/* The chain that was used last goes before the others. */
TEST_F_TIMEOUT(drain, worth_most_first, 120)
{
	unsigned int chain, n, per = FRAMES / 8;

	for (chain = 1; chain <= 4; chain++)
		for (n = 0; n < per; n++)
			ASSERT_EQ(0, put(self->fd, chain, n));
	for (n = 0; n < per; n++)
		ASSERT_EQ(0, kst_get_block(self->fd, 2, n, BS));
	ways(self, KST_OP(SPILL), 0);
	ASSERT_EQ(0, begin());
	/* What it is asked for first, and as many as may be under way. */
	ASSERT_TRUE(kst_pool_wait_asked(self->pool, KVT_REMOTE_SPILL, per));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "drain/on", "0"));
	ways(self, 0, 0);
	EXPECT_LE(per, kst_stat_wait(KST_SPACE, "spills", per));
	EXPECT_EQ(per, there(self->pool, 2, per));
	EXPECT_GE(per, there(self->pool, 1, per) + there(self->pool, 3, per) +
		       there(self->pool, 4, per));
	EXPECT_EQ(4 * per, kst_attr(KST_SPACE, "drain/total"));
}

/* It ends with a helper that takes nothing, and says how many failed. */
TEST_F_TIMEOUT(drain, refused, 120)
{
	unsigned int n, nr = 8;

	for (n = 0; n < nr; n++)
		ASSERT_EQ(0, put(self->fd, 1, n));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", "100"));
	ways(self, 0, KST_OP(SPILL));
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, over());
	EXPECT_EQ(nr, kst_attr(KST_SPACE, "drain/failed"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "drain/done"));
	/* They are still here. */
	for (n = 0; n < nr; n++)
		EXPECT_EQ(0, kst_get_block(self->fd, 1, n, BS));
}

/* Dropped before its turn came. */
TEST_F_TIMEOUT(drain, dropped_meanwhile, 120)
{
	unsigned int n, nr = 8;

	for (n = 0; n < nr; n++)
		ASSERT_EQ(0, put(self->fd, 1, n));
	ways(self, KST_OP(SPILL), 0);
	ASSERT_EQ(0, begin());
	ASSERT_TRUE(kst_pool_wait_asked(self->pool, KVT_REMOTE_SPILL, 1));
	EXPECT_EQ(0, kst_drop(self->fd, kst_key(1, 0), KVT_F_CHAIN));
	ways(self, 0, 0);
	EXPECT_EQ(0, over());
	EXPECT_EQ(nr, kst_attr(KST_SPACE, "drain/total"));
	EXPECT_EQ(nr, kst_attr(KST_SPACE, "drain/done") +
		      kst_attr(KST_SPACE, "drain/failed"));
}

TEST_F(drain, rules)
{
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "drain/on", "maybe"));
	EXPECT_EQ(0, kst_knob(KST_SPACE, "drain/on", "0"));
	ASSERT_EQ(0, put(self->fd, 1, 0));
	ways(self, KST_OP(SPILL), 0);
	ASSERT_EQ(0, begin());
	EXPECT_EQ(-EBUSY, begin());
	EXPECT_EQ(1, kst_attr(KST_SPACE, "drain/on"));
	/* Without its remote tier it is over. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "drain/on"));
	EXPECT_EQ(-ENOLINK, begin());
	ways(self, 0, 0);
}

/* A helper that dies in the middle, and the next one. */
TEST_F_TIMEOUT(drain, helper_dies, 120)
{
	unsigned int nr = FRAMES / 2, n;

	for (n = 0; n < nr; n++)
		ASSERT_EQ(0, put(self->fd, 1, n));
	ways(self, KST_OP(SPILL), 0);
	ASSERT_EQ(0, begin());
	ASSERT_TRUE(kst_pool_wait_asked(self->pool, KVT_REMOTE_SPILL, 1));
	ASSERT_EQ(0, kst_helper_stop(self->helper));
	ways(self, 0, 0);
	self->helper = kst_helper_start(self->pool, KST_REMOTE, 8);
	ASSERT_NE(NULL, self->helper);
	EXPECT_EQ(0, over());
	EXPECT_EQ(nr, kst_attr(KST_SPACE, "drain/done"));
	EXPECT_EQ(nr, there(self->pool, 1, nr));
}

TEST_HARNESS_MAIN
