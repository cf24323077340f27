// SPDX-License-Identifier: GPL-2.0
/*
 * Queues of libkvtier against the kernel. What a command by io_uring means is
 * tested next door (../kvtier/uring.c); here: completions come to whom they belong,
 * what is waited for ends, and a queue never goes before its commands.
 *
 * A block that @other has reserved is what commands wait for.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"
#include "klib.h"

#define MSEC	1000000ULL
#define PATIENCE (PATIENCE_MS * MSEC)
#define DEPTH	64
#define NR	100		/* blocks that there are, of chain 1 */

/**
 * struct command - one on its way
 * @batch: it
 * @entry: its only entry
 * @count: completions
 */
struct command {
	struct kvt_batch batch;
	struct kvt_entry entry;
	int count;
};

FIXTURE(queue) {
	int ctl;
	struct kvt_space *space;
	struct kvt_space *other;
	struct kvt_queue *queue;
	struct kvt_block held;	/* key(2, 0), which @other fills */
	struct command *commands;
};

FIXTURE_SETUP(queue)
{
	struct kvt_key k = key(2, 0), *chain = keys(1, NR);

	if (geteuid() || access(KVT_DEV_CONTROL, F_OK))
		SKIP(return, "needs root and kvtier.ko loaded");
	self->ctl = kvt_open_control();
	ASSERT_LE(0, self->ctl);
	ASSERT_EQ(0, unmake(self->ctl));
	ASSERT_EQ(0, make_space(self->ctl, BLOCK, 32 * MIB, 16 * MIB));
	ASSERT_EQ(0, kvt_open(NAME, 0, identity, &self->space));
	ASSERT_EQ(0, kvt_open(NAME, 0, identity, &self->other));
	ASSERT_EQ(NR, store(self->space, chain, NR));
	ASSERT_EQ(1, kvt_reserve(self->other, &k, 1, NULL, &self->held));
	ASSERT_EQ(0, kvt_queue_create(self->space, DEPTH, &self->queue));
	self->commands = calloc(4 * DEPTH, sizeof(*self->commands));
	free(chain);
}

FIXTURE_TEARDOWN(queue)
{
	EXPECT_EQ(0, kvt_queue_destroy(self->queue));
	kvt_close(self->space);
	kvt_close(self->other);
	EXPECT_EQ(0, unmake(self->ctl));
	close(self->ctl);
	free(self->commands);
}

static int add(struct kvt_queue *queue, struct command *c, enum kvt_op op,
	       struct kvt_key k)
{
	struct kvt_how how = {};

	if (op == KVT_OP_ACQUIRE) {
		how.flags = KVT_F_WAIT;
		how.timeout_ns = PATIENCE;
	}
	kvt_entries_init(&c->entry, &k, 1);
	kvt_batch_init(&c->batch, op, &c->entry, 1, &how);
	return kvt_queue_add(queue, &c->batch, KVT_NO_BUFFER, c);
}

static int add_waiter(struct kvt_queue *queue, struct command *c)
{
	return add(queue, c, KVT_OP_ACQUIRE, key(2, 0));
}

static struct kvt_done take(struct kvt_queue *queue)
{
	struct kvt_done done = { .result = -ETIME };
	ssize_t n = kvt_queue_wait(queue, &done, 1, PATIENCE);

	if (n < 0)
		done.result = (int32_t)n;
	return done;
}

static uint64_t clock_ns(void)
{
	return kvt_deadline(1);
}

/* ---- commands and their completions ---- */

