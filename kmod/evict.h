/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_EVICT_H
#define _KVT_EVICT_H

#include "block.h"

/* space->lock */
void kvt_evict_insert(struct kvt_space *space, struct kvt_block *b);
void kvt_evict_offer(struct kvt_space *space, struct kvt_block *b);
void kvt_evict_erase(struct kvt_space *space, struct kvt_block *b);

int kvt_evict_one(struct kvt_arena *a);

#endif /* _KVT_EVICT_H */
