// SPDX-License-Identifier: GPL-2.0
/*
 * What is written to nvme, and what is not: admission, the budget, reclaim and
 * carry-over, checksums; and that the counters say what went to the device.
 */
#include "kselftest_harness.h"
#include "nvme.h"

#define BS	65536U
#define MIB	4
#define FRAMES	(MIB * KST_MIB / BS)	/* 64 */
#define NR	(3 * FRAMES)
#define SIZE	(100 * KST_MIB)

FIXTURE(write) {
	struct kst_loop loop;
	struct kst_set set;
	int fd;
	struct kvt_entry e;
};

FIXTURE_SETUP(write)
{
	KST_START();
	if (kst_loop_make(&self->loop, SIZE))
		SKIP(return, "no loop devices");
	self->set = (struct kst_set){
		.nr = 1, .dev = { self->loop.path }, .segment = KST_MIB,
		.grade = KST_BULK,
	};
	ASSERT_EQ(0, kst_make_nvme(&self->set, BS, MIB, 16));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(write)
{
	EXPECT_EQ(0, kst_cleanup());
}

/* A root of its own, so that plain age decides who goes. */
static int put_root(int fd, unsigned int n)
{
	return kst_put_wait(fd, kst_key(1, n), kst_root, BS, kst_seed(1, n));
}

static int put_class(int fd, unsigned int n, __u8 class_id)
{
	static char data[BS];
	struct kvt_entry e;
	struct kvt_batch b;

	kst_entries(&e, 1, 1, n);
	e.addr = kst_ptr(data);
	kst_fill(data, BS, kst_seed(1, n));
	kst_batch(&b, KVT_OP_PUT, &e, 1);
	b.flags = KVT_F_WAIT | KVT_F_CLASS;
	b.class_id = class_id;
	b.timeout_ns = KST_PATIENCE * 1000000ULL;
	return kst_submit(fd, &b) ?: e.result;
}

/* --------------------------------------------------------------------- admission */

TEST_F_TIMEOUT(write, admission_words, 30)
{
	const char *path = "/sys/class/kvtier_tier/" KST_NVME "/admission";
	char text[64];

	EXPECT_EQ(0, kst_attr_text(path, text, sizeof(text)));
	EXPECT_STREQ("[all] second class", text);
	EXPECT_EQ(0, kst_tier_knob(KST_NVME, "admission", "class\n"));
	EXPECT_EQ(0, kst_attr_text(path, text, sizeof(text)));
	EXPECT_STREQ("all second [class]", text);
	EXPECT_EQ(-EINVAL, kst_tier_knob(KST_NVME, "admission", "none"));
	EXPECT_EQ(-EINVAL, kst_tier_knob(KST_NVME, "admission", "\n"));
	EXPECT_EQ(-EINVAL, kst_tier_knob(KST_NVME, "admit_classes", "65536"));
	EXPECT_EQ(-EINVAL, kst_tier_knob(KST_NVME, "carry_over", "1001"));
	EXPECT_EQ(-EINVAL, kst_tier_knob(KST_NVME, "verify", "1001"));
	EXPECT_EQ(-EINVAL, kst_tier_knob(KST_NVME, "verify", "-1"));
	EXPECT_EQ(-EINVAL, kst_tier_knob(KST_NVME, "flush_ms", "3600001"));
	EXPECT_EQ(-EINVAL, kst_tier_knob(KST_NVME, "write_budget", "1"));
	EXPECT_EQ(-EACCES, kst_tier_knob(KST_NVME, "bytes_written", "0"));
}

/* Nothing is to be free ahead of need; then it is written when none is. */
TEST_F_TIMEOUT(write, no_watermarks, 60)
{
	unsigned int n;

	ASSERT_EQ(0, kst_knob(KST_SPACE, "low_watermark", "0"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "high_watermark", "0"));
	for (n = 0; n < 2 * FRAMES; n++)
		ASSERT_LE(0, put_root(self->fd, n));
	for (n = 0; n < 2 * FRAMES; n++)
		EXPECT_EQ(0, kst_get_block(self->fd, 1, n, BS));
}

/* What was stored and never asked for again is not worth a write. */
TEST_F_TIMEOUT(write, second, 60)
{
	const unsigned int nr = 5 * FRAMES, wanted = nr / 4;
	unsigned int n;

	ASSERT_EQ(0, kst_tier_knob(KST_NVME, "admission", "second"));
	for (n = 0; n < nr; n++) {
		ASSERT_LE(0, put_root(self->fd, n));
		/* Every fourth is. */
		if (n % 4 == 0)
			EXPECT_EQ(0, kst_get_block(self->fd, 1, n, BS));
	}
	kst_settle(KST_SPACE);
	/* Those that are written ahead may still be in memory as well. */
	for (n = 0; n < nr - FRAMES; n++) {
		EXPECT_EQ(n % 4 != 0, kst_tier_of(self->fd, 1, n, NULL) == -ENOENT) {
			TH_LOG("block %u", n);
		}
	}
	EXPECT_LE((nr - FRAMES) * 3 / 4, kst_stat(KST_SPACE, "not_admitted"));
	/* More than fit into memory, each once at most. */
	EXPECT_LE(wanted - FRAMES, kst_stat(KST_SPACE, "writeouts"));
	EXPECT_GE(wanted, kst_stat(KST_SPACE, "writeouts"));
}

TEST_F_TIMEOUT(write, by_class, 60)
{
	unsigned int n;

	ASSERT_EQ(0, kst_tier_knob(KST_NVME, "admission", "class"));
	ASSERT_EQ(0, kst_tier_knob(KST_NVME, "admit_classes", "0x5"));
	for (n = 0; n < NR; n++) {
		ASSERT_LE(0, put_class(self->fd, n, n % 3));
	}
	kst_settle(KST_SPACE);
	/* What needs no write may go before older blocks that do. */
	for (n = 0; n < NR - 2 * FRAMES; n++) {
		EXPECT_EQ(n % 3 == 1 ? -ENOENT : KVT_TIER_NVME,
			  kst_tier_of(self->fd, 1, n, NULL)) {
			TH_LOG("block %u", n);
		}
	}
	/* Changed at run time; 0 admits nothing, not even at the end. */
	ASSERT_EQ(0, kst_tier_knob(KST_NVME, "admit_classes", "0"));
	for (n = NR; n < 2 * NR; n++) {
		ASSERT_LE(0, put_class(self->fd, n, 0));
	}
	EXPECT_EQ(-ENOENT, kst_tier_of(self->fd, 1, NR, NULL));
	kst_settle(KST_SPACE);
	n = kst_stat(KST_SPACE, "writeouts");
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	EXPECT_EQ(n, kst_stat(KST_SPACE, "writeouts"));
}

/* A day's budget begins with a full bucket of 64 MiB; then writes stop. */
TEST_F_TIMEOUT(write, budget, 120)
{
	__u64 bytes = 96 * KST_MIB;
	long long written;
	unsigned int n;

	ASSERT_EQ(0, kst_space_resize(KST_SPACE, KST_NVME, &bytes));
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "budget_left"));
	ASSERT_EQ(0, kst_tier_knob(KST_NVME, "write_budget", "1048576"));
	EXPECT_EQ(64 * KST_MIB, kst_tier_attr(KST_NVME, "budget_left"));
	for (n = 0; n < 1400; n++) {
		ASSERT_LE(0, put_root(self->fd, n));
	}
	kst_settle(KST_SPACE);
	written = kst_tier_attr(KST_NVME, "block_bytes_written");
	/* Blocks of a group may be on their way when it runs out. */
	EXPECT_LE(60 * KST_MIB, written);
	EXPECT_GE(66 * KST_MIB, written);
	EXPECT_LT(200, kst_stat(KST_SPACE, "not_admitted"));
	EXPECT_GT(KST_MIB, kst_tier_attr(KST_NVME, "budget_left"));
	/* The newest are in memory, the oldest on nvme. */
	EXPECT_EQ(0, kst_get_block(self->fd, 1, 1399, BS));
	EXPECT_EQ(0, kst_get_block(self->fd, 1, 0, BS));
	/* No limit: it goes on. */
	ASSERT_EQ(0, kst_tier_knob(KST_NVME, "write_budget", "0"));
	for (n = 1400; n < 1500; n++) {
		ASSERT_LE(0, put_root(self->fd, n));
	}
	EXPECT_LT(written, kst_tier_attr(KST_NVME, "block_bytes_written"));
}

