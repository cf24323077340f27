// SPDX-License-Identifier: GPL-2.0
#include "model.h"
#include "must.h"
#include "source.h"

#define MOST_GROUPS	3	/* under way in one stream */
#define STREAMS		2	/* classes of a space */
#define KEYS		300	/* that a space uses */
#define NONE		(~(size_t)0)

struct stream;

/* A block's entry in a segment; only what the model needs to know of it. */
struct entry {
	struct kvt_log_entry *media;	/* as in the footer */
	bool is_live;
	bool is_dropped;	/* needs a tomb */
	bool is_buried;		/* has one, or it is on its way */
};

struct segment {
	struct kvt_log_place place;
	struct kvt_log_owner owner;
	u32 space;
	u32 nr;			/* entries */
	u32 pos;		/* where the next group goes */
	struct entry *entries;
	enum kvt_log_kind state;
	struct stream *stream;	/* that writes it; NULL: full, or recovered */
	u32 nr_groups;		/* under way */
	u32 nr_durable;		/* entries */
	bool is_leaving;	/* is being freed */
	size_t pages[2];	/* header and state, while they are written */
	size_t footer;
	size_t closing;
	size_t freeing;
};

struct group {
	struct segment *seg;
	u32 pos;
	u32 first;
	u32 nr;
	struct kvt_log_head *record;
	size_t *data;
	u32 nr_data;
	size_t summary;
};

struct stream {
	struct segment *seg;
	struct group groups[MOST_GROUPS];	/* in order */
	u32 nr_groups;
};

struct space {
	struct kvt_log_owner owner;
	struct kvt_log_layout layout;
	struct stream streams[STREAMS];
};

struct model {
	const struct model_plan *plan;
	struct log_source source;
	struct trace *trace;
	struct rng *rng;
	struct space spaces[3];
	struct segment *segments;
	u32 nr_segments;
	u64 generation;
	size_t *under_way;	/* writes */
	u32 nr_under_way;
	u32 room_under_way;
	u8 *buffer;
};

/* ----------------------------------------------------------------------- I/O */

static u64 start_of(const struct model *m, const struct segment *s)
{
	return m->source.first_segment[s->place.device] +
	       s->place.segment * m->source.segment_bytes;
}

static size_t submit(struct model *m, const struct segment *s, u32 pos, const void *data,
		     u32 bytes, u32 flags)
{
	size_t w = trace_issue(m->trace, s->place.device, start_of(m, s) + pos, data,
			       bytes, flags);

	if (m->nr_under_way == m->room_under_way) {
		m->room_under_way = 2 * m->room_under_way + 64;
		m->under_way = realloc(m->under_way,
				       m->room_under_way * sizeof(*m->under_way));
		must(m->under_way, "no memory");
	}
	m->under_way[m->nr_under_way++] = w;
	return w;
}

static bool is_done(const struct model *m, size_t w)
{
	return w == NONE || m->trace->writes[w].completed != NEVER;
}

static void complete_one(struct model *m)
{
	u32 i;

	if (!m->nr_under_way)
		return;
	i = rng_below(m->rng, m->nr_under_way);
	trace_complete(m->trace, m->under_way[i]);
	m->under_way[i] = m->under_way[--m->nr_under_way];
}

static void wait_for(struct model *m, size_t w)
{
	while (!is_done(m, w))
		complete_one(m);
}

static size_t write_page(struct model *m, struct segment *s, enum kvt_log_kind kind,
			 u32 pos, u32 nr, u32 footer_crc, u32 flags)
{
	u64 page[KVT_LOG_PAGE / sizeof(u64)];
	struct kvt_log_head *h = (void *)page;

	kvt_log_make(h, kind, KVT_LOG_PAGE, &s->place,
		     kind == KVT_LOG_FREE ? NULL : &s->owner);
	h->nr = cpu_to_le32(nr);
	h->footer_crc = cpu_to_le32(footer_crc);
	kvt_log_seal(h);
	return submit(m, s, pos, page, KVT_LOG_PAGE, flags);
}

static u32 state_pos(const struct model *m)
{
	return m->source.segment_bytes - KVT_LOG_PAGE;
}

/* ------------------------------------------------------------------ segments */

