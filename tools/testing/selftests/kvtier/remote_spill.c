// SPDX-License-Identifier: GPL-2.0
/*
 * Spilling to a remote tier: what is written through, what before it leaves memory,
 * what is dropped, and that nothing waits for a helper.
 */
#include <pthread.h>
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "remote.h"

#define BS	131072U
#define MIB	16
#define FRAMES	(MIB * KST_MIB / BS)	/* 128 */
#define LONGEST	(3 * FRAMES)	/* chain */
#define PACE	16
#define SPACE2	"kst_space2"

FIXTURE(spill)
{
	struct kst_rig r;
};

static int knobs(const char *space, const char *write)
{
	return kst_give_remote(space, KST_NO_DEADLINE) ?:
	       kst_knob(space, "remote_write", write);
}

FIXTURE_SETUP(spill)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, MIB, 0));
	ASSERT_EQ(0, kst_rig_make(&self->r, BS));
}

FIXTURE_TEARDOWN(spill)
{
	EXPECT_EQ(0, kst_rig_end(&self->r));
	kst_cleanup();
}

static int put(int fd, unsigned int chain, unsigned int n)
{
	/* The only leaf of all may be going just now. */
	int ret = kst_put_wait(fd, kst_key(chain, n),
			       n ? kst_key(chain, n - 1) : kst_root, BS,
			       kst_seed(chain, n));

	return ret < 0 ? ret : 0;
}

static int put_chain(int fd, unsigned int chain, unsigned int first,
		     unsigned int nr)
{
	unsigned int n;
	int err = 0;

	for (n = first; n < first + nr && !err; n++)
		err = put(fd, chain, n);
	return err;
}

static bool is_here(int fd, unsigned int chain, unsigned int n)
{
	return kst_lookup(fd, kst_key(chain, n)) >= 0;
}

static bool is_there(struct kst_pool *p, unsigned int chain, unsigned int n)
{
	return kst_pool_holds(p, kst_key(chain, n), kst_seed(chain, n));
}

static long long spills(const char *space)
{
	return kst_stat(space, "spills") + kst_stat(space, "spill_errors");
}

/* Returns when what was begun has ended, or can do nothing. */
static void let_spill(void)
{
	kst_quiet(50, spills, KST_SPACE);
}

/* Returns when what is to be spilled has been: also what is only about to be. */
static bool has_spilled(void)
{
	kst_quiet(50, spills, KST_SPACE);
	return kst_attr_wait(KST_SPACE, "spilling", 0) == 0;
}

/* Nothing holds a block any more: all can be dropped for good. */
static void expect_free(struct __test_metadata *_metadata, int fd,
			unsigned int chains)
{
	unsigned int chain, n;

	/* What was put when its parent had gone is not below the root. */
	for (chain = 1; chain <= chains; chain++)
		for (n = 0; n < LONGEST; n++)
			kst_drop(fd, kst_key(chain, n), KVT_F_LOCAL);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "blocks", 0));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "descriptors", 0));
	EXPECT_EQ(FRAMES, kst_arena(KST_SPACE, 0, "free"));
}

/* ------------------------------------------------------------------------ through */

#define NR 100U

TEST_F(spill, through)
{
	struct kst_key parent;
	unsigned int n;

	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	ASSERT_EQ(0, put_chain(self->r.fd, 1, 0, NR));
	EXPECT_EQ(NR, kst_stat_wait(KST_SPACE, "spills", NR));
	EXPECT_EQ(NR, kst_pool_count(self->r.pool, 1, NR));
	for (n = 1; n < NR; n++) {
		parent = kst_pool_parent(self->r.pool, kst_key(1, n));
		EXPECT_EQ(0, memcmp(parent.b, kst_key(1, n - 1).b, KVT_KEY_SIZE));
	}
	EXPECT_EQ((long long)NR * BS, kst_stat(KST_SPACE, "spill_bytes"));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "spill_errors"));
	/* Once each, also when they are used again, and more are put. */
	for (n = 0; n < NR; n++)
		EXPECT_EQ(0, kst_get_block(self->r.fd, 1, n, BS));
	ASSERT_EQ(0, put(self->r.fd, 2, 0));
	EXPECT_EQ(NR + 1, kst_stat_wait(KST_SPACE, "spills", NR + 1));
	EXPECT_EQ(NR + 1, kst_pool_asked(self->r.pool, KVT_REMOTE_SPILL));
	expect_free(_metadata, self->r.fd, 2);
}

