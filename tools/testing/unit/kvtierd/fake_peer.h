/* SPDX-License-Identifier: GPL-2.0 */
/* Pool nodes that answer when, and what, the test says. */
#ifndef FAKE_PEER_H
#define FAKE_PEER_H

#include "peer.h"

#define FAKE_CALLS	64
#define FAKE_LEASES	4096

struct kvd_peer {
	struct kvd_peer_how how;
	bool ready;
	bool doubted;
	unsigned int holders;
	uint32_t uses;		/* what it says of all that it lends */
	uint64_t last_id;
	unsigned int breaks;
	struct kvd_call *calls[FAKE_CALLS];
	unsigned int nr_calls;
	struct kvp_op *ops[FAKE_CALLS];
	unsigned int nr_ops;
	/* leases that are out; the last one that was ended, and how many were by type */
	uint64_t leases[FAKE_LEASES];
	unsigned int nr_leases;
	unsigned int ended[KVP_NR_TYPES];
	unsigned int wrong;
};

struct kvd_peer *fake_peer(const char *name);

/* The oldest call; its type, 0: there is none. */
uint8_t fake_asked(struct kvd_peer *peer);

/* Answer it: each entry gets @status; places a lease each if that is 0. */
void fake_answer(struct kvd_peer *peer, int status);

/* The n-th call of them. */
void fake_answer_nth(struct kvd_peer *peer, unsigned int n, int status);

/* All of it failed. */
void fake_refuse(struct kvd_peer *peer, int err);

/* The oldest operation ends. */
void fake_moved(struct kvd_peer *peer, int err);

/* As if the connection broke. */
void fake_lose(struct kvd_peer *peer);

#endif /* FAKE_PEER_H */
