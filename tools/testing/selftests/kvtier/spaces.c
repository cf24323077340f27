// SPDX-License-Identifier: GPL-2.0
/* Tiers and spaces as a whole: made, named, listed, opened, removed. */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kselftest_harness.h"
#include "util.h"

FIXTURE(spaces) {};

FIXTURE_SETUP(spaces)
{
	KST_START();
	ASSERT_EQ(0, kst_tier_add(KST_DRAM, KVT_TIER_DRAM, 0, 8 * KST_MIB));
}

FIXTURE_TEARDOWN_PARENT(spaces)
{
	EXPECT_EQ(0, kst_cleanup());
}

TEST_F(spaces, tier_accounts)
{
	EXPECT_EQ(8 * KST_MIB, kst_tier_attr(KST_DRAM, "size"));
	EXPECT_EQ(8 * KST_MIB, kst_tier_attr(KST_DRAM, "free"));
	EXPECT_EQ(0, kst_tier_attr(KST_DRAM, "used"));
	EXPECT_EQ(0, kst_tier_attr(KST_DRAM, "limbo"));
	EXPECT_EQ(0, kst_tier_attr(KST_DRAM, "retired"));
	ASSERT_EQ(0, kst_space_simple(KST_SPACE, 4096, KST_DRAM, 6 * KST_MIB));
	EXPECT_EQ(2 * KST_MIB, kst_tier_attr(KST_DRAM, "free"));
	EXPECT_EQ(6 * KST_MIB, kst_tier_attr(KST_DRAM, "used"));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	EXPECT_EQ(8 * KST_MIB, kst_tier_attr(KST_DRAM, "free"));
	EXPECT_EQ(0, kst_tier_attr(KST_DRAM, "used"));
}

TEST_F(spaces, tier_names_are_unique)
{
	EXPECT_EQ(-EEXIST, kst_tier_add(KST_DRAM, KVT_TIER_DRAM, 0, KST_HUGE));
	EXPECT_EQ(-EEXIST, kst_tier_add(KST_DRAM, KVT_TIER_CXL, 0, KST_HUGE));
	EXPECT_EQ(8 * KST_MIB, kst_tier_attr(KST_DRAM, "size"));
	ASSERT_EQ(0, kst_tier_remove(KST_DRAM));
	EXPECT_EQ(-ENOENT, kst_tier_remove(KST_DRAM));
	EXPECT_EQ(0, kst_tier_add(KST_DRAM, KVT_TIER_CXL, 0, KST_HUGE));
}

TEST_F(spaces, space_names_are_unique)
{
	EXPECT_EQ(0, kst_space_simple(KST_SPACE, 4096, KST_DRAM, KST_HUGE));
	EXPECT_EQ(-EEXIST, kst_space_simple(KST_SPACE, 4096, KST_DRAM,
					    KST_HUGE));
	EXPECT_EQ(6 * KST_MIB, kst_tier_attr(KST_DRAM, "free"));
	EXPECT_EQ(0, kst_space_delete(KST_SPACE));
	EXPECT_EQ(-ENOENT, kst_space_delete(KST_SPACE));
	EXPECT_EQ(-ENOENT, kst_open(KST_SPACE, O_RDWR));
	EXPECT_EQ(0, kst_space_simple(KST_SPACE, 8192, KST_DRAM, KST_HUGE));
	EXPECT_EQ(8192, kst_attr(KST_SPACE, "block_size"));
}

TEST_F(spaces, a_tier_and_a_space_may_have_one_name)
{
	EXPECT_EQ(0, kst_space_simple(KST_DRAM, 4096, KST_DRAM, KST_HUGE));
	EXPECT_EQ(0, kst_attr(KST_DRAM, "blocks"));
}

TEST_F(spaces, quotas_are_hard)
{
	EXPECT_EQ(-ENOSPC, kst_space_simple(KST_SPACE, 4096, KST_DRAM,
					    10 * KST_MIB));
	EXPECT_EQ(0, kst_space_simple(KST_SPACE, 4096, KST_DRAM, 6 * KST_MIB));
	EXPECT_EQ(-ENOSPC, kst_space_simple("kst_b", 4096, KST_DRAM,
					    4 * KST_MIB));
	EXPECT_EQ(0, kst_space_simple("kst_b", 4096, KST_DRAM, KST_HUGE));
	EXPECT_EQ(-ENOSPC, kst_space_simple("kst_c", 4096, KST_DRAM,
					    KST_HUGE));
	EXPECT_EQ(0, kst_tier_attr(KST_DRAM, "free"));
	EXPECT_EQ(0, kst_space_delete("kst_b"));
	EXPECT_EQ(0, kst_space_simple("kst_c", 4096, KST_DRAM, KST_HUGE));
}

