// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"

static const char usage_text[] =
"Usage: kvtier-sim --trace FILE --capacity PCT[,PCT...] [OPTION]...\n"
"       kvtier-sim --trace FILE --tiers dram=SIZE,cxl=SIZE,nvme=SIZE [OPTION]...\n"
"\n"
"Simulate a cache on a trace of LLM requests, block by block, one request after\n"
"the other, and print the hit ratio: blocks found in the longest present prefix,\n"
"of all blocks asked for.\n"
"\n"
"  --trace FILE          JSON lines, plain or gzip; - is standard input\n"
"  --fraction F          the first part of the trace only, 0 < F <= 1\n"
"  --skip N              not the first N requests of that\n"
"  --limit N             at most N requests, after that\n"
"  --json FILE           write the results to FILE too; - is standard output,\n"
"                        with no table\n"
"\n"
"One tier:\n"
"  --capacity PCT,...    sizes in per cent of the trace's distinct blocks\n"
"  --capacity-blocks N,...\n"
"                        sizes in blocks\n"
"  --policy NAME,...     default: lru (leaf first), plain (LRU without leaf\n"
"                        first), belady (the best possible); others that were\n"
"                        tried: see --policy help\n"
"\n"
"A host with several tiers, moved between as the module does; hits by tier, and\n"
"what is written to nvme:\n"
"  --tiers LIST          sizes, each in blocks, or in bytes with a M or G, or in %\n"
"                        of the trace's distinct blocks; nvme is rounded down to\n"
"                        segments. Can be repeated\n"
"  --mode NAME,...       inclusive (what the module does; default), exclusive\n"
"                        (each demotion writes, each promotion gives up the copy)\n"
"  --admission NAME,...  all (default), second\n"
"  --carry-over N,...    per mille of a segment's blocks that reclaim rewrites (0)\n"
"  --block-size SIZE     with an optional K or M (64K)\n"
"  --segment-size SIZE   a power of two, 1M to 256M (64M)\n"
"  --group N             blocks written together at most; 0: all that a summary\n"
"                        has room for (default)\n"
"  --promote HOW         hits on cxl: off, free (default), always\n"
"  --watermarks LOW,HIGH per mille of frames (10,20)\n"
"  --restart-at F        unload and load the module after this part of requests\n"
"\n"
"  --help, --version\n"
"\n"
"Exit status: 0; 2 bad usage or trace; 3 out of memory, or FILE not written.\n";

const char *const admission_names[] = {
	[TIERS_ADMIT_ALL] = "all",
	[TIERS_ADMIT_SECOND] = "second",
	NULL
};

static const char *const mode_names[] = { "inclusive", "exclusive", NULL };
static const char *const promote_names[] = { "off", "free", "always", NULL };
static const char *const tier_names[] = { "dram", "cxl", "nvme", NULL };

enum {
	OPT_TRACE = 256,
	OPT_CAPACITY,
	OPT_BLOCKS,
	OPT_POLICY,
	OPT_FRACTION,
	OPT_SKIP,
	OPT_LIMIT,
	OPT_JSON,
	OPT_TIERS,
	OPT_MODE,
	OPT_ADMISSION,
	OPT_CARRY,
	OPT_BLOCK,
	OPT_SEGMENT,
	OPT_GROUP,
	OPT_PROMOTE,
	OPT_WATERMARKS,
	OPT_RESTART,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{ "trace",	     required_argument, NULL, OPT_TRACE },
	{ "capacity",	     required_argument, NULL, OPT_CAPACITY },
	{ "capacity-blocks", required_argument, NULL, OPT_BLOCKS },
	{ "policy",	     required_argument, NULL, OPT_POLICY },
	{ "fraction",	     required_argument, NULL, OPT_FRACTION },
	{ "skip",	     required_argument, NULL, OPT_SKIP },
	{ "limit",	     required_argument, NULL, OPT_LIMIT },
	{ "json",	     required_argument, NULL, OPT_JSON },
	{ "tiers",	     required_argument, NULL, OPT_TIERS },
	{ "mode",	     required_argument, NULL, OPT_MODE },
	{ "admission",	     required_argument, NULL, OPT_ADMISSION },
	{ "carry-over",	     required_argument, NULL, OPT_CARRY },
	{ "block-size",	     required_argument, NULL, OPT_BLOCK },
	{ "segment-size",    required_argument, NULL, OPT_SEGMENT },
	{ "group",	     required_argument, NULL, OPT_GROUP },
	{ "promote",	     required_argument, NULL, OPT_PROMOTE },
	{ "watermarks",	     required_argument, NULL, OPT_WATERMARKS },
	{ "restart-at",	     required_argument, NULL, OPT_RESTART },
	{ "help",	     no_argument,	NULL, OPT_HELP },
	{ "version",	     no_argument,	NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 }
};