TEST_F(spill, through_after_commit)
{
	struct kvt_entry e;
	size_t len;
	char *window = kst_map_window(self->r.fd, 0, PROT_READ | PROT_WRITE, &len);

	ASSERT_NE(NULL, window);
	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	ASSERT_LE(0, kst_reserve(self->r.fd, kst_key(1, 0), kst_root, &e));
	kst_fill(window + e.offset, BS, kst_seed(1, 0));
	kst_sleep_ms(50);
	EXPECT_EQ(0, kst_pool_asked(self->r.pool, KVT_REMOTE_SPILL));
	ASSERT_EQ(0, kst_commit(self->r.fd, e.slot));
	EXPECT_EQ(1, kst_stat_wait(KST_SPACE, "spills", 1));
	EXPECT_TRUE(is_there(self->r.pool, 1, 0));
	munmap(window, len);
}

TEST_F(spill, fetched_is_not_spilled)
{
	unsigned int n;

	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	kst_pool_put_chain(self->r.pool, 1, 0, 10);
	for (n = 0; n < 10; n++)
		ASSERT_EQ(0, kst_get_block(self->r.fd, 1, n, BS));
	ASSERT_EQ(0, put(self->r.fd, 2, 0));
	EXPECT_EQ(1, kst_stat_wait(KST_SPACE, "spills", 1));
	EXPECT_EQ(1, kst_pool_asked(self->r.pool, KVT_REMOTE_SPILL));
}

TEST_F(spill, none_is_none)
{
	ASSERT_EQ(0, knobs(KST_SPACE, "none"));
	ASSERT_EQ(0, put_chain(self->r.fd, 1, 0, 2 * FRAMES));
	let_spill();
	EXPECT_EQ(0, kst_pool_asked(self->r.pool, KVT_REMOTE_SPILL));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "spill_missed"));
	EXPECT_LE(FRAMES, kst_stat(KST_SPACE, "evictions"));
}

/* A class that is to stay on this host does. */
TEST_F(spill, floor_keeps)
{
	static char data[BS];
	struct kvt_entry e = { .addr = kst_ptr(data) };
	struct kvt_batch b;

	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "class3/floor", "nvme"));
	memcpy(e.key, kst_key(1, 0).b, KVT_KEY_SIZE);
	kst_batch(&b, KVT_OP_PUT, &e, 1);
	b.flags = KVT_F_CLASS;
	b.class_id = 3;
	ASSERT_EQ(0, kst_submit(self->r.fd, &b));
	ASSERT_EQ(0, put(self->r.fd, 2, 0));
	EXPECT_EQ(1, kst_stat_wait(KST_SPACE, "spills", 1));
	EXPECT_FALSE(kst_pool_has(self->r.pool, kst_key(1, 0)));
	/* And another class says which it is. */
	memcpy(e.key, kst_key(3, 0).b, KVT_KEY_SIZE);
	e.result = 0;
	b.class_id = 5;
	ASSERT_EQ(0, kst_submit(self->r.fd, &b));
	EXPECT_EQ(2, kst_stat_wait(KST_SPACE, "spills", 2));
	EXPECT_EQ(5, kst_pool_class(self->r.pool, kst_key(3, 0)));
}

