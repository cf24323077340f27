/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ENGINE_FORWARD_H
#define ENGINE_FORWARD_H

#include "model.h"

/* Memory that forward() works in. */
struct scratch {
	float *x;	/* width, a token */
	float *h;	/* width */
	float *q;	/* width */
	float *att;	/* width */
	float *kv;	/* kv_width */
	float *gate;	/* ffn */
	float *up;	/* ffn */
	float *scores;	/* a token of context */
	float *memory;
};

/**
 * struct piece - consecutive tokens that are computed together
 * @tokens: all tokens of the sequence
 * @first: the first one to compute
 * @nr: how many
 * @frames: where each block's keys and values are, block by block
 * @sealed: keys and values of the tokens below this one are there already and are
 *	only read
 * @wait: called before layer @l reads blocks @first..; an error ends all. NULL:
 *	nothing has to be waited for
 * @arg: for it
 */
struct piece {
	const uint32_t *tokens;
	unsigned int first;
	unsigned int nr;
	float *const *frames;
	unsigned int sealed;
	int (*wait)(void *arg, unsigned int l, unsigned int first);
	void *arg;
};

/* For pieces of up to @nr tokens. Return: 0, -ENOMEM. */
int scratch_init(struct scratch *s, const struct model *m, unsigned int nr);
void scratch_free(struct scratch *s);

/*
 * Compute the tokens of a piece: their keys and values go to the frames. With
 * @logits (vocab numbers): also what the last of them is followed by.
 * Return: 0, or what @wait returned.
 */
int forward(const struct model *m, struct scratch *s, const struct piece *p,
	    float *logits);

#endif /* ENGINE_FORWARD_H */
