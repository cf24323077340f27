// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for blocks that are on the pool, or will be: helpers that are late, silent or
 * dead, several who want the same, blocks that another host has yet to store, who is
 * killed, cancelled, or goes on the way; and everything at once. No frame is lost.
 * KVTIER_FULL=1: more rounds of the last one.
 */
#include "remote_fetch.h"

#include <pthread.h>

/* An ACQUIRE, by a thread. */
struct job {
	pthread_t thread;
	int fd;
	unsigned int nr;
	__u32 flags;
	int ok;
	int why;
	bool is_over;
	struct kvt_entry e[LONG];
};

static void *acquire_thread(void *arg)
{
	struct job *j = arg;

	j->ok = acquire(j->fd, j->e, j->nr, j->flags, &j->why);
	__atomic_store_n(&j->is_over, true, __ATOMIC_RELEASE);
	return NULL;
}

static struct job jobs[2];

static struct job *begin(int i, int fd, unsigned int nr, __u32 flags)
{
	struct job *j = &jobs[i];

	*j = (struct job){ .fd = fd, .nr = nr, .flags = flags };
	return pthread_create(&j->thread, NULL, acquire_thread, j) ? NULL : j;
}

static bool is_over(struct job *j)
{
	return __atomic_load_n(&j->is_over, __ATOMIC_ACQUIRE);
}

static int end(struct job *j)
{
	if (!KST_UNTIL(is_over(j)))
		return -ETIMEDOUT;
	pthread_join(j->thread, NULL);
	return j->ok;
}

/* --------------------------------------------------------------------- who is late */

/* A miss when the time is over; the frames come back with the answer. */
TEST_F(fetch, late)
{
	int why;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 8);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", HASTY));
	kst_rig_ways(&self->r, (struct kst_ways){ .hold = KST_OP(EXISTS) });
	EXPECT_EQ(0, acquire(self->r.fd, entries, 8, 0, &why));
	EXPECT_EQ(-ENOENT, why);
	expect_stat(_metadata, KST_SPACE, "fetch_timeouts", 1);
	EXPECT_EQ(FRAMES, kst_arena(KST_SPACE, 0, "free"));
	kst_rig_ways(&self->r, (struct kst_ways){ .hold = KST_OP(FETCH) });
	EXPECT_TRUE(KST_UNTIL(!acquire(self->r.fd, entries, 8, 0, &why) &&
			      kst_pool_requests(self->r.pool, KVT_REMOTE_FETCH)));
	EXPECT_EQ(-ENOENT, why);
	EXPECT_LE(2, kst_stat(KST_SPACE, "fetch_timeouts"));
	/* It may be writing to them. */
	EXPECT_GE(FRAMES - 8, kst_arena(KST_SPACE, 0, "free"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "quarantined"));
	/* The keys are free meanwhile. */
	EXPECT_EQ(0, kst_put_chain(self->r.fd, CHAIN, 0, 8, BS));
	EXPECT_EQ(8, acquire(self->r.fd, entries, 8, 0, NULL));
	EXPECT_EQ(0, wrong_bytes(self->r.fd, entries, 8));
	release(self->r.fd, entries, 8);
	kst_rig_ways(&self->r, (struct kst_ways){});
	expect_rest(_metadata, 8);
	expect_stat(_metadata, KST_SPACE, "fetches", 0);
	EXPECT_EQ(8, acquire(self->r.fd, entries, 8, 0, NULL));
	EXPECT_EQ(0, wrong_bytes(self->r.fd, entries, 8));
	release(self->r.fd, entries, 8);
	expect_clean(_metadata, self, 8);
}