TEST_F(spill, rate)
{
	unsigned int nr = 40;
	__u64 start;

	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_rate", "2621440"));	/* 20 a second */
	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	start = kst_now_ms();
	ASSERT_EQ(0, put_chain(self->r.fd, 1, 0, nr));
	EXPECT_EQ(nr, kst_stat_wait(KST_SPACE, "spills", nr));
	EXPECT_LE(1500, kst_now_ms() - start);
	/* One that lets nothing out, until it is lifted. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_rate", "1"));
	ASSERT_EQ(0, put_chain(self->r.fd, 2, 0, nr));
	let_spill();
	EXPECT_GE(nr + 1, kst_stat(KST_SPACE, "spills"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_rate", "0"));
	EXPECT_EQ(2 * nr, kst_stat_wait(KST_SPACE, "spills", 2 * nr));
	EXPECT_EQ(2 * nr, kst_pool_asked(self->r.pool, KVT_REMOTE_SPILL));
}

/* ----------------------------------------------------------------------- back */

/* Put a chain block by block, at a pace that the helper can follow. */
static int put_paced(int fd, unsigned int chain, unsigned int nr)
{
	unsigned int n;
	int err = 0;

	for (n = 0; n < nr && !err; n += PACE) {
		err = put_chain(fd, chain, n, PACE);
		if (!err && !has_spilled())
			err = -ETIMEDOUT;
	}
	return err;
}

TEST_F(spill, back)
{
	unsigned int n, nr = LONGEST, gone = 0, saved = 0;

	ASSERT_EQ(0, knobs(KST_SPACE, "back"));
	/* With room for all nothing is spilled. */
	ASSERT_EQ(0, put_paced(self->r.fd, 2, FRAMES / 2));
	EXPECT_EQ(0, kst_pool_asked(self->r.pool, KVT_REMOTE_SPILL));
	ASSERT_EQ(0, put_paced(self->r.fd, 1, nr));
	for (n = 0; n < nr; n++) {
		if (is_here(self->r.fd, 1, n))
			continue;
		gone++;
		saved += is_there(self->r.pool, 1, n);
	}
	for (n = 0; n < FRAMES / 2; n++) {
		gone += !is_here(self->r.fd, 2, n);
		saved += !is_here(self->r.fd, 2, n) && is_there(self->r.pool, 2, n);
	}
	EXPECT_LE(2 * FRAMES, gone);
	EXPECT_LT(gone / 2, saved);
	/* All of them are accounted for. */
	EXPECT_EQ(gone, kst_stat(KST_SPACE, "evictions"));
	EXPECT_EQ(gone - saved, kst_stat(KST_SPACE, "spill_missed"));
	/* What is used is not spilled. */
	EXPECT_GT(gone + FRAMES, kst_stat(KST_SPACE, "spills"));
	expect_free(_metadata, self->r.fd, 2);
}

/* Chains of one block each: no family keeps any. */
TEST_F(spill, back_without_families)
{
	unsigned int n, nr = LONGEST, gone = 0, saved = 0;

	ASSERT_EQ(0, knobs(KST_SPACE, "back"));
	for (n = 0; n < nr; n++) {
		ASSERT_EQ(0, put(self->r.fd, n + 1, 0));
		if (n % PACE == PACE - 1)
			ASSERT_TRUE(has_spilled());
	}
	for (n = 0; n < nr; n++) {
		gone += !is_here(self->r.fd, n + 1, 0);
		saved += !is_here(self->r.fd, n + 1, 0) &&
			 is_there(self->r.pool, n + 1, 0);
	}
	EXPECT_LE(2 * FRAMES, gone);
	EXPECT_LT(gone / 2, saved);
	EXPECT_EQ(gone - saved, kst_stat(KST_SPACE, "spill_missed"));
}

/*
 * A helper that never answers: eviction goes on without it. By roots: the leaf of a chain
 * that it has keeps all of the chain.
 */
TEST_F(spill, nothing_waits)
{
	static const char *const write[] = { "back", "through" };
	unsigned int i, n;

	kst_rig_hold(&self->r, KST_OP_ALL, 0);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, knobs(KST_SPACE, write[i]));
		for (n = 0; n < 3 * FRAMES; n++)
			ASSERT_LE(0, kst_put_pattern(self->r.fd, kst_key(i + 1, n),
						     kst_root, BS, kst_seed(i + 1, n)));
	}
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_SPILL, 1));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "spills"));
	EXPECT_LT(0, kst_stat(KST_SPACE, "spill_missed"));
	/* Most of memory can still be used. */
	EXPECT_GE(FRAMES / 8, kst_pool_asked(self->r.pool, KVT_REMOTE_SPILL));
	/* It wakes up. */
	kst_rig_hold(&self->r, 0, 0);
	EXPECT_LT(0, kst_stat_wait(KST_SPACE, "spills", 1));
	expect_free(_metadata, self->r.fd, 2);
}

/* Deadlines: what is late is an error, and not tried again as long as nothing moves. */
TEST_F_TIMEOUT(spill, late, 90)
{
	unsigned int asked;

	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", "5000"));
	kst_rig_hold(&self->r, KST_OP(SPILL), 0);
	ASSERT_EQ(0, put_chain(self->r.fd, 1, 0, 4));
	/* All four are in the helper's hands. */
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_SPILL, 4));
	EXPECT_EQ(4, kst_stat_wait(KST_SPACE, "spill_errors", 4));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "spills"));
	/* The helper may be reading them. */
	EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(1, 3), KVT_F_LOCAL));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "dropped_held"));
	asked = kst_pool_asked(self->r.pool, KVT_REMOTE_SPILL);
	kst_rig_hold(&self->r, 0, 0);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "dropped_held", 0));
	EXPECT_EQ(asked, kst_pool_asked(self->r.pool, KVT_REMOTE_SPILL));
	expect_free(_metadata, self->r.fd, 1);
}

