/* SPDX-License-Identifier: GPL-2.0 */
/* A remote tier and its helper: requests go out, and end, whatever the helper does. */
#ifndef _KVT_REMOTE_H
#define _KVT_REMOTE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "kvtier_remote.h"
#include "tier.h"

struct file;
struct io_uring_cmd;
struct kvt_request;

/**
 * struct kvt_request_ops - whose request it is
 * @ended: called once, by a worker: nobody is to wait for it any more. @err: 0: the
 *	statuses and trailers are the helper's answer; -ETIMEDOUT: its deadline is over;
 *	-ENOLINK: the helper is gone; -ECANCELED: kvt_remote_disown()
 * @released: called once, by a worker, after @ended: the request is the owner's again, to be
 *	freed. @answered: the helper has said that it is done with the frames, or never
 *	had the request. If not, its device may still be writing to them
 *
 * Different requests' are called at the same time. They may sleep, and submit others.
 */
struct kvt_request_ops {
	void (*ended)(struct kvt_request *rq, int err);
	void (*released)(struct kvt_request *rq, bool answered);
};

/**
 * struct kvt_request - blocks that the helper is to do something with
 * @ops: the owner's; constant
 * @space: constant; its @nr_requests counts it until it is released
 * @deadline: CLOCK_MONOTONIC, ns; constant
 * @wait_ns: EXISTS; constant
 * @op: enum kvt_remote_op; constant
 * @nr: of @blocks; constant
 * @flags: KVT_REMOTE_F_*; constant
 * @trailer_size: bytes of one of @trailers; constant
 * @trailers: SPILL: to be sent; FETCH: room for the answer; else NULL. The owner's
 * @link: in remote->queue (remote->lock)
 * @work: calls @ops
 * @remote: it was submitted to; constant
 * @id: in its descriptor; constant
 * @state: private to remote.c (remote->lock)
 * @due: what @work has to call (remote->lock)
 * @err: for @ops->ended (remote->lock until then)
 * @answered: for @ops->released (remote->lock until then)
 * @blocks: the owner's until it is submitted, and again when it has ended
 *
 * The owner sets what is before @link, and @blocks.
 */
struct kvt_request {
	const struct kvt_request_ops *ops;
	struct kvt_space *space;
	u64 deadline;
	u64 wait_ns;
	u32 op;
	u32 nr;
	u32 flags;
	u32 trailer_size;
	void *trailers;
	struct list_head link;
	struct work_struct work;
	struct kvt_remote *remote;
	u64 id;
	u8 state;
	u8 due;
	bool answered;
	int err;
	struct kvt_remote_block blocks[KVT_REMOTE_BATCH];
};

/*
 * What is submitted waits in one of these for a tag. All but the first have a share
 * of the tags only, so that who is waited for always finds one.
 */
enum kvt_remote_lane {
	KVT_LANE_ASKED,		/* somebody waits for the answer */
	KVT_LANE_TOLD,		/* SPILL, DROP */
	KVT_LANE_EXPECTED,	/* EXISTS with wait_ns: may take that long */
	KVT_NR_LANES,
};

/**
 * struct kvt_tag - a descriptor of a helper's (remote->lock)
 * @io: the command that waits for a request; NULL: not armed
 * @id: of the request that the helper has not answered; 0: none
 * @rq: that request; NULL: it is not waited for any more
 * @lane: of that request
 */
struct kvt_tag {
	struct io_uring_cmd *io;
	u64 id;
	struct kvt_request *rq;
	enum kvt_remote_lane lane;
};

/**
 * struct kvt_helper - an open file that answers requests
 * @remote: of that tier; constant
 * @depth: length of @tags; constant
 * @memory: the descriptors, shared with user space; constant
 * @nr_out: by lane: tags that are not answered (remote->lock)
 * @tags: see there
 */
struct kvt_helper {
	struct kvt_remote *remote;
	u32 depth;
	void *memory;
	u32 nr_out[KVT_NR_LANES];
	struct kvt_tag tags[] __counted_by(depth);
};

