/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_FILL_H
#define _KVT_FILL_H

#include <linux/list.h>
#include "kvt.h"

/**
 * struct kvt_filler - who fills: an open file, a PUT on its way, or who fetches
 * @node: in space->fillers while @blocks is not empty, unless @is_put (space->lock)
 * @is_put: its time is never over, and nobody else ends what it fills: a PUT, or
 *	space->fetcher; constant
 * @blocks: what it fills, oldest first (space->lock)
 * @lost: stand-ins for what was taken away from it because its time was over:
 *	they keep the slots until the filler ends these fills (space->lock)
 */
struct kvt_filler {
	struct list_head node;
	bool is_put;
	struct list_head blocks;
	struct list_head lost;
};

#define KVT_FILLER_INIT(name)				\
{							\
	.node = LIST_HEAD_INIT((name).node),		\
	.blocks = LIST_HEAD_INIT((name).blocks),	\
	.lost = LIST_HEAD_INIT((name).lost),		\
}

/**
 * struct kvt_fill - a batch of fills
 * @space: the space
 * @filler: who fills
 * @file: the caller's file as a filler: what it fills is told apart
 * @class_id: retention class of the blocks
 * @spare: a descriptor for an absent parent, made ahead; or NULL
 */
struct kvt_fill {
	struct kvt_space *space;
	struct kvt_filler *filler;
	const struct kvt_filler *file;
	u8 class_id;
	struct kvt_block *spare;
};

/* Where a filling block is: stable until its filler gives it up. */
struct kvt_place {
	struct kvt_arena *arena;
	u32 frame;
	u32 slot;
};

int kvt_fill_begin(struct kvt_fill *fill, const u8 *key, const u8 *parent,
		   struct kvt_place *place);
int kvt_fill_seal(struct kvt_space *space, struct kvt_filler *filler, u32 slot,
		  u64 stamp, bool hold);
int kvt_fill_abort(struct kvt_space *space, struct kvt_filler *filler,
		   u32 slot);
int kvt_fill_link(struct kvt_space *space, struct kvt_block *b,
		  struct kvt_block *old, const u8 *parent,
		  struct kvt_block **spare);
void kvt_fill_cancel(struct kvt_space *space, struct kvt_block *b);
void kvt_fill_quarantine(struct kvt_space *space, struct kvt_block *b);
void kvt_fill_describe(struct kvt_space *space, struct kvt_block *b,
		       const u8 *parent, u8 class_id);
bool kvt_fill_is_local(struct kvt_space *space, const u8 *key);
void kvt_fill_drop_all(struct kvt_space *space, struct kvt_filler *filler);
void kvt_fill_expire(struct kvt_space *space);

#endif /* _KVT_FILL_H */
