// SPDX-License-Identifier: GPL-2.0
/*
 * Checksums of blocks in memory: who writes to a sealed frame is found out when the
 * block moves, and what was written is nobody's data.
 */
#include "kselftest_harness.h"
#include "nvme.h"

#define BS	131072U		/* two checksums a block */
#define MIB	4
#define FRAMES	(MIB * KST_MIB / BS)	/* 32 */

FIXTURE(sums) {
	int fd;
	__u8 *window;
	size_t len;
	struct kvt_entry e;
};

FIXTURE_SETUP(sums)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, MIB, 2 * MIB));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->window = kst_map_window(self->fd, 0, PROT_READ | PROT_WRITE,
				      &self->len);
	ASSERT_NE(NULL, self->window);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "promote", "off"));
}

FIXTURE_TEARDOWN_PARENT(sums)
{
	EXPECT_EQ(0, kst_cleanup());
}

/* A root of its own, so that plain age decides who goes. */
static int put(int fd, unsigned int n)
{
	return kst_put_wait(fd, kst_key(1, n), kst_root, BS, kst_seed(1, n));
}

/* Write a byte of block @n, which is on dram, at @pos. */
static int scribble(FIXTURE_DATA(sums) *self, unsigned int n, __u32 pos)
{
	int ret = kst_acquire(self->fd, kst_key(1, n), 0, &self->e);

	if (ret < 0)
		return ret;
	self->window[self->e.offset + pos] ^= 1;
	return kst_release(self->fd, self->e.slot);
}

/* The older half of what is on dram goes down. */
static int make_room(void)
{
	int ret = kst_knob(KST_SPACE, "high_watermark", "500") ?:
		  kst_knob(KST_SPACE, "low_watermark", "500");

	KST_UNTIL(kst_arena(KST_SPACE, 0, "free") >= (long long)FRAMES / 2);
	ret = ret ?: kst_knob(KST_SPACE, "low_watermark", "0") ?:
		     kst_knob(KST_SPACE, "high_watermark", "0");
	kst_settle(KST_SPACE);
	return ret;
}

/* All that is on dram goes down, as new blocks come. */
static int push_down(FIXTURE_DATA(sums) *self, unsigned int from)
{
	unsigned int n;

	for (n = from; n < from + FRAMES; n++)
		if (put(self->fd, n) < 0)
			return -1;
	return make_room();
}

TEST_F(sums, words)
{
	char text[32];

	EXPECT_EQ(0, kst_attr_text("/sys/class/kvtier/" KST_SPACE "/checksum",
				   text, sizeof(text)));
	EXPECT_STREQ("move", text);
	EXPECT_EQ(1000, kst_attr(KST_SPACE, "verify"));
	EXPECT_EQ(0, kst_knob(KST_SPACE, "checksum", "commit\n"));
	EXPECT_EQ(0, kst_attr_text("/sys/class/kvtier/" KST_SPACE "/checksum",
				   text, sizeof(text)));
	EXPECT_STREQ("commit", text);
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "checksum", "never"));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "checksum", "\n"));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "verify", "1001"));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "verify", "-1"));
}

/* They take memory where there are any, and nowhere else. */
TEST_F(sums, are_counted)
{
	long long before;
	unsigned int n;

	ASSERT_LE(0, put(self->fd, 0));
	before = kst_attr(KST_SPACE, "metadata_bytes");
	ASSERT_LE(0, put(self->fd, 1));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "checksum", "commit"));
	n = kst_attr(KST_SPACE, "metadata_bytes") - before;
	EXPECT_GE(1024, n);
	ASSERT_LE(0, put(self->fd, 2));
	n = kst_attr(KST_SPACE, "metadata_bytes") - before;
	EXPECT_LE(2048, n);
	EXPECT_GE(8192, n);
}

