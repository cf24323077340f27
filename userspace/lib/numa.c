// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory policy of windows, without libnuma. Frames never move; the policy is
 * there for NUMA balancing, which leaves alone what has an explicit one and
 * otherwise takes faults on windows to no purpose. Failure changes nothing
 * but that (a kernel without NUMA, a cpuset without the node), so it is ignored.
 */
#include <limits.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib.h"

#define LONG_BITS	(sizeof(unsigned long) * CHAR_BIT)
#define MAX_NODES	1024

/* MPOL_PREFERRED, not BIND: the policy must never be able to fail a fault. */
void kvt_numa_bind(void *addr, size_t len, int node)
{
	unsigned long mask[MAX_NODES / (sizeof(unsigned long) * CHAR_BIT)] = {0};

	if (node < 0 || node >= MAX_NODES)
		return;
	mask[node / LONG_BITS] = 1UL << (node % LONG_BITS);
	/* maxnode is one more than the kernel reads: an old quirk of the call */
	if (!syscall(SYS_mbind, addr, len, MPOL_PREFERRED, mask, MAX_NODES + 1, 0))
		return;
	syscall(SYS_mbind, addr, len, MPOL_LOCAL, NULL, 0, 0);
}
