// SPDX-License-Identifier: GPL-2.0
/*
 * kvtier-crash: power cuts of an nvme tier, with a volatile write cache. Either a
 * model of the module writes, or what the module wrote was recorded; then images
 * are made of what the cut may leave, recovered, and held against what was
 * promised. See usage(). TAP; exit code 0: all is well, 1: not, 2: cannot tell.
 */
#include <getopt.h>
#include <string.h>

#include "cut.h"
#include "judge.h"
#include "model.h"
#include "must.h"

#define STEPS		1200	/* of the model, between attach and cut */
#define MOST_SEEDS	20	/* of a broken model, until that is noticed */
#define EPOCHS		3	/* attaches, one after the other, of one set */

struct options {
	u32 images;
	u64 seed;
	const char *log;
	const char *base;
	const char *write;
	bool cut;
	u64 size;
};

static void usage(void)
{
	puts("Usage: kvtier-crash [--images N] [--seed N]\n"
	     "       kvtier-crash --log FILE --size BYTES [--base FILE] [--images N] [--seed N]\n"
	     "       kvtier-crash --write PREFIX [--cut] [--seed N]\n"
	     "\n"
	     "Recover N images (50) of what a power cut may leave of an nvme tier.\n"
	     "\n"
	     "  --log   what the module wrote, as the device mapper's log-writes target has\n"
	     "          recorded it; without: what a model of the module writes\n"
	     "  --size  of the device that was recorded\n"
	     "  --base  what was on it when recording began; without: zeros\n"
	     "  --seed  of all choices (1)\n"
	     "  --write what the model writes: an image of each device to PREFIX0, PREFIX1 ...\n"
	     "  --cut   as a power cut leaves it\n"
	     "\n"
	     "Everything up to a completed flush is durable; of what was written later random\n"
	     "writes, pages or sectors are. Found must be every block whose summary is durable\n"
	     "unless it may have been dropped or freed; none that was dropped durably; and each\n"
	     "with its bytes.");
}

static u64 number(const char *text)
{
	char *end;
	u64 n = strtoull(text, &end, 0);

	must(*text && !*end, "'%s' is no number", text);
	return n;
}

static const struct option longs[] = {
	{ "images", required_argument, NULL, 'n' },
	{ "seed", required_argument, NULL, 's' },
	{ "log", required_argument, NULL, 'l' },
	{ "size", required_argument, NULL, 'z' },
	{ "base", required_argument, NULL, 'b' },
	{ "write", required_argument, NULL, 'w' },
	{ "cut", no_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{}
};

static void take(int c, struct options *o)
{
	if (c == '?')
		exit(2);
	if (c == 'n')
		o->images = number(optarg);
	else if (c == 's')
		o->seed = number(optarg);
	else if (c == 'z')
		o->size = number(optarg);
	else if (c == 'l')
		o->log = optarg;
	else if (c == 'b')
		o->base = optarg;
	else if (c == 'w')
		o->write = optarg;
	else if (c == 'c')
		o->cut = true;
}

static void parse(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (c == 'h') {
			usage();
			exit(0);
		}
		take(c, o);
	}
	must(optind == argc, "'%s' is not understood; see --help", argv[optind]);
	must(o->images, "--images is 1 at least");
	must(!o->log || o->size, "--log needs --size");
	must(!o->cut || o->write, "--cut needs --write");
}

/* --------------------------------------------------------------------- images */

