/* SPDX-License-Identifier: GPL-2.0 */
/* Results: a line for people, a line of JSON for programs. */
#ifndef _BENCH_REPORT_H
#define _BENCH_REPORT_H

#include "bench.h"
#include "samples.h"

enum goal { NO_GOAL, AT_LEAST, AT_MOST };

/**
 * struct result - a thing that was measured
 * @of: on what: block size, batch and the like
 * @metric: its name
 * @unit: of the values; "" for ratios
 * @s: the values
 * @goal: what the median is held against
 * @target: that; the row misses it or not
 */
struct result {
	const char *of;
	const char *metric;
	const char *unit;
	struct samples s;
	enum goal goal;
	double target;
};

/**
 * struct point - of a curve
 * @x: across
 * @y: up
 */
struct point {
	double x;
	double y;
};

void report(struct bench *b, const struct result *r);
void report_curve(struct bench *b, const char *of, const char *name,
		  const struct point *points, unsigned int nr);
void report_skip(struct bench *b, const char *of, const char *why);
const char *report_unit(const struct bench *b);
const char *report_work_unit(const struct bench *b);

#endif /* _BENCH_REPORT_H */
