/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_SUMS_H
#define _KVT_SUMS_H

#include <linux/types.h>

struct kvt_arena;
struct kvt_block;
struct kvt_space;

/* When a block gets its checksums. */
enum kvt_checksum { KVT_SUM_AT_MOVE, KVT_SUM_AT_COMMIT };

int kvt_sums_init(void);
void kvt_sums_exit(void);

bool kvt_sums_get(struct kvt_arena *a, u32 frame, u32 *crcs);
void kvt_sums_set(struct kvt_arena *a, u32 frame, const u32 *crcs);
void kvt_sums_forget(struct kvt_arena *a, u32 frame);
void kvt_sums_free(struct kvt_arena *a);
u64 kvt_sums_bytes(struct kvt_arena *a);

void kvt_sums_make(struct kvt_arena *a, u32 frame);
void kvt_sums_make_all(struct kvt_space *space, struct kvt_block **blocks,
		       u32 nr);
bool kvt_sums_sampled(u32 permille);
bool kvt_sums_survive(struct kvt_arena *to, u32 to_frame,
		      struct kvt_arena *from, u32 from_frame);

#endif /* _KVT_SUMS_H */