/* It never answers, and goes: the frames are quarantined. */
TEST_F(fetch, never)
{
	struct io_uring ring;
	struct iovec pin;

	/* A device has them all. */
	pin.iov_base = kst_map_window(self->r.fd, 0, PROT_READ | PROT_WRITE,
				      &pin.iov_len);
	ASSERT_NE(NULL, pin.iov_base);
	ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
	ASSERT_EQ(0, io_uring_register_buffers(&ring, &pin, 1));
	kst_pool_put_chain(self->r.pool, CHAIN, 0, 8);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", HASTY));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "quarantine_ms", "3600000"));
	kst_rig_ways(&self->r, (struct kst_ways){ .hold = KST_OP(FETCH) });
	EXPECT_TRUE(KST_UNTIL(!acquire(self->r.fd, entries, 8, 0, NULL) &&
			      kst_pool_requests(self->r.pool, KVT_REMOTE_FETCH)));
	EXPECT_GE(FRAMES - 8, kst_arena(KST_SPACE, 0, "free"));
	ASSERT_EQ(0, kst_rig_stop(&self->r));
	EXPECT_EQ(8, kst_attr_wait(KST_SPACE, "quarantined", 8));
	EXPECT_EQ(FRAMES - 8, kst_arena(KST_SPACE, 0, "free"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "quarantine_ms", "200"));
	io_uring_queue_exit(&ring);
	munmap(pin.iov_base, pin.iov_len);
	expect_clean(_metadata, self, 8);
}

/* It dies while somebody waits: a miss at once, long before the deadline. */
TEST_F(fetch, helper_dies)
{
	unsigned int op;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 8);
	for (op = KVT_REMOTE_EXISTS; op <= KVT_REMOTE_FETCH; op++) {
		struct job *j;

		kst_rig_ways(&self->r, (struct kst_ways){ .hold = 1U << op });
		j = begin(0, self->r.fd, 8, op ? AWAIT : 0);
		ASSERT_NE(NULL, j);
		ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, op, 8));
		EXPECT_FALSE(is_over(j));
		ASSERT_EQ(0, kst_rig_stop(&self->r));
		EXPECT_EQ(0, end(j));
		EXPECT_EQ(-ENOENT, j->why);
		expect_rest(_metadata, 0);
		ASSERT_EQ(0, kst_rig_start(&self->r, DEPTH));
	}
	expect_clean(_metadata, self, 8);
}

/* ------------------------------------------------------------------------- together */

/* Whoever wants a block that is on its way waits for it: it comes once. */
TEST_F(fetch, two_of_them)
{
	static char data[BS];
	struct job *j[2];
	struct kvt_entry e;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 40);
	kst_rig_ways(&self->r, (struct kst_ways){ .hold = KST_OP(FETCH) });
	j[0] = begin(0, self->r.fd, 40, 0);
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_FETCH, 40));
	j[1] = begin(1, self->r.fd, 40, 0);
	/* Others do not wait: they are told. */
	EXPECT_EQ(-EINPROGRESS, kst_reserve(self->r.fd, kst_key(CHAIN, 0),
					    kst_root, &e));
	EXPECT_EQ(-EINPROGRESS, kst_acquire(self->r.fd, kst_key(CHAIN, 0),
					    KVT_F_LOCAL, &e));
	EXPECT_EQ(-ENOENT, kst_lookup(self->r.fd, kst_key(CHAIN, 0)));
	kst_sleep_ms(50);
	EXPECT_FALSE(is_over(j[0]) || is_over(j[1]));
	kst_rig_ways(&self->r, (struct kst_ways){});
	EXPECT_EQ(0, kst_get(self->r.fd, kst_key(CHAIN, 39), data, 0, BS));
	EXPECT_TRUE(kst_holds(data, BS, kst_seed(CHAIN, 39)));
	EXPECT_EQ(40, end(j[0]));
	EXPECT_EQ(40, end(j[1]));
	EXPECT_EQ(0, wrong_bytes(self->r.fd, j[0]->e, 40));
	EXPECT_EQ(40, kst_pool_asked(self->r.pool, KVT_REMOTE_FETCH));
	expect_stat(_metadata, KST_SPACE, "fetches", 40);
	release(self->r.fd, j[0]->e, 40);
	release(self->r.fd, j[1]->e, 40);
	expect_clean(_metadata, self, 40);
}

