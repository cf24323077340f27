// SPDX-License-Identifier: GPL-2.0
/*
 * kvtier-fuzz: calls of all kinds that mostly make sense, by processes with
 * threads that are killed now and then. The kernel must not mind, and when
 * all have gone nothing may be left.
 */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

#define STUCK_MS	3000	/* a call that waits for longer is killed */
#define DEAD_MS		180000	/* and has to be gone so much later */

static const char usage_text[] =
"Usage: kvtier-fuzz [OPTION]...\n"
"\n"
"As root, with kvtier.ko loaded, or to be loaded: make random calls to it. Exits\n"
"with 1 if a process cannot be killed or something is left in the end; what the\n"
"kernel's log says is for others to read (tools/testing/uml/run does). ALL SPACES\n"
"AND TIERS OF THE MACHINE ARE DELETED.\n"
"\n"
"  --ops N          calls in all (100000)\n"
"  --round-ops N    calls between two looks at what is left (50000)\n"
"  --seed N         what to begin with (from the clock); printed for each round\n"
"  --processes N    at a time, 1..16 (3)\n"
"  --threads N      of each, 1..4 (2)\n"
"  --module FILE    kvtier.ko: load and unload it in each round\n"
"  --nvme DEVICE    for an nvme tier: ALL THAT IS ON THE DEVICE IS LOST\n"
"  --kcov           go on from what ran new code (a kernel with KCOV, a module\n"
"                   built with KCOV_INSTRUMENT=y)\n"
"  --verbose        how often each kind was called, and worked\n"
"\n"
"A round with --processes 1 --threads 1 goes the same way again with its seed.\n";

static const struct option long_options[] = {
	{ "ops", required_argument, NULL, 'o' },
	{ "round-ops", required_argument, NULL, 'r' },
	{ "seed", required_argument, NULL, 's' },
	{ "processes", required_argument, NULL, 'p' },
	{ "threads", required_argument, NULL, 't' },
	{ "module", required_argument, NULL, 'm' },
	{ "nvme", required_argument, NULL, 'n' },
	{ "kcov", no_argument, NULL, 'k' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

static uint64_t count(const char *text, uint64_t least, uint64_t most)
{
	char *end;
	uint64_t n = strtoull(text, &end, 0);

	if (*text && !*end && n >= least && n <= most)
		return n;
	fprintf(stderr, "kvtier-fuzz: '%s' is no number from %llu to %llu (see --help)\n",
		text, (unsigned long long)least, (unsigned long long)most);
	exit(2);
}

static void set_option(struct options *o, int opt)
{
	switch (opt) {
	case 'o':
		o->ops = count(optarg, 1, ~0ULL);
		break;
	case 'r':
		o->round_ops = count(optarg, 1, ~0ULL);
		break;
	case 's':
		o->seed = count(optarg, 0, ~0ULL);
		break;
	case 'p':
		o->processes = count(optarg, 1, MAX_PROCESSES);
		break;
	case 't':
		o->threads = count(optarg, 1, MAX_THREADS);
		break;
	case 'm':
		o->module = optarg;
		break;
	case 'n':
		o->nvme = optarg;
		break;
	case 'k':
		o->kcov = true;
		break;
	case 'v':
		o->verbose = true;
		break;
	case 'h':
		fputs(usage_text, stdout);
		exit(0);
	default:
		exit(2);
	}
}

static void parse(struct options *o, int argc, char **argv)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		set_option(o, opt);
	if (optind == argc)
		return;
	fprintf(stderr, "kvtier-fuzz: unexpected argument '%s' (see --help)\n", argv[optind]);
	exit(2);
}

/* ----------------------------------------------------------------------- rounds */

/**
 * struct client - a process of a round
 * @pid: 0: there is none
 * @beat: when last looked at
 * @alive_ms: when that last changed
 * @killed_ms: 0: it was not
 */
struct client {
	pid_t pid;
	unsigned long beat;
	uint64_t alive_ms;
	uint64_t killed_ms;
};

struct round {
	const struct options *o;
	struct shared *sh;
	struct rng rng;
	struct client clients[MAX_PROCESSES];
	unsigned long end;
	unsigned int killed;
	unsigned int fell;
};

static void start(struct round *r, unsigned int i)
{
	uint64_t seed = rng_next(&r->rng);
	pid_t pid = fork();

	if (!pid)
		_exit(process_run(r->o, r->sh, i, seed));
	r->clients[i] = (struct client){ .pid = pid > 0 ? pid : 0, .alive_ms = now_ms() };
}

static void kill_client(struct round *r, unsigned int i)
{
	struct client *c = &r->clients[i];

	if (!c->pid || c->killed_ms)
		return;
	kill(c->pid, SIGKILL);
	c->killed_ms = now_ms();
	r->killed++;
}

static void say_doing(const struct round *r, unsigned int i)
{
	unsigned int t;

	for (t = 0; t < r->o->threads; t++)
		fprintf(stderr, " %s", kind_names[atomic_load(&r->sh->doing[i][t])]);
	fprintf(stderr, "\n");
}

/* It has ended by itself: with a fault outside of maps, say. */
static void bury(struct round *r, unsigned int i, int status)
{
	if (!WIFEXITED(status) || !WEXITSTATUS(status))
		return;
	r->fell++;
	if (!r->o->verbose)
		return;
	fprintf(stderr, "  process %d ended with %d in:", r->clients[i].pid,
		WEXITSTATUS(status));
	say_doing(r, i);
}

static void show(pid_t pid, const char *name)
{
	char command[96];

	snprintf(command, sizeof(command), "head -n 40 /proc/%d/task/*/%s >&2", pid, name);
	if (system(command))
		return;
}

/* False: it does not die. */
static bool watch(struct round *r, unsigned int i)
{
	struct client *c = &r->clients[i];
	unsigned long beat = atomic_load(&r->sh->beat[i]);
	uint64_t now = now_ms();
	int status;

	if (!c->pid)
		return true;
	if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
		bury(r, i, status);
		c->pid = 0;
		return true;
	}
	if (beat != c->beat) {
		c->beat = beat;
		c->alive_ms = now;
	}
	if (now - c->alive_ms > STUCK_MS)
		kill_client(r, i);
	if (!c->killed_ms || now < c->killed_ms + DEAD_MS)
		return true;
	fprintf(stderr, "kvtier-fuzz: process %d was killed and does not end:", c->pid);
	say_doing(r, i);
	show(c->pid, "stack");
	world_write("/proc/sysrq-trigger", "w");
	return false;
}

