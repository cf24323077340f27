// SPDX-License-Identifier: GPL-2.0
/*
 * kvtier-pool-load: an engine for tests of the remote tier. Chains of blocks whose bytes
 * follow from their keys, so that whoever finds one, on whatever host, can tell whether
 * it is right. See usage().
 *
 * Exit status: 0; 1: blocks were not there, or could not be stored; 2: it could not
 * work; 3: a block had wrong bytes; 4: a command took longer than --bound.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libkvtier.h"
#include "pattern.h"

#define MAX_BLOCKS	4096

enum { OK = 0, SHORT = 1, BROKEN = 2, WRONG = 3, LATE = 4 };

/**
 * struct load - what is to be done, and with what
 * @space: of @name
 * @name: the space's
 * @seed: of chain 0
 * @blocks: of a chain
 * @chains: work: so many
 * @at: flip: this byte of each block
 * @wait_ms: acquire: for blocks that somebody is filling
 * @bound_ms: work: a command that takes longer is late; 0: none is
 * @until: work: the end is when there is such a file
 * @local: the remote tier is not asked
 * @keys: of the chain
 * @found: what a command told of them
 * @data: a block's bytes
 */
struct load {
	struct kvt_space *space;
	const char *name;
	uint64_t seed;
	unsigned int blocks;
	unsigned int chains;
	unsigned int at;
	unsigned int wait_ms;
	unsigned int bound_ms;
	const char *until;
	bool local;
	struct kvt_key keys[MAX_BLOCKS];
	struct kvt_block found[MAX_BLOCKS];
	void *data;
};

static void usage(FILE *to)
{
	fputs("Usage: kvtier-pool-load COMMAND --space S [OPTION]...\n"
	      "\n"
	      "  put      store a chain\n"
	      "  acquire  lease it, compare its bytes, release it\n"
	      "  lookup   say how much of it is on this host\n"
	      "  drop     forget it\n"
	      "  flip     where it is: store it again with one byte changed\n"
	      "  work     acquire, put, drop chains at random, until a file is there\n"
	      "\n"
	      "  --seed N      which chain (0)      --blocks N   of a chain (32)\n"
	      "  --local       this host only       --wait MS    for blocks being filled\n"
	      "  --at BYTE     of a block (0)       --chains N   to choose from (16)\n"
	      "  --until FILE  end of work          --bound MS   no command may take longer\n",
	      to);
}

