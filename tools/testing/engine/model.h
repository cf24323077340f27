/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model: a decoder-only transformer with weights that are drawn from a seed.
 *
 * As the models that are served: token embedding; in each layer RMS norm, grouped
 * query attention with rotary positions, RMS norm, a gated feed-forward
 * network; a norm and an output matrix. Most layers look back only so many
 * blocks; one layer in so many looks at everything.
 *
 * A token's results do not depend on how many tokens are computed at once, nor
 * on who computed the keys and values before it: every sum has one order, which
 * only the token's position decides. So a prompt gives the same bits however
 * much of it was cached.
 */
#ifndef ENGINE_MODEL_H
#define ENGINE_MODEL_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct shape - what a model looks like
 * @layers: transformer layers
 * @heads: query heads
 * @kv_heads: key and value heads; @heads is a multiple of it
 * @head_dim: numbers of a head, a multiple of 4
 * @ffn: inner width of the feed-forward network, a multiple of 4
 * @vocab: tokens there are, a multiple of 4
 * @block_tokens: tokens of a block, a multiple of 4
 * @window: blocks that a local layer looks back to, besides its own
 * @global_every: every so many layers one looks at everything
 * @seed: of the weights
 */
struct shape {
	unsigned int layers;
	unsigned int heads;
	unsigned int kv_heads;
	unsigned int head_dim;
	unsigned int ffn;
	unsigned int vocab;
	unsigned int block_tokens;
	unsigned int window;
	unsigned int global_every;
	unsigned int seed;
};

/* Matrices are stored input by input: w[in * outputs + out]. */
struct layer_weights {
	float *q;	/* width -> width */
	float *k;	/* width -> kv_width */
	float *v;	/* width -> kv_width */
	float *o;	/* width -> width */
	float *gate;	/* width -> ffn */
	float *up;	/* width -> ffn */
	float *down;	/* ffn -> width */
};

struct model {
	struct shape shape;
	unsigned int width;	/* heads * head_dim */
	unsigned int kv_width;	/* kv_heads * head_dim */
	size_t layer_floats;	/* of one layer of one block: keys, values */
	float *embed;		/* a row of width a token */
	float *out;		/* width -> vocab */
	struct layer_weights *layer;
	float *rotation;	/* cosine, sine of each pair of a head, by position */
	unsigned int max_tokens;
	float *weights;		/* all of them */
	size_t nr_weights;
};

/* Why @shape cannot be; NULL: it can. */
const char *shape_wrong(const struct shape *shape);

/* Bytes of a layer in a block; of a block, a multiple of 4 KiB. */
size_t shape_layer_bytes(const struct shape *shape);
size_t shape_block_bytes(const struct shape *shape);

/* All that gives a block's bytes their meaning, as text. Return: as snprintf(). */
int shape_text(const struct shape *shape, char *text, size_t size);

/* For prompts, and what follows them, of up to @max_tokens. Return: 0, -ENOMEM. */
int model_init(struct model *m, const struct shape *shape,
	       unsigned int max_tokens);
void model_free(struct model *m);

/* The first block that layer @l looks at for a token in block @block. */
unsigned int model_first_block(const struct model *m, unsigned int l,
			       unsigned int block);

#endif /* ENGINE_MODEL_H */