/* False: something hangs. */
static bool watch_all(struct round *r, bool *any)
{
	unsigned int i;

	*any = false;
	for (i = 0; i < r->o->processes; i++) {
		if (!watch(r, i))
			return false;
		if (!r->clients[i].pid && !atomic_load(&r->sh->stop))
			start(r, i);
		*any |= r->clients[i].pid != 0;
	}
	return true;
}

/* With one thread in all nobody is killed at random: it is to go the same way again. */
static void disturb(struct round *r)
{
	if (r->o->processes * r->o->threads > 1 && rng_one_in(&r->rng, 20))
		kill_client(r, rng_below(&r->rng, r->o->processes));
}

static bool run_clients(struct round *r)
{
	bool any = true;
	unsigned int i;

	while (atomic_load(&r->sh->done) < r->end) {
		if (!watch_all(r, &any))
			return false;
		usleep(10000);
		disturb(r);
	}
	atomic_store(&r->sh->stop, true);
	for (i = 0; i < r->o->processes; i++)
		if (rng_one_in(&r->rng, 2))
			kill_client(r, i);
	while (any) {
		if (!watch_all(r, &any))
			return false;
		usleep(1000);
	}
	atomic_store(&r->sh->stop, false);
	return true;
}

static void report(const struct shared *sh)
{
	int i;

	for (i = 0; i < NR_KINDS; i++)
		printf("  %s %lu/%lu", kind_names[i], atomic_load(&sh->good[i]),
		       atomic_load(&sh->count[i]));
	printf("\n");
}

static bool run_round(const struct options *o, struct shared *sh, uint64_t seed)
{
	struct round r = { .o = o, .sh = sh, .rng.state = seed };
	const char *bad = world_make(o, &r.rng);
	bool hangs = false;

	printf("kvtier-fuzz: seed %#llx, %lu calls so far, %u edges, %u programs kept\n",
	       (unsigned long long)seed, atomic_load(&sh->done), atomic_load(&sh->edges),
	       atomic_load(&sh->nr_kept));
	fflush(stdout);
	r.end = atomic_load(&sh->done) + o->round_ops;
	if (!bad) {
		hangs = !run_clients(&r);
		bad = hangs ? "a process hangs" : world_end(o);
	}
	printf("  %u processes killed, %u fell over: %s\n", r.killed, r.fell, bad ?: "ok");
	if (o->verbose)
		report(sh);
	if (bad && !hangs)
		world_dump();
	return !bad;
}

int main(int argc, char **argv)
{
	struct options o = {
		.seed = time(NULL), .ops = 100000, .round_ops = 50000,
		.processes = 3, .threads = 2,
	};
	struct shared *sh;
	struct rng rng;
	uint64_t seed;
	bool ok = true;

	parse(&o, argc, argv);
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sh == MAP_FAILED) {
		perror("kvtier-fuzz: mmap");
		return 2;
	}
	seed = o.seed;
	rng.state = o.seed;
	while (ok && atomic_load(&sh->done) < o.ops) {
		ok = run_round(&o, sh, seed);
		seed = rng_next(&rng);
	}
	printf("kvtier-fuzz: %lu calls: %s\n", atomic_load(&sh->done), ok ? "ok" : "FAILED");
	return ok ? 0 : 1;
}
