/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arithmetic on vectors of four floats: additions, multiplications, divisions
 * and square roots of IEEE 754, in an order that the code states, hence the same
 * bits from every compiler and on every machine. Built without contraction into
 * fused operations; no function of libm, whose last bit may differ.
 */
#ifndef ENGINE_VEC_H
#define ENGINE_VEC_H

#include <stdint.h>

typedef float v4 __attribute__((vector_size(16), may_alias));
typedef int32_t v4i __attribute__((vector_size(16), may_alias));

static inline v4 v4_all(float x)
{
	return (v4) { x, x, x, x };
}

static inline v4 v4_max(v4 a, v4 b)
{
	v4i more = a > b;

	return (v4)(((v4i)a & more) | ((v4i)b & ~more));
}

static inline float v4_sum(v4 a)
{
	return (a[0] + a[1]) + (a[2] + a[3]);
}

static inline float v4_most(v4 a)
{
	float x = a[0] > a[1] ? a[0] : a[1], y = a[2] > a[3] ? a[2] : a[3];

	return x > y ? x : y;
}

#define LOG2_E	1.44269504f

/*
 * 2^x for x <= 126, to 22 bits; below -126 it stays 2^-126. Adding 1.5 * 2^23 rounds to a
 * whole number, and leaves it in the lowest bits; the rest of x is within a half.
 */
static inline v4 v4_exp2(v4 x)
{
	const v4 magic = v4_all(12582912.0f);
	v4 n, p;

	x = v4_max(x, v4_all(-126.0f));
	n = x + magic;
	x = x - (n - magic);
	p = x * 0.0001535336188f + 0.001339887440f;
	p = p * x + 0.009618437357f;
	p = p * x + 0.05550332471f;
	p = p * x + 0.2402264791f;
	p = p * x + 0.6931472028f;
	p = p * x + 1.0f;
	return (v4)((v4i)p + ((v4i)n << 23));
}

#endif /* ENGINE_VEC_H */