TEST_F(queue, one)
{
	struct command *c = self->commands;
	struct kvt_key k = key(1, 0);
	struct kvt_block block;
	struct kvt_done done;

	ASSERT_EQ(0, add(self->queue, c, KVT_OP_ACQUIRE, k));
	EXPECT_EQ(1, kvt_queue_pending(self->queue));
	done = take(self->queue);
	EXPECT_EQ(0, done.result);
	EXPECT_EQ(&c->batch, done.batch);
	EXPECT_EQ(c, done.user);
	EXPECT_EQ(1, c->batch.ok);
	EXPECT_EQ(0, kvt_queue_pending(self->queue));
	kvt_entries_blocks(&c->entry, 1, &block);
	EXPECT_TRUE(block.result & KVT_RES_LEASED);
	EXPECT_TRUE(holds(kvt_ptr(self->space, block.offset), BLOCK, &k));
	EXPECT_EQ(1, kvt_release_blocks(self->space, &block, 1, NULL));
}

TEST_F(queue, refused_whole)
{
	struct command *c = self->commands;
	struct kvt_key k = key(1, 0);

	kvt_entries_init(&c->entry, &k, 1);
	kvt_batch_init(&c->batch, KVT_OP_LOOKUP, &c->entry, 1, NULL);
	c->batch.flags = KVT_F_TOUCH;
	ASSERT_EQ(0, kvt_queue_add(self->queue, &c->batch, KVT_NO_BUFFER, c));
	EXPECT_EQ(-EINVAL, take(self->queue).result);
	EXPECT_EQ(-ECANCELED, c->entry.result);
}

/* Each of many that complete in another order comes back once, with its own. */
TEST_F(queue, in_any_order)
{
	int i, round, stuck = 0;
	struct kvt_done done;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < DEPTH; i++) {
			struct command *c = &self->commands[i];

			c->count = 0;
			ASSERT_EQ(0, add(self->queue, c, KVT_OP_LOOKUP,
					 key(i % 4 == 3 ? 9 : 1, i)));
		}
		EXPECT_EQ(-EBUSY, add(self->queue, &self->commands[DEPTH],
				      KVT_OP_LOOKUP, key(1, 0)));
		EXPECT_EQ(DEPTH, kvt_queue_submit(self->queue));
		for (i = 0; i < DEPTH; i++) {
			struct command *c;

			done = take(self->queue);
			ASSERT_EQ(0, done.result);
			c = done.user;
			c->count++;
			stuck += done.batch != &c->batch || c->count != 1;
			stuck += (c->entry.result >= 0) != ((c - self->commands) % 4 != 3);
		}
		EXPECT_EQ(0, kvt_queue_pending(self->queue));
	}
	EXPECT_EQ(0, stuck);
	EXPECT_EQ(0, kvt_queue_wait(self->queue, &done, 1, PATIENCE));
}

/* What waits does not keep what need not wait. */
TEST_F(queue, waiters_are_overtaken)
{
	struct kvt_done done[DEPTH];
	int i, n = 0;

	for (i = 0; i < DEPTH / 2; i++)
		ASSERT_EQ(0, add_waiter(self->queue, &self->commands[i]));
	for (; i < DEPTH; i++)
		ASSERT_EQ(0, add(self->queue, &self->commands[i], KVT_OP_LOOKUP, key(1, i)));
	for (i = 0; i < DEPTH / 2; i++)
		EXPECT_LE(&self->commands[DEPTH / 2], (struct command *)take(self->queue).user);
	EXPECT_EQ(0, kvt_queue_wait(self->queue, done, DEPTH, 0));
	ASSERT_EQ(1, kvt_commit_blocks(self->other, &self->held, 1));
	while (n < DEPTH / 2) {
		ssize_t got = kvt_queue_wait(self->queue, done, DEPTH, PATIENCE);

		ASSERT_LT(0, got);
		for (i = 0; i < got; i++)
			EXPECT_EQ(0, done[i].result);
		n += got;
	}
	EXPECT_EQ(1, attr("leases")); /* a block counts once a file */
	for (i = 0; i < DEPTH / 2; i++)
		EXPECT_EQ(1, kvt_release(self->space, &self->commands[i].entry.slot, 1,
					 NULL, NULL));
	EXPECT_EQ(0, attr("leases"));
}

