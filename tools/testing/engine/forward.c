// SPDX-License-Identifier: GPL-2.0
/*
 * What the model computes. A layer of a block holds, for each key-value head, the
 * keys, number by number (four tokens' are read at once), then for each the
 * values, token by token.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forward.h"
#include "vec.h"

#define EPSILON	0.00001f

int scratch_init(struct scratch *s, const struct model *m, unsigned int nr)
{
	size_t width = m->width, ffn = m->shape.ffn;
	size_t context = m->max_tokens + m->shape.block_tokens;
	size_t floats = nr * width + 3 * width + m->kv_width + 2 * ffn + context;
	float *at = aligned_alloc(64, (floats * sizeof(float) + 63) / 64 * 64);

	s->memory = at;
	if (!at)
		return -ENOMEM;
	s->x = at;
	s->h = s->x + nr * width;
	s->q = s->h + width;
	s->att = s->q + width;
	s->kv = s->att + width;
	s->gate = s->kv + m->kv_width;
	s->up = s->gate + ffn;
	s->scores = s->up + ffn;
	return 0;
}

void scratch_free(struct scratch *s)
{
	free(s->memory);
	s->memory = NULL;
}

/* y = x w, or y += x w. Outputs are summed input by input. */
static void multiply(float *y, const float *x, const float *w, unsigned int inputs,
		     unsigned int outputs, int add)
{
	unsigned int o, i;

	for (o = 0; o < outputs; o += 4) {
		const float *column = w + o;
		v4 sum = v4_all(0);

		for (i = 0; i < inputs; i++, column += outputs)
			sum += *(const v4 *)column * x[i];
		if (add)
			sum += *(v4 *)(y + o);
		*(v4 *)(y + o) = sum;
	}
}

static void normalize(float *y, const float *x, unsigned int nr)
{
	v4 sum = v4_all(0), scale;
	unsigned int i;

	for (i = 0; i < nr; i += 4)
		sum += *(const v4 *)(x + i) * *(const v4 *)(x + i);
	scale = v4_all(1.0f / sqrtf(v4_sum(sum) / nr + EPSILON));
	for (i = 0; i < nr; i += 4)
		*(v4 *)(y + i) = *(const v4 *)(x + i) * scale;
}

/* Turn the pairs of each head by their angles at position @t. */
static void rotate(const struct model *m, float *x, unsigned int heads,
		   unsigned int t)
{
	unsigned int dim = m->shape.head_dim, i, h;
	const float *turn = m->rotation + (size_t)t * dim;

	for (h = 0; h < heads; h++, x += dim) {
		for (i = 0; i < dim; i += 2) {
			float a = x[i], b = x[i + 1];

			x[i] = a * turn[i] - b * turn[i + 1];
			x[i + 1] = a * turn[i + 1] + b * turn[i];
		}
	}
}

/* --- attention ------------------------------------------------------------ */

/* What one head of one token looks at. */
struct look {
	const struct model *m;
	float *const *frames;
	size_t keys;		/* of this head, in floats from the frame's start */
	size_t values;
	unsigned int from;	/* first block */
	unsigned int t;		/* the token: the last one it sees */
};

/*
 * Scores of the tokens of all blocks, later ones at minus infinity: powers of 2.
 * Return: the largest.
 */
static float score(const struct look *k, const float *q, float *scores)
{
	unsigned int dim = k->m->shape.head_dim, T = k->m->shape.block_tokens;
	unsigned int b, j, d;
	v4 most = v4_all(-INFINITY);

	for (b = k->from; b <= k->t / T; b++) {
		const float *keys = k->frames[b] + k->keys;

		for (j = 0; j < T && b * T + j <= k->t; j += 4, scores += 4) {
			v4 sum = v4_all(0);

			for (d = 0; d < dim; d++)
				sum += *(const v4 *)(keys + d * T + j) * q[d];
			for (d = 3; d && b * T + j + d > k->t; d--)
				sum[d] = -INFINITY;
			*(v4 *)scores = sum;
			most = v4_max(most, sum);
		}
	}
	return v4_most(most);
}

/* Scores become weights. Return: their sum. */
static float weigh(float *scores, unsigned int nr, float most)
{
	v4 sum = v4_all(0);
	unsigned int i, d;

	for (i = 0; i < nr; i += 4) {
		v4 w = v4_exp2(*(const v4 *)(scores + i) - most);

		for (d = 3; d && i + d >= nr; d--)
			w[d] = 0;
		*(v4 *)(scores + i) = w;
		sum += w;
	}
	return v4_sum(sum);
}

/* Four numbers of the values' weighted sum. */
static v4 gather(const struct look *k, const float *weights, unsigned int d)
{
	unsigned int dim = k->m->shape.head_dim, T = k->m->shape.block_tokens;
	unsigned int b, j;
	v4 sum = v4_all(0);

	for (b = k->from; b <= k->t / T; b++) {
		const float *v = k->frames[b] + k->values + d;

		for (j = 0; j < T && b * T + j <= k->t; j++, v += dim)
			sum += *(const v4 *)v * *weights++;
	}
	return sum;
}

