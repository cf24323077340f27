/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_FILE_H
#define _KVT_FILE_H

#include <linux/mutex.h>
#include <linux/xarray.h>
#include "fill.h"
#include "kvt.h"

/**
 * struct kvt_file - an open file of a space
 * @space: the space; constant
 * @filler: for what it has reserved
 * @rejected: it stated a wrong identity; only ever set
 * @lock: guards @leases
 * @leases: pages of lease counts, by slot / KVT_LEASES_PER_PAGE
 * @uring_lock: guards @urings
 * @urings: its commands by io_uring that have begun to wait (kmod/uring.c)
 */
struct kvt_file {
	struct kvt_space *space;
	struct kvt_filler filler;
	bool rejected;
	struct mutex lock;	/* @leases */
	struct xarray leases;
	spinlock_t uring_lock;	/* @urings */
	struct list_head urings;
};

/* lease.c: all under file->lock */
struct kvt_lease_cursor {
	unsigned long index;
	u16 *page;
};

int kvt_lease_add(struct kvt_file *f, struct kvt_lease_cursor *c, u32 slot);
bool kvt_lease_del(struct kvt_file *f, struct kvt_lease_cursor *c, u32 slot,
		   bool *last);
void kvt_lease_drop_all(struct kvt_file *f);

#endif /* _KVT_FILE_H */
