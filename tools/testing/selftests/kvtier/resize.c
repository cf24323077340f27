// SPDX-License-Identifier: GPL-2.0
/* Arenas and tiers that grow, shrink and go while they are in use. */
#include "kselftest_harness.h"
#include "util.h"

#define BS	65536U
#define IN_2M	(KST_HUGE / BS)		/* frames in 2 MiB: 32 */

FIXTURE(resize) {
	struct kvt_entry e[256];
	struct kvt_batch b;
};

FIXTURE_SETUP(resize)
{
	KST_START();
	ASSERT_EQ(0, kst_tier_add(KST_DRAM, KVT_TIER_DRAM, 0, 16 * KST_MIB));
	ASSERT_EQ(0, kst_tier_add(KST_CXL, KVT_TIER_CXL, kst_slow_node(),
				  16 * KST_MIB));
}

FIXTURE_TEARDOWN_PARENT(resize)
{
	EXPECT_EQ(0, kst_cleanup());
}

static int make_space(unsigned int dram_mib, unsigned int cxl_mib)
{
	struct kvt_space_create c;

	kst_space_init(&c, KST_SPACE, BS);
	kst_space_quota(&c, KST_DRAM, dram_mib * KST_MIB);
	if (cxl_mib)
		kst_space_quota(&c, KST_CXL, cxl_mib * KST_MIB);
	return kst_space_create(&c);
}

static int open_rw(void)
{
	return kst_open(KST_SPACE, O_RDWR);
}

static int put(int fd, unsigned int n)
{
	return kst_put_pattern(fd, kst_key(1, n), kst_root, BS, n);
}

static int good(int fd, unsigned int n)
{
	return kst_get_pattern(fd, kst_key(1, n), BS, n);
}

static int resize_to(const char *tier, unsigned int mib, unsigned int *reached)
{
	__u64 bytes = mib * KST_MIB;
	int ret = kst_space_resize(KST_SPACE, tier, &bytes);

	*reached = bytes / KST_MIB;
	return ret;
}

/* Leases all frames that may be leased, by filling them. */
static unsigned int reserve_many(int fd, FIXTURE_DATA(resize) *self,
				 unsigned int nr)
{
	kst_entries(self->e, nr, 9, 0);
	kst_batch(&self->b, KVT_OP_RESERVE, self->e, nr);
	return kst_submit(fd, &self->b) ? 0 : self->b.ok;
}

TEST_F(resize, grow)
{
	struct kvt_space_info info;
	unsigned int mib, i;
	size_t len;
	int fd;
	char *w;

	ASSERT_EQ(0, make_space(4, 0));
	fd = open_rw();
	ASSERT_LE(0, fd);
	for (i = 0; i < 40; i++) {
		ASSERT_EQ(0, put(fd, i));
	}
	w = kst_map_window(fd, 0, PROT_READ, &len);
	ASSERT_NE(NULL, w);
	EXPECT_EQ(4 * KST_MIB, len);
	ASSERT_EQ(0, resize_to(KST_DRAM, 12, &mib));
	EXPECT_EQ(12, mib);
	ASSERT_EQ(0, kst_info(fd, &info));
	EXPECT_EQ(12 * KST_MIB, info.arenas[0].window_len);
	EXPECT_EQ(6 * IN_2M, info.arenas[0].nr_frames);
	EXPECT_EQ(6 * IN_2M, kst_arena(KST_SPACE, 0, "frames"));
	EXPECT_EQ(4 * KST_MIB, kst_tier_attr(KST_DRAM, "free"));
	for (i = 40; i < 150; i++) {
		ASSERT_EQ(0, put(fd, i));
	}
	for (i = 0; i < 150; i++) {
		EXPECT_EQ(0, good(fd, i));
	}
	/* The old map goes on, the new part needs a new one. */
	EXPECT_EQ(0, kst_touch(w));
	w = kst_map_window(fd, 0, PROT_READ, &len);
	ASSERT_NE(NULL, w);
	EXPECT_EQ(0, kst_touch(w + len - 1));
	/* All or nothing */
	EXPECT_EQ(-ENOSPC, resize_to(KST_DRAM, 18, &mib));
	EXPECT_EQ(12 * KST_MIB, kst_arena(KST_SPACE, 0, "bytes"));
	/* No change */
	EXPECT_EQ(0, resize_to(KST_DRAM, 12, &mib));
	EXPECT_EQ(12, mib);
}

