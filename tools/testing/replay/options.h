/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_OPTIONS_H
#define REPLAY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "libkvtier.h"

#define MAX_WORKERS	256	/* processes times threads */
#define WAIT_DEFAULT	UINT64_MAX

/** enum verify - which leased blocks have their bytes compared */
enum verify {
	VERIFY_ALL,
	VERIFY_SAMPLE,
	VERIFY_NONE,
};

/**
 * enum when - whether to show progress, and how
 * @WHEN_TTY: a bar, if standard error is a terminal
 * @WHEN_NEVER: not at all
 * @WHEN_ALWAYS: a bar on a terminal, else lines
 * @WHEN_BAR: a bar, whatever standard error is
 * @WHEN_LINES: a line each tenth of the way
 */
enum when {
	WHEN_TTY,
	WHEN_NEVER,
	WHEN_ALWAYS,
	WHEN_BAR,
	WHEN_LINES,
};

/**
 * struct options - what the command line asked for
 * @trace: file of the trace
 * @space: name or path of the space
 * @json: file for the JSON report, "-" for standard output, or NULL
 * @fraction: of the trace's requests to replay
 * @from: part of the trace's requests to leave out at the begin
 * @skip: requests to leave out, too
 * @limit: most requests to replay, after that, 0: all
 * @speed: 0: as fast as it goes; 1: as the trace says; N: N times as fast
 * @processes: clients
 * @threads: threads of each
 * @verify: which blocks to verify
 * @sample: with VERIFY_SAMPLE: one in so many
 * @seed: of the keys
 * @fill_bytes: bytes of each block to fill and verify; 0: all
 * @wait_ns: longest wait for another filler or a free frame; 0: no waiting;
 *	WAIT_DEFAULT: as the space needs it
 * @look: see where blocks are before they are leased
 * @hold_ns: how long a request keeps its leases
 * @read_only: store nothing
 * @progress: whether to show progress
 * @quiet: no report in words
 * @attach: state an identity
 * @identity: which
 */
struct options {
	const char *trace;
	const char *space;
	const char *json;
	double fraction;
	double from;
	uint64_t skip;
	uint64_t limit;
	double speed;
	unsigned int processes;
	unsigned int threads;
	enum verify verify;
	unsigned int sample;
	uint64_t seed;
	uint64_t fill_bytes;
	uint64_t wait_ns;
	bool look;
	uint64_t hold_ns;
	bool read_only;
	enum when progress;
	bool quiet;
	bool attach;
	uint8_t identity[KVT_IDENTITY_SIZE];
};

/**
 * options_parse - read the command line
 * @o: receives what it asks for
 * @argc: main()'s
 * @argv: main()'s
 *
 * Prints help or version and exits with 0 if these are asked for. A wrong
 * command line is told about on standard error.
 *
 * Return: 0, or -1 if it is wrong.
 */
int options_parse(struct options *o, int argc, char **argv);

#endif /* REPLAY_OPTIONS_H */
