// SPDX-License-Identifier: GPL-2.0
#include "must.h"
#include "oracle.h"
#include "source.h"

/* A place for one more in an array of @o. */
#define ADD(array, nr, room) ({						\
	if ((nr) == (room)) {						\
		(room) = 2 * (room) + 64;				\
		(array) = realloc(array, (room) * sizeof(*(array)));	\
		must(array, "no memory");				\
	}								\
	&(array)[(nr)++];						\
})

u64 hash_bytes(const void *p, size_t bytes)
{
	const u64 *word = p;
	u64 h = bytes;

	for (; bytes; bytes -= sizeof(*word)) {
		h = (h ^ *word++) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 32;
	}
	return h;
}

u32 oracle_space(struct oracle *o, const struct kvt_log_owner *owner)
{
	u32 i;

	for (i = 0; i < o->nr_spaces; i++)
		if (!memcmp(o->spaces[i].name, owner->name, sizeof(owner->name)) &&
		    !memcmp(o->spaces[i].identity, owner->identity, sizeof(owner->identity)) &&
		    o->spaces[i].block_size == owner->block_size)
			return i;
	o->spaces = realloc(o->spaces, (o->nr_spaces + 1) * sizeof(*o->spaces));
	must(o->spaces, "no memory");
	o->spaces[o->nr_spaces] = *owner;
	return o->nr_spaces++;
}

/* -------------------------------------------------------------------- lives */

static struct life *find_life(const struct oracle *o, const struct kvt_log_place *at)
{
	u32 i;

	for (i = o->nr_lives; i--;) {
		struct life *l = &o->lives[i];

		if (l->place.device == at->device && l->place.segment == at->segment &&
		    l->place.generation == at->generation)
			return l;
	}
	return NULL;
}

/* The segment is freed, or opened again with another generation. */
static void end_lives(struct oracle *o, u32 device, u32 segment, u64 but, u64 now)
{
	u32 i;

	for (i = 0; i < o->nr_lives; i++) {
		struct life *l = &o->lives[i];

		if (l->place.device == device && l->place.segment == segment &&
		    l->place.generation != but)
			l->ended = min(l->ended, now);
	}
}

static u32 take_life(struct oracle *o, const struct kvt_log_place *place,
		     const struct kvt_log_owner *owner)
{
	struct life *l = find_life(o, place);
	struct kvt_log_layout layout;
	u32 space = oracle_space(o, owner);

	if (l)
		return l - o->lives;
	must(!kvt_log_layout(&layout, o->source.segment_bytes, owner->block_size),
	     "the trace has a segment with blocks of %u bytes", owner->block_size);
	l = ADD(o->lives, o->nr_lives, o->room_lives);
	*l = (struct life){ *place, space, layout, NEVER };
	return l - o->lives;
}

/* ------------------------------------------------------------------ entries */

static bool names(const struct oracle *o, const struct tomb *t, const struct copy *c)
{
	const struct life *l = &o->lives[c->life];

	return c->index == t->named && l->place.generation == t->generation &&
	       l->place.device == t->device && l->place.segment == t->segment &&
	       l->space == o->lives[t->life].space;
}

static void hide_named(struct oracle *o, const struct tomb *t, u64 now)
{
	u32 i;

	for (i = 0; i < o->nr_copies; i++)
		if (names(o, t, &o->copies[i]))
			o->copies[i].gone = min(o->copies[i].gone, now);
}

/* A block may be dropped before its own summary is written. */
static void hide_born(struct oracle *o, struct copy *c)
{
	u32 i;

	for (i = 0; i < o->nr_tombs; i++)
		if (names(o, &o->tombs[i], c))
			c->gone = 0;
}

static void take_block(struct oracle *o, u32 life, u32 index, const struct image *m,
		       const struct kvt_log_entry *e, const struct write *w)
{
	const struct life *l = &o->lives[life];
	u64 pos = o->source.first_segment[l->place.device] +
		  l->place.segment * o->source.segment_bytes +
		  (u64)le32_to_cpu(e->offset) * KVT_LOG_PAGE;
	struct copy *c = ADD(o->copies, o->nr_copies, o->room_copies);

	*c = (struct copy){
		.life = life,
		.index = index,
		.hash = hash_bytes(m->media[l->place.device] + pos, l->layout.block_size),
		.issued = w->issued,
		.durable = w->durable,
		.gone = NEVER,
	};
	memcpy(c->key, e->key, sizeof(c->key));
	hide_born(o, c);
}

