// SPDX-License-Identifier: GPL-2.0
/*
 * Priorities on a device: what somebody waits for finds little before it, and what
 * is done ahead of need goes on all the same. The device takes its time to write, so
 * that what is under way can be counted.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kselftest_harness.h"
#include "nvme.h"

#define BS	65536U
#define MIB	16
#define FRAMES	(MIB * KST_MIB / BS)	/* 256 */
#define COLD	(2 * FRAMES)
#define DIRTY	(FRAMES / 2)		/* 8 MiB */
#define SIZE	(100ULL * KST_MIB)
#define SLOW	KST_PREFIX "slow"
#define ABOVE	KST_PREFIX "above"	/* it, and is removed before it */
#define BOUND	(KST_MIB / BS)		/* bios beside demand */
#define SLACK	3			/* records of the log */
#define READERS	8

FIXTURE(turns) {
	struct kst_loop loop;
	int fd;
	int stat;
	struct kvt_entry e;
};

/* /sys/dev/block/M:N/inflight of the device-mapper device */
static int open_inflight(void)
{
	char path[64];
	struct stat st;

	/* dm-delay itself counts only what it has handed on. */
	if (stat(kst_dm_path(ABOVE), &st))
		return -1;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/inflight",
		 major(st.st_rdev), minor(st.st_rdev));
	return open(path, O_RDONLY);
}

FIXTURE_SETUP(turns)
{
	struct kst_set set = { .nr = 1, .segment = 4 * KST_MIB };
	unsigned int n;

	KST_START();
	KST_NEED_DM("delay");
	kst_dm_cleanup();
	if (kst_loop_make(&self->loop, SIZE))
		SKIP(return, "no loop devices");
	ASSERT_EQ(0, kst_dm_make(SLOW, "0 %llu delay %s 0 0 %s 0 60", SIZE / 512,
				 self->loop.path, self->loop.path));
	ASSERT_EQ(0, kst_dm_make(ABOVE, "0 %llu linear %s 0", SIZE / 512,
				 kst_dm_path(SLOW)));
	set.dev[0] = kst_dm_path(ABOVE);
	ASSERT_EQ(0, kst_make_nvme(&set, BS, MIB, 88));
	self->stat = open_inflight();
	ASSERT_LE(0, self->stat);
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
	/* All cold blocks get a copy, in turn: then memory is clean. */
	for (n = 0; n < COLD; n++) {
		ASSERT_LE(0, kst_put_wait(self->fd, kst_key(1, n), kst_root, BS,
					  kst_seed(1, n)));
	}
	for (n = 0; n < COLD; n++) {
		ASSERT_EQ(0, kst_get_block(self->fd, 1, n, BS));
	}
	kst_settle(KST_SPACE);
	for (n = 0; n < DIRTY; n++) {
		ASSERT_LE(0, kst_put_wait(self->fd, kst_key(2, n), kst_root, BS,
					  kst_seed(2, n)));
	}
}

FIXTURE_TEARDOWN_PARENT(turns)
{
	EXPECT_EQ(0, kst_cleanup());
	kst_dm_cleanup();
}

/* Writes under way. */
static int writes(int fd)
{
	unsigned int r, w;
	char text[64] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0 ||
	    sscanf(text, "%u %u", &r, &w) != 2)
		return -1;
	return w;
}

/* Writes all that is in memory only, as fast as may be. */
static int flush(struct kst_child *c, void *arg)
{
	(void)c;
	(void)arg;
	return -kst_tier_remove(KST_NVME);
}

/* Waits for one cold block after the other, from some on. */
static int demand(struct kst_child *c, void *arg)
{
	int fd = kst_open(KST_SPACE, O_RDWR), ret = 0;
	unsigned int n;

	kst_say(c, 0);
	for (n = (uintptr_t)arg; !ret; n = (n + 1) % COLD)
		ret = kst_get_block(fd, 1, n, BS);
	return ret != -ENOENT && ret != -EIO;
}

/* How long the device takes for each transfer, in ms. */
static int delays(FIXTURE_DATA(turns) *self, unsigned int read,
		  unsigned int write)
{
	return kst_dm_load(SLOW, "0 %llu delay %s 0 %u %s 0 %u", SIZE / 512,
			   self->loop.path, read, self->loop.path, write);
}

