// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "samples.h"

/* Those beyond SAMPLES_MAX are left out. */
void samples_add(struct samples *s, double v)
{
	if (s->nr < SAMPLES_MAX)
		s->v[s->nr++] = v;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double samples_median(const struct samples *s)
{
	struct samples sorted = *s;
	unsigned int mid = s->nr / 2;

	if (!s->nr)
		return 0;
	qsort(sorted.v, sorted.nr, sizeof(sorted.v[0]), compare);
	return s->nr % 2 ? sorted.v[mid] :
			   (sorted.v[mid - 1] + sorted.v[mid]) / 2;
}

double samples_min(const struct samples *s)
{
	double v = s->nr ? s->v[0] : 0;
	unsigned int i;

	for (i = 1; i < s->nr; i++)
		v = s->v[i] < v ? s->v[i] : v;
	return v;
}

double samples_max(const struct samples *s)
{
	double v = s->nr ? s->v[0] : 0;
	unsigned int i;

	for (i = 1; i < s->nr; i++)
		v = s->v[i] > v ? s->v[i] : v;
	return v;
}

/* Pairs that were measured next to each other: what both suffer cancels out. */
void samples_ratio(struct samples *to, const struct samples *a,
		   const struct samples *b)
{
	unsigned int i;

	to->nr = 0;
	for (i = 0; i < a->nr && i < b->nr; i++)
		samples_add(to, b->v[i] ? a->v[i] / b->v[i] : 0);
}
