// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "log_verify.h"

#define TEXT_MAX	256

/* Words of a problem in one place; @entry -1, @segment -1: see the header. */
struct spot {
	u32 device;
	int64_t segment;
	int64_t entry;
};

static struct spot spot_of(const struct log_segment *s, int64_t entry)
{
	return (struct spot){ s->found.place.device, s->found.place.segment, entry };
}

__attribute__((format(printf, 4, 5)))
static void say_spot(struct log_verify *v, struct spot at, bool is_note,
		     const char *format, ...)
{
	char text[TEXT_MAX];
	struct log_problem p = { at.device, at.segment, at.entry, is_note, text };
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	v->problems += !is_note;
	v->report(v->arg, &p);
}

/* -------------------------------------------------------------- superblocks */

static void verify_supers(struct log_verify *v, u32 device)
{
	const struct log_device *d = &v->set->devices[device];
	int i;

	for (i = 0; i < KVT_LOG_SUPER_COPIES; i++)
		if (d->copies[i])
			say_spot(v, (struct spot){ device, -1, -1 }, false,
				 "superblock %d is %s; the other one is good", i,
				 log_error_text(d->copies[i]));
}

/* -------------------------------------------------------------- a segment */

/* Its state page was good: the header may be wrong all the same. */
static void verify_header(struct log_verify *v, const struct log_segment *s)
{
	struct kvt_log_place place = s->found.place;
	struct kvt_log_found by_header;
	u64 page[KVT_LOG_PAGE / sizeof(u64)];
	int err;

	if (s->found.by_header)
		return;
	err = log_walk_read(v->walk->source, &place, 0, KVT_LOG_PAGE, page);
	if (!err)
		err = kvt_log_scan_header(&by_header, page, &place,
					  v->walk->source->segment_bytes);
	/* Opened, but the power went before anything was written. */
	if (err == -ENODATA && s->found.kind == KVT_LOG_OPEN && !s->nr)
		return;
	if (err)
		say_spot(v, spot_of(s, -1), false, "its header is %s; nothing is lost by it",
			 log_error_text(err));
}

/*
 * Entries that were durable, by what summaries behind the end of the chain say. They
 * may be there, sent together with one that the power did not let come to be.
 */
static u32 were_durable(struct log_verify *v, const struct log_segment *s)
{
	const struct kvt_log_layout *l = &s->found.layout;
	u64 record[KVT_LOG_SUMMARY_MAX / sizeof(u64)];
	const struct kvt_log_head *h = (void *)record;
	u32 pos, nr = 0;

	for (pos = s->end; pos + l->summary_bytes <= l->data_end; pos += KVT_LOG_PAGE)
		if (!log_walk_read(v->walk->source, &s->found.place, pos,
				   l->summary_bytes, record) &&
		    !kvt_log_check(h, l->summary_bytes, &s->found.place) &&
		    le32_to_cpu(h->kind) == KVT_LOG_SUMMARY)
			nr = max(nr, le32_to_cpu(h->durable));
	return nr;
}

/* Summaries were all there was to read. */
static void verify_chain(struct log_verify *v, const struct log_segment *s)
{
	if (s->found.kind == KVT_LOG_CLOSED)
		say_spot(v, spot_of(s, -1), s->nr == s->found.nr,
			 "summaries name %u of its %u entries", s->nr, s->found.nr);
	else if (s->why && s->why != -ENODATA && s->why != -EBADMSG)
		say_spot(v, spot_of(s, -1), false, "the summary at byte %u cannot be read: %s",
			 s->end, log_error_text(s->why));
	else if (!v->quick && were_durable(v, s) > s->nr)
		say_spot(v, spot_of(s, -1), false,
			 "the summary at byte %u is damaged; blocks of it and of those behind it are lost",
			 s->end);
	else if (s->why == -EBADMSG)
		say_spot(v, spot_of(s, -1), true,
			 "the record at byte %u was not written in full: the power went; nothing is lost by it",
			 s->end);
}

/*
 * What the footer says has to be what the summaries said, but for what is gone
 * and for the time of last use.
 */
static bool same_entry(const struct kvt_log_layout *l, const void *footer,
		       const void *summaries, u32 i)
{
	const struct kvt_log_entry *e = kvt_log_entry(l, footer, i);
	const struct kvt_log_entry *then = kvt_log_entry(l, summaries, i);
	const size_t rest = offsetof(struct kvt_log_entry, type);

	return le32_to_cpu(e->type) == KVT_LOG_NONE ||
	       (!memcmp(e, then, offsetof(struct kvt_log_entry, used)) &&
		!memcmp(&e->type, &then->type, l->entry_size - rest));
}

/* Is there nothing in a footer from entry @from on? */
static bool all_gone(const struct log_segment *s, const void *footer, u32 from)
{
	u32 i;

	for (i = from; i < s->found.nr; i++)
		if (kvt_log_entry(&s->found.layout, footer, i)->type)
			return false;
	return true;
}