/* The pool takes nothing: errors, and others are tried when it does again. */
TEST_F(spill, refused)
{
	unsigned int n, requests;
	__u64 begun;

	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	kst_rig_hold(&self->r, 0, KST_OP(SPILL));
	begun = kst_now_ms();
	for (n = 0; n < 40; n++) {
		ASSERT_EQ(0, put(self->r.fd, 1, n));
		kst_sleep_ms(20);
	}
	EXPECT_LE(1, kst_stat_wait(KST_SPACE, "spill_errors", 1));
	/* It rests for a quarter of a second then; four may be under way before. */
	requests = kst_pool_requests(self->r.pool, KVT_REMOTE_SPILL);
	EXPECT_GE(4 + 1 + (kst_now_ms() - begun) / 240, requests);
	kst_rig_hold(&self->r, 0, 0);
	ASSERT_EQ(0, put(self->r.fd, 2, 0));
	EXPECT_TRUE(KST_UNTIL(is_there(self->r.pool, 2, 0)));
	expect_free(_metadata, self->r.fd, 2);
}

/* ---------------------------------------------------------------- helper and tier */

TEST_F(spill, helper_dies)
{
	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	kst_rig_hold(&self->r, KST_OP(SPILL), 0);
	ASSERT_EQ(0, put_chain(self->r.fd, 1, 0, NR));
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_SPILL, 1));
	ASSERT_EQ(0, kst_rig_stop(&self->r));
	/* Nobody is there. */
	ASSERT_EQ(0, put_chain(self->r.fd, 2, 0, 10));
	EXPECT_EQ(0, kst_pool_nr(self->r.pool));
	kst_rig_hold(&self->r, 0, 0);
	ASSERT_EQ(0, kst_rig_start(&self->r, 2));
	EXPECT_EQ(NR + 10, kst_stat_wait(KST_SPACE, "spills", NR + 10));
	EXPECT_EQ(NR, kst_pool_count(self->r.pool, 1, NR));
	EXPECT_EQ(10, kst_pool_count(self->r.pool, 2, 10));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "spill_errors"));
	expect_free(_metadata, self->r.fd, 2);
}

TEST_F(spill, tier_changes)
{
	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	EXPECT_EQ(-EBUSY, kst_tier_remove(KST_REMOTE));
	ASSERT_EQ(0, put_chain(self->r.fd, 1, 0, 10));
	EXPECT_EQ(10, kst_stat_wait(KST_SPACE, "spills", 10));
	kst_rig_hold(&self->r, KST_OP_ALL, 0);
	ASSERT_EQ(0, put_chain(self->r.fd, 2, 0, 50));
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_SPILL, 11));
	/* It does not wait for them, and lets go of them. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
	EXPECT_EQ(10, kst_stat(KST_SPACE, "spills"));
	EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(2, 0), KVT_F_CHAIN));
	EXPECT_EQ(10, kst_attr_wait(KST_SPACE, "descriptors", 10));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "drops_lost"));
	ASSERT_EQ(0, put_chain(self->r.fd, 3, 0, 10));
	kst_rig_hold(&self->r, 0, 0);
	let_spill();
	EXPECT_EQ(10, kst_stat(KST_SPACE, "spills"));
	EXPECT_FALSE(kst_pool_has(self->r.pool, kst_key(3, 0)));
	/* Another pool is not known to have anything. */
	ASSERT_EQ(0, kst_rig_stop(&self->r));
	EXPECT_EQ(0, kst_tier_remove(KST_REMOTE));
	ASSERT_EQ(0, kst_remote_add("kst_remote2"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_write", "back"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "kst_remote2"));
	ASSERT_EQ(0, put_chain(self->r.fd, 4, 0, 2 * FRAMES));
	EXPECT_FALSE(is_here(self->r.fd, 1, 0));
	kst_settle(KST_SPACE);
	EXPECT_EQ(kst_stat(KST_SPACE, "evictions"),
		  kst_stat(KST_SPACE, "spill_missed"));
}

static int make_second(void)
{
	struct kvt_space_create c;

	kst_space_init(&c, SPACE2, BS);
	kst_space_quota(&c, "kst_dram2", MIB * KST_MIB);
	return kst_space_create(&c);
}

TEST_F(spill, two_spaces)
{
	int fd2;

	ASSERT_EQ(0, kst_tier_add("kst_dram2", KVT_TIER_DRAM, 0, MIB * KST_MIB));
	ASSERT_EQ(0, make_second());
	fd2 = kst_open(SPACE2, O_RDWR);
	ASSERT_LE(0, fd2);
	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	ASSERT_EQ(0, knobs(SPACE2, "through"));
	kst_rig_hold(&self->r, KST_OP_ALL, 0);
	ASSERT_EQ(0, put_chain(self->r.fd, 1, 0, 20));
	ASSERT_EQ(0, put_chain(fd2, 2, 0, 20));
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_SPILL, 2));
	/* One goes, with all it has under way; the other stays. */
	close(fd2);
	ASSERT_EQ(0, kst_space_delete(SPACE2));
	EXPECT_EQ(-EBUSY, kst_tier_remove(KST_REMOTE));
	kst_rig_hold(&self->r, 0, 0);
	EXPECT_EQ(20, kst_stat_wait(KST_SPACE, "spills", 20));
	EXPECT_EQ(20, kst_pool_count(self->r.pool, 1, 20));
	expect_free(_metadata, self->r.fd, 1);
}

