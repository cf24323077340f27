// SPDX-License-Identifier: GPL-2.0
/* kvtier-replay: replay a trace of LLM requests against a kvtier space. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blocks.h"
#include "report.h"
#include "run.h"

#define STATS_DIR	"/sys/class/kvtier/%.31s/stats"
#define TIER_DIR	"/sys/class/kvtier_tier/%.31s"
#define NVME_WAIT_NS	1000000000

enum {
	EXIT_OK,
	EXIT_WRONG,
	EXIT_USAGE,
	EXIT_FAILED,
};

static int load(const struct options *o, struct trace *trace,
		uint64_t *distinct)
{
	struct trace_error error;
	struct blocks blocks;
	size_t skip;

	if (trace_load(trace, o->trace, &error)) {
		fprintf(stderr, "kvtier-replay: %s\n", error.text);
		return -1;
	}
	skip = ceil(trace->nr_requests * o->from) + o->skip;
	trace_cut(trace, o->fraction, skip, o->limit);
	if (!trace->nr_requests) {
		fprintf(stderr, "kvtier-replay: --from, --skip: to leave out %zu requests leaves none of trace %s\n",
			skip, o->trace);
		trace_free(trace);
		return -1;
	}
	if (blocks_number(&blocks, trace)) {
		fprintf(stderr, "kvtier-replay: out of memory for the trace's blocks\n");
		trace_free(trace);
		return -1;
	}
	*distinct = blocks.nr;
	blocks_free(&blocks);
	return 0;
}

/* What depends on the space and was not said. */
static void complete_options(struct options *o,
			     const struct kvt_space_info *info)
{
	unsigned int i, arenas = 0, nvme = 0;

	for (i = 0; i < KVT_MAX_ARENAS; i++) {
		if (!info->arenas[i].tier[0])
			continue;
		arenas++;
		nvme += info->arenas[i].kind == KVT_TIER_NVME;
	}
	o->look = arenas > 1;
	if (o->wait_ns == WAIT_DEFAULT)
		o->wait_ns = nvme ? NVME_WAIT_NS : 0;
}

static int get_space(const struct options *o, struct kvt_space_info *info)
{
	struct kvt_space *space;
	int ret = kvt_open(o->space, o->read_only ? KVT_OPEN_RDONLY : 0,
			   o->attach ? o->identity : NULL, &space);

	if (ret) {
		fprintf(stderr, "kvtier-replay: cannot open space %s: %s\n",
			o->space, kvt_strerror(KVT_CALL_OPEN, ret));
		return ret;
	}
	ret = kvt_info(space, info);
	kvt_close(space);
	if (ret)
		fprintf(stderr, "kvtier-replay: cannot get information on space %s: %s\n",
			o->space, kvt_strerror(KVT_CALL_INFO, ret));
	else if (o->fill_bytes > info->block_size)
		fprintf(stderr, "kvtier-replay: --fill-bytes: space %s has blocks of %u bytes\n",
			o->space, info->block_size);
	return ret;
}

/** struct snapshot - what the kernel has counted so far */
struct snapshot {
	struct counters space;
	struct counters tier[KVT_MAX_ARENAS];
};

static void read_counters(const struct report *r, struct snapshot *s)
{
	unsigned int i;
	char dir[128];

	memset(s, 0, sizeof(*s));
	snprintf(dir, sizeof(dir), STATS_DIR, (const char *)r->space.name);
	counters_read(&s->space, dir);
	for (i = 0; i < KVT_MAX_ARENAS; i++) {
		if (r->space.arenas[i].kind != KVT_TIER_NVME)
			continue;
		snprintf(dir, sizeof(dir), TIER_DIR,
			 (const char *)r->space.arenas[i].tier);
		counters_read(&s->tier[i], dir);
	}
}

static void take_difference(struct report *r, const struct snapshot *before,
			    const struct snapshot *after)
{
	unsigned int i;

	r->counters = after->space;
	counters_since(&r->counters, &before->space);
	for (i = 0; i < KVT_MAX_ARENAS; i++) {
		r->tier[i] = after->tier[i];
		counters_since(&r->tier[i], &before->tier[i]);
	}
}

static int status_of(const struct report *r)
{
	const uint64_t *count = r->tally.count;

	if (count[COUNT_WRONG])
		return EXIT_WRONG;
	return r->complete && !count[COUNT_ERRORS] ? EXIT_OK : EXIT_FAILED;
}

static int tell(const struct report *r)
{
	int status = status_of(r);

	if (!r->options->quiet)
		report_text(r);
	if (r->options->json && report_json(r, r->options->json) && !status)
		status = EXIT_FAILED;
	return status;
}

static int replay(struct report *r, struct run *run)
{
	static struct snapshot before, after;
	uint64_t begin;
	int ret;

	read_counters(r, &before);
	begin = now_ns();
	ret = run_trace(run, r->options, r->trace);
	r->seconds = (double)(now_ns() - begin) / 1e9;
	read_counters(r, &after);
	take_difference(r, &before, &after);
	run_total(run, &r->tally);
	r->complete = !ret;
	return tell(r);
}

static int with_trace(struct report *r, struct options *options)
{
	struct run *run;
	int status;

	if (get_space(r->options, &r->space))
		return EXIT_FAILED;
	complete_options(options, &r->space);
	run = run_alloc(r->options);
	if (!run) {
		fprintf(stderr, "kvtier-replay: out of memory for %u workers\n",
			r->options->processes * r->options->threads);
		return EXIT_FAILED;
	}
	status = replay(r, run);
	run_free(run);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	struct trace trace;
	struct report *report;
	int status;

	if (options_parse(&options, argc, argv))
		return EXIT_USAGE;
	report = calloc(1, sizeof(*report));
	if (!report || load(&options, &trace, &report->distinct)) {
		free(report);
		return EXIT_USAGE;
	}
	report->options = &options;
	report->trace = &trace;
	status = with_trace(report, &options);
	trace_free(&trace);
	free(report);
	return status;
}
