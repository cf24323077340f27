/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_REPORT_H
#define REPLAY_REPORT_H

#include <stdbool.h>

#include "counters.h"
#include "options.h"
#include "tally.h"
#include "trace.h"

/**
 * struct report - everything that is to be said of a replay
 * @options: what was asked for
 * @trace: what was replayed
 * @distinct: distinct blocks of it: its footprint
 * @space: the space, as it was at the begin
 * @tally: what the clients did
 * @counters: what the kernel counted meanwhile, for all users of the space
 * @tier: by arena: what it counted for all users of an nvme tier
 * @seconds: how long it took
 * @complete: it was run to its end
 */
struct report {
	const struct options *options;
	const struct trace *trace;
	uint64_t distinct;
	struct kvt_space_info space;
	struct tally tally;
	struct counters counters;
	struct counters tier[KVT_MAX_ARENAS];
	double seconds;
	bool complete;
};

/**
 * report_json - write the report for programs
 * @r: the report
 * @path: a file, replaced as a whole, or "-" for standard output
 *
 * Return: 0, or -1 after a message.
 */
int report_json(const struct report *r, const char *path);

/** report_text - print the report for people, on standard output */
void report_text(const struct report *r);

/** report_amplification - bytes written to an nvme tier by those of blocks, or 0 */
double report_amplification(const struct counters *tier);

/** report_hit_ratio - hits by blocks asked for */
double report_hit_ratio(const struct report *r);

/** report_best_ratio - that of a cache which never evicts */
double report_best_ratio(const struct report *r);

#endif /* REPLAY_REPORT_H */
