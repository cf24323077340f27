/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_TURN_H
#define _KVT_TURN_H

#include <linux/bio.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

/* A bio of what can wait is not longer. */
#define KVT_TURN_MAX SZ_1M

/**
 * enum kvt_urgency - when a transfer goes to its device
 * @KVT_AT_ONCE: it is neither of the others: records of the log
 * @KVT_DEMAND: at once, and others make way: somebody waits for a block
 * @KVT_IN_TURN: when there is room for it: blocks written ahead, brought up ahead,
 *	carried over
 */
enum kvt_urgency {
	KVT_AT_ONCE,
	KVT_DEMAND,
	KVT_IN_TURN,
};

/**
 * struct kvt_turns - whose turn it is at a device
 * @demand: bios that somebody waits for, under way (atomic)
 * @last_demand: when one of them ended last, in jiffies (READ_ONCE)
 * @work: hands waiting bios over
 * @lock: guards what follows; safe in interrupts
 * @waiting: bios that are to go in turn: reads, writes
 * @next: which of @waiting is next, if it has any
 * @bytes: of such bios under way
 */
struct kvt_turns {
	atomic_t demand;
	unsigned long last_demand;
	struct work_struct work;
	spinlock_t lock;	/* what follows */
	struct bio_list waiting[2];
	unsigned int next;
	u32 bytes;
};

struct kvt_device;
struct kvt_io;

void kvt_turns_init(struct kvt_turns *t);
void kvt_turn_submit(struct kvt_io *io, struct bio *bio);
void kvt_turn_over(struct kvt_io *io, u32 bytes);

#endif /* _KVT_TURN_H */
