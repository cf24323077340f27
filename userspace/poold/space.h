/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A space of this host that is served: open, mapped, and registered with the RDMA
 * devices, once for all clients.
 */
#ifndef PN_SPACE_H
#define PN_SPACE_H

#include <sys/queue.h>

#include "config.h"
#include "heat.h"
#include "libkvtier.h"
#include "space_memory.h"

struct pn_job;

LIST_HEAD(pn_waiting, pn_job);

/**
 * struct pn_space - one of them
 * @entry: of the node's
 * @config: its section
 * @handle: NULL while there is no such space
 * @block_size: bytes
 * @identity: its
 * @memory: its windows, registered
 * @waiting: requests for blocks that are not here yet
 * @heat: how often blocks are lent
 */
struct pn_space {
	LIST_ENTRY(pn_space) entry;
	struct pn_space_config config;
	struct kvt_space *handle;
	uint32_t block_size;
	uint8_t identity[KVT_IDENTITY_SIZE];
	struct kvp_space_memory memory;
	struct pn_waiting waiting;
	struct pn_heat heat;
};

/* Closed at first. NULL: no memory. */
struct pn_space *pn_space_create(const struct pn_space_config *config,
				 struct kvp_rdma *rdma);
void pn_space_destroy(struct pn_space *space);

/*
 * Open it, if it is not; blocks while memory is being registered. 0 or a negative errno;
 * what is wrong is logged.
 */
int pn_space_open(struct pn_space *space, unsigned int patience);

/* It may have grown: register the rest. 0 or a negative errno. */
int pn_space_refresh(struct pn_space *space);

#endif /* PN_SPACE_H */