/* Whoever scribbles on a sealed frame loses the block, and no other. */
TEST_F(sums, scribble_after_commit)
{
	unsigned int n;

	ASSERT_EQ(0, kst_knob(KST_SPACE, "checksum", "commit"));
	for (n = 0; n < 8; n++) {
		ASSERT_LE(0, put(self->fd, n));
	}
	ASSERT_EQ(0, scribble(self, 2, 0));
	ASSERT_EQ(0, scribble(self, 5, BS - 1));
	ASSERT_EQ(0, push_down(self, 100));
	EXPECT_EQ(2, kst_stat_wait(KST_SPACE, "damaged", 2));
	for (n = 0; n < 8; n++) {
		EXPECT_EQ(n == 2 || n == 5 ? -ENOENT : 0,
			  kst_get_block(self->fd, 1, n, BS)) {
			TH_LOG("block %u", n);
		}
	}
	for (n = 100; n < 100 + FRAMES; n++) {
		EXPECT_EQ(0, kst_get_block(self->fd, 1, n, BS));
	}
	/* Its key is free for the right bytes. */
	EXPECT_LE(0, put(self->fd, 2));
	EXPECT_EQ(0, kst_get_block(self->fd, 1, 2, BS));
}

/* The sums are made when it first moves: what is written later is found. */
TEST_F(sums, scribble_after_the_first_move)
{
	ASSERT_LE(0, put(self->fd, 0));
	ASSERT_EQ(0, push_down(self, 100));
	EXPECT_EQ(KVT_TIER_CXL, kst_tier_of(self->fd, 1, 0, NULL));
	munmap(self->window, self->len);
	self->window = kst_map_window(self->fd, 1, PROT_READ | PROT_WRITE,
				      &self->len);
	ASSERT_NE(NULL, self->window);
	ASSERT_EQ(KVT_TIER_CXL, kst_acquire(self->fd, kst_key(1, 0), 0, &self->e) &
		  KVT_RES_TIER_MASK);
	self->window[self->e.offset & ((1ULL << 44) - 1)] ^= 1;
	ASSERT_EQ(0, kst_release(self->fd, self->e.slot));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "damaged"));
	/* Up it goes, or would. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "promote", "always"));
	kst_acquire(self->fd, kst_key(1, 0), 0, &self->e);
	EXPECT_EQ(1, kst_stat(KST_SPACE, "damaged"));
	EXPECT_EQ(-ENOENT, kst_get_block(self->fd, 1, 0, BS));
}

/* An operator may do without; the sums go with the block all the same. */
TEST_F(sums, verify_off)
{
	ASSERT_EQ(0, kst_knob(KST_SPACE, "checksum", "commit"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "verify", "0"));
	ASSERT_LE(0, put(self->fd, 0));
	ASSERT_EQ(0, scribble(self, 0, 70000));
	ASSERT_EQ(0, push_down(self, 100));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "damaged"));
	EXPECT_EQ(1, kst_get_block(self->fd, 1, 0, BS));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "verify", "1000"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "promote", "always"));
	kst_acquire(self->fd, kst_key(1, 0), 0, &self->e);
	EXPECT_EQ(1, kst_stat(KST_SPACE, "damaged"));
	EXPECT_EQ(-ENOENT, kst_get_block(self->fd, 1, 0, BS));
}

/* A frame that was used before has nothing to do with the block before. */
TEST_F(sums, frames_are_used_again)
{
	unsigned int round, n;

	ASSERT_EQ(0, kst_knob(KST_SPACE, "checksum", "commit"));
	for (round = 0; round < 6; round++) {
		for (n = 0; n < FRAMES / 2; n++) {
			ASSERT_LE(0, put(self->fd, round * 100 + n));
		}
		for (n = 0; n < FRAMES / 2; n += 2) {
			ASSERT_EQ(0, kst_drop(self->fd, kst_key(1, round * 100 + n), 0));
		}
		ASSERT_EQ(0, kst_knob(KST_SPACE, "checksum",
				      round % 2 ? "commit" : "move"));
	}
	kst_settle(KST_SPACE);
	EXPECT_EQ(0, kst_stat(KST_SPACE, "damaged"));
	for (n = 1; n < FRAMES / 2; n += 2) {
		EXPECT_EQ(0, kst_get_block(self->fd, 1, 500 + n, BS));
	}
}