__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *fmt, ...)
{
	va_list ap;

	fputs("kvtier-pool-load: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(BROKEN);
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static void make_keys(struct load *l, uint64_t chain)
{
	uint64_t ids[MAX_BLOCKS];
	unsigned int i;

	for (i = 0; i < l->blocks; i++)
		ids[i] = i + 1;
	key_chain(ids, l->blocks, l->seed + chain, l->keys);
}

static struct kvt_how local_how(const struct load *l)
{
	return (struct kvt_how){ .flags = l->local ? KVT_F_LOCAL : 0 };
}

/* --------------------------------------------------------------- commands */

/* Those that are there already are passed over. Returns blocks that failed. */
static unsigned int put_from(struct load *l, unsigned int first)
{
	uint32_t size = kvt_block_size(l->space);
	struct kvt_how how = { .flags = KVT_F_WAIT, .timeout_ns = 10000000000ULL };
	unsigned int i, failed = 0;

	for (i = first; i < l->blocks; i++) {
		how.parent = i ? &l->keys[i - 1] : NULL;
		pattern_fill(&l->keys[i], l->data, size);
		if (kvt_put(l->space, &l->keys[i], 1, l->data, &how, &l->found[i]) != 1)
			failed++;
	}
	return failed;
}

static int put(struct load *l)
{
	unsigned int failed = put_from(l, 0);

	printf("stored %u of %u\n", l->blocks - failed, l->blocks);
	return failed ? SHORT : OK;
}

static unsigned int count_wrong(struct load *l, unsigned int nr)
{
	uint32_t size = kvt_block_size(l->space);
	struct pattern_fault fault;
	unsigned int i, wrong = 0;
	char words[256];

	for (i = 0; i < nr; i++) {
		const void *bytes = kvt_ptr(l->space, l->found[i].offset);

		if (!bytes)
			die("no pointer for block %u: %m", i);
		if (!pattern_check(&l->keys[i], bytes, size, &fault))
			continue;
		pattern_explain(&l->keys[i], &fault, words, sizeof(words));
		fprintf(stderr, "block %u: %s\n", i, words);
		wrong++;
	}
	return wrong;
}

/* Returns how many were leased; they are released again. */
static unsigned int acquire_chain(struct load *l, unsigned int *wrong, double *ms)
{
	struct kvt_how how = local_how(l);
	double begin = now_ms();
	ssize_t nr;

	if (l->wait_ms) {
		how.flags |= KVT_F_WAIT | KVT_F_AWAIT;
		how.timeout_ns = l->wait_ms * 1000000ULL;
	}
	nr = kvt_acquire(l->space, l->keys, l->blocks, &how, l->found);
	*ms = now_ms() - begin;
	if (nr < 0)
		die("acquire in %s: %s", l->name, kvt_strerror(KVT_CALL_ACQUIRE, nr));
	*wrong = count_wrong(l, nr);
	kvt_release_blocks(l->space, l->found, nr, NULL);
	return nr;
}

static int acquire(struct load *l)
{
	unsigned int wrong, nr;
	double ms;

	nr = acquire_chain(l, &wrong, &ms);
	printf("acquired %u of %u, %u wrong, %.1f ms\n", nr, l->blocks, wrong, ms);
	if (wrong)
		return WRONG;
	return nr == l->blocks ? OK : SHORT;
}

static int lookup(struct load *l)
{
	ssize_t nr = kvt_lookup(l->space, l->keys, l->blocks, NULL, NULL);

	if (nr < 0)
		die("cannot look into %s: %s", l->name, kvt_strerror(KVT_CALL_LOOKUP, nr));
	printf("%zd of %u\n", nr, l->blocks);
	return nr == l->blocks ? OK : SHORT;
}

static void drop_from(struct load *l, unsigned int first)
{
	struct kvt_how how = local_how(l);
	ssize_t nr;

	nr = kvt_drop(l->space, l->keys + first, l->blocks - first, &how, NULL);
	if (nr < 0)
		die("drop in %s: %s", l->name, kvt_strerror(KVT_CALL_DROP, nr));
}

static int drop(struct load *l)
{
	drop_from(l, 0);
	return OK;
}

/* As a pool node that has lost its mind: right key, wrong bytes. */
static int flip(struct load *l)
{
	uint32_t size = kvt_block_size(l->space);
	unsigned char *data = l->data;
	struct kvt_how how = { };
	unsigned int i, nr = 0;

	if (l->at >= size)
		die("--at %u: blocks of %s have %u bytes", l->at, l->name, size);
	for (i = 0; i < l->blocks; i++) {
		if (kvt_get(l->space, &l->keys[i], 1, 0, 0, data, NULL) != 1)
			continue;
		data[l->at] ^= 1;
		how.parent = i ? &l->keys[i - 1] : NULL;
		kvt_drop(l->space, &l->keys[i], 1, NULL, NULL);
		if (kvt_put(l->space, &l->keys[i], 1, data, &how, NULL) == 1)
			nr++;
	}
	printf("flipped %u of %u\n", nr, l->blocks);
	return nr == l->blocks ? OK : SHORT;
}

/* ------------------------------------------------------------------- work */

/**
 * struct worked - what has become of it
 * @rounds: chains that were worked on
 * @hits: blocks found
 * @misses: blocks not found
 * @wrong: blocks with wrong bytes
 * @late: commands
 * @slowest: command, ms
 */
struct worked {
	unsigned long rounds;
	unsigned long hits;
	unsigned long misses;
	unsigned long wrong;
	unsigned long late;
	double slowest;
};

static void note_time(const struct load *l, struct worked *w, const char *what, double ms)
{
	if (ms > w->slowest)
		w->slowest = ms;
	if (!l->bound_ms || ms <= l->bound_ms)
		return;
	fprintf(stderr, "%s took %.0f ms\n", what, ms);
	w->late++;
}

static void work_on_chain(struct load *l, struct worked *w)
{
	unsigned int wrong, nr;
	double ms;

	nr = acquire_chain(l, &wrong, &ms);
	note_time(l, w, "acquire", ms);
	w->rounds++;
	w->hits += nr;
	w->misses += l->blocks - nr;
	w->wrong += wrong;
	if (nr < l->blocks)
		put_from(l, nr);
	/* So that the next one has to ask the pool */
	ms = now_ms();
	l->local = true;
	drop_from(l, random() % l->blocks);
	l->local = false;
	note_time(l, w, "drop", now_ms() - ms);
}

static int work(struct load *l)
{
	struct worked w = { };

	if (!l->until)
		die("--until FILE is needed");
	srandom(l->seed + getpid());
	while (access(l->until, F_OK)) {
		make_keys(l, random() % l->chains);
		work_on_chain(l, &w);
	}
	printf("%lu chains, %lu blocks found, %lu not, %lu wrong, slowest %.0f ms\n",
	       w.rounds, w.hits, w.misses, w.wrong, w.slowest);
	if (w.wrong)
		return WRONG;
	return w.late ? LATE : OK;
}

/* ---------------------------------------------------------------- options */

static unsigned long number(const char *name, const char *text, unsigned long most)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || value > most)
		die("--%s: '%s' is not 0 to %lu", name, text, most);
	return value;
}