/* @nr entries of summaries, which end at byte @end as @why says, and the footer. */
static void compare(struct log_verify *v, const struct log_segment *s, const void *footer,
		    const void *table, u32 nr, int why, u32 end)
{
	u32 all = s->found.nr, i, odd = nr > all ? nr - all : 0;

	if (nr < all && all_gone(s, footer, nr))
		say_spot(v, spot_of(s, -1), true,
			 "writing it failed at byte %u; nothing is lost by it", end);
	else if (nr < all)
		say_spot(v, spot_of(s, -1), false,
			 "the summary at byte %u is %s; nothing is lost by it", end,
			 log_error_text(why));
	for (i = 0; i < min(nr, all); i++)
		odd += !same_entry(&s->found.layout, footer, table, i);
	if (odd)
		say_spot(v, spot_of(s, -1), false,
			 "footer and summaries are good but do not agree, on %u entries", odd);
}

static int verify_summaries(struct log_verify *v, const struct log_segment *s,
			    const void *footer)
{
	const struct kvt_log_layout *l = &s->found.layout;
	void *table = malloc(kvt_log_footer_bytes(l, l->capacity));
	u32 nr, end;
	int why;

	if (!table)
		return -ENOMEM;
	nr = log_walk_summaries(v->walk->source, &s->found, table, &why, &end);
	compare(v, s, footer, table, nr, why, end);
	free(table);
	return 0;
}

/* -------------------------------------------------------------------- blocks */

static void verify_block(struct log_verify *v, const struct log_segment *s, u32 index,
			 const struct kvt_log_entry *e, void *data)
{
	const struct kvt_log_layout *l = &s->found.layout;
	u32 pos = le32_to_cpu(e->offset) * KVT_LOG_PAGE, bad = 0, i;
	int err = log_walk_read(v->walk->source, &s->found.place, pos, l->block_size, data);

	if (err) {
		say_spot(v, spot_of(s, index), false, "the block cannot be read: %s",
			 log_error_text(err));
		return;
	}
	for (i = 0; i < l->crcs; i++)
		bad += crc32c(~0U, (u8 *)data + (size_t)i * KVT_LOG_CRC_SPAN,
			      kvt_log_crc_bytes(l, i)) != le32_to_cpu(e->crc[i]);
	if (bad)
		say_spot(v, spot_of(s, index), false,
			 "%u of the %u checksums of the block at byte %u are wrong: it will be a miss",
			 bad, l->crcs, pos);
	else
		v->verified += l->block_size;
}

static int verify_blocks(struct log_verify *v, const struct log_segment *s,
			 const void *table, const u8 *fates)
{
	void *data = malloc(s->found.layout.block_size);
	u32 i;

	if (!data)
		return -ENOMEM;
	for (i = 0; i < s->nr; i++)
		if (fates[i] == LOG_LIVE)
			verify_block(v, s, i, kvt_log_entry(&s->found.layout, table, i), data);
	free(data);
	return 0;
}

/* It may also never have been written: the power went while it was opened. */
static void say_by_header(struct log_verify *v, const struct log_segment *s)
{
	say_spot(v, spot_of(s, -1), !s->nr,
		 "its state page is no good; its header is, and its summaries name %u entries",
		 s->nr);
}

static int verify_segment(void *arg, const struct log_segment *s, const void *table,
			  const u8 *fates)
{
	struct log_verify *v = arg;
	bool closed = s->found.kind == KVT_LOG_CLOSED;
	int err = 0;

	if (s->found.by_header)
		say_by_header(v, s);
	if (closed && s->footer_error)
		say_spot(v, spot_of(s, -1), false, "its footer is %s; its summaries were read",
			 log_error_text(s->footer_error));
	verify_header(v, s);
	if (!closed || s->footer_error)
		verify_chain(v, s);
	else
		err = verify_summaries(v, s, table);
	if (!err && !v->quick)
		err = verify_blocks(v, s, table, fates);
	if (v->progress)
		v->progress(v->arg);
	return err;
}

static void verify_pages(struct log_verify *v)
{
	size_t i;

	for (i = 0; i < v->walk->nr; i++) {
		const struct log_segment *s = &v->walk->segments[i];

		if (s->error == -EBADMSG)
			say_spot(v, spot_of(s, -1), false,
				 "its state page or header is damaged, and neither is good: what was in it is lost");
		else if (s->error)
			say_spot(v, spot_of(s, -1), false,
				 "its state page or header cannot be read: %s; what was in it is lost",
				 log_error_text(s->error));
	}
}

int log_verify_run(struct log_verify *v)
{
	u32 i;

	v->problems = 0;
	v->verified = 0;
	for (i = 0; i < KVT_LOG_MAX_DEVICES; i++)
		if (v->set->devices[i].media.path)
			verify_supers(v, i);
	verify_pages(v);
	return log_walk_entries(v->walk, verify_segment, v);
}