TEST_F(queue, filler_that_goes_is_a_miss)
{
	struct command *c = self->commands;

	ASSERT_EQ(0, add_waiter(self->queue, c));
	ASSERT_EQ(1, kvt_queue_submit(self->queue));
	kvt_close(self->other);
	self->other = NULL;
	EXPECT_EQ(0, take(self->queue).result);
	EXPECT_EQ(-ENOENT, c->entry.result);
}

/* ---- time ---- */

TEST_F(queue, time_is_over)
{
	struct kvt_done done;
	uint64_t before;

	ASSERT_EQ(0, add_waiter(self->queue, self->commands));
	before = clock_ns();
	EXPECT_EQ(0, kvt_queue_wait(self->queue, &done, 1, 0));
	EXPECT_EQ(0, kvt_queue_wait(self->queue, &done, 1, 50 * MSEC));
	EXPECT_LE(50 * MSEC, clock_ns() - before);
	EXPECT_EQ(1, kvt_queue_pending(self->queue));
}

TEST_F(queue, time_of_a_command)
{
	struct command *c = self->commands;

	ASSERT_EQ(0, add_waiter(self->queue, c));
	c->batch.timeout_ns = 20 * MSEC;
	EXPECT_EQ(0, take(self->queue).result);
	EXPECT_EQ(-ETIMEDOUT, c->entry.result);
}

static void on_signal(int signal)
{
	(void)signal;
}

TEST_F(queue, signals_do_not_end_a_wait)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct itimerval often = {
		.it_value.tv_usec = 5000, .it_interval.tv_usec = 5000,
	}, never = {};
	struct kvt_done done;
	uint64_t before = clock_ns();

	sigaction(SIGALRM, &action, NULL);
	ASSERT_EQ(0, add_waiter(self->queue, self->commands));
	setitimer(ITIMER_REAL, &often, NULL);
	EXPECT_EQ(0, kvt_queue_wait(self->queue, &done, 1, 100 * MSEC));
	setitimer(ITIMER_REAL, &never, NULL);
	EXPECT_LE(100 * MSEC, clock_ns() - before);
}

/* ---- cancelling ---- */

TEST_F(queue, cancel_one)
{
	struct command *c = self->commands;

	EXPECT_EQ(-ENOENT, kvt_queue_cancel(self->queue, &c->batch));
	EXPECT_EQ(-ENOENT, kvt_queue_cancel(self->queue, NULL));
	ASSERT_EQ(0, add_waiter(self->queue, &c[0]));
	ASSERT_EQ(0, add_waiter(self->queue, &c[1]));
	ASSERT_EQ(2, kvt_queue_submit(self->queue));
	ASSERT_EQ(0, kvt_queue_cancel(self->queue, &c[1].batch));
	EXPECT_EQ(-ECANCELED, take(self->queue).result);
	EXPECT_EQ(-ECANCELED, c[1].entry.result);
	EXPECT_EQ(1, kvt_queue_pending(self->queue));
	ASSERT_EQ(1, kvt_commit_blocks(self->other, &self->held, 1));
	EXPECT_EQ(&c[0], take(self->queue).user);
	EXPECT_LE(0, c[0].entry.result);
	EXPECT_EQ(-ENOENT, kvt_queue_cancel(self->queue, &c[0].batch));
}

TEST_F(queue, cancel_all)
{
	int i;

	for (i = 0; i < DEPTH; i++)
		ASSERT_EQ(0, add_waiter(self->queue, &self->commands[i]));
	ASSERT_EQ(0, kvt_queue_cancel(self->queue, NULL));
	for (i = 0; i < DEPTH; i++)
		EXPECT_EQ(-ECANCELED, take(self->queue).result);
	EXPECT_EQ(0, attr("leases"));
}