static void forget_entries(struct segment *s)
{
	u32 i;

	for (i = 0; i < s->nr; i++)
		free(s->entries[i].media);
	free(s->entries);
	s->entries = NULL;
	s->nr = 0;
	s->nr_durable = 0;
}

static struct segment *free_segment(struct model *m)
{
	u32 i, from = rng_below(m->rng, m->nr_segments);

	for (i = 0; i < m->nr_segments; i++) {
		struct segment *s = &m->segments[(from + i) % m->nr_segments];

		if (s->state == KVT_LOG_FREE && !s->is_leaving)
			return s;
	}
	return NULL;
}

static bool open_segment(struct model *m, u32 space, u32 class_id)
{
	struct space *sp = &m->spaces[space];
	struct stream *st = &sp->streams[class_id];
	struct segment *s = free_segment(m);

	if (!s)
		return false;
	s->place.generation = m->generation++;
	s->owner = sp->owner;
	s->owner.class_id = class_id;
	s->space = space;
	s->pos = KVT_LOG_PAGE;
	s->nr = 0;
	s->nr_durable = 0;
	s->entries = calloc(sp->layout.capacity, sizeof(*s->entries));
	must(s->entries, "no memory");
	s->state = KVT_LOG_OPEN;
	s->stream = st;
	s->pages[0] = write_page(m, s, KVT_LOG_HEADER, 0, 0, 0, 0);
	s->pages[1] = write_page(m, s, KVT_LOG_OPEN, state_pos(m), 0, 0, 0);
	s->footer = NONE;
	s->closing = NONE;
	st->seg = s;
	return true;
}

static void write_footer(struct model *m, struct segment *s)
{
	const struct kvt_log_layout *l = &m->spaces[s->space].layout;
	u32 bytes = kvt_log_footer_bytes(l, s->nr), i;

	memset(m->buffer, 0, bytes);
	for (i = 0; i < s->nr; i++)
		if (s->entries[i].is_live ||
		    le32_to_cpu(s->entries[i].media->type) == KVT_LOG_TOMB)
			memcpy(kvt_log_entry(l, m->buffer, i), s->entries[i].media,
			       l->entry_size);
	if (bytes)
		s->footer = submit(m, s, state_pos(m) - bytes, m->buffer, bytes, 0);
	wait_for(m, s->footer);
	s->closing = write_page(m, s, KVT_LOG_CLOSED, state_pos(m), s->nr,
				crc32c(~0U, m->buffer, bytes), WRITE_FLUSH | WRITE_FUA);
}

static void close_segment(struct model *m, struct segment *s)
{
	if (s->state != KVT_LOG_OPEN)
		return;
	s->state = KVT_LOG_CLOSED;
	wait_for(m, s->pages[0]);
	wait_for(m, s->pages[1]);
	write_footer(m, s);
	wait_for(m, s->closing);
}

/* -------------------------------------------------------------------- groups */

static struct segment *newest_open(struct model *m, u32 space, struct stream **stream)
{
	struct segment *best = NULL;
	u32 i;

	for (i = 0; i < STREAMS; i++) {
		struct stream *st = &m->spaces[space].streams[i];

		if (st->seg && (!best || st->seg->place.generation > best->place.generation)) {
			best = st->seg;
			*stream = st;
		}
	}
	return best;
}

static struct kvt_log_entry *new_entry(struct segment *s, const struct kvt_log_layout *l)
{
	struct entry *e = &s->entries[s->nr++];

	*e = (struct entry){ .media = calloc(1, l->entry_size) };
	must(e->media, "no memory");
	return e->media;
}

/* An entry that has been dropped and can be buried in @in. */
static bool next_to_bury(struct model *m, u32 space, const struct segment *in,
			 struct segment **seg, u32 *index)
{
	u32 i, k;

	for (i = 0; i < m->nr_segments; i++) {
		struct segment *s = &m->segments[i];

		if (s->state == KVT_LOG_FREE || s->space != space ||
		    s->place.generation > in->place.generation)
			continue;
		for (k = 0; k < s->nr; k++)
			if (s->entries[k].is_dropped && !s->entries[k].is_buried) {
				*seg = s;
				*index = k;
				return true;
			}
	}
	return false;
}

