/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each fuzz target is: one function that takes any bytes, and seeds to begin
 * with. A target takes its input apart by struct input: what is missing is zero, so
 * that every input means something. Where a checksum would keep out all that is
 * not made on purpose, bits of the first byte ask for it to be made right.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What has to be true whatever the input is. */
#define must(cond) do {							\
	if (!(cond)) {							\
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond); \
		abort();						\
	}								\
} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** fuzz_seeds() - call @seed for each; a target's own */
typedef void (*seed_fn)(const char *name, const void *bytes, size_t size);
void fuzz_seeds(seed_fn seed);

/** struct input - what is left of an input */
struct input {
	const uint8_t *data;
	size_t size;
};

/* The next @bytes; zeros where there are none. */
static inline void take(struct input *in, void *to, size_t bytes)
{
	size_t some = in->size < bytes ? in->size : bytes;

	memset(to, 0, bytes);
	if (some)
		memcpy(to, in->data, some);
	in->data += some;
	in->size -= some;
}

static inline uint8_t take_byte(struct input *in)
{
	uint8_t byte;

	take(in, &byte, 1);
	return byte;
}

/* In memory of just that size, where reading past it is seen. To be freed. */
static inline void *take_alone(struct input *in, size_t bytes)
{
	void *p = malloc(bytes ? bytes : 1);

	must(p);
	take(in, p, bytes);
	return p;
}

#endif /* FUZZ_H */
