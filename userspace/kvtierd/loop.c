// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "loop.h"

#define ENTRIES	256	/* of the submission ring */
#define BATCH	64	/* completions between two looks at the clock */

/* The faster set-up first: the last one is every kernel's. */
int kvd_loop_init(struct kvd_loop *loop)
{
	static const unsigned int flags[] = {
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0,
	};
	int rc = -EINVAL;
	size_t i;

	memset(loop, 0, sizeof(*loop));
	for (i = 0; i < sizeof(flags) / sizeof(*flags) && rc == -EINVAL; i++)
		rc = io_uring_queue_init(ENTRIES, &loop->ring, flags[i]);
	return rc;
}

void kvd_loop_exit(struct kvd_loop *loop)
{
	io_uring_queue_exit(&loop->ring);
}

struct io_uring_sqe *kvd_loop_sqe(struct kvd_loop *loop, struct kvd_event *event)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&loop->ring)))
		if (io_uring_submit(&loop->ring) == -ENXIO)
			abort();
	memset(sqe, 0, sizeof(*sqe));
	io_uring_sqe_set_data(sqe, event);
	return sqe;
}

void kvd_loop_watch(struct kvd_loop *loop, struct kvd_event *event)
{
	struct io_uring_sqe *sqe = kvd_loop_sqe(loop, event);

	io_uring_prep_poll_add(sqe, event->fd, POLLIN);
	io_uring_sqe_set_data(sqe, event);
}

/* A file is watched anew, and not for ever: so what was left unread is seen again. */
static void take(struct kvd_loop *loop, const struct io_uring_cqe *cqe)
{
	struct kvd_event *event = io_uring_cqe_get_data(cqe);

	event->happened(event, cqe->res);
	if (event->fd >= 0 && !loop->ended)
		kvd_loop_watch(loop, event);
}

static void take_all(struct kvd_loop *loop)
{
	struct io_uring_cqe *cqe, copy;
	int n;

	for (n = 0; n < BATCH && !io_uring_peek_cqe(&loop->ring, &cqe); n++) {
		copy = *cqe;
		io_uring_cqe_seen(&loop->ring, cqe);
		take(loop, &copy);
	}
}

/* Submits, and waits until something happens or a timer is due. */
static int wait_some(struct kvd_loop *loop)
{
	uint64_t now = kvp_now(), next = kvp_timers_next(&loop->timers);
	uint64_t left = next > now ? next - now : 0;
	struct __kernel_timespec ts;
	struct io_uring_cqe *cqe;
	int rc;

	if (left > 3600 * KVP_S)
		left = 3600 * KVP_S;
	ts.tv_sec = left / KVP_S;
	ts.tv_nsec = left % KVP_S;
	rc = io_uring_submit_and_wait_timeout(&loop->ring, &cqe, 1, &ts, NULL);
	return rc == -ETIME || rc == -EINTR || rc == -EBUSY || rc == -EAGAIN ||
	       rc > 0 ? 0 : rc;
}

int kvd_loop_run(struct kvd_loop *loop)
{
	int rc = 0;

	while (!loop->ended && !rc) {
		rc = wait_some(loop);
		take_all(loop);
		kvp_timers_run(&loop->timers, kvp_now());
	}
	return rc;
}
