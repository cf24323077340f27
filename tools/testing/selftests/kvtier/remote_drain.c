// SPDX-License-Identifier: GPL-2.0
/* Draining a space to its remote tier: all of it, what is worth most first. */
#include "kselftest_harness.h"
#include "remote.h"

#define BS	131072U
#define MIB	16
#define FRAMES	(MIB * KST_MIB / BS)	/* 128 */

FIXTURE(drain)
{
	struct kst_rig r;
};

FIXTURE_VARIANT(drain)
{
	bool nvme;
};

FIXTURE_VARIANT_ADD(drain, of_memory) { false };
FIXTURE_VARIANT_ADD(drain, of_nvme) { true };

static int make(bool nvme)
{
	const struct kst_set set = {
		.nr = 1, .dev = { kst_nvme(0) },
		.segment = 8 * KST_MIB, .grade = KST_BULK,
	};

	return nvme ? kst_make_nvme(&set, BS, MIB, 64) : kst_make(BS, MIB, 0);
}

FIXTURE_SETUP(drain)
{
	KST_START_NVME(1);
	ASSERT_EQ(0, make(variant->nvme));
	ASSERT_EQ(0, kst_rig_make(&self->r, BS));
	ASSERT_EQ(0, kst_give_remote(KST_SPACE, KST_NO_DEADLINE));
}

FIXTURE_TEARDOWN(drain)
{
	EXPECT_EQ(0, kst_rig_end(&self->r));
	kst_cleanup();
}

static int put(int fd, unsigned int chain, unsigned int n)
{
	int ret = kst_put_wait(fd, kst_key(chain, n),
			       n ? kst_key(chain, n - 1) : kst_root, BS,
			       kst_seed(chain, n));

	return ret < 0 ? ret : 0;
}

static int begin(void)
{
	return kst_knob(KST_SPACE, "drain/on", "1");
}

static long long over(void)
{
	return kst_attr_wait(KST_SPACE, "drain/on", 0);
}

/* More than fits into memory, where there is nvme. */
TEST_F_TIMEOUT(drain, all, 120)
{
	unsigned int nr = variant->nvme ? FRAMES * 5 / 4 : FRAMES / 2, n;

	for (n = 0; n < nr; n++)
		ASSERT_EQ(0, put(self->r.fd, 1, n));
	EXPECT_EQ(0, kst_pool_asked(self->r.pool, KVT_REMOTE_SPILL));
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, over());
	EXPECT_EQ(nr, kst_attr(KST_SPACE, "drain/total"));
	EXPECT_EQ(nr, kst_attr(KST_SPACE, "drain/done"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "drain/failed"));
	EXPECT_EQ(nr, kst_pool_count(self->r.pool, 1, nr));
	/* And once: there is nothing left for a second one. */
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, over());
	EXPECT_EQ(0, kst_attr(KST_SPACE, "drain/total"));
	EXPECT_EQ(nr, kst_pool_asked(self->r.pool, KVT_REMOTE_SPILL));
}

/* The chain that was used last goes before the others. */
TEST_F_TIMEOUT(drain, worth_most_first, 120)
{
	unsigned int chain, n, per = FRAMES / 8;

	for (chain = 1; chain <= 4; chain++)
		for (n = 0; n < per; n++)
			ASSERT_EQ(0, put(self->r.fd, chain, n));
	for (n = 0; n < per; n++)
		ASSERT_EQ(0, kst_get_block(self->r.fd, 2, n, BS));
	kst_rig_hold(&self->r, KST_OP(SPILL), 0);
	ASSERT_EQ(0, begin());
	/* What it is asked for first, and as many as may be under way. */
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_SPILL, per));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "drain/on", "0"));
	kst_rig_hold(&self->r, 0, 0);
	EXPECT_LE(per, kst_stat_wait(KST_SPACE, "spills", per));
	EXPECT_EQ(per, kst_pool_count(self->r.pool, 2, per));
	EXPECT_GE(per, kst_pool_count(self->r.pool, 1, per) + kst_pool_count(self->r.pool, 3, per) +
		       kst_pool_count(self->r.pool, 4, per));
	EXPECT_EQ(4 * per, kst_attr(KST_SPACE, "drain/total"));
}

