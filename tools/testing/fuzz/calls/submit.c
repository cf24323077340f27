// SPDX-License-Identifier: GPL-2.0
/* Batches, by ioctl and by io_uring. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "calls.h"

#define MOST_ENTRIES	16

static uint32_t draw_flags(struct thread *t, uint32_t op)
{
	static const uint32_t flags[] = {
		[KVT_OP_LOOKUP] = KVT_F_MEMORY_ONLY,
		[KVT_OP_ACQUIRE] = KVT_F_WAIT | KVT_F_NO_PROMOTE | KVT_F_MEMORY_ONLY |
			KVT_F_ARRIVING | KVT_F_LOCAL | KVT_F_AWAIT,
		[KVT_OP_RELEASE] = KVT_F_TOUCH,
		[KVT_OP_RESERVE] = KVT_F_WAIT | KVT_F_LEASE | KVT_F_FLAT | KVT_F_CLASS,
		[KVT_OP_PUT] = KVT_F_WAIT | KVT_F_FLAT | KVT_F_CLASS,
		[KVT_OP_GET] = KVT_F_LOCAL,
		[KVT_OP_PREFETCH] = KVT_F_LOCAL,
		[KVT_OP_DROP] = KVT_F_CHAIN | KVT_F_LOCAL,
	};
	uint32_t some = rng_next(&t->rng) & rng_next(&t->rng);

	return op < ARRAY_SIZE(flags) ? flags[op] & some : some & 3;
}

static void draw_entry(struct thread *t, const struct kvt_batch *b, struct kvt_entry *e,
		       uint32_t number)
{
	draw_key(t, e->key, number);
	e->slot = draw_below(t, 96);
	if (b->op == KVT_OP_GET) {
		e->pos = draw_below(t, 4) ? 0 : draw_below(t, 4096);
		e->len = 1 + draw_below(t, 4096 - e->pos);
		e->addr = draw_address(t, e->len);
	}
	if (b->op == KVT_OP_PUT)
		e->addr = draw_address(t, 64 << 10);
	if (b->flags & KVT_F_ARRIVING && draw_chance(t, 2))
		e->len = draw_below(t, 16) * 4096;
}

static uint64_t draw_timeout(struct thread *t)
{
	switch (draw_below(t, 64)) {
	case 0:
		return draw_edge(t);
	case 1:
		return 20000000;	/* 20 ms */
	case 2 ... 16:
		return 0;
	default:
		return draw_below(t, 500000);
	}
}

/* In the scratch memory: who submits it by io_uring does not wait for it. */
static struct kvt_batch *draw_batch(struct thread *t)
{
	static const uint8_t ops[] = {
		KVT_OP_LOOKUP, KVT_OP_ACQUIRE, KVT_OP_ACQUIRE, KVT_OP_RELEASE,
		KVT_OP_RELEASE, KVT_OP_RESERVE, KVT_OP_RESERVE, KVT_OP_COMMIT,
		KVT_OP_COMMIT, KVT_OP_ABORT, KVT_OP_PUT, KVT_OP_PUT, KVT_OP_GET,
		KVT_OP_GET, KVT_OP_GET, KVT_OP_LOOKUP, KVT_OP_ACQUIRE, KVT_OP_PREFETCH,
		KVT_OP_PREFETCH, KVT_OP_DROP, KVT_OP_DROP + 1,
	};
	struct kvt_batch *b = (void *)(t->p->scratch + draw_below(t, 64) * 4096);
	struct kvt_entry *e = (void *)(b + 1);
	uint32_t first = draw_below(t, 256), i;

	memset(b, 0, sizeof(*b) + MOST_ENTRIES * sizeof(*e));
	b->size = sizeof(*b);
	b->op = ops[draw_below(t, ARRAY_SIZE(ops))];
	b->flags = draw_flags(t, b->op);
	b->nr = 1 + draw_below(t, draw_chance(t, 4) ? MOST_ENTRIES : 3);
	b->entries = (uintptr_t)e;
	if (b->op == KVT_OP_RESERVE || b->op == KVT_OP_PUT)
		draw_key(t, b->parent, first + 255);
	if (b->flags & KVT_F_WAIT || b->op == KVT_OP_PREFETCH)
		b->timeout_ns = draw_timeout(t);
	if (b->flags & KVT_F_CLASS)
		b->class_id = draw_below(t, 16);
	for (i = 0; i < b->nr; i++)
		draw_entry(t, b, &e[i], first + i);
	if (b->op == KVT_OP_COMMIT || b->op == KVT_OP_RELEASE || b->op == KVT_OP_ABORT)
		for (i = 0; i < b->nr; i++)
			e[i].slot = e[0].slot + i;
	draw_spoil(t, b, sizeof(*b), 24);
	draw_spoil(t, e, b->nr && b->nr <= MOST_ENTRIES ? b->nr * sizeof(*e) : sizeof(*e), 24);
	return b;
}

