// SPDX-License-Identifier: GPL-2.0
/*
 * Leases of an open file: how many it has on each slot.
 *
 * A count per slot in pages that are made on demand: taking and giving back a
 * lease are an index and an increment. The hold on the block itself is in
 * kvt_block.leases; every count here stands for one such hold.
 */
#include <linux/gfp.h>
#include <linux/limits.h>

#include "block.h"
#include "file.h"
#include "space.h"

#define LEASES_PER_PAGE (PAGE_SIZE / sizeof(u16))

/* The page of counts for @slot; successive slots mostly share it. */
static u16 *find_page(struct kvt_file *f, struct kvt_lease_cursor *c, u32 slot)
{
	unsigned long index = slot / LEASES_PER_PAGE;

	if (!c->page || c->index != index) {
		c->page = xa_load(&f->leases, index);
		c->index = index;
	}
	return c->page;
}

static u16 *make_page(struct kvt_file *f, struct kvt_lease_cursor *c)
{
	u16 *page = (u16 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

	if (page && xa_err(xa_store(&f->leases, c->index, page, GFP_KERNEL))) {
		free_page((unsigned long)page);
		page = NULL;
	}
	c->page = page;
	return page;
}

/**
 * kvt_lease_add() - record one lease of a file
 * @f: the file, locked
 * @c: cursor of this batch, zero at its start
 * @slot: of a block that the caller holds; the hold becomes the lease's
 *
 * Return: 1 if it is the file's first on the slot, 0 if not; -ENOMEM;
 * -EDQUOT if there are too many.
 */
int kvt_lease_add(struct kvt_file *f, struct kvt_lease_cursor *c, u32 slot)
{
	u16 *page, *count;

	lockdep_assert_held(&f->lock);
	page = find_page(f, c, slot);
	if (!page)
		page = make_page(f, c);
	if (!page)
		return -ENOMEM;
	count = page + slot % LEASES_PER_PAGE;
	if (*count == U16_MAX)
		return -EDQUOT;
	return (*count)++ == 0;
}

/**
 * kvt_lease_del() - forget one lease of a file
 * @f: the file, locked
 * @c: cursor of this batch, zero at its start
 * @slot: the slot
 * @last: out: it was the file's last on the slot
 *
 * Return: false if the file has none. Else the hold is the caller's.
 */
bool kvt_lease_del(struct kvt_file *f, struct kvt_lease_cursor *c, u32 slot,
		   bool *last)
{
	u16 *page = find_page(f, c, slot), *count;

	lockdep_assert_held(&f->lock);
	if (!page)
		return false;
	count = page + slot % LEASES_PER_PAGE;
	if (!*count)
		return false;
	*last = --*count == 0;
	return true;
}

static void drop_page(struct kvt_space *space, unsigned long index, u16 *page)
{
	unsigned long slot = index * LEASES_PER_PAGE;
	unsigned int i, nr = 0;

	for (i = 0; i < LEASES_PER_PAGE; i++) {
		if (!page[i])
			continue;
		/* The lease keeps the slot bound to its block. */
		kvt_block_unhold(space, xa_load(&space->slots, slot + i),
				 page[i]);
		nr++;
	}
	atomic_long_sub(nr, &space->held);
}

/* The file is going: nobody else can use it. May sleep. */
void kvt_lease_drop_all(struct kvt_file *f)
{
	unsigned long index;
	u16 *page;

	xa_for_each(&f->leases, index, page) {
		drop_page(f->space, index, page);
		free_page((unsigned long)page);
		cond_resched();
	}
	xa_destroy(&f->leases);
}
