// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that fail, lie, are slow, hang, or are pulled out: misses, never wrong
 * bytes; waits that end; what is in memory goes on as if nothing had happened.
 */
#include <limits.h>

#include "kselftest_harness.h"
#include "nvme.h"

#define BS	65536U
#define MIB	4
#define FRAMES	(MIB * KST_MIB / BS)	/* 64 */
#define NR	(3 * FRAMES)
#define SIZE	(100 * KST_MIB)
#define BAD	KST_PREFIX "bad"
#define FIRST	8192		/* sector of segment 0 */
#define SEGMENT	2048		/* sectors */

FIXTURE(faults) {
	struct kst_loop loop;
	struct kst_set set;
	__u64 sectors;
	int fd;
	struct kvt_entry e;
};

FIXTURE_SETUP(faults)
{
	KST_START();
	KST_NEED_DM("linear");
	kst_dm_cleanup();
	if (kst_loop_make(&self->loop, SIZE))
		SKIP(return, "no loop devices");
	self->sectors = SIZE / 512;
	ASSERT_EQ(0, kst_dm_make(BAD, "0 %llu linear %s 0", self->sectors,
				 self->loop.path));
	self->set = (struct kst_set){
		.nr = 1, .dev = { kst_dm_path(BAD) }, .segment = KST_MIB,
	};
	ASSERT_EQ(0, kst_make_nvme(&self->set, BS, MIB, 96));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	kst_settle(KST_SPACE);
}

FIXTURE_TEARDOWN_PARENT(faults)
{
	kst_dm_wake();
	EXPECT_EQ(0, kst_cleanup());
	kst_dm_cleanup();
}

/* The device is good again. */
static int repair(FIXTURE_DATA(faults) *self)
{
	return kst_dm_load(BAD, "0 %llu linear %s 0", self->sectors,
			   self->loop.path);
}

static int break_it(FIXTURE_DATA(faults) *self)
{
	return kst_dm_load(BAD, "0 %llu error", self->sectors);
}

static bool has_failed(void)
{
	char text[32] = "";

	kst_attr_text("/sys/class/kvtier_tier/" KST_NVME "/state", text,
		      sizeof(text));
	return !strcmp(text, "failed");
}

/* Blocks that can be read, and none that is wrong. */
static unsigned int good_blocks(FIXTURE_DATA(faults) *self)
{
	struct kst_found f = kst_check_chain(self->fd, 1, NR, BS);

	return f.wrong || f.error ? ~0U : f.good;
}

TEST_F_TIMEOUT(faults, reads_fail, 90)
{
	unsigned int n;
	int warm, cold;

	/* Writes that fail would be another test. */
	ASSERT_EQ(0, kst_stop_writing(KST_SPACE, KST_NVME, BS));
	warm = kst_count(self->fd, 1, NR, KVT_TIER_DRAM);
	cold = kst_cold(self->fd, 1, NR);
	ASSERT_LE(0, cold);
	ASSERT_EQ(0, break_it(self));
	for (n = 0; n < 10; n++) {
		EXPECT_EQ(-ENOENT, kst_get_block(self->fd, 1, cold + n, BS));
		EXPECT_EQ(-ENOENT, kst_acquire(self->fd, kst_key(1, cold + n), 0,
					       &self->e));
	}
	EXPECT_EQ(10, kst_stat_wait(KST_SPACE, "lost", 10));
	EXPECT_LE(10, kst_tier_attr(KST_NVME, "io_errors"));
	/* Memory is not touched by it. */
	for (n = 0; n < NR; n++) {
		if (kst_tier_of(self->fd, 1, n, NULL) != KVT_TIER_DRAM)
			continue;
		EXPECT_EQ(0, kst_get_block(self->fd, 1, n, BS));
		warm--;
	}
	/* A frame that was made free for one pushed another out. */
	EXPECT_GE(10, warm);
	ASSERT_EQ(0, repair(self));
	EXPECT_EQ(NR - 10, good_blocks(self));
}

