/* SPDX-License-Identifier: GPL-2.0 */
/* All of the daemon: what is configured, served and connected. */
#ifndef PN_NODE_H
#define PN_NODE_H

#include "config.h"
#include "link.h"
#include "loop.h"
#include "space.h"

struct pn_client;

LIST_HEAD(pn_spaces, pn_space);
LIST_HEAD(pn_clients, pn_client);

/**
 * struct pn_node - see above
 * @loop: the loop
 * @config_path: the file
 * @config: what was in it
 * @rdma: by which
 * @rdma_watch: has something to do
 * @listener: takes clients
 * @spaces: that are served
 * @clients: that are connected
 * @nr_clients: of @clients
 * @failed: it ends, and not because it was told to
 * @signals: file of
 * @signals_watch: there is one
 */
struct pn_node {
	struct pn_loop loop;
	const char *config_path;
	struct pn_config *config;
	struct kvp_rdma *rdma;
	struct pn_watch rdma_watch;
	struct kvp_listener *listener;
	struct pn_spaces spaces;
	struct pn_clients clients;
	unsigned int nr_clients;
	bool failed;
	int signals;
	struct pn_watch signals_watch;
};

/**
 * enum pn_exit - exit codes
 * @PN_OK: asked to end
 * @PN_FAILED: something else, which may work later
 * @PN_USAGE: wrong arguments
 * @PN_BAD_CONFIG: the configuration is no good
 * @PN_NO_RDMA: there is no RDMA device
 */
enum pn_exit {
	PN_OK = 0,
	PN_FAILED = 1,
	PN_USAGE = 2,
	PN_BAD_CONFIG = 3,
	PN_NO_RDMA = 4,
};

/* Set up all of it. Returns enum pn_exit; what is wrong has been said. */
int pn_node_start(struct pn_node *node, const char *config_path);

/* All clients lose what they have; then everything goes. */
void pn_node_stop(struct pn_node *node);

/* The space that clients call so, or NULL. */
struct pn_space *pn_node_space(struct pn_node *node, const char *name);

#endif /* PN_NODE_H */
