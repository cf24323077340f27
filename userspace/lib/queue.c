// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Commands that do not block: batches sent through io_uring.
 *
 * A queue is one ring with a table of the commands in flight; the index in the
 * table is the ring's user data. The kernel writes to a batch until it completes:
 * so a queue is not given up before the last command has.
 *
 * Nothing here is locked: a queue belongs to the thread that made it. That is
 * also what lets the kernel complete commands when that thread asks for them
 * rather than by interrupting it.
 */
#define _GNU_SOURCE
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib.h"

#define CANCEL	UINT64_MAX	/* user data of what cancels; its result is nobody's */

/**
 * struct command - one place in the table
 * @batch: what is in flight; NULL: the place is free
 * @user: the caller's
 * @next: the next free place
 */
struct command {
	struct kvt_batch *batch;
	void		 *user;
	unsigned int	 next;
};

/**
 * struct kvt_queue - see above
 * @ring: the ring
 * @fd: the space's file
 * @owner: the thread that it belongs to
 * @pid: the process of @owner: a child's thread looks the same
 * @event: event file, or -1
 * @registered: the ring has buffers registered
 * @depth: places
 * @pending: places in use
 * @free: a free place, if @pending < @depth
 * @commands: the places
 */
struct kvt_queue {
	struct io_uring	ring;
	int		fd;
	pthread_t	owner;
	pid_t		pid;
	int		event;
	bool		registered;
	unsigned int	depth;
	unsigned int	pending;
	unsigned int	free;
	struct command	commands[];
};

static bool is_mine(const struct kvt_queue *queue)
{
	return pthread_equal(queue->owner, pthread_self());
}

/* The faster set-ups first: the last one is every kernel's. */
static int make_ring(struct io_uring *ring, unsigned int depth)
{
	static const unsigned int flags[] = {
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			IORING_SETUP_TASKRUN_FLAG,
		IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
		0,
	};
	int rc = -EINVAL;
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]) && rc == -EINVAL; i++) {
		struct io_uring_params params = { .flags = flags[i] };

		rc = io_uring_queue_init_params(depth, ring, &params);
	}
	return rc;
}

static void make_places(struct kvt_queue *queue)
{
	unsigned int i;

	for (i = 0; i < queue->depth; i++)
		queue->commands[i].next = i + 1;
}

int kvt_queue_create(struct kvt_space *space, unsigned int depth,
		     struct kvt_queue **out)
{
	struct kvt_queue *queue;
	int rc;

	if (!space || !out || !depth || depth > KVT_QUEUE_MAX_DEPTH)
		return -EINVAL;
	queue = calloc(1, sizeof(*queue) + depth * sizeof(queue->commands[0]));
	if (!queue)
		return -ENOMEM;
	queue->fd = space->fd;
	queue->owner = pthread_self();
	queue->pid = getpid();
	queue->event = -1;
	queue->depth = depth;
	make_places(queue);
	rc = make_ring(&queue->ring, depth);
	if (rc) {
		free(queue);
		return rc;
	}
	*out = queue;
	return 0;
}

/* ---- sending ---- */

static int submit(struct kvt_queue *queue)
{
	int rc;

	do {
		rc = io_uring_submit(&queue->ring);
	} while (rc == -EINTR);
	return rc;
}

/* A cleared entry of the submission ring, which empties when it is submitted. */
static struct io_uring_sqe *get_sqe(struct kvt_queue *queue, int *rc)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&queue->ring);

	*rc = 0;
	if (!sqe) {
		*rc = submit(queue);
		sqe = io_uring_get_sqe(&queue->ring);
	}
	if (sqe)
		memset(sqe, 0, sizeof(*sqe));
	else if (*rc >= 0)
		*rc = -EBUSY;
	return sqe;
}

static void prepare(const struct kvt_queue *queue, struct io_uring_sqe *sqe,
		    uint32_t cmd_op, const struct kvt_batch *batch)
{
	struct kvt_uring_submit cmd = { .batch = (uintptr_t)batch };

	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = queue->fd;
	sqe->cmd_op = cmd_op;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
}

