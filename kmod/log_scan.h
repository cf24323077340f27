/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a segment's state page to its entries. Pure code over a read callback:
 * recovery, the tools and the tests use the same. The rules:
 *
 *	state page		the segment is
 *	all zero		free: never used
 *	good, free		free
 *	good, closed		what its footer names; footer damaged: as if open
 *	good, open		what its summaries name, up to the first that is
 *				not good
 *	damaged, no record,	by its header: as if open; header no good
 *	or of another set	either: free if neither page was meant to be of
 *				this set, else damaged
 *
 * In an open segment a summary that is not good is no damage: it is the end, as
 * summaries become durable in order.
 */
#ifndef _KVT_LOG_SCAN_H
#define _KVT_LOG_SCAN_H

#include "log_codec.h"

/* The longest summary of any layout. A buffer for scans has to have so many. */
#define KVT_LOG_SUMMARY_MAX	(3 * KVT_LOG_PAGE)

/**
 * struct kvt_log_found - what a segment turned out to be
 * @kind: KVT_LOG_FREE, KVT_LOG_OPEN or KVT_LOG_CLOSED
 * @by_header: open because its header says so: its state page is damaged
 * @place: where it is, and its generation (free and never used: 0)
 * @owner: not if free: whose it is
 * @layout: not if free: of @owner's blocks in it
 * @nr: closed: entries of the footer
 * @footer_crc: closed: of the footer's bytes
 * @footer: closed: byte of the segment where the footer is
 * @footer_bytes: closed: its length
 */
struct kvt_log_found {
	enum kvt_log_kind kind;
	bool by_header;
	struct kvt_log_place place;
	struct kvt_log_owner owner;
	struct kvt_log_layout layout;
	u32 nr;
	u32 footer_crc;
	u32 footer;
	u32 footer_bytes;
};

/**
 * struct kvt_log_scan - how to read a segment, what to do, and what was there
 * @read: reads @bytes at byte @pos of the segment to @to; 0 or -errno
 * @entry: is called for each entry, lowest @index first; not 0: stop
 * @arg: for both
 * @buffer: of KVT_LOG_SUMMARY_MAX bytes, 8-byte aligned
 * @nr: out: entries met
 * @summaries: out: summaries met
 * @end: out: byte behind the last group
 * @why: out: what ended the chain. -ENODATA: nothing, or a record from before,
 *	was there; -EBADMSG: a record that is damaged or was not written in full;
 *	0: the segment's end; else the error of @read
 */
struct kvt_log_scan {
	int (*read)(void *arg, u32 pos, u32 bytes, void *to);
	int (*entry)(void *arg, u32 index, const struct kvt_log_entry *e);
	void *arg;
	void *buffer;
	u32 nr;
	u32 summaries;
	u32 end;
	int why;
};

int kvt_log_scan_state(struct kvt_log_found *f, const void *page,
		       const struct kvt_log_place *place, u64 segment_bytes);
int kvt_log_scan_header(struct kvt_log_found *f, const void *page,
			const struct kvt_log_place *place, u64 segment_bytes);
int kvt_log_scan_pages(struct kvt_log_found *f, struct kvt_log_scan *s,
		       const struct kvt_log_place *place, u64 segment_bytes);
int kvt_log_scan_footer(const struct kvt_log_found *f, const void *footer);
int kvt_log_scan_open(const struct kvt_log_found *f, struct kvt_log_scan *s);

#endif /* _KVT_LOG_SCAN_H */
