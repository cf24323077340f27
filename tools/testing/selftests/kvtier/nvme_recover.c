// SPDX-License-Identifier: GPL-2.0
/*
 * What is on nvme is found again: after the tier or the space has gone and come
 * back, after a power cut; and what was dropped is not. Quotas, and who may have
 * which segment.
 */
#include "kselftest_harness.h"
#include "nvme.h"
#include "../../../../kmod/log_codec.h"

#define BS	65536U
#define MIB	4
#define FRAMES	(MIB * KST_MIB / BS)	/* 64 */
#define NR	(3 * FRAMES)
#define OTHER	KST_PREFIX "other"
#define SEGMENT	KST_MIB

FIXTURE(recover) {
	struct kst_set set;
	struct kst_loop loop;
	int fd;
	struct kvt_entry e;
};

/* On loop devices: what is on them at a moment can be had as a copy. */
FIXTURE_SETUP(recover)
{
	KST_START();
	if (kst_loop_make(&self->loop, 100 * KST_MIB))
		SKIP(return, "no loop devices");
	self->set = (struct kst_set){
		.nr = 1, .dev = { self->loop.path }, .segment = SEGMENT,
		.grade = KST_BULK,
	};
	ASSERT_EQ(0, kst_make_nvme(&self->set, BS, MIB, 64));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(recover)
{
	EXPECT_EQ(0, kst_cleanup());
}

/* The space is made anew on the tier, which is there; 0 or -errno. */
static int make_again(FIXTURE_DATA(recover) *self)
{
	int err = kst_nvme_space(KST_SPACE, BS, MIB, 64) ?:
		  kst_recovered(KST_NVME);

	if (err)
		return err;
	self->fd = kst_open(KST_SPACE, O_RDWR);
	return self->fd < 0 ? self->fd : 0;
}

/* Tier and space go, cleanly, and come back. */
static int come_back(FIXTURE_DATA(recover) *self)
{
	int err;

	close(self->fd);
	err = kst_tier_remove(KST_NVME);
	if (!err)
		err = kst_space_delete(KST_SPACE);
	if (!err)
		err = kst_nvme_add(&self->set, KST_NVME);
	return err ?: make_again(self);
}

/* As if the power had been cut now: what the device has at this moment. */
static int power_cut(FIXTURE_DATA(recover) *self)
{
	int copy = kst_copy_memory(self->loop.file), err;

	close(self->fd);
	err = copy < 0 ? copy : kst_tier_remove(KST_NVME);
	if (!err)
		err = kst_space_delete(KST_SPACE);
	if (!err)
		err = kst_loop_open(&self->loop, copy, false);
	if (!err)
		err = kst_nvme_add(&self->set, KST_NVME);
	return err ?: make_again(self);
}

/* Waits until all that is to be written without need has been. */
static void let_commit(void)
{
	kst_let_commit(KST_SPACE, KST_NVME);
}

/* Everything, what was in memory only as well. */
TEST_F_TIMEOUT(recover, remove_and_add, 60)
{
	struct kst_found f;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	close(self->fd);
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
	EXPECT_LT(0, kst_tier_attr(KST_NVME, "found"));
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "used"));
	ASSERT_EQ(0, make_again(self));
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "found"));
	EXPECT_EQ(NR, kst_stat(KST_SPACE, "recovered"));
	EXPECT_EQ(NR, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(NR, kst_count(self->fd, 1, NR, KVT_TIER_NVME));
	f = kst_check_chain(self->fd, 1, NR, BS);
	EXPECT_EQ(NR, f.good);
	EXPECT_EQ(0, kst_stat(KST_SPACE, "lost"));
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "bad_records"));
	/* They were written before: not again. */
	kst_settle(KST_SPACE);
	EXPECT_EQ(0, kst_stat(KST_SPACE, "writeouts"));
}

/* The tier goes and comes back, the space stays. */
static int tier_comes_back(FIXTURE_DATA(recover) *self)
{
	__u64 bytes = 64 * KST_MIB;

	return kst_tier_remove(KST_NVME) ?:
	       kst_nvme_add(&self->set, KST_NVME) ?:
	       kst_space_resize(KST_SPACE, KST_NVME, &bytes) ?:
	       kst_recovered(KST_NVME);
}