static void add_tombs(struct model *m, struct group *g, u32 space, u32 most)
{
	const struct kvt_log_layout *l = &m->spaces[space].layout;
	struct segment *s;
	u32 index;

	while (g->nr < most && g->seg->nr < l->capacity &&
	       next_to_bury(m, space, g->seg, &s, &index)) {
		struct kvt_log_entry *e = new_entry(g->seg, l);

		e->type = cpu_to_le32(KVT_LOG_TOMB);
		e->generation = cpu_to_le64(s->place.generation);
		e->device = cpu_to_le32(s->place.device);
		e->segment = cpu_to_le32(s->place.segment);
		e->index = cpu_to_le32(index);
		s->entries[index].is_buried = true;
		g->nr++;
	}
}

static void fill_block(struct model *m, const struct kvt_log_layout *l,
		       struct kvt_log_entry *e, u32 key)
{
	u64 *word = (u64 *)m->buffer;
	u32 i;

	for (i = 0; i < l->block_size / sizeof(*word); i++)
		word[i] = rng_next(m->rng);
	e->type = cpu_to_le32(KVT_LOG_BLOCK);
	memcpy(e->key, &key, sizeof(key));
	e->key[31] = 1;
	for (i = 0; i < l->crcs; i++)
		e->crc[i] = cpu_to_le32(crc32c(~0U, m->buffer + (size_t)i * KVT_LOG_CRC_SPAN,
					       kvt_log_crc_bytes(l, i)));
}

/* Its bytes are not like those of any other copy. */
static void add_block(struct model *m, struct group *g, u32 space, u32 key)
{
	const struct kvt_log_layout *l = &m->spaces[space].layout;
	struct kvt_log_entry *e = new_entry(g->seg, l);

	fill_block(m, l, e, key);
	e->offset = cpu_to_le32(g->seg->pos / KVT_LOG_PAGE);
	g->seg->entries[g->seg->nr - 1].is_live = true;
	g->data[g->nr_data++] = submit(m, g->seg, g->seg->pos, m->buffer, l->block_size, 0);
	g->seg->pos += l->block_size;
	g->nr++;
}

/* What is there of @key is to be hidden. */
static void drop_key(struct model *m, u32 space, u32 key)
{
	u32 i, k;

	for (i = 0; i < m->nr_segments; i++) {
		struct segment *s = &m->segments[i];

		for (k = 0; s->state != KVT_LOG_FREE && s->space == space && k < s->nr; k++) {
			struct entry *e = &s->entries[k];

			if (!e->is_live || memcmp(e->media->key, &key, sizeof(key)))
				continue;
			e->is_live = false;
			e->is_dropped = true;
		}
	}
}

static bool block_fits(const struct kvt_log_layout *l, const struct segment *s)
{
	return s->nr < l->capacity && s->pos + l->block_size <= l->data_end;
}

static void seal_group(struct group *g, const struct kvt_log_layout *l)
{
	u32 i;

	g->record = calloc(1, l->summary_bytes);
	must(g->record, "no memory");
	kvt_log_make(g->record, KVT_LOG_SUMMARY, l->summary_bytes, &g->seg->place,
		     &g->seg->owner);
	g->record->nr = cpu_to_le32(g->nr);
	g->record->first = cpu_to_le32(g->first);
	for (i = 0; i < g->nr; i++)
		memcpy(kvt_log_entry(l, g->record + 1, i),
		       g->seg->entries[g->first + i].media, l->entry_size);
}

/* A stream's next group of up to @blocks new blocks, and tombs. @only: one key, or NULL. */
static void add_group(struct model *m, u32 space, struct stream *st, u32 blocks,
		      const u32 *only)
{
	const struct kvt_log_layout *l = &m->spaces[space].layout;
	struct segment *s = st->seg;
	struct group *g = &st->groups[st->nr_groups];
	struct stream *newest = NULL;

	*g = (struct group){ .seg = s, .pos = s->pos, .first = s->nr, .summary = NONE };
	g->data = calloc(l->group, sizeof(*g->data));
	must(g->data, "no memory");
	s->pos += l->summary_bytes;
	if (newest_open(m, space, &newest) == s)
		add_tombs(m, g, space, blocks ? l->group / 2 : l->group);
	for (; blocks && g->nr < l->group && block_fits(l, s); blocks--) {
		u32 key = only ? *only : rng_below(m->rng, KEYS);

		drop_key(m, space, key);
		add_block(m, g, space, key);
	}
	if (!g->nr) {
		s->pos = g->pos;
		free(g->data);
		return;
	}
	seal_group(g, l);
	st->nr_groups++;
	s->nr_groups++;
}