/* Eight failed writes in a row: the device is given up, the space goes on. */
TEST_F_TIMEOUT(faults, writes_fail, 90)
{
	unsigned int n;

	ASSERT_EQ(0, break_it(self));
	for (n = 0; n < 4 * FRAMES; n++) {
		ASSERT_LE(0, kst_put_wait(self->fd, kst_key(2, n), kst_root, BS,
					  kst_seed(2, n)));
	}
	EXPECT_TRUE(KST_UNTIL(has_failed()));
	EXPECT_LT(7, kst_tier_attr(KST_NVME, "io_errors"));
	EXPECT_EQ(0, kst_get_block(self->fd, 2, n - 1, BS));
	/* All that was on it is a miss, soon. */
	EXPECT_EQ(0, kst_tier_wait(KST_NVME, "used", 0));
	EXPECT_EQ(0, kst_count(self->fd, 1, NR, KVT_TIER_NVME));
	EXPECT_GE(FRAMES, kst_attr(KST_SPACE, "blocks"));
	EXPECT_TRUE(KST_UNTIL(kst_attr(KST_SPACE, "blocks") ==
			      kst_arena(KST_SPACE, 0, "blocks")));
	/* It is of no more use, even repaired, until it is attached again. */
	ASSERT_EQ(0, repair(self));
	EXPECT_TRUE(has_failed());
	ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
	EXPECT_FALSE(has_failed());
	EXPECT_LT(0, kst_tier_attr(KST_NVME, "found"));
}

/* All but [@from, @from + @nr) of the device is good; in sectors. */
static int hole(FIXTURE_DATA(faults) *self, __u64 from, __u64 nr)
{
	return kst_dm_load(BAD, "0 %llu linear %s 0\n%llu %llu error\n"
			   "%llu %llu linear %s %llu", from, self->loop.path,
			   from, nr, from + nr, self->sectors - from - nr,
			   self->loop.path, from + nr);
}

/* A few sectors of a segment cannot be written: it is abandoned, no block lost. */
TEST_F_TIMEOUT(faults, some_writes_fail, 90)
{
	ASSERT_EQ(0, hole(self, FIRST + 20 * SEGMENT + 200, 8));
	ASSERT_EQ(0, kst_put_chain(self->fd, 2, 0, 2 * NR, BS));
	EXPECT_LT(0, kst_tier_attr(KST_NVME, "io_errors"));
	EXPECT_FALSE(has_failed());
	EXPECT_EQ(2 * NR, kst_check_chain(self->fd, 2, 2 * NR, BS).good);
	EXPECT_EQ(NR, good_blocks(self));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "evictions"));
}

/* Good for a second, bad for a second, under load */
TEST_F_TIMEOUT(faults, flaky, 90)
{
	__u64 end = kst_now_ms() + 4000;
	unsigned int wrong = 0;

	KST_NEED_DM("flakey");
	ASSERT_EQ(0, kst_dm_load(BAD, "0 %llu flakey %s 0 1 1", self->sectors,
				 self->loop.path));
	srand(1);
	while (kst_now_ms() < end || !kst_tier_attr(KST_NVME, "io_errors")) {
		unsigned int n = rand() % NR;
		int ret = kst_get_pattern(self->fd, kst_key(1, n), BS,
					  kst_seed(1, n));

		wrong += ret == 1;
		if (ret == -ENOENT)
			kst_put_wait(self->fd, kst_key(1, n), kst_root, BS,
				     kst_seed(1, n));
	}
	EXPECT_EQ(0, wrong);
	EXPECT_LT(0, kst_tier_attr(KST_NVME, "io_errors"));
	ASSERT_EQ(0, repair(self));
	EXPECT_NE(~0U, good_blocks(self));
}

/* Says it has written, and has not: the checksums tell. */
TEST_F_TIMEOUT(faults, drops_writes, 90)
{
	unsigned int n, wrong = 0, absent = 0;

	KST_NEED_DM("flakey");
	ASSERT_EQ(0, kst_dm_load(BAD, "0 %llu flakey %s 0 0 1000 1 drop_writes",
				 self->sectors, self->loop.path));
	for (n = 0; n < 2 * FRAMES; n++) {
		ASSERT_LE(0, kst_put_wait(self->fd, kst_key(2, n), kst_root, BS,
					  kst_seed(2, n)));
	}
	ASSERT_EQ(0, repair(self));
	for (n = 0; n < 2 * FRAMES; n++) {
		int ret = kst_get_block(self->fd, 2, n, BS);

		wrong += ret == 1;
		absent += ret == -ENOENT;
	}
	EXPECT_EQ(0, wrong);
	EXPECT_LT(0, absent);
	EXPECT_EQ(absent, kst_tier_wait(KST_NVME, "crc_errors", absent));
	EXPECT_EQ(absent, kst_stat_wait(KST_SPACE, "lost", absent));
}

