// SPDX-License-Identifier: GPL-2.0
/* A block's life: reserved, filled, sealed, found, read, dropped. */
#include "kselftest_harness.h"
#include "util.h"

#define BS	4096U

FIXTURE(life) {
	struct kvt_entry e;
	char data[BS];
};

FIXTURE_SETUP(life)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, 4, 0));
}

FIXTURE_TEARDOWN_PARENT(life)
{
	EXPECT_EQ(0, kst_cleanup());
}

static int open_rw(void)
{
	return kst_open(KST_SPACE, O_RDWR);
}

TEST_F(life, reserve_fill_commit_read)
{
	struct kst_key k = kst_key(1, 0);
	size_t len;
	int fd = open_rw();
	char *w;

	ASSERT_LE(0, fd);
	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, &len);
	ASSERT_NE(NULL, w);
	ASSERT_EQ(KVT_TIER_DRAM, kst_reserve(fd, k, kst_root, &self->e));
	ASSERT_GT(len, self->e.offset);
	EXPECT_EQ(0, self->e.offset % BS);
	EXPECT_EQ(1, kst_attr(KST_SPACE, "filling"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
	kst_fill(w + self->e.offset, BS, 1);
	EXPECT_EQ(-ENOENT, kst_lookup(fd, k));
	EXPECT_EQ(0, kst_commit(fd, self->e.slot));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "filling"));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(KVT_TIER_DRAM, kst_lookup(fd, k));
	EXPECT_EQ(0, kst_get_pattern(fd, k, BS, 1));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "reserves"));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "commits"));
}

TEST_F(life, abort_gives_the_frame_back)
{
	long long free_frames = kst_arena(KST_SPACE, 0, "free");
	struct kst_key k = kst_key(1, 0);
	int fd = open_rw();

	ASSERT_LE(0, fd);
	ASSERT_LE(0, kst_reserve(fd, k, kst_root, &self->e));
	EXPECT_EQ(free_frames - 1, kst_arena(KST_SPACE, 0, "free"));
	EXPECT_EQ(0, kst_abort(fd, self->e.slot));
	EXPECT_EQ(free_frames, kst_arena(KST_SPACE, 0, "free"));
	EXPECT_EQ(-ENOENT, kst_commit(fd, self->e.slot));
	EXPECT_EQ(-ENOENT, kst_abort(fd, self->e.slot));
	EXPECT_EQ(-ENOENT, kst_lookup(fd, k));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "descriptors"));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "aborts"));
	EXPECT_LE(0, kst_reserve(fd, k, kst_root, &self->e));
}

TEST_F(life, commit_twice)
{
	int fd = open_rw();

	ASSERT_LE(0, fd);
	ASSERT_LE(0, kst_reserve(fd, kst_key(1, 0), kst_root, &self->e));
	EXPECT_EQ(0, kst_commit(fd, self->e.slot));
	EXPECT_EQ(-ENOENT, kst_commit(fd, self->e.slot));
	EXPECT_EQ(-ENOENT, kst_abort(fd, self->e.slot));
	EXPECT_EQ(0, kst_lookup(fd, kst_key(1, 0)));
}

TEST_F(life, only_the_filler_may_commit)
{
	int a = open_rw(), b = open_rw();

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_LE(0, kst_reserve(a, kst_key(1, 0), kst_root, &self->e));
	EXPECT_EQ(-ENOENT, kst_commit(b, self->e.slot));
	EXPECT_EQ(-ENOENT, kst_abort(b, self->e.slot));
	EXPECT_EQ(0, kst_commit(a, self->e.slot));
}

TEST_F(life, second_filler)
{
	struct kst_key k = kst_key(1, 0);
	int a = open_rw(), b = open_rw();
	struct kvt_entry e;
	int ret;

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_LE(0, kst_reserve(a, k, kst_root, &self->e));
	EXPECT_EQ(-EALREADY, kst_reserve(a, k, kst_root, &e));
	ret = kst_put(a, k, kst_root, self->data);
	EXPECT_TRUE(ret == -EALREADY || ret == -EINPROGRESS);
	EXPECT_EQ(-EINPROGRESS, kst_reserve(b, k, kst_root, &e));
	EXPECT_EQ(-EINPROGRESS, kst_put(b, k, kst_root, self->data));
	EXPECT_EQ(-EINPROGRESS, kst_acquire(b, k, 0, &e));
	EXPECT_EQ(-EINPROGRESS, kst_get(b, k, self->data, 0, BS));
	EXPECT_EQ(-ENOENT, kst_lookup(b, k));
	EXPECT_EQ(0, kst_commit(a, self->e.slot));
	EXPECT_LE(0, kst_acquire(b, k, 0, &e));
	EXPECT_EQ(self->e.slot, e.slot);
	EXPECT_EQ(self->e.offset, e.offset);
}

