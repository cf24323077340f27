// SPDX-License-Identifier: GPL-2.0
/* The report for people. */
#include <inttypes.h>
#include <stdio.h>

#include "report.h"

double report_hit_ratio(const struct report *r)
{
	const uint64_t *count = r->tally.count;

	return count[COUNT_BLOCKS] ?
		(double)count[COUNT_HITS] / count[COUNT_BLOCKS] : 0;
}

double report_best_ratio(const struct report *r)
{
	uint64_t refs = r->trace->nr_ids;

	return refs ? (double)(refs - r->distinct) / refs : 0;
}

double report_amplification(const struct counters *tier)
{
	uint64_t blocks = counters_get(tier, "block_bytes_written");

	return blocks ? (double)counters_get(tier, "bytes_written") / blocks : 0;
}

static uint64_t nr_frames(const struct report *r)
{
	uint64_t frames = 0;
	unsigned int i;

	for (i = 0; i < KVT_MAX_ARENAS; i++)
		if (r->space.arenas[i].tier[0])
			frames += r->space.arenas[i].nr_frames;
	return frames;
}

static void print_time(uint64_t ns)
{
	if (ns < 10000000)
		printf("  %7.1f us", ns / 1e3);
	else if (ns < 10000000000)
		printf("  %7.1f ms", ns / 1e6);
	else
		printf("  %7.1f s ", ns / 1e9);
}

static void print_step(const char *name, const struct hist *h)
{
	if (!h->count)
		return;
	printf("  %-10s %9" PRIu64, name, h->count);
	print_time(hist_percentile(h, 50));
	print_time(hist_percentile(h, 90));
	print_time(hist_percentile(h, 99));
	print_time(h->max);
	printf("  %8.2f s\n", h->sum / 1e9);
}

static void print_times(const struct tally *t)
{
	unsigned int i;

	printf("\n  %-10s %9s  %10s  %10s  %10s  %10s  %10s\n", "time of a",
	       "count", "p50", "p90", "p99", "max", "total");
	for (i = 0; i < NR_STEPS; i++)
		print_step(step_names[i], &t->time[i]);
}

static void print_tiers(const struct tally *t)
{
	const char *separator = "";
	unsigned int i;

	printf("hits found on    ");
	for (i = 0; i < NR_TIER_KINDS; i++) {
		if (!t->found[i])
			continue;
		printf("%s%s %" PRIu64, separator, kvt_tier_kind_name(i),
		       t->found[i]);
		separator = ", ";
	}
	puts(*separator ? "" : "none");
}

static void print_kernel(const struct counters *c)
{
	if (!c->nr) {
		puts("kernel           its counters could not be read");
		return;
	}
	printf("kernel           evictions %" PRIu64 ", demotions %" PRIu64
	       ", promotions %" PRIu64 "\n",
	       counters_get(c, "evictions"), counters_get(c, "demotions"),
	       counters_get(c, "promotions"));
}

static void print_nvme(const struct report *r)
{
	const struct counters *c = &r->counters;
	unsigned int i;

	for (i = 0; i < KVT_MAX_ARENAS; i++) {
		if (!r->tier[i].nr)
			continue;
		printf("%-16.16s loads %" PRIu64 ", write-outs %" PRIu64
		       ", %.1f MiB written, amplification %.3f\n",
		       (const char *)r->space.arenas[i].tier,
		       counters_get(c, "loads"), counters_get(c, "writeouts"),
		       counters_get(&r->tier[i], "bytes_written") / 1048576.0,
		       report_amplification(&r->tier[i]));
	}
}

static void print_if(uint64_t n, const char *what)
{
	if (n)
		printf("                 %" PRIu64 " %s\n", n, what);
}

static void print_stored(const uint64_t *count)
{
	printf("stored           %" PRIu64 " blocks, %.1f MiB\n",
	       count[COUNT_STORED], count[COUNT_STORED_BYTES] / 1048576.0);
	print_if(count[COUNT_PRESENT], "more had been stored by another client");
	print_if(count[COUNT_FILLING], "times another client was filling the block");
	print_if(count[COUNT_WAITS], "times it had to wait, for a frame or another client");
	print_if(count[COUNT_NO_SPACE], "times there was no frame (ENOSPC)");
	print_if(count[COUNT_NO_QUOTA], "times the lease quota was reached (EDQUOT)");
	print_if(count[COUNT_LOST], "were filled and refused at COMMIT");
	print_if(count[COUNT_ERRORS], "ERRORS");
}

void report_text(const struct report *r)
{
	const uint64_t *count = r->tally.count;

	printf("requests         %" PRIu64 " of %zu in %.2f s, %.0f a second%s\n",
	       count[COUNT_REQUESTS], r->trace->nr_requests, r->seconds,
	       r->seconds > 0 ? count[COUNT_REQUESTS] / r->seconds : 0,
	       r->complete ? "" : " (ended early)");
	printf("blocks           %" PRIu64 " asked for, %" PRIu64
	       " distinct in the trace; the space has %" PRIu64 " frames of %u KiB\n",
	       count[COUNT_BLOCKS], r->distinct, nr_frames(r),
	       r->space.block_size >> 10);
	printf("hits             %" PRIu64 ", %.2f %% (a cache without limit: %.2f %%)\n",
	       count[COUNT_HITS], 100 * report_hit_ratio(r),
	       100 * report_best_ratio(r));
	print_tiers(&r->tally);
	printf("verified         %" PRIu64 " blocks, %.1f MiB\n",
	       count[COUNT_VERIFIED], count[COUNT_VERIFIED_BYTES] / 1048576.0);
	printf("WRONG BLOCKS     %" PRIu64 "\n", count[COUNT_WRONG]);
	print_stored(count);
	print_kernel(&r->counters);
	print_nvme(r);
	print_times(&r->tally);
}
