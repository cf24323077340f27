// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>

#include "judge.h"
#include "must.h"
#include "source.h"

#define MOST_WORDS	8	/* objections about one image that are printed */

bool judge_is_silent;

struct judge {
	struct oracle *o;
	struct image *m;
	u64 now;
	struct verdict *v;
	struct log_walk walk;
	bool *is_found;		/* by number of the copy */
	int objections;
};

__attribute__((format(printf, 4, 5)))
static void object(struct judge *j, const struct kvt_log_place *at, u32 index,
		   const char *format, ...)
{
	va_list list;

	if (j->objections++ >= MOST_WORDS || judge_is_silent)
		return;
	printf("# cut at %llu: device %u segment %u generation %llu entry %u: ",
	       (unsigned long long)j->now, at->device, at->segment,
	       (unsigned long long)at->generation, index);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	putchar('\n');
}

/* -------------------------------------------------------------------- found */

static u64 hash_found(const struct judge *j, const struct log_segment *s,
		      const struct kvt_log_entry *e)
{
	const struct kvt_log_place *at = &s->found.place;
	u64 pos = j->walk.source->first_segment[at->device] +
		  at->segment * j->walk.source->segment_bytes +
		  (u64)le32_to_cpu(e->offset) * KVT_LOG_PAGE;

	return hash_bytes(j->m->media[at->device] + pos, s->found.layout.block_size);
}

static void take_found(struct judge *j, const struct log_segment *s, u32 index,
		       const struct kvt_log_entry *e)
{
	const struct kvt_log_place *at = &s->found.place;
	struct copy *c = oracle_copy(j->o, at, index);

	j->v->found++;
	if (!c || c->issued >= j->now || memcmp(c->key, e->key, sizeof(c->key))) {
		j->v->wrong++;
		object(j, at, index, "was never written there");
	} else if (c->hash != hash_found(j, s, e)) {
		j->v->wrong++;
		object(j, at, index, "has not the bytes that were written");
	} else {
		j->is_found[c - j->o->copies] = true;
	}
}

static int take_segment(void *arg, const struct log_segment *s, const void *table,
			const u8 *fates)
{
	struct judge *j = arg;
	u32 i;

	for (i = 0; i < s->nr; i++)
		if (fates[i] == LOG_LIVE)
			take_found(j, s, i, kvt_log_entry(&s->found.layout, table, i));
	return 0;
}

/* ----------------------------------------------------------------- promises */

static bool is_promised(const struct judge *j, const struct copy *c)
{
	return c->durable < j->now && j->o->lives[c->life].ended >= j->now;
}

/* All copies of one key, newest first. */
static void check_key(struct judge *j, struct copy *const *c, u32 nr)
{
	const struct copy *due = NULL;
	u32 i;

	for (i = 0; i < nr; i++)
		if (j->is_found[c[i] - j->o->copies])
			break;
	if (i < nr)
		return (void)(j->v->promised += is_promised(j, c[i]));
	for (i = 0; !due && i < nr; i++) {
		if (c[i]->gone >= j->now && is_promised(j, c[i]))
			due = c[i];
	}
	if (!due)
		return;
	j->v->promised++;
	j->v->lost++;
	object(j, &j->o->lives[due->life].place, due->index,
	       "was durable since %llu and is not found", (unsigned long long)due->durable);
}

static void check_promises(struct judge *j)
{
	const struct oracle *o = j->o;
	u32 i, nr;

	for (i = 0; i < o->nr_copies; i += nr) {
		for (nr = 1; i + nr < o->nr_copies; nr++)
			if (!oracle_same_key(o, o->by_key[i], o->by_key[i + nr]))
				break;
		check_key(j, o->by_key + i, nr);
	}
}

/* -------------------------------------------------------------------- tombs */

static void check_tombs(struct judge *j)
{
	const struct oracle *o = j->o;
	u32 i;

	for (i = 0; i < o->nr_tombs; i++) {
		const struct tomb *t = &o->tombs[i];
		struct kvt_log_place at = {
			.device = t->device,
			.segment = t->segment,
			.generation = t->generation,
		};
		struct copy *c = oracle_copy(o, &at, t->named);

		if (t->durable >= j->now || t->gone < j->now ||
		    o->lives[t->life].ended < j->now || !c || !is_promised(j, c) ||
		    o->lives[c->life].space != o->lives[t->life].space)
			continue;
		j->v->buried++;
		if (!j->is_found[c - o->copies])
			continue;
		j->v->risen++;
		object(j, &o->lives[c->life].place, c->index,
		       "was dropped, and is found again");
	}
}

bool judge_image(struct oracle *o, struct image *m, u64 now, struct verdict *v)
{
	struct judge j = { .o = o, .m = m, .now = now, .v = v };
	struct log_source source;

	if (source_open(&source, m)) {
		if (o->formatted >= now)
			return true;
		v->unusable++;
		printf("# cut at %llu: no good superblock\n", (unsigned long long)now);
		return false;
	}
	j.is_found = calloc(o->nr_copies + 1, sizeof(bool));
	must(j.is_found, "no memory");
	must(!log_walk_pages(&j.walk, &source) &&
	     !log_walk_entries(&j.walk, take_segment, &j), "no memory");
	check_promises(&j);
	check_tombs(&j);
	log_walk_free(&j.walk);
	free(j.is_found);
	return !j.objections;
}
