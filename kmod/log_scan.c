// SPDX-License-Identifier: GPL-2.0
#ifdef __KERNEL__
#include <linux/crc32c.h>
#include <linux/errno.h>
#include <linux/string.h>
#endif
#include "log_scan.h"

static bool is_zero_page(const void *page)
{
	const u64 *word = page;
	u32 i;

	for (i = 0; i < KVT_LOG_PAGE / sizeof(*word); i++)
		if (word[i])
			return false;
	return true;
}

/* What a good record of one page, as it has been read, says about its segment. */
static int take_record(struct kvt_log_found *f, const struct kvt_log_head *h,
		       const struct kvt_log_place *place, u64 segment_bytes)
{
	memset(f, 0, sizeof(*f));
	f->place = *place;
	f->place.generation = le64_to_cpu(h->generation);
	f->kind = le32_to_cpu(h->kind);
	if (f->kind == KVT_LOG_FREE)
		return 0;
	kvt_log_get_owner(h, &f->owner);
	if (kvt_log_layout(&f->layout, segment_bytes, f->owner.block_size))
		return -EBADMSG;
	return 0;
}

/**
 * kvt_log_scan_state() - what is a segment, by its state page?
 * @f: out
 * @page: the segment's last page
 * @place: the segment; generation 0
 * @segment_bytes: of the superblock
 *
 * If it is closed read @f->footer_bytes at @f->footer of the segment and go on
 * with kvt_log_scan_footer(); if it is open with kvt_log_scan_open(). After an
 * error read the first page and go on with kvt_log_scan_header().
 *
 * Return: 0; -ENODATA: the page was not written for this place; -EBADMSG: it is
 * damaged.
 */
int kvt_log_scan_state(struct kvt_log_found *f, const void *page,
		       const struct kvt_log_place *place, u64 segment_bytes)
{
	const struct kvt_log_head *h = page;
	int err = kvt_log_check(page, KVT_LOG_PAGE, place);

	if (err == -ENODATA && is_zero_page(page)) {
		memset(f, 0, sizeof(*f));
		f->kind = KVT_LOG_FREE;
		f->place = *place;
		f->place.generation = 0;
		return 0;
	}
	if (!err)
		err = take_record(f, h, place, segment_bytes);
	if (err || f->kind == KVT_LOG_FREE)
		return err;
	if (kvt_log_check_state(h, &f->layout))
		return -EBADMSG;
	if (f->kind == KVT_LOG_CLOSED) {
		f->nr = le32_to_cpu(h->nr);
		f->footer_crc = le32_to_cpu(h->footer_crc);
		f->footer_bytes = kvt_log_footer_bytes(&f->layout, f->nr);
		f->footer = f->layout.segment_bytes - KVT_LOG_PAGE -
			    f->footer_bytes;
	}
	return 0;
}

/**
 * kvt_log_scan_header() - what is a segment whose state page is no good?
 * @f: out: if 0 is returned: open
 * @page: the segment's first page
 * @place: the segment; generation 0
 * @segment_bytes: of the superblock
 *
 * Return: 0; -ENODATA: the page was not written for this place (if that is so
 * for the state page, too, the segment is free); -EBADMSG: it is damaged.
 */
int kvt_log_scan_header(struct kvt_log_found *f, const void *page,
			const struct kvt_log_place *place, u64 segment_bytes)
{
	int err = kvt_log_check(page, KVT_LOG_PAGE, place);

	if (!err)
		err = take_record(f, page, place, segment_bytes);
	if (err)
		return err;
	if (f->kind != KVT_LOG_HEADER)
		return -EBADMSG;
	f->kind = KVT_LOG_OPEN;
	f->by_header = true;
	return 0;
}