/* ------------------------------------------------------------------- progress */

static void end_group(struct stream *st)
{
	free(st->groups[0].record);
	free(st->groups[0].data);
	st->groups[0].seg->nr_durable = st->groups[0].first + st->groups[0].nr;
	st->groups[0].seg->nr_groups--;
	st->nr_groups--;
	memmove(&st->groups[0], &st->groups[1], st->nr_groups * sizeof(st->groups[0]));
}

static bool data_done(const struct model *m, const struct group *g)
{
	u32 i;

	if (m->plan->fault == MODEL_EARLY)
		return true;
	for (i = 0; i < g->nr_data; i++)
		if (!is_done(m, g->data[i]))
			return false;
	return is_done(m, g->seg->pages[0]) && is_done(m, g->seg->pages[1]);
}

static bool is_ready(const struct model *m, const struct group *g)
{
	return g->summary == NONE && data_done(m, g);
}

static void submit_summary(struct model *m, struct group *g, bool flush)
{
	if (m->plan->fault == MODEL_NO_FLUSH)
		flush = false;
	g->record->durable = cpu_to_le32(g->seg->nr_durable);
	kvt_log_seal(g->record);
	g->summary = submit(m, g->seg, g->pos, g->record,
			    le32_to_cpu(g->record->bytes),
			    (flush ? WRITE_FLUSH : 0) | WRITE_FUA);
}

/* Those that are ready go out together, in order, with one flush before the first. */
static void submit_summaries(struct model *m, struct stream *st)
{
	u32 i, first = 0, end;

	while (first < st->nr_groups && st->groups[first].summary != NONE)
		first++;
	for (end = first; end < st->nr_groups; end++)
		if (!is_ready(m, &st->groups[end]))
			break;
	for (i = first; i < end; i++)
		submit_summary(m, &st->groups[i],
			       i == (m->plan->fault == MODEL_LATE_FLUSH ? end - 1 : first));
}

/* The first group of a stream goes on, if it can. */
static void advance(struct model *m, struct stream *st)
{
	struct group *g = &st->groups[0];

	if (!st->nr_groups)
		return;
	submit_summaries(m, st);
	if (g->summary != NONE && is_done(m, g->summary))
		end_group(st);
}

static void advance_all(struct model *m)
{
	u32 i, k;

	for (i = 0; i < m->plan->nr_spaces; i++)
		for (k = 0; k < STREAMS; k++)
			advance(m, &m->spaces[i].streams[k]);
}

static void drain(struct model *m, struct stream *st)
{
	while (st->nr_groups) {
		advance(m, st);
		if (st->nr_groups)
			complete_one(m);
	}
}

static void close_stream(struct model *m, struct stream *st)
{
	struct segment *s = st->seg;

	drain(m, st);
	st->seg = NULL;
	s->stream = NULL;
	close_segment(m, s);
}

/* -------------------------------------------------------------------- actions */

static bool has_room(const struct kvt_log_layout *l, const struct segment *s)
{
	return s->nr < l->capacity &&
	       s->pos + l->summary_bytes + l->block_size <= l->data_end;
}

static struct stream *ready_stream(struct model *m, u32 space)
{
	u32 class_id = rng_below(m->rng, STREAMS);
	struct stream *st = &m->spaces[space].streams[class_id];

	if (st->seg && !has_room(&m->spaces[space].layout, st->seg))
		close_stream(m, st);
	if (!st->seg && !open_segment(m, space, class_id))
		return NULL;
	while (st->nr_groups == MOST_GROUPS) {
		advance(m, st);
		complete_one(m);
	}
	return st;
}

static void act_store(struct model *m, u32 space)
{
	struct stream *st = ready_stream(m, space);

	if (st)
		add_group(m, space, st, rng_between(m->rng, 1, rng_one_in(m->rng, 4) ? 40 : 6),
			  NULL);
}

static void act_drop(struct model *m, u32 space)
{
	u32 n = rng_between(m->rng, 1, 5);

	while (n--)
		drop_key(m, space, rng_below(m->rng, KEYS));
}

