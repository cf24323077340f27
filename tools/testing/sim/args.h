/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SIM_ARGS_H
#define SIM_ARGS_H

#include "policy.h"
#include "tiers.h"

#define MAX_CAPACITIES	32
#define MAX_POLICIES	16
#define MAX_HOSTS	32
#define MAX_CHOICES	8

/**
 * struct capacity - a size of a cache or tier, in one way or another
 * @percent: of the footprint, or
 * @bytes: if that is zero, or
 * @blocks: if that is zero, too
 */
struct capacity {
	double percent;
	uint64_t bytes;
	uint32_t blocks;
};

/** struct host - the sizes of its tiers */
struct host {
	struct capacity tier[TIERS_NOWHERE];
};

/**
 * struct args - what the command line asked for
 * @trace: file of the trace
 * @json: file for the results, or NULL
 * @fraction: of the trace's requests to keep
 * @skip: requests of that to leave out at the begin
 * @limit: most requests, after that; 0: all
 * @nr_capacities: length of @capacity
 * @capacity: sizes of one-tier caches
 * @nr_policies: length of @policy
 * @policy: for these
 * @nr_hosts: length of @host
 * @host: hosts with several tiers
 * @nr_exclusive: length of @exclusive
 * @exclusive: for these: ways to keep copies
 * @nr_admissions: length of @admission
 * @admission: for these
 * @nr_carry_overs: length of @carry_over
 * @carry_over: for these
 * @block_size: bytes
 * @segment_size: bytes
 * @restart_at: part of the requests after which the module is loaded anew; 0: never
 * @knobs: the rest of what is asked of hosts
 */
struct args {
	const char *trace;
	const char *json;
	double fraction;
	size_t skip;
	size_t limit;
	unsigned int nr_capacities;
	struct capacity capacity[MAX_CAPACITIES];
	unsigned int nr_policies;
	const struct sim_policy *policy[MAX_POLICIES];
	unsigned int nr_hosts;
	struct host host[MAX_HOSTS];
	unsigned int nr_exclusive;
	bool exclusive[MAX_CHOICES];
	unsigned int nr_admissions;
	enum tiers_admission admission[MAX_CHOICES];
	unsigned int nr_carry_overs;
	uint32_t carry_over[MAX_CHOICES];
	uint32_t block_size;
	uint32_t segment_size;
	double restart_at;
	struct tiers_config knobs;
};

extern const char *const admission_names[];

/**
 * args_parse - read the command line
 * @a: receives what it asks for
 * @argc: main()'s
 * @argv: main()'s
 *
 * Prints help or version and exits with 0 if these are asked for. A wrong command
 * line is told about on standard error.
 *
 * Return: 0, or -1 if it is wrong.
 */
int args_parse(struct args *a, int argc, char **argv);

#endif /* SIM_ARGS_H */
