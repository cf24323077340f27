/* SPDX-License-Identifier: GPL-2.0 */
/* The configuration file: see kvtierd.conf(5). Reads files, and changes nothing. */
#ifndef KVD_CONFIG_H
#define KVD_CONFIG_H

#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include "kvtier.h"
#include "log.h"
#include "place.h"
#include "proof.h"
#include "rule.h"

#define KVD_PATH	256	/* bytes, NUL included */
#define KVD_WRONG	512	/* bytes of what is wrong with a file */
#define KVD_MAX_SPACES	64	/* sections */
#define KVD_MAX_RULES	32	/* sections */

/**
 * struct kvd_member_config - [member NAME]
 * @name: decides where blocks are: the same on all hosts
 * @address: a name or an address
 * @port: of kvtier-poold
 */
struct kvd_member_config {
	char name[KVT_NAME_SIZE];
	char address[KVD_PATH];
	uint16_t port;
};

/**
 * struct kvd_space_config - [space NAME]
 * @name: of the space on this host
 * @pool_space: of the space on the pool nodes
 * @key_file: path
 * @secret: what is in @key_file
 * @replicas: members that are to have each block
 * @hot_replicas: of blocks that are hot; at least @replicas
 */
struct kvd_space_config {
	char name[KVT_NAME_SIZE];
	char pool_space[KVT_NAME_SIZE];
	char key_file[KVD_PATH];
	uint8_t secret[KVP_SECRET_SIZE];
	unsigned int replicas;
	unsigned int hot_replicas;
};

/**
 * struct kvd_config - all of a file
 * @tier: the remote tier whose helper this is
 * @host: the name of this host for pool nodes, zero-padded
 * @depth: requests under way
 * @log: what is logged
 * @nr_members: of @members
 * @members: in the order of the file
 * @nr_spaces: of @spaces
 * @spaces: in the order of the file
 * @dry_run: rules only say what they would do
 * @status_file: what rules do, for kvtierctl policy
 * @nr_rules: of @rules
 * @rules: in the order of the file
 */
struct kvd_config {
	char tier[KVT_NAME_SIZE];
	char host[KVT_HOST_SIZE];
	unsigned int depth;
	enum kvd_level log;
	unsigned int nr_members;
	struct kvd_member_config members[KVP_MAX_MEMBERS];
	unsigned int nr_spaces;
	struct kvd_space_config spaces[KVD_MAX_SPACES];
	bool dry_run;
	char status_file[KVD_PATH];
	unsigned int nr_rules;
	struct kvd_rule rules[KVD_MAX_RULES];
};

/**
 * kvd_config_read() - read and judge a file
 * @path: its path, for messages too
 * @wrong: out: if it is no good: where and why
 *
 * Return: to be free()d; NULL: see @wrong.
 */
struct kvd_config *kvd_config_read(const char *path, char wrong[KVD_WRONG]);

/* Keys do not stay in memory. Or NULL. */
void kvd_config_free(struct kvd_config *config);

/* The section of that space, or NULL. */
const struct kvd_space_config *kvd_config_space(const struct kvd_config *config,
						const char *name);

#endif /* KVD_CONFIG_H */