bool step_submit(struct thread *t)
{
	struct file *f = draw_file(t, SPACE_FILE);
	struct kvt_batch *b = draw_batch(t);

	return f && !ioctl(atomic_load(&f->fd), KVT_IOC_SUBMIT, b);
}

/* -------------------------------------------------------------------- io_uring */

static bool ring_begin(struct thread *t)
{
	struct iovec buffers[2] = {
		{ t->p->scratch, SCRATCH_BYTES },
		{ t->p->areas + draw_below(t, NR_AREAS) * AREA_BYTES, 65536 },
	};
	struct io_uring_params params = {};

	switch (draw_below(t, 16)) {
	case 0:
		params.flags = IORING_SETUP_SQPOLL;
		params.sq_thread_idle = 1;
		break;
	case 1:
		params.flags = IORING_SETUP_IOPOLL;
		break;
	case 2 ... 5:
		params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
		break;
	}
	t->has_ring = !io_uring_queue_init_params(64, &t->ring, &params);
	/* The second may be no memory, or a window. */
	if (t->has_ring && io_uring_register_buffers(&t->ring, buffers, 2))
		io_uring_register_buffers(&t->ring, buffers, 1);
	return t->has_ring;
}

void ring_end(struct thread *t)
{
	if (t->has_ring)
		io_uring_queue_exit(&t->ring);
	t->has_ring = false;
}

/* A new ring; what the old one had under way is cut off. */
bool step_ring(struct thread *t)
{
	ring_end(t);
	return ring_begin(t);
}

/* NULL: it is full. */
struct io_uring_sqe *ring_entry(struct thread *t, int fd, uint32_t cmd_op, const void *cmd)
{
	struct io_uring_sqe *sqe;

	if (!t->has_ring && !ring_begin(t))
		return NULL;
	sqe = io_uring_get_sqe(&t->ring);
	if (!sqe)
		return NULL;
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, fd, NULL, 0, 0);
	sqe->cmd_op = cmd_op;
	memcpy(sqe->cmd, cmd, 16);
	return sqe;
}

bool step_uring(struct thread *t)
{
	struct file *f = draw_file(t, SPACE_FILE);
	struct kvt_batch *b = draw_batch(t);
	struct kvt_uring_submit submit = { .batch = (uintptr_t)b };
	struct io_uring_sqe *sqe;

	draw_spoil(t, &submit, sizeof(submit), 48);
	if (!f)
		return false;
	sqe = ring_entry(t, atomic_load(&f->fd), KVT_URING_SUBMIT, &submit);
	if (!sqe)
		return step_reap(t);
	sqe->user_data = submit.batch;
	if (draw_chance(t, 8))
		sqe->flags |= IOSQE_ASYNC;
	if (draw_chance(t, 8))
		sqe->flags |= IOSQE_IO_LINK;
	if (draw_chance(t, 8)) {
		sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
		sqe->buf_index = draw_below(t, 3);
	}
	if (draw_chance(t, 64))
		sqe->cmd_op = draw_edge(t);
	return draw_chance(t, 3) || io_uring_submit(&t->ring) > 0;
}

/* What has completed; now and then wait a little for more. */
bool step_reap(struct thread *t)
{
	struct __kernel_timespec ts = { .tv_nsec = draw_below(t, 200000) };
	struct io_uring_cqe *cqe;
	bool any = false;

	if (!t->has_ring)
		return false;
	io_uring_submit(&t->ring);
	if (draw_chance(t, 4) && !(t->ring.flags & IORING_SETUP_IOPOLL))
		io_uring_wait_cqe_timeout(&t->ring, &cqe, &ts);
	else
		io_uring_get_events(&t->ring);
	while (!io_uring_peek_cqe(&t->ring, &cqe)) {
		any |= cqe->res >= 0;
		io_uring_cqe_seen(&t->ring, cqe);
	}
	return any;
}

bool step_cancel(struct thread *t)
{
	struct file *f = draw_file(t, SPACE_FILE);
	struct kvt_uring_submit cancel = {};
	struct io_uring_sqe *sqe;

	if (draw_chance(t, 2))
		cancel.batch = (uintptr_t)t->p->scratch + draw_below(t, 64) * 4096;
	draw_spoil(t, &cancel, sizeof(cancel), 32);
	if (!f)
		return false;
	sqe = ring_entry(t, atomic_load(&f->fd), KVT_URING_CANCEL, &cancel);
	if (!sqe)
		return step_reap(t);
	/* Or by io_uring's own. */
	if (draw_chance(t, 3))
		io_uring_prep_cancel64(sqe, cancel.batch, draw_below(t, 8));
	return io_uring_submit(&t->ring) > 0;
}