/* It ends with a helper that takes nothing, and says how many failed. */
TEST_F_TIMEOUT(drain, refused, 120)
{
	unsigned int n, nr = 8;

	for (n = 0; n < nr; n++)
		ASSERT_EQ(0, put(self->r.fd, 1, n));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", "100"));
	kst_rig_hold(&self->r, 0, KST_OP(SPILL));
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, over());
	EXPECT_EQ(nr, kst_attr(KST_SPACE, "drain/failed"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "drain/done"));
	/* They are still here. */
	for (n = 0; n < nr; n++)
		EXPECT_EQ(0, kst_get_block(self->r.fd, 1, n, BS));
}

/* Dropped before its turn came. */
TEST_F_TIMEOUT(drain, dropped_meanwhile, 120)
{
	unsigned int n, nr = 8;

	for (n = 0; n < nr; n++)
		ASSERT_EQ(0, put(self->r.fd, 1, n));
	kst_rig_hold(&self->r, KST_OP(SPILL), 0);
	ASSERT_EQ(0, begin());
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_SPILL, 1));
	EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(1, 0), KVT_F_CHAIN));
	kst_rig_hold(&self->r, 0, 0);
	EXPECT_EQ(0, over());
	EXPECT_EQ(nr, kst_attr(KST_SPACE, "drain/total"));
	EXPECT_EQ(nr, kst_attr(KST_SPACE, "drain/done") +
		      kst_attr(KST_SPACE, "drain/failed"));
}

TEST_F(drain, rules)
{
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "drain/on", "maybe"));
	EXPECT_EQ(0, kst_knob(KST_SPACE, "drain/on", "0"));
	ASSERT_EQ(0, put(self->r.fd, 1, 0));
	kst_rig_hold(&self->r, KST_OP(SPILL), 0);
	ASSERT_EQ(0, begin());
	EXPECT_EQ(-EBUSY, begin());
	EXPECT_EQ(1, kst_attr(KST_SPACE, "drain/on"));
	/* Without its remote tier it is over. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "drain/on"));
	EXPECT_EQ(-ENOLINK, begin());
	kst_rig_hold(&self->r, 0, 0);
}

/* Stopped while there was no helper, it goes on when it is begun again. */
TEST_F_TIMEOUT(drain, again, 120)
{
	unsigned int n, nr = 8;

	for (n = 0; n < nr; n++)
		ASSERT_EQ(0, put(self->r.fd, 1, n));
	kst_rig_hold(&self->r, KST_OP(SPILL), 0);
	ASSERT_EQ(0, begin());
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_SPILL, 1));
	ASSERT_EQ(0, kst_rig_stop(&self->r));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "drain/on", "0"));
	/* So that the spill work has seen that it is over. */
	kst_sleep_ms(1000);
	kst_rig_hold(&self->r, 0, 0);
	ASSERT_EQ(0, kst_rig_start(&self->r, 8));
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, over());
	EXPECT_EQ(nr, kst_attr(KST_SPACE, "drain/done"));
	EXPECT_EQ(nr, kst_pool_count(self->r.pool, 1, nr));
}

/* ------------------------------------------------------- while all come and go */

#define SPACE2		"kst_space2"
#define DRAM2		"kst_dram2"
#define WRITERS		3
#define ROUNDS		30

/* How often a drain was begun, and a helper attached; shared with children. */
struct done {
	unsigned int begun;
	unsigned int attached;
	bool stop;
};

static struct done *done;

static unsigned int read_done(const unsigned int *what)
{
	return __atomic_load_n(what, __ATOMIC_ACQUIRE);
}

static bool is_stopped(void)
{
	return __atomic_load_n(&done->stop, __ATOMIC_ACQUIRE);
}

static void count(unsigned int *what)
{
	__atomic_add_fetch(what, 1, __ATOMIC_ACQ_REL);
}

/* A helper that has no time for anything. */
static int come_and_go(struct kst_child *c, void *arg)
{
	(void)c;
	(void)arg;
	while (!is_stopped()) {
		int fd = kst_remote_attach(KST_REMOTE, 1, NULL);

		if (fd >= 0) {
			count(&done->attached);
			kst_sleep_ms(rand() % 3);
			close(fd);
		}
	}
	return 0;
}

static int drain_for_ever(struct kst_child *c, void *arg)
{
	(void)c;
	while (!is_stopped()) {
		int err = kst_knob(arg, "drain/on", "1");

		if (!err)
			count(&done->begun);
		else if (err != -ENOLINK && err != -EBUSY && err != -ENOENT &&
			 err != -ENODEV)
			return -err;
	}
	return 0;
}