static int read_header(struct kvt_log_found *f, struct kvt_log_scan *s,
		       const struct kvt_log_place *place, u64 segment_bytes,
		       int state_error)
{
	int err = s->read(s->arg, 0, KVT_LOG_PAGE, s->buffer);

	if (!err)
		err = kvt_log_scan_header(f, s->buffer, place, segment_bytes);
	if (!err)
		return 0;
	memset(f, 0, sizeof(*f));
	f->kind = KVT_LOG_FREE;
	f->place = *place;
	f->place.generation = 0;
	return err == -ENODATA ? (state_error == -ENODATA ? 0 : state_error) : err;
}

/**
 * kvt_log_scan_pages() - what is a segment, by its state page or its header?
 * @f: out; whatever is returned. After an error it says free: nothing in the
 *	segment can be used
 * @s: how to read
 * @place: the segment; generation 0
 * @segment_bytes: of the superblock
 *
 * Return: 0; -EBADMSG: damaged; or the error of reading.
 */
int kvt_log_scan_pages(struct kvt_log_found *f, struct kvt_log_scan *s,
		       const struct kvt_log_place *place, u64 segment_bytes)
{
	int err = s->read(s->arg, segment_bytes - KVT_LOG_PAGE, KVT_LOG_PAGE,
			  s->buffer);

	if (!err)
		err = kvt_log_scan_state(f, s->buffer, place, segment_bytes);
	if (!err)
		return 0;
	return read_header(f, s, place, segment_bytes, err);
}

/**
 * kvt_log_scan_footer() - is this the footer of a closed segment?
 * @f: by kvt_log_scan_state()
 * @footer: @f->footer_bytes of it
 *
 * Its entries are then kvt_log_entry(&f->layout, footer, 0..@f->nr - 1).
 *
 * Return: 0; -EBADMSG: no: go on with kvt_log_scan_open().
 */
int kvt_log_scan_footer(const struct kvt_log_found *f, const void *footer)
{
	struct kvt_log_head h = {
		.generation = cpu_to_le64(f->place.generation),
		.nr = cpu_to_le32(f->nr),
		.footer_crc = cpu_to_le32(f->footer_crc),
	};

	return kvt_log_check_footer(&h, &f->layout, footer);
}

/* The summary at @s->end is in the buffer, if it is one. */
static int take_summary(const struct kvt_log_found *f, struct kvt_log_scan *s,
			u32 *next)
{
	const struct kvt_log_head *h = s->buffer;
	int err = kvt_log_check(h, f->layout.summary_bytes, &f->place);

	if (err)
		return err;
	if (!kvt_log_same_owner(h, &f->owner))
		return -EBADMSG;
	return kvt_log_check_summary(h, &f->layout, s->nr, s->end, next);
}

static int give_entries(const struct kvt_log_found *f, struct kvt_log_scan *s)
{
	const struct kvt_log_head *h = s->buffer;
	u32 nr = le32_to_cpu(h->nr), i;
	int err;

	for (i = 0; i < nr; i++) {
		err = s->entry(s->arg, s->nr++,
			       kvt_log_entry(&f->layout, h + 1, i));
		if (err)
			return err;
	}
	return 0;
}

/**
 * kvt_log_scan_open() - walk the summaries of a segment
 * @f: what it is; open, or closed with a footer that is no good
 * @s: callbacks and buffer; out: what was there
 *
 * Reads one summary a group. What was met before the chain ended is good.
 *
 * Return: 0, whatever ended the chain; or what @s->entry returned.
 */
int kvt_log_scan_open(const struct kvt_log_found *f, struct kvt_log_scan *s)
{
	u32 bytes = f->layout.summary_bytes, next = 0;
	int err;

	s->nr = 0;
	s->summaries = 0;
	s->why = 0;
	for (s->end = KVT_LOG_PAGE; s->end + bytes <= f->layout.data_end;
	     s->end = next) {
		s->why = s->read(s->arg, s->end, bytes, s->buffer);
		if (!s->why)
			s->why = take_summary(f, s, &next);
		if (s->why)
			return 0;
		s->summaries++;
		err = give_entries(f, s);
		if (err)
			return err;
	}
	return 0;
}