/* What stayed in memory has its copy again: it is not written twice, and is safe. */
TEST_F_TIMEOUT(recover, copies_are_found_again, 90)
{
	long long before;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, FRAMES / 2, BS));
	ASSERT_EQ(0, tier_comes_back(self));
	EXPECT_EQ(FRAMES / 2, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(FRAMES / 2, kst_count(self->fd, 1, FRAMES / 2, KVT_TIER_DRAM));
	before = kst_stat(KST_SPACE, "writeouts");
	ASSERT_EQ(0, power_cut(self));
	EXPECT_EQ(FRAMES / 2, before);
	EXPECT_EQ(FRAMES / 2, kst_count(self->fd, 1, FRAMES / 2, KVT_TIER_NVME));
	EXPECT_EQ(FRAMES / 2, kst_check_chain(self->fd, 1, FRAMES / 2, BS).good);
}

static int put_of_class(int fd, unsigned int n, unsigned int class_id)
{
	static char data[BS];
	struct kvt_entry e;
	struct kvt_batch b;

	kst_fill(data, BS, kst_seed(1, n));
	kst_entries(&e, 1, 1, n);
	e.addr = kst_ptr(data);
	kst_batch(&b, KVT_OP_PUT, &e, 1);
	memcpy(b.parent, kst_key(1, n - 1).b, KVT_KEY_SIZE);
	b.flags = KVT_F_CLASS;
	b.class_id = class_id;
	return kst_submit(fd, &b) ?: e.result;
}

/* Put once more while the tier was away: other bytes, another parent, another class. */
TEST_F_TIMEOUT(recover, other_blocks_of_the_key, 90)
{
	__u64 bytes = 64 * KST_MIB;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, 4, BS));
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	ASSERT_EQ(0, kst_drop(self->fd, kst_key(1, 0), KVT_F_CHAIN));
	ASSERT_LE(0, kst_put_pattern(self->fd, kst_key(1, 0), kst_root, BS, 77));
	ASSERT_LE(0, kst_put_pattern(self->fd, kst_key(1, 2), kst_root, BS,
				     kst_seed(1, 2)));
	ASSERT_LE(0, put_of_class(self->fd, 3, 1));
	ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
	ASSERT_EQ(0, kst_space_resize(KST_SPACE, KST_NVME, &bytes));
	ASSERT_EQ(0, kst_recovered(KST_NVME));
	EXPECT_EQ(0, kst_get_pattern(self->fd, kst_key(1, 0), BS, 77));
	EXPECT_EQ(0, kst_get_block(self->fd, 1, 1, BS));
	EXPECT_EQ(0, kst_get_block(self->fd, 1, 2, BS));
	EXPECT_EQ(0, kst_get_block(self->fd, 1, 3, BS));
	/* What was found of them is named as gone; what is in memory is only there. */
	let_commit();
	ASSERT_EQ(0, power_cut(self));
	EXPECT_EQ(-ENOENT, kst_lookup(self->fd, kst_key(1, 0)));
	EXPECT_EQ(0, kst_get_block(self->fd, 1, 1, BS));
	EXPECT_EQ(-ENOENT, kst_lookup(self->fd, kst_key(1, 2)));
	EXPECT_EQ(-ENOENT, kst_lookup(self->fd, kst_key(1, 3)));
}

/* A summary says what was durable when it was sent: all before it, if there was time. */
TEST_F_TIMEOUT(recover, summaries_say_what_was_durable, 90)
{
	unsigned int pass, first, durable, late = 0;
	struct kvt_log_head h;
	off_t pos;

	for (pass = 0; pass < 3; pass++) {
		ASSERT_EQ(0, kst_put_chain(self->fd, pass + 1, 0, FRAMES + 4, BS));
		kst_settle(KST_SPACE);
		let_commit();
	}
	for (pos = 0; pread(self->loop.file, &h, sizeof(h), pos) == sizeof(h);
	     pos += KVT_LOG_PAGE) {
		if (le64toh(h.magic) != KVT_LOG_MAGIC ||
		    le32toh(h.kind) != KVT_LOG_SUMMARY)
			continue;
		first = le32toh(h.first);
		durable = le32toh(h.durable);
		EXPECT_LE(durable, first);
		late += first && durable == first;
	}
	EXPECT_LT(0, late);
}