TEST_F(resize, shrink_evicts)
{
	unsigned int mib, i, there = 0;
	int fd;

	ASSERT_EQ(0, make_space(12, 0));
	fd = open_rw();
	ASSERT_LE(0, fd);
	for (i = 0; i < 180; i++) {
		ASSERT_EQ(0, put(fd, i));
	}
	ASSERT_EQ(0, resize_to(KST_DRAM, 4, &mib));
	EXPECT_EQ(4, mib);
	EXPECT_EQ(12 * KST_MIB, kst_tier_attr(KST_DRAM, "free"));
	EXPECT_EQ(2 * IN_2M, kst_arena(KST_SPACE, 0, "frames"));
	for (i = 0; i < 180; i++) {
		int ret = good(fd, i);

		EXPECT_TRUE(!ret || ret == -ENOENT);
		there += !ret;
	}
	EXPECT_GE(2 * IN_2M, there);
	EXPECT_LE(IN_2M, there);
	/* The worker makes room. */
	EXPECT_GE(there, kst_attr(KST_SPACE, "blocks"));
	for (i = 1000; i < 1100; i++) {
		EXPECT_LE(0, put(fd, i));
	}
}

TEST_F(resize, shrink_keeps_what_fits)
{
	unsigned int mib, i;
	int fd;

	ASSERT_EQ(0, make_space(12, 0));
	fd = open_rw();
	ASSERT_LE(0, fd);
	for (i = 0; i < 30; i++) {
		ASSERT_EQ(0, put(fd, i));
	}
	ASSERT_EQ(0, resize_to(KST_DRAM, 4, &mib));
	for (i = 0; i < 30; i++) {
		EXPECT_EQ(0, good(fd, i));
	}
	EXPECT_EQ(30, kst_attr(KST_SPACE, "blocks"));
}

TEST_F(resize, shrink_stops_at_leases)
{
	unsigned int mib, i;
	__u64 highest = 0;
	int fd;

	ASSERT_EQ(0, make_space(12, 0));
	fd = open_rw();
	ASSERT_LE(0, fd);
	/* 172 of 192: the quota of 900 per mille */
	ASSERT_EQ(172, reserve_many(fd, self, 172));
	for (i = 0; i < 172; i++)
		highest = self->e[i].offset > highest ? self->e[i].offset :
							highest;
	EXPECT_EQ(-EBUSY, resize_to(KST_DRAM, 2, &mib));
	EXPECT_LE(highest / KST_MIB, mib);
	EXPECT_GE(12, mib);
	EXPECT_EQ(mib * KST_MIB, kst_arena(KST_SPACE, 0, "bytes"));
	/* All is as it was for the holder. */
	for (i = 0; i < 172; i++) {
		EXPECT_EQ(0, kst_commit(fd, self->e[i].slot));
	}
	EXPECT_EQ(172, kst_attr(KST_SPACE, "blocks"));
	/* Without the leases it goes. */
	EXPECT_EQ(0, resize_to(KST_DRAM, 2, &mib));
	EXPECT_EQ(2, mib);
}

TEST_F(resize, shrink_of_a_mapped_window)
{
	unsigned int mib;
	size_t len;
	char *w;
	int fd;

	ASSERT_EQ(0, make_space(8, 0));
	fd = open_rw();
	ASSERT_LE(0, fd);
	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, &len);
	ASSERT_NE(NULL, w);
	memset(w, 0x55, len);
	ASSERT_EQ(0, resize_to(KST_DRAM, 4, &mib));
	EXPECT_EQ(0, kst_touch(w));
	/* What is not the space's any more must not be seen. */
	EXPECT_EQ(SIGBUS, kst_touch(w + 4 * KST_MIB));
	EXPECT_EQ(SIGBUS, kst_touch(w + len - 1));
	/* Another space has it, zeroed. */
	ASSERT_EQ(0, kst_space_simple("kst_b", BS, KST_DRAM, 12 * KST_MIB));
	fd = kst_open("kst_b", O_RDONLY);
	ASSERT_LE(0, fd);
	w = kst_map_window(fd, 0, PROT_READ, &len);
	ASSERT_NE(NULL, w);
	EXPECT_TRUE(kst_zero(w, len));
}

