/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Many transfers at a time by io_uring, from one thread, always as many as were
 * asked for: each that ends makes the next one begin.
 */
#ifndef _BENCH_RING_H
#define _BENCH_RING_H

#include <liburing.h>
#include <stdint.h>

#define RING_MAX 64		/* transfers at a time */

/**
 * struct ring_user - what is done
 * @prepare: transfer number @n, in place @at of 0 .. depth - 1
 * @done: it has ended. Returns 0, or -1 and has said why
 * @reaped: all that had ended were given to @done; NULL: nobody cares
 * @arg: for these
 *
 * One that fails ends the run, once what is under way has ended.
 */
struct ring_user {
	void (*prepare)(void *arg, struct io_uring_sqe *sqe, uint32_t at,
			uint64_t n);
	int (*done)(void *arg, uint32_t at, int res);
	int (*reaped)(void *arg);
	void *arg;
};

/**
 * struct ring - a run of them
 * @user: what is done
 * @depth: transfers at a time
 * @next: number of the next one
 * @end: as many are begun, at most
 * @stop: by another thread: no more are begun
 */
struct ring {
	struct ring_user user;
	uint32_t depth;
	uint64_t next;
	uint64_t end;
	int stop;
};

int ring_run(struct ring *r);

#endif /* _BENCH_RING_H */
