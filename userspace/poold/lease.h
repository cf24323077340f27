/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The leases of one client, by the numbers that it is told. A number is never given
 * twice to the same client, and one that it makes up finds nothing. Pure code.
 */
#ifndef PN_LEASE_H
#define PN_LEASE_H

#include "link.h"

/**
 * enum pn_lease_state - what it is good for
 * @PN_FREE: nothing
 * @PN_CLAIMED: a request of the kernel is under way that may need it
 * @PN_READ: of ACQUIRE: to be RELEASEd
 * @PN_FILL: of RESERVE: to be COMMITted or ABORTed
 * @PN_ENDING: one of these is under way
 */
enum pn_lease_state {
	PN_FREE,
	PN_CLAIMED,
	PN_READ,
	PN_FILL,
	PN_ENDING,
};

/**
 * struct pn_lease - one of them
 * @state: enum pn_lease_state
 * @slot: the block's, for the kernel
 * @times: it was used; part of its number
 * @since: FILL: ns, CLOCK_MONOTONIC
 * @key: FILL: the block's
 * @window: what the client comes in through; made when it is first needed, and kept
 * @open: opens it
 * @shut: shuts it
 * @job: ENDING: whose
 * @next: FREE: the next one to be used
 */
struct pn_lease {
	enum pn_lease_state state;
	uint32_t slot;
	uint32_t times;
	uint64_t since;
	struct kvp_key key;
	struct kvp_window *window;
	struct kvp_op open;
	struct kvp_op shut;
	void *job;
	struct pn_lease *next;
};

/**
 * struct pn_leases - all of a client
 * @all: the table
 * @max: of @all
 * @nr_free: of them
 * @free: the one that has been free for longest, so that keys come again late
 * @last: where the next free one goes
 */
struct pn_leases {
	struct pn_lease *all;
	unsigned int max;
	unsigned int nr_free;
	struct pn_lease *free;
	struct pn_lease **last;
};

/* 0 or -ENOMEM. */
int pn_leases_init(struct pn_leases *leases, unsigned int max);
void pn_leases_exit(struct pn_leases *leases);

/* One that is CLAIMED then; NULL: all are in use. */
struct pn_lease *pn_lease_claim(struct pn_leases *leases);
void pn_lease_free(struct pn_leases *leases, struct pn_lease *lease);

/* What the client calls it. Never 0. */
uint64_t pn_lease_number(const struct pn_leases *leases,
			 const struct pn_lease *lease);

/* The one that the client calls so, if it is of that state; else NULL. */
struct pn_lease *pn_lease_find(const struct pn_leases *leases, uint64_t number,
			       enum pn_lease_state state);

#endif /* PN_LEASE_H */