/* Each for itself: there are holes in the chain. */
static int drop_each(int fd, __u64 chain, unsigned int nr)
{
	while (nr--)
		kst_drop(fd, kst_key(chain, nr), 0);
	return kst_attr_wait(KST_SPACE, "blocks", 0);
}

/*
 * Whatever the worker had in hand when the tier went: nothing is in memory only. It
 * is still there then; only when it is dropped it shows what was written.
 */
TEST_F_TIMEOUT(recover, remove_under_write_out, 120)
{
	__u64 bytes = 64 * KST_MIB;
	unsigned int i, nr;

	for (i = 1; i <= 30; i++) {
		nr = FRAMES / 2 + rand() % FRAMES;
		ASSERT_EQ(0, kst_put_chain(self->fd, i, 0, nr, BS));
		ASSERT_EQ(0, kst_tier_remove(KST_NVME));
		ASSERT_EQ(0, drop_each(self->fd, i, nr));
		ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
		ASSERT_EQ(0, kst_space_resize(KST_SPACE, KST_NVME, &bytes));
		ASSERT_EQ(0, kst_recovered(KST_NVME));
		ASSERT_EQ(nr, kst_count(self->fd, i, nr, KVT_TIER_NVME));
		ASSERT_EQ(0, drop_each(self->fd, i, nr));
	}
}

/* The prefix of a chain is one again: who is whose parent came along. */
TEST_F_TIMEOUT(recover, chains_are_chains, 60)
{
	struct kvt_entry e[NR];
	struct kvt_batch b;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	ASSERT_EQ(0, come_back(self));
	kst_entries(e, NR, 1, 0);
	kst_batch(&b, KVT_OP_LOOKUP, e, NR);
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	EXPECT_EQ(NR, b.ok);
	ASSERT_EQ(0, kst_drop(self->fd, kst_key(1, 10), KVT_F_CHAIN));
	EXPECT_EQ(10, kst_attr(KST_SPACE, "blocks"));
	/* They can be continued. */
	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 10, 20, BS));
	EXPECT_EQ(30, kst_attr(KST_SPACE, "blocks"));
}

/* flush_ms 0: what is in memory only is not waited for. */
TEST_F_TIMEOUT(recover, remove_without_flush, 60)
{
	struct kst_found f;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	ASSERT_EQ(0, kst_tier_knob(KST_NVME, "flush_ms", "0"));
	let_commit();
	ASSERT_EQ(0, come_back(self));
	f = kst_check_chain(self->fd, 1, NR, BS);
	EXPECT_LE(NR - FRAMES, f.good);
	EXPECT_EQ(NR, f.good + f.absent);
}

TEST_F_TIMEOUT(recover, dropped_is_not_found, 60)
{
	unsigned int n;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	for (n = 0; n < NR; n += 3)
		EXPECT_EQ(0, kst_drop(self->fd, kst_key(1, n), 0));
	ASSERT_EQ(0, come_back(self));
	for (n = 0; n < NR; n++)
		EXPECT_EQ(n % 3 ? 0 : -ENOENT,
			  kst_get_block(self->fd, 1, n, BS)) {
			TH_LOG("block %u", n);
		}
	EXPECT_EQ(NR - NR / 3, kst_attr(KST_SPACE, "blocks"));
}

/* Dropped and put again with other bytes: only these are found. */
TEST_F_TIMEOUT(recover, the_last_bytes_of_a_key, 90)
{
	unsigned int n, pass;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	for (pass = 1; pass < 3; pass++) {
		for (n = 0; n < NR; n += 2) {
			ASSERT_EQ(0, kst_drop(self->fd, kst_key(1, n), 0));
			ASSERT_LE(0, kst_put_wait(self->fd, kst_key(1, n),
						  n ? kst_key(1, n - 1) : kst_root,
						  BS, pass * 100000 + n));
		}
		ASSERT_EQ(0, come_back(self));
		for (n = 0; n < NR; n += 2) {
			EXPECT_EQ(0, kst_get_pattern(self->fd, kst_key(1, n),
						     BS, pass * 100000 + n)) {
				TH_LOG("pass %u block %u", pass, n);
			}
		}
	}
}

