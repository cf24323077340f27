/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_EVICT_H
#define _KVT_EVICT_H

#include "arena.h"

int kvt_evict_one(struct kvt_arena *a);
bool kvt_evict_waits(struct kvt_arena *a);

#endif /* _KVT_EVICT_H */
