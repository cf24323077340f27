// SPDX-License-Identifier: GPL-2.0
/*
 * A memory cgroup for the workers. When it is short of memory, allocations that are
 * charged to it fail, or kill one of them wherever it is in the kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "torture.h"

#define ROOT	"/sys/fs/cgroup/"
#define GROUP	ROOT "kvtier-torture/"

/* Is there one? Not without cgroup v2. */
bool memory_start(void)
{
	tree_write(ROOT "cgroup.subtree_control", "+memory");
	return (!mkdir(GROUP, 0755) || errno == EEXIST) &&
		tree_write(GROUP "memory.max", "max");
}

/* In a worker. */
bool memory_join(void)
{
	return tree_write(GROUP "cgroup.procs", "0");
}

/* For a moment hardly more than what is used now, or less. */
void memory_squeeze(struct rng *r)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld",
		 tree_number(GROUP "memory.current") / 100 *
		 (long long)rng_between(r, 60, 105));
	tree_write(GROUP "memory.max", text);
	usleep(rng_below(r, 100) * 1000);
	tree_write(GROUP "memory.max", "max");
}

/* What has just been killed may be in it for another moment: it is empty, and stays. */
void memory_stop(void)
{
	rmdir(GROUP);
}
