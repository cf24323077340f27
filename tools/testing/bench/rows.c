// SPDX-License-Identifier: GPL-2.0
/* The rows, in the order they run. */
#include "bench.h"

const struct row rows[] = {
	{ "ops", "commands on resident blocks, per block",
	  CLOCK_ICOUNT, run_ops },
	{ "fault", "slot faults of resident blocks",
	  CLOCK_ICOUNT, run_fault },
	{ "chain", "LOOKUP of a long chain in one call, against a bare rhashtable",
	  CLOCK_ICOUNT | CLOCK_REAL, run_chain },
	{ "memory", "kernel memory a block",
	  CLOCK_ICOUNT | CLOCK_REAL, run_memory },
	{ "attach", "a second process attaches to a warm space",
	  CLOCK_ICOUNT | CLOCK_REAL, run_attach },
	{ "get", "GET of 2 MiB blocks against memcpy",
	  CLOCK_REAL, run_get },
	{ "lease", "ACQUIRE and RELEASE against memcpy of the same bytes",
	  CLOCK_REAL, run_lease },
	{ "read", "ACQUIRE of blocks on nvme against fio's random reads",
	  CLOCK_ICOUNT | CLOCK_REAL, run_read },
	{ "write", "writing memory out against fio's sequential writes",
	  CLOCK_ICOUNT | CLOCK_REAL, run_write },
	{ "cold", "slot faults of blocks on nvme against raw reads",
	  CLOCK_ICOUNT | CLOCK_REAL, run_cold },
};

const unsigned int nr_rows = ARRAY_SIZE(rows);
