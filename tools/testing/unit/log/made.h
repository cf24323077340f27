/* SPDX-License-Identifier: GPL-2.0 */
/* A good segment, to be damaged, and what a scan of it gives. */
#ifndef LOG_MADE_H
#define LOG_MADE_H

#include "../../../../kmod/log_scan.h"
#include "../../torture/rng.h"
#include "../lib/tap.h"

#define MADE_ENTRIES	80000

/**
 * struct made - a segment in memory
 * @bytes: of it, layout.segment_bytes
 * @layout: of its blocks
 * @place: of it
 * @owner: of it
 * @nr: entries
 * @nr_groups: groups
 * @end: byte behind the last group
 * @pos: byte of each group's summary
 * @first: number of each group's first entry; [nr_groups]: @nr
 * @nr_reads: how often the scan has read
 * @fail_at: byte whose reading fails with -EIO; 0: none
 */
struct made {
	u8 *bytes;
	struct kvt_log_layout layout;
	struct kvt_log_place place;
	struct kvt_log_owner owner;
	u32 nr;
	u32 nr_groups;
	u32 end;
	u32 *pos;
	u32 *first;
	u32 nr_reads;
	u32 fail_at;
};

/**
 * struct met - what a scan gave
 * @found: what the segment is
 * @error: of kvt_log_scan_pages()
 * @scan: of kvt_log_scan_open()
 * @made: the segment
 * @nr_bad: entries that do not check, or came out of order
 * @same: entries that are as they were made
 * @buffer: of the scan
 */
struct met {
	struct kvt_log_found found;
	int error;
	struct kvt_log_scan scan;
	const struct made *made;
	u32 nr_bad;
	u32 same;
	u64 buffer[KVT_LOG_SUMMARY_MAX / sizeof(u64)];
};

/*
 * made_new() - an open segment with up to @groups groups
 * @tombs: one entry in so many is a tomb; 0: none
 */
void made_new(struct made *m, u64 segment_bytes, u32 block_size, u32 groups, u32 tombs,
	      struct rng *rng);
void made_free(struct made *m);

/** made_close() - write its footer and its closed state; @gone: of so many, 1 is gone */
void made_close(struct made *m, u32 gone);

/** made_state() - write its state page */
void made_state(struct made *m, enum kvt_log_kind kind, u32 nr, u32 footer_crc);

/** made_summary() - a group's summary, in place; kvt_log_seal() it after a change */
struct kvt_log_head *made_summary(struct made *m, u32 group);

/** made_head() - its header; made_page() - its state page */
struct kvt_log_head *made_head(struct made *m);
struct kvt_log_head *made_page(struct made *m);

/** made_scan() - as recovery does: pages, then the footer, else summaries */
void made_scan(struct made *m, struct met *met);

/** made_any() - place without generation, as it is looked for */
struct kvt_log_place made_any(const struct made *m);

#endif /* LOG_MADE_H */
