// SPDX-License-Identifier: GPL-2.0
/*
 * Touch an address and the block comes up from nvme: one fault a block, no lock
 * of the process held meanwhile, an end to every wait, SIGBUS for what is gone.
 *
 * The device hangs when a test wants it to: a suspended device-mapper target.
 */
#include <pthread.h>
#include <sys/resource.h>

#include "kselftest_harness.h"
#include "nvme.h"

#define BS	(2U << 20)
#define MIB	16
#define FRAMES	(MIB * KST_MIB / BS)	/* 8 */
#define NR	(3 * FRAMES)
#define SLOW	KST_PREFIX "slow"

FIXTURE(slots) {
	struct kst_loop loop;
	struct kst_set set;
	int fd;
	int cold;
	char *s;
	char *at;		/* where the slot of block @cold is */
	struct kvt_entry e;
};

FIXTURE_SETUP(slots)
{
	__u32 slot;

	KST_START();
	KST_NEED_DM("linear");
	kst_dm_cleanup();
	if (kst_loop_make(&self->loop, 132 * KST_MIB))
		SKIP(return, "no loop devices");
	ASSERT_EQ(0, kst_dm_make(SLOW, "0 %llu linear %s 0",
				 kst_sectors(self->loop.path), self->loop.path));
	self->set = (struct kst_set){
		.nr = 1, .dev = { kst_dm_path(SLOW) }, .segment = 8 * KST_MIB,
	};
	ASSERT_EQ(0, kst_make_nvme(&self->set, BS, MIB, 128));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	kst_settle(KST_SPACE);
	self->cold = kst_cold(self->fd, 1, NR);
	ASSERT_LE(0, self->cold);
	self->s = kst_map_slots(self->fd, 64);
	ASSERT_NE(NULL, self->s);
	ASSERT_EQ(KVT_TIER_NVME, kst_tier_of(self->fd, 1, self->cold, &slot));
	self->at = self->s + (size_t)slot * BS;
}

FIXTURE_TEARDOWN_PARENT(slots)
{
	kst_dm_wake();
	EXPECT_EQ(0, kst_cleanup());
	kst_dm_cleanup();
}

static long faults(long *major)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	*major = r.ru_majflt;
	return r.ru_minflt + r.ru_majflt;
}

/* All of it, by one fault, and a major one: it took I/O. */
TEST_F_TIMEOUT(slots, one_fault_a_block, 60)
{
	long long counted = kst_stat(KST_SPACE, "slot_faults");
	long long loads = kst_stat(KST_SPACE, "loads");
	long all[2], major[2];
	bool right;

	/* The code and the stack have their pages. */
	kst_holds(&right, 0, 0);
	all[0] = faults(&major[0]);
	all[0] = faults(&major[0]);
	right = kst_holds(self->at, BS, kst_seed(1, self->cold));
	all[1] = faults(&major[1]);
	EXPECT_TRUE(right);
	EXPECT_EQ(1, all[1] - all[0]);
	EXPECT_EQ(1, major[1] - major[0]);
	EXPECT_EQ(counted + 1, kst_stat(KST_SPACE, "slot_faults"));
	EXPECT_EQ(loads + 1, kst_stat_wait(KST_SPACE, "loads", loads + 1));
	EXPECT_EQ(KVT_TIER_DRAM, kst_tier_of(self->fd, 1, self->cold, NULL));
}

struct toucher {
	const char *at;
	__u64 seed;
	volatile pid_t thread;
	volatile int state;	/* 1: about to touch, 2: right, 3: wrong */
};

static void *touch(void *arg)
{
	struct toucher *t = arg;

	t->state = 1;
	t->thread = gettid();
	t->state = kst_holds(t->at, BS, t->seed) ? 2 : 3;
	return NULL;
}

static void *load_one(void *arg)
{
	struct toucher *t = arg;

	t->thread = gettid();
	(void)*(volatile const char *)t->at;
	t->state = 2;
	return NULL;
}