TEST_F(life, reserve_of_a_present_block)
{
	struct kst_key k = kst_key(1, 0);
	int fd = open_rw();
	int ret;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, kst_put_pattern(fd, k, kst_root, BS, 3));
	EXPECT_EQ(KVT_RES_PRESENT, kst_reserve(fd, k, kst_root, &self->e));
	EXPECT_EQ(-ENOENT, kst_commit(fd, self->e.slot));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(KVT_RES_PRESENT, kst_put(fd, k, kst_root, self->data));
	EXPECT_EQ(0, kst_get_pattern(fd, k, BS, 3));
	memset(&self->e, 0, sizeof(self->e));
	kst_entries(&self->e, 1, 1, 0);
	ret = kst_one(fd, KVT_OP_RESERVE, KVT_F_LEASE, &self->e);
	EXPECT_EQ(KVT_RES_PRESENT | KVT_RES_LEASED, ret);
	EXPECT_EQ(1, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(0, kst_release(fd, self->e.slot));
}

TEST_F(life, same_key_twice_in_a_batch)
{
	int fd = open_rw();
	struct kvt_entry e[3];
	struct kvt_batch b;

	ASSERT_LE(0, fd);
	kst_entries(e, 3, 1, 0);
	memcpy(e[1].key, e[0].key, KVT_KEY_SIZE);
	kst_batch(&b, KVT_OP_RESERVE, e, 3);
	b.flags = KVT_F_FLAT;
	ASSERT_EQ(0, kst_submit(fd, &b));
	/* Somebody cares for that key: no reason to end the batch. */
	EXPECT_EQ(3, b.done);
	EXPECT_EQ(2, b.ok);
	EXPECT_EQ(0, e[0].result);
	EXPECT_EQ(-EALREADY, e[1].result);
	EXPECT_EQ(0, e[2].result);
	EXPECT_EQ(2, kst_attr(KST_SPACE, "filling"));
	/* COMMIT of the same slot twice: the second is not being filled */
	b.op = KVT_OP_COMMIT;
	b.flags = 0;
	b.nr = 2;
	memset(e, 0, offsetof(struct kvt_entry, slot));
	memset(e[1].key, 0, KVT_KEY_SIZE);
	e[1].slot = e[0].slot;
	ASSERT_EQ(0, kst_submit(fd, &b));
	EXPECT_EQ(2, b.done);
	EXPECT_EQ(1, b.ok);
	EXPECT_EQ(0, e[0].result);
	EXPECT_EQ(-ENOENT, e[1].result);
	/* PUT of one key twice: the second finds the first */
	kst_entries(e, 3, 2, 0);
	memcpy(e[1].key, e[0].key, KVT_KEY_SIZE);
	e[0].addr = kst_ptr(self->data);
	e[1].addr = kst_ptr(self->data);
	e[2].addr = kst_ptr(self->data);
	kst_batch(&b, KVT_OP_PUT, e, 3);
	b.flags = KVT_F_FLAT;
	ASSERT_EQ(0, kst_submit(fd, &b));
	EXPECT_EQ(3, b.ok);
	EXPECT_EQ(0, e[0].result);
	EXPECT_EQ(KVT_RES_PRESENT, e[1].result);
	EXPECT_EQ(e[0].slot, e[1].slot);
	/* DROP of one key twice */
	kst_entries(e, 3, 2, 0);
	memcpy(e[1].key, e[0].key, KVT_KEY_SIZE);
	kst_batch(&b, KVT_OP_DROP, e, 3);
	ASSERT_EQ(0, kst_submit(fd, &b));
	EXPECT_EQ(3, b.done);
	EXPECT_EQ(2, b.ok);
	EXPECT_EQ(-ENOENT, e[1].result);
	EXPECT_EQ(1, kst_attr(KST_SPACE, "blocks"));
}

