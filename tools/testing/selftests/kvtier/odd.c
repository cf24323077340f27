// SPDX-License-Identifier: GPL-2.0
/* Block sizes of every kind: each way to the bytes gives the same bytes. */
#include "kselftest_harness.h"
#include "util.h"

FIXTURE(block_size) {};

FIXTURE_VARIANT(block_size) {
	__u32 bytes;
	unsigned int mib;	/* of the arena */
	unsigned int blocks;	/* to put; they fit */
};

FIXTURE_VARIANT_ADD(block_size, 4k) {
	.bytes = 4096, .mib = 2, .blocks = 500,
};

FIXTURE_VARIANT_ADD(block_size, 12k) {
	.bytes = 12288, .mib = 4, .blocks = 330,
};

/* Nearly all frames cross a 2 MiB boundary somewhere in the space. */
FIXTURE_VARIANT_ADD(block_size, 1100k) {
	.bytes = 1126400, .mib = 16, .blocks = 14,
};

FIXTURE_VARIANT_ADD(block_size, 2m) {
	.bytes = 2 << 20, .mib = 16, .blocks = 7,
};

FIXTURE_VARIANT_ADD(block_size, 2m_and_a_page) {
	.bytes = (2 << 20) + 4096, .mib = 16, .blocks = 6,
};

FIXTURE_VARIANT_ADD(block_size, 6m) {
	.bytes = 6 << 20, .mib = 24, .blocks = 3,
};

FIXTURE_VARIANT_ADD(block_size, 64m) {
	.bytes = 64 << 20, .mib = 128, .blocks = 1,
};

FIXTURE_SETUP(block_size)
{
	KST_START();
	ASSERT_EQ(0, kst_make(variant->bytes, variant->mib, 0));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "low_watermark", "0"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "lease_quota", "1000"));
}

FIXTURE_TEARDOWN_PARENT(block_size)
{
	EXPECT_EQ(0, kst_cleanup());
}

TEST_F(block_size, frames)
{
	long long frames = variant->mib * KST_MIB / variant->bytes;

	EXPECT_EQ(frames, kst_arena(KST_SPACE, 0, "frames"));
	EXPECT_EQ(frames, kst_arena(KST_SPACE, 0, "free"));
	EXPECT_EQ(variant->bytes, kst_attr(KST_SPACE, "block_size"));
}

TEST_F_TIMEOUT(block_size, put_and_read_all_ways, 90)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	struct kvt_space_info info;
	struct kvt_entry e;
	unsigned int i;
	char *w, *s;

	ASSERT_LE(0, fd);
	for (i = 0; i < variant->blocks; i++) {
		ASSERT_EQ(0, kst_put_pattern(fd, kst_key(1, i), kst_root,
					     variant->bytes, i));
	}
	w = kst_map_window(fd, 0, PROT_READ, NULL);
	ASSERT_NE(NULL, w);
	ASSERT_EQ(0, kst_info(fd, &info));
	s = kst_map_slots(fd, info.nr_slots);
	ASSERT_NE(NULL, s);
	for (i = 0; i < variant->blocks; i++) {
		EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, i), variant->bytes,
					     i));
		ASSERT_LE(0, kst_acquire(fd, kst_key(1, i), 0, &e));
		EXPECT_EQ(0, e.offset % variant->bytes);
		EXPECT_TRUE(kst_holds(w + e.offset, variant->bytes, i));
		EXPECT_TRUE(kst_holds(s + (size_t)e.slot * variant->bytes,
				      variant->bytes, i));
		EXPECT_EQ(0, kst_release(fd, e.slot));
	}
}

TEST_F_TIMEOUT(block_size, fill_all_frames_through_the_window, 90)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	unsigned int i, frames = variant->mib * KST_MIB / variant->bytes;
	struct kvt_entry e;
	size_t len;
	char *w;

	ASSERT_LE(0, fd);
	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, &len);
	ASSERT_NE(NULL, w);
	for (i = 0; i < frames; i++) {
		ASSERT_LE(0, kst_reserve(fd, kst_key(1, i), kst_root, &e));
		ASSERT_GE(len, e.offset + variant->bytes);
		kst_fill(w + e.offset, variant->bytes, i);
		ASSERT_EQ(0, kst_commit(fd, e.slot));
	}
	for (i = 0; i < frames; i++) {
		EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, i), variant->bytes,
					     i));
	}
}

/* Ranges across page and huge page boundaries, and the very ends. */
TEST_F(block_size, get_ranges)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	__u32 n = variant->bytes;
	__u32 pos[] = { 0, 1, 4093, n / 2 - 3, n - 5000 < n ? n - 5000 : 0,
			n - 1, (2 << 20) - 100, (4 << 20) - 1 };
	__u32 len[] = { 1, 8, 4096, 5000 };
	unsigned int i, j;
	char *want = malloc(n), buf[5000];

	ASSERT_LE(0, fd);
	ASSERT_NE(NULL, want);
	kst_fill(want, n, 9);
	ASSERT_EQ(0, kst_put(fd, kst_key(1, 0), kst_root, want));
	for (i = 0; i < ARRAY_SIZE(pos); i++) {
		for (j = 0; j < ARRAY_SIZE(len); j++) {
			if (pos[i] >= n || len[j] > n - pos[i])
				continue;
			memset(buf, 0, sizeof(buf));
			EXPECT_EQ(0, kst_get(fd, kst_key(1, 0), buf, pos[i],
					     len[j]));
			EXPECT_EQ(0, memcmp(buf, want + pos[i], len[j])) {
				TH_LOG("%u bytes at %u", len[j], pos[i]);
			}
		}
	}
}

/* Down and up again: copies of frames that straddle pages. */
TEST_F_TIMEOUT(block_size, moves, 90)
{
	unsigned int i, n = variant->mib * KST_MIB / variant->bytes + 1;
	__u64 quota = variant->mib * KST_MIB;
	struct kvt_entry e;
	int fd;

	ASSERT_EQ(0, kst_tier_add(KST_CXL, KVT_TIER_CXL, kst_slow_node(),
				  quota));
	ASSERT_EQ(0, kst_space_resize(KST_SPACE, KST_CXL, &quota));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "promote", "always"));
	fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, fd);
	for (i = 0; i < n; i++) {
		ASSERT_LE(0, kst_put_pattern(fd, kst_key(1, i), kst_root,
					     variant->bytes, i));
	}
	/* What comes up sends another down. */
	for (i = 0; i < n; i++) {
		EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, i), variant->bytes,
					     i));
		ASSERT_LE(0, kst_acquire(fd, kst_key(1, i), 0, &e));
		ASSERT_EQ(0, kst_release(fd, e.slot));
		EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, i), variant->bytes,
					     i));
	}
	EXPECT_LE(1, kst_stat(KST_SPACE, "promotions"));
	EXPECT_LE(1, kst_stat(KST_SPACE, "demotions"));
}

TEST_HARNESS_MAIN
