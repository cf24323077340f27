// SPDX-License-Identifier: GPL-2.0
/*
 * kvtier-torture: many processes use one space in every way at once, and are
 * killed, while the space is resized and its knobs are turned. Every block that
 * is read must have the bytes that its key stands for, and when all have gone
 * nothing may be left. In the spirit of ztest.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "torture.h"

static const char usage_text[] =
"Usage: kvtier-torture [OPTION]...\n"
"\n"
"Torture kvtier.ko, which is loaded, as root, in rounds: each makes its tiers\n"
"and a space, lets processes use it at random while they are killed and the\n"
"space changes under them, and checks every byte and count. Exits with 1 if\n"
"anything was wrong. It uses spaces and tiers whose names begin with torture.\n"
"\n"
"  --seconds N         how long, at least one round (60)\n"
"  --round-seconds N   length of a round (10)\n"
"  --processes N       at a time, 1..64 (4)\n"
"  --seed N            what to begin with (from the clock); printed\n"
"  --block-size N      bytes; else another one each round\n"
"  --nvme DEVICE       three rounds of four have an nvme tier, too, which fails\n"
"                      now and then: ALL THAT IS ON THE DEVICE IS LOST\n"
"  --hang-seconds N    a process that does nothing for so long hangs (120)\n"
"  --faults N          on a debug kernel: N per mille of the module's\n"
"                      allocations fail, 1..1000\n"
"  --plant             make one byte wrong: it must be found\n"
"  --verbose           print what was done how often\n";

enum {
	OPT_SECONDS = 256, OPT_ROUND, OPT_PROCESSES, OPT_SEED, OPT_BLOCK_SIZE,
	OPT_NVME, OPT_HANG, OPT_FAULTS, OPT_PLANT, OPT_VERBOSE, OPT_HELP,
};

static const struct option long_options[] = {
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "round-seconds", required_argument, NULL, OPT_ROUND },
	{ "processes", required_argument, NULL, OPT_PROCESSES },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "block-size", required_argument, NULL, OPT_BLOCK_SIZE },
	{ "nvme", required_argument, NULL, OPT_NVME },
	{ "hang-seconds", required_argument, NULL, OPT_HANG },
	{ "faults", required_argument, NULL, OPT_FAULTS },
	{ "plant", no_argument, NULL, OPT_PLANT },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ }
};

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

/* Something is wrong: say so in one line, and let all come to an end. */
void complain(struct shared *sh, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "kvtier-torture: pid %d: %s\n", getpid(), text);
	atomic_store(&sh->failed, true);
}

static uint64_t number(const char *name, const char *text, uint64_t least,
		       uint64_t most)
{
	char *end;
	uint64_t n = strtoull(text, &end, 0);

	if (*text && !*end && n >= least && n <= most)
		return n;
	fprintf(stderr, "kvtier-torture: --%s: '%s' is no number from %llu to %llu\n",
		name, text, (unsigned long long)least,
		(unsigned long long)most);
	exit(2);
}

static void set_option(struct options *o, int opt, int index)
{
	const char *name = long_options[index].name;

	switch (opt) {
	case OPT_SECONDS:
		o->seconds = number(name, optarg, 1, 1000000);
		break;
	case OPT_ROUND:
		o->round_seconds = number(name, optarg, 1, 1000000);
		break;
	case OPT_PROCESSES:
		o->processes = number(name, optarg, 1, MAX_PROCESSES);
		break;
	case OPT_SEED:
		o->seed = number(name, optarg, 0, ~0ULL);
		break;
	case OPT_BLOCK_SIZE:
		o->block_size = number(name, optarg, KVT_BLOCK_SIZE_MIN,
				       KVT_BLOCK_SIZE_MAX);
		break;
	case OPT_NVME:
		o->nvme = optarg;
		break;
	case OPT_HANG:
		o->hang_seconds = number(name, optarg, 1, 1000000);
		break;
	case OPT_FAULTS:
		o->faults = number(name, optarg, 1, 1000);
		break;
	case OPT_PLANT:
		o->plant = true;
		break;
	case OPT_VERBOSE:
		o->verbose = true;
		break;
	case OPT_HELP:
		fputs(usage_text, stdout);
		exit(0);
	default:
		exit(2);
	}
}

static void parse(struct options *o, int argc, char **argv)
{
	int opt, index = 0;

	while ((opt = getopt_long(argc, argv, "", long_options, &index)) != -1)
		set_option(o, opt, index);
	if (optind == argc)
		return;
	fprintf(stderr, "kvtier-torture: unexpected argument '%s' (see --help)\n",
		argv[optind]);
	exit(2);
}

