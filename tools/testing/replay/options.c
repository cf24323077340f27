// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define DEFAULT_SAMPLE	16
#define MAX_MS		3600000	/* KVT_MAX_TIMEOUT_NS */

static const char usage_text[] =
"Usage: kvtier-replay --trace FILE --space SPACE [OPTION]...\n"
"\n"
"Replay a trace of LLM requests against a kvtier space. Each request leases the\n"
"longest prefix of its blocks that is cached, compares their bytes with what\n"
"their keys say they must be, stores the blocks that were missing, and gives\n"
"its leases back.\n"
"\n"
"What to replay:\n"
"  --trace FILE         JSON lines with \"timestamp\" and \"hash_ids\", plain or\n"
"                       gzip; - is standard input\n"
"  --space SPACE        name of the space, or path of its device node\n"
"  --identity HEX       attach with this identity, 64 hex digits\n"
"  --fraction F         the first part of the trace only, 0 < F <= 1\n"
"  --from F             not the first part of it, 0 <= F < 1: what --fraction F\n"
"                       leaves out\n"
"  --skip N             not the first N requests of that (0)\n"
"  --limit N            at most N requests, after that\n"
"  --seed N             other seeds give other keys, hence other blocks (0)\n"
"\n"
"How:\n"
"  --speed X            0: as fast as it goes (default); 1: when the trace says;\n"
"                       X: X times as fast as that\n"
"  --processes N        clients, each with its own open file (1)\n"
"  --threads N          threads of each (1)\n"
"  --verify WHAT        all (default), sample[=N] (one block in N, 16), none\n"
"  --fill-bytes SIZE    fill and verify only so much of each block's begin, a\n"
"                       multiple of 8; 0 is the whole block (default)\n"
"  --wait MS            wait so long for blocks that another client is filling\n"
"                       and for free frames (0; 1000 if the space is on nvme, where\n"
"                       blocks are written before their frames are free)\n"
"  --hold MS            keep the leases of each request so long, as an engine\n"
"                       does that decodes, and verify once more at the end (0)\n"
"  --read-only          open read-only and store nothing\n"
"\n"
"Output:\n"
"  --json FILE          write a report to FILE; - is standard output, with no\n"
"                       report in words\n"
"  --quiet              no report in words\n"
"  --progress[=bar|lines], --no-progress\n"
"                       show progress always, never; default: on a terminal\n"
"  --help, --version\n"
"\n"
"Exit status: 0 all was well; 1 a block had wrong bytes; 2 bad usage, or a bad\n"
"trace; 3 the replay could not be run, or not to its end.\n";

enum {
	OPT_TRACE = 256,
	OPT_SPACE,
	OPT_IDENTITY,
	OPT_FRACTION,
	OPT_FROM,
	OPT_SKIP,
	OPT_LIMIT,
	OPT_SEED,
	OPT_SPEED,
	OPT_PROCESSES,
	OPT_THREADS,
	OPT_VERIFY,
	OPT_FILL,
	OPT_WAIT,
	OPT_HOLD,
	OPT_READ_ONLY,
	OPT_JSON,
	OPT_QUIET,
	OPT_PROGRESS,
	OPT_NO_PROGRESS,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{ "trace",	 required_argument, NULL, OPT_TRACE },
	{ "space",	 required_argument, NULL, OPT_SPACE },
	{ "identity",	 required_argument, NULL, OPT_IDENTITY },
	{ "fraction",	 required_argument, NULL, OPT_FRACTION },
	{ "from",	 required_argument, NULL, OPT_FROM },
	{ "skip",	 required_argument, NULL, OPT_SKIP },
	{ "limit",	 required_argument, NULL, OPT_LIMIT },
	{ "seed",	 required_argument, NULL, OPT_SEED },
	{ "speed",	 required_argument, NULL, OPT_SPEED },
	{ "processes",	 required_argument, NULL, OPT_PROCESSES },
	{ "threads",	 required_argument, NULL, OPT_THREADS },
	{ "verify",	 required_argument, NULL, OPT_VERIFY },
	{ "fill-bytes",	 required_argument, NULL, OPT_FILL },
	{ "wait",	 required_argument, NULL, OPT_WAIT },
	{ "hold",	 required_argument, NULL, OPT_HOLD },
	{ "read-only",	 no_argument,	    NULL, OPT_READ_ONLY },
	{ "json",	 required_argument, NULL, OPT_JSON },
	{ "quiet",	 no_argument,	    NULL, OPT_QUIET },
	{ "progress",	 optional_argument, NULL, OPT_PROGRESS },
	{ "no-progress", no_argument,	    NULL, OPT_NO_PROGRESS },
	{ "help",	 no_argument,	    NULL, OPT_HELP },
	{ "version",	 no_argument,	    NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 }
};