/* Other threads of the process go on: they map, unmap, touch what is in memory. */
TEST_F_TIMEOUT(slots, mmap_lock_is_not_held, 90)
{
	struct toucher t = { self->at, kst_seed(1, self->cold), 0, 0 };
	unsigned int i;
	pthread_t thread;
	__u64 start;

	ASSERT_EQ(0, kst_dm_suspend(SLOW));
	ASSERT_EQ(0, pthread_create(&thread, NULL, touch, &t));
	ASSERT_TRUE(KST_UNTIL(t.thread && kst_sleeps(t.thread)));
	EXPECT_EQ(1, t.state);
	start = kst_now_ms();
	for (i = 0; i < 100; i++) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		ASSERT_NE(MAP_FAILED, p);
		p[4096] = 1;
		munmap(p, 1 << 20);
	}
	EXPECT_GT(KST_AT_ONCE, kst_now_ms() - start);
	EXPECT_EQ(1, t.state);
	ASSERT_EQ(0, kst_dm_resume(SLOW));
	pthread_join(thread, NULL);
	EXPECT_EQ(2, t.state);
}

/* The map itself may go while one of its addresses is waited for. */
TEST_F_TIMEOUT(slots, unmapped_meanwhile, 90)
{
	struct toucher t = { self->at, 0, 0, 0 };
	char *again;
	pthread_t thread;

	ASSERT_EQ(0, kst_dm_suspend(SLOW));
	ASSERT_EQ(0, pthread_create(&thread, NULL, load_one, &t));
	ASSERT_TRUE(KST_UNTIL(t.thread && kst_sleeps(t.thread)));
	/* Something that can be read takes its place. */
	again = mmap(self->s, 64UL * BS, PROT_READ, MAP_PRIVATE |
		     MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	EXPECT_EQ(self->s, again);
	EXPECT_EQ(0, t.state);
	ASSERT_EQ(0, kst_dm_resume(SLOW));
	pthread_join(thread, NULL);
	EXPECT_EQ(2, t.state);
	EXPECT_EQ(0, kst_get_block(self->fd, 1, self->cold, BS));
}

/* Maps are not inherited: a child makes its own. */
static int touch_once(struct kst_child *c, void *arg)
{
	int fd = kst_open(KST_SPACE, O_RDONLY);
	char *s = kst_map_slots(fd, 64);
	__u32 slot;

	if (!s || kst_tier_of(fd, 1, *(int *)arg, &slot) < 0)
		return 1;
	kst_say(c, 1);
	return kst_touch(s + (size_t)slot * BS);
}

TEST_F_TIMEOUT(slots, killed_while_it_waits, 90)
{
	struct kst_child c;
	__u64 start;

	ASSERT_EQ(0, kst_dm_suspend(SLOW));
	ASSERT_EQ(0, kst_spawn(&c, touch_once, &self->cold));
	ASSERT_EQ(1, kst_hear(&c));
	ASSERT_TRUE(KST_UNTIL(kst_sleeps(c.pid)));
	start = kst_now_ms();
	kill(c.pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, kst_join(&c));
	EXPECT_GT(KST_AT_ONCE, kst_now_ms() - start);
	ASSERT_EQ(0, kst_dm_resume(SLOW));
	/* The block is none the worse for it. */
	EXPECT_EQ(0, kst_get_block(self->fd, 1, self->cold, BS));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "lost"));
}

TEST_F_TIMEOUT(slots, killed_while_it_acquires, 90)
{
	struct kst_child c;

	ASSERT_EQ(0, kst_dm_suspend(SLOW));
	c.pid = fork();
	if (!c.pid) {
		kst_acquire_wait(self->fd, kst_key(1, self->cold), &self->e);
		_exit(0);
	}
	ASSERT_TRUE(KST_UNTIL(kst_sleeps(c.pid)));
	kill(c.pid, SIGKILL);
	ASSERT_EQ(c.pid, waitpid(c.pid, NULL, 0));
	ASSERT_EQ(0, kst_dm_resume(SLOW));
	EXPECT_EQ(0, kst_get_block(self->fd, 1, self->cold, BS));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
}