TEST_F(life, get_ranges)
{
	static const struct {
		__u32 pos;
		__u32 len;
	} r[] = {
		{ 0, 1 }, { 0, BS }, { 1, 1 }, { BS - 1, 1 }, { 100, 1000 },
		{ 2047, 2 }, { 7, BS - 7 }, { 0, BS - 1 },
	};
	struct kst_key k = kst_key(1, 0);
	unsigned char want[BS], buf[BS + 16];
	int fd = open_rw();
	unsigned int i, j;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, kst_put_pattern(fd, k, kst_root, BS, 3));
	kst_fill(want, BS, 3);
	for (i = 0; i < ARRAY_SIZE(r); i++) {
		memset(buf, 0xcc, sizeof(buf));
		ASSERT_EQ(0, kst_get(fd, k, buf + 8, r[i].pos, r[i].len));
		EXPECT_EQ(0, memcmp(buf + 8, want + r[i].pos, r[i].len));
		for (j = 0; j < 8; j++) {
			EXPECT_EQ(0xcc, buf[j]);
			EXPECT_EQ(0xcc, buf[8 + r[i].len + j]);
		}
	}
	EXPECT_EQ(ARRAY_SIZE(r), kst_stat(KST_SPACE, "gets"));
}

TEST_F(life, lookup_finds_the_longest_prefix)
{
	int fd = open_rw();
	struct kvt_entry e[8];
	struct kvt_batch b;
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < 6; i++) {
		struct kst_key p = i ? kst_key(1, i - 1) : kst_root;

		if (i != 4) {
			ASSERT_LE(0, kst_put_pattern(fd, kst_key(1, i), p, BS,
						     i));
		}
	}
	kst_entries(e, 8, 1, 0);
	for (i = 0; i < 8; i++)
		e[i].result = 4711;
	kst_batch(&b, KVT_OP_LOOKUP, e, 8);
	ASSERT_EQ(0, kst_submit(fd, &b));
	EXPECT_EQ(5, b.done);
	EXPECT_EQ(4, b.ok);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(KVT_TIER_DRAM, e[i].result);
	}
	EXPECT_EQ(-ENOENT, e[4].result);
	/* Not examined: not written */
	EXPECT_EQ(4711, e[5].result);
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(5, kst_stat(KST_SPACE, "lookups"));
	EXPECT_EQ(4, kst_stat(KST_SPACE, "lookup_hits"));
}

TEST_F(life, acquire_stops_at_a_miss)
{
	int fd = open_rw();
	struct kvt_entry e[4];
	struct kvt_batch b;
	unsigned int i;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, kst_put_pattern(fd, kst_key(1, 0), kst_root, BS, 0));
	ASSERT_LE(0, kst_put_pattern(fd, kst_key(1, 1), kst_key(1, 0), BS, 1));
	ASSERT_LE(0, kst_put_pattern(fd, kst_key(1, 3), kst_key(1, 2), BS, 3));
	kst_entries(e, 4, 1, 0);
	kst_batch(&b, KVT_OP_ACQUIRE, e, 4);
	ASSERT_EQ(0, kst_submit(fd, &b));
	EXPECT_EQ(3, b.done);
	EXPECT_EQ(2, b.ok);
	EXPECT_EQ(-ENOENT, e[2].result);
	EXPECT_EQ(2, kst_attr(KST_SPACE, "leases"));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(KVT_RES_LEASED, e[i].result & KVT_RES_LEASED);
		EXPECT_EQ(0, kst_release(fd, e[i].slot));
	}
	EXPECT_EQ(3, kst_stat(KST_SPACE, "acquires"));
	EXPECT_EQ(2, kst_stat(KST_SPACE, "acquire_hits"));
}

