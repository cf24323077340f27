/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_RUN_H
#define REPLAY_RUN_H

#include <stdatomic.h>

#include "options.h"
#include "tally.h"
#include "trace.h"

/**
 * struct run - a replay, in memory that all its processes share
 * @next: request to be taken next
 * @stop: set to end early: a signal, or a client that cannot go on
 * @failed: clients that could not go on
 * @complaints: messages that clients may still print
 * @begin_ns: CLOCK_MONOTONIC when the first request may start
 * @nr_workers: entries of @tally
 * @tally: one a worker
 */
struct run {
	atomic_size_t next;
	atomic_int stop;
	atomic_int failed;
	atomic_int complaints;
	uint64_t begin_ns;
	unsigned int nr_workers;
	struct tally tally[];
};

/** run_alloc - make one for @o. Return: it, or NULL when out of memory. */
struct run *run_alloc(const struct options *o);

void run_free(struct run *run);

/**
 * run_trace - replay, and wait for the end
 * @run: from run_alloc()
 * @o: what was asked for
 * @trace: what to replay
 *
 * Starts the processes and their threads, shows progress, ends early on SIGINT
 * and SIGTERM. Each worker takes the next request of the trace as soon as it is
 * done with the one before.
 *
 * Return: 0, or -1 if it ended early: a client failed, for which messages were
 * printed, or a signal came.
 */
int run_trace(struct run *run, const struct options *o,
	      const struct trace *trace);

/** run_total - what all workers did, so far */
void run_total(const struct run *run, struct tally *total);

#endif /* REPLAY_RUN_H */
