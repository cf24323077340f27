// SPDX-License-Identifier: GPL-2.0
/* A prompt, and the keys of its blocks. */
#define XXH_INLINE_ALL
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "request.h"
#include "sha256.h"

/* A linear congruential generator's upper bits */
static void draw_tokens(struct request *r, unsigned int seed)
{
	uint64_t state = seed * 2862933555777941757ULL + r->nr_tokens;
	unsigned int i;

	for (i = 0; i < r->nr_tokens; i++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		r->tokens[i] = (state >> 33) % r->model->shape.vocab;
	}
}

int request_init(struct request *r, const struct model *m,
		 struct kvt_space *space, unsigned int nr, unsigned int more,
		 unsigned int seed)
{
	unsigned int tokens = m->shape.block_tokens;

	memset(r, 0, sizeof(*r));
	r->model = m;
	r->space = space;
	r->nr_tokens = nr;
	r->nr_full = nr / tokens;
	r->nr_blocks = (nr + more + tokens - 1) / tokens;
	r->tokens = calloc(nr + more, sizeof(*r->tokens));
	r->keys = calloc(r->nr_blocks, sizeof(*r->keys));
	r->blocks = calloc(r->nr_blocks, sizeof(*r->blocks));
	r->frames = calloc(r->nr_blocks, sizeof(*r->frames));
	r->own = calloc(r->nr_blocks, sizeof(*r->own));
	if (!r->tokens || !r->keys || !r->blocks || !r->frames || !r->own) {
		request_free(r);
		return -ENOMEM;
	}
	draw_tokens(r, seed);
	return 0;
}

void request_free(struct request *r)
{
	if (r->own && r->blocks)
		hold_drop(r, 0);
	free(r->tokens);
	free(r->keys);
	free(r->blocks);
	free(r->frames);
	free(r->own);
	memset(r, 0, sizeof(*r));
}

void request_hash(struct request *r)
{
	struct {
		struct kvt_key parent;
		uint32_t tokens[1024];
	} in;
	unsigned int nr = r->model->shape.block_tokens, i;
	char text[256];

	shape_text(&r->model->shape, text, sizeof(text));
	kvt_sha256(text, strlen(text), in.parent.bytes);
	for (i = 0; i < r->nr_full; i++) {
		memcpy(in.tokens, r->tokens + i * nr, nr * sizeof(*in.tokens));
		kvt_sha256(&in, sizeof(in.parent) + nr * sizeof(*in.tokens),
			   r->keys[i].bytes);
		in.parent = r->keys[i];
	}
}

uint64_t request_fingerprint(const struct request *r)
{
	const struct model *m = r->model;
	size_t bytes = m->shape.layers * m->layer_floats * sizeof(float);
	uint64_t hash = 0;
	unsigned int i;

	for (i = 0; i < r->ready; i++)
		hash = XXH3_64bits_withSeed(r->frames[i], bytes, hash);
	return hash;
}