TEST_F(resize, remove_an_arena)
{
	unsigned int mib, i;
	struct kvt_space_info info;
	int fd;

	ASSERT_EQ(0, make_space(4, 8));
	fd = open_rw();
	ASSERT_LE(0, fd);
	for (i = 0; i < 150; i++) {
		ASSERT_LE(0, put(fd, i));
	}
	EXPECT_LT(0, kst_arena(KST_SPACE, 1, "blocks"));
	EXPECT_EQ(-EBUSY, kst_tier_remove(KST_CXL));
	ASSERT_EQ(0, resize_to(KST_CXL, 0, &mib));
	EXPECT_EQ(0, mib);
	ASSERT_EQ(0, kst_info(fd, &info));
	EXPECT_EQ(0, info.arenas[1].tier[0]);
	EXPECT_EQ(0, info.arenas[1].window_len);
	EXPECT_EQ(16 * KST_MIB, kst_tier_attr(KST_CXL, "free"));
	for (i = 0; i < 150; i++) {
		EXPECT_NE(1, good(fd, i));
	}
	EXPECT_EQ(0, kst_tier_remove(KST_CXL));
	/* The last one stays. */
	EXPECT_EQ(-EINVAL, resize_to(KST_DRAM, 0, &mib));
	EXPECT_EQ(4 * KST_MIB, kst_arena(KST_SPACE, 0, "bytes"));
	EXPECT_EQ(0, put(fd, 999));
}

TEST_F(resize, add_an_arena)
{
	unsigned int mib, i;
	int fd;

	ASSERT_EQ(0, make_space(4, 0));
	fd = open_rw();
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, resize_to(KST_CXL, 8, &mib));
	for (i = 0; i < 150; i++) {
		ASSERT_LE(0, put(fd, i));
	}
	EXPECT_LT(0, kst_arena(KST_SPACE, 1, "blocks"));
	for (i = 0; i < 150; i++) {
		EXPECT_EQ(0, good(fd, i));
	}
}

TEST_F(resize, tier)
{
	__u64 bytes = 24 * KST_MIB;

	ASSERT_EQ(0, kst_tier_resize(KST_DRAM, &bytes));
	EXPECT_EQ(24 * KST_MIB, bytes);
	EXPECT_EQ(24 * KST_MIB, kst_tier_attr(KST_DRAM, "free"));
	bytes = 8 * KST_MIB;
	ASSERT_EQ(0, kst_tier_resize(KST_DRAM, &bytes));
	EXPECT_EQ(8 * KST_MIB, kst_tier_attr(KST_DRAM, "size"));
	ASSERT_EQ(0, make_space(6, 0));
	/* Only what no space has */
	bytes = 2 * KST_MIB;
	EXPECT_EQ(-EBUSY, kst_tier_resize(KST_DRAM, &bytes));
	EXPECT_EQ(6 * KST_MIB, bytes);
	EXPECT_EQ(6 * KST_MIB, kst_tier_attr(KST_DRAM, "size"));
	EXPECT_EQ(0, kst_tier_attr(KST_DRAM, "free"));
	EXPECT_EQ(-EBUSY, kst_tier_remove(KST_DRAM));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	EXPECT_EQ(0, kst_tier_remove(KST_DRAM));
}

TEST_F(resize, tier_grows_part_of_the_way)
{
	__u64 total = kst_meminfo_kb("MemTotal") * 1024ULL, bytes = total * 4;
	int ret;

	if (total > 16ULL << 30)
		SKIP(return, "would take %llu GiB of this machine",
		     total >> 30);
	bytes -= bytes % KST_HUGE;
	ret = kst_tier_resize(KST_CXL, &bytes);
	EXPECT_EQ(-ENOMEM, ret);
	EXPECT_LE(16 * KST_MIB, bytes);
	EXPECT_EQ(bytes, kst_tier_attr(KST_CXL, "size"));
	bytes = 16 * KST_MIB;
	EXPECT_EQ(0, kst_tier_resize(KST_CXL, &bytes));
}

/* Work goes on while the arena changes under it. */
static int put_and_get(struct kst_child *c, void *arg)
{
	unsigned int *stop = arg, n, done = 0;
	int fd = open_rw(), ret;

	srand(getpid());
	while (!__atomic_load_n(stop, __ATOMIC_RELAXED) || done <= 10) {
		n = rand() % 300;
		ret = put(fd, n);
		/* There may be no frame for a moment. */
		if (ret < 0 && ret != -ENOSPC && ret != -EINPROGRESS)
			return 1;
		ret = good(fd, n);
		if (ret == 1)
			return 2;
		if (ret < 0 && ret != -ENOENT && ret != -EINPROGRESS)
			return 3;
		done += !ret;
	}
	kst_say(c, done);
	return 0;
}