/* Also with requests under way, unless the helper has the space open. */
TEST_F(spill, delete)
{
	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	ASSERT_EQ(0, put(self->r.fd, 1, 0));
	EXPECT_EQ(1, kst_stat_wait(KST_SPACE, "spills", 1));
	kst_rig_hold(&self->r, KST_OP_ALL, 0);
	ASSERT_EQ(0, put_chain(self->r.fd, 1, 1, 50));
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_SPILL, 2));
	close(self->r.fd);
	EXPECT_EQ(-EBUSY, kst_space_delete(KST_SPACE));
	kst_helper_let_go(self->r.helper);
	EXPECT_EQ(0, kst_space_delete(KST_SPACE));
	self->r.fd = -1;
	ASSERT_EQ(0, kst_rig_stop(&self->r));
	EXPECT_EQ(0, kst_tier_remove(KST_REMOTE));
}

static int toggle(struct kst_child *c, void *arg)
{
	int err = 0;

	(void)arg;
	kst_say(c, 0);
	while (!err)
		err = kst_knob(SPACE2, "remote", KST_REMOTE) ?:
		      kst_knob(SPACE2, "remote", "none");
	return err == -ENOENT || err == -ENODEV ? 0 : 1;
}

TEST_F(spill, delete_meets_knob)
{
	struct kst_child c;
	unsigned int i;

	ASSERT_EQ(0, kst_tier_add("kst_dram2", KVT_TIER_DRAM, 0, MIB * KST_MIB));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, make_second());
		ASSERT_EQ(0, kst_spawn(&c, toggle, NULL));
		ASSERT_EQ(0, kst_hear(&c));
		kst_sleep_ms(i);
		EXPECT_EQ(0, kst_space_delete(SPACE2));
		EXPECT_EQ(0, kst_join(&c));
	}
	ASSERT_EQ(0, kst_rig_stop(&self->r));
	EXPECT_EQ(0, kst_tier_remove(KST_REMOTE));
}

TEST_F(spill, resize)
{
	__u64 bytes = MIB / 2 * KST_MIB;
	int err;

	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	kst_rig_hold(&self->r, KST_OP_ALL, 0);
	ASSERT_EQ(0, put_chain(self->r.fd, 1, 0, FRAMES));
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_SPILL, 1));
	/* As far as it goes without what is on its way. */
	err = kst_space_resize(KST_SPACE, KST_DRAM, &bytes);
	EXPECT_TRUE(err == 0 || err == -EBUSY) {
		TH_LOG("resize: %s", strerror(-err));
	}
	kst_rig_hold(&self->r, 0, 0);
	let_spill();
	bytes = MIB / 4 * KST_MIB;
	EXPECT_TRUE(KST_UNTIL((bytes = MIB / 4 * KST_MIB,
			       !kst_space_resize(KST_SPACE, KST_DRAM, &bytes))));
	let_spill();
	EXPECT_EQ(MIB / 4 * KST_MIB, kst_arena(KST_SPACE, 0, "bytes"));
}

static int be_nobody(struct kst_child *c, void *arg)
{
	(void)c;
	(void)arg;
	if (kst_become_nobody())
		return 1;
	if (kst_knob(KST_SPACE, "remote", KST_REMOTE) != -EACCES)
		return 2;
	return kst_knob(KST_SPACE, "remote_write", "back") == -EACCES ? 0 : 3;
}

static bool says(const char *attr, const char *want)
{
	char path[128], buf[64];

	snprintf(path, sizeof(path), "/sys/class/kvtier/%s/%s", KST_SPACE, attr);
	return !kst_attr_text(path, buf, sizeof(buf)) && !strcmp(buf, want);
}

