/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The policy agent: from time to time it reads what the module counts, and lets rules
 * turn that into knobs. What it has done, and why, is in a file for kvtierctl policy.
 *
 * Metrics that rules may name:
 *
 *	hit_ratio	of blocks asked for by ACQUIRE since the last look
 *	fetch_ratio	of blocks that came from the pool among those, the same
 *	free_percent	free frames of the space's memory tier that has fewest
 *	wear_left	percent of the write budget of its nvme tier that is left
 *	rate.COUNTER	a counter of the space, per second
 *	pool_latency_ms, pool_up, and what else the daemon knows: see @metric
 *
 * One that is not known at a time changes nothing.
 */
#ifndef KVD_POLICY_H
#define KVD_POLICY_H

#include <stdbool.h>

#include "rule.h"

/**
 * struct kvd_policy_env - what the agent works with
 * @sysfs: "/sys/class", or a directory that looks like it
 * @status: file that says what the rules do; NULL: none
 * @is_dry: knobs are left alone; all else is the same
 * @metric: what the daemon knows of a space, or NAN; may be NULL
 * @arg: for @metric
 */
struct kvd_policy_env {
	const char *sysfs;
	const char *status;
	bool is_dry;
	double (*metric)(void *arg, const char *space, const char *name);
	void *arg;
};

struct kvd_policy;

struct kvd_policy *kvd_policy_new(const struct kvd_policy_env *env,
				  const struct kvd_rule *rules, unsigned int nr);
void kvd_policy_tick(struct kvd_policy *p, double now);
void kvd_policy_free(struct kvd_policy *p);

#endif /* KVD_POLICY_H */