static const struct option options[] = {
	{ "space", required_argument, NULL, 's' },
	{ "seed", required_argument, NULL, 'n' },
	{ "blocks", required_argument, NULL, 'b' },
	{ "chains", required_argument, NULL, 'c' },
	{ "at", required_argument, NULL, 'a' },
	{ "wait", required_argument, NULL, 'w' },
	{ "bound", required_argument, NULL, 'm' },
	{ "until", required_argument, NULL, 'u' },
	{ "local", no_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/* The number that an option sets, and the most that it may be; or NULL. */
static unsigned int *number_of(struct load *l, int option, unsigned long *most)
{
	*most = 3600000;
	switch (option) {
	case 'b':
		*most = MAX_BLOCKS;
		return &l->blocks;
	case 'c':
		*most = 1 << 20;
		return &l->chains;
	case 'a':
		*most = KVT_BLOCK_SIZE_MAX;
		return &l->at;
	case 'w':
		return &l->wait_ms;
	case 'm':
		return &l->bound_ms;
	}
	return NULL;
}

static void set(struct load *l, int option, const char *name)
{
	unsigned long most;
	unsigned int *to = number_of(l, option, &most);

	if (to) {
		*to = number(name, optarg, most);
		return;
	}
	switch (option) {
	case 's':
		l->name = optarg;
		break;
	case 'n':
		l->seed = number(name, optarg, ULONG_MAX);
		break;
	case 'u':
		l->until = optarg;
		break;
	case 'l':
		l->local = true;
		break;
	case 'h':
		usage(stdout);
		exit(OK);
	default:
		usage(stderr);
		exit(BROKEN);
	}
}

static const struct {
	const char *name;
	int (*run)(struct load *l);
} commands[] = {
	{ "put", put }, { "acquire", acquire }, { "lookup", lookup },
	{ "drop", drop }, { "flip", flip }, { "work", work },
};

static int run(struct load *l, const char *command)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, command))
			return commands[i].run(l);
	die("there is no command '%s' (see --help)", command);
}

int main(int argc, char **argv)
{
	static struct load l = { .blocks = 32, .chains = 16 };
	int option, which = 0, err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((option = getopt_long(argc, argv, "h", options, &which)) >= 0)
		set(&l, option, options[which].name);
	if (optind + 1 != argc || !l.name || !l.blocks || !l.chains)
		die("a command, --space, and some blocks are needed (see --help)");
	err = kvt_open(l.name, 0, NULL, &l.space);
	if (err)
		die("space %s: %s", l.name, kvt_strerror(KVT_CALL_OPEN, err));
	l.data = malloc(kvt_block_size(l.space));
	if (!l.data)
		die("no memory for a block");
	make_keys(&l, 0);
	err = run(&l, argv[optind]);
	kvt_close(l.space);
	free(l.data);
	return err;
}