TEST_F(spill, knobs)
{
	char longer[100] = KST_REMOTE;
	struct kst_child c;

	EXPECT_TRUE(says("remote", "none"));
	EXPECT_TRUE(says("remote_write", "none"));
	EXPECT_TRUE(says("remote_rate", "0"));
	EXPECT_TRUE(says("remote_timeout_ms", "1000"));
	EXPECT_EQ(-ENOENT, kst_knob(KST_SPACE, "remote", "kst_nothing"));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "remote", KST_DRAM));
	EXPECT_EQ(-ENOENT, kst_knob(KST_SPACE, "remote", " "));
	memset(longer + strlen(longer), 'x', sizeof(longer) - strlen(longer) - 1);
	EXPECT_EQ(-ENOENT, kst_knob(KST_SPACE, "remote", longer));
	EXPECT_TRUE(says("remote", "none"));
	EXPECT_EQ(0, kst_knob(KST_SPACE, "remote", KST_REMOTE "\n"));
	EXPECT_TRUE(says("remote", KST_REMOTE));
	EXPECT_EQ(-ENOENT, kst_knob(KST_SPACE, "remote", "kst_nothing"));
	EXPECT_TRUE(says("remote", KST_REMOTE));
	EXPECT_EQ(0, kst_knob(KST_SPACE, "remote", KST_REMOTE));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "remote_write", "sideways"));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "remote_timeout_ms", "0"));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "remote_timeout_ms", "600001"));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "remote_rate", "-1"));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "remote_rate",
				    "18446744073709551615"));
	EXPECT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
	EXPECT_TRUE(says("remote", "none"));
	ASSERT_EQ(0, kst_spawn(&c, be_nobody, NULL));
	EXPECT_EQ(0, kst_join(&c));
}

/* ---------------------------------------------------------------------- clients */

static int put_for_ever(struct kst_child *c, void *arg)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	unsigned int n;

	(void)arg;
	for (n = 0; n < FRAMES / 2; n++) {
		put(fd, 1, n);
		if (n == 10)
			kst_say(c, 0);
	}
	return 0;
}

TEST_F(spill, killed_client)
{
	struct kst_child c;
	long long blocks;

	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	ASSERT_EQ(0, kst_spawn(&c, put_for_ever, NULL));
	ASSERT_EQ(0, kst_hear(&c));
	kst_kill(&c);
	blocks = kst_attr(KST_SPACE, "blocks");
	EXPECT_LE(10, blocks);
	EXPECT_EQ(blocks, kst_stat_wait(KST_SPACE, "spills", blocks));
	EXPECT_EQ(blocks, kst_pool_count(self->r.pool, 1, FRAMES));
	expect_free(_metadata, self->r.fd, 1);
}

/* What left this host comes back, whole. */
TEST_F(spill, and_back)
{
	unsigned int chain, nr = 3 * FRAMES / 8;
	struct kst_found f;

	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	for (chain = 1; chain <= nr; chain++) {
		ASSERT_EQ(0, put_chain(self->r.fd, chain, 0, 8));
		ASSERT_EQ(8 * chain, kst_stat_wait(KST_SPACE, "spills", 8 * chain));
	}
	EXPECT_LE(2 * FRAMES, kst_stat(KST_SPACE, "evictions"));
	EXPECT_FALSE(is_here(self->r.fd, 1, 7));
	for (chain = 1; chain <= nr; chain++) {
		f = kst_check_chain(self->r.fd, chain, 8, BS);
		EXPECT_EQ(8, f.good);
	}
	/* The pool had all of them all the time. */
	EXPECT_EQ(3 * FRAMES, kst_pool_asked(self->r.pool, KVT_REMOTE_SPILL));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "spill_missed"));
}

/* ------------------------------------------------------------------------- drops */

TEST_F(spill, drop)
{
	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	ASSERT_EQ(0, put_chain(self->r.fd, 1, 0, 10));
	EXPECT_EQ(10, kst_stat_wait(KST_SPACE, "spills", 10));
	/* Only here */
	EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(1, 9), KVT_F_LOCAL));
	EXPECT_FALSE(is_here(self->r.fd, 1, 9));
	EXPECT_TRUE(is_there(self->r.pool, 1, 9));
	/* There, too, and what is not here */
	EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(1, 8), 0));
	EXPECT_EQ(-ENOENT, kst_drop(self->r.fd, kst_key(1, 9), 0));
	EXPECT_TRUE(KST_UNTIL(kst_pool_nr(self->r.pool) == 8));
	EXPECT_EQ(8, kst_pool_count(self->r.pool, 1, 8));
	/* A chain */
	EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(1, 3), KVT_F_CHAIN));
	EXPECT_TRUE(KST_UNTIL(kst_pool_nr(self->r.pool) == 3));
	EXPECT_EQ(3, kst_pool_count(self->r.pool, 1, 3));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "drops_lost"));
}