/* What the kernel does not come to write was not reached. */
static void init_results(struct kvt_batch *batch)
{
	struct kvt_entry *entries = (void *)(uintptr_t)batch->entries;
	uint32_t i;

	batch->size = sizeof(*batch);
	batch->done = 0;
	batch->ok = 0;
	for (i = 0; i < batch->nr; i++)
		entries[i].result = -ECANCELED;
}

int kvt_queue_add(struct kvt_queue *queue, struct kvt_batch *batch, int buffer,
		  void *user)
{
	struct io_uring_sqe *sqe;
	struct command *command;
	int rc;

	if (!queue || !batch || !batch->nr || batch->nr > KVT_MAX_BATCH ||
	    !batch->entries || buffer < KVT_NO_BUFFER || buffer > UINT16_MAX)
		return -EINVAL;
	if (!is_mine(queue))
		return -EPERM;
	if (queue->pending == queue->depth)
		return -EBUSY;
	sqe = get_sqe(queue, &rc);
	if (!sqe)
		return rc;
	init_results(batch);
	prepare(queue, sqe, KVT_URING_SUBMIT, batch);
	if (buffer != KVT_NO_BUFFER) {
		sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
		sqe->buf_index = (uint16_t)buffer;
	}
	sqe->user_data = queue->free;
	command = &queue->commands[queue->free];
	command->batch = batch;
	command->user = user;
	queue->free = command->next;
	queue->pending++;
	return 0;
}

int kvt_queue_submit(struct kvt_queue *queue)
{
	if (!queue)
		return -EINVAL;
	return is_mine(queue) ? submit(queue) : -EPERM;
}

/* ---- completions ---- */

static bool take(struct kvt_queue *queue, const struct io_uring_cqe *cqe,
		 struct kvt_done *done)
{
	struct command *command;

	if (cqe->user_data == CANCEL)
		return false;
	command = &queue->commands[cqe->user_data];
	done->batch = command->batch;
	done->user = command->user;
	done->result = cqe->res;
	done->pad = 0;
	command->batch = NULL;
	command->next = queue->free;
	queue->free = (unsigned int)cqe->user_data;
	queue->pending--;
	return true;
}

/* No system call unless the kernel says that it has something to hand over. */
static size_t reap(struct kvt_queue *queue, struct kvt_done *done, size_t nr)
{
	struct io_uring_cqe *cqe;
	size_t n = 0;

	while (n < nr && !io_uring_peek_cqe(&queue->ring, &cqe)) {
		n += take(queue, cqe, &done[n]);
		io_uring_cqe_seen(&queue->ring, cqe);
	}
	return n;
}

/*
 * Submit what was added and wait, in one call. Any completion ends it, a
 * signal, or the time: who called looks again. (The kernel adds the time to its
 * clock, which must not overflow.)
 */
static int wait_once(struct kvt_queue *queue, uint64_t left)
{
	uint64_t ns = left < KVT_MAX_TIMEOUT_NS ? left : KVT_MAX_TIMEOUT_NS;
	struct __kernel_timespec ts = {
		.tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC,
	};
	struct io_uring_cqe *cqe;
	int rc;

	rc = io_uring_submit_and_wait_timeout(&queue->ring, &cqe, 1, &ts, NULL);
	return rc == -ETIME || rc == -EINTR || rc == -EBUSY || rc > 0 ? 0 : rc;
}

/* Before the completions are looked at: what comes later sets it again. */
static void reset_event(const struct kvt_queue *queue)
{
	eventfd_t ignored;

	if (queue->event >= 0)
		eventfd_read(queue->event, &ignored);
}

static ssize_t wait_some(struct kvt_queue *queue, struct kvt_done *done,
			 size_t nr, uint64_t deadline)
{
	uint64_t now;
	size_t n;
	int rc;

	for (;;) {
		n = reap(queue, done, nr);
		if (n || !queue->pending)
			return (ssize_t)n;
		now = kvt_now();
		if (now >= deadline)
			return 0;
		rc = wait_once(queue, deadline - now);
		if (rc < 0)
			return rc;
	}
}

