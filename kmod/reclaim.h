/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_RECLAIM_H
#define _KVT_RECLAIM_H

#include "kvt.h"

struct kvt_log;
struct kvt_segment;

int kvt_reclaim(struct kvt_log *log, bool (*is_needed)(struct kvt_log *log));
u32 kvt_reclaim_spare(struct kvt_log *log);
void kvt_reclaim_if_short(struct kvt_log *log);
void kvt_reclaim_lost(struct kvt_log *log);
void kvt_reclaim_forget(struct kvt_segment *seg);

#endif /* _KVT_RECLAIM_H */