TEST_F(spill, drop_of_many)
{
	struct kvt_entry e[NR];
	struct kvt_batch b;

	ASSERT_EQ(0, knobs(KST_SPACE, "none"));
	kst_pool_put_chain(self->r.pool, 1, 0, NR);
	kst_entries(e, NR, 1, 0);
	kst_batch(&b, KVT_OP_DROP, e, NR);
	ASSERT_EQ(0, kst_submit(self->r.fd, &b));
	EXPECT_EQ(NR, b.done);
	EXPECT_EQ(0, b.ok);
	EXPECT_TRUE(KST_UNTIL(!kst_pool_nr(self->r.pool)));
	EXPECT_GE(NR / 16, kst_pool_requests(self->r.pool, KVT_REMOTE_DROP));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "drops_lost"));
}

TEST_F(spill, lost_drops)
{
	unsigned int n;

	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	kst_rig_hold(&self->r, 0, KST_OP(DROP));
	EXPECT_EQ(-ENOENT, kst_drop(self->r.fd, kst_key(1, 0), 0));
	EXPECT_EQ(1, kst_stat_wait(KST_SPACE, "drops_lost", 1));
	/* So many that they are not kept for a helper that does not answer. */
	kst_rig_hold(&self->r, KST_OP_ALL, 0);
	for (n = 0; n < 100; n++)
		EXPECT_EQ(-ENOENT, kst_drop(self->r.fd, kst_key(1, n), 0));
	EXPECT_LE(1 + 36, kst_stat(KST_SPACE, "drops_lost"));
	ASSERT_EQ(0, kst_rig_stop(&self->r));
	EXPECT_EQ(101, kst_stat_wait(KST_SPACE, "drops_lost", 101));
	EXPECT_EQ(-ENOENT, kst_drop(self->r.fd, kst_key(1, 0), 0));
	EXPECT_EQ(102, kst_stat(KST_SPACE, "drops_lost"));
}

/* A block is dropped while it is on its way. */
TEST_F(spill, drop_meets_spill)
{
	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	kst_rig_hold(&self->r, KST_OP(SPILL), 0);
	ASSERT_EQ(0, put(self->r.fd, 1, 0));
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_SPILL, 1));
	EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(1, 0), 0));
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_DROP, 1));
	EXPECT_TRUE(KST_UNTIL(kst_pool_pending(self->r.pool) == 1));
	/* Now it arrives, and is told to go. */
	kst_rig_hold(&self->r, 0, 0);
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_DROP, 2));
	EXPECT_TRUE(KST_UNTIL(!kst_pool_pending(self->r.pool)));
	EXPECT_FALSE(kst_pool_has(self->r.pool, kst_key(1, 0)));
	expect_free(_metadata, self->r.fd, 1);
}

/* Dropped here only, while it is on its way: the pool keeps it. */
TEST_F(spill, local_drop_meets_spill)
{
	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	kst_rig_hold(&self->r, KST_OP(SPILL), 0);
	ASSERT_EQ(0, put(self->r.fd, 1, 0));
	ASSERT_EQ(0, put(self->r.fd, 2, 0));
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_SPILL, 2));
	EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(1, 0), KVT_F_LOCAL));
	EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(2, 0), KVT_F_LOCAL | KVT_F_CHAIN));
	kst_rig_hold(&self->r, 0, 0);
	EXPECT_TRUE(KST_UNTIL(!kst_pool_pending(self->r.pool)));
	expect_free(_metadata, self->r.fd, 1);
	EXPECT_EQ(0, kst_pool_asked(self->r.pool, KVT_REMOTE_DROP));
	EXPECT_TRUE(kst_pool_has(self->r.pool, kst_key(1, 0)));
	EXPECT_TRUE(kst_pool_has(self->r.pool, kst_key(2, 0)));
	EXPECT_EQ(2, kst_stat(KST_SPACE, "spills"));
}

/* ------------------------------------------------------------------- all at once */

#define WORKERS	3
#define SECONDS	4