TEST_F_TIMEOUT(recover, after_a_power_cut, 60)
{
	unsigned int cold, n;
	struct kst_found f;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	let_commit();
	cold = kst_count(self->fd, 1, NR, KVT_TIER_NVME);
	EXPECT_LE(NR - FRAMES, cold);
	for (n = 0; n < 16; n++) {
		ASSERT_EQ(0, kst_drop(self->fd, kst_key(1, 2 * n), 0));
	}
	let_commit();
	ASSERT_EQ(0, power_cut(self));
	f = kst_check_chain(self->fd, 1, NR, BS);
	EXPECT_LE(cold - 16, f.good);
	EXPECT_EQ(NR, f.good + f.absent);
	for (n = 0; n < 16; n++) {
		EXPECT_EQ(-ENOENT, kst_get_block(self->fd, 1, 2 * n, BS));
	}
	EXPECT_EQ(0, kst_stat(KST_SPACE, "lost"));
}

/* Tombs are as durable as blocks, also those of segments found before. */
TEST_F_TIMEOUT(recover, dropped_after_recovery_then_power_cut, 90)
{
	unsigned int n;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	ASSERT_EQ(0, come_back(self));
	for (n = 0; n < NR; n += 2) {
		ASSERT_EQ(0, kst_drop(self->fd, kst_key(1, n), 0));
	}
	let_commit();
	ASSERT_EQ(0, power_cut(self));
	for (n = 0; n < NR; n++)
		EXPECT_EQ(n % 2 ? 0 : -ENOENT,
			  kst_get_block(self->fd, 1, n, BS)) {
			TH_LOG("block %u", n);
		}
	/* And once more: nothing comes back by the second round. */
	ASSERT_EQ(0, power_cut(self));
	EXPECT_EQ(NR / 2, kst_attr(KST_SPACE, "blocks"));
}

TEST_F_TIMEOUT(recover, another_space_does_not_see_it, 60)
{
	struct kvt_space_create c;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	close(self->fd);
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
	/* Another name; another identity; another block size */
	ASSERT_EQ(0, kst_nvme_space(OTHER, BS, MIB, 64));
	EXPECT_EQ(0, kst_attr(OTHER, "blocks"));
	ASSERT_EQ(0, kst_space_delete(OTHER));
	kst_space_init(&c, KST_SPACE, BS);
	kst_space_quota(&c, KST_DRAM, MIB * KST_MIB);
	kst_space_quota(&c, KST_NVME, 64 * KST_MIB);
	c.identity[31] ^= 1;
	ASSERT_EQ(0, kst_space_create(&c));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	c.identity[31] ^= 1;
	c.block_size = BS / 2;
	ASSERT_EQ(0, kst_space_create(&c));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	ASSERT_EQ(0, make_again(self));
	EXPECT_EQ(NR, kst_check_chain(self->fd, 1, NR, BS).good);
}

/* What nobody has claimed makes room for who needs it, oldest first. */
TEST_F_TIMEOUT(recover, unclaimed_segments_make_room, 90)
{
	int fd;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	close(self->fd);
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
	EXPECT_LE(12 * KST_MIB, kst_tier_attr(KST_NVME, "found"));
	ASSERT_EQ(0, kst_nvme_space(OTHER, BS, MIB, 96));
	fd = kst_open(OTHER, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_put_chain(fd, 2, 0, 1330, BS));
	EXPECT_GT(12 * KST_MIB, kst_tier_attr(KST_NVME, "found"));
	EXPECT_EQ(1330, kst_attr(OTHER, "blocks"));
	EXPECT_EQ(0, kst_get_block(fd, 2, 0, BS));
	close(fd);
}

TEST_F_TIMEOUT(recover, delete_frees_segments, 60)
{
	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	EXPECT_LT(0, kst_tier_attr(KST_NVME, "used"));
	close(self->fd);
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	EXPECT_EQ(0, kst_tier_wait(KST_NVME, "used", 0));
	EXPECT_EQ(kst_tier_attr(KST_NVME, "size"),
		  kst_tier_wait(KST_NVME, "free",
				kst_tier_attr(KST_NVME, "size")));
	/* Not even after a power cut */
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "found"));
	ASSERT_EQ(0, make_again(self));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
}