static int bad(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "kvtier-replay: %s: '%s' is not %s (see --help)\n",
		option, value, wanted);
	return -1;
}

static int parse_u64(const char *s, uint64_t max, uint64_t *out)
{
	unsigned long long n;
	char *end;

	if (*s < '0' || *s > '9')
		return -1;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (errno || *end || n > max)
		return -1;
	*out = n;
	return 0;
}

static int parse_count(const char *s, uint64_t max, unsigned int *out)
{
	uint64_t n;

	if (parse_u64(s, max, &n) || !n)
		return -1;
	*out = n;
	return 0;
}

static int parse_double(const char *s, double max, double *out)
{
	double x;
	char *end;

	errno = 0;
	x = strtod(s, &end);
	if (errno || end == s || *end || !isfinite(x) || x < 0 || x > max)
		return -1;
	*out = x;
	return 0;
}

static int parse_ms(const char *s, uint64_t *ns)
{
	uint64_t ms;

	if (parse_u64(s, MAX_MS, &ms))
		return -1;
	*ns = ms * 1000000;
	return 0;
}

/* A number with an optional K or M, which are 2^10 and 2^20. */
static int parse_size(const char *s, uint64_t *bytes)
{
	unsigned long long n;
	unsigned int shift = 0;
	char *end;

	if (*s < '0' || *s > '9')
		return -1;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (*end == 'K' || *end == 'M')
		shift = *end++ == 'K' ? 10 : 20;
	if (errno || *end || n > KVT_BLOCK_SIZE_MAX)
		return -1;
	*bytes = (uint64_t)n << shift;
	return *bytes > KVT_BLOCK_SIZE_MAX || *bytes % 8 ? -1 : 0;
}

static int parse_verify(const char *s, struct options *o)
{
	if (!strcmp(s, "all"))
		o->verify = VERIFY_ALL;
	else if (!strcmp(s, "none"))
		o->verify = VERIFY_NONE;
	else if (!strcmp(s, "sample"))
		o->verify = VERIFY_SAMPLE;
	else if (!strncmp(s, "sample=", 7) &&
		 !parse_count(s + 7, UINT32_MAX, &o->sample))
		o->verify = VERIFY_SAMPLE;
	else
		return -1;
	return 0;
}

