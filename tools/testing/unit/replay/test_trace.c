// SPDX-License-Identifier: GPL-2.0
/* The parser: what a trace may be, and what it must not be. */
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "../lib/tap.h"
#include "blocks.h"
#include "trace.h"

static char path[] = "/tmp/kvtier-trace-XXXXXX";
static struct trace trace;
static struct trace_error error;

static int add(const char *line)
{
	return trace_add(&trace, line, strlen(line), &error);
}

static void refuse(const char *line, const char *why)
{
	size_t requests = trace.nr_requests, ids = trace.nr_ids;

	memset(&error, 0, sizeof(error));
	ok(add(line) == -1 && strstr(error.text, why) &&
	   trace.nr_requests == requests && trace.nr_ids == ids,
	   "refused: %.60s: %s", line, error.text);
}

static void test_lines(void)
{
	is(add("{\"timestamp\": 5, \"input_length\": 9, \"hash_ids\": [1, 2]}"),
	   0, "a line of a trace is taken");
	is(trace.requests[0].time_ns, 5000000, "its time is ms");
	is(trace.ids[1], 2, "its blocks are there");
	is(add("{\"hash_ids\":[18446744073709551614],\"session\":\"a\",\"timestamp\":0.5}"),
	   0, "any order, 64-bit numbers and times with fractions are taken");
	ok(trace.ids[2] == UINT64_MAX - 1, "the number is right");
	is(trace.requests[1].time_ns, 500000, "the time is right");
	is(add("{\"timestamp\":6,\"hash_ids\":[]}"), 0,
	   "a request without blocks is taken");
}

