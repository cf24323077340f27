/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_PLACE_H
#define _KVT_PLACE_H

#include "space.h"

struct kvt_arena *kvt_frame_find_new(struct kvt_space *space,
				     enum kvt_tier_kind slowest, u32 *frame);
u32 kvt_frames_kept(struct kvt_arena *a);
struct kvt_arena *kvt_frame_find(struct kvt_space *space,
				 enum kvt_tier_kind slowest, u32 *frame);
void kvt_promote(struct kvt_space *space, struct kvt_block *b,
		 enum kvt_promote how);
void kvt_evacuate(struct kvt_arena *a, u32 limit);

#endif /* _KVT_PLACE_H */
