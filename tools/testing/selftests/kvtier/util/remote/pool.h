/* SPDX-License-Identifier: GPL-2.0 */
/* What the helper's thread knows of a pool in memory, and tests do not. */
#ifndef KST_REMOTE_POOL_H
#define KST_REMOTE_POOL_H

#include <pthread.h>

#include "remote.h"

/* @lock guards all but the first. */
struct kst_pool {
	__u32 block_size;
	pthread_mutex_t lock;
	struct pool_block *blocks;
	unsigned int nr;
	struct kst_ways ways;
	unsigned int asked[4];
	unsigned int requests[4];
	unsigned int pending;
	unsigned int wrong;
};

#define KST_LOCKED(p, expr)						\
	({								\
		pthread_mutex_lock(&(p)->lock);				\
		typeof(expr) locked_ = (expr);				\
		pthread_mutex_unlock(&(p)->lock);			\
		locked_;						\
	})

/* One of those that are counted down, if any is left. */
static inline bool kst_one_more(unsigned int *left)
{
	return *left && (*left)--;
}

/*
 * What @op says is done to the block that @rb names; its @frame is NULL if it could not be
 * mapped. Returns its status.
 */
int kst_pool_carry_out(struct kst_pool *p, enum kvt_remote_op op, __u32 flags,
		       const struct kvt_remote_block *rb, char *frame,
		       char *trailer);

#endif /* KST_REMOTE_POOL_H */
