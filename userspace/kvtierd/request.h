/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A request of the kernel's, on its way through the pool. Its blocks are given to the
 * members that have them, a part to each; what a member could not do goes to the next
 * replica. At its deadline it ends, whoever has not answered; but not while a
 * device may still touch its frames.
 *
 * A fetched block that its member has lent often is copied to extra members in one more
 * round, which changes nothing of what the kernel is told. While that is remembered (hot.h)
 * the block is asked for at any of them.
 */
#ifndef KVD_REQUEST_H
#define KVD_REQUEST_H

#include "kvtier_remote.h"
#include "part.h"
#include "timer.h"
#include "view.h"

/**
 * struct kvd_request - zero, but for what the caller sets
 * @desc: the caller's: the kernel's descriptor; status of its blocks is set at the end
 * @frames: the caller's: FETCH, SPILL: where the blocks' bytes are
 * @trailers: the caller's: the same
 * @view: the caller's: the pool; the request holds it by itself
 * @timers: the caller's
 * @done: the caller's: called once, from kvd_request_start() at the earliest, when it has
 *	ended and no device touches anything of it; the request is the caller's again
 * @plan: what is done at each member
 * @nr_parts: of @parts
 * @parts: under way
 * @settled: blocks, as bits, whose status is final
 * @known: blocks, as bits, that were known to be hot when it began
 * @hot: blocks, as bits, that have come, and were lent often
 * @nr_copied: copies that extra members have of it now, and had not
 * @has_begun: the one round of a plan that asks all members at once was begun
 * @is_late: the deadline is over
 * @tried: by block: so many of its replicas were asked, or were not ready
 * @status: by block, so far
 * @timer: the deadline, then the end of patience with devices
 * @began_at: kvp_now()
 */
struct kvd_request {
	struct kvt_remote_desc *desc;
	void *frames[KVT_REMOTE_BATCH];
	uint8_t *trailers;
	struct kvd_view *view;
	struct kvp_timers *timers;
	void (*done)(struct kvd_request *rq);

	const struct kvd_plan *plan;
	unsigned int nr_parts;
	struct kvd_part *parts;
	uint32_t settled;
	uint32_t known;
	uint32_t hot;
	unsigned int nr_copied;
	bool has_begun;
	bool is_late;
	uint8_t tried[KVT_REMOTE_BATCH];
	int32_t status[KVT_REMOTE_BATCH];
	struct kvp_timer timer;
	uint64_t began_at;
};

void kvd_request_start(struct kvd_request *rq);

/* End it now: members that are at work for it are lost. */
void kvd_request_abandon(struct kvd_request *rq);

/* part.c: a part has ended: @err by its number is what became of its blocks. */
void kvd_request_settle(struct kvd_request *rq, struct kvd_part *part);

/* When it has to have ended, a little before the kernel's deadline. */
uint64_t kvd_request_deadline(const struct kvd_request *rq);

#endif /* KVD_REQUEST_H */
