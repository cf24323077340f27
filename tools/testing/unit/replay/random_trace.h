/* SPDX-License-Identifier: GPL-2.0 */
/* Small random traces with shared prefixes, for tests that compare. */
#ifndef RANDOM_TRACE_H
#define RANDOM_TRACE_H

#include <string.h>

#include "../lib/tap.h"
#include "trace.h"

static inline unsigned int next_random(unsigned int *x, unsigned int below)
{
	*x = *x * 1103515245 + 12345;
	return (*x >> 16) % below;
}

/* Each request follows a path in a tree of @branch children, cut anywhere. */
static inline void random_trace(struct trace *trace, unsigned int seed,
				unsigned int requests, unsigned int branch)
{
	unsigned int x = seed, r, i, nr;
	struct trace_error error;
	char line[512];
	int len;

	memset(trace, 0, sizeof(*trace));
	for (r = 0; r < requests; r++) {
		nr = next_random(&x, 12);
		len = sprintf(line, "{\"timestamp\":%u,\"hash_ids\":[", r);
		for (i = 0; i < nr; i++)
			len += sprintf(line + len, "%s%u", i ? "," : "",
				       100 * i + next_random(&x, branch));
		len += sprintf(line + len, "]}");
		must(!trace_add(trace, line, len, &error));
	}
}

#endif /* RANDOM_TRACE_H */
