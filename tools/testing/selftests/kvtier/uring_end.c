// SPDX-License-Identifier: GPL-2.0
/*
 * Commands by io_uring that do not get to their end: cancelled, their ring or
 * their thread gone, their process killed, at any point. What they held comes
 * back. KVTIER_FULL=1: 10,000 cancels and 1,000 kills.
 */
#include "kselftest_harness.h"

#include <pthread.h>

#include "uring.h"

#define BS	16384U
#define MIB	4
#define FRAMES	(MIB * KST_MIB / BS)
#define BLOCKS	(2 * FRAMES)
#define FILLING	8		/* keys that somebody fills, now and then */
#define BATCH	16
#define DEPTH	8

/* What is put; a command whose ring has gone may still read it. */
static char pattern[BLOCKS][BS];

FIXTURE(end) {
	int fd;
	bool full;
};

FIXTURE_SETUP(end)
{
	KST_START_NVME(1);
	const struct kst_set set = {
		.nr = 1, .dev = { kst_nvme(0) }, .segment = KST_MIB,
		.grade = KST_BULK,
	};

	unsigned int n;

	for (n = 0; n < BLOCKS; n++)
		kst_fill(pattern[n], BS, kst_seed(1, n));
	ASSERT_EQ(0, kst_make_nvme(&set, BS, MIB, 64));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "quarantine_ms", "500"));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->full = getenv("KVTIER_FULL");
	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, BLOCKS, BS));
	/* From now on a frame can be had at once. */
	kst_settle(KST_SPACE);
}

FIXTURE_TEARDOWN_PARENT(end)
{
	EXPECT_EQ(0, kst_cleanup());
}

/* Nothing is held by anybody; what is there is right; the rest is free. */
static void expect_clean(struct __test_metadata *_metadata,
			 FIXTURE_DATA(end) *self)
{
	unsigned int n;

	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "filling", 0));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "dropped_held", 0));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "quarantined", 0));
	kst_settle(KST_SPACE);
	for (n = 0; n < BLOCKS; n++) {
		int ret = kst_get_block(self->fd, 1, n, BS);

		EXPECT_TRUE(!ret || ret == -ENOENT) {
			TH_LOG("block %u: %d", n, ret);
		}
		kst_drop(self->fd, kst_key(1, n), 0);
	}
	for (n = 0; n < FILLING; n++)
		kst_drop(self->fd, kst_key(2, n), 0);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "blocks", 0));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "descriptors", 0));
	EXPECT_TRUE(KST_UNTIL(kst_arena(KST_SPACE, 0, "free") == FRAMES));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
}

/* ----------------------------------------------------------------- what is done */

struct job {
	struct kvt_batch b;
	struct kvt_entry e[BATCH];
};

/* Some command that waits for something, or may. */
static void any_job(struct job *j)
{
	static const __u8 op[] = {
		KVT_OP_ACQUIRE, KVT_OP_ACQUIRE, KVT_OP_ACQUIRE, KVT_OP_GET,
		KVT_OP_PUT, KVT_OP_PREFETCH, KVT_OP_RESERVE,
	};
	unsigned int i, nr = 1 + rand() % BATCH, n = rand() % (BLOCKS - BATCH);
	static char got[BS];

	kst_entries(j->e, nr, 1, n);
	kst_batch(&j->b, op[rand() % sizeof(op)], j->e, nr);
	switch (j->b.op) {
	case KVT_OP_ACQUIRE:
		if (rand() % 2)
			kst_waiting(&j->b);
		if (rand() % 4 == 0)
			j->b.flags |= KVT_F_ARRIVING;
		/* It ends with a block that somebody fills. */
		if (rand() % 2)
			memcpy(j->e[nr - 1].key, kst_key(2, rand() % FILLING).b,
			       KVT_KEY_SIZE);
		break;
	case KVT_OP_RESERVE:
	case KVT_OP_PUT:
		if (j->b.op == KVT_OP_RESERVE && rand() % 2)
			j->b.flags = KVT_F_LEASE;
		memcpy(j->b.parent, kst_key(1, n ? n - 1 : BLOCKS).b,
		       KVT_KEY_SIZE);
		kst_waiting(&j->b);
		break;
	}
	for (i = 0; i < nr; i++) {
		if (j->b.op == KVT_OP_PUT)
			j->e[i].addr = kst_ptr(pattern[n + i]);
		if (j->b.op == KVT_OP_GET) {
			j->e[i].addr = kst_ptr(got);
			j->e[i].len = BS;
		}
	}
}

