/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_MOVE_H
#define _KVT_MOVE_H

#include "space.h"

u32 kvt_frame_take(struct kvt_arena *a, u32 keep);
void kvt_frame_return(struct kvt_arena *a, u32 frame);
struct kvt_arena *kvt_frame_find(struct kvt_space *space, u32 *frame);

int kvt_move(struct kvt_space *space, struct kvt_block *b,
	     struct kvt_arena *to, u32 frame);
void kvt_promote(struct kvt_space *space, struct kvt_block *b,
		 enum kvt_promote how);
void kvt_evacuate(struct kvt_arena *a, u32 limit);
void kvt_balance_work(struct work_struct *work);
void kvt_reap_work(struct work_struct *work);
u32 kvt_watermark(const struct kvt_arena *a, u32 permille);

#endif /* _KVT_MOVE_H */
