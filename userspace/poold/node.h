/* SPDX-License-Identifier: GPL-2.0 */
/* All of the daemon: what is configured, served and connected. */
#ifndef PN_NODE_H
#define PN_NODE_H

#include "config.h"
#include "link.h"
#include "loop.h"
#include "process.h"
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
 * @etcd: announces it, or NULL
 * @etcd_watch: it has news
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
	struct kvp_etcd *etcd;
	struct pn_watch etcd_watch;
	bool failed;
	int signals;
	struct pn_watch signals_watch;
};

/* Set up all of it. Returns enum kvp_exit; what is wrong has been said. */
int pn_node_start(struct pn_node *node, const char *config_path);

/* All clients lose what they have; then everything goes. */
void pn_node_stop(struct pn_node *node);

/* The space that clients call so, or NULL. */
struct pn_space *pn_node_space(struct pn_node *node, const char *name);

#endif /* PN_NODE_H */
