// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "log_walk.h"

/* One segment being read; the scan's callbacks get it. */
struct reader {
	struct kvt_log_scan scan;
	const struct log_source *source;
	const struct kvt_log_place *place;
	const struct kvt_log_layout *layout;
	void *table;
	u64 buffer[KVT_LOG_SUMMARY_MAX / sizeof(u64)];
};

int log_walk_read(const struct log_source *source, const struct kvt_log_place *place,
		  u32 pos, u32 bytes, void *to)
{
	u64 start = source->first_segment[place->device] +
		    place->segment * source->segment_bytes;

	return source->read(source->arg, place->device, start + pos, bytes, to);
}

static int read_some(void *arg, u32 pos, u32 bytes, void *to)
{
	struct reader *r = arg;

	return log_walk_read(r->source, r->place, pos, bytes, to);
}

static int keep_entry(void *arg, u32 index, const struct kvt_log_entry *e)
{
	struct reader *r = arg;

	memcpy(kvt_log_entry(r->layout, r->table, index), e, r->layout->entry_size);
	return 0;
}

static void reader_init(struct reader *r, const struct log_source *source,
			const struct kvt_log_place *place)
{
	memset(r, 0, sizeof(*r));
	r->source = source;
	r->place = place;
	r->scan.read = read_some;
	r->scan.entry = keep_entry;
	r->scan.arg = r;
	r->scan.buffer = r->buffer;
}

/* -------------------------------------------------------------------- pages */

static bool same_space(const struct kvt_log_owner *a, const struct kvt_log_owner *b)
{
	return !memcmp(a->name, b->name, sizeof(a->name)) &&
	       !memcmp(a->identity, b->identity, sizeof(a->identity)) &&
	       a->block_size == b->block_size;
}

static int find_space(struct log_walk *w, const struct kvt_log_owner *owner, u32 *space)
{
	struct kvt_log_owner *more;

	for (*space = 0; *space < w->nr_spaces; (*space)++)
		if (same_space(&w->spaces[*space], owner))
			return 0;
	more = realloc(w->spaces, (w->nr_spaces + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	w->spaces = more;
	more[w->nr_spaces++] = *owner;
	return 0;
}

static int take_pages(struct log_walk *w, u32 device, u32 number, struct log_segment *s)
{
	struct kvt_log_place place = { .device = device, .segment = number };
	struct reader r;

	memcpy(place.set, w->source->set, sizeof(place.set));
	reader_init(&r, w->source, &place);
	s->error = kvt_log_scan_pages(&s->found, &r.scan, &place, w->source->segment_bytes);
	if (s->found.kind == KVT_LOG_FREE)
		return 0;
	return find_space(w, &s->found.owner, &s->space);
}

int log_walk_pages(struct log_walk *w, const struct log_source *source)
{
	struct log_segment *s;
	size_t total = 0;
	u32 d, i;

	memset(w, 0, sizeof(*w));
	w->source = source;
	for (d = 0; d < KVT_LOG_MAX_DEVICES; d++)
		total += source->nr_segments[d];
	w->segments = calloc(total ? total : 1, sizeof(*s));
	if (!w->segments)
		return -ENOMEM;
	for (d = 0; d < KVT_LOG_MAX_DEVICES; d++)
		for (i = 0; i < source->nr_segments[d]; i++)
			if (take_pages(w, d, i, &w->segments[w->nr++]))
				return -ENOMEM;
	return 0;
}

/* ------------------------------------------------------------------ entries */

u32 log_walk_summaries(const struct log_source *source, const struct kvt_log_found *f,
		       void *table, int *why, u32 *end)
{
	struct reader r;

	reader_init(&r, source, &f->place);
	r.layout = &f->layout;
	r.table = table;
	kvt_log_scan_open(f, &r.scan);
	*why = r.scan.why;
	*end = r.scan.end;
	return r.scan.nr;
}

static int read_footer(const struct log_source *source, const struct kvt_log_found *f,
		       void *table)
{
	int err = 0;

	if (f->footer_bytes)
		err = log_walk_read(source, &f->place, f->footer, f->footer_bytes, table);
	return err ? err : kvt_log_scan_footer(f, table);
}

static void read_entries(const struct log_walk *w, struct log_segment *s, void *table)
{
	const struct kvt_log_found *f = &s->found;

	if (f->kind == KVT_LOG_CLOSED) {
		s->nr = f->nr;
		s->footer_error = read_footer(w->source, f, table);
		if (!s->footer_error)
			return;
	}
	s->nr = log_walk_summaries(w->source, f, table, &s->why, &s->end);
}

static int take_entries(const struct log_walk *w, struct log_live *live,
			struct log_segment *s, log_visit_fn visit, void *arg)
{
	const struct kvt_log_layout *l = &s->found.layout;
	void *table = malloc(kvt_log_footer_bytes(l, l->capacity));
	u8 *fates = malloc(l->capacity);
	int err = -ENOMEM;
	u32 i;

	if (table && fates) {
		read_entries(w, s, table);
		err = log_live_segment(live, s->space, &s->found, table, s->nr, fates);
	}
	for (i = 0; !err && i < s->nr; i++)
		s->fates[fates[i]]++;
	if (!err && visit)
		err = visit(arg, s, table, fates);
	free(table);
	free(fates);
	return err;
}

/* Newest first. Two of one generation are somebody's fake: any order. */
static int by_age(const void *a, const void *b)
{
	const struct log_segment *const *x = a, *const *y = b;
	u64 gx = (*x)->found.place.generation, gy = (*y)->found.place.generation;

	return gx < gy ? 1 : gx > gy ? -1 : *x < *y ? -1 : 1;
}

static struct log_segment **sort_used(const struct log_walk *w, size_t *nr)
{
	struct log_segment **order = calloc(w->nr + 1, sizeof(struct log_segment *));
	size_t i;

	*nr = 0;
	if (!order)
		return NULL;
	for (i = 0; i < w->nr; i++)
		if (w->segments[i].found.kind != KVT_LOG_FREE)
			order[(*nr)++] = &w->segments[i];
	qsort(order, *nr, sizeof(struct log_segment *), by_age);
	return order;
}

int log_walk_entries(struct log_walk *w, log_visit_fn visit, void *arg)
{
	struct log_live *live = log_live_new();
	size_t nr, i;
	struct log_segment **order = sort_used(w, &nr);
	int err = live && order ? 0 : -ENOMEM;

	for (i = 0; !err && i < nr; i++)
		err = take_entries(w, live, order[i], visit, arg);
	free(order);
	log_live_free(live);
	return err;
}

void log_walk_free(struct log_walk *w)
{
	free(w->segments);
	free(w->spaces);
}
