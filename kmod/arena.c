// SPDX-License-Identifier: GPL-2.0
/*
 * Arenas: frames, the memory under them, and the status words beside them.
 * Frames lie back to back over the arena's chunks, so one may straddle two.
 */
#include <linux/bitmap.h>
#include <linux/crc32c.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "arena.h"
#include "chunk.h"
#include "log.h"
#include "space.h"
#include "sums.h"
#include "tier.h"

#define STATUS_PER_PAGE (PAGE_SIZE / sizeof(struct kvt_status))

void kvt_arena_init(struct kvt_arena *a, struct kvt_space *space,
		    unsigned int index)
{
	a->space = space;
	a->index = index;
	xa_init(&a->chunks);
	xa_init(&a->status);
	xa_init(&a->sums);
	a->evict = RB_ROOT_CACHED;
}

static u64 nr_chunks_for(const struct kvt_arena *a, u32 frames)
{
	return DIV_ROUND_UP((u64)frames * a->space->block_size, KVT_CHUNK_SIZE);
}

static u64 nr_chunks(const struct kvt_arena *a)
{
	return READ_ONCE(a->nr_chunks);
}

/* Bytes of memory it has; what does not make a whole frame is counted too. */
u64 kvt_arena_bytes(const struct kvt_arena *a)
{
	return nr_chunks(a) << KVT_CHUNK_SHIFT;
}

/* Bytes of the tier that are the space's to use. */
u64 kvt_arena_quota(const struct kvt_arena *a)
{
	return a->log ? kvt_log_bytes(a) : kvt_arena_bytes(a);
}

static int grow_status(struct kvt_arena *a, u32 frames)
{
	unsigned long i, nr = DIV_ROUND_UP(frames, STATUS_PER_PAGE);

	for (i = 0; i < nr; i++) {
		struct page *page;
		int err;

		if (xa_load(&a->status, i))
			continue;
		page = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!page)
			return -ENOMEM;
		page_folio(page)->index = 0;
		err = xa_err(xa_store(&a->status, i, page, GFP_KERNEL));
		if (err) {
			__free_page(page);
			return err;
		}
	}
	return 0;
}

/* Put chunks back that could not be removed: frames on them may be used. */
static void restore_chunks(struct kvt_arena *a, struct list_head *list,
			   u64 first)
{
	struct kvt_chunk *c, *next;

	list_for_each_entry_safe(c, next, list, list) {
		list_del_init(&c->list);
		/* The index was kept by a zero entry: no memory is needed. */
		xa_store(&a->chunks, first++, c, GFP_KERNEL);
	}
}

/* Take chunks from @first on out of sight. Returns how many are in @list. */
static u64 hide_chunks(struct kvt_arena *a, u64 first, struct list_head *list)
{
	struct address_space *mapping = a->space->inode->i_mapping;
	struct kvt_chunk *c;
	unsigned long i;
	u64 nr = 0;

	filemap_invalidate_lock(mapping);
	xa_for_each_start(&a->chunks, i, c, first) {
		xa_store(&a->chunks, i, XA_ZERO_ENTRY, GFP_KERNEL);
		list_add_tail(&c->list, list);
		nr++;
	}
	filemap_invalidate_unlock(mapping);
	list_for_each_entry(c, list, list)
		kvt_chunk_quiesce(c);
	if (nr)
		unmap_mapping_range(mapping, kvt_window_offset(a->index) +
				    (first << KVT_CHUNK_SHIFT),
				    nr << KVT_CHUNK_SHIFT, 1);
	return nr;
}

/* The first chunk, from @first on, after which none is pinned. */
static u64 skip_pinned(struct kvt_arena *a, u64 first)
{
	u64 i = nr_chunks(a);

	while (i > first && !kvt_chunk_is_pinned(xa_load(&a->chunks, i - 1)))
		i--;
	return i;
}

/*
 * Hand the chunks from index @first on back to the tier. A device that has
 * registered the window would go on using a pinned chunk at its old place: so
 * unless @force (nobody has the space open), only what is unpinned at the end
 * of the window goes.
 */
static void remove_chunks(struct kvt_arena *a, u64 first, bool force)
{
	struct kvt_chunk *c;
	LIST_HEAD(hidden);
	LIST_HEAD(gone);
	u64 i;

	if (!force)
		first = skip_pinned(a, first);
	i = first + hide_chunks(a, first, &hidden);
	while (i > first) {
		c = list_last_entry(&hidden, struct kvt_chunk, list);
		if (!force && !kvt_chunk_is_idle(c))
			break;
		xa_erase(&a->chunks, --i);
		WRITE_ONCE(a->nr_chunks, i);
		list_move(&c->list, &gone);
	}
	restore_chunks(a, &hidden, first);
	if (!list_empty(&gone))
		kvt_tier_give(a->tier, &gone);
}