static int work(struct kst_child *c, void *arg)
{
	unsigned int chain = (uintptr_t)arg, n, rounds = 0;
	__u64 end = kst_now_ms() + SECONDS * 1000;
	int fd = kst_open(KST_SPACE, O_RDWR), ret;

	srand(chain);
	while (kst_now_ms() < end) {
		for (n = 0; n < FRAMES / 2; n++) {
			kst_put_pattern(fd, kst_key(chain, n),
					n ? kst_key(chain, n - 1) : kst_root,
					BS, kst_seed(chain, n));
			ret = kst_get_block(fd, chain, rand() % (n + 1), BS);
			if (ret == 1)
				return 1;
		}
		if (rand() % 2)
			kst_drop(fd, kst_key(chain, rand() % 20), KVT_F_CHAIN);
		rounds++;
	}
	kst_say(c, rounds);
	return 0;
}

static void shake(FIXTURE_DATA(spill) *self, unsigned int step)
{
	static const char *const write[] = { "through", "back", "none" };

	kst_rig_hold(&self->r, step % 5 == 2 ? KST_OP(SPILL) : 0,
		     step % 11 == 7 ? KST_OP(SPILL) : 0);
	kst_knob(KST_SPACE, "remote_write", write[step % 5 % 3]);
	if (step % 4 == 3) {
		kst_rig_stop(&self->r);
		kst_rig_start(&self->r, 4);
	}
	if (step % 8 == 5) {
		kst_knob(KST_SPACE, "remote", "none");
		kst_knob(KST_SPACE, "remote", KST_REMOTE);
	}
}

TEST_F_TIMEOUT(spill, all_at_once, 60)
{
	__u64 end = kst_now_ms() + SECONDS * 1000;
	struct kst_child c[WORKERS];
	unsigned int i, step = 0;

	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", "1000"));
	for (i = 0; i < WORKERS; i++)
		ASSERT_EQ(0, kst_spawn(&c[i], work, (void *)(uintptr_t)(i + 1)));
	while (kst_now_ms() < end) {
		kst_sleep_ms(50);
		shake(self, step++);
		ASSERT_NE(NULL, self->r.helper);
	}
	for (i = 0; i < WORKERS; i++) {
		EXPECT_LT(0, kst_hear(&c[i]));
		EXPECT_EQ(0, kst_join(&c[i]));
	}
	kst_rig_hold(&self->r, 0, 0);
	/* All is as it was. */
	ASSERT_EQ(0, knobs(KST_SPACE, "through"));
	ASSERT_EQ(0, put(self->r.fd, WORKERS + 1, 0));
	EXPECT_TRUE(KST_UNTIL(is_there(self->r.pool, WORKERS + 1, 0)));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "quarantined", 0));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
	expect_free(_metadata, self->r.fd, WORKERS + 1);
}

/* --------------------------------------------------------------- with an nvme tier */

FIXTURE(below)
{
	struct kst_rig r;
};

FIXTURE_SETUP(below)
{
	struct kst_set set = {
		.nr = 1, .dev = { kst_nvme(0) }, .segment = 4 * KST_MIB,
	};

	KST_START_NVME(1);
	ASSERT_EQ(0, kst_make_nvme(&set, BS, MIB, 256));
	ASSERT_EQ(0, kst_rig_make(&self->r, BS));
}

FIXTURE_TEARDOWN(below)
{
	EXPECT_EQ(0, kst_rig_end(&self->r));
	kst_cleanup();
}

/* Before they go to nvme, and not again when they come up and go once more. */
TEST_F_TIMEOUT(below, back, 60)
{
	unsigned int n, nr = LONGEST, gone = 0, saved = 0;

	ASSERT_EQ(0, knobs(KST_SPACE, "back"));
	for (n = 0; n < nr; n += PACE) {
		ASSERT_EQ(0, kst_put_chain(self->r.fd, 1, n, PACE, BS));
		ASSERT_TRUE(has_spilled());
	}
	for (n = 0; n < nr; n++) {
		if (kst_tier_of(self->r.fd, 1, n, NULL) != KVT_TIER_NVME)
			continue;
		gone++;
		saved += is_there(self->r.pool, 1, n);
	}
	EXPECT_LT(FRAMES, gone);
	EXPECT_LT(gone / 2, saved);
	/* None has left this host. */
	EXPECT_EQ(0, kst_stat(KST_SPACE, "spill_missed"));
	for (n = 0; n < nr; n++)
		EXPECT_EQ(0, kst_get_block(self->r.fd, 1, n, BS));
	/* What had none may have got its copy now; nothing went twice. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_write", "none"));
	EXPECT_TRUE(KST_UNTIL(kst_stat(KST_SPACE, "spills") ==
			      kst_pool_asked(self->r.pool, KVT_REMOTE_SPILL)));
	EXPECT_EQ(kst_stat(KST_SPACE, "spills"), kst_pool_nr(self->r.pool));
}

TEST_HARNESS_MAIN