/* Until some host has stored it: there, or this one. */
TEST_F(fetch, wait)
{
	struct job *j = begin(0, self->r.fd, 40, AWAIT);
	struct kvt_entry e;

	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_EXISTS, 33));
	kst_pool_put_chain(self->r.pool, CHAIN, 0, 20);
	EXPECT_TRUE(KST_UNTIL(kst_stat(KST_SPACE, "fetches") == 20));
	EXPECT_FALSE(is_over(j));
	kst_sleep_ms(100);
	ASSERT_EQ(0, kst_put_chain(self->r.fd, CHAIN, 20, 1, BS));
	ASSERT_LE(0, kst_reserve(self->r.fd, kst_key(CHAIN, 21),
				 kst_key(CHAIN, 20), &e));
	kst_pool_put_chain(self->r.pool, CHAIN, 22, 18);
	kst_sleep_ms(100);
	EXPECT_FALSE(is_over(j));
	EXPECT_EQ(0, kst_abort(self->r.fd, e.slot));
	kst_pool_put_chain(self->r.pool, CHAIN, 21, 1);
	EXPECT_EQ(40, end(j));
	EXPECT_EQ(0, wrong_bytes(self->r.fd, j->e, 40));
	release(self->r.fd, j->e, 40);
	expect_clean(_metadata, self, 40);
}

/* Without being told that somebody will store it nobody waits for that. */
TEST_F(fetch, wait_is_not_await)
{
	struct kvt_entry e;
	struct kvt_batch b;

	kst_entries(&e, 1, CHAIN, 0);
	kst_batch(&b, KVT_OP_ACQUIRE, &e, 1);
	b.flags = KVT_F_WAIT;
	b.timeout_ns = KVT_MAX_TIMEOUT_NS;
	ASSERT_EQ(0, kst_submit(self->r.fd, &b));
	EXPECT_EQ(-ENOENT, e.result);
	EXPECT_EQ(1, kst_pool_asked(self->r.pool, KVT_REMOTE_EXISTS));
}

/* Nobody stores it. */
TEST_F(fetch, wait_in_vain)
{
	struct kvt_entry e;
	struct kvt_batch b;
	__u64 begun;

	kst_entries(&e, 1, CHAIN, 0);
	kst_batch(&b, KVT_OP_ACQUIRE, &e, 1);
	b.flags = AWAIT;
	b.timeout_ns = 500000000;
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", HASTY));
	begun = kst_now_ms();
	ASSERT_EQ(0, kst_submit(self->r.fd, &b));
	EXPECT_EQ(-ENOENT, e.result);
	EXPECT_LE(490, kst_now_ms() - begun);
	/* A helper that cannot wait: nobody waits for it. */
	kst_rig_ways(&self->r, (struct kst_ways){ .fail = KST_OP(EXISTS) });
	b.timeout_ns = KST_PATIENCE * 1000000ULL;
	begun = kst_now_ms();
	ASSERT_EQ(0, kst_submit(self->r.fd, &b));
	EXPECT_EQ(-ENOENT, e.result);
	EXPECT_GT(KST_PATIENCE, kst_now_ms() - begun);
	expect_clean(_metadata, self, 1);
}

/* -------------------------------------------------------------------- who goes */

static int acquire_and_die(struct kst_child *c, void *arg)
{
	static struct kvt_entry e[LONG];
	int fd = kst_open(KST_SPACE, O_RDWR);

	kst_say(c, 1);
	acquire(fd, e, 8, (intptr_t)arg, NULL);
	return 0;
}

/* Killed: its leases go; what was on its way comes. */
TEST_F(fetch, killed)
{
	struct kst_child c;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 8);
	/* The harness' child has threads: what is forked may not use them. */
	kst_rig_ways(&self->r, (struct kst_ways){ .hold = KST_OP(EXISTS) });
	ASSERT_EQ(0, kst_spawn(&c, acquire_and_die, (void *)AWAIT));
	ASSERT_EQ(1, kst_hear(&c));
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_EXISTS, 8));
	kst_kill(&c);
	kst_rig_ways(&self->r, (struct kst_ways){ .hold = KST_OP(FETCH) });
	ASSERT_EQ(0, kst_spawn(&c, acquire_and_die, NULL));
	ASSERT_EQ(1, kst_hear(&c));
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_FETCH, 8));
	kst_kill(&c);
	kst_rig_ways(&self->r, (struct kst_ways){});
	expect_rest(_metadata, 8);
	expect_clean(_metadata, self, 8);
}