/* The second of two quotas does not fit: the first is given back. */
TEST_F(spaces, failed_create_takes_nothing)
{
	struct kvt_space_create c;

	ASSERT_EQ(0, kst_tier_add(KST_CXL, KVT_TIER_CXL, kst_slow_node(),
				  KST_HUGE));
	kst_space_init(&c, KST_SPACE, 4096);
	kst_space_quota(&c, KST_DRAM, 4 * KST_MIB);
	kst_space_quota(&c, KST_CXL, 4 * KST_MIB);
	EXPECT_EQ(-ENOSPC, kst_space_create(&c));
	EXPECT_EQ(8 * KST_MIB, kst_tier_attr(KST_DRAM, "free"));
	EXPECT_EQ(KST_HUGE, kst_tier_attr(KST_CXL, "free"));
	EXPECT_EQ(-ENOENT, kst_open(KST_SPACE, O_RDWR));
	c.quotas[1].bytes = KST_HUGE;
	EXPECT_EQ(0, kst_space_create(&c));
}

TEST_F(spaces, most_arenas)
{
	struct kvt_space_create c;
	struct kvt_space_info info;
	unsigned int i;
	char name[32];
	int fd;

	kst_space_init(&c, KST_SPACE, 4096);
	for (i = 0; i < KVT_MAX_ARENAS; i++) {
		snprintf(name, sizeof(name), "kst_t%u", i);
		ASSERT_EQ(0, kst_tier_add(name, i % 2, 0, KST_HUGE));
		kst_space_quota(&c, name, KST_HUGE);
	}
	ASSERT_EQ(0, kst_space_create(&c));
	fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_info(fd, &info));
	for (i = 0; i < KVT_MAX_ARENAS; i++) {
		EXPECT_NE(0, info.arenas[i].tier[0]);
		EXPECT_EQ(512, info.arenas[i].nr_frames);
		EXPECT_EQ(KST_HUGE, info.arenas[i].window_len);
	}
	/* 4096 blocks would fill all eight; some stay free for the watermark */
	for (i = 0; i < 4000; i += 100) {
		EXPECT_LE(0, kst_put_pattern(fd, kst_key(1, i), kst_root, 4096,
					     i));
	}
	for (i = 0; i < 4000; i += 100) {
		EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, i), 4096, i));
	}
}

TEST_F(spaces, delete_while_open_is_refused)
{
	int fd, other;

	ASSERT_EQ(0, kst_space_simple(KST_SPACE, 4096, KST_DRAM, KST_HUGE));
	fd = kst_open(KST_SPACE, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, kst_space_delete(KST_SPACE));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "openers"));
	/* It goes on working. */
	EXPECT_EQ(-ENOENT, kst_lookup(fd, kst_key(1, 0)));
	other = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, other);
	EXPECT_EQ(2, kst_attr(KST_SPACE, "openers"));
	close(fd);
	EXPECT_EQ(-EBUSY, kst_space_delete(KST_SPACE));
	close(other);
	EXPECT_EQ(0, kst_attr(KST_SPACE, "openers"));
	EXPECT_EQ(0, kst_space_delete(KST_SPACE));
}

TEST_F(spaces, delete_while_mapped_is_refused)
{
	size_t len;
	char *p;
	int fd;

	ASSERT_EQ(0, kst_space_simple(KST_SPACE, 4096, KST_DRAM, KST_HUGE));
	fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, fd);
	p = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, &len);
	ASSERT_NE(NULL, p);
	close(fd);
	EXPECT_EQ(-EBUSY, kst_space_delete(KST_SPACE));
	EXPECT_EQ(0, kst_scribble(p));
	munmap(p, len);
	EXPECT_EQ(0, kst_space_delete(KST_SPACE));
}

TEST_F(spaces, delete_drops_blocks)
{
	int fd;

	ASSERT_EQ(0, kst_space_simple(KST_SPACE, 4096, KST_DRAM, KST_HUGE));
	fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_LE(0, kst_put_pattern(fd, kst_key(1, 0), kst_root, 4096, 1));
	close(fd);
	EXPECT_EQ(1, kst_attr(KST_SPACE, "blocks"));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	ASSERT_EQ(0, kst_space_simple(KST_SPACE, 4096, KST_DRAM, KST_HUGE));
	fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOENT, kst_lookup(fd, kst_key(1, 0)));
}

/* Blocks do not need an opener. */
TEST_F(spaces, blocks_outlive_their_maker)
{
	int fd, i;

	ASSERT_EQ(0, kst_space_simple(KST_SPACE, 4096, KST_DRAM, KST_HUGE));
	for (i = 0; i < 20; i++) {
		fd = kst_open(KST_SPACE, O_RDWR);
		ASSERT_LE(0, fd);
		EXPECT_LE(0, kst_put_pattern(fd, kst_key(1, i), kst_root, 4096,
					     i));
		close(fd);
	}
	fd = kst_open(KST_SPACE, O_RDONLY);
	ASSERT_LE(0, fd);
	for (i = 0; i < 20; i++) {
		EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, i), 4096, i));
	}
}