/* Changes a byte of what it reads */
TEST_F_TIMEOUT(faults, corrupts_reads, 90)
{
	struct kst_found f;

	KST_NEED_DM("flakey");
	ASSERT_EQ(0, kst_dm_load(BAD,
				 "0 %llu flakey %s 0 0 1000 5 corrupt_bio_byte 777 r 85 0",
				 self->sectors, self->loop.path));
	f = kst_check_chain(self->fd, 1, NR, BS);
	EXPECT_EQ(0, f.wrong);
	EXPECT_LT(0, f.absent);
	EXPECT_EQ(NR, f.good + f.absent);
	EXPECT_EQ(f.absent, kst_tier_wait(KST_NVME, "crc_errors", f.absent));
}

/* ------------------------------------------------------------------ slow, hanging */

static int get_cold(struct kst_child *c, void *arg)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	__u64 end = kst_now_ms() + 3000;
	unsigned int reads = 0;

	(void)arg;
	srand(getpid());
	while (kst_now_ms() < end || reads < 3) {
		unsigned int n = rand() % NR;
		int ret = kst_get_pattern(fd, kst_key(1, n), BS, kst_seed(1, n));

		if (ret == 1)
			return 2;
		reads += !ret;
	}
	kst_say(c, reads);
	return 0;
}

/* A lease on a block in memory does not wait for anybody's block on nvme. */
TEST_F_TIMEOUT(faults, slow_device, 90)
{
	unsigned int i, fast = 0, slow = 0;
	struct kst_child c[2];
	struct kvt_entry held;
	__u64 start, end;

	KST_NEED_DM("delay");
	ASSERT_LE(0, kst_put_wait(self->fd, kst_key(3, 0), kst_root, BS, 1));
	ASSERT_LE(0, kst_acquire(self->fd, kst_key(3, 0), 0, &held));
	ASSERT_EQ(0, kst_dm_load(BAD, "0 %llu delay %s 0 700", self->sectors,
				 self->loop.path));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, kst_spawn(&c[i], get_cold, NULL));
	}
	end = kst_now_ms() + 3000;
	while (kst_now_ms() < end || fast + slow < 100) {
		start = kst_now_ms();
		ASSERT_LE(0, kst_acquire(self->fd, kst_key(3, 0), 0, &self->e));
		ASSERT_EQ(0, kst_release(self->fd, self->e.slot));
		ASSERT_EQ(KVT_TIER_DRAM, kst_tier_of(self->fd, 3, 0, NULL));
		if (kst_now_ms() - start < 500)
			fast++;
		else
			slow++;
		kst_sleep_ms(1);
	}
	for (i = 0; i < 2; i++) {
		EXPECT_LT(2, kst_hear(&c[i]));
		EXPECT_EQ(0, kst_join(&c[i]));
	}
	/* The machine itself may stand still now and then. */
	EXPECT_LE(10 * slow, fast);
	EXPECT_EQ(0, kst_release(self->fd, held.slot));
	ASSERT_EQ(0, repair(self));
	EXPECT_EQ(NR, good_blocks(self));
}

static int put_nowait(int fd, unsigned int n)
{
	return kst_put_pattern(fd, kst_key(4, n), kst_root, BS, kst_seed(4, n));
}

/* Nothing can be written: who does not want to wait is told so at once. */
TEST_F_TIMEOUT(faults, back_pressure, 90)
{
	struct kvt_entry e = {};
	struct kvt_batch b;
	unsigned int n = 0;
	__u64 start;
	int ret;

	ASSERT_EQ(0, kst_dm_suspend(BAD));
	/* The last frames become free in the background. */
	do {
		while (n < 4 * FRAMES && put_nowait(self->fd, n) >= 0)
			n++;
		kst_settle(KST_SPACE);
		start = kst_now_ms();
		ret = put_nowait(self->fd, n);
	} while (ret >= 0 && n++ < 4 * FRAMES);
	EXPECT_GE(FRAMES, n);
	EXPECT_EQ(-ENOSPC, ret);
	EXPECT_GT(KST_AT_ONCE, kst_now_ms() - start);
	/* Lookups go on. */
	EXPECT_LE(0, kst_lookup(self->fd, kst_key(1, 0)));
	/* Waiting ends when its time is over ... */
	kst_entries(&e, 1, 5, 0);
	kst_batch(&b, KVT_OP_RESERVE, &e, 1);
	b.flags = KVT_F_WAIT;
	b.timeout_ns = 500000000;
	start = kst_now_ms();
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	EXPECT_EQ(-ETIMEDOUT, e.result);
	EXPECT_LE(450, kst_now_ms() - start);
	EXPECT_GT(KST_AT_ONCE, kst_now_ms() - start);
	/* ... or with the device. */
	ASSERT_EQ(0, kst_dm_resume(BAD));
	b.timeout_ns = KST_PATIENCE * 1000000ULL;
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	EXPECT_LE(0, e.result);
	EXPECT_EQ(0, kst_abort(self->fd, e.slot));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "evictions"));
	while (n--) {
		EXPECT_EQ(0, kst_get_block(self->fd, 4, n, BS));
	}
}