static int bad(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "kvtier-sim: %s: '%s' is not %s (see --help)\n",
		option, value, wanted);
	return -1;
}

static int parse_double(const char *s, double max, double *out)
{
	char *end;

	errno = 0;
	*out = strtod(s, &end);
	return errno || end == s || *end || !isfinite(*out) || *out <= 0 ||
	       *out > max ? -1 : 0;
}

static int parse_number(const char *s, uint64_t max, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(s, &end, 10);
	return errno || *s < '0' || *s > '9' || *end || *out > max ? -1 : 0;
}

static int parse_u32(const char *s, uint32_t max, uint32_t *out)
{
	uint64_t n;

	if (parse_number(s, max, &n))
		return -1;
	*out = n;
	return 0;
}

/* A number with an optional K or M, which are 2^10 and 2^20. */
static int parse_size(const char *s, uint32_t *bytes)
{
	unsigned long long n;
	unsigned int shift = 0;
	char *end;

	errno = 0;
	n = strtoull(s, &end, 10);
	if (*end == 'K' || *end == 'M')
		shift = *end++ == 'K' ? 10 : 20;
	if (errno || *s < '0' || *s > '9' || *end || n > UINT32_MAX >> shift)
		return -1;
	*bytes = n << shift;
	return 0;
}

static int parse_name(const char *s, const char *const *names)
{
	int i;

	for (i = 0; names[i]; i++)
		if (!strcmp(s, names[i]))
			return i;
	return -1;
}

/* --- items of lists ----------------------------------------------------------- */

static int add_capacity(struct args *a, char *s)
{
	if (a->nr_capacities == MAX_CAPACITIES ||
	    parse_double(s, 100, &a->capacity[a->nr_capacities].percent))
		return -1;
	a->nr_capacities++;
	return 0;
}

static int add_blocks(struct args *a, char *s)
{
	uint32_t n;

	if (a->nr_capacities == MAX_CAPACITIES ||
	    parse_u32(s, UINT32_MAX, &n) || !n)
		return -1;
	a->capacity[a->nr_capacities++].blocks = n;
	return 0;
}

static int add_policy(struct args *a, char *s)
{
	const struct sim_policy *policy = sim_policy_find(s);

	if (!policy || a->nr_policies == MAX_POLICIES)
		return -1;
	a->policy[a->nr_policies++] = policy;
	return 0;
}

static int add_mode(struct args *a, char *s)
{
	int mode = parse_name(s, mode_names);

	if (mode < 0 || a->nr_exclusive == MAX_CHOICES)
		return -1;
	a->exclusive[a->nr_exclusive++] = mode;
	return 0;
}

static int add_admission(struct args *a, char *s)
{
	int how = parse_name(s, admission_names);

	if (how < 0 || a->nr_admissions == MAX_CHOICES)
		return -1;
	a->admission[a->nr_admissions++] = how;
	return 0;
}

static int add_carry_over(struct args *a, char *s)
{
	if (a->nr_carry_overs == MAX_CHOICES ||
	    parse_u32(s, 1000, &a->carry_over[a->nr_carry_overs]))
		return -1;
	a->nr_carry_overs++;
	return 0;
}

