/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the examples share: a space, keys, and bytes that can be checked. They do
 * what an engine does, on numbers instead of attention keys and values.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <libkvtier.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND	1000000000ULL

/* Say what failed and what to do, and exit. */
static inline void die(const char *what, int call, int err)
{
	fprintf(stderr, "%s: %s\n", what, kvt_strerror(call, err));
	exit(1);
}

/* argv[1] is the space, "demo" if it is not given. */
static inline struct kvt_space *open_space(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "demo";
	struct kvt_space *space;
	int rc = kvt_open(name, 0, NULL, &space);

	if (!rc)
		return space;
	fprintf(stderr, "space %s: %s\n", name, kvt_strerror(KVT_CALL_OPEN, rc));
	fprintf(stderr, "To make one, as root:\n"
		"  modprobe kvtier\n"
		"  kvtierctl tier add dram0 --kind dram --node 0 --size 64M\n"
		"  kvtierctl space create %s --block-size 1M --layers 16 --quota dram0=64M\n",
		name);
	exit(1);
}

/*
 * Keys of a prompt's blocks. An engine's are hashes: of a block's tokens and of the
 * key before, so that a key stands for all tokens up to there.
 */
static inline void make_keys(struct kvt_key *keys, unsigned int nr, const char *prompt)
{
	unsigned int i;

	memset(keys, 0, nr * sizeof(*keys));
	for (i = 0; i < nr; i++)
		snprintf((char *)keys[i].bytes, KVT_KEY_SIZE, "%.20s %u", prompt, i);
}

static inline uint32_t nr_layers(const struct kvt_space *space)
{
	return kvt_nr_layers(space) ? kvt_nr_layers(space) : 1;
}

/* "Compute" one layer of block @i to @block. */
static inline void compute(const struct kvt_space *space, char *block, unsigned int i,
			   uint32_t layer)
{
	uint32_t pos, len;

	kvt_layer(space, layer, &pos, &len);
	memset(block + pos, (int)(i * 31 + layer + 1) & 0xff, len);
}

/* Use it: how many bytes are not what compute() wrote. */
static inline size_t use(const struct kvt_space *space, const char *block, unsigned int i,
			 uint32_t layer)
{
	uint32_t pos, len, at;
	size_t wrong = 0;

	kvt_layer(space, layer, &pos, &len);
	for (at = pos; at < pos + len; at++)
		wrong += block[at] != (char)((i * 31 + layer + 1) & 0xff);
	return wrong;
}

#endif /* EXAMPLE_H */
