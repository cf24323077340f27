// SPDX-License-Identifier: GPL-2.0
/* The report for programs. README.md describes its members. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

#define NS_PER_US	1000.0

static void put(struct json_object *to, const char *name,
		struct json_object *value)
{
	json_object_object_add(to, name, value);
}

static void put_u64(struct json_object *to, const char *name, uint64_t value)
{
	put(to, name, json_object_new_uint64(value));
}

static void put_string(struct json_object *to, const char *name,
		       const char *value)
{
	put(to, name, json_object_new_string(value));
}

/* Numbers a person reads: six digits are enough. */
static void put_double(struct json_object *to, const char *name, double value)
{
	char text[64];

	snprintf(text, sizeof(text), "%.6g", value);
	put(to, name, json_object_new_double_s(value, text));
}

static struct json_object *trace_object(const struct report *r)
{
	struct json_object *o = json_object_new_object();

	put_string(o, "file", r->options->trace);
	put_u64(o, "requests", r->trace->nr_requests);
	put_u64(o, "blocks", r->trace->nr_ids);
	put_u64(o, "distinct_blocks", r->distinct);
	put_double(o, "best_hit_ratio", report_best_ratio(r));
	return o;
}

static struct json_object *arena_object(const struct kvt_arena_info *arena)
{
	struct json_object *o = json_object_new_object();

	put_string(o, "tier", (const char *)arena->tier);
	put_string(o, "kind", kvt_tier_kind_name(arena->kind));
	put(o, "node", json_object_new_int(arena->node));
	put_u64(o, "frames", arena->nr_frames);
	return o;
}

static struct json_object *space_object(const struct report *r)
{
	struct json_object *o = json_object_new_object();
	struct json_object *arenas = json_object_new_array();
	uint64_t frames = 0;
	unsigned int i;

	for (i = 0; i < KVT_MAX_ARENAS; i++) {
		const struct kvt_arena_info *arena = &r->space.arenas[i];

		if (!arena->tier[0])
			continue;
		json_object_array_add(arenas, arena_object(arena));
		frames += arena->nr_frames;
	}
	put_string(o, "name", (const char *)r->space.name);
	put_u64(o, "block_size", r->space.block_size);
	put_u64(o, "frames", frames);
	put(o, "arenas", arenas);
	return o;
}

static struct json_object *options_object(const struct report *r)
{
	static const char *const verify[] = {
		[VERIFY_ALL] = "all",
		[VERIFY_SAMPLE] = "sample",
		[VERIFY_NONE] = "none",
	};
	const struct options *opt = r->options;
	struct json_object *o = json_object_new_object();

	put_double(o, "fraction", opt->fraction);
	put_double(o, "from", opt->from);
	put_u64(o, "skip", opt->skip);
	put_u64(o, "limit", opt->limit);
	put_double(o, "speed", opt->speed);
	put_u64(o, "processes", opt->processes);
	put_u64(o, "threads", opt->threads);
	put_string(o, "verify", verify[opt->verify]);
	if (opt->verify == VERIFY_SAMPLE)
		put_u64(o, "sample", opt->sample);
	put_u64(o, "seed", opt->seed);
	put_u64(o, "fill_bytes", opt->fill_bytes);
	put_u64(o, "wait_ms", opt->wait_ns / 1000000);
	put_u64(o, "hold_ms", opt->hold_ns / 1000000);
	put(o, "read_only", json_object_new_boolean(opt->read_only));
	return o;
}

static struct json_object *bucket_array(const struct hist *h)
{
	struct json_object *all = json_object_new_array();
	unsigned int i;

	for (i = 0; i < HIST_BUCKETS; i++) {
		struct json_object *pair;

		if (!h->bucket[i])
			continue;
		pair = json_object_new_array();
		json_object_array_add(pair,
				      json_object_new_uint64(hist_upper(i)));
		json_object_array_add(pair,
				      json_object_new_uint64(h->bucket[i]));
		json_object_array_add(all, pair);
	}
	return all;
}

static struct json_object *hist_object(const struct hist *h)
{
	struct json_object *o = json_object_new_object();

