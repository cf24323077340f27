/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A peer: one pool node as one space sees it. It is connected, proves who it is, is asked
 * whether it still lives, and is connected anew when it was lost, after a pause that
 * grows. Who wants something of one that is not ready is told so at once.
 */
#ifndef KVD_PEER_H
#define KVD_PEER_H

#include <stdbool.h>

#include "link.h"
#include "member.h"
#include "proof.h"
#include "timer.h"

struct kvd_peer;

/**
 * struct kvd_peer_how - who is connected to what; zero where nothing is said
 * @member: the pool node's name
 * @space: of the space there
 * @to: its address; all zero: not known
 * @identity: of the space
 * @host: this host's name
 * @secret: the space's key
 * @block_size: bytes of a block, its trailer included
 */
struct kvd_peer_how {
	char member[KVP_MEMBER_NAME];
	char space[KVP_NAME_SIZE];
	struct sockaddr_storage to;
	uint8_t identity[KVP_IDENTITY_SIZE];
	uint8_t host[KVP_HOST_SIZE];
	uint8_t secret[KVP_SECRET_SIZE];
	uint32_t block_size;
};

/**
 * struct kvd_call - a request and its answer
 * @answered: called once, never from within kvd_peer_call(). @err: 0: @answer is good,
 *	and has as many entries as the request; else negative: all of it failed, and @answer
 *	is NULL: -ENOLINK: the peer is lost; or what it said
 * @next: peer.c's
 * @asked_at: peer.c's: kvp_now()
 * @request: made by kvp_begin(), and the caller's until it is answered
 */
struct kvd_call {
	void (*answered)(struct kvd_call *call, int err,
			 const struct kvp_message *answer);
	STAILQ_ENTRY(kvd_call) next;
	uint64_t asked_at;
	struct kvp_message request;
};

/**
 * struct kvd_peer_count - what there is to tell
 * @up: 1: it is ready
 * @calls: requests sent
 * @connects: times that it became ready
 * @losses: times that it was lost after that
 * @bytes: of all links it has had
 */
struct kvd_peer_count {
	uint64_t up;
	uint64_t calls;
	uint64_t connects;
	uint64_t losses;
	struct kvp_link_count bytes;
};

/**
 * kvd_peer_create() - begin to connect
 * @rdma: by which
 * @timers: by which
 * @how: is copied
 *
 * Return: held once; NULL: no memory.
 */
struct kvd_peer *kvd_peer_create(struct kvp_rdma *rdma, struct kvp_timers *timers,
				 const struct kvd_peer_how *how);

struct kvd_peer *kvd_peer_hold(struct kvd_peer *peer);

/* The last one ends it: what was asked of it is answered with -ENOLINK first. Or NULL. */
void kvd_peer_put(struct kvd_peer *peer);

const struct kvd_peer_how *kvd_peer_how(const struct kvd_peer *peer);
void kvd_peer_count(const struct kvd_peer *peer, struct kvd_peer_count *count);

/* May it be asked? */
bool kvd_peer_ready(const struct kvd_peer *peer);

/* The id for a request's kvp_begin(): never the same again. */
uint64_t kvd_peer_id(struct kvd_peer *peer);

/* Ask. -ENOLINK: it is not ready; then nothing is called. */
int kvd_peer_call(struct kvd_peer *peer, struct kvd_call *call);

/* kvp_link_start(); also -ENOLINK. */
int kvd_peer_move(struct kvd_peer *peer, struct kvp_op *op);

/*
 * It has not answered @call in time. If it has said nothing at all since it was asked, it is not
 * ready any more until it says something: one request has waited for it, others
 * need not.
 */
void kvd_peer_doubt(struct kvd_peer *peer, const struct kvd_call *call);

/* Lose it, at once: when this returns nothing is under way any more. */
void kvd_peer_break(struct kvd_peer *peer, const char *why);

#endif /* KVD_PEER_H */
