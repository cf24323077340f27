// SPDX-License-Identifier: GPL-2.0
#include "made.h"

struct kvt_log_head *made_head(struct made *m)
{
	return (void *)m->bytes;
}

struct kvt_log_head *made_page(struct made *m)
{
	return (void *)(m->bytes + m->layout.segment_bytes - KVT_LOG_PAGE);
}

struct kvt_log_head *made_summary(struct made *m, u32 group)
{
	return (void *)(m->bytes + m->pos[group]);
}

struct kvt_log_place made_any(const struct made *m)
{
	struct kvt_log_place any = m->place;

	any.generation = 0;
	return any;
}

void made_state(struct made *m, enum kvt_log_kind kind, u32 nr, u32 footer_crc)
{
	struct kvt_log_head *h = made_page(m);

	kvt_log_make(h, kind, KVT_LOG_PAGE, &m->place,
		     kind == KVT_LOG_FREE ? NULL : &m->owner);
	h->nr = cpu_to_le32(nr);
	h->footer_crc = cpu_to_le32(footer_crc);
	kvt_log_seal(h);
}

static void make_tomb(struct made *m, struct kvt_log_entry *e, struct rng *rng)
{
	e->type = cpu_to_le32(KVT_LOG_TOMB);
	e->generation = cpu_to_le64(1 + rng_next(rng) % m->place.generation);
	e->device = cpu_to_le32(rng_below(rng, KVT_LOG_MAX_DEVICES));
	e->segment = cpu_to_le32(rng_below(rng, KVT_LOG_MAX_SEGMENTS));
	e->index = cpu_to_le32(rng_next(rng));
}

/* Some bytes of the block are enough: nothing here reads them all. */
static void make_block(struct made *m, struct kvt_log_entry *e, u32 pos, struct rng *rng)
{
	u32 i;

	for (i = 0; i < 32; i++) {
		e->key[i] = rng_next(rng) | 1;
		e->parent[i] = rng_next(rng);
	}
	e->used = cpu_to_le64(rng_next(rng));
	e->type = cpu_to_le32(KVT_LOG_BLOCK);
	e->offset = cpu_to_le32(pos / KVT_LOG_PAGE);
	for (i = 0; i < m->layout.crcs; i++)
		e->crc[i] = cpu_to_le32(rng_next(rng));
	memcpy(m->bytes + pos, e->key, sizeof(e->key));
}

/* False: not even one entry more fits. */
static bool make_group(struct made *m, u32 most, u32 tombs, struct rng *rng)
{
	const struct kvt_log_layout *l = &m->layout;
	u32 pos = m->end, at = pos + l->summary_bytes, nr = 0;
	struct kvt_log_head *h = (void *)(m->bytes + pos);

	if (at + l->block_size > l->data_end || m->nr == l->capacity)
		return false;
	kvt_log_make(h, KVT_LOG_SUMMARY, l->summary_bytes, &m->place, &m->owner);
	while (nr < most && m->nr + nr < l->capacity && at + l->block_size <= l->data_end) {
		struct kvt_log_entry *e = kvt_log_entry(l, h + 1, nr++);

		if (tombs && rng_one_in(rng, tombs)) {
			make_tomb(m, e, rng);
		} else {
			make_block(m, e, at, rng);
			at += l->block_size;
		}
	}
	h->first = cpu_to_le32(m->nr);
	h->durable = h->first;
	h->nr = cpu_to_le32(nr);
	kvt_log_seal(h);
	m->pos[m->nr_groups] = pos;
	m->first[m->nr_groups++] = m->nr;
	m->nr += nr;
	m->end = at;
	return true;
}

