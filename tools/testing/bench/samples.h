/* SPDX-License-Identifier: GPL-2.0 */
/* Repeated measurements of one thing. */
#ifndef _BENCH_SAMPLES_H
#define _BENCH_SAMPLES_H

#define SAMPLES_MAX 64

/**
 * struct samples - what was measured
 * @nr: length of @v
 * @v: in the order of measurement
 */
struct samples {
	unsigned int nr;
	double v[SAMPLES_MAX];
};

void samples_add(struct samples *s, double v);
double samples_median(const struct samples *s);
double samples_min(const struct samples *s);
double samples_max(const struct samples *s);
void samples_ratio(struct samples *to, const struct samples *a,
		   const struct samples *b);

/* A measurement that is not repeated. */
static inline struct samples samples_one(double v)
{
	return (struct samples){ .nr = 1, .v = { v } };
}

#endif /* _BENCH_SAMPLES_H */
