// SPDX-License-Identifier: GPL-2.0
/* Chunks: 2 MiB pieces of a tier's memory, in the largest pages to be had. */
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/page-flags.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "chunk.h"

/*
 * Not __GFP_MOVABLE: a long-term pin of a page that is in ZONE_MOVABLE and not
 * on the LRU never ends.
 */
#define KVT_GFP_FRAME (GFP_KERNEL | __GFP_COMP | __GFP_ZERO | __GFP_NOWARN | \
		       __GFP_THISNODE | __GFP_RETRY_MAYFAIL)

static const unsigned int orders[] = { KVT_CHUNK_ORDER, 5, 0 };

static void free_pieces(struct kvt_chunk *c, unsigned int nr)
{
	while (nr--)
		__free_pages(c->pages[nr], c->order);
}

static struct kvt_chunk *chunk_alloc_order(int node, unsigned int order)
{
	unsigned int i, nr = 1U << (KVT_CHUNK_ORDER - order);
	struct kvt_chunk *c;

	c = kmalloc(struct_size(c, pages, nr), GFP_KERNEL);
	if (!c)
		return NULL;
	INIT_LIST_HEAD(&c->list);
	c->order = order;
	for (i = 0; i < nr; i++) {
		c->pages[i] = alloc_pages_node(node, KVT_GFP_FRAME, order);
		if (!c->pages[i]) {
			free_pieces(c, i);
			kfree(c);
			return NULL;
		}
		/* finish_fault() compares it with i_size: 0 always fits. */
		page_folio(c->pages[i])->index = 0;
	}
	return c;
}

/**
 * kvt_chunk_alloc() - take 2 MiB of zeroed memory from a node
 * @node: a node with memory
 *
 * Context: may sleep.
 * Return: the chunk, owned by the caller, or NULL.
 */
struct kvt_chunk *kvt_chunk_alloc(int node)
{
	struct kvt_chunk *c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		c = chunk_alloc_order(node, orders[i]);
		if (c)
			return c;
	}
	return NULL;
}

/* A poisoned page never goes back to the allocator: it is leaked on purpose. */
void kvt_chunk_free(struct kvt_chunk *c)
{
	if (!kvt_chunk_is_poisoned(c))
		free_pieces(c, kvt_chunk_nr(c));
	kfree(c);
}

void kvt_chunk_zero(struct kvt_chunk *c)
{
	u32 off;

	for (off = 0; off < KVT_CHUNK_SIZE; off += PAGE_SIZE) {
		clear_page(page_address(kvt_chunk_page(c, off)));
		cond_resched();
	}
}

/* Nobody maps or pins it: only the tier's own references are left. */
bool kvt_chunk_is_idle(const struct kvt_chunk *c)
{
	unsigned int i;

	for (i = 0; i < kvt_chunk_nr(c); i++)
		if (page_ref_count(c->pages[i]) != 1)
			return false;
	return true;
}

/* A device has it registered, or O_DIRECT is under way on it. */
bool kvt_chunk_is_pinned(const struct kvt_chunk *c)
{
	unsigned int i;

	for (i = 0; i < kvt_chunk_nr(c); i++)
		if (folio_maybe_dma_pinned(page_folio(c->pages[i])))
			return true;
	return false;
}

bool kvt_chunk_is_poisoned(const struct kvt_chunk *c)
{
	unsigned int i, j;

	for (i = 0; i < kvt_chunk_nr(c); i++)
		for (j = 0; j < 1U << c->order; j++)
			if (PageHWPoison(c->pages[i] + j))
				return true;
	return false;
}

/*
 * Wait for window faults that found the chunk before it was taken out of its
 * arena: they hold the folio lock until the page table entry is written.
 */
void kvt_chunk_quiesce(struct kvt_chunk *c)
{
	unsigned int i;

	for (i = 0; i < kvt_chunk_nr(c); i++) {
		folio_lock(page_folio(c->pages[i]));
		folio_unlock(page_folio(c->pages[i]));
	}
}