/* A deleted space's segments, on media: free before the ioctl returns. */
TEST_F_TIMEOUT(recover, deleted_then_power_cut, 60)
{
	int copy;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	let_commit();
	close(self->fd);
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	copy = kst_copy_memory(self->loop.file);
	ASSERT_LE(0, copy);
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	ASSERT_EQ(0, kst_loop_open(&self->loop, copy, false));
	ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "found"));
}

/* ------------------------------------------------------------------------ quotas */

static int resize(const char *space, unsigned int mib)
{
	__u64 bytes = mib * KST_MIB;
	int err = kst_space_resize(space, KST_NVME, &bytes);

	if (!err && bytes != mib * KST_MIB)
		return -EPROTO;
	return err;
}

TEST_F_TIMEOUT(recover, quota_up_and_down, 90)
{
	struct kst_found f;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	kst_settle(KST_SPACE);
	EXPECT_EQ(0, resize(KST_SPACE, 96));
	EXPECT_EQ(-ENOSPC, resize(KST_SPACE, 98));
	EXPECT_EQ(96 * KST_MIB, kst_arena(KST_SPACE, 1, "bytes"));
	EXPECT_EQ(0, resize(KST_SPACE, 4));
	EXPECT_EQ(4 * KST_MIB, kst_arena(KST_SPACE, 1, "bytes"));
	EXPECT_TRUE(KST_UNTIL(kst_tier_attr(KST_NVME, "used") <=
			      4 * (long long)KST_MIB));
	kst_settle(KST_SPACE);
	/* One may have been freed ahead of need, and no more than that. */
	EXPECT_GE(4 * KST_MIB, kst_tier_attr(KST_NVME, "used"));
	EXPECT_LE(3 * KST_MIB, kst_tier_attr(KST_NVME, "used"));
	/* Oldest segments went; what is in memory stays. */
	f = kst_check_chain(self->fd, 1, NR, BS);
	EXPECT_EQ(NR, f.good + f.absent);
	EXPECT_LE(FRAMES / 2, f.good);
	EXPECT_LT(0, kst_stat(KST_SPACE, "reclaimed"));
	EXPECT_EQ(0, resize(KST_SPACE, 64));
	ASSERT_EQ(0, kst_put_chain(self->fd, 2, 0, NR, BS));
	f = kst_check_chain(self->fd, 2, NR, BS);
	EXPECT_EQ(NR, f.good);
}

TEST_F_TIMEOUT(recover, quota_to_zero_and_again, 60)
{
	struct kst_found f;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	EXPECT_EQ(0, resize(KST_SPACE, 0));
	EXPECT_EQ(-1, kst_arena(KST_SPACE, 1, "bytes"));
	EXPECT_EQ(0, kst_tier_wait(KST_NVME, "used", 0));
	f = kst_check_chain(self->fd, 1, NR, BS);
	EXPECT_LT(0, f.good);
	EXPECT_GE(FRAMES, f.good);
	EXPECT_EQ(NR, f.good + f.absent);
	EXPECT_GE(f.good, kst_attr(KST_SPACE, "blocks"));
	/* Without it, memory is all there is. */
	ASSERT_EQ(0, kst_put_chain(self->fd, 2, 0, NR, BS));
	EXPECT_GE(FRAMES, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, resize(KST_SPACE, 64));
	EXPECT_EQ(0, kst_recovered(KST_NVME));
	ASSERT_EQ(0, kst_put_chain(self->fd, 3, 0, NR, BS));
	EXPECT_EQ(NR, kst_check_chain(self->fd, 3, NR, BS).good);
	EXPECT_LT(0, kst_count(self->fd, 3, NR, KVT_TIER_NVME));
}

/* A quota on a tier that came back finds what was there; memory has priority. */
TEST_F_TIMEOUT(recover, quota_in_a_living_space, 60)
{
	struct kst_found f;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	/* The space goes on without. */
	f = kst_check_chain(self->fd, 1, NR, BS);
	EXPECT_LT(0, f.good);
	EXPECT_EQ(NR, f.good + f.absent);
	EXPECT_EQ(-1, kst_arena(KST_SPACE, 1, "bytes"));
	/* Dropped and put anew: the old bytes must not come back. */
	kst_drop(self->fd, kst_key(1, 0), 0);
	ASSERT_LE(0, kst_put_wait(self->fd, kst_key(1, 0), kst_root, BS, 99));
	ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
	ASSERT_EQ(0, resize(KST_SPACE, 64));
	ASSERT_EQ(0, kst_recovered(KST_NVME));
	EXPECT_EQ(NR, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_get_pattern(self->fd, kst_key(1, 0), BS, 99));
	f = kst_check_chain(self->fd, 1, NR, BS);
	EXPECT_EQ(NR - 1, f.good);
	EXPECT_EQ(1, f.wrong);	/* block 0: it has the bytes it got last */
}