static unsigned int any_setup(void)
{
	switch (rand() % 4) {
	case 0:
		return IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	case 1:
		return IORING_SETUP_COOP_TASKRUN;
	default:
		return 0;
	}
}

static void nap(void)
{
	struct timespec ts = { .tv_nsec = rand() % 3000000 };

	if (rand() % 3)
		nanosleep(&ts, NULL);
}

/* Fills and seals, or leaves, or drops, what others wait for. */
static int filler(struct kst_child *c, void *arg)
{
	struct kvt_entry e;
	int fd = -1;

	/* Or the parent's leases would stay when it closes it. */
	close((intptr_t)arg);
	kst_say(c, 1);
	srand(getpid());
	for (;;) {
		struct kst_key key = kst_key(2, rand() % FILLING);

		if (fd < 0)
			fd = kst_open(KST_SPACE, O_RDWR);
		if (kst_reserve(fd, key, kst_root, &e) >= 0) {
			nap();
			if (rand() % 3)
				kst_commit(fd, e.slot);
			else if (rand() % 2)
				kst_abort(fd, e.slot);
		}
		kst_drop(fd, key, 0);
		/* The chain's blocks come and go, too. */
		kst_drop(fd, kst_key(1, rand() % BLOCKS), 0);
		if (rand() % 8 == 0) {
			close(fd);
			fd = -1;
		}
	}
	return 0;
}

/* ------------------------------------------------------------- rings that go */

static struct job jobs[DEPTH];

/*
 * A ring with jobs; none, some or all of them have ended when it goes. One that is
 * in the hands of a worker of io_uring's goes on: so the jobs stay, and stay as they
 * are, as long as the process lives.
 */
static int one_ring(FIXTURE_DATA(end) *self)
{
	unsigned int i, nr = 1 + rand() % DEPTH;
	struct job *mine = calloc(nr, sizeof(*mine));
	struct io_uring ring;
	int err;

	err = mine ? io_uring_queue_init(DEPTH, &ring, any_setup()) : -ENOMEM;
	if (err)
		return err;
	for (i = 0; i < nr; i++) {
		any_job(&mine[i]);
		if (rand() % 8 == 0)
			kst_sqe(&ring, self->fd, &mine[i].b, 0)->flags |= IOSQE_ASYNC;
		else
			kst_sqe(&ring, self->fd, &mine[i].b, 0);
	}
	err = io_uring_submit(&ring);
	nap();
	if (rand() % 4 == 0)
		io_uring_get_events(&ring);
	io_uring_queue_exit(&ring);
	return err == (int)nr ? 0 : -EPROTO;
}

static void *ring_of_a_thread(void *arg)
{
	return (void *)(intptr_t)one_ring(arg);
}

/* What was leased, and was told, is not known here: the file gives it back. */
TEST_F_TIMEOUT(end, rings, 1800)
{
	unsigned int i, nr = self->full ? 10000 : 1000;
	struct kst_child c;
	pthread_t thread;
	void *ret;

	ASSERT_EQ(0, kst_spawn(&c, filler, (void *)(intptr_t)self->fd));
	ASSERT_EQ(1, kst_hear(&c));
	srand(1);
	for (i = 0; i < nr; i++) {
		if (i % 4) {
			ASSERT_EQ(0, one_ring(self));
		} else {
			ASSERT_EQ(0, pthread_create(&thread, NULL,
						    ring_of_a_thread, self));
			ASSERT_EQ(0, pthread_join(thread, &ret));
			ASSERT_EQ(NULL, ret);
		}
		if (i % 16 == 0) {
			close(self->fd);
			self->fd = kst_open(KST_SPACE, O_RDWR);
			ASSERT_LE(0, self->fd);
		}
	}
	kst_kill(&c);
	close(self->fd);
	self->fd = kst_open(KST_SPACE, O_RDWR);
	EXPECT_EQ(1, kst_attr_wait(KST_SPACE, "openers", 1));
	expect_clean(_metadata, self);
}

