/* SPDX-License-Identifier: GPL-2.0 */
/* Draining: all that a space holds gets a copy on the pool, what is worth most first. */
#ifndef _KVT_DRAIN_H
#define _KVT_DRAIN_H

#include <linux/mutex.h>
#include <linux/workqueue.h>
#include "kvt.h"

struct kvt_drain_item;

/**
 * struct kvt_drain - a space's drain
 * @lock: held by who begins or ends it
 * @work: what it is done by
 * @is_on: it is under way (READ_ONCE)
 * @items: blocks to be copied. The work's own while @is_on
 * @first: of @items: those before it are over
 * @total: length of @items; as the next ones read without a lock, and stays when it is over
 * @done: that have a copy
 * @failed: that got none: lost or dropped meanwhile, or not taken
 */
struct kvt_drain {
	struct mutex lock;	/* beginning and end */
	struct delayed_work work;
	bool is_on;
	struct kvt_drain_item *items;
	u32 first;
	u32 total;
	u32 done;
	u32 failed;
};

void kvt_drain_init(struct kvt_space *space);
int kvt_drain_begin(struct kvt_space *space);
void kvt_drain_stop(struct kvt_space *space);

#endif /* _KVT_DRAIN_H */