/* Tombs alone; they need no room for a block. */
static void act_bury(struct model *m, u32 space)
{
	const struct kvt_log_layout *l = &m->spaces[space].layout;
	struct stream *st = NULL;
	struct segment *s = newest_open(m, space, &st);

	if (s && st->nr_groups < MOST_GROUPS && s->nr < l->capacity &&
	    s->pos + l->summary_bytes <= l->data_end)
		add_group(m, space, st, 0, NULL);
}

static struct segment *oldest(struct model *m, u32 space)
{
	struct segment *best = NULL;
	u32 i;

	for (i = 0; i < m->nr_segments; i++) {
		struct segment *s = &m->segments[i];

		if (s->state != KVT_LOG_FREE && s->space == space &&
		    (!best || s->place.generation < best->place.generation))
			best = s;
	}
	return best;
}

/* Store a live block of @s again elsewhere. */
static void carry_entry(struct model *m, u32 space, struct segment *s, u32 index)
{
	struct stream *st = ready_stream(m, space);
	u32 key;

	if (!st || st->seg == s)
		return;
	memcpy(&key, s->entries[index].media->key, sizeof(key));
	s->entries[index].is_live = false;
	if (!has_room(&m->spaces[space].layout, st->seg))
		return;
	add_group(m, space, st, 1, &key);
	drain(m, st);
}

static void carry_over(struct model *m, u32 space, struct segment *s)
{
	u32 i;

	for (i = 0; i < s->nr; i++)
		if (s->entries[i].is_live && rng_one_in(m->rng, 8))
			carry_entry(m, space, s, i);
}

static void act_reclaim(struct model *m, u32 space)
{
	struct segment *s = oldest(m, space);

	if (!s || free_segment(m))
		return;
	if (s->stream)
		close_stream(m, s->stream);
	if (rng_one_in(m->rng, 2))
		carry_over(m, space, s);
	s->is_leaving = true;
	forget_entries(s);
	s->freeing = write_page(m, s, KVT_LOG_FREE, state_pos(m), 0, 0, WRITE_FUA);
	if (m->plan->fault != MODEL_REUSE)
		wait_for(m, s->freeing);
	if (m->plan->fault != MODEL_REUSE && rng_one_in(m->rng, 2))
		wait_for(m, submit(m, s, 0, NULL, state_pos(m), WRITE_DISCARD));
	s->state = KVT_LOG_FREE;
	s->is_leaving = false;
}

static void act(struct model *m)
{
	u32 space = rng_below(m->rng, m->plan->nr_spaces);
	u32 what = rng_below(m->rng, 100);

	advance_all(m);
	if (what < 40)
		complete_one(m);
	else if (what < 70)
		act_store(m, space);
	else if (what < 80)
		act_drop(m, space);
	else if (what < 88)
		act_bury(m, space);
	else
		act_reclaim(m, space);
}

/* --------------------------------------------------------------------- attach */

static int take_found(void *arg, const struct log_segment *found, const void *table,
		      const u8 *fates)
{
	const struct kvt_log_found *f = &found->found;
	struct model *m = arg;
	struct segment *s = &m->segments[f->place.device * m->plan->nr_segments +
					 f->place.segment];
	u32 i;

	for (i = 0; i < m->plan->nr_spaces; i++)
		if (!memcmp(m->spaces[i].owner.name, f->owner.name, 32))
			s->space = i;
	s->place = f->place;
	s->owner = f->owner;
	s->state = f->kind;
	s->entries = calloc(f->layout.capacity, sizeof(*s->entries));
	must(s->entries, "no memory");
	for (i = 0; i < found->nr; i++) {
		memcpy(new_entry(s, &f->layout), kvt_log_entry(&f->layout, table, i),
		       f->layout.entry_size);
		s->entries[i].is_live = fates[i] == LOG_LIVE;
		s->entries[i].is_dropped = fates[i] == LOG_OLDER;
	}
	return 0;
}

/* What was open may be left so for ever, or be closed. */
static void close_found(struct model *m)
{
	u32 i;

	for (i = 0; i < m->nr_segments; i++)
		if (m->segments[i].state == KVT_LOG_OPEN && rng_one_in(m->rng, 2))
			close_segment(m, &m->segments[i]);
}