static int parse_progress(const char *s, struct options *o)
{
	if (!s)
		o->progress = WHEN_ALWAYS;
	else if (!strcmp(s, "bar"))
		o->progress = WHEN_BAR;
	else if (!strcmp(s, "lines"))
		o->progress = WHEN_LINES;
	else
		return -1;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int parse_identity(const char *s, struct options *o)
{
	size_t i;

	if (strlen(s) != 2 * KVT_IDENTITY_SIZE)
		return -1;
	for (i = 0; i < KVT_IDENTITY_SIZE; i++) {
		int high = hex_digit(s[2 * i]), low = hex_digit(s[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		o->identity[i] = high << 4 | low;
	}
	o->attach = true;
	return 0;
}

static int set_load(struct options *o, int opt, const char *s)
{
	switch (opt) {
	case OPT_IDENTITY:
		return parse_identity(s, o) ?
			bad("--identity", s, "64 hex digits") : 0;
	case OPT_FRACTION:
		return parse_double(s, 1, &o->fraction) || !o->fraction ?
			bad("--fraction", s, "a number above 0, at most 1") : 0;
	case OPT_FROM:
		return parse_double(s, 1, &o->from) || o->from == 1 ?
			bad("--from", s, "a number from 0 to below 1") : 0;
	case OPT_SKIP:
		return parse_u64(s, UINT64_MAX, &o->skip) ?
			bad("--skip", s, "a number of requests") : 0;
	case OPT_LIMIT:
		return parse_u64(s, UINT64_MAX, &o->limit) ?
			bad("--limit", s, "a number of requests") : 0;
	case OPT_SEED:
		return parse_u64(s, UINT64_MAX, &o->seed) ?
			bad("--seed", s, "a number from 0 to 2^64-1") : 0;
	case OPT_SPEED:
		return parse_double(s, 1e9, &o->speed) ?
			bad("--speed", s, "a number from 0 to 1e9") : 0;
	default:
		return -1;
	}
}

static int set_way(struct options *o, int opt, const char *s)
{
	switch (opt) {
	case OPT_PROCESSES:
		return parse_count(s, MAX_WORKERS, &o->processes) ?
			bad("--processes", s, "a number from 1 to 256") : 0;
	case OPT_THREADS:
		return parse_count(s, MAX_WORKERS, &o->threads) ?
			bad("--threads", s, "a number from 1 to 256") : 0;
	case OPT_VERIFY:
		return parse_verify(s, o) ?
			bad("--verify", s, "all, sample, sample=N or none") : 0;
	case OPT_FILL:
		return parse_size(s, &o->fill_bytes) ?
			bad("--fill-bytes", s, "a size up to 64M, a multiple of 8") : 0;
	case OPT_WAIT:
		return parse_ms(s, &o->wait_ns) ?
			bad("--wait", s, "a number of ms, at most 3600000") : 0;
	case OPT_HOLD:
		return parse_ms(s, &o->hold_ns) ?
			bad("--hold", s, "a number of ms, at most 3600000") : 0;
	default:
		return set_load(o, opt, s);
	}
}

static int set(struct options *o, int opt, const char *s)
{
	switch (opt) {
	case OPT_TRACE:
		o->trace = s;
		return 0;
	case OPT_SPACE:
		o->space = s;
		return 0;
	case OPT_JSON:
		o->json = s;
		return 0;
	case OPT_READ_ONLY:
		o->read_only = true;
		return 0;
	case OPT_QUIET:
		o->quiet = true;
		return 0;
	case OPT_PROGRESS:
		return parse_progress(s, o) ?
			bad("--progress", s, "bar or lines") : 0;
	case OPT_NO_PROGRESS:
		o->progress = WHEN_NEVER;
		return 0;
	case OPT_HELP:
		fputs(usage_text, stdout);
		exit(0);
	case OPT_VERSION:
		puts("kvtier-replay " VERSION);
		exit(0);
	default:
		return set_way(o, opt, s);
	}
}

static int check(struct options *o)
{
	if (!o->trace || !o->space)
		fprintf(stderr, "kvtier-replay: no %s given (see --help)\n",
			o->trace ? "--space" : "--trace");
	else if (o->processes * o->threads > MAX_WORKERS)
		fprintf(stderr, "kvtier-replay: %u processes of %u threads are above %u workers\n",
			o->processes, o->threads, MAX_WORKERS);
	else
		return 0;
	return -1;
}

int options_parse(struct options *o, int argc, char **argv)
{
	int opt;

	*o = (struct options) {
		.fraction = 1,
		.processes = 1,
		.threads = 1,
		.sample = DEFAULT_SAMPLE,
		.wait_ns = WAIT_DEFAULT,
	};
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (opt == '?' || set(o, opt, optarg))
			return -1;
	if (optind < argc) {
		fprintf(stderr, "kvtier-replay: unexpected '%s' (see --help)\n",
			argv[optind]);
		return -1;
	}
	if (o->json && !strcmp(o->json, "-"))
		o->quiet = true;
	return check(o);
}