static int parse_bytes(char *s, unsigned int shift, uint64_t *bytes)
{
	if (parse_number(s, UINT32_MAX, bytes))
		return -1;
	*bytes <<= shift;
	return 0;
}

static int parse_capacity(char *s, struct capacity *c)
{
	size_t len = strlen(s);
	char unit = len ? s[len - 1] : '\0';

	if (unit == '\0' || (unit >= '0' && unit <= '9'))
		return parse_u32(s, UINT32_MAX, &c->blocks);
	s[len - 1] = '\0';
	switch (unit) {
	case '%':
		return parse_double(s, 1000, &c->percent);
	case 'M':
		return parse_bytes(s, 20, &c->bytes);
	case 'G':
		return parse_bytes(s, 30, &c->bytes);
	default:
		return -1;
	}
}

/* TIER=SIZE of the host that is being described. */
static int add_tier(struct args *a, char *s)
{
	char *size = strchr(s, '=');
	int tier;

	if (!size)
		return -1;
	*size++ = '\0';
	tier = parse_name(s, tier_names);
	return tier < 0 ? -1 : parse_capacity(size,
					      &a->host[a->nr_hosts].tier[tier]);
}

static int for_list(struct args *a, char *list, const char *option,
		    int (*add)(struct args *a, char *s), const char *wanted)
{
	char *save, *item;

	for (item = strtok_r(list, ",", &save); item;
	     item = strtok_r(NULL, ",", &save))
		if (add(a, item))
			return bad(option, item, wanted);
	return 0;
}

/* --- options -------------------------------------------------------------------- */

static int help_policies(void)
{
	const struct sim_policy *const *p;

	for (p = sim_policies; *p; p++)
		printf("%-12s %s\n", (*p)->name, (*p)->what);
	exit(0);
}

static int set_tiers(struct args *a, char *s)
{
	const struct capacity *c = a->host[a->nr_hosts].tier;
	unsigned int i;

	if (a->nr_hosts == MAX_HOSTS)
		return bad("--tiers", s, "one of the first 32");
	if (for_list(a, s, "--tiers", add_tier,
		     "TIER=SIZE, with dram, cxl or nvme and a size in blocks, M, G or %"))
		return -1;
	a->nr_hosts++;
	for (i = 0; i < TIERS_MEM_KINDS; i++)
		if (c[i].blocks || c[i].bytes || c[i].percent > 0)
			return 0;
	fprintf(stderr, "kvtier-sim: --tiers: neither dram nor cxl has a size (see --help)\n");
	return -1;
}

static int set_watermarks(struct args *a, const char *s)
{
	unsigned int low, high;
	char end;

	if (sscanf(s, "%u,%u%c", &low, &high, &end) != 2 || low > high ||
	    high > 500)
		return bad("--watermarks", s, "LOW,HIGH, at most 500 each");
	a->knobs.low_watermark = low;
	a->knobs.high_watermark = high;
	return 0;
}

static int set_promote(struct args *a, const char *s)
{
	int how = parse_name(s, promote_names);

	if (how < 0)
		return bad("--promote", s, "off, free or always");
	a->knobs.promote = how;
	return 0;
}

static int set_host(struct args *a, int opt, char *s)
{
	switch (opt) {
	case OPT_TIERS:
		return set_tiers(a, s);
	case OPT_MODE:
		return for_list(a, s, "--mode", add_mode,
				"inclusive or exclusive");
	case OPT_ADMISSION:
		return for_list(a, s, "--admission", add_admission,
				"all or second");
	case OPT_CARRY:
		return for_list(a, s, "--carry-over", add_carry_over,
				"a number up to 1000");
	case OPT_BLOCK:
		return parse_size(s, &a->block_size) ?
			bad("--block-size", s, "a size") : 0;
	case OPT_SEGMENT:
		return parse_size(s, &a->segment_size) ?
			bad("--segment-size", s, "a size") : 0;
	case OPT_GROUP:
		return parse_u32(s, UINT32_MAX, &a->knobs.group) ?
			bad("--group", s, "a number of blocks") : 0;
	case OPT_PROMOTE:
		return set_promote(a, s);
	case OPT_WATERMARKS:
		return set_watermarks(a, s);
	case OPT_RESTART:
		return parse_double(s, 1, &a->restart_at) ?
			bad("--restart-at", s, "a number above 0, at most 1") : 0;
	default:
		return -1;
	}
}

