// SPDX-License-Identifier: GPL-2.0
/* Blocks that were found on nvme come back into their space. */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/slab.h>

#include "candidate.h"
#include "event.h"
#include "family.h"
#include "fill.h"
#include "index.h"
#include "log.h"
#include "restore.h"
#include "space.h"
#include "sums.h"
#include "trace.h"

/* Begin to restore blocks of @log, which takes so short that the time stays. */
void kvt_restore_begin(struct kvt_restore *rs, struct kvt_log *log)
{
	*rs = (struct kvt_restore){
		.log = log,
		.now = kvt_clock(),
		.clock = ktime_get_real_seconds(),
	};
}

void kvt_restore_end(struct kvt_restore *rs)
{
	kvt_block_discard(rs->log->arena->space, rs->spare);
}

/* When was it, by kvt_clock()? What was before that began was then. */
static u64 use_time(const struct kvt_restore *rs, u64 used)
{
	u64 age = used < rs->clock ? rs->clock - used : 0;

	return rs->now - min(age, div_u64(rs->now, NSEC_PER_SEC)) * NSEC_PER_SEC;
}

/* As if it were being filled, by nobody, until it is linked. */
static struct kvt_block *new_block(struct kvt_restore *rs,
				   const struct kvt_segment *seg, u32 index,
				   const struct kvt_log_entry *e)
{
	struct kvt_log *log = rs->log;
	struct kvt_block *b = kvt_block_alloc(log->arena->space, e->key);

	if (!b)
		return NULL;
	kvt_candidate_clear(b);
	b->state = KVT_FILLING;
	b->bits = seg->class_id << KVT_BITS_CLASS;
	kvt_block_set_arena(b, log->arena->index);
	b->frame = kvt_log_extent(log, seg, index);
	b->last_use = use_time(rs, le64_to_cpu(e->used)) | KVT_USED;
	return b;
}

static int alloc_spare(struct kvt_restore *rs, const u8 *parent)
{
	if (!rs->spare)
		rs->spare = kvt_block_alloc(rs->log->arena->space, parent);
	return rs->spare ? 0 : -ENOMEM;
}

static int link_block(struct kvt_restore *rs, struct kvt_segment *seg,
		      u32 index, struct kvt_block *b, const u8 *parent)
{
	struct kvt_arena *a = rs->log->arena;
	struct kvt_space *space = a->space;
	struct kvt_block *old;
	int err;

	lockdep_assert_held(&space->lock);
	/* What is found on it after it was given up would stay for ever. */
	if (READ_ONCE(seg->dev->failed))
		return -EIO;
	old = kvt_index_find(space, b->key);
	if (old && old->state != KVT_GHOST)
		return -EEXIST;
	err = kvt_fill_link(space, b, old, parent, &rs->spare);
	if (err)
		return err;
	kvt_segment_bind(seg, index, b->slot);
	space->nr_blocks++;
	a->nr_blocks++;
	/* As at a seal: who sees it also sees where its bytes are. */
	smp_store_release(&b->state, KVT_SEALED);
	kvt_block_share(space, b, false);
	trace_kvt_recover(space, b);
	kvt_event_block(space, b, KVT_NL_BLOCK_STORED);
	return 0;
}

static int place_block(struct kvt_space *space, struct kvt_block *b)
{
	u32 slots = READ_ONCE(space->nr_slots);
	int err = xa_alloc(&space->slots, &b->slot, b, XA_LIMIT(0, slots - 1),
			   GFP_KERNEL);

	return err == -EBUSY ? -ENOSPC : err;
}

static struct kvt_block *hold_present(struct kvt_space *space, const u8 *key)
{
	struct kvt_block *b;

	rcu_read_lock();
	b = kvt_index_find_rcu(space, key);
	if (b && !kvt_block_hold(space, b))
		b = NULL;
	rcu_read_unlock();
	return b;
}

