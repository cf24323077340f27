// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "samples.h"

static const struct option longs[] = {
	{ "rows", required_argument, NULL, 'r' },
	{ "reps", required_argument, NULL, 'n' },
	{ "memory", required_argument, NULL, 'm' },
	{ "nvme", required_argument, NULL, 'd' },
	{ "node", required_argument, NULL, 'N' },
	{ "json", required_argument, NULL, 'j' },
	{ "icount", no_argument, NULL, 'i' },
	{ "quick", no_argument, NULL, 'q' },
	{ "list", no_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ }
};

static void usage(void)
{
	unsigned int i;

	puts("Usage: kvtier-bench [OPTION]...\n"
	     "\n"
	     "Measure kvtier on this machine, as root, with kvtier.ko loaded. Makes tiers\n"
	     "and spaces of its own, named kvtbench, and removes them.\n"
	     "\n"
	     "  --rows A,B..     only these; see below\n"
	     "  --reps N         repetitions of each measurement, 1..64 (7)\n"
	     "  --memory SIZE    what a tier may take of the machine (1G)\n"
	     "  --node N         NUMA node of the dram tier (0)\n"
	     "  --nvme DEVICE    for the rows of the nvme tier: ALL THAT IS ON IT IS LOST\n"
	     "  --json FILE      write results there, one JSON object a line\n"
	     "  --icount         a nanosecond is an instruction: QEMU -icount shift=0\n"
	     "  --quick          fewer and smaller cases\n"
	     "  --list           print the rows and end\n"
	     "\n"
	     "Rows, and the clocks by which they are measured:");
	for (i = 0; i < nr_rows; i++)
		printf("  %-8s %-6s %-5s %s\n", rows[i].name,
		       rows[i].clocks & CLOCK_ICOUNT ? "icount" : "",
		       rows[i].clocks & CLOCK_REAL ? "real" : "",
		       rows[i].what);
	puts("\nExit status: 0; 1 a target was missed; 2 bad usage; 3 a row failed.");
}

static int bad(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "kvtier-bench: %s: '%s' is not %s\n", option, value,
		wanted);
	return -1;
}

static int parse_size(const char *s, uint64_t *bytes)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;

	errno = 0;
	*bytes = strtoull(s, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (errno || end == s || !unit || end[1] || *bytes > UINT64_MAX >> 30)
		return bad("--memory", s, "a size, as in 512M or 1G");
	*bytes <<= 10 * (unit - units + 1);
	if (*bytes < MIB(512))
		return bad("--memory", s, "at least 512M");
	return 0;
}

static int parse_number(const char *option, const char *s, int min, int max,
			int *n)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(s, &end, 10);
	if (errno || end == s || *end || v < min || v > max)
		return bad(option, s, "a number in range (see --help)");
	*n = (int)v;
	return 0;
}

static bool is_row(const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < nr_rows; i++)
		if (strlen(rows[i].name) == len &&
		    !strncmp(rows[i].name, name, len))
			return true;
	return false;
}

static int check_rows(const char *list)
{
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		if (!is_row(list, len))
			return bad("--rows", list,
				   "a list of rows (see --help)");
		if (!list[len])
			return 0;
	}
}

static int open_json(struct bench *b, const char *path)
{
	b->json = fopen(path, "we");
	if (b->json)
		return 0;
	fprintf(stderr, "kvtier-bench: --json: cannot write %s: %s\n", path,
		strerror(errno));
	return -1;
}

static int parse_one(struct bench *b, int c)
{
	int n, err;

	switch (c) {
	case 'r':
		b->rows = optarg;
		return check_rows(optarg);
	case 'n':
		err = parse_number("--reps", optarg, 1, SAMPLES_MAX, &n);
		if (!err)
			b->reps = (unsigned int)n;
		return err;
	case 'm':
		return parse_size(optarg, &b->memory);
	case 'N':
		return parse_number("--node", optarg, 0, 1023, &b->node);
	case 'd':
		b->device = optarg;
		return 0;
	case 'j':
		return open_json(b, optarg);
	case 'i':
		b->clock = CLOCK_ICOUNT;
		return 0;
	case 'q':
		b->quick = true;
		return 0;
	case 'V':
		puts("kvtier-bench " VERSION);
		exit(0);
	case 'l':
	case 'h':
		usage();
		exit(0);
	default:
		return -1;
	}
}

/* Returns 0, or -1 and has said why. */
int options_parse(struct bench *b, int argc, char **argv)
{
	int c;

	*b = (struct bench){
		.clock = CLOCK_REAL,
		.reps = 7,
		.memory = MIB(1024),
	};
	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1)
		if (parse_one(b, c))
			return -1;
	if (optind == argc)
		return 0;
	return bad("argument", argv[optind], "known (see --help)");
}