/* The file stays open, and so would a lease that nobody was told of. */
TEST_F_TIMEOUT(end, untold_leases_go_back, 60)
{
	int other = kst_open(KST_SPACE, O_RDWR);
	static struct kvt_entry e[BATCH];
	struct io_uring ring;
	struct kvt_entry last;
	struct kvt_batch b;
	unsigned int n;

	ASSERT_LE(0, kst_reserve(other, kst_key(2, 0), kst_root, &last));
	for (n = 0; n < 40; n++) {
		ASSERT_EQ(0, io_uring_queue_init(4, &ring, n % 2 ?
				IORING_SETUP_SINGLE_ISSUER |
				IORING_SETUP_DEFER_TASKRUN : 0));
		kst_entries(e, BATCH, 1, n);
		memcpy(e[BATCH - 1].key, kst_key(2, 0).b, KVT_KEY_SIZE);
		kst_batch(&b, KVT_OP_ACQUIRE, e, BATCH);
		kst_waiting(&b);
		kst_sqe(&ring, self->fd, &b, 0);
		ASSERT_EQ(1, io_uring_submit(&ring));
		/* It holds what is there, and waits for the last. */
		if (n % 4 == 0)
			EXPECT_TRUE(KST_UNTIL(io_uring_get_events(&ring) >= 0 &&
					      kst_attr(KST_SPACE, "leases") ==
					      BATCH - 1));
		io_uring_queue_exit(&ring);
		EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
	}
	kst_abort(other, last.slot);
	close(other);
	expect_clean(_metadata, self);
}

/* -------------------------------------------------------------------- cancelled */

/* By io_uring, which knows what its workers do. */
static int cancel(struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	io_uring_prep_cancel64(sqe, 1, 0);
	sqe->user_data = 1000;
	return io_uring_submit(ring);
}

/* By the space; all, unless @b. */
static int cancel_waiter(struct io_uring *ring, int fd, struct kvt_batch *b)
{
	struct io_uring_sqe *sqe = kst_sqe(ring, fd, b, 1000);

	sqe->cmd_op = KVT_URING_CANCEL;
	return io_uring_submit(ring);
}

/* Reaps the completions of a command and of its cancel. */
static int reap_both(struct io_uring *ring, int *res, int *cancelled)
{
	int i, r, err = 0;
	__u64 tag;

	for (i = 0; i < 2 && !err; i++) {
		err = kst_reap(ring, KST_PATIENCE, &tag, &r);
		*(tag == 1000 ? cancelled : res) = r;
	}
	return err;
}