/* ----------------------------------------------------------------- with nvme below */

FIXTURE(sums_nvme) {
	struct kst_loop loop;
	int fd;
	__u8 *window;
	size_t len;
	struct kvt_entry e;
};

FIXTURE_SETUP(sums_nvme)
{
	struct kst_set set = { .nr = 1, .segment = KST_MIB };

	KST_START();
	if (kst_loop_make(&self->loop, 64 * KST_MIB))
		SKIP(return, "no loop devices");
	set.dev[0] = self->loop.path;
	ASSERT_EQ(0, kst_make_nvme(&set, BS, MIB, 32));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->window = kst_map_window(self->fd, 0, PROT_READ | PROT_WRITE,
				      &self->len);
	ASSERT_NE(NULL, self->window);
}

FIXTURE_TEARDOWN_PARENT(sums_nvme)
{
	EXPECT_EQ(0, kst_cleanup());
}

/* With sums of COMMIT, what was written since comes back from nvme as a miss. */
TEST_F_TIMEOUT(sums_nvme, scribble_before_it_is_written, 60)
{
	unsigned int n;

	ASSERT_EQ(0, kst_knob(KST_SPACE, "checksum", "commit"));
	ASSERT_LE(0, put(self->fd, 0));
	ASSERT_EQ(0, kst_acquire(self->fd, kst_key(1, 0), 0, &self->e) & ~KVT_RES_LEASED);
	self->window[self->e.offset + 100] ^= 1;
	ASSERT_EQ(0, kst_release(self->fd, self->e.slot));
	for (n = 1; n < 3 * FRAMES; n++) {
		ASSERT_LE(0, put(self->fd, n));
	}
	kst_settle(KST_SPACE);
	ASSERT_EQ(KVT_TIER_NVME, kst_tier_of(self->fd, 1, 0, NULL));
	EXPECT_EQ(-ENOENT, kst_get_block(self->fd, 1, 0, BS));
	EXPECT_EQ(1, kst_stat_wait(KST_SPACE, "lost", 1));
	for (n = 1; n < 3 * FRAMES; n++) {
		EXPECT_EQ(0, kst_get_block(self->fd, 1, n, BS)) {
			TH_LOG("block %u", n);
		}
	}
}

/* Moved within memory, and found damaged, it lives on by its copy on nvme. */
TEST_F_TIMEOUT(sums_nvme, copy_on_nvme_is_used, 60)
{
	__u64 bytes = MIB * KST_MIB;
	unsigned int n;

	for (n = 0; n < 2 * FRAMES; n++) {
		ASSERT_LE(0, put(self->fd, n));
	}
	kst_settle(KST_SPACE);
	/* Up, with its sums from the log. */
	ASSERT_EQ(0, kst_get_block(self->fd, 1, 0, BS));
	ASSERT_EQ(0, kst_acquire_wait(self->fd, kst_key(1, 0), &self->e) &
		  KVT_RES_TIER_MASK);
	self->window[self->e.offset] ^= 1;
	for (n = 1; n < 2 * FRAMES; n++) {
		if (kst_tier_of(self->fd, 1, n, NULL) == KVT_TIER_DRAM)
			EXPECT_EQ(0, kst_get_block(self->fd, 1, n, BS));
	}
	/* Slower memory appears, and what was not used for longest goes there. */
	ASSERT_EQ(0, kst_tier_add(KST_CXL, KVT_TIER_CXL, kst_slow_node(),
				  MIB * KST_MIB));
	ASSERT_EQ(0, kst_space_resize(KST_SPACE, KST_CXL, &bytes));
	/* Not before: it would leave memory. */
	ASSERT_EQ(0, kst_release(self->fd, self->e.slot));
	ASSERT_EQ(0, make_room());
	EXPECT_EQ(1, kst_stat_wait(KST_SPACE, "damaged", 1));
	EXPECT_EQ(0, kst_get_block(self->fd, 1, 0, BS));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "lost"));
}

TEST_HARNESS_MAIN