static void take_tomb(struct oracle *o, u32 life, u32 index,
		      const struct kvt_log_entry *e, const struct write *w)
{
	struct tomb *t = ADD(o->tombs, o->nr_tombs, o->room_tombs);

	*t = (struct tomb){
		.life = life,
		.index = index,
		.generation = le64_to_cpu(e->generation),
		.device = le32_to_cpu(e->device),
		.segment = le32_to_cpu(e->segment),
		.named = le32_to_cpu(e->index),
		.durable = w->durable,
		.gone = NEVER,
	};
	hide_named(o, t, w->issued);
}

static bool has_entry(const struct oracle *o, u32 life, u32 index)
{
	u32 i;

	for (i = o->nr_copies; i--;)
		if (o->copies[i].life == life && o->copies[i].index == index)
			return true;
	for (i = o->nr_tombs; i--;)
		if (o->tombs[i].life == life && o->tombs[i].index == index)
			return true;
	return false;
}

static void take_entry(struct oracle *o, u32 life, u32 index, const struct image *m,
		       const struct kvt_log_entry *e, const struct write *w)
{
	if (le32_to_cpu(e->type) == KVT_LOG_BLOCK)
		take_block(o, life, index, m, e, w);
	else if (le32_to_cpu(e->type) == KVT_LOG_TOMB)
		take_tomb(o, life, index, e, w);
}

/* ------------------------------------------------------------------ records */

/* Summaries go out together; a reader finds one if it finds all before it. */
static u64 durable_before(const struct oracle *o, u32 life, u32 first)
{
	u64 when = 0;
	u32 i;

	for (i = 0; i < o->nr_copies; i++)
		if (o->copies[i].life == life && o->copies[i].index < first)
			when = max(when, o->copies[i].durable);
	for (i = 0; i < o->nr_tombs; i++)
		if (o->tombs[i].life == life && o->tombs[i].index < first)
			when = max(when, o->tombs[i].durable);
	return when;
}

static void delay_behind(struct oracle *o, u32 life, u32 first, u64 when)
{
	u32 i;

	for (i = 0; i < o->nr_copies; i++)
		if (o->copies[i].life == life && o->copies[i].index > first)
			o->copies[i].durable = max(o->copies[i].durable, when);
	for (i = 0; i < o->nr_tombs; i++)
		if (o->tombs[i].life == life && o->tombs[i].index > first)
			o->tombs[i].durable = max(o->tombs[i].durable, when);
}

static void take_summary(struct oracle *o, const struct image *m, u32 life,
			 const struct kvt_log_head *h, const struct write *w)
{
	const struct kvt_log_layout *l = &o->lives[life].layout;
	u32 i, first = le32_to_cpu(h->first);
	struct write all = *w;

	all.durable = max(w->durable, durable_before(o, life, first));
	for (i = 0; i < le32_to_cpu(h->nr) && i < l->group; i++)
		take_entry(o, life, first + i, m, kvt_log_entry(l, h + 1, i), &all);
	/* The one with the flush may come to the device last. */
	delay_behind(o, life, first, all.durable);
}

/* A footer does not name it any more. */
static void drop_entry(struct oracle *o, u32 life, u32 index, u64 now)
{
	u32 i;

	for (i = 0; i < o->nr_copies; i++) {
		struct copy *c = &o->copies[i];

		if (c->life != life || c->index != index)
			continue;
		c->gone = min(c->gone, now);
	}
	for (i = 0; i < o->nr_tombs; i++)
		if (o->tombs[i].life == life && o->tombs[i].index == index)
			o->tombs[i].gone = min(o->tombs[i].gone, now);
}