/* Half a minute, and a reader is told that it will not be served. */
TEST_F_TIMEOUT(faults, hangs_for_long, 120)
{
	int cold = kst_cold(self->fd, 1, NR);
	__u64 start = kst_now_ms();
	int ret;

	if (!getenv("KVTIER_FULL"))
		SKIP(return, "takes a minute; KVTIER_FULL=1 runs it");
	ASSERT_LE(0, cold);
	ASSERT_EQ(0, kst_dm_suspend(BAD));
	ret = kst_acquire_wait(self->fd, kst_key(1, cold), &self->e);
	EXPECT_TRUE(ret == -ETIMEDOUT || ret == -ENOENT) {
		TH_LOG("%d", ret);
	}
	EXPECT_GT(KST_PATIENCE, kst_now_ms() - start);
	EXPECT_LT(20000, kst_now_ms() - start);
	ASSERT_EQ(0, kst_dm_resume(BAD));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
	EXPECT_EQ(0, kst_get_block(self->fd, 1, cold, BS));
}

static int remove_tier(struct kst_child *c, void *arg)
{
	(void)c;
	(void)arg;
	return -kst_tier_remove(KST_NVME);
}

/* The tier is removed while the device hangs: it goes when the device goes on. */
TEST_F_TIMEOUT(faults, removed_while_it_hangs, 90)
{
	struct kst_child c;

	ASSERT_EQ(0, kst_dm_suspend(BAD));
	ASSERT_EQ(0, kst_spawn(&c, remove_tier, NULL));
	kst_sleep_ms(2000);
	EXPECT_LE(0, kst_lookup(self->fd, kst_key(1, 0)));
	ASSERT_EQ(0, kst_dm_resume(BAD));
	EXPECT_EQ(0, kst_join(&c));
	EXPECT_EQ(-1, kst_tier_attr(KST_NVME, "size"));
}

static int acquire_cold(struct kst_child *c, void *arg)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	struct kvt_entry e;
	int ret;

	kst_say(c, 1);
	ret = kst_acquire_wait(fd, kst_key(1, *(int *)arg), &e);
	return ret >= 0 ? 0 : -ret;
}

/* A block is on its way up: it arrives, or is a miss; the tier goes. */
TEST_F_TIMEOUT(faults, removed_while_it_loads, 90)
{
	int cold = kst_cold(self->fd, 1, NR), ret;
	struct kst_child load, remove;

	ASSERT_LE(0, cold);
	ASSERT_EQ(0, kst_dm_suspend(BAD));
	ASSERT_EQ(0, kst_spawn(&load, acquire_cold, &cold));
	ASSERT_EQ(1, kst_hear(&load));
	ASSERT_TRUE(KST_UNTIL(kst_sleeps(load.pid)));
	ASSERT_EQ(0, kst_spawn(&remove, remove_tier, NULL));
	kst_sleep_ms(1000);
	ASSERT_EQ(0, kst_dm_resume(BAD));
	EXPECT_EQ(0, kst_join(&remove));
	ret = kst_join(&load);
	EXPECT_TRUE(!ret || ret == ENOENT) {
		TH_LOG("%d", ret);
	}
	EXPECT_EQ(-1, kst_tier_attr(KST_NVME, "size"));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
	EXPECT_EQ(0, kst_check_chain(self->fd, 1, NR, BS).wrong);
}

