/* SPDX-License-Identifier: GPL-2.0 */
/* The configuration file: see kvtier-poold(8). Reads files, and changes nothing. */
#ifndef PN_CONFIG_H
#define PN_CONFIG_H

#include "access.h"
#include "conf.h"
#include "etcd.h"
#include "kvtier.h"
#include "log.h"

#define PN_MAX_SPACES	64	/* sections */

/**
 * struct pn_space_config - [space NAME]
 * @name: as clients name it
 * @space: on this host
 * @key_file: what clients have, too
 * @max_leases: of one client
 * @allow: who may
 */
struct pn_space_config {
	char name[KVP_NAME_SIZE];
	char space[KVP_NAME_SIZE];
	struct kvp_key_file key_file;
	unsigned int max_leases;
	struct pn_access allow;
};

/**
 * struct pn_config - all of a file
 * @listen: a name or an address; empty: all of this host's
 * @port: to listen on
 * @log: what is logged
 * @patience: seconds
 * @credits: requests of a client under way
 * @max_clients: connections at once
 * @etcd: where it is announced
 * @nr_spaces: of @spaces
 * @spaces: in the order of the file
 */
struct pn_config {
	char listen[KVP_PATH];
	unsigned int port;
	enum kvp_level log;
	unsigned int patience;
	unsigned int credits;
	unsigned int max_clients;
	struct kvp_etcd_config etcd;
	unsigned int nr_spaces;
	struct pn_space_config spaces[PN_MAX_SPACES];
};

/* See kvp_conf_read() and kvp_conf_free(). */
struct pn_config *pn_config_read(const char *path, char wrong[KVP_WRONG]);
void pn_config_free(struct pn_config *config);

/* The section of that name, or NULL. */
const struct pn_space_config *pn_config_space(const struct pn_config *config,
					      const char *name);

#endif /* PN_CONFIG_H */