/* The footer was written before: it is in the image. */
static void take_closed(struct oracle *o, const struct image *m, u32 life,
			const struct kvt_log_head *h, const struct write *w)
{
	struct life *l = &o->lives[life];
	u32 i, nr = le32_to_cpu(h->nr), bytes = kvt_log_footer_bytes(&l->layout, nr);
	const u8 *footer = m->media[l->place.device] +
		o->source.first_segment[l->place.device] +
		(l->place.segment + 1) * o->source.segment_bytes - KVT_LOG_PAGE - bytes;

	must(nr <= l->layout.capacity && !kvt_log_check_footer(h, &l->layout, footer),
	     "a segment is closed at event %llu, and its footer is not there",
	     (unsigned long long)w->issued);
	for (i = 0; i < nr; i++) {
		const struct kvt_log_entry *e = kvt_log_entry(&l->layout, footer, i);

		if (le32_to_cpu(e->type) == KVT_LOG_NONE)
			drop_entry(o, life, i, w->issued);
		else if (!has_entry(o, life, i))
			take_entry(o, life, i, m, e, w);
	}
}

static void take_record(struct oracle *o, const struct image *m,
			const struct kvt_log_place *at, const struct kvt_log_head *h,
			const struct write *w)
{
	struct kvt_log_place place = *at;
	struct kvt_log_owner owner;
	u32 kind = le32_to_cpu(h->kind), life;

	place.generation = le64_to_cpu(h->generation);
	end_lives(o, at->device, at->segment,
		  kind == KVT_LOG_FREE ? 0 : place.generation, w->issued);
	if (kind == KVT_LOG_FREE)
		return;
	kvt_log_get_owner(h, &owner);
	life = take_life(o, &place, &owner);
	if (kind == KVT_LOG_SUMMARY)
		take_summary(o, m, life, h, w);
	else if (kind == KVT_LOG_CLOSED)
		take_closed(o, m, life, h, w);
}

/* ------------------------------------------------------------------- writes */

/* Where byte @pos of a device is. False: in no segment. */
static bool place_of(const struct oracle *o, u32 device, u64 pos, struct kvt_log_place *at)
{
	const struct log_source *s = &o->source;
	u64 first = s->first_segment[device];

	memset(at, 0, sizeof(*at));
	memcpy(at->set, s->set, sizeof(at->set));
	at->device = device;
	if (!o->is_open || pos < first)
		return false;
	at->segment = (pos - first) / s->segment_bytes;
	return at->segment < s->nr_segments[device];
}

static void take_pages(struct oracle *o, const struct image *m, const struct write *w)
{
	struct kvt_log_place at;
	u64 done;

	for (done = 0; done + KVT_LOG_PAGE <= w->bytes; done += KVT_LOG_PAGE) {
		u64 room = min(w->bytes - done, (u64)KVT_LOG_SUMMARY_MAX);
		const u8 *page = m->media[w->device] + w->pos + done;

		if (place_of(o, w->device, w->pos + done, &at) &&
		    !kvt_log_check(page, room, &at))
			take_record(o, m, &at, (const void *)page, w);
	}
}

/* What is discarded is not looked for any more. */
static void take_discard(struct oracle *o, const struct write *w)
{
	struct kvt_log_place at;
	u64 done;

	for (done = 0; done < w->bytes; done += KVT_LOG_PAGE)
		if (place_of(o, w->device, w->pos + done, &at))
			end_lives(o, at.device, at.segment, 0, w->issued);
}

/* A superblock: of the same set, or all that was before is gone. */
static void take_super(struct oracle *o, struct image *m, const struct write *w)
{
	struct log_source now;
	u32 i;

	if (source_open(&now, m))
		return;
	if (o->is_open && !memcmp(now.set, o->source.set, sizeof(now.set)))
		return;
	for (i = 0; i < o->nr_lives; i++)
		o->lives[i].ended = min(o->lives[i].ended, w->issued);
	o->source = now;
	o->is_open = true;
	o->formatted = w->durable;
}

static void take_write(struct oracle *o, struct image *m, const struct write *w)
{
	image_write(m, w->device, w->pos, w->data, w->bytes);
	if (w->flags & WRITE_DISCARD)
		take_discard(o, w);
	else
		take_pages(o, m, w);
	if (w->pos < KVT_LOG_SUPER_COPIES * KVT_LOG_SUPER_STEP)
		take_super(o, m, w);
}