/* A smaller quota than what was found: the newest. */
TEST_F_TIMEOUT(recover, quota_smaller_than_found, 60)
{
	struct kst_found f;
	unsigned int n;

	for (n = 0; n < NR; n++) {
		ASSERT_LE(0, kst_put_wait(self->fd, kst_key(1, n), kst_root, BS,
					  kst_seed(1, n)));
	}
	close(self->fd);
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
	ASSERT_EQ(0, kst_nvme_space(KST_SPACE, BS, MIB, 4));
	ASSERT_EQ(0, kst_recovered(KST_NVME));
	EXPECT_EQ(4 * KST_MIB, kst_tier_wait(KST_NVME, "used", 4 * KST_MIB));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	f = kst_check_chain(self->fd, 1, NR, BS);
	EXPECT_LE(3 * 15, f.good) {
		TH_LOG("%lld recovered, %lld reclaimed",
		       kst_stat(KST_SPACE, "recovered"),
		       kst_stat(KST_SPACE, "reclaimed"));
	}
	EXPECT_GE(4 * 15, f.good);
	EXPECT_EQ(0, kst_get_block(self->fd, 1, NR - 1, BS));
	EXPECT_EQ(-ENOENT, kst_get_block(self->fd, 1, 0, BS));
}

/* -------------------------------------------------------- others on the same tier */

TEST_F_TIMEOUT(recover, two_spaces, 90)
{
	unsigned int n;
	int fd;

	ASSERT_EQ(0, resize(KST_SPACE, 48));
	ASSERT_EQ(0, kst_tier_add(KST_PREFIX "dram2", KVT_TIER_DRAM, 0,
				  MIB * KST_MIB));
	{
		struct kvt_space_create c;

		kst_space_init(&c, OTHER, BS);
		kst_space_quota(&c, KST_PREFIX "dram2", MIB * KST_MIB);
		kst_space_quota(&c, KST_NVME, 48 * KST_MIB);
		ASSERT_EQ(0, kst_space_create(&c));
	}
	fd = kst_open(OTHER, O_RDWR);
	ASSERT_LE(0, fd);
	/* The same keys, other bytes, segments of both mixed */
	for (n = 0; n < NR; n++) {
		ASSERT_EQ(0, kst_put_chain(self->fd, 1, n, 1, BS));
		ASSERT_LE(0, kst_put_wait(fd, kst_key(1, n), kst_root, BS,
					  7000 + n));
	}
	for (n = 0; n < NR; n++) {
		EXPECT_EQ(0, kst_get_block(self->fd, 1, n, BS));
		EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, n), BS, 7000 + n));
	}
	close(fd);
	close(self->fd);
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
	ASSERT_EQ(0, kst_nvme_space(KST_SPACE, BS, MIB, 48));
	EXPECT_LT(0, kst_tier_attr(KST_NVME, "found"));
	ASSERT_EQ(0, resize(OTHER, 48));
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "found"));
	ASSERT_EQ(0, kst_recovered(KST_NVME));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	fd = kst_open(OTHER, O_RDWR);
	EXPECT_EQ(NR, kst_check_chain(self->fd, 1, NR, BS).good);
	for (n = 0; n < NR; n++) {
		EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, n), BS, 7000 + n));
	}
	/* One goes; the other one stays. */
	close(self->fd);
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, NR - 1), BS, 7000 + NR - 1));
	close(fd);
}

/* ---------------------------------------------------------------- while it is used */

struct user {
	__u64 until;
};