	put_u64(o, "count", h->count);
	put_double(o, "total_s", (double)h->sum / 1e9);
	put_double(o, "mean_us",
		   h->count ? (double)h->sum / h->count / NS_PER_US : 0);
	put_double(o, "min_us", h->min / NS_PER_US);
	put_double(o, "p50_us", hist_percentile(h, 50) / NS_PER_US);
	put_double(o, "p90_us", hist_percentile(h, 90) / NS_PER_US);
	put_double(o, "p99_us", hist_percentile(h, 99) / NS_PER_US);
	put_double(o, "max_us", h->max / NS_PER_US);
	put(o, "histogram_ns", bucket_array(h));
	return o;
}

static struct json_object *time_object(const struct tally *t)
{
	struct json_object *o = json_object_new_object();
	unsigned int i;

	for (i = 0; i < NR_STEPS; i++)
		put(o, step_names[i], hist_object(&t->time[i]));
	return o;
}

static struct json_object *tier_object(const uint64_t *hits)
{
	struct json_object *o = json_object_new_object();
	unsigned int i;

	for (i = 0; i < NR_TIER_KINDS; i++)
		put_u64(o, kvt_tier_kind_name(i), hits[i]);
	return o;
}

static struct json_object *counters_object(const struct counters *c)
{
	struct json_object *o = json_object_new_object();
	size_t i;

	for (i = 0; i < c->nr; i++)
		put_u64(o, c->name[i], c->value[i]);
	return o;
}

static void put_rates(struct json_object *o, const struct report *r)
{
	double s = r->seconds > 0 ? r->seconds : 1e-9;
	const uint64_t *count = r->tally.count;

	put_double(o, "wall_seconds", r->seconds);
	put_double(o, "requests_per_second", count[COUNT_REQUESTS] / s);
	put_double(o, "blocks_per_second", count[COUNT_BLOCKS] / s);
}

static struct json_object *nvme_object(const char *name,
				       const struct counters *c)
{
	static const char *const names[] = {
		"bytes_written", "block_bytes_written", "bytes_read",
		"io_errors", "crc_errors", "bad_records",
	};
	struct json_object *o = json_object_new_object();
	unsigned int i;

	put_string(o, "tier", name);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_u64(o, names[i], counters_get(c, names[i]));
	put_double(o, "write_amplification", report_amplification(c));
	return o;
}

static void put_nvme(struct json_object *o, const struct report *r)
{
	struct json_object *all = json_object_new_array();
	unsigned int i;

	for (i = 0; i < KVT_MAX_ARENAS; i++) {
		const char *name = (const char *)r->space.arenas[i].tier;

		if (r->tier[i].nr)
			json_object_array_add(all,
					      nvme_object(name, &r->tier[i]));
	}
	put(o, "nvme", all);
}

static void put_kernel(struct json_object *o, const struct counters *c)
{
	static const char *const names[] = {
		"evictions", "demotions", "promotions", "loads", "writeouts",
	};
	unsigned int i;

	if (!c->nr)
		return;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_u64(o, names[i], counters_get(c, names[i]));
	put(o, "counters", counters_object(c));
}

static struct json_object *report_object(const struct report *r)
{
	struct json_object *o = json_object_new_object();
	unsigned int i;

	put_string(o, "program", "kvtier-replay");
	put_string(o, "version", VERSION);
	put(o, "complete", json_object_new_boolean(r->complete));
	put(o, "trace", trace_object(r));
	put(o, "space", space_object(r));
	put(o, "options", options_object(r));
	put_double(o, "hit_ratio", report_hit_ratio(r));
	for (i = 0; i < NR_COUNTS; i++)
		put_u64(o, count_names[i], r->tally.count[i]);
	put(o, "tier_hits", tier_object(r->tally.tier_hits));
	put(o, "found_on", tier_object(r->tally.found));
	put_kernel(o, &r->counters);
	put_nvme(o, r);
	put_rates(o, r);
	put(o, "time", time_object(&r->tally));
	return o;
}

static int write_text(const char *path, const char *text)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "we") : stdout;

	if (!f)
		return -1;
	fputs(text, f);
	fputc('\n', f);
	if (f == stdout)
		return fflush(f);
	if (ferror(f)) {
		fclose(f);
		return -1;
	}
	return fclose(f);
}

int report_json(const struct report *r, const char *path)
{
	struct json_object *o = report_object(r);
	const char *text = json_object_to_json_string_ext(o,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
		JSON_C_TO_STRING_NOSLASHESCAPE);
	int ret = text ? write_text(path, text) : -1;

	if (ret)
		fprintf(stderr, "kvtier-replay: cannot write the report to %s: %s\n",
			path, strerror(errno));
	json_object_put(o);
	return ret;
}
