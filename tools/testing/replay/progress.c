// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"
#include "run.h"

#define REDRAW_NS	200000000
#define BAR_WIDTH	24

/** struct snapshot - the counts that are shown */
struct snapshot {
	uint64_t requests;
	uint64_t blocks;
	uint64_t hits;
	uint64_t wrong;
	double seconds;
};

void progress_init(struct progress *p, const struct options *o,
		   const struct trace *trace)
{
	bool tty = isatty(STDERR_FILENO);

	memset(p, 0, sizeof(*p));
	p->bar = tty ? o->progress != WHEN_LINES : o->progress == WHEN_BAR;
	p->enabled = o->progress == WHEN_TTY ? tty : o->progress != WHEN_NEVER;
	p->total = trace->nr_requests;
	p->begin_ns = now_ns();
}

/* Others are writing the counters: each is right, or was a moment ago. */
static uint64_t peek(const struct tally *t, enum count what)
{
	return __atomic_load_n(&t->count[what], __ATOMIC_RELAXED);
}

static void take_snapshot(const struct progress *p, const struct run *run,
			  struct snapshot *s)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < run->nr_workers; i++) {
		const struct tally *t = &run->tally[i];

		s->requests += peek(t, COUNT_REQUESTS);
		s->blocks += peek(t, COUNT_BLOCKS);
		s->hits += peek(t, COUNT_HITS);
		s->wrong += peek(t, COUNT_WRONG);
	}
	s->seconds = (double)(now_ns() - p->begin_ns) / 1e9;
}

static void draw_bar(const struct progress *p, const struct snapshot *s)
{
	unsigned int full = BAR_WIDTH * s->requests / p->total;
	double rate = s->seconds > 0 ? s->requests / s->seconds : 0;
	double left = rate > 0 ? (p->total - s->requests) / rate : 0;
	unsigned int i;

	fputs("\r[", stderr);
	for (i = 0; i < BAR_WIDTH; i++)
		fputc(i < full ? '#' : '.', stderr);
	fprintf(stderr, "] %" PRIu64 "/%" PRIu64
		" requests  hits %.1f %%  wrong %" PRIu64 "  %.0f/s  %.0f s left ",
		s->requests, p->total,
		s->blocks ? 100.0 * s->hits / s->blocks : 0.0, s->wrong, rate,
		left);
}

static void show_bar(struct progress *p, const struct run *run, bool end)
{
	uint64_t now = now_ns();
	struct snapshot s;

	if (!end && now - p->shown_ns < REDRAW_NS)
		return;
	p->shown_ns = now;
	take_snapshot(p, run, &s);
	if (end)
		fputs("\r\033[K", stderr);
	else
		draw_bar(p, &s);
}

static void show_line(struct progress *p, const struct run *run)
{
	unsigned int tenth;
	struct snapshot s;

	take_snapshot(p, run, &s);
	tenth = 10 * s.requests / p->total;
	if (tenth == p->shown_tenth)
		return;
	p->shown_tenth = tenth;
	fprintf(stderr, "%3u %%: %" PRIu64 " of %" PRIu64
		" requests, hits %.1f %%, wrong %" PRIu64 ", %.1f s\n",
		10 * tenth, s.requests, p->total,
		s.blocks ? 100.0 * s.hits / s.blocks : 0.0, s.wrong,
		s.seconds);
}

void progress_show(struct progress *p, const struct run *run, bool end)
{
	if (!p->enabled || !p->total)
		return;
	if (p->bar)
		show_bar(p, run, end);
	else
		show_line(p, run);
}
