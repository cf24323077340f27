/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_TALLY_H
#define REPLAY_TALLY_H

#include <stdint.h>

#include "hist.h"
#include "libkvtier.h"

#define NR_TIER_KINDS	(KVT_TIER_REMOTE + 1)

/**
 * enum step - what a client spends its time on
 * @STEP_ATTACH: open the space, attach, map all windows; once a process
 * @STEP_LOOKUP: one LOOKUP of the whole chain, to see where its blocks are
 * @STEP_ACQUIRE: one ACQUIRE, of the whole chain
 * @STEP_WAIT: an ACQUIRE or RESERVE of the rest, that was given time
 * @STEP_VERIFY: compare the bytes of one request's hits
 * @STEP_RESERVE: one RESERVE, of all that was missing
 * @STEP_FILL: write the bytes of the frames that it gave
 * @STEP_COMMIT: one COMMIT of them
 * @STEP_RELEASE: one RELEASE of all leases of a request
 * @STEP_REQUEST: a request, from its arrival until its blocks are stored
 * @NR_STEPS: how many there are
 */
enum step {
	STEP_ATTACH,
	STEP_LOOKUP,
	STEP_ACQUIRE,
	STEP_WAIT,
	STEP_VERIFY,
	STEP_RESERVE,
	STEP_FILL,
	STEP_COMMIT,
	STEP_RELEASE,
	STEP_REQUEST,
	NR_STEPS,
};

/**
 * enum count - what is counted; blocks unless said
 * @COUNT_REQUESTS: requests done
 * @COUNT_BLOCKS: blocks that these asked for
 * @COUNT_HITS: of those, leased
 * @COUNT_VERIFIED: blocks whose bytes were compared
 * @COUNT_VERIFIED_BYTES: bytes compared
 * @COUNT_WRONG: blocks that had other bytes than their key says
 * @COUNT_STORED: blocks filled and sealed
 * @COUNT_STORED_BYTES: bytes filled
 * @COUNT_PRESENT: misses that another client had stored when we wanted to
 * @COUNT_FILLING: found being filled by another client or thread
 * @COUNT_NO_SPACE: refused with ENOSPC, or ETIMEDOUT while waiting for a frame
 * @COUNT_WAITS: batches that ended for want of a frame, or at a block that is
 *	being filled, and were given time
 * @COUNT_NO_QUOTA: refused with EDQUOT
 * @COUNT_NOT_STORED: misses not stored by us, for any reason
 * @COUNT_LOST: filled, but refused at COMMIT
 * @COUNT_ERRORS: entries with an error that is none of these
 * @NR_COUNTS: how many there are
 */
enum count {
	COUNT_REQUESTS,
	COUNT_BLOCKS,
	COUNT_HITS,
	COUNT_VERIFIED,
	COUNT_VERIFIED_BYTES,
	COUNT_WRONG,
	COUNT_STORED,
	COUNT_STORED_BYTES,
	COUNT_PRESENT,
	COUNT_FILLING,
	COUNT_NO_SPACE,
	COUNT_WAITS,
	COUNT_NO_QUOTA,
	COUNT_NOT_STORED,
	COUNT_LOST,
	COUNT_ERRORS,
	NR_COUNTS,
};

/**
 * struct tally - what happened
 * @count: by enum count
 * @tier_hits: hits, by the tier they were leased on
 * @found: hits, by the tier where they were found before
 * @time: by enum step
 *
 * One thread writes it; others may read counts while it runs, for progress.
 */
struct tally {
	uint64_t count[NR_COUNTS];
	uint64_t tier_hits[NR_TIER_KINDS];
	uint64_t found[NR_TIER_KINDS];
	struct hist time[NR_STEPS];
};

/** step_names, count_names - as they stand in the JSON report */
extern const char *const step_names[NR_STEPS];
extern const char *const count_names[NR_COUNTS];

void tally_merge(struct tally *to, const struct tally *from);

/** now_ns - CLOCK_MONOTONIC in ns */
uint64_t now_ns(void);

#endif /* REPLAY_TALLY_H */