/* --------------------------------------------------------------------- base */

static int take_base(void *arg, const struct log_segment *s, const void *table,
		     const u8 *fates)
{
	static const struct write before = { .issued = 0, .durable = 0 };
	struct oracle *o = arg;
	u32 life = take_life(o, &s->found.place, &s->found.owner), i;

	for (i = 0; i < s->nr; i++) {
		take_entry(o, life, i, o->source.arg,
			   kvt_log_entry(&s->found.layout, table, i), &before);
		if (fates[i] == LOG_DROPPED)
			o->copies[o->nr_copies - 1].gone = 0;
	}
	return 0;
}

static void learn_base(struct oracle *o, struct image *base)
{
	struct log_walk w;

	if (source_open(&o->source, base))
		return;
	o->is_open = true;
	o->formatted = 0;
	must(!log_walk_pages(&w, &o->source) && !log_walk_entries(&w, take_base, o),
	     "no memory");
	log_walk_free(&w);
}

/* ------------------------------------------------------------------- search */

static const struct oracle *sorting;

static int by_place(const void *a, const void *b)
{
	const struct copy *x = *(struct copy *const *)a, *y = *(struct copy *const *)b;
	const struct kvt_log_place *p = &sorting->lives[x->life].place;
	const struct kvt_log_place *q = &sorting->lives[y->life].place;

	if (p->device != q->device)
		return p->device < q->device ? -1 : 1;
	if (p->segment != q->segment)
		return p->segment < q->segment ? -1 : 1;
	if (p->generation != q->generation)
		return p->generation < q->generation ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int key_order(const struct copy *x, const struct copy *y)
{
	u32 p = sorting->lives[x->life].space, q = sorting->lives[y->life].space;

	return p != q ? (p < q ? -1 : 1) : memcmp(x->key, y->key, sizeof(x->key));
}

static int by_key(const void *a, const void *b)
{
	const struct copy *x = *(struct copy *const *)a, *y = *(struct copy *const *)b;
	u64 p = sorting->lives[x->life].place.generation;
	u64 q = sorting->lives[y->life].place.generation;
	int order = key_order(x, y);

	if (order)
		return order;
	if (p != q)
		return p > q ? -1 : 1;
	return x->index > y->index ? -1 : x->index < y->index;
}

bool oracle_same_key(const struct oracle *o, const struct copy *a, const struct copy *b)
{
	sorting = o;
	return !key_order(a, b);
}

struct copy *oracle_copy(const struct oracle *o, const struct kvt_log_place *at, u32 index)
{
	struct life *l = find_life(o, at);
	struct copy key = { .life = l ? l - o->lives : 0, .index = index }, *want = &key;
	struct copy **found;

	if (!l)
		return NULL;
	sorting = o;
	found = bsearch(&want, o->by_place, o->nr_copies, sizeof(want), by_place);
	return found ? *found : NULL;
}

static struct copy **sort(const struct oracle *o, int (*cmp)(const void *, const void *))
{
	struct copy **all = calloc(o->nr_copies + 1, sizeof(struct copy *));
	u32 i;

	must(all, "no memory");
	for (i = 0; i < o->nr_copies; i++)
		all[i] = &o->copies[i];
	sorting = o;
	qsort(all, o->nr_copies, sizeof(struct copy *), cmp);
	return all;
}

void oracle_make(struct oracle *o, struct image *base, const struct trace *t)
{
	size_t i;

	memset(o, 0, sizeof(*o));
	o->formatted = NEVER;
	learn_base(o, base);
	for (i = 0; i < t->nr; i++)
		take_write(o, base, &t->writes[i]);
	o->by_key = sort(o, by_key);
	o->by_place = sort(o, by_place);
}

void oracle_free(struct oracle *o)
{
	free(o->lives);
	free(o->copies);
	free(o->tombs);
	free(o->spaces);
	free(o->by_key);
	free(o->by_place);
	memset(o, 0, sizeof(*o));
}