/* Cancels that race with the end of what they cancel: one completion each. */
TEST_F(queue, cancels_race)
{
	int i, j, lost = 0;

	for (i = 0; i < 200; i++) {
		struct command *c = self->commands;

		for (j = 0; j < 8; j++)
			ASSERT_EQ(0, add(self->queue, &c[j], KVT_OP_ACQUIRE, key(1, j)));
		ASSERT_EQ(0, kvt_queue_cancel(self->queue, i % 2 ? NULL : &c[i % 8].batch));
		for (j = 0; j < 8; j++) {
			struct kvt_done done = take(self->queue);
			struct command *d = done.user;

			ASSERT_TRUE(!done.result || done.result == -ECANCELED);
			lost += (done.result == 0) != (d->entry.result >= 0);
			if (d->entry.result >= 0)
				lost += kvt_release(self->space, &d->entry.slot, 1,
						    NULL, NULL) != 1;
		}
	}
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, attr("leases"));
}

TEST_F(queue, destroy_with_commands_in_flight)
{
	uint64_t before = clock_ns();
	int i;

	for (i = 0; i < DEPTH; i++)
		ASSERT_EQ(0, add_waiter(self->queue, &self->commands[i]));
	ASSERT_EQ(DEPTH, kvt_queue_submit(self->queue));
	ASSERT_EQ(0, kvt_queue_destroy(self->queue));
	self->queue = NULL;
	EXPECT_GT(PATIENCE / 2, clock_ns() - before);
	/* Nobody writes there any more. */
	memset(self->commands, 0x5a, DEPTH * sizeof(*self->commands));
	ASSERT_EQ(1, kvt_commit_blocks(self->other, &self->held, 1));
	usleep(20000);
	EXPECT_EQ(0x5a5a5a5a, self->commands[0].entry.result);
	EXPECT_EQ(0, attr("leases"));
}

/* ---- event file ---- */

TEST_F(queue, event_file)
{
	int fd = kvt_queue_eventfd(self->queue);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct kvt_done done[2];

	ASSERT_LE(0, fd);
	EXPECT_EQ(fd, kvt_queue_eventfd(self->queue));
	ASSERT_EQ(0, add_waiter(self->queue, self->commands));
	EXPECT_EQ(0, kvt_queue_wait(self->queue, done, 2, 0));
	EXPECT_EQ(0, poll(&poll_fd, 1, 20));
	ASSERT_EQ(1, kvt_commit_blocks(self->other, &self->held, 1));
	EXPECT_EQ(1, poll(&poll_fd, 1, PATIENCE_MS));
	EXPECT_EQ(1, kvt_queue_wait(self->queue, done, 2, 0));
	EXPECT_EQ(0, kvt_queue_wait(self->queue, done, 2, 0));
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
}

/* Asked for when something has completed already: it says so. */
TEST_F(queue, event_file_comes_late)
{
	struct pollfd poll_fd = { .events = POLLIN };
	struct kvt_done done;

	ASSERT_EQ(0, add(self->queue, self->commands, KVT_OP_LOOKUP, key(1, 0)));
	ASSERT_EQ(1, kvt_queue_submit(self->queue));
	poll_fd.fd = kvt_queue_eventfd(self->queue);
	EXPECT_EQ(1, poll(&poll_fd, 1, PATIENCE_MS));
	EXPECT_EQ(1, kvt_queue_wait(self->queue, &done, 1, 0));
}

/* ---- registered buffers ---- */

static int take_first(void *addr, size_t len, unsigned int arena, void *arg)
{
	struct iovec *iov = arg;

	(void)arena;
	iov->iov_base = addr;
	iov->iov_len = len;
	return 1;
}

