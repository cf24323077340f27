// SPDX-License-Identifier: GPL-2.0
/* Leases: they belong to an open file, keep the bytes, and go with it. */
#include "kselftest_harness.h"
#include "util.h"

#define BS	65536U
#define FRAMES	(4 * KST_MIB / BS)

FIXTURE(leases) {
	struct kvt_entry e;
	struct kvt_entry e2;
};

FIXTURE_SETUP(leases)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, 4, 0));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "low_watermark", "0"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "high_watermark", "0"));
}

FIXTURE_TEARDOWN_PARENT(leases)
{
	EXPECT_EQ(0, kst_cleanup());
}

static int open_rw(void)
{
	return kst_open(KST_SPACE, O_RDWR);
}

static int put(int fd, unsigned int n)
{
	return kst_put_pattern(fd, kst_key(1, n), kst_root, BS, n);
}

TEST_F(leases, nested)
{
	struct kst_key k = kst_key(1, 0);
	int fd = open_rw();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, put(fd, 0));
	EXPECT_EQ(KVT_RES_LEASED, kst_acquire(fd, k, 0, &self->e));
	EXPECT_EQ(KVT_RES_LEASED, kst_acquire(fd, k, 0, &self->e2));
	EXPECT_EQ(self->e.slot, self->e2.slot);
	EXPECT_EQ(1, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(0, kst_release(fd, self->e.slot));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(0, kst_release(fd, self->e.slot));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(-ENOENT, kst_release(fd, self->e.slot));
}

TEST_F(leases, two_files)
{
	struct kst_key k = kst_key(1, 0);
	int a = open_rw(), b = kst_open(KST_SPACE, O_RDONLY);

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_EQ(0, put(a, 0));
	ASSERT_LE(0, kst_acquire(a, k, 0, &self->e));
	EXPECT_EQ(-ENOENT, kst_release(b, self->e.slot));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "leases"));
	ASSERT_LE(0, kst_acquire(b, k, 0, &self->e2));
	EXPECT_EQ(2, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(self->e.offset, self->e2.offset);
	EXPECT_EQ(0, kst_release(a, self->e.slot));
	EXPECT_EQ(-ENOENT, kst_release(a, self->e.slot));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "leases"));
	close(b);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
}

TEST_F(leases, leased_blocks_stay)
{
	int fd = open_rw();
	unsigned int i;
	char *w;

	ASSERT_LE(0, fd);
	w = kst_map_window(fd, 0, PROT_READ, NULL);
	ASSERT_NE(NULL, w);
	for (i = 0; i < FRAMES; i++) {
		ASSERT_EQ(0, put(fd, i));
	}
	ASSERT_LE(0, kst_acquire(fd, kst_key(1, 0), 0, &self->e));
	ASSERT_LE(0, kst_acquire(fd, kst_key(1, 5), 0, &self->e2));
	for (i = FRAMES; i < 4 * FRAMES; i++) {
		ASSERT_EQ(0, put(fd, i));
	}
	EXPECT_TRUE(kst_holds(w + self->e.offset, BS, 0));
	EXPECT_TRUE(kst_holds(w + self->e2.offset, BS, 5));
	EXPECT_EQ(0, kst_lookup(fd, kst_key(1, 0)));
	EXPECT_EQ(0, kst_lookup(fd, kst_key(1, 5)));
	EXPECT_EQ(-ENOENT, kst_lookup(fd, kst_key(1, 1)));
	EXPECT_LT(0, kst_stat(KST_SPACE, "evictions"));
}

TEST_F(leases, dropped_while_leased)
{
	struct kst_key k = kst_key(1, 0);
	int a = open_rw(), b = open_rw();
	unsigned int i;
	char *w;

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	w = kst_map_window(a, 0, PROT_READ, NULL);
	ASSERT_NE(NULL, w);
	ASSERT_EQ(0, put(a, 0));
	ASSERT_LE(0, kst_acquire(a, k, 0, &self->e));
	ASSERT_LE(0, kst_acquire(b, k, 0, &self->e2));
	EXPECT_LE(0, kst_drop(b, k, 0));
	/* Hidden at once, for all */
	EXPECT_EQ(-ENOENT, kst_lookup(a, k));
	EXPECT_EQ(-ENOENT, kst_acquire(b, k, 0, &self->e2));
	EXPECT_EQ(-ENOENT, kst_drop(a, k, 0));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "dropped_held"));
	EXPECT_EQ(FRAMES - 1, kst_arena(KST_SPACE, 0, "free"));
	/* The key may be used again; the old bytes stay where they are. */
	for (i = 0; i < 2 * FRAMES; i++) {
		ASSERT_EQ(0, kst_put_pattern(a, kst_key(1, i), kst_root, BS,
					     1000 + i));
	}
	EXPECT_TRUE(kst_holds(w + self->e.offset, BS, 0));
	ASSERT_EQ(0, kst_release(a, self->e.slot));
	EXPECT_TRUE(kst_holds(w + self->e.offset, BS, 0));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "dropped_held"));
	close(b);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "dropped_held", 0));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
}

