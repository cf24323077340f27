/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_ARENA_H
#define _KVT_ARENA_H

#include <linux/rbtree.h>
#include <linux/xarray.h>
#include "kvt.h"

struct arena_dir;
struct kvt_log;

#define KVT_NO_FRAME U32_MAX

/**
 * struct kvt_arena - a space's share of one tier
 * @space: whose it is; constant
 * @index: in space->arenas; constant
 * @tier: the tier, NULL while this index is not in use. Written under
 *	kvt_admin and space->lock, either of which keeps it; a mere test for
 *	NULL needs neither
 * @kind: of @tier
 * @node: of @tier
 * @log: nvme: where its blocks are; NULL for memory, which has all that follows
 *	but @nr_blocks. Lives as long as @tier is set
 * @chunks: struct kvt_chunk by byte offset >> KVT_CHUNK_SHIFT. Written under
 *	kvt_admin and, for removal, invalidate_lock; read under either, or by
 *	the owner of a frame that lies in it
 * @nr_chunks: length of @chunks (kvt_admin; read without)
 * @status: pages of struct kvt_status; only grows while the space lives
 * @sysfs: its directory (kvt_admin)
 * @nr_frames: frames that exist; grows and shrinks under kvt_admin
 * @limit: frames below it may be handed out (space->lock). Less than
 *	@nr_frames only while the arena shrinks
 * @used: one bit a frame: it is not free (space->lock)
 * @nr_free: clear bits of @used below @limit (space->lock)
 * @nr_blocks: sealed blocks here (space->lock)
 * @hint: where to look for a free frame next (space->lock)
 * @below: by frame: the copy of its block on nvme, see kvt_copy()
 *	(space->lock)
 * @sums: checksums of frames: see sums.c for who writes them
 * @nr_sum_leaves: entries of @sums (atomic)
 * @evict: sealed blocks that may be candidates, by rank (space->lock)
 * @is_short: listeners were told that it has too few free frames (the space's
 *	worker; read without)
 * @short_at: jiffies, when they were told last (the same)
 */
struct kvt_arena {
	struct kvt_space *space;
	unsigned int index;
	struct kvt_tier *tier;
	enum kvt_tier_kind kind;
	int node;
	struct kvt_log *log;
	struct xarray chunks;
	u64 nr_chunks;
	struct xarray status;
	struct arena_dir *sysfs;
	u32 nr_frames;

	u32 limit;
	unsigned long *used;
	u32 nr_free;
	u32 nr_blocks;
	u32 hint;
	u64 *below;
	struct rb_root_cached evict;
	bool is_short;
	unsigned long short_at;
	struct xarray sums;
	atomic_t nr_sum_leaves;
};

/* Where a copy on nvme is: index of the arena, and extent. */
#define KVT_NO_COPY	U64_MAX
#define KVT_WRITING	(U64_MAX - 1)	/* none yet; it is being written */

static inline bool kvt_copy_is_real(u64 copy)
{
	return copy < KVT_WRITING;
}

static inline u64 kvt_copy(unsigned int arena, u32 extent)
{
	return (u64)arena << 32 | extent;
}

static inline bool kvt_arena_is_memory(const struct kvt_arena *a)
{
	return a->kind < KVT_MEM_KINDS;
}

/* Only its evacuation makes room then: what is freed above the limit is not. */
static inline bool kvt_arena_is_shrinking(const struct kvt_arena *a)
{
	return READ_ONCE(a->limit) < READ_ONCE(a->nr_frames);
}

void kvt_arena_init(struct kvt_arena *a, struct kvt_space *space,
		    unsigned int index);
int kvt_arena_attach(struct kvt_arena *a, struct kvt_tier *tier, u64 bytes);
void kvt_arena_detach(struct kvt_arena *a);
int kvt_arena_grow(struct kvt_arena *a, u64 bytes);
void kvt_arena_lower(struct kvt_arena *a, u32 limit);
void kvt_arena_raise_slots(struct kvt_space *space);
void kvt_arena_trim(struct kvt_arena *a);
u64 kvt_arena_bytes(const struct kvt_arena *a);
u64 kvt_arena_quota(const struct kvt_arena *a);

u32 kvt_arena_frame_get(struct kvt_arena *a);
void kvt_arena_relieve(struct kvt_arena *a);
void kvt_arena_frame_put(struct kvt_arena *a, u32 frame, bool poisoned);

struct page *kvt_arena_page(struct kvt_arena *a, u64 off);
void *kvt_arena_piece(struct kvt_arena *a, u64 off, u64 *len);
int kvt_arena_copy(struct kvt_arena *to, u32 to_frame,
		   struct kvt_arena *from, u32 from_frame);
void kvt_arena_sum_run(struct kvt_arena *a, u32 frame, u32 begin, u32 end,
		       u32 *crcs);
void kvt_arena_sum(struct kvt_arena *a, u32 frame, u32 *crcs);
bool kvt_arena_poisoned(struct kvt_arena *a, u64 off, u64 len);
bool kvt_arena_frame_poisoned(struct kvt_arena *a, u32 frame);
bool kvt_arena_frame_in_use(struct kvt_arena *a, u32 frame);
void kvt_arena_publish(struct kvt_arena *a, u32 frame, u32 valid);

#endif /* _KVT_ARENA_H */