static int by_time(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Times of @nr cuts, in order. */
static u64 *draw_times(const struct trace *t, u32 nr, struct rng *rng)
{
	u64 *times = calloc(nr, sizeof(*times));
	u32 i;

	must(times, "no memory");
	for (i = 0; i < nr; i++)
		times[i] = 1 + rng_next(rng) % t->now;
	qsort(times, nr, sizeof(*times), by_time);
	return times;
}

/*
 * @nr images of one trace. @base is what was there before, and becomes what was
 * left by the last cut but one.
 */
static bool try_trace(struct image *base, const struct trace *t, u32 nr,
		      struct rng *rng, struct verdict *v)
{
	u64 *times = draw_times(t, nr, rng);
	struct image ideal = {};
	struct oracle o;
	size_t done = 0;
	bool good = true;
	u32 i;

	image_copy(&ideal, base);
	oracle_make(&o, &ideal, t);
	for (i = 0; i < nr; i++) {
		cut_advance(base, t, &done, times[i]);
		if (i + 1 < nr)
			image_begin(base);
		cut_apply(base, t, done, times[i], rng);
		good &= judge_image(&o, base, times[i], v);
		image_back(base);
	}
	oracle_free(&o);
	image_free(&ideal);
	free(times);
	return good;
}

/* -------------------------------------------------------------------- reports */

static void print_verdict(const struct verdict *v)
{
	printf("# found %llu (%llu wrong), promised %llu (%llu lost), dropped %llu (%llu found again), unusable %llu\n",
	       (unsigned long long)v->found, (unsigned long long)v->wrong,
	       (unsigned long long)v->promised, (unsigned long long)v->lost,
	       (unsigned long long)v->buried, (unsigned long long)v->risen,
	       (unsigned long long)v->unusable);
}

/* One set: it is attached, written to and cut, several times. */
static bool try_model(enum model_fault fault, u64 seed, u32 images, struct verdict *v)
{
	struct rng rng = { .state = seed * 0x9e3779b97f4a7c15ULL };
	struct image base = {};
	struct model_plan plan;
	bool good = true;
	u32 i;

	model_plan(&plan, &rng);
	plan.fault = fault;
	model_format(&plan, &base, &rng);
	for (i = 0; i < EPOCHS && images; i++) {
		u32 share = i + 1 < EPOCHS ? (images + EPOCHS - 1) / EPOCHS : images;
		struct trace t = {};

		model_run(&plan, &base, &t, rng_between(&rng, 20, STEPS), &rng);
		trace_settle(&t);
		if (t.now)
			good &= try_trace(&base, &t, min(share, images), &rng, v);
		images -= min(share, images);
		trace_free(&t);
	}
	image_free(&base);
	return good;
}

/* A protocol that is broken has to be noticed, or this program shows nothing. */
static u32 try_faults(u32 nr)
{
	static const char *const names[] = {
		[MODEL_NO_FLUSH] = "summaries without a flush",
		[MODEL_EARLY] = "summaries before their data",
		[MODEL_LATE_FLUSH] = "a flush behind the first of several summaries",
		[MODEL_REUSE] = "segments used before they are free",
	};
	u32 fault, seed, failed = 0;
	struct verdict v = {};

	judge_is_silent = true;
	for (fault = MODEL_NO_FLUSH; fault <= MODEL_REUSE; fault++) {
		for (seed = 1; seed <= MOST_SEEDS; seed++)
			if (!try_model(fault, seed, 10, &v))
				break;
		printf("%sok %u - notices: %s\n", seed <= MOST_SEEDS ? "" : "not ", ++nr,
		       names[fault]);
		failed += seed > MOST_SEEDS;
	}
	judge_is_silent = false;
	return failed;
}

static int run_model(const struct options *o)
{
	u32 runs = (o->images + 9) / 10, left = o->images, i, failed = 0;
	struct verdict v = {};

	for (i = 0; i < runs; i++) {
		u32 share = min(left, 10u);
		bool good = try_model(MODEL_RIGHT, o->seed + i, share, &v);

		printf("%sok %u - model, seed %llu: %u images\n", good ? "" : "not ",
		       i + 1, (unsigned long long)(o->seed + i), share);
		failed += !good;
		left -= share;
	}
	printf("%sok %u - blocks were promised, found and dropped\n",
	       v.promised && v.found && v.buried ? "" : "not ", runs + 1);
	failed += !(v.promised && v.found && v.buried);
	print_verdict(&v);
	failed += try_faults(runs + 1);
	printf("1..%u\n", runs + 1 + MODEL_REUSE);
	return failed ? 1 : 0;
}

static void write_device(const struct image *m, u32 i, const char *prefix)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s%u", prefix, i);
	f = fopen(path, "w");
	must(f && fwrite(m->media[i], 1, m->bytes[i], f) == m->bytes[i] && !fclose(f),
	     "%s cannot be written", path);
}

static void apply_all(struct image *base, struct trace *t)
{
	size_t done = 0, i;

	for (i = 0; i < t->nr; i++)
		t->writes[i].durable = 0;
	cut_advance(base, t, &done, t->now + 1);
}

static void apply_cut(struct image *base, struct trace *t, struct rng *rng)
{
	u64 now = 1 + rng_next(rng) % t->now;
	size_t done = 0;

	trace_settle(t);
	cut_advance(base, t, &done, now);
	cut_apply(base, t, done, now, rng);
}

static int write_images(const struct options *o)
{
	struct rng rng = { .state = o->seed };
	struct image base = {};
	struct model_plan plan;
	struct trace t = {};
	u32 i;

	model_plan(&plan, &rng);
	plan.fault = MODEL_RIGHT;
	model_format(&plan, &base, &rng);
	model_run(&plan, &base, &t, STEPS, &rng);
	if (o->cut)
		apply_cut(&base, &t, &rng);
	else
		apply_all(&base, &t);
	for (i = 0; i < base.nr_devices; i++)
		write_device(&base, i, o->write);
	trace_free(&t);
	image_free(&base);
	return 0;
}

static void load_base(struct image *m, const char *path)
{
	FILE *f = fopen(path, "r");

	must(f, "%s cannot be opened", path);
	must(fread(m->media[0], 1, m->bytes[0], f) == m->bytes[0],
	     "%s is shorter than the device", path);
	fclose(f);
}

static int run_log(const struct options *o)
{
	struct rng rng = { .state = o->seed };
	struct verdict v = {};
	struct image base = {};
	struct trace t = {};
	bool good;

	image_add(&base, o->size);
	if (o->base)
		load_base(&base, o->base);
	trace_load(&t, o->log);
	trace_settle(&t);
	must(t.now, "%s has no writes", o->log);
	good = try_trace(&base, &t, o->images, &rng, &v);
	printf("# %zu writes\n", t.nr);
	print_verdict(&v);
	printf("%sok 1 - %u images of %s\n1..1\n", good ? "" : "not ", o->images, o->log);
	image_free(&base);
	trace_free(&t);
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct options o = { .images = 50, .seed = 1 };

	parse(argc, argv, &o);
	if (o.write)
		return write_images(&o);
	return o.log ? run_log(&o) : run_model(&o);
}
