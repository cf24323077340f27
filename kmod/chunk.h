/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_CHUNK_H
#define _KVT_CHUNK_H

#include <linux/list.h>
#include <linux/mm.h>
#include "kvt.h"

/**
 * struct kvt_chunk - 2 MiB of a tier's memory
 * @list: in one of the tier's lists while no arena has it
 * @order: of each of @pages: 9 where huge pages could be had
 * @pages: heads of 1 << (9 - order) compound pages
 *
 * Has one owner: the tier's free list, an arena, or the tier's limbo list.
 */
struct kvt_chunk {
	struct list_head list;
	unsigned int order;
	struct page *pages[];
};

#define KVT_CHUNK_ORDER (KVT_CHUNK_SHIFT - PAGE_SHIFT)

static inline unsigned int kvt_chunk_nr(const struct kvt_chunk *c)
{
	return 1U << (KVT_CHUNK_ORDER - c->order);
}

/* The page that byte @off of the chunk is in. */
static inline struct page *kvt_chunk_page(const struct kvt_chunk *c, u32 off)
{
	unsigned int shift = PAGE_SHIFT + c->order;
	u32 in_piece = off & (BIT(shift) - 1);

	return c->pages[off >> shift] + (in_piece >> PAGE_SHIFT);
}

struct kvt_chunk *kvt_chunk_alloc(int node);
void kvt_chunk_free(struct kvt_chunk *c);
void kvt_chunk_zero(struct kvt_chunk *c);
bool kvt_chunk_is_idle(const struct kvt_chunk *c);
bool kvt_chunk_is_pinned(const struct kvt_chunk *c);
bool kvt_chunk_is_poisoned(const struct kvt_chunk *c);
void kvt_chunk_quiesce(struct kvt_chunk *c);

#endif /* _KVT_CHUNK_H */
