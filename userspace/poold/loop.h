/* SPDX-License-Identifier: GPL-2.0 */
/* The one loop of the one thread: files to watch, timers, and what is to be freed after. */
#ifndef PN_LOOP_H
#define PN_LOOP_H

#include <stdbool.h>

#include "container.h"
#include "timer.h"

/**
 * struct pn_watch - a file that is watched
 * @ready: called when it is readable
 */
struct pn_watch {
	void (*ready)(struct pn_watch *watch);
};

/**
 * struct pn_garbage - memory that somebody in the loop may still look at
 * @next: loop.c's
 * @free: called when nobody does any more
 */
struct pn_garbage {
	struct pn_garbage *next;
	void (*free)(struct pn_garbage *garbage);
};

/**
 * struct pn_loop - see above
 * @epoll: all files
 * @timers: CLOCK_MONOTONIC, ns
 * @garbage: to be freed
 * @ended: end when this was seen
 */
struct pn_loop {
	int epoll;
	struct kvp_timers timers;
	struct pn_garbage *garbage;
	bool ended;
};

/* 0 or a negative errno. */
int pn_loop_init(struct pn_loop *loop);
int pn_loop_watch(struct pn_loop *loop, int fd, struct pn_watch *watch);
/* Until @ended. */
int pn_loop_run(struct pn_loop *loop);

/* Before the file is closed. Its watch may be called once more in this round. */
void pn_loop_unwatch(struct pn_loop *loop, int fd);
void pn_loop_discard(struct pn_loop *loop, struct pn_garbage *garbage);
void pn_loop_exit(struct pn_loop *loop);

#endif /* PN_LOOP_H */