/* Reads and writes, with leases; exit 2: wrong bytes. */
static int use(struct kst_child *c, void *arg)
{
	const struct user *u = arg;
	int fd = kst_open(KST_SPACE, O_RDWR);
	struct kvt_entry e;
	char *w = kst_map_window(fd, 0, PROT_READ, NULL);

	(void)c;
	if (fd < 0 || !w)
		return 1;
	srand(getpid());
	while (kst_now_ms() < u->until) {
		unsigned int n = rand() % NR;
		int ret = kst_acquire(fd, kst_key(1, n), 0, &e);

		if (ret >= 0) {
			if (!kst_holds(w + e.offset, BS, kst_seed(1, n)))
				return 2;
			kst_sleep_ms(rand() % 3);
			kst_release(fd, e.slot);
		} else if (ret == -ENOENT) {
			kst_put_wait(fd, kst_key(1, n), kst_root, BS,
				     kst_seed(1, n));
		}
	}
	return 0;
}

TEST_F_TIMEOUT(recover, tier_comes_and_goes_while_in_use, 120)
{
	struct user u = { kst_now_ms() + 4000 };
	struct kst_child c[3];
	unsigned int i, rounds = 0;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, kst_spawn(&c[i], use, &u));
	}
	while (kst_now_ms() < u.until || rounds < 2) {
		kst_sleep_ms(200);
		ASSERT_EQ(0, kst_tier_remove(KST_NVME));
		kst_sleep_ms(50);
		ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
		ASSERT_EQ(0, resize(KST_SPACE, 64));
		rounds++;
	}
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, kst_join(&c[i]));
	}
	EXPECT_LT(1, rounds);
	EXPECT_EQ(0, kst_recovered(KST_NVME));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "lost"));
	EXPECT_EQ(0, kst_check_chain(self->fd, 1, NR, BS).wrong);
}

TEST_F_TIMEOUT(recover, quota_changes_while_in_use, 120)
{
	static const unsigned int mib[] = { 8, 64, 4, 32, 0, 64 };
	struct user u = { kst_now_ms() + 4000 };
	struct kst_child c[3];
	unsigned int i, rounds = 0;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, kst_spawn(&c[i], use, &u));
	}
	while (kst_now_ms() < u.until || rounds < 6) {
		ASSERT_EQ(0, resize(KST_SPACE, mib[rounds++ % 6]));
		kst_sleep_ms(100);
	}
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, kst_join(&c[i]));
	}
	EXPECT_LT(2, rounds);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
	EXPECT_EQ(0, kst_check_chain(self->fd, 1, NR, BS).wrong);
}

/* A leased block is in memory: the tier goes, it stays. */
TEST_F_TIMEOUT(recover, leases_outlive_the_tier, 60)
{
	char *w = kst_map_window(self->fd, 0, PROT_READ, NULL);
	int n;

	ASSERT_NE(NULL, w);
	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	n = kst_cold(self->fd, 1, NR);
	ASSERT_LE(0, n);
	ASSERT_LE(0, kst_acquire_wait(self->fd, kst_key(1, n), &self->e));
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	EXPECT_TRUE(kst_holds(w + self->e.offset, BS, kst_seed(1, n)));
	EXPECT_EQ(KVT_TIER_DRAM, kst_tier_of(self->fd, 1, n, NULL));
	EXPECT_EQ(0, kst_release(self->fd, self->e.slot));
}

/* ------------------------------------------------------------------ several tiers */

FIXTURE(tiers) {
	struct kst_set set[2];
	struct kst_loop loop[2];
	int fd;
};

FIXTURE_SETUP(tiers)
{
	unsigned int i;

	KST_START();
	for (i = 0; i < 2; i++) {
		if (kst_loop_make(&self->loop[i], 68 * KST_MIB))
			SKIP(return, "no loop devices");
		self->set[i] = (struct kst_set){
			.nr = 1, .dev = { self->loop[i].path },
			.segment = KST_MIB, .grade = i ? KST_BULK : KST_FAST,
		};
	}
}

FIXTURE_TEARDOWN_PARENT(tiers)
{
	EXPECT_EQ(0, kst_cleanup());
}

static int put_class(int fd, unsigned int chain, unsigned int n, __u8 class_id)
{
	static char data[BS];
	struct kvt_entry e;
	struct kvt_batch b;

	kst_entries(&e, 1, chain, n);
	e.addr = kst_ptr(data);
	kst_fill(data, BS, kst_seed(chain, n));
	kst_batch(&b, KVT_OP_PUT, &e, 1);
	b.flags = KVT_F_WAIT | KVT_F_CLASS;
	b.class_id = class_id;
	b.timeout_ns = KST_PATIENCE * 1000000ULL;
	return kst_submit(fd, &b) ?: e.result;
}

