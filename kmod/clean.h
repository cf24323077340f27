/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_CLEAN_H
#define _KVT_CLEAN_H

#include "kvt.h"

void kvt_clean(struct kvt_arena *a, u32 frames);
void kvt_clean_wait(struct kvt_space *space);

#endif /* _KVT_CLEAN_H */