/* How often so many writes were under way, while there were any. */
struct seen {
	unsigned int some;
	unsigned int many;
	int most;
};

static void watch(int fd, pid_t pid, struct seen *s)
{
	siginfo_t end = {};
	int w;

	while (!waitid(P_PID, pid, &end, WEXITED | WNOHANG | WNOWAIT) &&
	       !end.si_pid) {
		w = writes(fd);
		s->some += w > 0;
		s->many += w > (int)(BOUND + SLACK);
		s->most = w > s->most ? w : s->most;
		usleep(1000);
	}
}

static int flush_and_watch(int fd, struct seen *s)
{
	struct kst_child c;

	if (kst_spawn(&c, flush, NULL))
		return -1;
	watch(fd, c.pid, s);
	return kst_join(&c);
}

/* Nobody waits: the device gets all it can do. */
TEST_F_TIMEOUT(turns, at_leisure, 120)
{
	struct seen s = {};

	/* Whoever begins them has time to. */
	ASSERT_EQ(0, delays(self, 0, 1000));
	ASSERT_EQ(0, flush_and_watch(self->stat, &s));
	EXPECT_LT(2 * BOUND, s.most);
}

/* Somebody waits: little is under way; but all is written in the end. */
TEST_F_TIMEOUT(turns, beside_demand, 120)
{
	struct kst_set set = { .nr = 1 };
	struct kst_child c[READERS];
	struct seen s = {};
	uintptr_t i;

	/* One of them waits at any time, even if the machine is slow. */
	ASSERT_EQ(0, delays(self, 200, 60));
	for (i = 0; i < READERS; i++) {
		ASSERT_EQ(0, kst_spawn(&c[i], demand, (void *)(i * COLD / READERS)));
		ASSERT_EQ(0, kst_hear(&c[i]));
		kst_sleep_ms(200 / READERS);
	}
	ASSERT_EQ(0, flush_and_watch(self->stat, &s));
	for (i = 0; i < READERS; i++)
		kst_kill(&c[i]);
	EXPECT_LT(0, s.some);
	/* On a machine that stands still demand pauses. */
	EXPECT_GE(s.some / 4, s.many) {
		TH_LOG("%u of %u times more than %lu; %d at most", s.many,
		       s.some, BOUND + SLACK, s.most);
	}
	set.dev[0] = kst_dm_path(ABOVE);
	ASSERT_EQ(0, kst_nvme_add(&set, KST_NVME));
	close(self->fd);
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	ASSERT_EQ(0, kst_nvme_space(KST_SPACE, BS, MIB, 88));
	ASSERT_EQ(0, kst_recovered(KST_NVME));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	EXPECT_EQ(DIRTY, kst_check_chain(self->fd, 2, DIRTY, BS).good);
}

static int prefetch(int fd, unsigned int nr, __u64 timeout_ns)
{
	struct kvt_entry e[FRAMES];
	struct kvt_batch b;

	kst_entries(e, nr, 1, 0);
	kst_batch(&b, KVT_OP_PREFETCH, e, nr);
	b.timeout_ns = timeout_ns;
	return kst_submit(fd, &b);
}

static long long loads(const char *space)
{
	return kst_stat(space, "loads");
}

/* What comes too late does not come: 32 at a time, 1.5 seconds each. */
TEST_F_TIMEOUT(turns, prefetch_deadline, 120)
{
	const unsigned int nr = FRAMES / 2;
	unsigned int cold, left;

	ASSERT_EQ(0, delays(self, 1500, 0));
	cold = kst_count(self->fd, 1, nr, KVT_TIER_NVME);
	ASSERT_LE(nr * 3 / 4, cold);
	ASSERT_EQ(0, prefetch(self->fd, nr, 2000000000));
	kst_quiet(4000, loads, KST_SPACE);
	left = kst_count(self->fd, 1, nr, KVT_TIER_NVME);
	EXPECT_LE(cold - 64, left);
	EXPECT_GT(cold, left);
	/* And without a deadline they do, as far as there is room. */
	ASSERT_EQ(0, prefetch(self->fd, nr, 0));
	EXPECT_TRUE(KST_UNTIL(kst_count(self->fd, 1, nr, KVT_TIER_NVME) < left));
}

TEST_HARNESS_MAIN
