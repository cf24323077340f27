// SPDX-License-Identifier: GPL-2.0
/* What is on a device: its segments' state pages, read when it is attached. */
#include <linux/bits.h>
#include <linux/blk_types.h>
#include <linux/completion.h>
#include <linux/mm.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "log_scan.h"
#include "nvme.h"

/* Reads under way. */
#define DEPTH 64

/* After so many unreadable segments in a row it is the device that is broken. */
#define MAX_UNREADABLE 8

/*
 * Generations of damaged segments are not known. New ones begin so much higher
 * that no old summary can be taken for one of a new segment.
 */
#define GENERATION_GAP BIT_ULL(20)

struct reader {
	struct kvt_io io;
	struct completion done;
	void *page;
};

/**
 * struct scan - reading one device
 * @dev: the device
 * @readers: DEPTH of them: segment i is read by that with index i % DEPTH
 * @pages: theirs
 * @unreadable: segments in a row of which nothing could be read
 * @damaged: segments
 */
struct scan {
	struct kvt_device *dev;
	struct reader *readers;
	void *pages;
	unsigned int unreadable;
	u32 damaged;
};

static void read_done(struct kvt_io *io)
{
	complete(&container_of(io, struct reader, io)->done);
}

static void begin_read(struct scan *s, u32 number)
{
	struct kvt_segment *seg = &s->dev->segments[number];
	struct reader *r = &s->readers[number % DEPTH];

	init_completion(&r->done);
	kvt_io_begin(&r->io, s->dev, read_done);
	kvt_io_add_buf(&r->io, REQ_OP_READ, kvt_segment_start(seg) +
		       s->dev->nvme->segment_bytes - KVT_LOG_PAGE, r->page,
		       KVT_LOG_PAGE);
	kvt_io_end(&r->io);
}

/* Note what a segment is. The tier is not in use yet: no locks. */
static int settle(struct kvt_segment *seg, const struct kvt_log_found *f,
		  const void *page)
{
	struct kvt_nvme *nvme = seg->dev->nvme;

	seg->generation = f->place.generation;
	nvme->generation = max(nvme->generation, seg->generation);
	if (f->kind == KVT_LOG_FREE) {
		seg->state = KVT_SEGMENT_FREE;
		list_add_tail(&seg->list, &seg->dev->free);
		nvme->nr_free++;
		return 0;
	}
	seg->head = kmemdup(page, sizeof(*seg->head), GFP_KERNEL);
	if (!seg->head)
		return -ENOMEM;
	seg->state = KVT_SEGMENT_FOUND;
	list_add_tail(&seg->list, &nvme->found);
	nvme->nr_found++;
	return 0;
}

static void note_damage(struct scan *s, const struct kvt_segment *seg,
			const char *what)
{
	s->damaged++;
	atomic64_inc(&s->dev->nvme->bad_records);
	pr_warn_ratelimited("kvtier: %s: %pg: segment %u: %s\n",
			    dev_name(&s->dev->nvme->tier.dev), s->dev->bdev,
			    seg->number, what);
}

/* Its state page is no good, because of @why: does its header say more? */
static int take_header(struct scan *s, struct kvt_segment *seg,
		       const struct kvt_log_place *place, void *page, int why)
{
	struct kvt_log_found f = { .kind = KVT_LOG_FREE };
	int err = -EIO;

	if (!kvt_io_sync(s->dev, REQ_OP_READ, kvt_segment_start(seg), page,
			 KVT_LOG_PAGE))
		err = kvt_log_scan_header(&f, page, place,
					  s->dev->nvme->segment_bytes);
	s->unreadable = why == -EIO && err == -EIO ? s->unreadable + 1 : 0;
	if (s->unreadable == MAX_UNREADABLE)
		return -EIO;
	if (!err) {
		note_damage(s, seg, "its state is damaged, its header is used");
	} else {
		f = (struct kvt_log_found){ .kind = KVT_LOG_FREE };
		if (err != -ENODATA || why != -ENODATA)
			note_damage(s, seg, "damaged, its blocks are lost");
	}
	return settle(seg, &f, page);
}

static int take_state(struct scan *s, u32 number)
{
	struct kvt_segment *seg = &s->dev->segments[number];
	struct reader *r = &s->readers[number % DEPTH];
	struct kvt_log_place place;
	struct kvt_log_found f;
	int err = -EIO;

	kvt_segment_place(seg, &place);
	if (!r->io.status)
		err = kvt_log_scan_state(&f, r->page, &place,
					 s->dev->nvme->segment_bytes);
	if (err)
		return take_header(s, seg, &place, r->page, err);
	s->unreadable = 0;
	return settle(seg, &f, r->page);
}

/* After an error nothing new is read, but what was begun is waited for. */
static int read_all(struct scan *s)
{
	u32 nr = s->dev->nr_segments, next = 0, i;
	int err = 0;

	for (i = 0; i < next || (i < nr && !err); i++) {
		for (; next < nr && next - i < DEPTH && !err; next++)
			begin_read(s, next);
		wait_for_completion_io(&s->readers[i % DEPTH].done);
		if (!err)
			err = take_state(s, i);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
	}
	return err;
}

/**
 * kvt_nvme_scan() - find out what the segments of a device are
 * @nvme: the tier, which nobody can see yet
 * @dev: with its segments, whose numbers are set
 *
 * Found segments are appended to the tier's list, in no order.
 *
 * Context: process, may sleep; ends early if the caller is killed.
 * Return: 0, -EIO, -EINTR or -ENOMEM.
 */
int kvt_nvme_scan(struct kvt_nvme *nvme, struct kvt_device *dev)
{
	struct scan s = { .dev = dev };
	int err = -ENOMEM;
	unsigned int i;

	s.readers = kcalloc(DEPTH, sizeof(*s.readers), GFP_KERNEL);
	s.pages = kvmalloc(DEPTH * KVT_LOG_PAGE, GFP_KERNEL);
	if (s.readers && s.pages) {
		for (i = 0; i < DEPTH; i++)
			s.readers[i].page = s.pages + i * KVT_LOG_PAGE;
		err = read_all(&s);
	}
	if (s.damaged)
		nvme->generation += GENERATION_GAP;
	kfree(s.readers);
	kvfree(s.pages);
	return err;
}