TEST_F_TIMEOUT(slots, dropped_block_is_a_signal, 60)
{
	EXPECT_EQ(0, kst_drop(self->fd, kst_key(1, self->cold), 0));
	EXPECT_EQ(SIGBUS, kst_touch(self->at));
}

/* Dropped while it is on its way up */
TEST_F_TIMEOUT(slots, dropped_while_it_comes, 60)
{
	struct kst_child c;

	ASSERT_EQ(0, kst_dm_suspend(SLOW));
	ASSERT_EQ(0, kst_spawn(&c, touch_once, &self->cold));
	ASSERT_EQ(1, kst_hear(&c));
	ASSERT_TRUE(KST_UNTIL(kst_sleeps(c.pid)));
	EXPECT_EQ(0, kst_drop(self->fd, kst_key(1, self->cold), 0));
	EXPECT_EQ(-ENOENT, kst_tier_of(self->fd, 1, self->cold, NULL));
	ASSERT_EQ(0, kst_dm_resume(SLOW));
	EXPECT_EQ(SIGBUS, kst_join(&c));
	EXPECT_EQ(NR - 1, kst_attr(KST_SPACE, "blocks"));
}

/* The space's other commands do not wait for the one that hangs. */
TEST_F_TIMEOUT(slots, others_go_on, 90)
{
	struct kst_child c;
	unsigned int n, warm = 0;
	__u64 start;

	ASSERT_EQ(0, kst_dm_suspend(SLOW));
	ASSERT_EQ(0, kst_spawn(&c, touch_once, &self->cold));
	ASSERT_EQ(1, kst_hear(&c));
	ASSERT_TRUE(KST_UNTIL(kst_sleeps(c.pid)));
	start = kst_now_ms();
	for (n = 0; n < NR; n++) {
		if (kst_tier_of(self->fd, 1, n, NULL) != KVT_TIER_DRAM)
			continue;
		EXPECT_EQ(0, kst_get_block(self->fd, 1, n, BS));
		ASSERT_LE(0, kst_acquire(self->fd, kst_key(1, n), 0, &self->e));
		EXPECT_EQ(0, kst_release(self->fd, self->e.slot));
		warm++;
	}
	EXPECT_LT(0, warm);
	/* What is in memory is found behind what is not. */
	EXPECT_EQ(-ENOENT, kst_acquire(self->fd, kst_key(1, self->cold),
				       KVT_F_MEMORY_ONLY, &self->e));
	EXPECT_GT(KST_AT_ONCE, kst_now_ms() - start);
	ASSERT_EQ(0, kst_dm_resume(SLOW));
	EXPECT_EQ(0, kst_join(&c));
}

/* A damaged block is no block. */
TEST_F_TIMEOUT(slots, damaged_block_is_a_signal, 60)
{
	__u64 *w = mmap(NULL, 132 * KST_MIB, PROT_READ | PROT_WRITE, MAP_SHARED,
			self->loop.file, 0);
	static __u64 first[2];
	size_t i;

	ASSERT_NE(MAP_FAILED, w);
	kst_fill(first, sizeof(first), kst_seed(1, self->cold));
	for (i = 0; i < 132 * KST_MIB / 8; i += 512) {
		if (w[i] == first[0] && w[i + 1] == first[1])
			w[i + 12345] ^= 1ULL << 17;
	}
	EXPECT_EQ(SIGBUS, kst_touch(self->at));
	EXPECT_EQ(1, kst_stat_wait(KST_SPACE, "lost", 1));
	EXPECT_EQ(1, kst_tier_wait(KST_NVME, "crc_errors", 1));
	EXPECT_EQ(-ENOENT, kst_tier_of(self->fd, 1, self->cold, NULL));
	EXPECT_EQ(NR - 1, kst_check_chain(self->fd, 1, NR, BS).good);
}