/* Are the bytes of a held block those that were written as @index? */
static bool same_bytes(struct kvt_arena *a, u32 frame,
		       const struct kvt_segment *seg, u32 index)
{
	u32 nr = seg->log->layout.crcs, *crcs;
	bool same = false;

	crcs = kmalloc_array(nr, sizeof(*crcs), GFP_KERNEL);
	if (crcs && !kvt_arena_frame_poisoned(a, frame)) {
		kvt_sums_make(a, frame);
		same = kvt_sums_get(a, frame, crcs) &&
		       !memcmp(crcs, &seg->crcs[index * nr], nr * sizeof(*crcs));
	}
	kfree(crcs);
	return same;
}

/* Is a held block without a copy, and would it be written as @e? */
static bool lacks_copy(struct kvt_space *space, const struct kvt_block *b,
		       const struct kvt_segment *seg,
		       const struct kvt_log_entry *e)
{
	u8 parent[KVT_KEY_SIZE];

	lockdep_assert_held(&space->lock);
	kvt_family_parent_key(b, parent);
	return kvt_block_is_dirty(space, b) && !READ_ONCE(seg->dev->failed) &&
	       kvt_block_class(b) == seg->class_id &&
	       !memcmp(parent, e->parent, sizeof(parent));
}

/*
 * It is in memory, and nowhere else: it stayed there when the tier went. What was
 * found is its copy again, and need not be written once more.
 */
static int adopt_block(struct kvt_restore *rs, struct kvt_segment *seg,
		       u32 index, const struct kvt_log_entry *e)
{
	struct kvt_space *space = rs->log->arena->space;
	struct kvt_block *b = hold_present(space, e->key);
	struct kvt_arena *a;
	bool lacks;

	if (!b)
		return -EEXIST;
	a = kvt_block_arena(space, b);
	spin_lock(&space->lock);
	lacks = lacks_copy(space, b, seg, e);
	spin_unlock(&space->lock);
	lacks = lacks && same_bytes(a, b->frame, seg, index);
	spin_lock(&space->lock);
	/* It may have been dropped, or written elsewhere, meanwhile. */
	lacks = lacks && lacks_copy(space, b, seg, e);
	if (lacks) {
		a->below[b->frame] = kvt_copy(rs->log->arena->index,
					      kvt_log_extent(rs->log, seg, index));
		kvt_segment_bind(seg, index, b->slot);
	}
	spin_unlock(&space->lock);
	kvt_block_unhold(space, b, 1);
	return lacks ? 0 : -EEXIST;
}

/**
 * kvt_restore_block() - make a block present that is on nvme
 * @rs: begun
 * @seg: where it is; its offset and checksums are noted
 * @index: its entry
 * @e: the same, of type block and judged good; @e->parent may be absent
 *
 * Context: process, may sleep.
 * Return: 0, also if it is in memory, and this is its copy from now on; -ESTALE: it
 * has expired; -EEXIST: the key is present otherwise, or being filled; -ELOOP: it is
 * its own ancestor; -ENOSPC: no slot; -ENOMEM; -EIO: the device has failed.
 */
int kvt_restore_block(struct kvt_restore *rs, struct kvt_segment *seg,
		      u32 index, const struct kvt_log_entry *e)
{
	struct kvt_space *space = rs->log->arena->space;
	struct kvt_block *b;
	int err;

	err = alloc_spare(rs, e->parent);
	if (err)
		return err;
	b = new_block(rs, seg, index, e);
	if (!b)
		return -ENOMEM;
	if (kvt_retain_is_over(space, seg->class_id, b->last_use, rs->now)) {
		kvt_stat_inc(space, expired);
		err = -ESTALE;
		goto free;
	}
	err = place_block(space, b);
	if (err)
		goto free;
	spin_lock(&space->lock);
	err = link_block(rs, seg, index, b, e->parent);
	spin_unlock(&space->lock);
	if (err)
		goto unplace;
	kvt_stat_inc(space, recovered);
	return 0;
unplace:
	xa_erase(&space->slots, b->slot);
free:
	kvt_block_free(space, b);
	return err == -EEXIST ? adopt_block(rs, seg, index, e) : err;
}