TEST_F(life, drop)
{
	struct kst_key k = kst_key(1, 0);
	int fd = open_rw();

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOENT, kst_drop(fd, k, 0));
	ASSERT_LE(0, kst_put_pattern(fd, k, kst_root, BS, 1));
	EXPECT_LE(0, kst_drop(fd, k, 0));
	EXPECT_EQ(-ENOENT, kst_lookup(fd, k));
	EXPECT_EQ(-ENOENT, kst_get(fd, k, self->data, 0, BS));
	EXPECT_EQ(-ENOENT, kst_drop(fd, k, 0));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "descriptors"));
	EXPECT_EQ(1024, kst_arena(KST_SPACE, 0, "free"));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "drops"));
	/* The key may come back with other bytes. */
	ASSERT_EQ(0, kst_put_pattern(fd, k, kst_root, BS, 2));
	EXPECT_EQ(0, kst_get_pattern(fd, k, BS, 2));
}

/*
 *	0 - 1 - 2 - 3
 *	     \ 10 - 11
 */
static int put_tree(int fd)
{
	int ret = 0;
	unsigned int i;

	for (i = 0; i < 4; i++)
		ret |= kst_put_pattern(fd, kst_key(1, i),
				       i ? kst_key(1, i - 1) : kst_root, BS, i);
	ret |= kst_put_pattern(fd, kst_key(1, 10), kst_key(1, 1), BS, 10);
	ret |= kst_put_pattern(fd, kst_key(1, 11), kst_key(1, 10), BS, 11);
	return ret;
}

TEST_F(life, drop_chain)
{
	int fd = open_rw();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, put_tree(fd));
	EXPECT_LE(0, kst_drop(fd, kst_key(1, 10), KVT_F_CHAIN));
	EXPECT_EQ(4, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(-ENOENT, kst_lookup(fd, kst_key(1, 11)));
	EXPECT_EQ(0, put_tree(fd) & ~KVT_RES_PRESENT);
	EXPECT_LE(0, kst_drop(fd, kst_key(1, 1), KVT_F_CHAIN));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_lookup(fd, kst_key(1, 0)));
	EXPECT_LE(0, kst_drop(fd, kst_key(1, 0), KVT_F_CHAIN));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "descriptors"));
}

TEST_F(life, drop_in_the_middle_leaves_orphans)
{
	int fd = open_rw();
	struct kvt_entry e[4];
	struct kvt_batch b;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, put_tree(fd));
	EXPECT_LE(0, kst_drop(fd, kst_key(1, 1), 0));
	EXPECT_EQ(5, kst_attr(KST_SPACE, "blocks"));
	kst_entries(e, 4, 1, 0);
	kst_batch(&b, KVT_OP_LOOKUP, e, 4);
	ASSERT_EQ(0, kst_submit(fd, &b));
	EXPECT_EQ(1, b.ok);
	/* Its absent self is a descriptor for as long as it has children. */
	EXPECT_EQ(6, kst_attr(KST_SPACE, "descriptors"));
	/* When it comes back the chain is whole. */
	ASSERT_EQ(0, kst_put_pattern(fd, kst_key(1, 1), kst_key(1, 0), BS, 1));
	kst_entries(e, 4, 1, 0);
	ASSERT_EQ(0, kst_submit(fd, &b));
	EXPECT_EQ(4, b.ok);
	EXPECT_LE(0, kst_drop(fd, kst_key(1, 0), KVT_F_CHAIN));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "descriptors"));
}

TEST_F(life, parent_may_come_later)
{
	int fd = open_rw();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_put_pattern(fd, kst_key(1, 2), kst_key(1, 1), BS, 2));
	EXPECT_EQ(0, kst_lookup(fd, kst_key(1, 2)));
	EXPECT_EQ(-ENOENT, kst_lookup(fd, kst_key(1, 1)));
	ASSERT_EQ(0, kst_put_pattern(fd, kst_key(1, 1), kst_key(1, 0), BS, 1));
	ASSERT_EQ(0, kst_put_pattern(fd, kst_key(1, 0), kst_root, BS, 0));
	EXPECT_LE(0, kst_drop(fd, kst_key(1, 0), KVT_F_CHAIN));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "descriptors"));
}