/* What a remote tier counts, by name as in sysfs. */
#define KVT_REMOTE_COUNTS(X)	\
	X(requests)		\
	X(timeouts)		\
	X(helper_lost)

/**
 * struct kvt_remote - a remote tier
 * @tier: what all tiers are; its @users are spaces
 * @wq: calls owners of requests, and @expire; constant
 * @change: held while a helper comes or goes, so that events are in order
 * @lock: guards what follows; nothing is taken inside
 * @helper: NULL: none (read without)
 * @queue: by lane: requests that have no tag
 * @nr_queued: by lane: length of @queue
 * @in_flight: requests that are not released
 * @last_id: of a request
 * @requests: so many were submitted
 * @timeouts: of these, so many ended by their deadline
 * @helper_lost: and so many because the helper went
 * @expire: ends requests whose deadline is over
 * @wake_at: when @expire is to run (CLOCK_MONOTONIC, ns); U64_MAX: it is not queued
 */
struct kvt_remote {
	struct kvt_tier tier;
	struct workqueue_struct *wq;
	struct mutex change;	/* a helper comes or goes */

	spinlock_t lock;	/* what follows */
	struct kvt_helper *helper;
	struct list_head queue[KVT_NR_LANES];
	u32 nr_queued[KVT_NR_LANES];
	u64 in_flight;
	u64 last_id;
	u64 requests;
	u64 timeouts;
	u64 helper_lost;
	struct delayed_work expire;
	u64 wake_at;
};

static inline struct kvt_remote *to_kvt_remote(struct kvt_tier *tier)
{
	return container_of(tier, struct kvt_remote, tier);
}

/*
 * Any context that may sleep, no spinlock held. -ENOLINK: no helper; -EBUSY: too many
 * wait for it: then nothing is ever called.
 */
int kvt_remote_submit(struct kvt_remote *remote, struct kvt_request *rq);

/* A hint: it may go at any time. No lock. */
static inline bool kvt_remote_has_helper(const struct kvt_remote *remote)
{
	return READ_ONCE(remote->helper);
}

/*
 * All requests of a space end now, with -ECANCELED and unanswered (what is answered
 * already: with the answer), and no new ones come: the caller has seen to that.
 * Returns when all are released; never waits for the helper.
 */
void kvt_remote_disown(struct kvt_remote *remote, struct kvt_space *space);

int kvt_remote_add(const struct kvt_remote_add *arg);

/* By kvt_admin: the remote tier of that name, NULL if there is none. */
struct kvt_remote *kvt_remote_find(const char *name);
void kvt_remote_use(struct kvt_remote *remote);		/* counts in tier->users */
void kvt_remote_unuse(struct kvt_remote *remote);

static inline const char *kvt_remote_name(const struct kvt_remote *remote)
{
	return dev_name(&remote->tier.dev);
}

/* For helper.c. */
int kvt_remote_attach(struct kvt_helper *helper, const char *name);
void kvt_remote_detach(struct kvt_helper *helper);
int kvt_remote_arm(struct kvt_helper *helper, u32 tag, struct io_uring_cmd *io,
		   unsigned int issue_flags);
int kvt_remote_answer(struct kvt_helper *helper, u32 tag, u64 id,
		      struct io_uring_cmd *io, unsigned int issue_flags);
bool kvt_remote_disarm(struct kvt_helper *helper, u32 tag,
		       struct io_uring_cmd *io);
void kvt_remote_return(struct kvt_helper *helper, u32 tag, u64 id);

/* helper.c */
#define KVT_REMOTE_STRIDE \
	(KVT_REMOTE_TRAILERS + KVT_REMOTE_BATCH * KVT_REMOTE_MAX_TRAILER)

/* A new file, @arg's fields that are out filled in; or ERR_PTR(). */
struct file *kvt_helper_open(struct kvt_remote_attach *arg);
/* Tell it of request @id. remote->lock may be held. */
void kvt_helper_tell(struct io_uring_cmd *io, u64 id);

#endif /* _KVT_REMOTE_H */
