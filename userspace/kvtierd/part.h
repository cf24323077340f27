/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A part: what one member does for one request. It asks; moves bytes, if there are any to
 * be moved; and gives back what it was lent. The request need not wait for the
 * last: a part lives on by itself until nothing of the member's is left in its hands.
 */
#ifndef KVD_PART_H
#define KVD_PART_H

#include "kvtier_remote.h"
#include "peer.h"

struct kvd_request;

/**
 * struct kvd_plan - what parts of a kind do
 * @ask: enum kvp_type: the first message
 * @flags: of it
 * @moves: with what it got it moves bytes
 * @verb: how
 * @seal: enum kvp_type: what is sent for leases whose bytes have moved, and waited for;
 *	0: nothing
 * @give_back: enum kvp_type: what ends the other leases; 0: there are none
 * @everywhere: all replicas are asked, at once; else one after the other
 */
struct kvd_plan {
	uint8_t ask;
	uint32_t flags;
	bool moves;
	enum kvp_verb verb;
	uint8_t seal;
	uint8_t give_back;
	bool everywhere;
};

/**
 * struct kvd_move - bytes of one block on their way
 * @op: the link's
 * @part: whose
 * @i: number of the block in the part
 */
struct kvd_move {
	struct kvp_op op;
	struct kvd_part *part;
	unsigned int i;
};

/**
 * struct kvd_part - see above
 * @call: what it asks
 * @rq: whose it is; NULL: nobody waits for it
 * @next: in the request
 * @peer: the member; held
 * @plan: the request's when it began
 * @nr: blocks
 * @nr_moving: of @moves under way
 * @has_moved: bytes were moved
 * @nr_sealed: blocks that the member has now, and had not
 * @block: by number in the part: number in the request
 * @err: by number in the part: what became of it: 0, or negative
 * @lease: by number in the part: what it was lent; 0: nothing
 * @uses: by number in the part: how often the member lent it lately
 * @moves: by number in the part
 */
struct kvd_part {
	struct kvd_call call;
	struct kvd_request *rq;
	struct kvd_part *next;
	struct kvd_peer *peer;
	const struct kvd_plan *plan;
	unsigned int nr;
	unsigned int nr_moving;
	bool has_moved;
	unsigned int nr_sealed;
	uint8_t block[KVT_REMOTE_BATCH];
	int err[KVT_REMOTE_BATCH];
	uint64_t lease[KVT_REMOTE_BATCH];
	uint32_t uses[KVT_REMOTE_BATCH];
	struct kvd_move moves[KVT_REMOTE_BATCH];
};

/**
 * kvd_part_start() - ask a member
 * @rq: the request
 * @peer: the member
 * @blocks: bits: which of the request's
 *
 * Return: 0: it is one of @rq's parts, and will call kvd_request_settle(); -ENOLINK, -ENOMEM.
 */
int kvd_part_start(struct kvd_request *rq, struct kvd_peer *peer, uint32_t blocks);

/* Does a device touch memory for it? */
static inline bool kvd_part_moving(const struct kvd_part *part)
{
	return part->nr_moving;
}

#endif /* KVD_PART_H */
