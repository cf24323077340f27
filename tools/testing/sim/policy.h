/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SIM_POLICY_H
#define SIM_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct sim_block - what a policy may look at
 * @last_use: grows with every use of any block. Within a request the leaf is
 *	used first and the root last, so that no parent is older than its child
 * @next_use: number of the request that uses it next, or UINT32_MAX: known
 *	to a simulator only
 * @nr_children: its children that are resident
 * @depth: blocks before it in its chain
 * @orphan: its parent is not resident, so no prefix reaches it
 */
struct sim_block {
	uint64_t last_use;
	uint32_t next_use;
	uint32_t nr_children;
	uint32_t depth;
	bool orphan;
};

/**
 * struct sim_policy - who goes next
 * @name: on the command line
 * @title: above a column
 * @leaf_first: only blocks without resident children may go
 * @root_first: use a chain from root to leaf, as a naive cache does
 * @may_refuse: a new block that would be the next to go is not stored
 * @rank: the block with the lowest rank goes first
 */
struct sim_policy {
	const char *name;
	const char *title;
	bool leaf_first;
	bool root_first;
	bool may_refuse;
	uint64_t (*rank)(const struct sim_block *block);
};

/** sim_policies - all there are; the end has no name */
extern const struct sim_policy *const sim_policies[];

/** sim_policy_find - by name; NULL if there is none */
const struct sim_policy *sim_policy_find(const char *name);

extern const struct sim_policy sim_policy_lru;
extern const struct sim_policy sim_policy_plain;
extern const struct sim_policy sim_policy_belady;

#endif /* SIM_POLICY_H */