/* ----------------------------------------------------------------------- reclaim */

/* Three times what fits: the newest are there, and the sums are right. */
TEST_F_TIMEOUT(write, reclaim, 120)
{
	const unsigned int nr = 720;
	struct kst_found f;
	unsigned int n;

	for (n = 0; n < nr; n++) {
		ASSERT_LE(0, put_root(self->fd, n));
	}
	kst_settle(KST_SPACE);
	EXPECT_GE(16 * KST_MIB, kst_tier_attr(KST_NVME, "used"));
	EXPECT_EQ(-ENOENT, kst_tier_of(self->fd, 1, 0, NULL));
	/*
	 * 16 segments of 14 or 15 blocks; one may be free, one just begun. What is
	 * in memory may be there as well.
	 */
	for (n = nr - 13 * 14; n < nr; n++) {
		EXPECT_EQ(0, kst_get_block(self->fd, 1, n, BS)) {
			TH_LOG("block %u", n);
		}
	}
	f = kst_check_chain(self->fd, 1, nr, BS);
	EXPECT_EQ(nr, f.good + f.absent);
	/* Looking brings blocks up, which may push others out. */
	EXPECT_GE(f.good, kst_attr(KST_SPACE, "blocks"));
	EXPECT_TRUE(KST_UNTIL(kst_attr(KST_SPACE, "blocks") +
			      kst_stat(KST_SPACE, "reclaimed") == nr));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "evictions"));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "carried"));
	EXPECT_TRUE(KST_UNTIL(kst_attr(KST_SPACE, "blocks") ==
			      kst_arena(KST_SPACE, 0, "blocks") +
			      kst_arena(KST_SPACE, 1, "blocks")));
}

