// SPDX-License-Identifier: GPL-2.0
/*
 * Segments that no log has: free ones, those on the way there, and those found on
 * the devices, which wait for a space that knows their owner's name.
 *
 * A segment is free once its state page says so on media. Otherwise what was
 * dropped with it would be found again after a crash.
 */
#include <linux/blkdev.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "log.h"
#include "nvme.h"
#include "space.h"

/* There is a segment to be had: who went without may try again. */
static void kick_logs(struct kvt_nvme *nvme)
{
	struct kvt_log *log;

	lockdep_assert_held(&nvme->lock);
	list_for_each_entry(log, &nvme->logs, list)
		queue_work(log->arena->space->wq, &log->arena->space->balance);
}

static void set_lost(struct kvt_segment *seg)
{
	seg->state = KVT_SEGMENT_LOST;
	seg->dev->nvme->nr_lost++;
	list_del_init(&seg->list);
}

/* Nobody has it: make it free, or write it off with its device. */
static void begin_freeing(struct kvt_segment *seg)
{
	struct kvt_device *dev = seg->dev;
	struct kvt_nvme *nvme = dev->nvme;

	lockdep_assert_held(&nvme->lock);
	kfree(seg->head);
	seg->head = NULL;
	if (READ_ONCE(dev->failed) || nvme->is_stopped) {
		set_lost(seg);
		return;
	}
	seg->state = KVT_SEGMENT_FREEING;
	nvme->nr_freeing++;
	list_move_tail(&seg->list, &dev->freeing);
	queue_work(nvme->wq, &dev->free_work);
}

/* ----------------------------------------------------------------------- free */

static int write_free(struct kvt_segment *seg, struct kvt_log_head *page)
{
	u64 state = kvt_segment_start(seg) + seg->dev->nvme->segment_bytes -
		    KVT_LOG_PAGE;
	struct kvt_log_place place;

	kvt_segment_place(seg, &place);
	kvt_log_make(page, KVT_LOG_FREE, KVT_LOG_PAGE, &place, NULL);
	kvt_log_seal(page);
	return kvt_io_sync(seg->dev, REQ_OP_WRITE | REQ_SYNC | REQ_FUA, state,
			   page, KVT_LOG_PAGE);
}

/* All but the state page. That it does not work on a device is no matter. */
static void discard(struct kvt_segment *seg)
{
	struct block_device *bdev = seg->dev->bdev;
	u64 len = seg->dev->nvme->segment_bytes - KVT_LOG_PAGE;

	if (bdev_max_discard_sectors(bdev))
		blkdev_issue_discard(bdev, kvt_segment_start(seg) >> SECTOR_SHIFT,
				     len >> SECTOR_SHIFT, GFP_NOIO);
}

static void end_freeing(struct kvt_segment *seg, int err)
{
	struct kvt_device *dev = seg->dev;
	struct kvt_nvme *nvme = dev->nvme;

	spin_lock(&nvme->lock);
	nvme->nr_freeing--;
	if (err || READ_ONCE(dev->failed)) {
		set_lost(seg);
	} else {
		seg->state = KVT_SEGMENT_FREE;
		list_move_tail(&seg->list, &dev->free);
		nvme->nr_free++;
	}
	kick_logs(nvme);
	spin_unlock(&nvme->lock);
}

static struct kvt_segment *first_freeing(struct kvt_device *dev)
{
	struct kvt_segment *seg;

	spin_lock(&dev->nvme->lock);
	seg = list_first_entry_or_null(&dev->freeing, struct kvt_segment, list);
	spin_unlock(&dev->nvme->lock);
	return seg;
}

void kvt_nvme_free_work(struct work_struct *work)
{
	struct kvt_device *dev = container_of(work, struct kvt_device,
					      free_work);
	void *page = (void *)__get_free_page(GFP_NOIO | __GFP_NOFAIL);
	struct kvt_segment *seg;
	int err;

	atomic_inc(&dev->inflight);
	while ((seg = first_freeing(dev))) {
		err = write_free(seg, page);
		if (!err)
			discard(seg);
		end_freeing(seg, err);
	}
	free_page((unsigned long)page);
	if (atomic_dec_and_test(&dev->inflight))
		wake_up_var(&dev->inflight);
}

/* -------------------------------------------------------------- take and give */

/* Room for who needs it: forget the oldest of what nobody has claimed. */
static void free_oldest_found(struct kvt_nvme *nvme)
{
	struct kvt_segment *seg;

	list_for_each_entry_reverse(seg, &nvme->found, list) {
		if (READ_ONCE(seg->dev->failed))
			continue;
		nvme->nr_found--;
		begin_freeing(seg);
		return;
	}
}

static struct kvt_segment *take_free(struct kvt_nvme *nvme)
{
	struct kvt_segment *seg;
	unsigned int i, at;

	for (i = 0; i < nvme->nr_devices; i++) {
		struct kvt_device *dev;

		at = (nvme->next_device + i) % nvme->nr_devices;
		dev = &nvme->devices[at];
		if (READ_ONCE(dev->failed) || list_empty(&dev->free))
			continue;
		seg = list_first_entry(&dev->free, struct kvt_segment, list);
		list_del_init(&seg->list);
		nvme->nr_free--;
		nvme->next_device = at + 1;
		return seg;
	}
	return NULL;
}

