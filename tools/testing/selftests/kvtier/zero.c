// SPDX-License-Identifier: GPL-2.0
/* No byte of one space is ever seen by another. */
#include "kselftest_harness.h"
#include "util.h"

#define BS	65536U
#define MIB	8

FIXTURE(zero) {
	size_t len;
};

FIXTURE_SETUP(zero)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, MIB, 0));
}

FIXTURE_TEARDOWN_PARENT(zero)
{
	EXPECT_EQ(0, kst_cleanup());
}

/* Writes to all memory that @space has. */
static int soil(const char *space)
{
	int fd = kst_open(space, O_RDWR);
	size_t len;
	char *w = fd < 0 ? NULL : kst_map_window(fd, 0, PROT_READ | PROT_WRITE,
						 &len);

	if (!w)
		return -1;
	memset(w, 0xa5, len);
	munmap(w, len);
	close(fd);
	return 0;
}

static bool all_zero(const char *space)
{
	int fd = kst_open(space, O_RDONLY);
	size_t len;
	char *w = fd < 0 ? NULL : kst_map_window(fd, 0, PROT_READ, &len);
	bool zero = w && kst_zero(w, len);

	if (w)
		munmap(w, len);
	close(fd);
	return zero;
}

TEST_F(zero, next_space)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(all_zero(KST_SPACE));
		ASSERT_EQ(0, soil(KST_SPACE));
		EXPECT_FALSE(all_zero(KST_SPACE));
		ASSERT_EQ(0, kst_space_delete(KST_SPACE));
		ASSERT_EQ(0, kst_space_simple(KST_SPACE, BS, KST_DRAM,
					      MIB * KST_MIB));
	}
}

TEST_F(zero, after_resize)
{
	__u64 bytes = 2 * KST_MIB;

	ASSERT_EQ(0, soil(KST_SPACE));
	ASSERT_EQ(0, kst_space_resize(KST_SPACE, KST_DRAM, &bytes));
	ASSERT_EQ(0, kst_space_simple("kst_b", 4096, KST_DRAM, 6 * KST_MIB));
	EXPECT_TRUE(all_zero("kst_b"));
	/* And back: the first space gets no byte of the second. */
	ASSERT_EQ(0, soil("kst_b"));
	ASSERT_EQ(0, kst_space_delete("kst_b"));
	bytes = MIB * KST_MIB;
	ASSERT_EQ(0, kst_space_resize(KST_SPACE, KST_DRAM, &bytes));
	{
		int fd = kst_open(KST_SPACE, O_RDONLY);
		char *w = kst_map_window(fd, 0, PROT_READ, NULL);

		ASSERT_NE(NULL, w);
		EXPECT_TRUE(kst_zero(w + 2 * KST_MIB, 6 * KST_MIB));
		close(fd);
	}
}

TEST_F(zero, after_the_tier_was_removed)
{
	ASSERT_EQ(0, soil(KST_SPACE));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	ASSERT_EQ(0, kst_tier_remove(KST_DRAM));
	ASSERT_EQ(0, kst_tier_add(KST_DRAM, KVT_TIER_DRAM, 0, MIB * KST_MIB));
	ASSERT_EQ(0, kst_space_simple(KST_SPACE, BS, KST_DRAM, MIB * KST_MIB));
	EXPECT_TRUE(all_zero(KST_SPACE));
}

/* A killed owner's bytes as well */
static int soil_and_wait(struct kst_child *c, void *arg)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	size_t len;
	char *w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, &len);

	(void)arg;
	if (!w)
		return 1;
	memset(w, 0x77, len);
	kst_say(c, 1);
	pause();
	return 0;
}

TEST_F(zero, after_a_kill)
{
	struct kst_child c;
	int ret;

	ASSERT_EQ(0, kst_spawn(&c, soil_and_wait, NULL));
	ASSERT_EQ(1, kst_hear(&c));
	kst_kill(&c);
	KST_UNTIL((ret = kst_space_delete(KST_SPACE)) != -EBUSY);
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, kst_space_simple(KST_SPACE, BS, KST_DRAM, MIB * KST_MIB));
	EXPECT_TRUE(all_zero(KST_SPACE));
}

TEST_HARNESS_MAIN