TEST_F(fetch, cancelled)
{
	static struct kvt_entry e[8];
	struct io_uring ring;
	struct kvt_batch b;
	unsigned int op;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 8);
	for (op = KVT_REMOTE_EXISTS; op <= KVT_REMOTE_FETCH; op++) {
		int res, i, nr = 0;
		__u64 tag;

		kst_rig_ways(&self->r, (struct kst_ways){ .hold = 1U << op });
		ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
		acquire_batch(&b, e, 0, 8, AWAIT);
		kst_sqe(&ring, self->r.fd, &b, 1);
		ASSERT_EQ(1, io_uring_submit(&ring));
		ASSERT_TRUE(KST_UNTIL(io_uring_get_events(&ring) >= 0 &&
				      kst_pool_asked(self->r.pool, op) >= 8));
		kst_sqe(&ring, self->r.fd, &b, 2)->cmd_op = KVT_URING_CANCEL;
		ASSERT_EQ(1, io_uring_submit(&ring));
		for (i = 0; i < 2; i++) {
			ASSERT_EQ(0, kst_reap(&ring, KST_PATIENCE, &tag, &res));
			EXPECT_EQ(tag == 1 ? -ECANCELED : 1, res);
			nr += tag;
		}
		EXPECT_EQ(3, nr);
		EXPECT_EQ(0, b.ok);
		/* The ring may go before the answer comes. */
		io_uring_queue_exit(&ring);
		kst_rig_ways(&self->r, (struct kst_ways){});
		expect_rest(_metadata, op ? 8 : 0);
	}
	expect_clean(_metadata, self, 8);
}

/* Dropped on its way: it does not come. */
TEST_F(fetch, dropped)
{
	struct job *j;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 8);
	kst_rig_ways(&self->r, (struct kst_ways){ .hold = KST_OP(FETCH) });
	j = begin(0, self->r.fd, 8, 0);
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_FETCH, 8));
	EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(CHAIN, 5), KVT_F_LOCAL));
	EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(CHAIN, 0), KVT_F_LOCAL));
	EXPECT_EQ(0, end(j));
	EXPECT_EQ(-ENOENT, j->why);
	/* What is stored now is another block. */
	EXPECT_EQ(0, kst_put_chain(self->r.fd, CHAIN, 0, 1, BS));
	kst_rig_ways(&self->r, (struct kst_ways){});
	expect_rest(_metadata, 7);
	EXPECT_EQ(-ENOENT, kst_lookup(self->r.fd, kst_key(CHAIN, 5)));
	expect_stat(_metadata, KST_SPACE, "fetches", 6);
	EXPECT_EQ(0, kst_get_block(self->r.fd, CHAIN, 0, BS));
	expect_clean(_metadata, self, 8);
}

/* The space has another remote tier, or goes, with everything under way. */
TEST_F(fetch, space_goes)
{
	struct kst_child c;
	struct job *j;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 8);
	kst_rig_ways(&self->r, (struct kst_ways){ .hold = KST_OP(FETCH) });
	j = begin(0, self->r.fd, 8, AWAIT);
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_FETCH, 8));
	EXPECT_EQ(-EBUSY, kst_tier_remove(KST_REMOTE));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
	EXPECT_EQ(0, end(j));
	expect_rest(_metadata, 0);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", KST_REMOTE));
	kst_rig_ways(&self->r, (struct kst_ways){});
	EXPECT_EQ(8, acquire(self->r.fd, entries, 8, 0, NULL));
	release(self->r.fd, entries, 8);
	kst_drop(self->r.fd, kst_key(CHAIN, 0), KVT_F_CHAIN | KVT_F_LOCAL);

	kst_rig_ways(&self->r, (struct kst_ways){ .hold = KST_OP(FETCH) });
	ASSERT_EQ(0, kst_spawn(&c, acquire_and_die, NULL));
	ASSERT_EQ(1, kst_hear(&c));
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_FETCH, 24));
	kst_kill(&c);
	kst_helper_let_go(self->r.helper);
	close(self->r.fd);
	EXPECT_TRUE(KST_UNTIL(kst_space_delete(KST_SPACE) != -EBUSY));
	EXPECT_EQ(-1, kst_attr(KST_SPACE, "blocks"));
	ASSERT_EQ(0, kst_rig_stop(&self->r));
	EXPECT_EQ(0, kst_tier_remove(KST_REMOTE));
	EXPECT_EQ(0, kst_tier_remove(KST_DRAM));
}

