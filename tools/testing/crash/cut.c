// SPDX-License-Identifier: GPL-2.0
#include "cut.h"
#include "must.h"

#define SECTOR	512
#define PAGE	KVT_LOG_PAGE

/* How much of what is not durable survives, drawn once for a cut. */
struct luck {
	struct rng *rng;
	u32 piece;	/* what survives as a whole: SECTOR, PAGE; 0: a write */
	u32 percent;	/* so many of them do */
};

static void apply(struct image *m, const struct write *w, u64 from, u64 bytes)
{
	image_write(m, w->device, w->pos + from, w->data ? w->data + from : NULL, bytes);
}

void cut_advance(struct image *m, const struct trace *t, size_t *done, u64 now)
{
	while (*done < t->nr && t->writes[*done].durable < now) {
		apply(m, &t->writes[*done], 0, t->writes[*done].bytes);
		(*done)++;
	}
}

static struct luck draw_luck(struct rng *rng)
{
	static const u32 pieces[] = { 0, PAGE, PAGE, SECTOR };
	static const u32 percents[] = { 0, 10, 50, 50, 90, 100 };

	return (struct luck){
		.rng = rng,
		.piece = pieces[rng_below(rng, 4)],
		.percent = percents[rng_below(rng, 6)],
	};
}

static void apply_some(struct image *m, const struct write *w, const struct luck *l)
{
	u64 piece = l->piece ? l->piece : w->bytes, from;

	for (from = 0; from < w->bytes; from += piece)
		if (rng_below(l->rng, 100) < l->percent)
			apply(m, w, from, min(piece, w->bytes - from));
}

/*
 * Flushes that were under way, and are taken to have been done: what they make
 * durable. As many bits as writes in question.
 */
static void draw_flushes(const struct trace *t, size_t done, size_t end, u64 now,
			 const struct luck *l, bool *sure)
{
	size_t i, k;

	for (i = done; i < end; i++) {
		const struct write *f = &t->writes[i];

		if (!(f->flags & WRITE_FLUSH) || f->completed < now ||
		    rng_below(l->rng, 2))
			continue;
		sure[i - done] = true;
		for (k = done; k < i; k++)
			if (t->writes[k].device == f->device &&
			    t->writes[k].completed < f->issued)
				sure[k - done] = true;
	}
}

void cut_apply(struct image *m, const struct trace *t, size_t done, u64 now,
	       struct rng *rng)
{
	struct luck l = draw_luck(rng);
	size_t end = done, i;
	bool *sure;

	while (end < t->nr && t->writes[end].issued < now)
		end++;
	sure = calloc(end - done + 1, sizeof(*sure));
	must(sure, "no memory");
	draw_flushes(t, done, end, now, &l, sure);
	for (i = done; i < end; i++) {
		const struct write *w = &t->writes[i];
		bool under_way = w->flags & WRITE_FLUSH && w->completed >= now;

		if (w->durable < now || (sure[i - done] && !under_way))
			apply(m, w, 0, w->bytes);
		else if (!under_way || sure[i - done])
			apply_some(m, w, &l);
	}
	free(sure);
}