ssize_t kvt_queue_wait(struct kvt_queue *queue, struct kvt_done *done,
		       size_t nr, uint64_t timeout_ns)
{
	ssize_t n;
	int rc = 0;

	if (!queue || !done || !nr)
		return -EINVAL;
	if (!is_mine(queue))
		return -EPERM;
	reset_event(queue);
	/* One that only looks, or finds something, has to send what was added. */
	if (io_uring_sq_ready(&queue->ring) &&
	    (!timeout_ns || io_uring_cq_ready(&queue->ring)))
		rc = submit(queue);
	n = wait_some(queue, done, nr, kvt_deadline(timeout_ns));
	return n || rc >= 0 ? n : rc;
}

unsigned int kvt_queue_pending(const struct kvt_queue *queue)
{
	return queue ? queue->pending : 0;
}

/* ---- cancelling ---- */

static bool in_flight(const struct kvt_queue *queue,
		      const struct kvt_batch *batch)
{
	unsigned int i;

	for (i = 0; i < queue->depth && batch; i++)
		if (queue->commands[i].batch == batch)
			return true;
	return !batch && queue->pending;
}

/* io_uring's own cancel does not reach commands that nobody sleeps for. */
int kvt_queue_cancel(struct kvt_queue *queue, const struct kvt_batch *batch)
{
	struct io_uring_sqe *sqe;
	int rc;

	if (!queue)
		return -EINVAL;
	if (!is_mine(queue))
		return -EPERM;
	if (!in_flight(queue, batch))
		return -ENOENT;
	sqe = get_sqe(queue, &rc);
	if (!sqe)
		return rc;
	prepare(queue, sqe, KVT_URING_CANCEL, batch);
	sqe->user_data = CANCEL;
	rc = submit(queue);
	return rc < 0 ? rc : 0;
}

/* ---- event file, buffers ---- */

int kvt_queue_eventfd(struct kvt_queue *queue)
{
	int fd, rc;

	if (!queue)
		return -EINVAL;
	if (!is_mine(queue))
		return -EPERM;
	if (queue->event >= 0)
		return queue->event;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	rc = io_uring_register_eventfd(&queue->ring, fd);
	if (rc) {
		close(fd);
		return rc;
	}
	/* What has completed before is not told of again. */
	if (queue->pending)
		eventfd_write(fd, 1);
	queue->event = fd;
	return fd;
}

int kvt_queue_register(struct kvt_queue *queue, const struct iovec *buffers,
		       unsigned int nr)
{
	int rc;

	if (!queue || (nr && !buffers))
		return -EINVAL;
	if (!is_mine(queue))
		return -EPERM;
	if (queue->pending)
		return -EBUSY;
	rc = queue->registered ? io_uring_unregister_buffers(&queue->ring) : 0;
	if (rc)
		return rc;
	queue->registered = false;
	if (nr)
		rc = io_uring_register_buffers(&queue->ring, buffers, nr);
	queue->registered = nr && !rc;
	return rc;
}

/* ---- the end ---- */

/* Until the kernel has let go of all batches and of what they point to. */
static int finish_all(struct kvt_queue *queue)
{
	struct kvt_done done;
	ssize_t n;

	if (queue->pending)
		kvt_queue_cancel(queue, NULL);
	while (queue->pending) {
		n = kvt_queue_wait(queue, &done, 1, KVT_FOREVER);
		if (n < 0)
			return (int)n;
	}
	return 0;
}

int kvt_queue_destroy(struct kvt_queue *queue)
{
	int rc;

	if (!queue)
		return 0;
	/* What is in flight is the parent's; the child has but the memory. */
	if (queue->pid == getpid()) {
		rc = is_mine(queue) ? finish_all(queue) : -EPERM;
		if (rc)
			return rc;
	}
	io_uring_queue_exit(&queue->ring);
	if (queue->event >= 0)
		close(queue->event);
	free(queue);
	return 0;
}
