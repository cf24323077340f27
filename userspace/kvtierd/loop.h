/* SPDX-License-Identifier: GPL-2.0 */
/* The one loop of the one thread: an io_uring for all that can happen, and timers. */
#ifndef KVD_LOOP_H
#define KVD_LOOP_H

#include <liburing.h>

#include "container.h"
#include "timer.h"

/**
 * struct kvd_event - something that completes; its address is its user data
 * @happened: called with each completion. @res: its result. For files that are
 *	watched: what poll() says
 * @fd: the file, if one is watched
 */
struct kvd_event {
	void (*happened)(struct kvd_event *event, int res);
	int fd;
};

/**
 * struct kvd_loop - see above
 * @ring: the ring
 * @timers: fire between events
 * @ended: end when this was seen
 */
struct kvd_loop {
	struct io_uring ring;
	struct kvp_timers timers;
	bool ended;
};

/* 0 or negative errno. */
int kvd_loop_init(struct kvd_loop *loop);
void kvd_loop_exit(struct kvd_loop *loop);

/* Watch @event->fd, until the loop's end. */
void kvd_loop_watch(struct kvd_loop *loop, struct kvd_event *event);

/* A cleared entry, whose completion is @event's. Never fails: it submits what is there. */
struct io_uring_sqe *kvd_loop_sqe(struct kvd_loop *loop, struct kvd_event *event);

/* Until @ended. Returns 0, or the negative errno that made it end. */
int kvd_loop_run(struct kvd_loop *loop);

#endif /* KVD_LOOP_H */