static void test_hostile(void)
{
	refuse("", "not a JSON object");
	refuse("   ", "not a JSON object");
	refuse("{", "ends too early");
	refuse("[1]", "not a JSON object");
	refuse("null", "not a JSON object");
	refuse("7", "not a JSON object");
	refuse("{\"timestamp\":1,\"hash_ids\":[1]} x", "valid JSON");
	refuse("{\"timestamp\":1,\"hash_ids\":[1]}{}", "valid JSON");
	refuse("{\"hash_ids\":[1]}", "no \"timestamp\"");
	refuse("{\"timestamp\":1}", "no array");
	refuse("{\"timestamp\":1,\"hash_ids\":7}", "no array");
	refuse("{\"timestamp\":1,\"hash_ids\":null}", "no array");
	refuse("{\"timestamp\":\"1\",\"hash_ids\":[1]}", "not a number");
	refuse("{\"timestamp\":-1,\"hash_ids\":[1]}", "not within");
	refuse("{\"timestamp\":1e300,\"hash_ids\":[1]}", "not within");
	refuse("{\"timestamp\":NaN,\"hash_ids\":[1]}", "");
	refuse("{\"timestamp\":1,\"hash_ids\":[1,-2]}", "hash_ids[1] is negative");
	refuse("{\"timestamp\":1,\"hash_ids\":[1,2.5]}", "not an integer");
	refuse("{\"timestamp\":1,\"hash_ids\":[\"1\"]}", "not an integer");
	refuse("{\"timestamp\":1,\"hash_ids\":[[1]]}", "not an integer");
	refuse("{\"timestamp\":1,\"hash_ids\":[null]}", "not an integer");
	refuse("{\"timestamp\":1,\"hash_ids\":[18446744073709551615]}", "above");
	refuse("{\"timestamp\":1,\"hash_ids\":[99999999999999999999999]}", "above");
	refuse("{\"timestamp\":1,\"hash_ids\":[-99999999999999999999999]}", "negative");
	refuse("[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "not a JSON object");
	refuse("{\"timestamp\":1,\"hash_ids\":[],\"x\":[[[[[[[[[[1]]]]]]]]]]}", "too deep");
	refuse("{\"timestamp\":1,\"hash_ids\":[1],\"x\":\"\xff\xfe\"",
	       "valid JSON");
}

static void test_embedded_nul(void)
{
	static const char line[] = "{\"timestamp\":1,\"hash_ids\":[1]}\0garbage";

	is(trace_add(&trace, line, sizeof(line) - 1, &error), -1,
	   "bytes after a NUL are not passed over: %s", error.text);
}

static char *long_line(size_t nr)
{
	char *line = malloc(64 + 8 * nr), *at = line;
	size_t i;

	must(line);
	at += sprintf(at, "{\"timestamp\":1,\"hash_ids\":[");
	for (i = 0; i < nr; i++)
		at += sprintf(at, "%s%zu", i ? "," : "", i);
	memcpy(at, "]}", 3);
	return line;
}

static void test_long(void)
{
	char *line = long_line(TRACE_MAX_CHAIN);

	is(add(line), 0, "the longest chain is taken");
	free(line);
	line = long_line(TRACE_MAX_CHAIN + 1);
	is(add(line), -1, "a longer one is refused: %s", error.text);
	free(line);
}

/* --- files ---------------------------------------------------------------- */

static void write_file(const char *bytes, size_t len, int gz, size_t keep)
{
	gzFile f = gzopen(path, gz ? "wb" : "wbT");

	must(f);
	must(gzwrite(f, bytes, len) == (int)len);
	must(gzclose(f) == Z_OK);
	if (keep)
		must(!truncate(path, keep));
}

static int load(const char *text, int gz)
{
	write_file(text, strlen(text), gz, 0);
	return trace_load(&trace, path, &error);
}

#define LINE "{\"timestamp\":1,\"hash_ids\":[1,2,3]}"

static void test_files(void)
{
	is(load(LINE "\n" LINE "\n", 0), 0, "plain text is read");
	is(trace.nr_requests, 2, "all of it");
	trace_free(&trace);
	is(load(LINE "\r\n\n  \n" LINE, 1), 0,
	   "gzip, CR LF, empty lines and a last line without end are read");
	is(trace.nr_requests, 2, "all of it");
	trace_free(&trace);
	is(load("", 0), -1, "an empty file is refused: %s", error.text);
	is(load("\n\n", 0), -1, "a file of empty lines is refused");
	is(load(LINE "\n" LINE "\nnonsense\n", 0), -1, "nonsense is refused");
	ok(strstr(error.text, "line 3"), "and its line told: %s", error.text);
	ok(!trace.nr_requests && !trace.requests, "and nothing is left");
	is(trace_load(&trace, "/nonexistent/x", &error), -1,
	   "a missing file is refused: %s", error.text);
	is(trace_load(&trace, "/tmp", &error), -1,
	   "a directory is refused: %s", error.text);
}

static void test_broken_gzip(void)
{
	enum { LEN = 1 << 18 };
	char *text = malloc(LEN + 64);
	size_t at = 0;
	unsigned int x = 1;
	FILE *f;

	must(text);
	while (at < LEN - 64) {
		x = x * 1103515245 + 12345;
		at += sprintf(text + at, "{\"timestamp\":1,\"hash_ids\":[%u]}\n", x);
	}
	write_file(text, at, 1, 3000);
	is(trace_load(&trace, path, &error), -1, "gzip that is cut off: %s",
	   error.text);
	write_file(text, at, 1, 0);
	f = fopen(path, "r+");
	must(f && !fseek(f, 2000, SEEK_SET));
	fwrite("\377\377\377\377\377\377\377\377", 8, 1, f);
	fclose(f);
	is(trace_load(&trace, path, &error), -1, "gzip that is damaged: %s",
	   error.text);
	free(text);
}

static void test_endless_line(void)
{
	size_t len = 8 << 20;
	char *text = malloc(len);

	must(text);
	memset(text, ' ', len);
	text[len - 1] = '\n';
	text[0] = '{';
	memset(text + 1, '"', 1 << 20);
	write_file(text, len, 1, 0);
	is(trace_load(&trace, path, &error), -1, "an endless line: %s",
	   error.text);
	free(text);
}

static void test_random_bytes(void)
{
	static const char alphabet[] =
		"{}[]\",:0123456789-e.timestamphash_ids\n\\u\0\xff";
	static char bytes[4096];
	unsigned int x = 1, i, n, taken = 0;

	for (n = 0; n < 300; n++) {
		for (i = 0; i < sizeof(bytes); i++) {
			x = x * 1103515245 + 12345;
			bytes[i] = alphabet[(x >> 16) % (sizeof(alphabet) - 1)];
		}
		write_file(bytes, sizeof(bytes), n % 2, 0);
		if (!trace_load(&trace, path, &error)) {
			taken++;
			trace_free(&trace);
		}
	}
	is(taken, 0, "random bytes are refused");
}

/* --- parts, and numbering ---------------------------------------------------- */

static void test_cut(void)
{
	must(!load("{\"timestamp\":1,\"hash_ids\":[1]}\n"
		   "{\"timestamp\":2,\"hash_ids\":[1,2]}\n"
		   "{\"timestamp\":3,\"hash_ids\":[1,2,3]}\n", 0));
	trace_cut(&trace, 1, 0, 0);
	is(trace.nr_requests, 3, "all of it is all of it");
	trace_cut(&trace, 0.5, 0, 0);
	is(trace.nr_requests, 2, "half of three is two");
	is(trace.nr_ids, 3, "with their blocks");
	trace_cut(&trace, 1, 1, 1);
	is(trace.nr_requests, 1, "all but the first of two is one");
	ok(trace.nr_ids == 2 && trace.requests[0].first == 0 &&
	   trace.ids[1] == 2, "with its blocks");
	trace_cut(&trace, 1, 0, 1);
	is(trace.nr_requests, 1, "a limit of one is one");
	trace_cut(&trace, 1, 5, 0);
	is(trace.nr_requests + trace.nr_ids, 0, "skipping all leaves none");
	trace_cut(&trace, 1, 5, 1);
	is(trace.nr_requests, 0, "none of none is none");
	trace_free(&trace);
}

static void test_blocks(void)
{
	struct blocks b;

	must(!load("{\"timestamp\":1,\"hash_ids\":[7,8,7]}\n"
		   "{\"timestamp\":2,\"hash_ids\":[7,8,9]}\n"
		   "{\"timestamp\":3,\"hash_ids\":[8,9]}\n", 0));
	must(!blocks_number(&b, &trace));
	is(b.nr, 6, "blocks are told apart by what is before them");
	ok(b.of_ref[0] == b.of_ref[3] && b.of_ref[1] == b.of_ref[4],
	   "a common prefix has the same blocks");
	ok(b.of_ref[2] != b.of_ref[0] && b.of_ref[6] != b.of_ref[1],
	   "a number that comes again elsewhere is another block");
	ok(b.parent[b.of_ref[0]] == BLOCK_NONE &&
	   b.parent[b.of_ref[5]] == b.of_ref[1], "parents are right");
	blocks_free(&b);
	trace_free(&trace);
	must(!load("{\"timestamp\":1,\"hash_ids\":[]}\n", 0));
	is(blocks_number(&b, &trace), 0, "a trace without blocks is fine");
	is(b.nr, 0, "it has none");
	blocks_free(&b);
	trace_free(&trace);
}

int main(void)
{
	int fd = mkstemp(path);

	must(fd >= 0);
	close(fd);
	test_lines();
	test_hostile();
	test_embedded_nul();
	test_long();
	trace_free(&trace);
	test_files();
	test_broken_gzip();
	test_endless_line();
	test_random_bytes();
	test_cut();
	test_blocks();
	unlink(path);
	return done();
}
