/* SPDX-License-Identifier: GPL-2.0 */
/* kvtier-bench: what a row is, and what it may rely on. */
#ifndef _BENCH_H
#define _BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define CLOCK_REAL	(1U << 0)	/* ns are ns */
#define CLOCK_ICOUNT	(1U << 1)	/* QEMU -icount shift=0: ns are instructions */

struct bench;

/**
 * struct row - one group of measurements
 * @name: for --rows
 * @what: in a few words
 * @clocks: CLOCK_*: those by which it says something
 * @run: measures and reports. Returns 0, or -1 and has said why it could not
 */
struct row {
	const char *name;
	const char *what;
	unsigned int clocks;
	int (*run)(struct bench *b);
};

extern const struct row rows[];
extern const unsigned int nr_rows;

/**
 * struct bench - a run
 * @clock: CLOCK_REAL or CLOCK_ICOUNT
 * @reps: repetitions of each measurement
 * @quick: fewer and smaller cases
 * @memory: bytes that a tier may take
 * @node: NUMA node of the dram tier
 * @rows: names, with commas; NULL: all
 * @device: a block device that may be overwritten, or NULL
 * @json: one object a line goes there, or NULL
 * @ctl: /dev/kvtier-control
 * @row: the one that runs
 * @missed: results that were off their target
 */
struct bench {
	unsigned int clock;
	unsigned int reps;
	bool quick;
	uint64_t memory;
	int node;
	const char *rows;
	const char *device;
	FILE *json;
	int ctl;
	const struct row *row;
	unsigned int missed;
};

int options_parse(struct bench *b, int argc, char **argv);

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Keeps the compiler from leaving out, or moving, what made *@p. */
static inline void keep(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

int run_ops(struct bench *b);
int run_fault(struct bench *b);
int run_chain(struct bench *b);
int run_get(struct bench *b);
int run_lease(struct bench *b);
int run_attach(struct bench *b);
int run_memory(struct bench *b);
int run_acquire(struct bench *b);
int run_lookup(struct bench *b);
int run_read(struct bench *b);
int run_layers(struct bench *b);
int run_peers(struct bench *b);
int run_write(struct bench *b);
int run_cold(struct bench *b);
int run_recover(struct bench *b);

#endif /* _BENCH_H */