static void attend(const struct look *k, const float *q, float *scores, float *out)
{
	unsigned int dim = k->m->shape.head_dim, d;
	unsigned int nr = k->t + 1 - k->from * k->m->shape.block_tokens;
	float most = score(k, q, scores), sum = weigh(scores, nr, most);

	for (d = 0; d < dim; d += 4)
		*(v4 *)(out + d) = gather(k, scores, d) / sum;
}

/* --- a layer of a token ------------------------------------------------------ */

static void store_keys(const struct model *m, float *layer, unsigned int j,
		       const float *x)
{
	unsigned int i, T = m->shape.block_tokens;

	for (i = 0; i < m->kv_width; i++)
		layer[i * T + j] = x[i];
}

static void store_values(const struct model *m, float *layer, unsigned int j,
			 const float *x)
{
	unsigned int dim = m->shape.head_dim, T = m->shape.block_tokens, h;
	float *values = layer + (size_t)m->kv_width * T;

	for (h = 0; h < m->shape.kv_heads; h++)
		memcpy(values + (h * T + j) * dim, x + h * dim,
		       dim * sizeof(float));
}

static void store(const struct model *m, struct scratch *s,
		  const struct piece *p, unsigned int l, unsigned int t)
{
	const struct layer_weights *w = &m->layer[l];
	unsigned int T = m->shape.block_tokens;
	float *layer = p->frames[t / T] + l * m->layer_floats;

	multiply(s->kv, s->h, w->k, m->width, m->kv_width, 0);
	rotate(m, s->kv, m->shape.kv_heads, t);
	store_keys(m, layer, t % T, s->kv);
	multiply(s->kv, s->h, w->v, m->width, m->kv_width, 0);
	store_values(m, layer, t % T, s->kv);
}

static void attention(const struct model *m, struct scratch *s,
		      const struct piece *p, unsigned int l, unsigned int t)
{
	const struct shape *shape = &m->shape;
	unsigned int dim = shape->head_dim, T = shape->block_tokens, h, i;
	unsigned int group = shape->heads / shape->kv_heads;
	float scale = LOG2_E / sqrtf(dim);

	multiply(s->q, s->h, m->layer[l].q, m->width, m->width, 0);
	rotate(m, s->q, shape->heads, t);
	for (i = 0; i < m->width; i++)
		s->q[i] *= scale;
	for (h = 0; h < shape->heads; h++) {
		size_t keys = l * m->layer_floats + (size_t)(h / group) * dim * T;
		struct look look = {
			.m = m, .frames = p->frames, .keys = keys,
			.values = keys + (size_t)m->kv_width * T, .t = t,
			.from = model_first_block(m, l, t / T),
		};

		attend(&look, s->q + h * dim, s->scores, s->att + h * dim);
	}
}

/* x / (1 + e^-x) of the gate, times up */
static void feed_forward(const struct model *m, struct scratch *s, float *x,
			 const struct layer_weights *w)
{
	unsigned int ffn = m->shape.ffn, i;

	normalize(s->h, x, m->width);
	multiply(s->gate, s->h, w->gate, m->width, ffn, 0);
	multiply(s->up, s->h, w->up, m->width, ffn, 0);
	for (i = 0; i < ffn; i += 4) {
		v4 *g = (v4 *)(s->gate + i);

		*g = *g / (v4_exp2(*g * -LOG2_E) + 1.0f) * *(const v4 *)(s->up + i);
	}
	multiply(x, s->gate, w->down, ffn, m->width, 1);
}

static void layer_token(const struct model *m, struct scratch *s,
			const struct piece *p, unsigned int l, unsigned int i)
{
	float *x = s->x + (size_t)i * m->width;
	unsigned int t = p->first + i;

	normalize(s->h, x, m->width);
	if (t >= p->sealed)
		store(m, s, p, l, t);
	attention(m, s, p, l, t);
	multiply(x, s->att, m->layer[l].o, m->width, m->width, 1);
	feed_forward(m, s, x, &m->layer[l]);
}

/* Layer by layer; in a layer token by token, as each looks at those before. */
static int layers(const struct model *m, struct scratch *s,
		  const struct piece *p)
{
	unsigned int l, i, block = p->first / m->shape.block_tokens;
	int ret = 0;

	for (l = 0; l < m->shape.layers; l++) {
		if (p->wait)
			ret = p->wait(p->arg, l, model_first_block(m, l, block));
		if (ret)
			return ret;
		for (i = 0; i < p->nr; i++)
			layer_token(m, s, p, l, i);
	}
	return 0;
}

int forward(const struct model *m, struct scratch *s, const struct piece *p,
	    float *logits)
{
	unsigned int width = m->width, i;
	int ret;

	for (i = 0; i < p->nr; i++)
		memcpy(s->x + i * width,
		       m->embed + (size_t)p->tokens[p->first + i] * width,
		       width * sizeof(float));
	ret = layers(m, s, p);
	if (ret || !logits)
		return ret;
	normalize(s->h, s->x + (p->nr - 1) * width, width);
	multiply(logits, s->h, m->out, width, m->shape.vocab, 0);
	return 0;
}
