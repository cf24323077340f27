/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ENGINE_SERVE_H
#define ENGINE_SERVE_H

#include "request.h"

/**
 * struct plan - what is to be served, and how
 * @tokens: of the prompt
 * @generate: tokens that are to follow it, at least 1
 * @seed: of the prompt
 * @chunk: blocks that are computed at once
 * @patience: how blocks are taken
 */
struct plan {
	unsigned int tokens;
	unsigned int generate;
	unsigned int seed;
	unsigned int chunk;
	struct patience patience;
};

/**
 * struct answer - what became of it
 * @error: 0 or negative errno; then the rest is undefined
 * @cached: blocks that were found in the space
 * @stored: blocks that were computed and sealed there
 * @own: full blocks that were computed and not stored
 * @lost: blocks that were leased and did not arrive
 * @computed: tokens of the prompt that were computed
 * @first_token: what follows the prompt
 * @ttft_ns: from the prompt's arrival until @first_token is known
 * @acquire_ns: of that, in ACQUIRE
 * @wait_ns: of that, waiting for layers to arrive
 * @store_ns: of that, in RESERVE and COMMIT
 * @first_layer_ns: from the first ACQUIRE until its blocks' first layer was there
 * @decode_ns: for a token after the first
 * @logits: hash of all logits, of the last token of the prompt and of those
 *	that were generated
 * @kv: hash of all keys and values of the prompt's full blocks
 */
struct answer {
	int error;
	unsigned int cached;
	unsigned int stored;
	unsigned int own;
	unsigned int lost;
	unsigned int computed;
	unsigned int first_token;
	uint64_t ttft_ns;
	uint64_t acquire_ns;
	uint64_t wait_ns;
	uint64_t store_ns;
	uint64_t first_layer_ns;
	uint64_t decode_ns;
	uint64_t logits;
	uint64_t kv;
};

/*
 * Serve a prompt. @space: NULL: without a cache. @logits: NULL, or out: vocab
 * numbers, those of the last token of the prompt. Return: @answer->error.
 */
int serve(const struct model *m, struct kvt_space *space, const struct plan *plan,
	  struct answer *answer, float *logits);

#endif /* ENGINE_SERVE_H */
