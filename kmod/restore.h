/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_RESTORE_H
#define _KVT_RESTORE_H

#include "kvt.h"

struct kvt_log;
struct kvt_log_entry;
struct kvt_segment;

/**
 * struct kvt_restore - blocks that come back
 * @log: from where
 * @now: ns
 * @clock: the same time, in seconds since 1970
 * @spare: a descriptor for an absent parent, made ahead; or NULL
 */
struct kvt_restore {
	struct kvt_log *log;
	u64 now;
	u64 clock;
	struct kvt_block *spare;
};

void kvt_restore_begin(struct kvt_restore *rs, struct kvt_log *log);
int kvt_restore_block(struct kvt_restore *rs, struct kvt_segment *seg,
		      u32 index, const struct kvt_log_entry *e);
void kvt_restore_end(struct kvt_restore *rs);

#endif /* _KVT_RESTORE_H */