static int store_chunks(struct kvt_arena *a, u64 first, struct list_head *list)
{
	struct kvt_chunk *c, *next;
	int err;

	list_for_each_entry_safe(c, next, list, list) {
		err = xa_err(xa_store(&a->chunks, first, c, GFP_KERNEL));
		if (err)
			return err;
		list_del_init(&c->list);
		WRITE_ONCE(a->nr_chunks, ++first);
	}
	return 0;
}

/*
 * A slot for each block on nvme, for each frame, and for each fill whose time was
 * over: see kvt_filler.
 */
void kvt_arena_raise_slots(struct kvt_space *space)
{
	u64 slots = 2 * kvt_space_frames(space) + kvt_space_extents(space);

	lockdep_assert_held(&space->lock);
	slots = min_t(u64, slots, KVT_NO_SLOT);
	if (slots > space->nr_slots)
		WRITE_ONCE(space->nr_slots, slots);
}

/* Make frames up to @frames known and free. */
static int extend_frames(struct kvt_arena *a, u32 frames)
{
	unsigned long *used;
	u64 *below;

	used = kvcalloc(BITS_TO_LONGS(frames), sizeof(long), GFP_KERNEL);
	below = kvmalloc_array(frames, sizeof(u64), GFP_KERNEL);
	if (!used || !below) {
		kvfree(used);
		kvfree(below);
		return -ENOMEM;
	}
	memset64(below, KVT_NO_COPY, frames);
	spin_lock(&a->space->lock);
	if (a->used)
		bitmap_copy(used, a->used, a->nr_frames);
	if (a->below)
		memcpy(below, a->below, array_size(a->nr_frames, sizeof(u64)));
	swap(a->used, used);
	swap(a->below, below);
	a->nr_free += frames - a->limit;
	WRITE_ONCE(a->limit, frames);
	WRITE_ONCE(a->nr_frames, frames);
	kvt_arena_raise_slots(a->space);
	spin_unlock(&a->space->lock);
	kvt_space_wake(a->space);
	kvfree(used);
	kvfree(below);
	return 0;
}

/**
 * kvt_arena_grow() - add memory to an arena
 * @a: the arena, on a tier
 * @bytes: its new size, more than now
 *
 * Context: kvt_admin held.
 * Return: 0; -ENOSPC or -ENOMEM and nothing changed.
 */
int kvt_arena_grow(struct kvt_arena *a, u64 bytes)
{
	u64 have = nr_chunks(a), frames = div_u64(bytes, a->space->block_size);
	LIST_HEAD(list);
	int err;

	lockdep_assert_held(&kvt_admin);
	if (frames >= KVT_NO_FRAME || bytes > KVT_WINDOW_MAX)
		return -ENOSPC;
	err = kvt_tier_take(a->tier, (bytes >> KVT_CHUNK_SHIFT) - have, &list);
	if (err)
		return err;
	err = store_chunks(a, have, &list);
	if (!err)
		err = grow_status(a, frames);
	if (!err)
		err = extend_frames(a, frames);
	if (!err)
		return 0;
	kvt_tier_give(a->tier, &list);
	remove_chunks(a, have, true);
	return err;
}

/**
 * kvt_arena_attach() - give a space a share of a tier
 * @a: arena that is not in use
 * @tier: the tier
 * @bytes: how much
 *
 * Context: kvt_admin held.
 * Return: 0; -ENOSPC, -ENOMEM, for nvme -EINVAL, and for a remote tier always.
 */
int kvt_arena_attach(struct kvt_arena *a, struct kvt_tier *tier, u64 bytes)
{
	int err;

	if (tier->kind == KVT_TIER_REMOTE)
		return -EINVAL;
	if (!kvt_tier_is_memory(tier))
		return kvt_log_attach(a, to_kvt_nvme(tier), bytes);
	tier->users++;
	spin_lock(&a->space->lock);
	a->kind = tier->kind;
	a->node = tier->node;
	WRITE_ONCE(a->tier, tier);
	spin_unlock(&a->space->lock);
	err = kvt_arena_grow(a, bytes);
	if (err)
		kvt_arena_detach(a);
	return err;
}

/*
 * Take the arena off its tier. Its frames are free, or nobody can reach the
 * space any more. Status pages stay until the space goes: they may be mapped.
 */