/* Keys are the caller's: families may be senseless, the kernel not. */
TEST_F(life, senseless_families)
{
	struct kst_key a = kst_key(1, 0), b = kst_key(1, 1);
	int fd = open_rw();
	unsigned int i;

	ASSERT_LE(0, fd);
	/* Its own parent */
	kst_put_pattern(fd, a, a, BS, 0);
	kst_drop(fd, a, KVT_F_CHAIN);
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "descriptors"));
	/* Each other's parents */
	kst_put_pattern(fd, a, b, BS, 0);
	kst_put_pattern(fd, b, a, BS, 1);
	kst_drop(fd, a, KVT_F_CHAIN);
	kst_drop(fd, b, KVT_F_CHAIN);
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "descriptors"));
	/* A space full of such pairs still takes blocks. */
	for (i = 0; i < 1200; i++)
		kst_put_pattern(fd, kst_key(2, i), kst_key(2, i ^ 1), BS, i);
	for (i = 0; i < 100; i++) {
		ASSERT_LE(0, kst_put_pattern(fd, kst_key(3, i), kst_root, BS,
					     i));
	}
}

TEST_F(life, drop_of_a_block_being_filled)
{
	struct kst_key k = kst_key(1, 0);
	int a = open_rw(), b = open_rw();

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_LE(0, kst_reserve(a, k, kst_root, &self->e));
	EXPECT_LE(0, kst_drop(b, k, 0));
	EXPECT_EQ(-ECANCELED, kst_commit(a, self->e.slot));
	EXPECT_EQ(-ENOENT, kst_lookup(a, k));
	EXPECT_EQ(-ENOENT, kst_commit(a, self->e.slot));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "filling", 0));
	close(a);
	close(b);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "quarantined", 0));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "descriptors", 0));
	EXPECT_EQ(1024, kst_arena(KST_SPACE, 0, "free"));
}

TEST_F(life, filler_closes)
{
	struct kst_key k = kst_key(1, 0);
	int a = open_rw(), b = open_rw();

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_LE(0, kst_reserve(a, k, kst_root, &self->e));
	close(a);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "filling", 0));
	EXPECT_EQ(-ENOENT, kst_lookup(b, k));
	/* Another may fill it now. */
	ASSERT_LE(0, kst_reserve(b, k, kst_root, &self->e));
	EXPECT_EQ(0, kst_commit(b, self->e.slot));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "quarantined", 0));
	EXPECT_EQ(1023, kst_arena(KST_SPACE, 0, "free"));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "aborts"));
}

TEST_F(life, fill_timeout)
{
	struct kst_key k = kst_key(1, 0);
	int fd = open_rw();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "fill_timeout_ms", "200"));
	ASSERT_LE(0, kst_reserve(fd, k, kst_root, &self->e));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "filling", 0));
	EXPECT_EQ(-ECANCELED, kst_commit(fd, self->e.slot));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "aborts"));
	EXPECT_EQ(-ENOENT, kst_lookup(fd, k));
	close(fd);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "quarantined", 0));
	EXPECT_EQ(1024, kst_arena(KST_SPACE, 0, "free"));
}

/*
 * Its slot number goes to another block that the same file fills, perhaps in
 * another thread: the late COMMIT must not seal that.
 */
TEST_F(life, late_commit_does_not_seal_another_block)
{
	static struct kvt_entry e[900];
	struct kvt_batch b;
	int fd = open_rw();
	unsigned int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "fill_timeout_ms", "200"));
	ASSERT_LE(0, kst_reserve(fd, kst_key(1, 0), kst_root, &self->e));
	ASSERT_EQ(0, kst_attr_wait(KST_SPACE, "filling", 0));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "quarantined", 0));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "fill_timeout_ms", "3600000"));
	kst_entries(e, 900, 2, 0);
	kst_batch(&b, KVT_OP_RESERVE, e, 900);
	ASSERT_EQ(0, kst_submit(fd, &b));
	ASSERT_EQ(900, b.ok);
	EXPECT_EQ(-ECANCELED, kst_commit(fd, self->e.slot));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
	for (i = 0; i < 900; i++) {
		ASSERT_EQ(-ENOENT, kst_lookup(fd, kst_key(2, i)));
	}
}

/* ------------------------------------------------------------------ */

struct waiter {
	__u32 op;
	__u64 timeout_ms;
	struct kst_key key;
	bool early;	/* waits for a word first */
};

/* Says 1 before the call; exits with the result's errno. */
static int wait_for_block(struct kst_child *c, void *arg)
{
	struct waiter *w = arg;
	struct kvt_entry e = { 0 };
	struct kvt_batch b;
	int fd = kst_open(KST_SPACE, O_RDWR);

	memcpy(e.key, w->key.b, sizeof(e.key));
	kst_batch(&b, w->op, &e, 1);
	b.flags = KVT_F_WAIT;
	b.timeout_ns = w->timeout_ms * 1000000;
	if (w->early && kst_hear(c) != 1)
		return 201;
	if (fd < 0 || kst_say(c, 1) || kst_submit(fd, &b) || b.done != 1)
		return 200;
	return e.result < 0 ? -e.result : 0;
}