TEST_F(queue, registered_buffers)
{
	struct command *c = self->commands;
	struct kvt_key k = key(3, 0), old = key(1, 5);
	struct iovec iov[2];
	char *memory;

	ASSERT_EQ(0, posix_memalign((void **)&memory, 4096, 2 * BLOCK));
	iov[0] = (struct iovec){ memory, 2 * BLOCK };
	ASSERT_EQ(1, kvt_for_each_chunk(self->space, 1 << 30, NULL, take_first, NULL, &iov[1]));
	ASSERT_EQ(0, kvt_queue_register(self->queue, iov, 2));

	fill(memory, BLOCK, &k);
	kvt_entries_init(&c->entry, &k, 1);
	c->entry.addr = (uintptr_t)memory;
	kvt_batch_init(&c->batch, KVT_OP_PUT, &c->entry, 1, NULL);
	ASSERT_EQ(0, kvt_queue_add(self->queue, &c->batch, 0, c));
	EXPECT_EQ(-EBUSY, kvt_queue_register(self->queue, NULL, 0));
	EXPECT_EQ(0, take(self->queue).result);
	EXPECT_LE(0, c->entry.result);

	kvt_entries_init(&c->entry, &k, 1);
	c->entry.addr = (uintptr_t)memory + BLOCK;
	c->entry.len = BLOCK;
	kvt_batch_init(&c->batch, KVT_OP_GET, &c->entry, 1, NULL);
	ASSERT_EQ(0, kvt_queue_add(self->queue, &c->batch, 0, c));
	EXPECT_EQ(0, take(self->queue).result);
	EXPECT_TRUE(holds(memory + BLOCK, BLOCK, &k));

	/* Into a frame of its own: the window is as good as other memory. */
	kvt_entries_init(&c->entry, &old, 1);
	c->entry.addr = (uintptr_t)kvt_ptr(self->space, self->held.offset);
	c->entry.len = BLOCK;
	kvt_batch_init(&c->batch, KVT_OP_GET, &c->entry, 1, NULL);
	ASSERT_EQ(0, kvt_queue_add(self->queue, &c->batch, 1, c));
	EXPECT_EQ(0, take(self->queue).result);
	EXPECT_LE(0, c->entry.result);
	EXPECT_TRUE(holds(kvt_ptr(self->space, self->held.offset), BLOCK, &old));

	/* Outside of what was registered */
	c->entry.addr = (uintptr_t)memory;
	ASSERT_EQ(0, kvt_queue_add(self->queue, &c->batch, 1, c));
	EXPECT_EQ(0, take(self->queue).result);
	EXPECT_EQ(-EFAULT, c->entry.result);
	EXPECT_EQ(0, kvt_queue_register(self->queue, NULL, 0));
	free(memory);
}

/* ---- threads and processes ---- */

static void *use_anothers(void *arg)
{
	struct command c = {};
	struct kvt_done done;
	bool good = add(arg, &c, KVT_OP_LOOKUP, key(1, 0)) == -EPERM &&
		    kvt_queue_submit(arg) == -EPERM &&
		    kvt_queue_wait(arg, &done, 1, 0) == -EPERM &&
		    kvt_queue_cancel(arg, NULL) == -EPERM &&
		    kvt_queue_eventfd(arg) == -EPERM &&
		    kvt_queue_destroy(arg) == -EPERM;

	return good ? arg : NULL;
}

TEST_F(queue, of_another_thread)
{
	pthread_t thread;
	void *good;

	ASSERT_EQ(0, pthread_create(&thread, NULL, use_anothers, self->queue));
	pthread_join(thread, &good);
	EXPECT_EQ(self->queue, good);
	ASSERT_EQ(0, add(self->queue, self->commands, KVT_OP_LOOKUP, key(1, 0)));
	EXPECT_EQ(0, take(self->queue).result);
}

#define THREADS	4
#define ROUNDS	50

struct worker {
	struct kvt_space *space;
	pthread_t thread;
	int nr;
	int wrong;
};

static void round_trip(struct worker *w, struct kvt_queue *queue, struct command *c)
{
	int i, left = 16;

	for (i = 0; i < 16; i++)
		w->wrong += !!add(queue, &c[i], KVT_OP_ACQUIRE, key(1, (w->nr * 7 + i) % NR));
	while (left) {
		struct kvt_done done = take(queue);
		struct command *d = done.user;
		struct kvt_key k;

		if (done.result) {
			w->wrong++;
			return;
		}
		k = key(1, (w->nr * 7 + (d - c)) % NR);
		w->wrong += !holds(kvt_ptr(w->space, d->entry.offset), BLOCK, &k);
		w->wrong += kvt_release(w->space, &d->entry.slot, 1, NULL, NULL) != 1;
		left--;
	}
}

