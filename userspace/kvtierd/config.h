/* SPDX-License-Identifier: GPL-2.0 */
/* The configuration file: see kvtierd.conf(5). Reads files, and changes nothing. */
#ifndef KVD_CONFIG_H
#define KVD_CONFIG_H

#include "conf.h"
#include "etcd.h"
#include "kvtier.h"
#include "log.h"
#include "place.h"
#include "rule.h"

#define KVD_MAX_SPACES	64	/* sections */
#define KVD_MAX_RULES	32	/* sections */

/**
 * struct kvd_member_config - [member NAME], or one that etcd tells of
 * @name: decides where blocks are: the same on all hosts
 * @address: a name or an address
 * @port: of kvtier-poold
 */
struct kvd_member_config {
	char name[KVP_MEMBER_NAME];
	char address[KVP_PATH];
	unsigned int port;
};

/**
 * struct kvd_space_config - [space NAME]
 * @name: of the space on this host
 * @pool_space: of the space on the pool nodes
 * @key_file: shows pool nodes who may use it
 * @replicas: members that are to have each block
 * @hot_replicas: further members that are to have what is fetched often
 * @hot_uses: what was lent so often lately is
 */
struct kvd_space_config {
	char name[KVP_NAME_SIZE];
	char pool_space[KVP_NAME_SIZE];
	struct kvp_key_file key_file;
	unsigned int replicas;
	unsigned int hot_replicas;
	unsigned int hot_uses;
};

/**
 * struct kvd_config - all of a file
 * @tier: the remote tier whose helper this is
 * @host: the name of this host for pool nodes, zero-padded
 * @depth: requests under way
 * @log: what is logged
 * @etcd: where other members are to be had
 * @nr_in_file: the first of @members; others are of etcd: see kvd_config_announce()
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
	char tier[KVP_NAME_SIZE];
	char host[KVT_HOST_SIZE];
	unsigned int depth;
	enum kvp_level log;
	struct kvp_etcd_config etcd;
	unsigned int nr_in_file;
	unsigned int nr_members;
	struct kvd_member_config members[KVP_MAX_MEMBERS];
	unsigned int nr_spaces;
	struct kvd_space_config spaces[KVD_MAX_SPACES];
	bool dry_run;
	char status_file[KVP_PATH];
	unsigned int nr_rules;
	struct kvd_rule rules[KVD_MAX_RULES];
};

/* See kvp_conf_read() and kvp_conf_free(). */
struct kvd_config *kvd_config_read(const char *path, char wrong[KVP_WRONG]);
void kvd_config_free(struct kvd_config *config);

/*
 * @config gets the members of @known, instead of those that it had by this. Who has a name, or an
 * address and port, that the file has, is the file's.
 */
void kvd_config_announce(struct kvd_config *config, const struct kvp_members *known);

/* The section of that space, or NULL. */
const struct kvd_space_config *kvd_config_space(const struct kvd_config *config,
						const char *name);

#endif /* KVD_CONFIG_H */
