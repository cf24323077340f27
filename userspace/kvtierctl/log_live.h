/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which entries of a log count. Segments have to come newest generation first,
 * and all tombs of one before its blocks:
 *
 *	a tomb hides the entry that it names, in segments of its own space
 *	of several copies of a key in one space that no tomb hides the one that is
 *	met first counts
 */
#ifndef CTL_LOG_LIVE_H
#define CTL_LOG_LIVE_H

#include "../../kmod/log_scan.h"

/**
 * enum log_fate - what became of an entry
 * @LOG_LIVE: a block that is there
 * @LOG_OLDER: a block of which there is a newer copy
 * @LOG_DROPPED: a block that a tomb names
 * @LOG_GONE: an entry of type KVT_LOG_NONE
 * @LOG_TOMB: a tomb
 */
enum log_fate {
	LOG_LIVE,
	LOG_OLDER,
	LOG_DROPPED,
	LOG_GONE,
	LOG_TOMB,
};

struct log_live;

/** log_live_new() - nothing met yet; NULL: no memory */
struct log_live *log_live_new(void);
void log_live_free(struct log_live *live);

/*
 * log_live_segment() - judge all entries of the next segment
 * @space: number of its space
 * @table: @nr entries
 * @fates: out: enum log_fate of each
 *
 * Return: 0 or -ENOMEM.
 */
int log_live_segment(struct log_live *live, u32 space, const struct kvt_log_found *f,
		     const void *table, u32 nr, u8 *fates);

#endif /* CTL_LOG_LIVE_H */
