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
	{ "acquire", "ACQUIRE of few and of many, against rhashtable and lease count",
	  CLOCK_ICOUNT | CLOCK_REAL, run_acquire },
	{ "lookup", "LOOKUP while blocks are evicted",
	  CLOCK_ICOUNT | CLOCK_REAL, run_lookup },
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
	{ "layers", "the first layer of blocks on nvme against all of them",
	  CLOCK_ICOUNT | CLOCK_REAL, run_layers },
	{ "write", "writing memory out against fio's sequential writes",
	  CLOCK_ICOUNT | CLOCK_REAL, run_write },
	{ "cold", "slot faults of blocks on nvme against raw reads",
	  CLOCK_ICOUNT | CLOCK_REAL, run_cold },
	{ "recover", "finding a device full of blocks again against bare reads",
	  CLOCK_ICOUNT | CLOCK_REAL, run_recover },
	{ "peers", "put and get, by what could be used instead",
	  CLOCK_ICOUNT | CLOCK_REAL, run_peers },
};

const unsigned int nr_rows = ARRAY_SIZE(rows);