/* What a run that was killed has left behind. */
static void clean_up(void)
{
	space_delete(SPACE2);
	space_delete(SPACE);
	tier_remove(DRAM);
	tier_remove(CXL);
	tier_remove(NVME);
	tier_remove(POOL);
	nvme_remove_device();
}

static bool set_up(const struct plan *p, struct shared *sh)
{
	int err;

	clean_up();
	err = tier_add(DRAM, KVT_TIER_DRAM, 0, p->tier_bytes[0]);
	if (!err)
		err = tier_add(CXL, KVT_TIER_CXL, p->cxl_node, p->tier_bytes[1]);
	if (!err && p->nvme)
		err = nvme_make(p);
	if (!err)
		err = space_create(p, SPACE, p->quota[0], p->quota[1]);
	if (!err && p->pool)
		err = remote_add(POOL) ?: space_knob(SPACE, "remote", POOL) ?:
		      space_knob(SPACE, "remote_write", "through");
	if (err) {
		complain(sh, "cannot make tiers and a space: %s", strerror(-err));
		return false;
	}
	/* The default is long, so that no frame is taken from a slow writer. */
	space_knob_number(SPACE, "fill_timeout_ms", p->late ? 300 : 3600000);
	space_knob_number(SPACE, "quarantine_ms", 300);
	return true;
}

static void print_counts(const struct shared *sh)
{
	unsigned int i;

	for (i = 0; i < NR_ACTIONS; i++)
		printf("  %s %lu", action_names[i], atomic_load(&sh->count[i]));
	printf("\n");
}

static bool run_round(const struct options *o, struct shared *sh,
		      unsigned int round, uint64_t seed)
{
	unsigned int kills = 0, i;
	unsigned long actions = 0;
	long long loads, fetches, spills;
	struct plan plan;
	bool ok;

	plan_make(&plan, o, seed);
	plan_print(&plan, round);
	memset(sh, 0, sizeof(*sh));
	ok = set_up(&plan, sh) &&
	     chaos_run(o, &plan, sh, o->round_seconds, &kills);
	loads = space_attr(SPACE, "stats/loads");
	fetches = space_attr(SPACE, "stats/fetches");
	spills = space_attr(SPACE, "stats/spills");
	ok = ok && check_quiet(&plan, sh);
	for (i = 0; i < NR_ACTIONS; i++)
		actions += atomic_load(&sh->count[i]);
	printf("  %lu actions, %lu blocks compared, %lld from nvme, %lld to and %lld from the pool, %lu cancels, %u processes killed: %s\n",
	       actions, atomic_load(&sh->verified), loads, spills, fetches,
	       atomic_load(&sh->cancels), kills,
	       ok ? "ok" : "FAILED");
	if (o->verbose)
		print_counts(sh);
	fflush(stdout);
	if (!ok)
		space_dump(SPACE);
	return ok;
}

static bool run_rounds(const struct options *o, struct shared *sh)
{
	uint64_t end = now_ms() + o->seconds * 1000ULL;
	struct rng r = { .state = o->seed };
	uint64_t seed = o->seed;
	unsigned int round;
	bool ok = true;

	for (round = 1; ok && (round == 1 || now_ms() < end); round++) {
		ok = run_round(o, sh, round, seed);
		seed = rng_next(&r);
	}
	return ok;
}

int main(int argc, char **argv)
{
	struct options o = {
		.seed = time(NULL),
		.seconds = 60,
		.round_seconds = 10,
		.processes = 4,
		.hang_seconds = 120,
	};
	struct shared *sh;
	int err;
	bool ok;

	parse(&o, argc, argv);
	err = control_open();
	if (err) {
		fprintf(stderr, "kvtier-torture: cannot open /dev/kvtier-control: %s: load kvtier.ko, and be root\n",
			strerror(-err));
		return 2;
	}
	err = o.nvme ? nvme_open(o.nvme) : 0;
	if (err) {
		fprintf(stderr, "kvtier-torture: cannot use %s: %s; name a block device of 512 MiB or more\n",
			o.nvme, strerror(-err));
		return 2;
	}
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sh == MAP_FAILED) {
		perror("kvtier-torture: mmap");
		return 2;
	}
	if (fault_start(&o)) {
		fprintf(stderr, "kvtier-torture: --faults needs a kernel with CONFIG_FAILSLAB and others, and debugfs: see tools/testing/kernel/debug\n");
		return 2;
	}
	o.has_cgroup = memory_start();
	ok = run_rounds(&o, sh);
	memory_stop();
	fault_stop(&o);
	printf("kvtier-torture: %s\n", ok ? "ok" : "FAILED");
	return ok ? 0 : 1;
}
