/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_INDEX_H
#define _KVT_INDEX_H

#include "block.h"

int kvt_index_init(struct kvt_space *space);
void kvt_index_destroy(struct kvt_space *space);
struct kvt_block *kvt_index_find(struct kvt_space *space, const u8 *key);
struct kvt_block *kvt_index_find_rcu(struct kvt_space *space, const u8 *key);
int kvt_index_insert(struct kvt_space *space, struct kvt_block *b);
void kvt_index_remove(struct kvt_space *space, struct kvt_block *b);
void kvt_index_replace(struct kvt_space *space, struct kvt_block *old,
		       struct kvt_block *new);
size_t kvt_index_bytes(struct kvt_space *space);

#endif /* _KVT_INDEX_H */
