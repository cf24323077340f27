// SPDX-License-Identifier: GPL-2.0
/* What to do next: something new, or something that has been of use, changed. */
#include <string.h>

#include "calls.h"

/* How often each kind is chosen. */
static const uint8_t weights[NR_KINDS] = {
	[SUBMIT] = 60, [URING] = 24, [REAP] = 10, [CANCEL] = 3, [RING] = 1,
	[OPEN] = 5, [CLOSE] = 4, [FORK] = 1, [ASK] = 4, [GARBAGE] = 2,
	[MAP] = 6, [TOUCH] = 16, [UNMAP] = 3, [ADVISE] = 4,
	[TIER] = 1, [SPACE] = 3, [KNOB] = 4, [HELPER] = 1, [ANSWER] = 6, [NETLINK] = 2,
};

static uint32_t pick_kind(struct rng *r)
{
	uint32_t sum = 0, kind, n;

	for (kind = 0; kind < NR_KINDS; kind++)
		sum += weights[kind];
	n = rng_below(r, sum);
	for (kind = 0; n >= weights[kind]; kind++)
		n -= weights[kind];
	return kind;
}

static void make_new(struct rng *r, struct program *p)
{
	uint32_t i;

	p->nr = rng_between(r, 4, MAX_STEPS);
	for (i = 0; i < p->nr; i++)
		p->steps[i] = (struct step){ pick_kind(r), rng_next(r) };
}

/* Steps of @other from anywhere to the end of it. */
static void cross(struct rng *r, struct program *p, const struct program *other)
{
	uint32_t at = rng_below(r, p->nr), from = rng_below(r, other->nr), nr;

	nr = other->nr - from;
	if (nr > MAX_STEPS - at)
		nr = MAX_STEPS - at;
	memcpy(p->steps + at, other->steps + from, nr * sizeof(p->steps[0]));
	p->nr = at + nr;
}

static void change(struct rng *r, struct program *p)
{
	struct step *s = &p->steps[rng_below(r, p->nr)];

	switch (rng_below(r, 4)) {
	case 0:
		s->seed = rng_next(r);
		break;
	case 1:
		*s = (struct step){ pick_kind(r), rng_next(r) };
		break;
	case 2:
		if (p->nr < MAX_STEPS)
			p->steps[p->nr++] = *s;
		break;
	case 3:
		*s = p->steps[--p->nr];
		p->nr += !p->nr;
		break;
	}
}

void program_make(struct thread *t, struct program *p)
{
	struct shared *sh = t->p->sh;
	uint32_t nr = atomic_load(&sh->nr_kept), n;
	struct rng *r = &t->pick;

	if (nr > MAX_KEPT)
		nr = MAX_KEPT;
	if (!nr || rng_one_in(r, 3)) {
		make_new(r, p);
		return;
	}
	*p = sh->kept[rng_below(r, nr)];
	/* Somebody may be writing it just now. */
	if (!p->nr || p->nr > MAX_STEPS) {
		make_new(r, p);
		return;
	}
	if (rng_one_in(r, 3) && sh->kept[0].nr)
		cross(r, p, &sh->kept[rng_below(r, nr)]);
	for (n = rng_below(r, 4); n--;)
		change(r, p);
}

/* The latest displace each other when all places are taken. */
void program_keep(struct shared *sh, const struct program *p)
{
	sh->kept[atomic_fetch_add(&sh->nr_kept, 1) % MAX_KEPT] = *p;
}
