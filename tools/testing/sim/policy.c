// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>
#include <string.h>

#include "policy.h"

const struct sim_policy *const sim_policies[] = {
	&sim_policy_lru,
	&sim_policy_plain,
	&sim_policy_belady,
	&sim_policy_lru2,
	&sim_policy_lfuda,
	&sim_policy_often,
	&sim_policy_depth,
	&sim_policy_gap,
	&sim_policy_gap_ghost,
	&sim_policy_ghost,
	NULL,
};

const struct sim_policy *sim_policy_find(const char *name)
{
	const struct sim_policy *const *p;

	for (p = sim_policies; *p; p++)
		if (!strcmp((*p)->name, name))
			return *p;
	return NULL;
}