static bool spawn_all(struct kst_child *c, char *space)
{
	unsigned int i;

	done = mmap(NULL, sizeof(*done), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (done == MAP_FAILED || kst_spawn(&c[0], come_and_go, NULL))
		return false;
	for (i = 1; i <= WRITERS; i++)
		if (kst_spawn(&c[i], drain_for_ever, space))
			return false;
	return true;
}

static void join_all(struct __test_metadata *_metadata, struct kst_child *c)
{
	unsigned int i;

	__atomic_store_n(&done->stop, true, __ATOMIC_RELEASE);
	for (i = 0; i <= WRITERS; i++)
		EXPECT_EQ(0, kst_join(&c[i]));
	EXPECT_LE(ROUNDS, done->begun);
	EXPECT_LT(0, done->attached);
}

/* Give the space its tier, and wait until a drain has been begun since then. */
static bool begins(const char *space)
{
	unsigned int before = read_done(&done->begun);

	return !kst_give_remote(space, KST_NO_DEADLINE) &&
	       KST_UNTIL(read_done(&done->begun) > before);
}

/* Who takes the tier away has ended the drain, and none is begun after that. */
TEST_F_TIMEOUT(drain, meets_change_of_tier, 120)
{
	struct kst_child c[1 + WRITERS];
	unsigned int i, n;

	for (n = 0; n < FRAMES / 2; n++)
		ASSERT_EQ(0, put(self->r.fd, 1, n));
	ASSERT_EQ(0, kst_rig_stop(&self->r));
	ASSERT_TRUE(spawn_all(c, KST_SPACE));
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
		EXPECT_EQ(0, kst_attr(KST_SPACE, "drain/on"));
		EXPECT_EQ(0, kst_tier_attr(KST_REMOTE, "in_flight"));
		ASSERT_TRUE(begins(KST_SPACE));
	}
	join_all(_metadata, c);
	/* And it can be drained still. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "drain/on", "0"));
	ASSERT_EQ(0, kst_rig_start(&self->r, 8));
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, over());
	EXPECT_EQ(FRAMES / 2, kst_pool_count(self->r.pool, 1, FRAMES / 2));
}

/* The space goes with its drain, at any moment. */
TEST_F_TIMEOUT(drain, meets_delete, 120)
{
	struct kst_child c[1 + WRITERS];
	unsigned int i, n;

	ASSERT_EQ(0, kst_rig_stop(&self->r));
	ASSERT_EQ(0, kst_tier_add(DRAM2, KVT_TIER_DRAM, 0, 4 * KST_MIB));
	ASSERT_TRUE(spawn_all(c, SPACE2));
	for (i = 0; i < ROUNDS; i++) {
		int fd;

		ASSERT_EQ(0, kst_space_simple(SPACE2, BS, DRAM2, 4 * KST_MIB));
		fd = kst_open(SPACE2, O_RDWR);
		ASSERT_LE(0, fd);
		for (n = 0; n < 16; n++)
			ASSERT_EQ(0, put(fd, 1, n));
		close(fd);
		ASSERT_TRUE(begins(SPACE2));
		ASSERT_EQ(0, kst_space_delete(SPACE2));
	}
	join_all(_metadata, c);
	EXPECT_EQ(0, kst_tier_attr(KST_REMOTE, "in_flight"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
	EXPECT_TRUE(KST_UNTIL(kst_tier_remove(KST_REMOTE) != -EBUSY));
}

/* A helper that dies in the middle, and the next one. */
TEST_F_TIMEOUT(drain, helper_dies, 120)
{
	unsigned int nr = FRAMES / 2, n;

	for (n = 0; n < nr; n++)
		ASSERT_EQ(0, put(self->r.fd, 1, n));
	kst_rig_hold(&self->r, KST_OP(SPILL), 0);
	ASSERT_EQ(0, begin());
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_SPILL, 1));
	ASSERT_EQ(0, kst_rig_stop(&self->r));
	kst_rig_hold(&self->r, 0, 0);
	ASSERT_EQ(0, kst_rig_start(&self->r, 8));
	EXPECT_EQ(0, over());
	EXPECT_EQ(nr, kst_attr(KST_SPACE, "drain/done"));
	EXPECT_EQ(nr, kst_pool_count(self->r.pool, 1, nr));
}

TEST_HARNESS_MAIN