static void attach(struct model *m)
{
	struct log_walk w;
	size_t i;

	must(!log_walk_pages(&w, &m->source), "no memory");
	for (i = 0; i < w.nr; i++) {
		struct segment *s = &m->segments[i];

		s->place = w.segments[i].found.place;
		s->state = KVT_LOG_FREE;
		s->pages[0] = NONE;
		s->pages[1] = NONE;
		s->footer = NONE;
		m->generation = max(m->generation, s->place.generation);
	}
	m->generation += 1 << 20;
	must(!log_walk_entries(&w, take_found, m), "no memory");
	log_walk_free(&w);
	close_found(m);
}

static void init_spaces(struct model *m)
{
	u32 i;

	for (i = 0; i < m->plan->nr_spaces; i++) {
		struct space *sp = &m->spaces[i];

		memset(sp->owner.name, 0, sizeof(sp->owner.name));
		sp->owner.name[0] = 'a' + i;
		sp->owner.block_size = m->plan->block_size[i];
		must(!kvt_log_layout(&sp->layout, m->source.segment_bytes,
				     sp->owner.block_size), "a block size that does not fit");
	}
}

static void free_model(struct model *m)
{
	u32 i, k;

	for (i = 0; i < m->plan->nr_spaces; i++)
		for (k = 0; k < STREAMS; k++)
			while (m->spaces[i].streams[k].nr_groups)
				end_group(&m->spaces[i].streams[k]);
	for (i = 0; i < m->nr_segments; i++)
		forget_entries(&m->segments[i]);
	free(m->segments);
	free(m->under_way);
	free(m->buffer);
}

void model_run(const struct model_plan *p, struct image *image, struct trace *t,
	       u32 steps, struct rng *rng)
{
	struct model m = { .plan = p, .trace = t, .rng = rng };

	t->own_data = true;
	must(!source_open(&m.source, image), "the model's image has no good superblock");
	m.nr_segments = p->nr_devices * p->nr_segments;
	m.segments = calloc(m.nr_segments, sizeof(*m.segments));
	m.buffer = malloc(p->segment_bytes);
	must(m.segments && m.buffer, "no memory");
	init_spaces(&m);
	attach(&m);
	while (steps--)
		act(&m);
	free_model(&m);
}

/* --------------------------------------------------------------------- format */

void model_plan(struct model_plan *p, struct rng *rng)
{
	static const u32 sizes[] = { 4096, 8192, 12288, 65536, 69632, 131072, 262144 };
	u32 i;

	p->segment_bytes = rng_one_in(rng, 3) ? 2 << 20 : 1 << 20;
	p->nr_devices = rng_between(rng, 1, 3);
	p->nr_segments = rng_between(rng, 4, 9);
	p->nr_spaces = rng_between(rng, 1, 2);
	for (i = 0; i < 3; i++)
		p->block_size[i] = sizes[rng_below(rng, 7)];
}

static void format_device(const struct model_plan *p, struct image *m, u32 i, const u8 *set)
{
	u64 first = KVT_LOG_SUPER_COPIES * KVT_LOG_SUPER_STEP;
	struct kvt_log_super s = {
		.magic = cpu_to_le64(KVT_LOG_SUPER_MAGIC),
		.version = cpu_to_le32(KVT_LOG_VERSION),
		.sequence = cpu_to_le64(1),
		.nr_devices = cpu_to_le32(p->nr_devices),
		.index = cpu_to_le32(i),
		.nr_segments = cpu_to_le32(p->nr_segments),
		.segment_bytes = cpu_to_le64(p->segment_bytes),
		.first_segment = cpu_to_le64(first),
	};

	memcpy(s.set, set, sizeof(s.set));
	kvt_log_seal_super(&s);
	image_add(m, first + p->nr_segments * p->segment_bytes);
	image_write(m, i, 0, &s, sizeof(s));
	image_write(m, i, KVT_LOG_SUPER_STEP, &s, sizeof(s));
}

void model_format(const struct model_plan *p, struct image *m, struct rng *rng)
{
	u64 set[2] = { rng_next(rng), rng_next(rng) };
	u32 i;

	for (i = 0; i < p->nr_devices; i++)
		format_device(p, m, i, (const u8 *)set);
}