/* ------------------------------------------------------------------------- no room */

static int reserve_and_die(struct kst_child *c, void *arg)
{
	struct kvt_entry e;
	unsigned int n;
	int fd = kst_open(KST_SPACE, O_RDWR);

	for (n = 0; n < (uintptr_t)arg; n++)
		if (kst_reserve(fd, kst_key(3, n), kst_root, &e) < 0)
			break;
	kst_say(c, n);
	return 0;
}

/* Frames that nobody can have for a while: a shorter prefix, or it is waited. */
TEST_F(fetch, no_frame)
{
	unsigned int taken = FRAMES - 50;
	struct io_uring ring;
	struct kst_child c;
	struct iovec pin;
	struct job *j;
	int why;

	/* Somebody's device may write to them, for all that is known. */
	pin.iov_base = kst_map_window(self->r.fd, 0, PROT_READ | PROT_WRITE,
				      &pin.iov_len);
	ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
	ASSERT_EQ(0, io_uring_register_buffers(&ring, &pin, 1));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "lease_quota", "1000"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "quarantine_ms", "3600000"));
	ASSERT_EQ(0, kst_spawn(&c, reserve_and_die, (void *)(uintptr_t)taken));
	ASSERT_EQ(taken, kst_hear(&c));
	ASSERT_EQ(0, kst_join(&c));
	kst_pool_put_chain(self->r.pool, CHAIN, 0, 60);
	EXPECT_EQ(taken, kst_attr_wait(KST_SPACE, "quarantined", taken));
	EXPECT_EQ(50, acquire(self->r.fd, entries, 60, 0, &why));
	EXPECT_EQ(-ENOSPC, why);
	EXPECT_EQ(0, wrong_bytes(self->r.fd, entries, 50));
	release(self->r.fd, entries, 50);
	kst_drop(self->r.fd, kst_key(CHAIN, 0), KVT_F_CHAIN | KVT_F_LOCAL);
	j = begin(0, self->r.fd, 60, AWAIT);
	EXPECT_EQ(50, kst_attr_wait(KST_SPACE, "leases", 50));
	kst_sleep_ms(50);
	EXPECT_FALSE(is_over(j));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "quarantine_ms", "200"));
	EXPECT_EQ(60, end(j));
	EXPECT_EQ(0, wrong_bytes(self->r.fd, j->e, 60));
	release(self->r.fd, j->e, 60);
	io_uring_queue_exit(&ring);
	munmap(pin.iov_base, pin.iov_len);
	expect_clean(_metadata, self, 60);
}

/* ------------------------------------------------------------------------ everything */

struct chaos {
	pthread_t thread;
	unsigned int seed;
	unsigned int rounds;
	unsigned int wrong;
	bool stop;
};

#define NR_CHAOS	80

static int check_get(int fd, unsigned int n, char *data)
{
	int ret = kst_get(fd, kst_key(CHAIN, n), data, 0, BS);

	if (ret < 0)
		return ret != -ENOENT && ret != -EINPROGRESS && ret != -ENOSPC &&
		       ret != -EDQUOT;
	return !kst_holds(data, BS, kst_seed(CHAIN, n));
}

static int some_acquire(struct chaos *c, int fd, struct kvt_entry *e)
{
	static const __u32 flags[] = { 0, 0, KVT_F_LOCAL, KVT_F_MEMORY_ONLY,
				       AWAIT };
	unsigned int nr = 1 + rand_r(&c->seed) % NR_CHAOS;
	struct kvt_batch b;
	int wrong;

	acquire_batch(&b, e, 0, nr, flags[rand_r(&c->seed) % 5]);
	if (b.flags & AWAIT)
		b.timeout_ns = rand_r(&c->seed) % 100000000;
	if (kst_submit(fd, &b))
		return 1;
	wrong = wrong_bytes(fd, e, b.ok);
	release(fd, e, b.ok);
	return wrong;
}