/* A device that never answers keeps its tier, and nobody else. */
TEST_F_TIMEOUT(faults, removed_and_never_answers, 400)
{
	struct kst_child c;
	__u64 start = kst_now_ms();

	if (!getenv("KVTIER_FULL"))
		SKIP(return, "takes minutes; KVTIER_FULL=1 runs it");
	ASSERT_EQ(0, kst_tier_knob(KST_NVME, "flush_ms", "1000"));
	ASSERT_EQ(0, kst_dm_suspend(BAD));
	ASSERT_EQ(0, kst_spawn(&c, remove_tier, NULL));
	EXPECT_EQ(EBUSY, kst_join(&c));
	EXPECT_GT(600000, kst_now_ms() - start);
	EXPECT_LE(0, kst_lookup(self->fd, kst_key(1, 0)));
	ASSERT_EQ(0, kst_dm_resume(BAD));
	EXPECT_EQ(0, kst_tier_remove(KST_NVME));
}

/* --------------------------------------------------------------------- attaching */

static int come_back(FIXTURE_DATA(faults) *self)
{
	int err = kst_nvme_add(&self->set, KST_NVME) ?:
		  kst_nvme_space(KST_SPACE, BS, MIB, 96) ?:
		  kst_recovered(KST_NVME);

	self->fd = err ? -1 : kst_open(KST_SPACE, O_RDWR);
	return err;
}

static int go_away(FIXTURE_DATA(faults) *self)
{
	close(self->fd);
	return kst_tier_remove(KST_NVME) ?: kst_space_delete(KST_SPACE);
}

TEST_F_TIMEOUT(faults, attached_while_broken, 90)
{
	ASSERT_EQ(0, go_away(self));
	ASSERT_EQ(0, break_it(self));
	EXPECT_EQ(-EIO, kst_nvme_add(&self->set, KST_NVME));
	/* One superblock is enough to read; the other one, to be attached. */
	ASSERT_EQ(0, hole(self, 2048, 8));
	kst_nvme_add(&self->set, KST_NVME);
	ASSERT_EQ(0, repair(self));
	kst_tier_remove(KST_NVME);
	ASSERT_EQ(0, come_back(self));
	EXPECT_EQ(NR, good_blocks(self));
}

/* Nothing of one segment can be read: its blocks are lost, no others. */
TEST_F_TIMEOUT(faults, a_segment_cannot_be_read, 90)
{
	ASSERT_EQ(0, go_away(self));
	ASSERT_EQ(0, hole(self, FIRST + 2 * SEGMENT, SEGMENT));
	ASSERT_EQ(0, come_back(self));
	EXPECT_EQ(1, kst_tier_attr(KST_NVME, "bad_records"));
	EXPECT_LE(NR - 16, good_blocks(self));
	EXPECT_GE(NR - 12, kst_attr(KST_SPACE, "blocks"));
}

/* Its state can be, its footer and summaries cannot. */
TEST_F_TIMEOUT(faults, a_footer_cannot_be_read, 90)
{
	ASSERT_EQ(0, go_away(self));
	ASSERT_EQ(0, hole(self, FIRST + 2 * SEGMENT, SEGMENT - 8));
	ASSERT_EQ(0, come_back(self));
	EXPECT_LE(NR - 16, good_blocks(self));
	EXPECT_GE(NR - 12, kst_attr(KST_SPACE, "blocks"));
}

/* The whole log cannot: that is no damage but a broken device. */
TEST_F_TIMEOUT(faults, no_segment_can_be_read, 90)
{
	ASSERT_EQ(0, go_away(self));
	ASSERT_EQ(0, hole(self, FIRST, self->sectors - FIRST - 8));
	EXPECT_EQ(-EIO, kst_nvme_add(&self->set, KST_NVME));
	ASSERT_EQ(0, repair(self));
	ASSERT_EQ(0, come_back(self));
	EXPECT_EQ(NR, good_blocks(self));
}

TEST_F_TIMEOUT(faults, detached_while_broken, 90)
{
	close(self->fd);
	ASSERT_EQ(0, break_it(self));
	EXPECT_EQ(0, kst_tier_remove(KST_NVME));
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	ASSERT_EQ(0, repair(self));
	/* As after a crash: what was written before is there. */
	ASSERT_EQ(0, come_back(self));
	EXPECT_LE(NR - FRAMES, good_blocks(self));
}

/* ----------------------------------------------------------------- pulled out */

FIXTURE(pulled) {
	struct kst_set set;
	int fd;
};

/* What to write to so that a device is gone. */
static const char *pull_path(unsigned int i)
{
	static char path[512];

	snprintf(path, sizeof(path), "/sys/block/%s/device/device/remove",
		 kst_nvme(i) + 5);
	return path;
}

