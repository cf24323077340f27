/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_FAMILY_H
#define _KVT_FAMILY_H

#include "block.h"

/* All under space->lock. */

/* Children in memory; of very many only that. */
static inline u32 kvt_family_nr_kids(const struct kvt_block *b)
{
	return b->kids[KVT_TIER_DRAM] + b->kids[KVT_TIER_CXL];
}

void kvt_family_join(struct kvt_space *space, struct kvt_block *b,
		     struct kvt_block *parent, enum kvt_tier_kind kind);
void kvt_family_leave(struct kvt_space *space, struct kvt_block *b);
void kvt_family_replace(struct kvt_space *space, struct kvt_block *old,
			struct kvt_block *new);
void kvt_family_moved(struct kvt_space *space, struct kvt_block *b,
		      enum kvt_tier_kind from, enum kvt_tier_kind to);
bool kvt_family_has_kids(struct kvt_space *space, struct kvt_block *b,
			 enum kvt_tier_kind kind);
void kvt_family_parent_key(const struct kvt_block *b, u8 *key);
bool kvt_family_is_above(const struct kvt_block *b,
			 const struct kvt_block *above);

#endif /* _KVT_FAMILY_H */
