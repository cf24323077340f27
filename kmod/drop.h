/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_DROP_H
#define _KVT_DROP_H

#include "kvt.h"

int kvt_drop_one(struct kvt_space *space, const u8 *key, bool is_local);
int kvt_drop_chain(struct kvt_space *space, const u8 *key, bool is_local);
void kvt_drop_expired(struct kvt_space *space, const u8 *key, u64 now);
void kvt_drop_poisoned(struct kvt_space *space, struct kvt_block *b);

/* drop_remote.c */
void kvt_drop_remote(struct kvt_space *space, const u8 *keys, size_t stride,
		     u32 nr, bool chain);

#endif /* _KVT_DROP_H */