TEST_F(leases, quota)
{
	static struct kvt_entry e[FRAMES];
	int fd = open_rw();
	struct kvt_batch b;
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < FRAMES; i++) {
		ASSERT_EQ(0, put(fd, i));
	}
	ASSERT_EQ(0, kst_knob(KST_SPACE, "lease_quota", "500"));
	kst_entries(e, FRAMES, 1, 0);
	kst_batch(&b, KVT_OP_ACQUIRE, e, FRAMES);
	ASSERT_EQ(0, kst_submit(fd, &b));
	EXPECT_EQ(FRAMES / 2, b.ok);
	EXPECT_EQ(FRAMES / 2 + 1, b.done);
	EXPECT_EQ(-EDQUOT, e[FRAMES / 2].result);
	EXPECT_EQ(FRAMES / 2, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "no_quota"));
	/* Reserved frames count as well. */
	EXPECT_EQ(-EDQUOT, kst_reserve(fd, kst_key(2, 0), kst_root, &self->e));
	/* One more lease on what is leased already takes nothing. */
	EXPECT_LE(0, kst_acquire(fd, kst_key(1, 0), 0, &self->e));
	EXPECT_LE(0, kst_release(fd, e[1].slot));
	EXPECT_LE(0, kst_reserve(fd, kst_key(2, 0), kst_root, &self->e));
	EXPECT_EQ(-EDQUOT, kst_acquire(fd, kst_key(1, 1), 0, &self->e2));
}

/*
 * A RESERVE that leases passes the quota; an entry that failed for another
 * reason stands among those whose leases are taken back. Its @slot, which the
 * caller chose, must not cost the block there a lease.
 */
TEST_F(leases, quota_takes_back_only_what_was_leased)
{
	int owner = open_rw(), filler = open_rw(), fd = open_rw();
	struct kvt_entry e[3];
	struct kvt_batch b;
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, put(fd, i));
	}
	ASSERT_EQ(0, kst_knob(KST_SPACE, "lease_quota", "47")); /* 3 of 64 */
	ASSERT_LE(0, kst_acquire(owner, kst_key(1, 0), 0, &self->e));
	ASSERT_LE(0, kst_reserve(filler, kst_key(1, 3), kst_root, &self->e2));
	kst_entries(e, 3, 1, 1);
	e[2].slot = self->e.slot;
	kst_batch(&b, KVT_OP_RESERVE, e, 3);
	b.flags = KVT_F_LEASE | KVT_F_FLAT;
	ASSERT_EQ(0, kst_submit(fd, &b));
	EXPECT_EQ(KVT_RES_PRESENT | KVT_RES_LEASED, e[0].result);
	EXPECT_EQ(-EDQUOT, e[1].result);
	EXPECT_EQ(-EINPROGRESS, e[2].result);
	EXPECT_EQ(2, kst_attr(KST_SPACE, "leases"));
	/* The owner's block stays though all others go. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "lease_quota", "900"));
	for (i = 10; i < 10 + 2 * FRAMES; i++) {
		ASSERT_EQ(0, put(fd, i));
	}
	EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, 0), BS, 0));
	EXPECT_EQ(0, kst_release(owner, self->e.slot));
	EXPECT_EQ(-ENOENT, kst_release(owner, self->e.slot));
	EXPECT_LE(0, kst_drop(fd, kst_key(1, 0), 0));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "dropped_held", 0));
}

TEST_F(leases, release_batch_with_repeats)
{
	struct kvt_entry e[4] = { 0 };
	int fd = open_rw();
	struct kvt_batch b;
	unsigned int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, put(fd, 0));
	ASSERT_LE(0, kst_acquire(fd, kst_key(1, 0), 0, &self->e));
	ASSERT_LE(0, kst_acquire(fd, kst_key(1, 0), 0, &self->e));
	for (i = 0; i < 4; i++)
		e[i].slot = self->e.slot;
	e[1].slot = 0xfffffff0;
	kst_batch(&b, KVT_OP_RELEASE, e, 4);
	ASSERT_EQ(0, kst_submit(fd, &b));
	EXPECT_EQ(4, b.done);
	EXPECT_EQ(2, b.ok);
	EXPECT_EQ(0, e[0].result);
	EXPECT_EQ(-ENOENT, e[1].result);
	EXPECT_EQ(0, e[2].result);
	EXPECT_EQ(-ENOENT, e[3].result);
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
}

static int hold_leases(struct kst_child *c, void *arg)
{
	unsigned int i, n = *(unsigned int *)arg;
	int fd = kst_open(KST_SPACE, O_RDWR);
	struct kvt_entry e;

	for (i = 0; i < n; i++) {
		if (kst_acquire(fd, kst_key(1, i), 0, &e) < 0)
			return 1;
	}
	kst_say(c, 1);
	pause();
	return 0;
}

TEST_F(leases, kill_of_the_holder)
{
	unsigned int i, n = 20;
	struct kst_child c;
	int fd = open_rw();

	ASSERT_LE(0, fd);
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, put(fd, i));
	}
	ASSERT_EQ(0, kst_spawn(&c, hold_leases, &n));
	ASSERT_EQ(1, kst_hear(&c));
	EXPECT_EQ(n, kst_attr(KST_SPACE, "leases"));
	kst_kill(&c);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "openers"));
	/* The blocks are as they were. */
	for (i = 0; i < n; i++) {
		EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, i), BS, i));
	}
}

