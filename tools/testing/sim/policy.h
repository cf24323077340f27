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
 * @prev_use: the use before @last_use, or 0; remembered when it is evicted
 * @uses: since it was stored
 * @was_evicted: it has been here before
 */
struct sim_block {
	uint64_t last_use;
	uint32_t next_use;
	uint32_t nr_children;
	uint32_t depth;
	bool orphan;
	uint64_t prev_use;
	uint32_t uses;
	bool was_evicted;
};

/**
 * struct sim_view - what a policy may look at beyond the block
 * @capacity: of the cache, blocks: as many uses as that are what a block lives
 *	for that is used once
 * @floor: highest rank that was evicted
 */
struct sim_view {
	uint32_t capacity;
	uint64_t floor;
};

/**
 * struct sim_policy - who goes next
 * @name: on the command line
 * @what: in a few words, for people
 * @title: above a column
 * @by_default: it is of those that are run when none is named
 * @leaf_first: only blocks without resident children may go
 * @root_first: use a chain from root to leaf, as a naive cache does
 * @may_refuse: a new block that would be the next to go is not stored
 * @rank: the block with the lowest rank goes first
 */
struct sim_policy {
	const char *name;
	const char *what;
	const char *title;
	bool by_default;
	bool leaf_first;
	bool root_first;
	bool may_refuse;
	uint64_t (*rank)(const struct sim_block *block,
			 const struct sim_view *view);
};

/** sim_policies - all there are; NULL ends them */
extern const struct sim_policy *const sim_policies[];

/** sim_policy_find - by name; NULL if there is none */
const struct sim_policy *sim_policy_find(const char *name);

extern const struct sim_policy sim_policy_lru;
extern const struct sim_policy sim_policy_plain;
extern const struct sim_policy sim_policy_belady;
extern const struct sim_policy sim_policy_lru2;
extern const struct sim_policy sim_policy_lfuda;
extern const struct sim_policy sim_policy_often;
extern const struct sim_policy sim_policy_depth;
extern const struct sim_policy sim_policy_gap;
extern const struct sim_policy sim_policy_gap_ghost;
extern const struct sim_policy sim_policy_ghost;

#endif /* SIM_POLICY_H */
