/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A space and its remote tier. Nobody keeps a pointer to the tier: it is asked by
 * kvt_space_ask(), and may be another one, or none, the next time.
 */
#ifndef _KVT_SPACE_REMOTE_H
#define _KVT_SPACE_REMOTE_H

#include <linux/ktime.h>
#include "space.h"

struct kvt_request;

/* When a request that begins now is to be over: CLOCK_MONOTONIC, ns. */
static inline u64 kvt_space_deadline(const struct kvt_space *space)
{
	return ktime_get_ns() +
	       (u64)READ_ONCE(space->knobs.remote_timeout_ms) * NSEC_PER_MSEC;
}

/* Has it one? A hint, one load: it may come or go at any time. */
static inline bool kvt_space_has_remote(const struct kvt_space *space)
{
	return rcu_access_pointer(space->remote);
}

bool kvt_space_has_helper(struct kvt_space *space);
int kvt_space_ask(struct kvt_space *space, struct kvt_request *rq);

/* With kvt_admin held. */
int kvt_space_set_remote(struct kvt_space *space, const char *name);
void kvt_space_leave_remote(struct kvt_space *space);

const char *kvt_space_remote_name(struct kvt_space *space, char *name);

#endif /* _KVT_SPACE_REMOTE_H */