/**
 * kvt_nvme_take() - get a free segment
 * @nvme: the tier
 * @coming: out: there was none, but one is on its way to be free
 *
 * Context: any but interrupts; space->lock may be held.
 * Return: the segment, owned and in no list, with a new generation. NULL: there
 * is none; the balance work of all logs is queued when there is one again.
 */
struct kvt_segment *kvt_nvme_take(struct kvt_nvme *nvme, bool *coming)
{
	struct kvt_segment *seg = NULL;

	spin_lock(&nvme->lock);
	if (!nvme->is_stopped)
		seg = take_free(nvme);
	if (seg) {
		seg->state = KVT_SEGMENT_OWNED;
		seg->generation = ++nvme->generation;
	} else if (!nvme->is_stopped && !nvme->nr_freeing) {
		free_oldest_found(nvme);
	}
	*coming = !seg && nvme->nr_freeing;
	spin_unlock(&nvme->lock);
	return seg;
}

/**
 * kvt_nvme_give() - give a segment back: it becomes free in the background
 * @seg: owned, with nothing in it that is still needed. In no list
 *	(list_del_init()), or in its log's with space->lock held
 *
 * Context: any but interrupts; space->lock may be held.
 */
void kvt_nvme_give(struct kvt_segment *seg)
{
	struct kvt_nvme *nvme = seg->dev->nvme;

	WARN_ON_ONCE(seg->state != KVT_SEGMENT_OWNED);
	spin_lock(&nvme->lock);
	begin_freeing(seg);
	spin_unlock(&nvme->lock);
}

/* ---------------------------------------------------------------------- found */

static bool is_of(const struct kvt_segment *seg,
		  const struct kvt_log_owner *owner)
{
	return seg->head && !READ_ONCE(seg->dev->failed) &&
	       kvt_log_same_owner(seg->head, owner);
}

/**
 * kvt_nvme_adopt() - get what an owner of that name has left
 * @nvme: the tier
 * @owner: whose; the class does not matter
 * @to: where the segments go, newest first; each with its @head
 *
 * Context: any but interrupts; space->lock may be held.
 */
void kvt_nvme_adopt(struct kvt_nvme *nvme, const struct kvt_log_owner *owner,
		    struct list_head *to)
{
	struct kvt_segment *seg, *next;

	spin_lock(&nvme->lock);
	list_for_each_entry_safe(seg, next, &nvme->found, list) {
		if (!is_of(seg, owner))
			continue;
		seg->state = KVT_SEGMENT_OWNED;
		list_move_tail(&seg->list, to);
		nvme->nr_found--;
	}
	spin_unlock(&nvme->lock);
}

static bool is_oldest(struct kvt_nvme *nvme, const struct kvt_segment *seg)
{
	return list_empty(&nvme->found) ||
	       list_last_entry(&nvme->found, struct kvt_segment,
			       list)->generation >= seg->generation;
}

/* Highest generation first. Quick if segments come in order, either way. */
static void insert_found(struct kvt_nvme *nvme, struct kvt_segment *seg)
{
	struct kvt_segment *at;

	if (is_oldest(nvme, seg)) {
		list_move_tail(&seg->list, &nvme->found);
		return;
	}
	list_for_each_entry(at, &nvme->found, list)
		if (at->generation <= seg->generation)
			break;
	list_move_tail(&seg->list, &at->list);
}

/**
 * kvt_nvme_disown() - leave a segment for its owner to find again
 * @seg: owned; lists as for kvt_nvme_give()
 * @head: of its state page or header, from kmalloc(); NULL: nobody will
 *	find it before the devices are attached again
 *
 * Context: any but interrupts; space->lock may be held.
 */
void kvt_nvme_disown(struct kvt_segment *seg, struct kvt_log_head *head)
{
	struct kvt_nvme *nvme = seg->dev->nvme;

	WARN_ON_ONCE(seg->state != KVT_SEGMENT_OWNED);
	spin_lock(&nvme->lock);
	seg->head = head;
	if (READ_ONCE(seg->dev->failed)) {
		begin_freeing(seg);
	} else {
		seg->state = KVT_SEGMENT_FOUND;
		insert_found(nvme, seg);
		nvme->nr_found++;
	}
	spin_unlock(&nvme->lock);
}

/* A device has failed: what no log has of it is lost. Logs give back the rest. */
void kvt_nvme_lose(struct kvt_device *dev)
{
	struct kvt_nvme *nvme = dev->nvme;
	struct kvt_segment *seg, *next;

	spin_lock(&nvme->lock);
	list_for_each_entry_safe(seg, next, &dev->free, list) {
		set_lost(seg);
		nvme->nr_free--;
	}
	list_for_each_entry_safe(seg, next, &nvme->found, list) {
		if (seg->dev != dev)
			continue;
		begin_freeing(seg);
		nvme->nr_found--;
	}
	spin_unlock(&nvme->lock);
}