TEST_F(spaces, spaces_do_not_see_each_other)
{
	int a, b;

	ASSERT_EQ(0, kst_space_simple("kst_a", 4096, KST_DRAM, KST_HUGE));
	ASSERT_EQ(0, kst_space_simple("kst_b", 4096, KST_DRAM, KST_HUGE));
	a = kst_open("kst_a", O_RDWR);
	b = kst_open("kst_b", O_RDWR);
	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_LE(0, kst_put_pattern(a, kst_key(1, 0), kst_root, 4096, 1));
	EXPECT_EQ(-ENOENT, kst_lookup(b, kst_key(1, 0)));
	ASSERT_LE(0, kst_put_pattern(b, kst_key(1, 0), kst_root, 4096, 2));
	EXPECT_EQ(0, kst_get_pattern(a, kst_key(1, 0), 4096, 1));
	EXPECT_EQ(0, kst_get_pattern(b, kst_key(1, 0), 4096, 2));
	EXPECT_LE(0, kst_drop(b, kst_key(1, 0), 0));
	EXPECT_EQ(0, kst_get_pattern(a, kst_key(1, 0), 4096, 1));
}

TEST_F(spaces, identity)
{
	int good, bad, none;

	ASSERT_EQ(0, kst_space_simple(KST_SPACE, 4096, KST_DRAM, KST_HUGE));
	good = kst_open(KST_SPACE, O_RDWR);
	bad = kst_open(KST_SPACE, O_RDWR);
	none = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, none);
	EXPECT_EQ(0, kst_attach(good, 0x11));
	EXPECT_EQ(-EKEYREJECTED, kst_attach(bad, 0));
	EXPECT_LE(0, kst_put_pattern(good, kst_key(1, 0), kst_root, 4096, 1));
	EXPECT_EQ(-EKEYREJECTED, kst_lookup(bad, kst_key(1, 0)));
	EXPECT_LE(0, kst_lookup(none, kst_key(1, 0)));
}

TEST_F(spaces, node_is_a_character_device)
{
	struct kvt_space_create c;
	struct stat st;

	kst_space_init(&c, KST_SPACE, 4096);
	kst_space_quota(&c, KST_DRAM, KST_HUGE);
	c.uid = 1234;
	c.gid = 4321;
	c.mode = 0640;
	ASSERT_EQ(0, kst_space_create(&c));
	ASSERT_EQ(0, stat("/dev/kvtier/" KST_SPACE, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0640, st.st_mode & 07777);
	EXPECT_EQ(1234, st.st_uid);
	EXPECT_EQ(4321, st.st_gid);
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	EXPECT_NE(0, stat("/dev/kvtier/" KST_SPACE, &st));
}

TEST_F(spaces, tier_too_large_for_the_machine)
{
	__u64 bytes = kst_meminfo_kb("MemTotal") * 1024ULL * 4;
	long before = kst_meminfo_kb("MemFree"), after;

	bytes -= bytes % KST_HUGE;
	EXPECT_EQ(-ENOMEM, kst_tier_add("kst_big", KVT_TIER_DRAM, 0, bytes));
	EXPECT_EQ(-1, kst_tier_attr("kst_big", "size"));
	after = kst_meminfo_kb("MemFree");
	EXPECT_GT(64 * 1024, before - after);
}

/* Several processes at it at once: no tier, space or memory is lost. */
static int make_and_break(struct kst_child *c, void *arg)
{
	__u64 end = kst_now_ms() + 3000;
	unsigned int n = 0;
	int fd, ret;

	(void)c;
	while (kst_now_ms() < end) {
		ret = kst_space_simple(KST_SPACE, 4096, KST_DRAM, KST_HUGE);
		if (ret && ret != -EEXIST)
			return 1;
		n += !ret;
		fd = kst_open(KST_SPACE, O_RDWR);
		if (fd >= 0 && kst_put_pattern(fd, kst_key((uintptr_t)arg, n),
					       kst_root, 4096, n) < 0)
			return 2;
		if (fd >= 0)
			close(fd);
		ret = kst_space_delete(KST_SPACE);
		if (ret && ret != -EBUSY && ret != -ENOENT)
			return 3;
	}
	return 0;
}

TEST_F(spaces, create_open_delete_race)
{
	struct kst_child c[4];
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(c); i++) {
		ASSERT_EQ(0, kst_spawn(&c[i], make_and_break,
				       (void *)(uintptr_t)i));
	}
	for (i = 0; i < ARRAY_SIZE(c); i++) {
		EXPECT_EQ(0, kst_join(&c[i]));
	}
	ret = kst_space_delete(KST_SPACE);
	EXPECT_TRUE(!ret || ret == -ENOENT);
	EXPECT_TRUE(KST_UNTIL(kst_tier_attr(KST_DRAM, "free") == 8 * KST_MIB));
}

TEST_HARNESS_MAIN
