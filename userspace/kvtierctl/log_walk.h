/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All segments of a set, as recovery sees them: what each is, by its pages; then
 * its entries, newest segment first, and which of them count. Reads by a
 * callback, prints nothing.
 */
#ifndef CTL_LOG_WALK_H
#define CTL_LOG_WALK_H

#include "log_live.h"

/**
 * struct log_source - where to read
 * @read: @bytes at byte @pos of the set's device @device; 0 or -errno
 * @arg: for it
 * @set: of the superblocks
 * @segment_bytes: of the superblocks
 * @nr_segments: of each device of the set; 0: it is not at hand
 * @first_segment: byte of its segment 0
 */
struct log_source {
	int (*read)(void *arg, u32 device, u64 pos, u32 bytes, void *to);
	void *arg;
	u8 set[16];
	u64 segment_bytes;
	u32 nr_segments[KVT_LOG_MAX_DEVICES];
	u64 first_segment[KVT_LOG_MAX_DEVICES];
};

/**
 * struct log_segment - one segment
 * @found: what it is
 * @error: of kvt_log_scan_pages(): nothing in it can be used
 * @space: number of its space; free: 0
 * @footer_error: closed: the footer is no good, the summaries were read
 * @why: summaries were read: what ended their chain; see struct kvt_log_scan
 * @end: summaries were read: byte behind the last group
 * @nr: entries
 * @fates: how many of them have each fate
 */
struct log_segment {
	struct kvt_log_found found;
	int error;
	u32 space;
	int footer_error;
	int why;
	u32 end;
	u32 nr;
	u32 fates[LOG_TOMB + 1];
};

/**
 * struct log_walk - a walk over a set
 * @source: where to read
 * @segments: all of them, by device and number
 * @nr: how many
 * @spaces: whose segments were met, without class
 * @nr_spaces: how many
 */
struct log_walk {
	const struct log_source *source;
	struct log_segment *segments;
	size_t nr;
	struct kvt_log_owner *spaces;
	u32 nr_spaces;
};

/*
 * Is called for each segment that is not free, newest first. @fates are of
 * enum log_fate. Not 0: the walk ends.
 */
typedef int (*log_visit_fn)(void *arg, const struct log_segment *s,
			    const void *table, const u8 *fates);

/* log_walk_pages() - what all segments are; 0 or -ENOMEM */
int log_walk_pages(struct log_walk *w, const struct log_source *source);

/*
 * log_walk_entries() - and what is in them, after log_walk_pages()
 * @visit: may be NULL
 *
 * Return: 0, -ENOMEM or what @visit returned.
 */
int log_walk_entries(struct log_walk *w, log_visit_fn visit, void *arg);

/*
 * log_walk_summaries() - collect the entries that the summaries of one segment
 * name, whatever its state is
 * @table: room for found.layout.capacity entries
 *
 * Return: entries; @why and @end as in struct log_segment.
 */
u32 log_walk_summaries(const struct log_source *source, const struct kvt_log_found *f,
		       void *table, int *why, u32 *end);

/* log_walk_read() - read in a segment; 0 or -errno */
int log_walk_read(const struct log_source *source, const struct kvt_log_place *place,
		  u32 pos, u32 bytes, void *to);

void log_walk_free(struct log_walk *w);

#endif /* CTL_LOG_WALK_H */