TEST_F_TIMEOUT(slots, many_wait_for_one, 60)
{
	struct toucher t[4];
	pthread_t thread[4];
	long long loads = kst_stat(KST_SPACE, "loads");
	unsigned int i;

	ASSERT_EQ(0, kst_dm_suspend(SLOW));
	for (i = 0; i < 4; i++) {
		t[i] = (struct toucher){ self->at, kst_seed(1, self->cold), 0, 0 };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, touch, &t[i]));
	}
	for (i = 0; i < 4; i++) {
		ASSERT_TRUE(KST_UNTIL(t[i].thread && kst_sleeps(t[i].thread)));
	}
	ASSERT_EQ(0, kst_dm_resume(SLOW));
	for (i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(2, t[i].state);
	}
	EXPECT_EQ(loads + 1, kst_stat_wait(KST_SPACE, "loads", loads + 1));
}

/* The kernel's own accesses bring it up as well. */
TEST_F_TIMEOUT(slots, system_calls_and_debuggers, 60)
{
	int mem = open("/proc/self/mem", O_RDONLY), p[2];
	static char buf[4096], want[4096];
	__u32 slot;
	int n;

	ASSERT_EQ(0, pipe(p));
	ASSERT_EQ(4096, write(p[1], self->at, 4096));
	ASSERT_EQ(4096, read(p[0], buf, 4096));
	kst_fill(want, 4096, kst_seed(1, self->cold));
	EXPECT_EQ(0, memcmp(buf, want, 4096));
	n = kst_cold(self->fd, 1, NR);
	ASSERT_LE(0, n);
	ASSERT_EQ(KVT_TIER_NVME, kst_tier_of(self->fd, 1, n, &slot));
	if (!kst_kernel_has("HAVE_IOREMAP_PROT"))
		SKIP(return, "this kernel's debuggers see no such memory");
	EXPECT_EQ(4096, pread(mem, buf, 4096,
			      (uintptr_t)(self->s + (size_t)slot * BS)));
	kst_fill(want, 4096, kst_seed(1, n));
	EXPECT_EQ(0, memcmp(buf, want, 4096));
}

struct readers {
	__u32 slot[NR];
	__u64 until;
};

static int read_at_random(struct kst_child *c, void *arg)
{
	const struct readers *r = arg;
	char *s = kst_map_slots(kst_open(KST_SPACE, O_RDONLY), 64);
	unsigned int reads = 0;

	if (!s)
		return 1;
	srand(getpid());
	while (kst_now_ms() < r->until || reads < 30) {
		unsigned int n = rand() % NR;

		if (!kst_holds(s + (size_t)r->slot[n] * BS, BS,
			       kst_seed(1, n)))
			return 2;
		reads++;
	}
	kst_say(c, reads);
	return 0;
}

/* Three readers, a third of the memory they would like to have. */
TEST_F_TIMEOUT(slots, right_bytes_under_pressure, 90)
{
	struct readers r = { .until = kst_now_ms() + 3000 };
	struct kst_child c[3];
	unsigned int i;

	for (i = 0; i < NR; i++) {
		ASSERT_LE(0, kst_tier_of(self->fd, 1, i, &r.slot[i]));
	}
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, kst_spawn(&c[i], read_at_random, &r));
	}
	for (i = 0; i < 3; i++) {
		EXPECT_LT(3, kst_hear(&c[i]));
		EXPECT_EQ(0, kst_join(&c[i]));
	}
	EXPECT_LT(10, kst_stat_wait(KST_SPACE, "loads", 11));
	EXPECT_EQ(NR, kst_attr(KST_SPACE, "blocks"));
}

TEST_HARNESS_MAIN