void made_new(struct made *m, u64 segment_bytes, u32 block_size, u32 groups, u32 tombs,
	      struct rng *rng)
{
	memset(m, 0, sizeof(*m));
	must(!kvt_log_layout(&m->layout, segment_bytes, block_size));
	m->bytes = calloc(1, segment_bytes);
	m->pos = calloc(m->layout.capacity + 1, sizeof(u32));
	m->first = calloc(m->layout.capacity + 1, sizeof(u32));
	must(m->bytes && m->pos && m->first);
	memset(m->place.set, 0x5e, sizeof(m->place.set));
	m->place.device = rng_below(rng, KVT_LOG_MAX_DEVICES);
	m->place.segment = rng_below(rng, KVT_LOG_MAX_SEGMENTS);
	m->place.generation = 1 + rng_next(rng) % 1000000;
	strcpy((char *)m->owner.name, "chat");
	memset(m->owner.identity, 0x1d, sizeof(m->owner.identity));
	m->owner.block_size = block_size;
	m->owner.class_id = rng_below(rng, 16);
	kvt_log_make(made_head(m), KVT_LOG_HEADER, KVT_LOG_PAGE, &m->place, &m->owner);
	kvt_log_seal(made_head(m));
	made_state(m, KVT_LOG_OPEN, 0, 0);
	m->end = KVT_LOG_PAGE;
	while (m->nr_groups < groups &&
	       make_group(m, rng_between(rng, 1, m->layout.group), tombs, rng))
		;
	m->first[m->nr_groups] = m->nr;
}

void made_free(struct made *m)
{
	free(m->bytes);
	free(m->pos);
	free(m->first);
}

void made_close(struct made *m, u32 gone)
{
	const struct kvt_log_layout *l = &m->layout;
	u32 bytes = kvt_log_footer_bytes(l, m->nr), g, i, n = 0;
	u8 *footer = (u8 *)made_page(m) - bytes;

	memset(footer, 0, bytes);
	for (g = 0; g < m->nr_groups; g++)
		for (i = 0; i < m->first[g + 1] - m->first[g]; i++, n++)
			if (!gone || n % gone)
				memcpy(kvt_log_entry(l, footer, n),
				       kvt_log_entry(l, made_summary(m, g) + 1, i),
				       l->entry_size);
	made_state(m, KVT_LOG_CLOSED, m->nr, crc32c(~0U, footer, bytes));
}

/* --------------------------------------------------------------------- scans */

static int read_made(void *arg, u32 pos, u32 bytes, void *to)
{
	struct met *met = arg;
	struct made *m = (struct made *)met->made;

	must(pos % KVT_LOG_PAGE == 0 && bytes && bytes <= m->layout.segment_bytes &&
	     pos <= m->layout.segment_bytes - bytes);
	m->nr_reads++;
	if (m->fail_at && pos == m->fail_at)
		return -EIO;
	memcpy(to, m->bytes + pos, bytes);
	return 0;
}

/* As it was made: the group that has entry @index, and the entry in it. */
static const struct kvt_log_entry *made_entry(const struct made *m, u32 index)
{
	u32 g = 0;

	while (g + 1 < m->nr_groups && m->first[g + 1] <= index)
		g++;
	return kvt_log_entry(&m->layout, m->bytes + m->pos[g] + sizeof(struct kvt_log_head),
			     index - m->first[g]);
}

static int take_entry(void *arg, u32 index, const struct kvt_log_entry *e)
{
	struct met *met = arg;
	const struct made *m = met->made;

	if (index != met->scan.nr - 1 ||
	    kvt_log_check_entry(e, &met->found.layout, met->found.place.generation))
		met->nr_bad++;
	if (index < m->nr && met->found.layout.entry_size == m->layout.entry_size &&
	    !memcmp(e, made_entry(m, index), m->layout.entry_size))
		met->same++;
	return 0;
}

static bool scan_footer(struct made *m, struct met *met)
{
	const struct kvt_log_found *f = &met->found;
	u32 i;

	must(f->footer + f->footer_bytes + KVT_LOG_PAGE == f->layout.segment_bytes);
	if (kvt_log_scan_footer(f, m->bytes + f->footer))
		return false;
	for (i = 0; i < f->nr; i++) {
		met->scan.nr = i + 1;
		take_entry(met, i, kvt_log_entry(&f->layout, m->bytes + f->footer, i));
	}
	return true;
}

void made_scan(struct made *m, struct met *met)
{
	struct kvt_log_place any = made_any(m);

	memset(met, 0, sizeof(*met));
	met->made = m;
	met->scan.read = read_made;
	met->scan.entry = take_entry;
	met->scan.arg = met;
	met->scan.buffer = met->buffer;
	m->nr_reads = 0;
	met->error = kvt_log_scan_pages(&met->found, &met->scan, &any,
					m->layout.segment_bytes);
	if (met->error || met->found.kind == KVT_LOG_FREE)
		return;
	if (met->found.kind == KVT_LOG_CLOSED && scan_footer(m, met))
		return;
	kvt_log_scan_open(&met->found, &met->scan);
}
