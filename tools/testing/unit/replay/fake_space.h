/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A space in this process' memory, behind libkvtier's functions: leaf-first
 * LRU of a few frames, one tier. Tests put faults into it.
 */
#ifndef FAKE_SPACE_H
#define FAKE_SPACE_H

#include "libkvtier.h"

#define FAKE_FRAMES	256
#define FAKE_BLOCK	8192

enum fake_state { FAKE_FREE, FAKE_FILLING, FAKE_SEALED };

/** struct fake_frame - a frame and the block in it */
struct fake_frame {
	enum fake_state state;
	struct kvt_key key;
	struct kvt_key parent;
	unsigned int leases;
	uint64_t last_use;
};

/**
 * struct kvt_space - the fake
 * @capacity: frames in use, at most FAKE_FRAMES
 * @clock: last value of &fake_frame.last_use
 * @frame: the frames
 * @bytes: of the frames
 * @fail_op: this command is refused as a whole with @fail_err
 * @fail_err: negative errno; 0: none is
 * @busy_at: RESERVE of entry @busy_at of a batch says -EINPROGRESS, once
 * @full_at: without KVT_F_WAIT, ACQUIRE and RESERVE of entry @full_at say -ENOSPC
 * @tier: where LOOKUP says the blocks are
 * @no_quota: RESERVE gives no more frames than this, then -EDQUOT
 * @lose_commits: COMMIT says -ECANCELED
 * @most_leases: most leases there were at a time
 * @calls: commands of each kind
 */
struct kvt_space {
	unsigned int capacity;
	uint64_t clock;
	struct fake_frame frame[FAKE_FRAMES];
	uint64_t bytes[FAKE_FRAMES][FAKE_BLOCK / 8];
	int fail_op;
	int fail_err;
	int busy_at;
	int full_at;
	int tier;
	unsigned int no_quota;
	int lose_commits;
	unsigned int most_leases;
	unsigned int calls[KVT_OP_DROP + 1];
};

void fake_init(struct kvt_space *s, unsigned int capacity);
unsigned int fake_leases(const struct kvt_space *s);
unsigned int fake_count(const struct kvt_space *s, enum fake_state state);

#endif /* FAKE_SPACE_H */