static __u64 blocks_written(const char *tier)
{
	return kst_tier_attr(tier, "block_bytes_written");
}

/* Fast above bulk: what fast does not admit goes to bulk. Both find theirs. */
TEST_F_TIMEOUT(tiers, fast_and_bulk, 90)
{
	struct kvt_space_create c;
	unsigned int n, pass;

	ASSERT_EQ(0, kst_tier_add(KST_DRAM, KVT_TIER_DRAM, 0, MIB * KST_MIB));
	kst_space_init(&c, KST_SPACE, BS);
	kst_space_quota(&c, KST_DRAM, MIB * KST_MIB);
	kst_space_quota(&c, KST_NVME2, 64 * KST_MIB);
	kst_space_quota(&c, KST_NVME, 64 * KST_MIB);
	for (pass = 0; pass < 2; pass++) {
		for (n = 0; n < 2; n++) {
			ASSERT_EQ(0, pass ? 0 : kst_format(&self->set[n]));
			ASSERT_EQ(0, kst_nvme_add(&self->set[n], n ? KST_NVME2 :
						  KST_NVME));
		}
		ASSERT_EQ(0, kst_tier_knob(KST_NVME, "admission", "class"));
		ASSERT_EQ(0, kst_tier_knob(KST_NVME, "admit_classes", "2"));
		ASSERT_EQ(0, kst_space_create(&c));
		self->fd = kst_open(KST_SPACE, O_RDWR);
		ASSERT_LE(0, self->fd);
		ASSERT_EQ(0, kst_recovered(KST_NVME));
		ASSERT_EQ(0, kst_recovered(KST_NVME2));
		for (n = 0; !pass && n < NR; n++) {
			ASSERT_LE(0, put_class(self->fd, n % 2, n, n % 2));
		}
		for (n = 0; n < NR; n++) {
			EXPECT_EQ(0, kst_get_block(self->fd, n % 2, n, BS)) {
				TH_LOG("pass %u block %u", pass, n);
			}
		}
		if (!pass) {
			__u64 half = (NR - FRAMES) / 2 * BS;

			EXPECT_LE(half - 8 * BS, blocks_written(KST_NVME));
			EXPECT_LE(half - 8 * BS, blocks_written(KST_NVME2));
		}
		close(self->fd);
		ASSERT_EQ(0, kst_tier_remove(KST_NVME));
		ASSERT_EQ(0, kst_tier_remove(KST_NVME2));
		ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	}
}

static __u64 memory_used(const struct kst_loop *l)
{
	__u64 sum = 0;
	off_t data = 0, hole;

	while ((data = lseek(l->file, data, SEEK_DATA)) >= 0) {
		hole = lseek(l->file, data, SEEK_HOLE);
		sum += hole - data;
		data = hole;
	}
	return sum;
}

/* Segments of a set spread over its devices, evenly. */
TEST_F_TIMEOUT(tiers, two_devices, 90)
{
	struct kst_set both = {
		.nr = 2, .dev = { self->loop[0].path, self->loop[1].path },
		.segment = KST_MIB,
	};
	__u64 a, b;

	ASSERT_EQ(0, kst_make_nvme(&both, BS, MIB, 64));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, 300, BS));
	a = memory_used(&self->loop[0]);
	b = memory_used(&self->loop[1]);
	EXPECT_LT(5 * KST_MIB, a);
	EXPECT_LT(5 * KST_MIB, b);
	EXPECT_GE(2 * KST_MIB, a > b ? a - b : b - a);
	EXPECT_EQ(300, kst_check_chain(self->fd, 1, 300, BS).good);
	close(self->fd);
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	ASSERT_EQ(0, kst_nvme_add(&both, KST_NVME));
	ASSERT_EQ(0, kst_nvme_space(KST_SPACE, BS, MIB, 64));
	ASSERT_EQ(0, kst_recovered(KST_NVME));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	EXPECT_EQ(300, kst_check_chain(self->fd, 1, 300, BS).good);
}

TEST_HARNESS_MAIN