FIXTURE_SETUP(pulled)
{
	KST_START_NVME(2);
	if (access(pull_path(0), W_OK))
		SKIP(return, "this machine's devices cannot be pulled out");
	self->set = (struct kst_set){
		.nr = 2, .dev = { kst_nvme(0), kst_nvme(1) },
		.segment = KST_MIB, .nr_segments = 64,
	};
	ASSERT_EQ(0, kst_make_nvme(&self->set, BS, MIB, 96));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
}

static int write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* It comes back under any name; who needs it looks for its serial number. */
static void plug_in(void)
{
	write_to("/sys/bus/pci/rescan", "1");
	KST_UNTIL(kst_nvme(0) && kst_sectors(kst_nvme(0)) && kst_nvme(1) &&
		  kst_sectors(kst_nvme(1)));
}

FIXTURE_TEARDOWN_PARENT(pulled)
{
	EXPECT_EQ(0, kst_cleanup());
	plug_in();
}

static int pull(unsigned int i)
{
	return write_to(pull_path(i), "1");
}

static int use(struct kst_child *c, void *arg)
{
	__u64 end = kst_now_ms() + 3000;
	int fd = kst_open(KST_SPACE, O_RDWR);
	unsigned int done = 0;

	(void)arg;
	srand(getpid());
	while (kst_now_ms() < end || done <= 10) {
		unsigned int n = rand() % NR;
		int ret = kst_get_pattern(fd, kst_key(1, n), BS, kst_seed(1, n));

		if (ret == 1)
			return 2;
		if (ret == -ENOENT)
			kst_put_wait(fd, kst_key(1, n), kst_root, BS,
				     kst_seed(1, n));
		done++;
	}
	kst_say(c, done);
	return 0;
}

/* One of two: what was on the other stays, and that one goes on. */
TEST_F_TIMEOUT(pulled, one_of_two, 90)
{
	struct kst_child c[2];
	struct kst_found f;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, kst_spawn(&c[i], use, NULL));
	}
	kst_sleep_ms(1000);
	ASSERT_EQ(0, pull(1));
	for (i = 0; i < 2; i++) {
		EXPECT_LT(10, kst_hear(&c[i]));
		EXPECT_EQ(0, kst_join(&c[i]));
	}
	EXPECT_TRUE(KST_UNTIL(has_failed()));
	f = kst_check_chain(self->fd, 1, NR, BS);
	EXPECT_EQ(0, f.wrong);
	EXPECT_EQ(NR, f.good + f.absent);
	ASSERT_EQ(0, kst_put_chain(self->fd, 2, 0, NR, BS));
	EXPECT_EQ(NR, kst_check_chain(self->fd, 2, NR, BS).good);
	EXPECT_LT(0, kst_count(self->fd, 2, NR, KVT_TIER_NVME));
	EXPECT_EQ(0, kst_tier_remove(KST_NVME));
}

/* Both: memory is all there is. */
TEST_F_TIMEOUT(pulled, all, 90)
{
	struct kst_child c[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, kst_spawn(&c[i], use, NULL));
	}
	kst_sleep_ms(1000);
	ASSERT_EQ(0, pull(0));
	ASSERT_EQ(0, pull(1));
	for (i = 0; i < 2; i++) {
		EXPECT_LT(10, kst_hear(&c[i]));
		EXPECT_EQ(0, kst_join(&c[i]));
	}
	EXPECT_EQ(0, kst_tier_wait(KST_NVME, "used", 0));
	ASSERT_EQ(0, kst_put_chain(self->fd, 2, 0, NR, BS));
	EXPECT_GE(FRAMES, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_check_chain(self->fd, 2, NR, BS).wrong);
	EXPECT_EQ(0, kst_tier_remove(KST_NVME));
	close(self->fd);
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	/* Back again: what was on them is found. */
	plug_in();
	self->set.dev[0] = kst_nvme(0);
	self->set.dev[1] = kst_nvme(1);
	ASSERT_NE(NULL, self->set.dev[1]);
	ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
	ASSERT_EQ(0, kst_nvme_space(KST_SPACE, BS, MIB, 96));
	ASSERT_EQ(0, kst_recovered(KST_NVME));
	EXPECT_LT(0, kst_attr(KST_SPACE, "blocks"));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	EXPECT_EQ(0, kst_check_chain(self->fd, 1, NR, BS).wrong);
}

TEST_HARNESS_MAIN
