/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pool as one space sees it: its members, and who has what. Never changes: a new
 * configuration makes a new one, and requests that are under way end with the old. Only what
 * it knows of hot blocks does, and begins anew with each.
 */
#ifndef KVD_VIEW_H
#define KVD_VIEW_H

#include "config.h"
#include "hot.h"
#include "peer.h"

/**
 * struct kvd_view - held by the space and by its requests
 * @nr_holders: of them
 * @replicas: members that are to have each block
 * @hot_replicas: further ones that are to have hot blocks
 * @hot_uses: a block that was lent so often lately is hot
 * @nr: of members
 * @seeds: see kvp_place_key()
 * @peers: the members; held
 * @hot: hot blocks
 */
struct kvd_view {
	unsigned int nr_holders;
	unsigned int replicas;
	unsigned int hot_replicas;
	unsigned int hot_uses;
	unsigned int nr;
	uint64_t seeds[KVP_MAX_MEMBERS];
	struct kvd_peer *peers[KVP_MAX_MEMBERS];
	struct kvd_hot hot;
};

/**
 * struct kvd_view_of - what a view is made of
 * @rdma: connects
 * @timers: for peers
 * @config: the members
 * @space: its section
 * @identity: of the space
 * @block_size: bytes of a block with its trailer
 */
struct kvd_view_of {
	struct kvp_rdma *rdma;
	struct kvp_timers *timers;
	const struct kvd_config *config;
	const struct kvd_space_config *space;
	const uint8_t *identity;
	uint32_t block_size;
};

/**
 * kvd_view_create() - make a view
 * @of: of what
 * @old: peers that stay the same are taken from it; or NULL
 *
 * Return: held once; NULL: no memory.
 */
struct kvd_view *kvd_view_create(const struct kvd_view_of *of,
				 const struct kvd_view *old);

struct kvd_view *kvd_view_hold(struct kvd_view *view);
void kvd_view_put(struct kvd_view *view);	/* or NULL */

/* So many members are ready. */
unsigned int kvd_view_ready(const struct kvd_view *view);

#endif /* KVD_VIEW_H */