void kvt_arena_detach(struct kvt_arena *a)
{
	struct kvt_tier *tier = a->tier;
	unsigned long *used;
	u64 *below;

	if (a->log) {
		kvt_log_detach(a, false);
		return;
	}
	spin_lock(&a->space->lock);
	used = a->used;
	a->used = NULL;
	below = a->below;
	a->below = NULL;
	a->limit = 0;
	a->nr_free = 0;
	a->hint = 0;
	WRITE_ONCE(a->nr_frames, 0);
	spin_unlock(&a->space->lock);
	kvfree(used);
	kvfree(below);
	kvt_sums_free(a);
	remove_chunks(a, 0, true);
	tier->users--;
	spin_lock(&a->space->lock);
	WRITE_ONCE(a->tier, NULL);
	spin_unlock(&a->space->lock);
}

static void set_limit(struct kvt_arena *a, u32 limit)
{
	WRITE_ONCE(a->limit, limit);
	a->nr_free = limit - bitmap_weight(a->used, limit);
	a->hint = 0;
}

/* From now on hand out only frames below @limit. */
void kvt_arena_lower(struct kvt_arena *a, u32 limit)
{
	lockdep_assert_held(&kvt_admin);
	spin_lock(&a->space->lock);
	set_limit(a, limit);
	spin_unlock(&a->space->lock);
}

/*
 * Give back the memory above the last frame that is below limit or in use, as
 * far as it is not pinned; what stays can be used again.
 */
void kvt_arena_trim(struct kvt_arena *a)
{
	u32 last, keep;

	lockdep_assert_held(&kvt_admin);
	spin_lock(&a->space->lock);
	last = find_last_bit(a->used, a->nr_frames);
	keep = last < a->nr_frames && last >= a->limit ? last + 1 : a->limit;
	spin_unlock(&a->space->lock);

	remove_chunks(a, nr_chunks_for(a, keep), false);

	spin_lock(&a->space->lock);
	/* What stays can be used, also past the last frame that was kept. */
	keep = div_u64(kvt_arena_bytes(a), a->space->block_size);
	keep = min(keep, a->nr_frames);
	WRITE_ONCE(a->nr_frames, keep);
	set_limit(a, keep);
	spin_unlock(&a->space->lock);
	kvt_space_wake(a->space);
}

/**
 * kvt_arena_frame_get() - take a free frame
 * @a: the arena
 *
 * Context: space->lock held.
 * Return: the frame, owned by the caller, or KVT_NO_FRAME.
 */
u32 kvt_arena_frame_get(struct kvt_arena *a)
{
	u32 frame;

	lockdep_assert_held(&a->space->lock);
	if (!a->nr_free)
		return KVT_NO_FRAME;
	frame = find_next_zero_bit(a->used, a->limit, a->hint);
	if (frame >= a->limit)
		frame = find_first_zero_bit(a->used, a->limit);
	__set_bit(frame, a->used);
	kvt_sums_forget(a, frame);
	a->hint = frame + 1 < a->limit ? frame + 1 : 0;
	a->nr_free--;
	return frame;
}

/* Who heard that @a is short of frames is to hear when it is not any more. */
void kvt_arena_relieve(struct kvt_arena *a)
{
	if (unlikely(READ_ONCE(a->is_short)))
		queue_work(a->space->wq, &a->space->balance);
}

/* Nothing maps or owns @frame any more. A poisoned one is never used again. */
void kvt_arena_frame_put(struct kvt_arena *a, u32 frame, bool poisoned)
{
	lockdep_assert_held(&a->space->lock);
	if (poisoned)
		return;
	__clear_bit(frame, a->used);
	if (frame < a->limit)
		a->nr_free++;
	kvt_arena_relieve(a);
}

/* The page at byte @off of the window, or NULL past its end. */
struct page *kvt_arena_page(struct kvt_arena *a, u64 off)
{
	struct kvt_chunk *c = xa_load(&a->chunks, off >> KVT_CHUNK_SHIFT);

	return c ? kvt_chunk_page(c, off & (KVT_CHUNK_SIZE - 1)) : NULL;
}

/* The page at @off; *@len is cut to what is contiguous from @off on. */
static struct page *find_piece(struct kvt_arena *a, u64 off, u64 *len)
{
	struct kvt_chunk *c = xa_load(&a->chunks, off >> KVT_CHUNK_SHIFT);
	u32 in_chunk = off & (KVT_CHUNK_SIZE - 1);
	u64 piece = PAGE_SIZE << c->order;

	*len = min(*len, piece - (in_chunk & (piece - 1)));
	return kvt_chunk_page(c, in_chunk);
}

/**
 * kvt_arena_piece() - kernel address of window bytes
 * @a: the arena
 * @off: byte of the window, inside a frame that the caller owns or holds
 * @len: in: bytes wanted; out: bytes that are contiguous from there
 *
 * Return: the address of byte @off.
 */