TEST_F(life, wait_for_a_commit)
{
	struct waiter w = { KVT_OP_ACQUIRE, KST_PATIENCE, kst_key(1, 0), false };
	int fd = open_rw();
	struct kst_child c[4];
	unsigned int i;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, kst_reserve(fd, w.key, kst_root, &self->e));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, kst_spawn(&c[i], wait_for_block, &w));
		ASSERT_EQ(1, kst_hear(&c[i]));
	}
	kst_sleep_ms(100);
	ASSERT_EQ(0, kst_commit(fd, self->e.slot));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(0, kst_join(&c[i]));
	}
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
}

TEST_F(life, wait_ends_with_the_filler)
{
	struct waiter w = { KVT_OP_ACQUIRE, KST_PATIENCE, kst_key(1, 0), true };
	struct kst_child c;
	int fd;

	/* Started before the open, or it would share the file. */
	ASSERT_EQ(0, kst_spawn(&c, wait_for_block, &w));
	fd = open_rw();
	ASSERT_LE(0, fd);
	ASSERT_LE(0, kst_reserve(fd, w.key, kst_root, &self->e));
	ASSERT_EQ(0, kst_say(&c, 1));
	ASSERT_EQ(1, kst_hear(&c));
	kst_sleep_ms(100);
	close(fd);
	EXPECT_EQ(ENOENT, kst_join(&c));
}

TEST_F(life, wait_ends_with_abort)
{
	struct waiter w = { KVT_OP_ACQUIRE, KST_PATIENCE, kst_key(1, 0), false };
	int fd = open_rw();
	struct kst_child c;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, kst_reserve(fd, w.key, kst_root, &self->e));
	ASSERT_EQ(0, kst_spawn(&c, wait_for_block, &w));
	ASSERT_EQ(1, kst_hear(&c));
	kst_sleep_ms(100);
	EXPECT_EQ(0, kst_abort(fd, self->e.slot));
	EXPECT_EQ(ENOENT, kst_join(&c));
}

TEST_F(life, wait_times_out)
{
	struct waiter w = { KVT_OP_ACQUIRE, 300, kst_key(1, 0), false };
	int fd = open_rw();
	struct kst_child c;
	__u64 start;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, kst_reserve(fd, w.key, kst_root, &self->e));
	start = kst_now_ms();
	ASSERT_EQ(0, kst_spawn(&c, wait_for_block, &w));
	EXPECT_EQ(ETIMEDOUT, kst_join(&c));
	EXPECT_LE(250, kst_now_ms() - start);
	/* No time at all */
	w.timeout_ms = 0;
	ASSERT_EQ(0, kst_spawn(&c, wait_for_block, &w));
	EXPECT_EQ(ETIMEDOUT, kst_join(&c));
	/* An absent block is a miss, not something to wait for. */
	w.key = kst_key(1, 1);
	w.timeout_ms = KST_PATIENCE;
	ASSERT_EQ(0, kst_spawn(&c, wait_for_block, &w));
	EXPECT_EQ(ENOENT, kst_join(&c));
}

TEST_F(life, waiter_can_be_killed)
{
	struct waiter w = { KVT_OP_ACQUIRE, 3600000, kst_key(1, 0), false };
	int fd = open_rw();
	struct kst_child c;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, kst_reserve(fd, w.key, kst_root, &self->e));
	ASSERT_EQ(0, kst_spawn(&c, wait_for_block, &w));
	ASSERT_EQ(1, kst_hear(&c));
	kst_sleep_ms(100);
	/* Or this would take an hour. */
	kst_kill(&c);
	EXPECT_EQ(1, kst_attr_wait(KST_SPACE, "openers", 1));
}

