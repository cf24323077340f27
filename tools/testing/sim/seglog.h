/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SIM_SEGLOG_H
#define SIM_SEGLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "../../../kmod/log_codec.h"

/**
 * struct seglog_segment - one segment
 * @serial: of all segments that were ever opened, this is the so-manyth
 * @closed_at: when it was closed; while it is open: never
 * @nr: entries
 * @block: them, in the order they were written
 */
struct seglog_segment {
	uint64_t serial;
	uint64_t closed_at;
	uint32_t nr;
	uint32_t *block;
};

/**
 * struct seglog - the log of an nvme tier: what is in it, and what was written
 * @layout: how blocks lie in a segment
 * @nr_segments: the quota
 * @used: segments in use; the one opened last is written to
 * @oldest: index of the oldest in @segment
 * @opened: segments that were ever opened
 * @pos: byte of the open segment where the next thing goes
 * @in_group: entries of its last summary
 * @max_group: entries of a summary that is full
 * @blocks: written
 * @bytes: written to the device for that
 * @segment: a ring
 */
struct seglog {
	struct kvt_log_layout layout;
	uint32_t nr_segments;
	uint32_t used;
	uint32_t oldest;
	uint64_t opened;
	uint32_t pos;
	uint32_t in_group;
	uint32_t max_group;
	uint64_t blocks;
	uint64_t bytes;
	struct seglog_segment *segment;
};

/**
 * seglog_init - an empty log
 * @log: receives it
 * @layout: from kvt_log_layout()
 * @nr_segments: at least two; none: there is no nvme tier
 * @group: blocks that are written together at most; 0: as many as a summary has
 *	room for
 *
 * Return: 0 or -1.
 */
int seglog_init(struct seglog *log, const struct kvt_log_layout *layout,
		uint32_t nr_segments, uint32_t group);
void seglog_free(struct seglog *log);

/** seglog_has_room - may seglog_add() be called? */
bool seglog_has_room(const struct seglog *log);

/** seglog_open - close the open segment and open a free one, of which there must be */
void seglog_open(struct seglog *log, uint64_t now);

/** seglog_add - write a block. Return: serial of the segment that it is in. */
uint64_t seglog_add(struct seglog *log, uint32_t block);

/** seglog_end_group - what is written next gets a summary of its own */
void seglog_end_group(struct seglog *log);

/** seglog_drop_oldest - the oldest segment is free from now on */
void seglog_drop_oldest(struct seglog *log);

static inline uint32_t seglog_nr_free(const struct seglog *log)
{
	return log->nr_segments - log->used;
}

static inline struct seglog_segment *seglog_oldest(const struct seglog *log)
{
	return &log->segment[log->oldest];
}

/** seglog_segment_blocks - how many blocks a segment holds, group by full group */
uint32_t seglog_segment_blocks(const struct kvt_log_layout *layout);

#endif /* SIM_SEGLOG_H */