/*
 * Blocks that are asked for now and then, but too seldom to stay in memory. Returns how
 * many asks were in vain.
 *
 * They are written when at most FRAMES others have come. Their segment goes when 13 to 16 of
 * 14 or 15 blocks each have been written since it was begun: when 170 to 304 others have
 * come. The first asks are at 90, so they have left memory again by then; the second ones
 * at 310.
 */
#define SELDOM	8
#define ROUNDS	6

static int use_seldom(int fd)
{
	unsigned int round, n, misses = 0, next = 1000;

	for (n = 0; n < SELDOM; n++) {
		if (put_root(fd, n) < 0)
			return -1;
	}
	for (round = 0; round < ROUNDS; round++) {
		for (n = 0; n < (round ? 220 : 90); n++) {
			if (put_root(fd, next++) < 0)
				return -1;
		}
		for (n = 0; n < SELDOM; n++) {
			int ret = kst_get_block(fd, 1, n, BS);

			if (ret == -ENOENT)
				misses++;
			else if (ret)
				return -1;
		}
	}
	return misses;
}

/* Each of them from the second time on. */
TEST_F_TIMEOUT(write, without_carry_over, 120)
{
	EXPECT_EQ((ROUNDS - 1) * SELDOM, use_seldom(self->fd));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "carried"));
}