/* A worker of io_uring's sleeps for it: it can be woken. */
TEST_F(end, cancel_of_a_sleeper)
{
	int other = kst_open(KST_SPACE, O_RDWR), res, cancelled;
	struct kvt_entry e[2], r;
	struct io_uring ring;
	struct kvt_batch b;

	ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
	ASSERT_LE(0, kst_reserve(other, kst_key(2, 0), kst_root, &r));
	kst_entries(e, 2, 1, 0);
	memcpy(e[1].key, kst_key(2, 0).b, KVT_KEY_SIZE);
	kst_batch(&b, KVT_OP_ACQUIRE, e, 2);
	kst_waiting(&b);
	kst_sqe(&ring, self->fd, &b, 1)->flags |= IOSQE_ASYNC;
	ASSERT_EQ(1, io_uring_submit(&ring));
	EXPECT_EQ(1, kst_attr_wait(KST_SPACE, "leases", 1));
	ASSERT_EQ(1, cancel(&ring));
	ASSERT_EQ(0, reap_both(&ring, &res, &cancelled));
	EXPECT_EQ(-EALREADY, cancelled);
	EXPECT_EQ(-ECANCELED, res);
	/* What was done stands, and is told. */
	EXPECT_EQ(2, b.done);
	EXPECT_EQ(1, b.ok);
	EXPECT_LE(0, e[0].result);
	EXPECT_EQ(-ECANCELED, e[1].result);
	EXPECT_EQ(1, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(0, kst_release(self->fd, e[0].slot));
	kst_abort(other, r.slot);
	io_uring_queue_exit(&ring);
	close(other);
	expect_clean(_metadata, self);
}

/* Nobody sleeps for these: io_uring does not know how to cancel them, we do. */
TEST_F(end, cancel_of_a_waiter)
{
	int other = kst_open(KST_SPACE, O_RDWR), res, cancelled;
	struct io_uring ring, ring2;
	struct kvt_entry e[3], r;
	struct kvt_batch b[3];
	unsigned int i;
	__u64 tag;

	ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
	ASSERT_EQ(0, io_uring_queue_init(4, &ring2, 0));
	ASSERT_LE(0, kst_reserve(other, kst_key(2, 0), kst_root, &r));
	for (i = 0; i < 3; i++) {
		kst_entries(&e[i], 1, 2, 0);
		kst_batch(&b[i], KVT_OP_ACQUIRE, &e[i], 1);
		kst_waiting(&b[i]);
		kst_sqe(&ring, self->fd, &b[i], 1);
		ASSERT_EQ(1, io_uring_submit(&ring));
	}
	ASSERT_EQ(1, cancel(&ring));
	ASSERT_EQ(0, kst_reap(&ring, KST_PATIENCE, &tag, &res));
	EXPECT_EQ(1000, tag);
	EXPECT_EQ(-ENOENT, res);
	/* Not of this ring, not on this file, not this batch. */
	ASSERT_EQ(1, cancel_waiter(&ring2, self->fd, &b[0]));
	ASSERT_EQ(0, kst_reap(&ring2, KST_PATIENCE, &tag, &res));
	EXPECT_EQ(0, res);
	ASSERT_EQ(1, cancel_waiter(&ring, other, NULL));
	ASSERT_EQ(0, kst_reap(&ring, KST_PATIENCE, &tag, &res));
	EXPECT_EQ(0, res);
	ASSERT_EQ(1, cancel_waiter(&ring, self->fd, (void *)e));
	ASSERT_EQ(0, kst_reap(&ring, KST_PATIENCE, &tag, &res));
	EXPECT_EQ(0, res);
	ASSERT_EQ(-ETIME, kst_reap(&ring, 100, &tag, &res));
	/* One of them; all that are left. */
	ASSERT_EQ(1, cancel_waiter(&ring, self->fd, &b[1]));
	ASSERT_EQ(0, reap_both(&ring, &res, &cancelled));
	EXPECT_EQ(1, cancelled);
	EXPECT_EQ(-ECANCELED, res);
	EXPECT_EQ(-ECANCELED, e[1].result);
	EXPECT_EQ(1, b[1].done);
	EXPECT_EQ(0, b[1].ok);
	ASSERT_EQ(1, cancel_waiter(&ring, self->fd, NULL));
	ASSERT_EQ(0, reap_both(&ring, &res, &cancelled));
	ASSERT_EQ(0, kst_reap(&ring, KST_PATIENCE, &tag, &res));
	EXPECT_EQ(-ECANCELED, e[0].result);
	EXPECT_EQ(-ECANCELED, e[2].result);
	ASSERT_EQ(0, kst_commit(other, r.slot));
	io_uring_queue_exit(&ring);
	io_uring_queue_exit(&ring2);
	close(other);
	expect_clean(_metadata, self);
}

/* The completion says what was done: that can be given back, and is all. */
static void give_back(struct __test_metadata *_metadata, int fd, struct job *j)
{
	unsigned int n;

	for (n = 0; n < j->b.done; n++) {
		int r = j->e[n].result;

		if (r < 0)
			continue;
		if (r & KVT_RES_LEASED) {
			EXPECT_EQ(0, kst_release(fd, j->e[n].slot));
		} else if (j->b.op == KVT_OP_RESERVE && !(r & KVT_RES_PRESENT)) {
			kst_abort(fd, j->e[n].slot);
		}
	}
}

/* At any moment, by ours and by io_uring's. */
TEST_F_TIMEOUT(end, cancels, 900)
{
	unsigned int i, nr = self->full ? 2000 : 200, done = 0, stopped = 0;
	struct job *j = &jobs[0];
	struct io_uring ring;
	struct kst_child c;
	int res, cancelled;

	ASSERT_EQ(0, kst_spawn(&c, filler, (void *)(intptr_t)self->fd));
	ASSERT_EQ(1, kst_hear(&c));
	ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
	srand(2);
	for (i = 0; i < nr; i++) {
		bool ours = rand() % 2;

		any_job(j);
		if (j->b.timeout_ns)
			j->b.timeout_ns = 20000000;
		kst_sqe(&ring, self->fd, &j->b, 1)->flags |= ours ? 0 : IOSQE_ASYNC;
		ASSERT_EQ(1, io_uring_submit(&ring));
		nap();
		ASSERT_EQ(1, ours ? cancel_waiter(&ring, self->fd, &j->b) :
				    cancel(&ring));
		ASSERT_EQ(0, reap_both(&ring, &res, &cancelled));
		ASSERT_TRUE(!res || res == -ECANCELED || res == -EINTR) {
			TH_LOG("%d", res);
		}
		done += !res;
		stopped += !!res;
		/* By io_uring, before it was begun: nothing was written. */
		if (ours || !res || cancelled)
			give_back(_metadata, self->fd, j);
	}
	io_uring_queue_exit(&ring);
	kst_kill(&c);
	EXPECT_LT(0, done);
	EXPECT_LT(0, stopped);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
	expect_clean(_metadata, self);
}

/* ----------------------------------------------------------------------- killed */

static int client(struct kst_child *c, void *arg)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	struct io_uring ring;
	unsigned int i;
	__u64 tag;
	int res;

	srand((uintptr_t)arg);
	if (fd < 0 || io_uring_queue_init(DEPTH, &ring, any_setup()))
		return 1;
	for (i = 0; i < DEPTH; i++) {
		any_job(&jobs[i]);
		kst_sqe(&ring, fd, &jobs[i].b, i);
	}
	kst_say(c, 1);
	for (;;) {
		if (io_uring_submit(&ring) < 0 ||
		    kst_reap(&ring, KST_PATIENCE, &tag, &res) || tag >= DEPTH)
			return 2;
		/* Leases are never given back but by the file. */
		if (rand() % 64 == 0) {
			close(fd);
			fd = kst_open(KST_SPACE, O_RDWR);
		}
		any_job(&jobs[tag]);
		kst_sqe(&ring, fd, &jobs[tag].b, tag);
	}
	return 0;
}

TEST_F_TIMEOUT(end, kills, 1800)
{
	unsigned int i, nr = self->full ? 1000 : 50;
	struct kst_child c[2] = { 0 }, other;

	ASSERT_EQ(0, kst_spawn(&other, filler, (void *)(intptr_t)self->fd));
	ASSERT_EQ(1, kst_hear(&other));
	srand(3);
	for (i = 0; i < nr + 2; i++) {
		struct kst_child *k = &c[i % 2];

		if (k->pid) {
			kill(k->pid, SIGKILL);
			ASSERT_EQ(-SIGKILL, kst_join(k)) {
				TH_LOG("client %u ended by itself", i - 2);
			}
			k->pid = 0;
		}
		if (i >= nr)
			continue;
		ASSERT_EQ(0, kst_spawn(k, client, (void *)(uintptr_t)i));
		ASSERT_EQ(1, kst_hear(k));
		kst_sleep_ms(rand() % 15);
	}
	kst_kill(&other);
	EXPECT_EQ(1, kst_attr_wait(KST_SPACE, "openers", 1));
	expect_clean(_metadata, self);
}

TEST_HARNESS_MAIN
