/* SPDX-License-Identifier: GPL-2.0 */
/* Commands by io_uring, for selftests. */
#ifndef KST_URING_H
#define KST_URING_H

#include <liburing.h>

#include "nvme.h"

/* A submission queue entry for @b; when a thread of the kernel's has made room. */
static inline struct io_uring_sqe *kst_sqe(struct io_uring *ring, int fd,
					   struct kvt_batch *b, __u64 tag)
{
	struct kvt_uring_submit submit = { .batch = kst_ptr(b) };
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(ring))) {
		io_uring_submit(ring);
		kst_sleep_ms(1);
	}
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, fd, NULL, 0, 0);
	sqe->cmd_op = KVT_URING_SUBMIT;
	sqe->user_data = tag;
	memcpy(sqe->cmd, &submit, sizeof(submit));
	return sqe;
}

/* The next completion within @ms: its tag and result; -ETIME: none. */
static inline int kst_reap(struct io_uring *ring, unsigned int ms, __u64 *tag,
			   int *res)
{
	struct __kernel_timespec ts = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000LL,
	};
	struct io_uring_cqe *cqe;
	int err;

	do {
		err = io_uring_wait_cqe_timeout(ring, &cqe, &ts);
	} while (err == -EINTR);
	if (err)
		return err;
	if (tag)
		*tag = cqe->user_data;
	*res = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return 0;
}

/* Submit what was prepared, which is one, and wait for it: its result. */
static inline int kst_carry(struct io_uring *ring)
{
	int ret = io_uring_submit(ring), res;

	/* A thread that polls may have taken it already: then it counts 0. */
	if (ret < 0)
		return ret;
	ret = kst_reap(ring, KST_PATIENCE, NULL, &res);
	return ret ?: res;
}

static inline int kst_uring(struct io_uring *ring, int fd, struct kvt_batch *b,
			    unsigned int sqe_flags)
{
	kst_sqe(ring, fd, b, 0)->flags |= sqe_flags;
	return kst_carry(ring);
}

/* Wait for others, as long as any wait that ends takes. */
static inline void kst_waiting(struct kvt_batch *b)
{
	b->flags |= KVT_F_WAIT;
	b->timeout_ns = KST_PATIENCE * 1000000ULL;
}

#endif /* KST_URING_H */
