/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_MOVE_H
#define _KVT_MOVE_H

#include "space.h"

u32 kvt_watermark(const struct kvt_arena *a, u32 permille);
u32 kvt_low_watermark(const struct kvt_arena *a);
void kvt_balance_if_low(struct kvt_arena *a);
u32 kvt_frame_take(struct kvt_arena *a, u32 keep);
void kvt_frame_return(struct kvt_arena *a, u32 frame);

void kvt_block_rehome(struct kvt_space *space, struct kvt_block *b,
		      struct kvt_arena *to, u32 frame);
int kvt_leave_memory(struct kvt_space *space, struct kvt_block *b);
int kvt_move(struct kvt_space *space, struct kvt_block *b,
	     struct kvt_arena *to, u32 frame);
void kvt_forget(struct kvt_space *space, struct kvt_block *b);

#endif /* _KVT_MOVE_H */