static int set_part(struct args *a, int opt, const char *s)
{
	uint64_t n;

	if (opt == OPT_FRACTION)
		return parse_double(s, 1, &a->fraction) ?
			bad("--fraction", s, "a number above 0, at most 1") : 0;
	if (parse_number(s, SIZE_MAX, &n))
		return bad(opt == OPT_SKIP ? "--skip" : "--limit", s,
			   "a number of requests");
	if (opt == OPT_SKIP)
		a->skip = n;
	else
		a->limit = n;
	return 0;
}

static int set_policies(struct args *a, char *s)
{
	if (!strcmp(s, "help"))
		return help_policies();
	return for_list(a, s, "--policy", add_policy,
			"a policy (see --policy help)");
}

static int set(struct args *a, int opt, char *s)
{
	switch (opt) {
	case OPT_TRACE:
		a->trace = s;
		return 0;
	case OPT_JSON:
		a->json = s;
		return 0;
	case OPT_CAPACITY:
		return for_list(a, s, "--capacity", add_capacity,
				"a percentage above 0, at most 100");
	case OPT_BLOCKS:
		return for_list(a, s, "--capacity-blocks", add_blocks,
				"a number of blocks");
	case OPT_POLICY:
		return set_policies(a, s);
	case OPT_FRACTION:
	case OPT_SKIP:
	case OPT_LIMIT:
		return set_part(a, opt, s);
	case OPT_HELP:
		fputs(usage_text, stdout);
		exit(0);
	case OPT_VERSION:
		puts("kvtier-sim " VERSION);
		exit(0);
	default:
		return set_host(a, opt, s);
	}
}

static void set_defaults(struct args *a)
{
	bool choose = !a->nr_policies;
	const struct sim_policy *const *p;

	for (p = sim_policies; choose && *p; p++)
		if ((*p)->by_default)
			a->policy[a->nr_policies++] = *p;
	if (!a->nr_exclusive)
		a->nr_exclusive = 1;
	if (!a->nr_admissions)
		a->nr_admissions = 1;
	if (!a->nr_carry_overs)
		a->nr_carry_overs = 1;
}

static int check(struct args *a)
{
	if (!a->trace || (!a->nr_capacities && !a->nr_hosts)) {
		fprintf(stderr, "kvtier-sim: no %s given (see --help)\n",
			a->trace ? "--capacity or --tiers" : "--trace");
		return -1;
	}
	if (kvt_log_layout(&a->knobs.layout, a->segment_size, a->block_size)) {
		fprintf(stderr, "kvtier-sim: blocks of %u bytes cannot lie in segments of %u bytes: these are powers of two from 1M to 256M, with room for two blocks, which are multiples of 4K\n",
			a->block_size, a->segment_size);
		return -1;
	}
	return 0;
}

int args_parse(struct args *a, int argc, char **argv)
{
	int opt;

	*a = (struct args) {
		.fraction = 1,
		.block_size = 64 << 10,
		.segment_size = 64 << 20,
	};
	tiers_defaults(&a->knobs);
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (opt == '?' || set(a, opt, optarg))
			return -1;
	if (optind < argc) {
		fprintf(stderr, "kvtier-sim: unexpected '%s' (see --help)\n",
			argv[optind]);
		return -1;
	}
	set_defaults(a);
	return check(a);
}
