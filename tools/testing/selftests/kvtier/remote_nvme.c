// SPDX-License-Identifier: GPL-2.0
/*
 * One command for blocks that are on the pool, in memory, and on nvme: while it waits for the
 * pool, others get what it brings up, and blocks may leave memory before their turn.
 */
#include "remote.h"

#include "kselftest_harness.h"
#include <pthread.h>

#define BS	65536U
#define MIB	4
#define FRAMES	((unsigned int)(MIB * KST_MIB / BS))
#define HERE	1	/* a chain, most of which is on nvme */
#define THERE	2	/* a chain on the pool */
#define OTHER	3	/* a chain that needs memory */

FIXTURE(both)
{
	struct kst_rig r;
	unsigned int above;	/* of HERE: in memory */
	unsigned int below;	/* of HERE: on nvme */
};

/* A block of HERE that is on the tier of that kind, -1: none. */
static int find(int fd, int kind)
{
	unsigned int n;

	for (n = 0; n < 2 * FRAMES; n++)
		if (kst_tier_of(fd, HERE, n, NULL) == kind)
			return n;
	return -1;
}

FIXTURE_SETUP(both)
{
	struct kst_set set = {
		.nr = 1, .dev = { kst_nvme(0) }, .segment = 4 * KST_MIB,
	};

	KST_START_NVME(1);
	ASSERT_EQ(0, kst_make_nvme(&set, BS, MIB, 256));
	ASSERT_EQ(0, kst_rig_make(&self->r, BS));
	ASSERT_EQ(0, kst_give_remote(KST_SPACE, "60000"));
	ASSERT_EQ(0, kst_put_chain(self->r.fd, HERE, 0, 2 * FRAMES, BS));
	/* There is a frame for what comes up. */
	ASSERT_EQ(0, kst_put_chain(self->r.fd, OTHER, 0, 1, BS));
	ASSERT_EQ(0, kst_drop(self->r.fd, kst_key(OTHER, 0), 0));
	self->above = find(self->r.fd, KVT_TIER_DRAM);
	self->below = find(self->r.fd, KVT_TIER_NVME);
	ASSERT_LE(0, (int)self->above);
	ASSERT_LE(0, (int)self->below);
	kst_pool_put_chain(self->r.pool, THERE, 0, 1);
}

FIXTURE_TEARDOWN(both)
{
	EXPECT_EQ(0, kst_rig_end(&self->r));
	kst_cleanup();
}

/* GET of what is on the pool, in memory, on nvme; by a thread. */
struct job {
	pthread_t thread;
	int fd;
	int ret;
	bool is_over;
	struct kvt_batch b;
	struct kvt_entry e[3];
	char data[3][BS];
};

static void *get_thread(void *arg)
{
	struct job *j = arg;

	j->ret = kst_submit(j->fd, &j->b);
	__atomic_store_n(&j->is_over, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool is_over(struct job *j)
{
	return __atomic_load_n(&j->is_over, __ATOMIC_ACQUIRE);
}

static struct job job;

/* It waits for the pool. Returns 0 or an error. */
static int begin(FIXTURE_DATA(both) *self)
{
	unsigned int i;

	kst_rig_ways(&self->r, (struct kst_ways){ .hold = KST_OP(EXISTS) });
	kst_entries(&job.e[0], 1, THERE, 0);
	kst_entries(&job.e[1], 1, HERE, self->above);
	kst_entries(&job.e[2], 1, HERE, self->below);
	for (i = 0; i < 3; i++) {
		job.e[i].addr = (uintptr_t)job.data[i];
		job.e[i].len = BS;
	}
	kst_batch(&job.b, KVT_OP_GET, job.e, 3);
	job.fd = self->r.fd;
	if (pthread_create(&job.thread, NULL, get_thread, &job))
		return -1;
	return !kst_pool_wait_asked(self->r.pool, KVT_REMOTE_EXISTS, 1);
}

static void end(struct __test_metadata *_metadata, FIXTURE_DATA(both) *self)
{
	kst_rig_ways(&self->r, (struct kst_ways){});
	ASSERT_TRUE(KST_UNTIL(is_over(&job)));
	pthread_join(job.thread, NULL);
	EXPECT_EQ(0, job.ret);
	EXPECT_EQ(3, job.b.ok);
	EXPECT_TRUE(kst_holds(job.data[0], BS, kst_seed(THERE, 0)));
	EXPECT_TRUE(kst_holds(job.data[1], BS, kst_seed(HERE, self->above)));
	EXPECT_TRUE(kst_holds(job.data[2], BS, kst_seed(HERE, self->below)));
}

/* What it has begun to bring up comes, whatever it waits for. */
TEST_F(both, others_get_what_a_waiter_reads)
{
	ASSERT_EQ(0, begin(self));
	EXPECT_EQ(1, kst_stat_wait(KST_SPACE, "loads", 1));
	EXPECT_EQ(0, kst_get_block(self->r.fd, HERE, self->below, BS));
	EXPECT_FALSE(is_over(&job));
	end(_metadata, self);
}

/* A block that has gone to nvme meanwhile is read after that of a later entry. */
TEST_F(both, each_entry_has_its_own_bytes)
{
	unsigned int n;

	ASSERT_EQ(0, begin(self));
	for (n = 0; n < 8 * FRAMES; n++) {
		ASSERT_EQ(0, kst_put_chain(self->r.fd, OTHER, n, 1, BS));
		if (kst_tier_of(self->r.fd, HERE, self->above, NULL) == KVT_TIER_NVME)
			break;
	}
	ASSERT_EQ(KVT_TIER_NVME, kst_tier_of(self->r.fd, HERE, self->above, NULL));
	EXPECT_FALSE(is_over(&job));
	end(_metadata, self);
}

TEST_HARNESS_MAIN
