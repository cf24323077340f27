// SPDX-License-Identifier: GPL-2.0
/* The command line: what is taken, what is refused. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/tap.h"
#include "options.h"

#define MAX_ARGS 16

static struct options o;

/* Parses "--trace t --space s" and the words of @more. */
static int parse(const char *more)
{
	char copy[512], *argv[MAX_ARGS] = { "kvtier-replay", "--trace", "t",
					    "--space", "s" };
	int argc = 5;
	char *word;

	snprintf(copy, sizeof(copy), "%s", more);
	for (word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	optind = 0;
	return options_parse(&o, argc, argv);
}

static void test_good(void)
{
	is(parse(""), 0, "the shortest command line");
	ok(o.fraction == 1 && o.processes == 1 && o.threads == 1 &&
	   o.verify == VERIFY_ALL && !o.speed, "its defaults");
	is(parse("--fraction 0.25 --speed 1.5 --limit 7 --seed 18446744073709551615"),
	   0, "what to replay");
	ok(o.fraction == 0.25 && o.speed == 1.5 && o.limit == 7 &&
	   o.seed == UINT64_MAX, "is taken");
	is(parse("--from 0.5 --skip 3"), 0, "a part that is left out");
	ok(o.from == 0.5 && o.skip == 3, "is taken");
	ok(o.wait_ns == WAIT_DEFAULT, "the wait is up to the space");
	is(parse("--wait 0"), 0, "no wait");
	ok(!o.wait_ns, "is taken");
	is(parse("--processes 4 --threads 64 --verify sample=9 --fill-bytes 64K"),
	   0, "how");
	ok(o.processes == 4 && o.threads == 64 && o.verify == VERIFY_SAMPLE &&
	   o.sample == 9 && o.fill_bytes == 65536, "is taken");
	is(parse("--wait 20 --hold 3600000 --read-only --json - --no-progress"),
	   0, "the rest");
	ok(o.wait_ns == 20000000 && o.hold_ns == KVT_MAX_TIMEOUT_NS &&
	   o.read_only && o.quiet && o.progress == WHEN_NEVER, "is taken");
	is(parse("--identity 00000000000000000000000000000000000000000000000000000000000000fF"),
	   0, "an identity");
	ok(o.attach && o.identity[31] == 0xff, "is taken");
}

static void test_bad(void)
{
	static const char *const bad[] = {
		"--fraction 0", "--fraction 1.1", "--fraction nan",
		"--fraction -1", "--fraction 0.5x", "--speed -1",
		"--speed inf", "--limit -1", "--limit 1e3", "--limit x",
		"--seed 18446744073709551616", "--skip -1", "--from 1",
		"--from -0.1", "--progress=x", "--processes 0",
		"--processes 257", "--threads -1", "--processes 16 --threads 17",
		"--verify", "--verify some", "--verify sample=0",
		"--verify sample=", "--verify sample=x", "--fill-bytes 7",
		"--fill-bytes 65M", "--fill-bytes 4G", "--fill-bytes -8",
		"--fill-bytes 18446744073709551615K", "--wait 3600001",
		"--hold 1.5", "--identity 00", "--identity zz", "--bogus",
		"surplus",
		"--identity 000000000000000000000000000000000000000000000000000000000000000g",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is(parse(bad[i]), -1, "refused: %s", bad[i]);
}

static void test_missing(void)
{
	char *argv[] = { "kvtier-replay", "--trace", "t", NULL };

	optind = 0;
	is(options_parse(&o, 3, argv), -1, "refused: no space");
	optind = 0;
	is(options_parse(&o, 1, argv), -1, "refused: nothing");
}

int main(void)
{
	test_good();
	test_bad();
	test_missing();
	return done();
}