/* Reserves all that the space has; returns how many. */
static unsigned int reserve_all(int fd, struct kvt_entry *e, unsigned int nr,
				int *error)
{
	struct kvt_batch b;

	kst_entries(e, nr, 9, 0);
	kst_batch(&b, KVT_OP_RESERVE, e, nr);
	if (kst_submit(fd, &b))
		return 0;
	*error = b.done > b.ok ? e[b.ok].result : 0;
	return b.ok;
}

TEST_F(life, no_frame_is_free)
{
	static struct kvt_entry e[1100];
	int fd = open_rw(), error = 0;
	unsigned int n, i;

	ASSERT_LE(0, fd);
	/* The lease quota comes first; without it, the frames end. */
	n = reserve_all(fd, e, 1100, &error);
	EXPECT_EQ(-EDQUOT, error);
	EXPECT_EQ(1024 * 900 / 1000, n);
	EXPECT_EQ(1, kst_stat(KST_SPACE, "no_quota"));
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, kst_abort(fd, e[i].slot));
	}
	ASSERT_EQ(0, kst_knob(KST_SPACE, "lease_quota", "1000"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "low_watermark", "0"));
	n = reserve_all(fd, e, 1100, &error);
	EXPECT_TRUE(error == -ENOSPC || error == -EDQUOT);
	EXPECT_EQ(1024, n);
	EXPECT_EQ(0, kst_arena(KST_SPACE, 0, "free"));
	/* All slots and frames differ. */
	for (i = 1; i < n; i++) {
		ASSERT_NE(e[0].slot, e[i].slot);
		ASSERT_NE(e[0].offset, e[i].offset);
	}
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, kst_commit(fd, e[i].slot));
	}
	EXPECT_EQ(1024, kst_attr(KST_SPACE, "blocks"));
}

/*
 * A chain that fills the space, its leaf leased: no block is a leaf that may
 * go, so no frame can be made free.
 */
static int fill_and_pin(int fd, struct kvt_entry *leaf)
{
	static struct kvt_entry e[1024];
	static char data[BS];
	struct kvt_batch b;
	unsigned int i;

	kst_entries(e, 1024, 9, 0);
	for (i = 0; i < 1024; i++)
		e[i].addr = kst_ptr(data);
	kst_batch(&b, KVT_OP_PUT, e, 1024);
	if (kst_knob(KST_SPACE, "low_watermark", "0") ||
	    kst_knob(KST_SPACE, "high_watermark", "0") ||
	    kst_submit(fd, &b) || b.ok != 1024)
		return -1;
	return kst_acquire(fd, kst_key(9, 1023), 0, leaf);
}

TEST_F(life, no_block_can_go)
{
	struct kvt_entry leaf;
	int fd = open_rw();

	ASSERT_LE(0, fd);
	ASSERT_LE(0, fill_and_pin(fd, &leaf));
	EXPECT_EQ(0, kst_arena(KST_SPACE, 0, "free"));
	EXPECT_EQ(-ENOSPC, kst_reserve(fd, kst_key(1, 0), kst_root, &self->e));
	EXPECT_EQ(-ENOSPC, kst_put(fd, kst_key(1, 0), kst_root, self->data));
	EXPECT_EQ(2, kst_stat(KST_SPACE, "no_space"));
	EXPECT_EQ(1024, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(1024, kst_attr(KST_SPACE, "descriptors"));
	EXPECT_EQ(0, kst_release(fd, leaf.slot));
	EXPECT_EQ(0, kst_reserve(fd, kst_key(1, 0), kst_root, &self->e));
}

TEST_F(life, wait_for_a_frame)
{
	struct waiter w = { KVT_OP_RESERVE, 300, kst_key(1, 0), false };
	struct kvt_entry leaf;
	int fd = open_rw();
	struct kst_child c;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, fill_and_pin(fd, &leaf));
	ASSERT_EQ(0, kst_spawn(&c, wait_for_block, &w));
	EXPECT_EQ(ETIMEDOUT, kst_join(&c));
	w.timeout_ms = KST_PATIENCE;
	ASSERT_EQ(0, kst_spawn(&c, wait_for_block, &w));
	ASSERT_EQ(1, kst_hear(&c));
	kst_sleep_ms(100);
	EXPECT_EQ(0, kst_release(fd, leaf.slot));
	EXPECT_EQ(0, kst_join(&c));
}

/* ------------------------------------------------------------------ */

FIXTURE(long_chain) {};

