// SPDX-License-Identifier: GPL-2.0
/* A model's shape and its weights. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define PAGE	4096

static const char too_large[] =
	"too large: at most 256 layers, heads, numbers a head; 65536 ffn, vocab; 1024 block-tokens";

const char *shape_wrong(const struct shape *s)
{
	if (!s->layers || !s->heads || !s->kv_heads || !s->head_dim || !s->ffn ||
	    !s->vocab || !s->block_tokens || !s->global_every)
		return "none of the model's numbers may be 0, but --window and --seed";
	if (s->layers > 256 || s->heads > 256 || s->head_dim > 256 ||
	    s->ffn > 65536 || s->vocab > 65536 || s->block_tokens > 1024)
		return too_large;
	if (s->heads % s->kv_heads)
		return "--heads must be a multiple of --kv-heads";
	if (s->head_dim % 4 || s->ffn % 4 || s->vocab % 4 || s->block_tokens % 4)
		return "--head-dim, --ffn, --vocab, --block-tokens must be multiples of 4";
	return NULL;
}

static size_t layer_floats(const struct shape *s)
{
	return 2 * (size_t)s->kv_heads * s->head_dim * s->block_tokens;
}

size_t shape_layer_bytes(const struct shape *s)
{
	return layer_floats(s) * sizeof(float);
}

size_t shape_block_bytes(const struct shape *s)
{
	return (s->layers * shape_layer_bytes(s) + PAGE - 1) / PAGE * PAGE;
}

int shape_text(const struct shape *s, char *text, size_t size)
{
	return snprintf(text, size,
			"kvtier-engine 1: %u layers, %u/%u heads of %u, ffn %u, vocab %u, %u tokens a block, window %u, global %u, seed %u",
			s->layers, s->heads, s->kv_heads, s->head_dim, s->ffn,
			s->vocab, s->block_tokens, s->window, s->global_every,
			s->seed);
}

unsigned int model_first_block(const struct model *m, unsigned int l,
			       unsigned int block)
{
	const struct shape *s = &m->shape;

	if ((l + 1) % s->global_every == 0 || block < s->window)
		return 0;
	return block - s->window;
}

/* --- weights ------------------------------------------------------------ */

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/*
 * Uniform, so that a vector of @inputs numbers of size 1 gives one of size @gain:
 * larger ones for queries and keys make attention look at some tokens more than
 * at others.
 */
static void fill(float *w, size_t inputs, size_t outputs, float gain,
		 uint64_t *state)
{
	float scale = gain * sqrtf(3.0f / inputs) / (1 << 23);
	size_t i;

	for (i = 0; i < inputs * outputs; i++)
		w[i] = ((int32_t)(draw(state) >> 40) - (1 << 23)) * scale;
}

/* The next @inputs x @outputs weights; without memory, only counts them. */
static float *take(struct model *m, size_t inputs, size_t outputs, float gain,
		   uint64_t *state)
{
	float *w = NULL;

	if (m->weights) {
		w = m->weights + m->nr_weights;
		fill(w, inputs, outputs, gain, state);
	}
	m->nr_weights += inputs * outputs;
	return w;
}

static void take_layer(struct model *m, struct layer_weights *w, uint64_t *state)
{
	const struct shape *s = &m->shape;

	w->q = take(m, m->width, m->width, 1.5f, state);
	w->k = take(m, m->width, m->kv_width, 1.5f, state);
	w->v = take(m, m->width, m->kv_width, 1, state);
	w->o = take(m, m->width, m->width, 1, state);
	w->gate = take(m, m->width, s->ffn, 1, state);
	w->up = take(m, m->width, s->ffn, 1, state);
	w->down = take(m, s->ffn, m->width, 1, state);
}

static void take_all(struct model *m)
{
	const struct shape *s = &m->shape;
	uint64_t state = s->seed;
	unsigned int l;

	m->nr_weights = 0;
	m->embed = take(m, 1, (size_t)s->vocab * m->width, 1, &state);
	for (l = 0; l < s->layers; l++)
		take_layer(m, &m->layer[l], &state);
	m->out = take(m, m->width, s->vocab, 1, &state);
}

/* --- rotations ------------------------------------------------------------ */

/* Angles of 0..1 only. Not libm's, whose last bit may differ. */
static void turn(double angle, double *cosine, double *sine)
{
	double term = 1;
	int i;

	*cosine = *sine = 0;
	for (i = 0; i < 24; i++) {
		if (i % 2)
			*sine += i % 4 == 1 ? term : -term;
		else
			*cosine += i % 4 == 0 ? term : -term;
		term = term * angle / (i + 1);
	}
}

/* Pair @p of a head turns by an angle of its own a position. */
static void fill_rotation(struct model *m, unsigned int p, double angle)
{
	unsigned int pairs = m->shape.head_dim / 2, t;
	double c1, s1, c = 1, s = 0, next;

	turn(angle, &c1, &s1);
	for (t = 0; t < m->max_tokens; t++) {
		float *at = m->rotation + 2 * ((size_t)t * pairs + p);

		at[0] = c;
		at[1] = s;
		next = c * c1 - s * s1;
		s = s * c1 + c * s1;
		c = next;
	}
}

/* Angles fall by the same factor from 1 to about 1/10000. */
static void fill_rotations(struct model *m)
{
	unsigned int pairs = m->shape.head_dim / 2, p;
	double angle = 1, factor = 1;
	int i;

	/* the root of 1/10000, by Newton's method, from above */
	for (i = 0; i < 64; i++) {
		double power = 1;
		unsigned int k;

		for (k = 1; k < pairs; k++)
			power *= factor;
		factor -= (power * factor - 0.0001) / (pairs * power);
	}
	for (p = 0; p < pairs; p++) {
		fill_rotation(m, p, angle);
		angle *= factor;
	}
}

/* --- life ------------------------------------------------------------------ */

/* Whole vectors are read. */
static float *floats(size_t nr)
{
	return aligned_alloc(64, (nr * sizeof(float) + 63) / 64 * 64);
}

int model_init(struct model *m, const struct shape *shape,
	       unsigned int max_tokens)
{
	memset(m, 0, sizeof(*m));
	m->shape = *shape;
	m->width = shape->heads * shape->head_dim;
	m->kv_width = shape->kv_heads * shape->head_dim;
	m->layer_floats = layer_floats(shape);
	m->max_tokens = max_tokens;
	m->layer = calloc(shape->layers, sizeof(*m->layer));
	m->rotation = floats((size_t)max_tokens * shape->head_dim);
	if (!m->layer || !m->rotation)
		goto no_memory;
	take_all(m);
	m->weights = floats(m->nr_weights);
	if (!m->weights)
		goto no_memory;
	take_all(m);
	fill_rotations(m);
	return 0;

no_memory:
	model_free(m);
	return -ENOMEM;
}

void model_free(struct model *m)
{
	free(m->weights);
	free(m->rotation);
	free(m->layer);
	memset(m, 0, sizeof(*m));
}
