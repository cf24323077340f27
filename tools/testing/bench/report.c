// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "report.h"

/* Of times: what a nanosecond is. */
const char *report_unit(const struct bench *b)
{
	return b->clock == CLOCK_ICOUNT ? "instructions" : "ns";
}

/* Of what processors do for a block, in thousands of the above. */
const char *report_work_unit(const struct bench *b)
{
	return b->clock == CLOCK_ICOUNT ? "kinstr/block" : "us/block";
}

static const char *clock_name(const struct bench *b)
{
	return b->clock == CLOCK_ICOUNT ? "icount" : "real";
}

static const char *goal_sign(enum goal goal)
{
	return goal == AT_LEAST ? ">=" : "<=";
}

static bool is_met(const struct result *r)
{
	double v = samples_median(&r->s);

	return r->goal == AT_LEAST ? v >= r->target : v <= r->target;
}

static void print_line(const struct bench *b, const struct result *r)
{
	printf("  %-8s %-26s %-34s %12.6g %-12s", b->row->name, r->of,
	       r->metric, samples_median(&r->s), r->unit);
	if (r->s.nr > 1)
		printf(" (%.4g .. %.4g)", samples_min(&r->s),
		       samples_max(&r->s));
	if (r->goal != NO_GOAL)
		printf(" %s %g: %s", goal_sign(r->goal), r->target,
		       is_met(r) ? "met" : "MISSED");
	printf("\n");
	fflush(stdout);
}

/* No string of ours needs escapes. */
static void print_json(const struct bench *b, const struct result *r)
{
	unsigned int i;

	fprintf(b->json, "{\"row\":\"%s\",\"clock\":\"%s\",\"of\":\"%s\",\"metric\":\"%s\",\"unit\":\"%s\"",
		b->row->name, clock_name(b), r->of, r->metric, r->unit);
	fprintf(b->json, ",\"median\":%.9g,\"min\":%.9g,\"max\":%.9g,\"values\":[",
		samples_median(&r->s), samples_min(&r->s), samples_max(&r->s));
	for (i = 0; i < r->s.nr; i++)
		fprintf(b->json, "%s%.9g", i ? "," : "", r->s.v[i]);
	fprintf(b->json, "]");
	if (r->goal != NO_GOAL)
		fprintf(b->json, ",\"goal\":\"%s\",\"target\":%.9g,\"met\":%s",
			goal_sign(r->goal), r->target,
			is_met(r) ? "true" : "false");
	fprintf(b->json, "}\n");
	fflush(b->json);
}

void report(struct bench *b, const struct result *r)
{
	print_line(b, r);
	if (b->json)
		print_json(b, r);
	b->missed += r->goal != NO_GOAL && !is_met(r);
}

/* For plots: not in the table. */
void report_curve(struct bench *b, const char *of, const char *name,
		  const struct point *points, unsigned int nr)
{
	unsigned int i;

	if (!b->json)
		return;
	fprintf(b->json, "{\"row\":\"%s\",\"clock\":\"%s\",\"of\":\"%s\",\"curve\":\"%s\",\"points\":[",
		b->row->name, clock_name(b), of, name);
	for (i = 0; i < nr; i++)
		fprintf(b->json, "%s[%.9g,%.9g]", i ? "," : "", points[i].x,
			points[i].y);
	fprintf(b->json, "]}\n");
	fflush(b->json);
}

/* @why is for people: what to do to have it measured. */
void report_skip(struct bench *b, const char *of, const char *why)
{
	printf("  %-8s %-26s left out: %s\n", b->row->name, of, why);
	fflush(stdout);
	if (!b->json)
		return;
	fprintf(b->json, "{\"row\":\"%s\",\"clock\":\"%s\",\"of\":\"%s\",\"skipped\":\"%s\"}\n",
		b->row->name, clock_name(b), of, why);
	fflush(b->json);
}
