/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_PROGRESS_H
#define REPLAY_PROGRESS_H

#include <stdbool.h>

#include "options.h"
#include "trace.h"

struct run;

/**
 * struct progress - what is shown while a replay runs, on standard error
 * @enabled: at all
 * @bar: a bar that is redrawn; else a line each tenth of the way
 * @total: requests
 * @begin_ns: when it began
 * @shown_ns: when the bar was drawn last
 * @shown_tenth: last tenth of which a line was printed
 */
struct progress {
	bool enabled;
	bool bar;
	uint64_t total;
	uint64_t begin_ns;
	uint64_t shown_ns;
	unsigned int shown_tenth;
};

void progress_init(struct progress *p, const struct options *o,
		   const struct trace *trace);

/**
 * progress_show - bring what is shown up to date, if it is time to
 * @p: from progress_init()
 * @run: what to show
 * @end: this is the last time
 */
void progress_show(struct progress *p, const struct run *run, bool end);

#endif /* REPLAY_PROGRESS_H */