void *kvt_arena_piece(struct kvt_arena *a, u64 off, u64 *len)
{
	return page_address(find_piece(a, off, len)) + (off & (PAGE_SIZE - 1));
}

/* Returns 0, or -EHWPOISON if the source cannot be read. May sleep. */
int kvt_arena_copy(struct kvt_arena *to, u32 to_frame,
		   struct kvt_arena *from, u32 from_frame)
{
	u64 size = to->space->block_size, done, len, src_len;
	u64 dst_off = to_frame * size, src_off = from_frame * size;

	for (done = 0; done < size; done += len) {
		void *dst, *src;

		len = min_t(u64, size - done, KVT_CHUNK_SIZE);
		dst = kvt_arena_piece(to, dst_off + done, &len);
		src_len = len;
		src = kvt_arena_piece(from, src_off + done, &src_len);
		len = src_len;
		if (copy_mc_to_kernel(dst, src, len))
			return -EHWPOISON;
		cond_resched();
	}
	return 0;
}

/**
 * kvt_arena_sum_run() - checksums of a part of a frame
 * @a: the arena
 * @frame: owned or held by the caller, who has made sure that it can be read
 * @begin: first byte, a multiple of KVT_LOG_CRC_SPAN
 * @end: byte after the last; the same, or the block's end
 * @crcs: out: one of each KVT_LOG_CRC_SPAN
 *
 * Context: process, may sleep.
 */
void kvt_arena_sum_run(struct kvt_arena *a, u32 frame, u32 begin, u32 end,
		       u32 *crcs)
{
	u64 off = (u64)frame * a->space->block_size, done, len;
	u32 crc = ~0U;

	for (done = begin; done < end; done += len) {
		void *from;

		len = min_t(u64, end - done, KVT_LOG_CRC_SPAN -
			    done % KVT_LOG_CRC_SPAN);
		from = kvt_arena_piece(a, off + done, &len);
		crc = crc32c(crc, from, len);
		if ((done + len) % KVT_LOG_CRC_SPAN && done + len < end)
			continue;
		*crcs++ = crc;
		crc = ~0U;
		cond_resched();
	}
}

/* The same of all its bytes. */
void kvt_arena_sum(struct kvt_arena *a, u32 frame, u32 *crcs)
{
	kvt_arena_sum_run(a, frame, 0, a->space->block_size, crcs);
}

/* Does @test hold for a page of the window between the bytes @off and @end? */
static __always_inline bool any_page(struct kvt_arena *a, u64 off, u64 end,
				     bool (*test)(struct page *page))
{
	for (off &= PAGE_MASK; off < end; ) {
		u64 len = PAGE_ALIGN(end - off);
		struct page *page = find_piece(a, off, &len);

		for (off += len; len; len -= PAGE_SIZE, page++)
			if (test(page))
				return true;
	}
	return false;
}

static bool page_poisoned(struct page *page)
{
	return PageHWPoison(page);
}

/* Our own reference and one for each map; whatever is beyond is I/O. */
static bool page_in_use(struct page *page)
{
	struct folio *folio = page_folio(page);

	return folio_ref_count(folio) != 1 + folio_mapcount(folio);
}

/* Has memory of these window bytes failed? They must not be read. */
bool kvt_arena_poisoned(struct kvt_arena *a, u64 off, u64 len)
{
	return any_page(a, off, off + len, page_poisoned);
}

/* The same for a frame: it must not be used again either. */
bool kvt_arena_frame_poisoned(struct kvt_arena *a, u32 frame)
{
	u64 size = a->space->block_size;

	return kvt_arena_poisoned(a, frame * size, size);
}

/* May a device, or anything else, still be writing to the frame's memory? */
bool kvt_arena_frame_in_use(struct kvt_arena *a, u32 frame)
{
	u64 size = a->space->block_size;

	return any_page(a, frame * size, (frame + 1) * size, page_in_use);
}

/*
 * Tell who polls the status area: @valid leading bytes of @frame are good, and
 * they are other bytes than before if @valid is 0.
 */
void kvt_arena_publish(struct kvt_arena *a, u32 frame, u32 valid)
{
	struct page *page = xa_load(&a->status, frame / STATUS_PER_PAGE);
	struct kvt_status *s = page_address(page), new;

	s += frame % STATUS_PER_PAGE;
	new.generation = s->generation + !valid;
	new.valid = valid;
	/* Who sees the word also sees the bytes it speaks of. */
	smp_store_release((u64 *)s, *(u64 *)&new);
}