TEST_F_TIMEOUT(write, carry_over, 120)
{
	/* A segment may hold hardly anything else that is still there. */
	ASSERT_EQ(0, kst_tier_knob(KST_NVME, "carry_over", "1000"));
	/* It takes free frames: without them it is best effort, one may go. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "high_watermark", "400"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "low_watermark", "300"));
	EXPECT_GE(SELDOM, use_seldom(self->fd)) {
		TH_LOG("%lld carried, %lld reclaimed, %lld evicted",
		       kst_stat(KST_SPACE, "carried"),
		       kst_stat(KST_SPACE, "reclaimed"),
		       kst_stat(KST_SPACE, "evictions"));
	}
	EXPECT_LT(0, kst_stat(KST_SPACE, "carried"));
	EXPECT_GE(200, kst_stat(KST_SPACE, "carried"));
	EXPECT_LT(0, kst_stat(KST_SPACE, "reclaimed"));
}

/* Holes that drops leave are reused, too: a log cannot be full of nothing. */
TEST_F_TIMEOUT(write, drops_and_puts_for_long, 120)
{
	unsigned int n;

	for (n = 0; n < 900; n++) {
		ASSERT_LE(0, put_root(self->fd, n));
		if (n >= 100) {
			ASSERT_EQ(0, kst_drop(self->fd, kst_key(1, n - 100), 0));
		}
	}
	EXPECT_EQ(100, kst_attr(KST_SPACE, "blocks"));
	for (n = 800; n < 900; n++) {
		EXPECT_EQ(0, kst_get_block(self->fd, 1, n, BS));
	}
	EXPECT_EQ(0, kst_stat(KST_SPACE, "reclaimed"));
}

/* ---------------------------------------------------------------------- counters */

/* Field @i, from 0, of the device's own statistics. */
static long long diskstat(const char *path, unsigned int i)
{
	char name[64], text[512], *p = text;

	snprintf(name, sizeof(name), "/sys/block/%s/stat", path + 5);
	if (kst_attr_text(name, text, sizeof(text)))
		return -1;
	while (i--)
		strtoll(p, &p, 10);
	return strtoll(p, NULL, 10);
}

/* The tier's own figures against those of the block layer. */
TEST_F_TIMEOUT(write, amplification, 60)
{
	long long written = diskstat(self->loop.path, 6), bytes, blocks;
	long long was = kst_tier_attr(KST_NVME, "bytes_written");
	unsigned int n;

	/* The worker has a segment's worth of blocks to write whenever it begins. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "high_watermark", "500"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "low_watermark", "100"));
	ASSERT_LE(0, written);
	for (n = 0; n < NR; n++) {
		ASSERT_LE(0, put_root(self->fd, n));
	}
	kst_let_commit(KST_SPACE, KST_NVME);
	bytes = kst_tier_attr(KST_NVME, "bytes_written");
	blocks = kst_tier_attr(KST_NVME, "block_bytes_written");
	EXPECT_EQ(bytes - was, (diskstat(self->loop.path, 6) - written) * 512);
	EXPECT_EQ(kst_stat(KST_SPACE, "writeouts") * BS, blocks);
	/* Segments of 15 blocks, six pages each for the log itself. */
	EXPECT_EQ(bytes * 1000 / blocks,
		  kst_tier_attr(KST_NVME, "write_amplification"));
	EXPECT_GE(1050, kst_tier_attr(KST_NVME, "write_amplification"));
	EXPECT_LE(1000, kst_tier_attr(KST_NVME, "write_amplification"));
}

TEST_F_TIMEOUT(write, freed_segments_are_discarded, 60)
{
	long long discards = diskstat(self->loop.path, 11);
	unsigned int n;

	for (n = 0; n < NR; n++) {
		ASSERT_LE(0, put_root(self->fd, n));
	}
	close(self->fd);
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	EXPECT_LE(8, diskstat(self->loop.path, 11) - discards);
}

/* --------------------------------------------------------------------- checksums */

/* Flip a bit of a block's bytes on the device; how many copies were found. */
static unsigned int damage(const struct kst_loop *l, unsigned int n)
{
	__u64 *w = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, l->file,
			0);
	unsigned int found = 0;
	__u64 first[2];
	size_t i;

	kst_fill(first, sizeof(first), kst_seed(1, n));
	for (i = 0; i < SIZE / 8; i += 512) {
		if (w[i] != first[0] || w[i + 1] != first[1])
			continue;
		w[i + 5000] ^= 1ULL << (n % 64);
		found++;
	}
	munmap(w, SIZE);
	return found;
}

TEST_F_TIMEOUT(write, verify, 60)
{
	unsigned int n;

	for (n = 0; n < NR; n++) {
		ASSERT_LE(0, put_root(self->fd, n));
	}
	kst_settle(KST_SPACE);
	for (n = 0; n < 20; n++) {
		EXPECT_EQ(1, damage(&self->loop, n));
	}
	/* A miss, never data */
	for (n = 0; n < 10; n++) {
		EXPECT_EQ(-ENOENT, kst_get_block(self->fd, 1, n, BS));
		EXPECT_EQ(-ENOENT, kst_tier_of(self->fd, 1, n, NULL));
	}
	EXPECT_EQ(10, kst_stat_wait(KST_SPACE, "lost", 10));
	EXPECT_EQ(10, kst_tier_wait(KST_NVME, "crc_errors", 10));
	/* Unless the operator wants it so */
	ASSERT_EQ(0, kst_tier_knob(KST_NVME, "verify", "0"));
	for (n = 10; n < 20; n++) {
		EXPECT_EQ(1, kst_get_block(self->fd, 1, n, BS));
	}
	EXPECT_EQ(10, kst_tier_attr(KST_NVME, "crc_errors"));
	ASSERT_EQ(0, kst_tier_knob(KST_NVME, "verify", "1000"));
	for (n = 20; n < NR; n++) {
		EXPECT_EQ(0, kst_get_block(self->fd, 1, n, BS));
	}
}

TEST_HARNESS_MAIN
