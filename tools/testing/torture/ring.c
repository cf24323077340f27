// SPDX-License-Identifier: GPL-2.0
/*
 * A worker's commands by io_uring. Some are cancelled on the way: what was done of them
 * stands, and the batch says how far that is.
 */
#include <errno.h>
#include <liburing.h>
#include <string.h>
#include <unistd.h>

#include "torture.h"

enum { COMMAND = 1, CANCEL };

static struct io_uring ring;

/* After worker_open(). Without a ring, for want of memory, it uses ioctl. */
void ring_open(struct worker *w)
{
	static const unsigned int flags[] = {
		0, IORING_SETUP_COOP_TASKRUN,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};

	w->has_ring = !io_uring_queue_init(8, &ring, flags[rng_below(&w->rng, 3)]);
}

void ring_close(struct worker *w)
{
	if (w->has_ring)
		io_uring_queue_exit(&ring);
	w->has_ring = false;
}

static struct io_uring_sqe *entry(struct worker *w, uint32_t cmd, uint64_t data)
{
	struct kvt_uring_submit arg = { .batch = (uintptr_t)&w->b };
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, w->fd, NULL, 0, 0);
	sqe->cmd_op = cmd;
	sqe->user_data = data;
	memcpy(sqe->cmd, &arg, sizeof(arg));
	return sqe;
}

/* By our own way, or by io_uring's, which finds what a worker of its sleeps for. */
static void cancel(struct worker *w, unsigned int async)
{
	struct io_uring_sqe *sqe;

	if (async) {
		sqe = io_uring_get_sqe(&ring);
		io_uring_prep_cancel64(sqe, COMMAND, 0);
		sqe->user_data = CANCEL;
	} else {
		entry(w, KVT_URING_CANCEL, CANCEL);
	}
	io_uring_submit(&ring);
	w->cancelled = true;
	atomic_fetch_add(&w->sh->cancels, 1);
}

/* The command's result; all that was submitted has completed. */
static int wait_all(unsigned int nr)
{
	struct io_uring_cqe *cqe;
	int res = 0;

	while (nr) {
		/* What could not be submitted for want of memory is tried again. */
		if (io_uring_submit_and_wait(&ring, 1) < 0 ||
		    io_uring_peek_cqe(&ring, &cqe))
			continue;
		if (cqe->user_data == COMMAND)
			res = cqe->res;
		io_uring_cqe_seen(&ring, cqe);
		nr--;
	}
	return res;
}

/* What an ioctl would return: 0, or -1 and errno. ECANCELED counts as success. */
int ring_submit(struct worker *w)
{
	unsigned int async = rng_one_in(&w->rng, 8) ? IOSQE_ASYNC : 0;
	int res;

	entry(w, KVT_URING_SUBMIT, COMMAND)->flags |= async;
	io_uring_submit(&ring);
	w->cancelled = false;
	if (rng_one_in(&w->rng, 4)) {
		if (rng_one_in(&w->rng, 2))
			usleep(rng_below(&w->rng, 2000));
		cancel(w, async);
	}
	res = wait_all(1 + w->cancelled);
	if (!res || (w->cancelled && (res == -ECANCELED || res == -EINTR)))
		return 0;
	errno = -res;
	return -1;
}
