// SPDX-License-Identifier: GPL-2.0
/*
 * A fuzz target without a fuzzer: its seeds, and what its corpus file has, once
 * each. See usage_text.
 *
 * A corpus file has a line for each input: its name, a space, base64 of its bytes.
 */
#include <sys/stat.h>

#include "fuzz.h"

#define MOST_BYTES	(64 << 10)

static const char usage_text[] =
"Usage: <target> [CORPUS]\n"
"       <target> --unpack DIR [CORPUS]\n"
"\n"
"Run the target's seeds and the inputs of a corpus file, once each; TAP. Or write\n"
"each to a file in DIR, for libFuzzer.\n";

static const char *unpack_dir;
static unsigned int nr_inputs;

static void write_input(const char *name, const void *bytes, size_t size)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", unpack_dir, name);
	f = fopen(path, "we");
	if (!f || fwrite(bytes, 1, size, f) != size || fclose(f)) {
		perror(path);
		exit(2);
	}
}

static void one_input(const char *name, const void *bytes, size_t size)
{
	void *alone = malloc(size ? size : 1);

	nr_inputs++;
	if (unpack_dir) {
		write_input(name, bytes, size);
	} else {
		/* If it ends here the last line says where. */
		printf("# %s\n", name);
		fflush(stdout);
		memcpy(alone, bytes, size);
		LLVMFuzzerTestOneInput(alone, size);
	}
	free(alone);
}

/* -1: no digit of base64 */
static int digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static size_t decode(const char *text, uint8_t *to, size_t room)
{
	unsigned int bits = 0, nr = 0;
	size_t size = 0;

	for (; digit(*text) >= 0; text++) {
		bits = bits << 6 | digit(*text);
		nr += 6;
		if (nr < 8)
			continue;
		nr -= 8;
		if (size == room)
			break;
		to[size++] = bits >> nr;
	}
	return size;
}

static void read_corpus(const char *path)
{
	static uint8_t bytes[MOST_BYTES];
	char *line = NULL, *text;
	FILE *f = fopen(path, "re");
	size_t room = 0;

	if (!f) {
		perror(path);
		exit(2);
	}
	while (getline(&line, &room, f) > 0) {
		text = strchr(line, ' ');
		if (line[0] == '#' || !text)
			continue;
		*text = 0;
		one_input(line, bytes, decode(text + 1, bytes, sizeof(bytes)));
	}
	free(line);
	fclose(f);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--unpack")) {
		unpack_dir = argv[2];
		argc -= 2;
		argv += 2;
	}
	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		fputs(usage_text, stderr);
		return 2;
	}
	fuzz_seeds(one_input);
	if (argc == 2)
		read_corpus(argv[1]);
	if (!unpack_dir)
		printf("ok 1 - %u inputs\n1..1\n", nr_inputs);
	return 0;
}
