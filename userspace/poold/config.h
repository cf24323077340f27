/* SPDX-License-Identifier: GPL-2.0 */
/* The configuration file: see kvtier-poold(8). Reads files, and changes nothing. */
#ifndef PN_CONFIG_H
#define PN_CONFIG_H

#include <stdint.h>

#include "access.h"
#include "kvtier.h"
#include "log.h"
#include "proof.h"

#define PN_PATH		256	/* bytes, NUL included */
#define PN_WRONG	512	/* bytes of what is wrong with a file */
#define PN_MAX_SPACES	64	/* sections */

/**
 * struct pn_space_config - [space NAME]
 * @name: as clients name it
 * @local: the space on this host
 * @key_file: path
 * @secret: what is in @key_file
 * @max_leases: of one client
 * @access: who may
 */
struct pn_space_config {
	char name[KVT_NAME_SIZE];
	char local[KVT_NAME_SIZE];
	char key_file[PN_PATH];
	uint8_t secret[KVP_SECRET_SIZE];
	unsigned int max_leases;
	struct pn_access access;
};

/**
 * struct pn_config - all of a file
 * @listen: a name or an address; empty: all of this host's
 * @port: to listen on
 * @log: what is logged
 * @patience: seconds
 * @credits: requests of a client under way
 * @max_clients: connections at once
 * @nr_spaces: of @spaces
 * @spaces: in the order of the file
 */
struct pn_config {
	char listen[PN_PATH];
	unsigned int port;
	enum kvd_level log;
	unsigned int patience;
	unsigned int credits;
	unsigned int max_clients;
	unsigned int nr_spaces;
	struct pn_space_config spaces[PN_MAX_SPACES];
};

/**
 * pn_config_read() - read and judge a file
 * @path: its path, for messages too
 * @wrong: out: if it is no good: where and why
 *
 * Return: to be given to pn_config_free(); NULL: see @wrong.
 */
struct pn_config *pn_config_read(const char *path, char wrong[PN_WRONG]);

/* Its keys do not stay in memory. Or NULL. */
void pn_config_free(struct pn_config *config);

/* The section of that name, or NULL. */
const struct pn_space_config *pn_config_space(const struct pn_config *config,
					      const char *name);

#endif /* PN_CONFIG_H */