static void *chaos_thread(void *arg)
{
	struct kvt_entry *e = calloc(NR_CHAOS, sizeof(*e));
	struct chaos *c = arg;
	char *data = malloc(BS);
	int fd = kst_open(KST_SPACE, O_RDWR);

	while (!__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE) || c->rounds < 100) {
		unsigned int n = rand_r(&c->seed) % NR_CHAOS;

		c->rounds++;
		switch (rand_r(&c->seed) % 6) {
		case 0:
		case 1:
			c->wrong += some_acquire(c, fd, e);
			break;
		case 2:
			c->wrong += check_get(fd, n, data);
			break;
		case 3:
			kst_entries(e, NR_CHAOS - n, CHAIN, n);
			kst_one(fd, KVT_OP_PREFETCH, 0, e);
			break;
		case 4:
			kst_drop(fd, kst_key(CHAIN, n), KVT_F_LOCAL |
				 (rand_r(&c->seed) % 8 ? 0 : KVT_F_CHAIN));
			break;
		case 5:
			kst_put_pattern(fd, kst_key(CHAIN, n),
					n ? kst_key(CHAIN, n - 1) : kst_root,
					BS, kst_seed(CHAIN, n));
			break;
		}
	}
	close(fd);
	free(data);
	free(e);
	return NULL;
}

static void any_ways(FIXTURE_DATA(fetch) *self)
{
	struct kst_ways w = {};

	switch (rand() % 6) {
	case 0:
		w.flip_bytes = rand() % 20;
		w.flip_trailer = rand() % 20;
		break;
	case 1:
		w.other_block = rand() % 20;
		w.no_bytes = rand() % 20;
		break;
	case 2:
		w.hold = rand() % 4;
		break;
	case 3:
		w.delay_ms = rand() % 80;
		break;
	case 4:
		/* Not a bad status: that is not looked at when it comes late. */
		w.bad_id = 5;
		w.twice = 5;
		break;
	}
	kst_rig_ways(&self->r, w);
}

/* Commands of all kinds, a helper that is late, wrong, and dies: never wrong bytes. */
TEST_F_TIMEOUT(fetch, everything, 120)
{
	bool full = getenv("KVTIER_FULL");
	struct chaos c[3] = {};
	unsigned int i;

	srand(1);
	kst_pool_put_chain(self->r.pool, CHAIN, 0, NR_CHAOS);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", "50"));
	for (i = 0; i < 3; i++) {
		c[i].seed = i;
		ASSERT_EQ(0, pthread_create(&c[i].thread, NULL, chaos_thread,
					    &c[i]));
	}
	for (i = 0; i < (full ? 400 : 20); i++) {
		any_ways(self);
		kst_sleep_ms(rand() % 60);
		if (i % 4)
			continue;
		ASSERT_EQ(0, kst_rig_stop(&self->r));
		kst_sleep_ms(rand() % 20);
		ASSERT_EQ(0, kst_rig_start(&self->r, DEPTH));
	}
	kst_rig_ways(&self->r, (struct kst_ways){});
	for (i = 0; i < 3; i++) {
		__atomic_store_n(&c[i].stop, true, __ATOMIC_RELEASE);
		ASSERT_EQ(0, pthread_join(c[i].thread, NULL));
		EXPECT_EQ(0, c[i].wrong);
		TH_LOG("%u rounds", c[i].rounds);
	}
	/* And it is as good as ever. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", PATIENT));
	EXPECT_EQ(NR_CHAOS, acquire(self->r.fd, entries, NR_CHAOS, 0, NULL));
	EXPECT_EQ(0, wrong_bytes(self->r.fd, entries, NR_CHAOS));
	release(self->r.fd, entries, NR_CHAOS);
	expect_clean(_metadata, self, NR_CHAOS);
}

TEST_HARNESS_MAIN
