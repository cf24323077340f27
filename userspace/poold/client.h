/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A client: one connection. It has an open file of the space for itself, so that
 * whatever it held is given back when that is closed.
 */
#ifndef PN_CLIENT_H
#define PN_CLIENT_H

#include "lease.h"
#include "node.h"

/**
 * enum pn_client_state - how far it is
 * @PN_NEW: HELLO is expected
 * @PN_GREETED: PROVE is expected
 * @PN_READY: it may
 * @PN_REFUSED: it has been told so, and is to go
 * @PN_ENDED: nothing is left of it
 */
enum pn_client_state {
	PN_NEW,
	PN_GREETED,
	PN_READY,
	PN_REFUSED,
	PN_ENDED,
};

LIST_HEAD(pn_jobs, pn_job);

/**
 * struct pn_client - one of them
 * @entry: of the node's
 * @garbage: it is freed by
 * @node: whose
 * @state: enum pn_client_state
 * @link: the connection; NULL until it is up
 * @from: where it comes from
 * @space: from HELLO on; NULL: there is none that it may have
 * @why_not: if it is not to be let in: why
 * @hello: as it came
 * @challenge: as it was sent
 * @file: its own, of the space
 * @queue: of @file
 * @queue_watch: commands have completed
 * @leases: its
 * @jobs: requests under way
 * @nr_jobs: of @jobs
 * @timer: looks after it
 * @heard_at: its last message, or since when it is connected
 * @nr_requests: that it has sent
 */
struct pn_client {
	LIST_ENTRY(pn_client) entry;
	struct pn_garbage garbage;
	struct pn_node *node;
	enum pn_client_state state;
	struct kvp_link *link;
	struct sockaddr_storage from;
	struct pn_space *space;
	const char *why_not;
	struct kvp_hello hello;
	struct kvp_challenge challenge;
	struct kvt_space *file;
	struct kvt_queue *queue;
	struct pn_watch queue_watch;
	struct pn_leases leases;
	struct pn_jobs jobs;
	unsigned int nr_jobs;
	struct kvp_timer timer;
	uint64_t heard_at;
	uint64_t nr_requests;
};

/* For kvp_listen(). @user: the node. */
bool pn_client_incoming(void *user, const struct sockaddr *from,
			struct kvp_link_how *how);

/* It goes, and loses all. @why: for the log. May be called from anywhere, and again. */
void pn_client_end(struct pn_client *client, const char *why);

/* Send a message of its; credits are filled in. */
void pn_client_answer(struct pn_client *client, struct kvp_message *answer);

#endif /* PN_CLIENT_H */