static void *work(void *arg)
{
	struct command *c = calloc(16, sizeof(*c));
	struct worker *w = arg;
	struct kvt_queue *queue;
	int i;

	if (kvt_queue_create(w->space, 16, &queue)) {
		w->wrong++;
		return NULL;
	}
	for (i = 0; i < ROUNDS; i++)
		round_trip(w, queue, c);
	w->wrong += !!kvt_queue_destroy(queue);
	free(c);
	return NULL;
}

TEST_F(queue, a_queue_a_thread)
{
	struct worker workers[THREADS] = {};
	int i;

	for (i = 0; i < THREADS; i++) {
		workers[i].space = self->space;
		workers[i].nr = i;
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, work, &workers[i]));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		EXPECT_EQ(0, workers[i].wrong);
	}
	EXPECT_EQ(0, attr("leases"));
}

/* The child frees its copy; the command in flight is the parent's as before. */
TEST_F(queue, fork)
{
	struct command *c = self->commands;
	int status;
	pid_t pid;

	ASSERT_EQ(0, add_waiter(self->queue, c));
	ASSERT_EQ(1, kvt_queue_submit(self->queue));
	pid = fork();
	if (!pid)
		_exit(kvt_queue_destroy(self->queue) ? 1 : 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(1, kvt_commit_blocks(self->other, &self->held, 1));
	EXPECT_EQ(0, take(self->queue).result);
	EXPECT_LE(0, c->entry.result);
}

/* In the child: commands in flight and some that come and go, until it is killed. */
static void be_killed(int tell)
{
	struct command *c = calloc(DEPTH, sizeof(*c));
	struct kvt_space *space;
	struct kvt_queue *queue;
	int i;

	if (kvt_open(NAME, 0, identity, &space) || kvt_queue_create(space, DEPTH, &queue))
		_exit(1);
	for (i = 0; i < DEPTH / 2; i++)
		add_waiter(queue, &c[i]);
	kvt_queue_submit(queue);
	if (write(tell, "", 1) != 1)
		_exit(1);
	for (;;) {
		add(queue, &c[DEPTH - 1], KVT_OP_ACQUIRE, key(1, 1));
		take(queue);
	}
}

TEST_F(queue, killed)
{
	int i, pipe_fd[2];
	char byte;

	for (i = 0; i < 10; i++) {
		pid_t pid;

		ASSERT_EQ(0, pipe(pipe_fd));
		pid = fork();
		if (!pid)
			be_killed(pipe_fd[1]);
		ASSERT_EQ(1, read(pipe_fd[0], &byte, 1));
		usleep(1000 * i);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
		close(pipe_fd[0]);
		close(pipe_fd[1]);
	}
	/* What a dead ring held goes a little later. */
	EXPECT_EQ(0, attr_wait("leases", 0));
	EXPECT_EQ(2, attr_wait("openers", 2));
}

/* ---- io_uring is not to be had ---- */

TEST_F(queue, switched_off)
{
	struct kvt_queue *queue = NULL;
	int fd = open("/proc/sys/kernel/io_uring_disabled", O_RDWR);

	if (fd < 0)
		SKIP(return, "no sysctl kernel.io_uring_disabled");
	ASSERT_EQ(2, pwrite(fd, "2\n", 2, 0));
	EXPECT_EQ(-EPERM, kvt_queue_create(self->space, 1, &queue));
	EXPECT_NE(NULL, strstr(kvt_strerror(KVT_CALL_QUEUE_CREATE, -EPERM), "io_uring_disabled"));
	ASSERT_EQ(2, pwrite(fd, "0\n", 2, 0));
	EXPECT_EQ(0, kvt_queue_create(self->space, 1, &queue));
	kvt_queue_destroy(queue);
	close(fd);
}

TEST_HARNESS_MAIN