static void expect_done(struct __test_metadata *_metadata, struct kst_child c[2],
			unsigned int *stop)
{
	unsigned int i;

	__atomic_store_n(stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++) {
		EXPECT_LT(10, kst_hear(&c[i]));
		EXPECT_EQ(0, kst_join(&c[i]));
	}
}

TEST_F_TIMEOUT(resize, under_load, 60)
{
	__u64 end = kst_now_ms() + 8000;
	struct kst_child c[2];
	unsigned int *stop, i, mib, changes = 0;

	ASSERT_EQ(0, make_space(8, 4));
	stop = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, stop);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, kst_spawn(&c[i], put_and_get, stop));
	}
	srand(1);
	while (kst_now_ms() < end || changes <= 5) {
		int ret = resize_to(rand() % 2 ? KST_DRAM : KST_CXL,
				    2 + 2 * (rand() % 7), &mib);

		ASSERT_TRUE(!ret || ret == -EBUSY);
		changes += !ret;
	}
	expect_done(_metadata, c, stop);
	EXPECT_LT(5, changes);
	for (i = 0; i < 2; i++) {
		EXPECT_TRUE(KST_UNTIL(kst_arena(KST_SPACE, i, "frames") ==
				      kst_arena(KST_SPACE, i, "free") +
				      kst_arena(KST_SPACE, i, "blocks")));
	}
}

#define MINE	0x55
#define THEIRS	0xaa

/* Where the window has no page, the kernel cannot copy either. */
static int use_window(struct kst_child *c, void *arg)
{
	unsigned int *stop = arg, i, read_back = 0;
	int fd = open_rw(), p[2];
	char byte, *w, *at;
	size_t len;

	if (fd < 0 || pipe(p))
		return 1;
	srand(getpid());
	while (!__atomic_load_n(stop, __ATOMIC_RELAXED) || read_back <= 10) {
		w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, &len);
		if (!w)
			continue;	/* it has become smaller just now */
		for (i = 0; i < 500; i++) {
			at = w + rand() % (len / 4096) * 4096;
			byte = MINE;
			if (write(p[1], &byte, 1) != 1 ||
			    (read(p[0], at, 1) != 1 && read(p[0], &byte, 1) != 1))
				return 2;
			at = w + rand() % (len / 4096) * 4096;
			if (write(p[1], at, 1) != 1)
				continue;
			if (read(p[0], &byte, 1) != 1 || (byte && byte != MINE))
				return 3;
			read_back += byte == MINE;
		}
		munmap(w, len);
	}
	kst_say(c, read_back);
	return 0;
}

/* Has another space all the memory there is to itself? -ENOSPC: there was too little. */
static int other_space(void)
{
	char *w = MAP_FAILED;
	size_t len;
	int fd, ret;

	ret = kst_space_simple("kst_b", BS, KST_DRAM, 10 * KST_MIB);
	if (ret)
		return ret;
	fd = kst_open("kst_b", O_RDWR);
	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, &len);
	if (!w || !kst_zero(w, len))
		return 1;
	memset(w, THEIRS, len);
	usleep(20000);
	ret = w[0] != (char)THEIRS || memcmp(w, w + 1, len - 1);
	munmap(w, len);
	close(fd);
	return ret ?: kst_space_delete("kst_b");
}

TEST_F_TIMEOUT(resize, window_is_touched_while_it_shrinks, 60)
{
	unsigned int *stop, mib, i, rounds = 0, tries;
	struct kst_child c[2];
	int ret;

	ASSERT_EQ(0, make_space(12, 0));
	stop = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, stop);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, kst_spawn(&c[i], use_window, stop));
	}
	for (tries = 0; rounds < 20 && tries < 500; tries++) {
		ret = resize_to(KST_DRAM, 6, &mib);
		ASSERT_TRUE(!ret || ret == -EBUSY);
		ret = other_space();
		ASSERT_TRUE(!ret || ret == -ENOSPC);
		rounds += !ret;
		ASSERT_EQ(0, resize_to(KST_DRAM, 12, &mib));
	}
	EXPECT_EQ(20, rounds);
	expect_done(_metadata, c, stop);
}

TEST_HARNESS_MAIN