FIXTURE_SETUP(long_chain)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, 72, 0)) {
		TH_LOG("needs 72 MiB of node 0");
	}
}

FIXTURE_TEARDOWN_PARENT(long_chain)
{
	EXPECT_EQ(0, kst_cleanup());
}

static int whole(int fd, struct kvt_batch *b, __u32 op)
{
	b->op = op;
	b->done = 0;
	b->ok = 0;
	return kst_submit(fd, b);
}

TEST_F_TIMEOUT(long_chain, every_command_in_one_call, 120)
{
	struct kvt_entry *e = calloc(KVT_MAX_BATCH, sizeof(*e));
	int fd = open_rw();
	struct kvt_batch b;
	char data[BS];
	__u32 i;

	ASSERT_LE(0, fd);
	ASSERT_NE(NULL, e);
	kst_fill(data, BS, 1);
	kst_entries(e, KVT_MAX_BATCH, 1, 0);
	for (i = 0; i < KVT_MAX_BATCH; i++)
		e[i].addr = kst_ptr(data);
	kst_batch(&b, KVT_OP_PUT, e, KVT_MAX_BATCH);
	ASSERT_EQ(0, whole(fd, &b, KVT_OP_PUT));
	ASSERT_EQ(KVT_MAX_BATCH, b.ok);
	for (i = 0; i < KVT_MAX_BATCH; i++)
		e[i].addr = 0;
	ASSERT_EQ(0, whole(fd, &b, KVT_OP_LOOKUP));
	EXPECT_EQ(KVT_MAX_BATCH, b.done);
	EXPECT_EQ(KVT_MAX_BATCH, b.ok);
	ASSERT_EQ(0, whole(fd, &b, KVT_OP_ACQUIRE));
	/* 900 per mille of 18432 frames is 16588: all */
	ASSERT_EQ(KVT_MAX_BATCH, b.ok);
	EXPECT_EQ(KVT_MAX_BATCH, kst_attr(KST_SPACE, "leases"));
	for (i = 0; i < KVT_MAX_BATCH; i++)
		memset(e[i].key, 0, KVT_KEY_SIZE);
	ASSERT_EQ(0, whole(fd, &b, KVT_OP_RELEASE));
	EXPECT_EQ(KVT_MAX_BATCH, b.ok);
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
	/* The whole chain goes with its root, without recursion. */
	EXPECT_LE(0, kst_drop(fd, kst_key(1, 0), KVT_F_CHAIN));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "descriptors"));
	/* The same by RESERVE and COMMIT */
	kst_entries(e, KVT_MAX_BATCH, 2, 0);
	ASSERT_EQ(0, whole(fd, &b, KVT_OP_RESERVE));
	ASSERT_EQ(KVT_MAX_BATCH, b.ok);
	for (i = 0; i < KVT_MAX_BATCH; i++)
		memset(e[i].key, 0, KVT_KEY_SIZE);
	ASSERT_EQ(0, whole(fd, &b, KVT_OP_COMMIT));
	ASSERT_EQ(KVT_MAX_BATCH, b.ok);
	EXPECT_EQ(KVT_MAX_BATCH, kst_attr(KST_SPACE, "blocks"));
}

/* Index and metadata: at most 192 bytes a block. */
TEST_F_TIMEOUT(long_chain, metadata_size, 120)
{
	struct kvt_entry *e = calloc(KVT_MAX_BATCH, sizeof(*e));
	int fd = open_rw();
	struct kvt_batch b;
	char data[BS] = { 0 };
	__u32 i;

	ASSERT_LE(0, fd);
	ASSERT_NE(NULL, e);
	kst_entries(e, KVT_MAX_BATCH, 1, 0);
	for (i = 0; i < KVT_MAX_BATCH; i++)
		e[i].addr = kst_ptr(data);
	kst_batch(&b, KVT_OP_PUT, e, KVT_MAX_BATCH);
	ASSERT_EQ(0, kst_submit(fd, &b));
	ASSERT_EQ(KVT_MAX_BATCH, b.ok);
	EXPECT_GE(192, kst_attr(KST_SPACE, "metadata_bytes") / KVT_MAX_BATCH);
	EXPECT_LE(64, kst_attr(KST_SPACE, "metadata_bytes") / KVT_MAX_BATCH);
}

TEST_HARNESS_MAIN