/* The decode side of prefill -> decode: another process, warm at once. */
static int read_warm(struct kst_child *c, void *arg)
{
	int fd = kst_open(KST_SPACE, O_RDONLY);
	struct kvt_entry e[16];
	struct kvt_batch b;
	unsigned int i;
	char *w;

	(void)arg;
	(void)c;
	w = kst_map_window(fd, 0, PROT_READ, NULL);
	kst_entries(e, 16, 1, 0);
	kst_batch(&b, KVT_OP_ACQUIRE, e, 16);
	if (fd < 0 || !w || kst_attach(fd, 0x11) || kst_submit(fd, &b))
		return 1;
	for (i = 0; i < 16; i++) {
		if (e[i].result != KVT_RES_LEASED ||
		    !kst_holds(w + e[i].offset, BS, i))
			return 2;
	}
	return b.ok == 16 ? 0 : 3;
}

TEST_F(leases, second_process_reads_warm_blocks)
{
	long long free_frames;
	struct kst_child c;
	int fd = open_rw();
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(0, kst_put_pattern(fd, kst_key(1, i),
					     i ? kst_key(1, i - 1) : kst_root,
					     BS, i));
	}
	close(fd);
	free_frames = kst_arena(KST_SPACE, 0, "free");
	ASSERT_EQ(0, kst_spawn(&c, read_warm, NULL));
	EXPECT_EQ(0, kst_join(&c));
	EXPECT_EQ(free_frames, kst_arena(KST_SPACE, 0, "free"));
	EXPECT_EQ(16, kst_stat(KST_SPACE, "commits"));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
}

/* Acquirers and releasers, putters and droppers at the same few keys. */
static int share_keys(struct kst_child *c, void *arg)
{
	__u64 end = kst_now_ms() + 5000, n = (uintptr_t)arg;
	unsigned int done;
	int fd = kst_open(KST_SPACE, O_RDWR);
	struct kvt_entry e;
	char *w;

	(void)c;
	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, NULL);
	if (fd < 0 || !w)
		return 1;
	srand(n);
	/* For so long, and so often */
	for (done = 0; kst_now_ms() < end || done < 100; done++) {
		n = rand() % 8;
		if (rand() % 8 == 0) {
			kst_drop(fd, kst_key(1, n), 0);
		} else if (kst_acquire(fd, kst_key(1, n), 0, &e) >= 0) {
			if (!kst_holds(w + e.offset, BS, n))
				return 2;
			if (kst_release(fd, e.slot))
				return 3;
		} else if (!kst_reserve(fd, kst_key(1, n), kst_root, &e)) {
			int ret;

			kst_fill(w + e.offset, BS, n);
			ret = kst_commit(fd, e.slot);
			if (ret && ret != -ECANCELED)
				return 4;
		}
	}
	return 0;
}

TEST_F(leases, many_at_the_same_keys)
{
	struct kst_child c[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(c); i++) {
		ASSERT_EQ(0, kst_spawn(&c[i], share_keys,
				       (void *)(uintptr_t)i));
	}
	for (i = 0; i < ARRAY_SIZE(c); i++) {
		EXPECT_EQ(0, kst_join(&c[i]));
	}
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "openers", 0));
	EXPECT_TRUE(kst_at_rest(KST_SPACE));
	EXPECT_LT(100, kst_stat(KST_SPACE, "acquires"));
}

TEST_F(leases, touch_on_release_counts_as_use)
{
	int fd = open_rw();
	struct kvt_entry e = { 0 };
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < FRAMES; i++) {
		ASSERT_EQ(0, put(fd, i));
	}
	ASSERT_LE(0, kst_acquire(fd, kst_key(1, 0), 0, &self->e));
	kst_sleep_ms(20);
	/* All others are used after block 0 ... */
	for (i = 1; i < FRAMES; i++) {
		ASSERT_LE(0, kst_acquire(fd, kst_key(1, i), 0, &self->e2));
		ASSERT_EQ(0, kst_release(fd, self->e2.slot));
	}
	kst_sleep_ms(20);
	/* ... but it is released with a touch. */
	e.slot = self->e.slot;
	ASSERT_EQ(0, kst_one(fd, KVT_OP_RELEASE, KVT_F_TOUCH, &e));
	for (i = FRAMES; i < FRAMES + FRAMES / 2; i++) {
		ASSERT_EQ(0, put(fd, i));
	}
	EXPECT_EQ(0, kst_lookup(fd, kst_key(1, 0)));
	EXPECT_EQ(-ENOENT, kst_lookup(fd, kst_key(1, 1)));
}

TEST_HARNESS_MAIN
