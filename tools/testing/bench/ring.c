// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ring.h"

/**
 * struct state - of a run
 * @uring: the kernel's
 * @flying: transfers under way
 * @idle: places that are free
 * @err: one failed
 */
struct state {
	struct io_uring uring;
	uint32_t flying;
	uint32_t idle[RING_MAX];
	int err;
};

static bool may_begin(struct ring *r, struct state *s)
{
	return !s->err && s->flying < r->depth && r->next < r->end &&
	       !__atomic_load_n(&r->stop, __ATOMIC_RELAXED);
}

static void begin(struct ring *r, struct state *s)
{
	struct io_uring_sqe *sqe;
	uint32_t at;

	while (may_begin(r, s)) {
		sqe = io_uring_get_sqe(&s->uring);
		if (!sqe)
			return;
		at = s->idle[r->depth - 1 - s->flying++];
		r->user.prepare(r->user.arg, sqe, at, r->next++);
		io_uring_sqe_set_data64(sqe, at);
	}
}

static void end_one(struct ring *r, struct state *s, struct io_uring_cqe *cqe)
{
	uint32_t at = (uint32_t)io_uring_cqe_get_data64(cqe);
	int res = cqe->res;

	io_uring_cqe_seen(&s->uring, cqe);
	s->idle[r->depth - s->flying--] = at;
	s->err |= r->user.done(r->user.arg, at, res);
}

static void reap(struct ring *r, struct state *s)
{
	struct io_uring_cqe *cqe;

	while (s->flying && !io_uring_peek_cqe(&s->uring, &cqe))
		end_one(r, s, cqe);
	if (r->user.reaped)
		s->err |= r->user.reaped(r->user.arg);
}

/* Returns 0 once nothing is left to do, or -1 and has said why. */
int ring_run(struct ring *r)
{
	struct state s = {};
	uint32_t i;
	int err;

	err = io_uring_queue_init(RING_MAX, &s.uring, 0);
	if (err) {
		fprintf(stderr, "kvtier-bench: cannot make an io_uring: %s\n",
			strerror(-err));
		return -1;
	}
	for (i = 0; i < r->depth; i++)
		s.idle[i] = i;
	for (;;) {
		begin(r, &s);
		if (!s.flying)
			break;
		err = io_uring_submit_and_wait(&s.uring, 1);
		if (err < 0 && err != -EINTR)
			break;
		reap(r, &s);
	}
	io_uring_queue_exit(&s.uring);
	if (err < 0 && err != -EINTR)
		fprintf(stderr, "kvtier-bench: io_uring_enter: %s\n",
			strerror(-err));
	return err < 0 && err != -EINTR ? -1 : s.err ? -1 : 0;
}
