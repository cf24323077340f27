// SPDX-License-Identifier: GPL-2.0
/*
 * Priorities on a device. What somebody waits for goes to the device at once. What
 * is done ahead of need (writing out, PREFETCH, carrying over) waits here for its
 * turn: of that not more is under way than a device needs to be busy and, while
 * somebody waits for a read or did so a moment ago, hardly anything. So a read
 * finds a bounded number of bytes before it, and what is done ahead never stands
 * still: one bio of it may always be under way.
 */
#include <linux/blkdev.h>
#include <linux/jiffies.h>

#include "io.h"
#include "nvme.h"
#include "turn.h"

/* Bytes that may be under way in turn: at leisure, and beside demand. */
#define AT_LEISURE	SZ_16M
#define BESIDE_DEMAND	KVT_TURN_MAX

/* Who reads block after block has pauses between, in jiffies. */
#define PAUSE		max(HZ / 50, 2)

static bool is_demanded(struct kvt_turns *t)
{
	return atomic_read(&t->demand) ||
	       time_before(jiffies, READ_ONCE(t->last_demand) + PAUSE);
}

static bool may_go(struct kvt_turns *t, u32 bytes)
{
	u32 limit = is_demanded(t) ? BESIDE_DEMAND : AT_LEISURE;

	return !t->bytes || t->bytes + bytes <= limit;
}

/* The next bio that may go, if any. Reads and writes take turns. */
static struct bio *take(struct kvt_turns *t)
{
	struct bio_list *list;
	struct bio *bio;
	unsigned long flags;

	spin_lock_irqsave(&t->lock, flags);
	list = &t->waiting[t->next];
	if (bio_list_empty(list))
		list = &t->waiting[!t->next];
	bio = bio_list_peek(list);
	if (bio && may_go(t, bio->bi_iter.bi_size)) {
		t->bytes += bio->bi_iter.bi_size;
		bio_list_pop(list);
		t->next = list == &t->waiting[0];
	} else {
		bio = NULL;
	}
	spin_unlock_irqrestore(&t->lock, flags);
	return bio;
}

static void hand_over(struct kvt_turns *t)
{
	struct bio *bio;

	while ((bio = take(t)))
		submit_bio(bio);
}

static void turn_work(struct work_struct *work)
{
	struct blk_plug plug;

	/* Neighbours are written as if they were one. */
	blk_start_plug(&plug);
	hand_over(container_of(work, struct kvt_turns, work));
	blk_finish_plug(&plug);
}

void kvt_turns_init(struct kvt_turns *t)
{
	spin_lock_init(&t->lock);
	bio_list_init(&t->waiting[0]);
	bio_list_init(&t->waiting[1]);
	t->last_demand = jiffies - PAUSE;
	INIT_WORK(&t->work, turn_work);
}

/**
 * kvt_turn_submit() - hand a bio to its device, now or when it is its turn
 * @io: what it belongs to
 * @bio: of at most KVT_TURN_MAX bytes if @io goes in turn
 *
 * Context: process, may sleep for a place in the device's queue.
 */
void kvt_turn_submit(struct kvt_io *io, struct bio *bio)
{
	struct kvt_turns *t = &io->dev->turns;
	unsigned long flags;

	if (io->urgency == KVT_DEMAND)
		atomic_inc(&t->demand);
	if (io->urgency != KVT_IN_TURN) {
		submit_bio(bio);
		return;
	}
	spin_lock_irqsave(&t->lock, flags);
	bio_list_add(&t->waiting[op_is_write(bio->bi_opf)], bio);
	spin_unlock_irqrestore(&t->lock, flags);
	hand_over(t);
}

/*
 * A bio of @io has ended, which had @bytes. Called before its device can know:
 * as long as others wait, so does who would close it.
 */
void kvt_turn_over(struct kvt_io *io, u32 bytes)
{
	struct kvt_turns *t = &io->dev->turns;
	unsigned long flags;
	bool more;

	if (io->urgency == KVT_DEMAND) {
		WRITE_ONCE(t->last_demand, jiffies);
		atomic_dec(&t->demand);
	}
	if (io->urgency != KVT_IN_TURN)
		return;
	spin_lock_irqsave(&t->lock, flags);
	t->bytes -= bytes;
	more = !bio_list_empty(&t->waiting[0]) || !bio_list_empty(&t->waiting[1]);
	spin_unlock_irqrestore(&t->lock, flags);
	if (more)
		queue_work(io->dev->nvme->wq, &t->work);
}
