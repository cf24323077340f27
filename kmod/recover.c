// SPDX-License-Identifier: GPL-2.0
/*
 * Recovery: a log's segments of an earlier life are read, and their blocks become
 * present again, while the space is in use.
 *
 * The newest segment is applied first, and in it the last entry: so a tomb is
 * known before the block that it names, and of two blocks of one key the later
 * one wins. Footers are read ahead. Until the last segment has been applied the
 * log writes nothing, so that the segments stay in order.
 *
 * What was read has passed the codec's tests. A segment that is damaged costs its
 * own blocks and tombs, no more.
 *
 * While this work may run it alone removes segments from log->found, and it alone
 * walks that list without space->lock.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "io.h"
#include "log.h"
#include "log_scan.h"
#include "restore.h"
#include "space.h"

/* Footers that are being read, or wait for their turn; and how many bytes. */
#define MAX_READERS 16
#define MAX_READ_BYTES SZ_32M

/* When memory is short: so often it is tried again, in so many ms at first. */
#define MAX_RETRIES 5
#define RETRY_MS 20

/**
 * struct reader - reads one segment
 * @io: the transfer of its footer
 * @done: it has ended
 * @seg: the segment
 * @has_footer: it is closed
 * @table: room for the longest footer; then its entries
 * @nr: entries in @table
 */
struct reader {
	struct kvt_io io;
	struct completion done;
	struct kvt_segment *seg;
	bool has_footer;
	void *table;
	u32 nr;
};

/**
 * struct recovery - reading all that was found
 * @log: whose
 * @readers: by turns
 * @nr_readers: that have a table
 * @begun: segments that were given to readers
 * @applied: of them, those that are done with
 * @next: in log->found: where to read on
 * @tombs: by id of a segment that is still to be applied: bitmap of its entries
 *	that tombs name
 * @buffer: for summaries
 * @nr_blocks: that came back
 */
struct recovery {
	struct kvt_log *log;
	struct reader readers[MAX_READERS];
	u32 nr_readers;
	u32 begun;
	u32 applied;
	struct list_head *next;
	struct xarray tombs;
	void *buffer;
	u64 nr_blocks;
};

static struct kvt_space *space_of(const struct recovery *r)
{
	return r->log->arena->space;
}

static bool is_stopped(const struct kvt_log *log)
{
	return READ_ONCE(log->is_stopping);
}

/* Memory is short: wait for better times. false: no longer. */
static bool wait_for_memory(struct kvt_log *log, unsigned int *tries)
{
	if (*tries == MAX_RETRIES || is_stopped(log))
		return false;
	msleep(RETRY_MS << (*tries)++);
	return true;
}

static void complain(const struct kvt_segment *seg, const char *what)
{
	pr_warn_ratelimited("kvtier: %s: %pg: segment %u: %s\n",
			    dev_name(&seg->dev->nvme->tier.dev), seg->dev->bdev,
			    seg->number, what);
}

/* ---------------------------------------------------------- what becomes of it */

/* @seg, not applied, is not the log's any more. */
static void take_from_log(struct kvt_log *log, struct kvt_segment *seg)
{
	struct kvt_space *space = log->arena->space;

	spin_lock(&space->lock);
	list_del_init(&seg->list);
	log->nr_segments--;
	log->nr_unburied -= seg->slots ? seg->nr_unburied : 0;
	spin_unlock(&space->lock);
	if (seg->slots)
		kvt_segment_release(seg);
	WRITE_ONCE(seg->log, NULL);
	atomic_dec(&log->nvme->recovering);
}

/* Nothing in it is needed. */
static void give_back(struct kvt_log *log, struct kvt_segment *seg)
{
	take_from_log(log, seg);
	kvt_nvme_give(seg);
}

/* It cannot be read now: the next attach may have more luck. */
static void leave(struct kvt_log *log, struct kvt_segment *seg)
{
	take_from_log(log, seg);
	kvt_nvme_disown(seg, seg->head);
}

/*
 * It has been applied, and is one of the log's segments from now on: older than
 * all that are so far. Without a good footer it gets one.
 */
static void keep(struct kvt_log *log, struct kvt_segment *seg, bool has_footer)
{
	struct kvt_space *space = log->arena->space;

	spin_lock(&space->lock);
	list_move(&seg->list, &log->segments);
	seg->sealed_at = kvt_clock();
	seg->is_closed = has_footer;
	if (has_footer)
		seg->busy--;
	spin_unlock(&space->lock);
	if (!has_footer)
		queue_work(log->nvme->wq, &seg->close);
	atomic_dec(&log->nvme->recovering);
}

/* -------------------------------------------------------------------- reading */

static void read_done(struct kvt_io *io)
{
	complete(&container_of(io, struct reader, io)->done);
}

static void begin_footer(struct reader *rd)
{
	struct kvt_segment *seg = rd->seg;
	const struct kvt_log_layout *l = &seg->log->layout;
	u32 bytes = kvt_log_footer_bytes(l, rd->nr);
	u64 pos = kvt_segment_start(seg) + l->segment_bytes - KVT_LOG_PAGE;

	init_completion(&rd->done);
	kvt_io_begin(&rd->io, seg->dev, read_done);
	if (bytes)
		kvt_io_add_buf(&rd->io, REQ_OP_READ, pos - bytes, rd->table,
			       bytes);
	kvt_io_end(&rd->io);
}

static void begin_read(struct reader *rd, struct kvt_segment *seg)
{
	const struct kvt_log_head *h = seg->head;

	rd->seg = seg;
	rd->nr = le32_to_cpu(h->nr);
	rd->has_footer = le32_to_cpu(h->kind) == KVT_LOG_CLOSED &&
			 !kvt_log_check_state(h, &seg->log->layout);
	if (rd->has_footer)
		begin_footer(rd);
}

/* Keep all readers busy. */
static void read_ahead(struct recovery *r)
{
	while (r->begun - r->applied < r->nr_readers &&
	       r->next != &r->log->found) {
		begin_read(&r->readers[r->begun++ % r->nr_readers],
			   list_entry(r->next, struct kvt_segment, list));
		r->next = r->next->next;
	}
}

/* Is there a good footer in the table? */
static bool end_footer(struct reader *rd)
{
	struct kvt_segment *seg = rd->seg;

	if (!rd->has_footer)
		return false;
	wait_for_completion_io(&rd->done);
	if (rd->io.status) {
		complain(seg, "its footer cannot be read, its summaries are used");
		return false;
	}
	if (!kvt_log_check_footer(seg->head, &seg->log->layout, rd->table))
		return true;
	atomic64_inc(&seg->dev->nvme->bad_records);
	complain(seg, "its footer is damaged, its summaries are used");
	return false;
}

static int read_part(void *arg, u32 pos, u32 bytes, void *to)
{
	struct kvt_segment *seg = ((struct reader *)arg)->seg;

	if (is_stopped(seg->log))
		return -EINTR;
	return kvt_io_sync(seg->dev, REQ_OP_READ, kvt_segment_start(seg) + pos,
			   to, bytes);
}

static int note_entry(void *arg, u32 index, const struct kvt_log_entry *e)
{
	struct reader *rd = arg;
	const struct kvt_log_layout *l = &rd->seg->log->layout;

	memcpy(kvt_log_entry(l, rd->table, index), e, l->entry_size);
	cond_resched();
	return 0;
}

/* Collect what the summaries name. Returns what ended them, see kvt_log_scan. */
static int scan(struct recovery *r, struct reader *rd)
{
	struct kvt_segment *seg = rd->seg;
	struct kvt_log_found f = {
		.kind = KVT_LOG_OPEN,
		.layout = r->log->layout,
	};
	struct kvt_log_scan s = {
		.read = read_part,
		.entry = note_entry,
		.arg = rd,
		.buffer = r->buffer,
	};

	kvt_segment_place(seg, &f.place);
	kvt_log_get_owner(seg->head, &f.owner);
	kvt_log_scan_open(&f, &s);
	rd->nr = s.nr;
	return s.why;
}

/* What its summaries name, up to where they are good. Returns 0 or -EINTR. */
static int read_summaries(struct recovery *r, struct reader *rd)
{
	struct kvt_device *dev = rd->seg->dev;
	int why = scan(r, rd);

	rd->has_footer = false;
	switch (why) {
	case 0:
	case -ENODATA:
		break;
	case -EINTR:
		return -EINTR;
	case -EBADMSG:
		atomic64_inc(&dev->nvme->bad_records);
		complain(rd->seg, "a summary is damaged, or torn: the rest is lost");
		break;
	default:
		if (!READ_ONCE(dev->failed))
			complain(rd->seg, "a summary cannot be read: the rest is lost");
	}
	return 0;
}

/* ---------------------------------------------------------------------- tombs */

/* The segment that a tomb names, if it is yet to be applied; or NULL. */
static struct kvt_segment *tomb_target(struct recovery *r,
				       const struct kvt_segment *applied,
				       const struct kvt_tomb *tomb)
{
	struct kvt_nvme *nvme = r->log->nvme;
	struct kvt_segment *seg;
	struct kvt_device *dev;

	if (tomb->device >= nvme->nr_devices)
		return NULL;
	dev = &nvme->devices[array_index_nospec(tomb->device, nvme->nr_devices)];
	if (tomb->segment >= dev->nr_segments ||
	    tomb->index >= r->log->layout.capacity)
		return NULL;
	seg = &dev->segments[array_index_nospec(tomb->segment, dev->nr_segments)];
	/* Nobody but this work makes segments the log's, or applies them, now. */
	if (READ_ONCE(seg->log) != r->log || seg->generation != tomb->generation)
		return NULL;
	return seg == applied || !seg->slots ? seg : NULL;
}

static void mark_entry(struct recovery *r, struct kvt_segment *seg, u32 index)
{
	const u32 longs = BITS_TO_LONGS(r->log->layout.capacity);
	unsigned long *bits = xa_load(&r->tombs, seg->id);

	/* Small. A block that was dropped must not come back for want of it. */
	if (!bits) {
		bits = kvcalloc(longs, sizeof(long), GFP_KERNEL | __GFP_NOFAIL);
		xa_store(&r->tombs, seg->id, bits, GFP_KERNEL | __GFP_NOFAIL);
	}
	__set_bit(index, bits);
}

/* The footer that @seg is to get must say it again. */
static void remember_tomb(struct kvt_segment *seg, u32 i,
			  const struct kvt_tomb *tomb)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NOFAIL;

	xa_store(&seg->tombs, i, kmemdup(tomb, sizeof(*tomb), gfp), gfp);
}

/*
 * Note what the tombs of a segment name. Returns how many name something in
 * segments before it: as long as these exist it has to.
 */
static u32 apply_tombs(struct recovery *r, struct reader *rd, bool prepared)
{
	struct kvt_segment *seg = rd->seg, *target;
	u32 i, nr = 0;

	for (i = 0; i < rd->nr; i++) {
		const struct kvt_log_entry *e =
			kvt_log_entry(&r->log->layout, rd->table, i);
		struct kvt_tomb tomb = {
			.generation = le64_to_cpu(e->generation),
			.device = le32_to_cpu(e->device),
			.segment = le32_to_cpu(e->segment),
			.index = le32_to_cpu(e->index),
		};

		if (le32_to_cpu(e->type) != KVT_LOG_TOMB)
			continue;
		target = tomb_target(r, seg, &tomb);
		if (!target)
			continue;
		mark_entry(r, target, tomb.index);
		if (target == seg)
			continue;
		nr++;
		if (prepared && !rd->has_footer)
			remember_tomb(seg, i, &tomb);
		cond_resched();
	}
	return nr;
}

static void forget_tombs(struct recovery *r, const struct kvt_segment *seg)
{
	kvfree(xa_erase(&r->tombs, seg->id));
}

static void forget_all_tombs(struct recovery *r)
{
	unsigned long *bits;
	unsigned long id;

	xa_for_each(&r->tombs, id, bits)
		kvfree(bits);
	xa_destroy(&r->tombs);
}

/* --------------------------------------------------------------------- blocks */

/* Everything but which blocks live. */
static int prepare(struct recovery *r, struct reader *rd)
{
	const struct kvt_log_layout *l = &r->log->layout;
	struct kvt_segment *seg = rd->seg;
	u32 class_id = le32_to_cpu(seg->head->class_id), i, j;
	unsigned int tries = 0;
	int err;

	do
		err = kvt_segment_prepare(seg, r->log);
	while (err && wait_for_memory(r->log, &tries));
	if (err) {
		seg->log = r->log;	/* undone by its failure */
		return err;
	}
	INIT_WORK(&seg->close, kvt_segment_close_work);
	seg->class_id = class_id <= KVT_MAX_CLASS ? class_id : 0;
	seg->busy = 1;
	seg->nr = rd->nr;
	memset32(seg->slots, KVT_NO_ENTRY, rd->nr);
	for (i = 0; i < rd->nr; i++) {
		const struct kvt_log_entry *e = kvt_log_entry(l, rd->table, i);

		if (le32_to_cpu(e->type) != KVT_LOG_BLOCK)
			continue;
		seg->offsets[i] = le32_to_cpu(e->offset);
		for (j = 0; j < l->crcs; j++)
			seg->crcs[i * l->crcs + j] = le32_to_cpu(e->crc[j]);
	}
	return 0;
}

/*
 * An entry whose block does not come back, as its key is present by something
 * newer or there is no room for it, must not do so later either: if its key is
 * dropped meanwhile, nobody would think of this one.
 */
static void disclaim(struct kvt_segment *seg, u32 index)
{
	struct kvt_space *space = seg->log->arena->space;

	spin_lock(&space->lock);
	kvt_segment_disclaim(seg, index);
	spin_unlock(&space->lock);
}

/* Returns 0 or -errno. @tries: of the segment: the wait for memory ends. */
static int restore(struct kvt_restore *rs, struct kvt_segment *seg, u32 index,
		   const struct kvt_log_entry *e, unsigned int *tries)
{
	int err;

	do
		err = kvt_restore_block(rs, seg, index, e);
	while (err == -ENOMEM && wait_for_memory(rs->log, tries));
	if (err && err != -EIO)
		disclaim(seg, index);
	return err;
}

/* Returns how many blocks came back. */
static u32 apply_blocks(struct recovery *r, struct reader *rd)
{
	const unsigned long *buried = xa_load(&r->tombs, rd->seg->id);
	unsigned int tries = 0;
	struct kvt_restore rs;
	u32 i, nr = 0;
	int err;

	kvt_restore_begin(&rs, r->log);
	for (i = rd->nr; i-- > 0;) {
		const struct kvt_log_entry *e =
			kvt_log_entry(&r->log->layout, rd->table, i);

		if (le32_to_cpu(e->type) != KVT_LOG_BLOCK ||
		    (buried && test_bit(i, buried)))
			continue;
		err = restore(&rs, rd->seg, i, e, &tries);
		if (err == -EIO)
			break;
		nr += !err;
		cond_resched();
	}
	kvt_restore_end(&rs);
	return nr;
}

/* What was read is in the table. */
static void apply(struct recovery *r, struct reader *rd)
{
	struct kvt_segment *seg = rd->seg;
	int err = prepare(r, rd);
	u32 nr_tombs, nr = 0;

	/* Its tombs count even if there is no memory for its blocks. */
	nr_tombs = apply_tombs(r, rd, !err);
	if (!err)
		nr = apply_blocks(r, rd);
	forget_tombs(r, seg);
	if (err) {
		complain(seg, "no memory for it: it is left for the next attach");
		leave(r->log, seg);
	} else if (nr || nr_tombs) {
		keep(r->log, seg, rd->has_footer);
	} else {
		give_back(r->log, seg);
	}
	r->nr_blocks += nr;
}

/* --------------------------------------------------------------- one by one */

/* Take the next segment that was begun. -EINTR: stopped; it stays unread. */
static int recover_next(struct recovery *r)
{
	struct reader *rd = &r->readers[r->applied % r->nr_readers];
	struct kvt_space *space = space_of(r);
	struct kvt_segment *seg = rd->seg;

	if (!end_footer(rd) && !READ_ONCE(seg->dev->failed) &&
	    read_summaries(r, rd))
		return -EINTR;
	if (READ_ONCE(seg->dev->failed))
		give_back(r->log, seg);
	else
		apply(r, rd);
	r->applied++;
	/* If it has failed by now, nobody may have seen what came back. */
	if (READ_ONCE(seg->dev->failed))
		queue_work(space->wq, &space->balance);
	kvt_space_wake(space);
	return 0;
}

static void wait_readers(struct recovery *r)
{
	for (; r->applied != r->begun; r->applied++) {
		struct reader *rd = &r->readers[r->applied % r->nr_readers];

		if (rd->has_footer)
			wait_for_completion_io(&rd->done);
	}
}

static void free_recovery(struct recovery *r)
{
	u32 i;

	for (i = 0; i < r->nr_readers; i++)
		kvfree(r->readers[i].table);
	kvfree(r->buffer);
	kfree(r);
}

/* NULL: not enough memory for a single reader. */
static struct recovery *alloc_recovery(struct kvt_log *log)
{
	const struct kvt_log_layout *l = &log->layout;
	u32 bytes = kvt_log_footer_bytes(l, l->capacity);
	u32 nr = clamp(MAX_READ_BYTES / bytes, 1U, (u32)MAX_READERS);
	struct recovery *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return NULL;
	r->log = log;
	r->next = log->found.next;
	xa_init(&r->tombs);
	r->buffer = kvmalloc(KVT_LOG_SUMMARY_MAX, GFP_KERNEL);
	while (r->buffer && r->nr_readers < nr) {
		void *table = kvmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);

		if (!table)
			break;
		r->readers[r->nr_readers++].table = table;
	}
	if (r->nr_readers)
		return r;
	free_recovery(r);
	return NULL;
}

/* Older segments must not be read without the tombs of newer ones: leave all. */
static void leave_all(struct kvt_log *log)
{
	struct kvt_segment *seg, *next;

	if (!is_stopped(log))
		pr_warn("kvtier: %s: no memory to read what is on %s: it is left for the next attach\n",
			dev_name(&log->arena->space->dev),
			dev_name(&log->nvme->tier.dev));
	list_for_each_entry_safe(seg, next, &log->found, list)
		leave(log, seg);
}

static void report(const struct recovery *r)
{
	pr_info("kvtier: %s: %llu blocks found in %u segments of %s%s\n",
		dev_name(&space_of(r)->dev), r->nr_blocks, r->applied,
		dev_name(&r->log->nvme->tier.dev),
		list_empty(&r->log->found) ? "" : ", the rest was not read");
}

static void recover(struct recovery *r)
{
	int err = 0;

	while (!list_empty(&r->log->found) && !is_stopped(r->log) && !err) {
		read_ahead(r);
		err = recover_next(r);
	}
	report(r);
	wait_readers(r);
	forget_all_tombs(r);
}

void kvt_recover_work(struct work_struct *work)
{
	struct kvt_log *log = container_of(work, struct kvt_log, recover);
	struct kvt_space *space = log->arena->space;
	struct recovery *r;
	unsigned int tries = 0;

	do
		r = alloc_recovery(log);
	while (!r && wait_for_memory(log, &tries));
	if (r) {
		recover(r);
		free_recovery(r);
	} else {
		leave_all(log);
	}
	/* Now the log may write, and lose what is on failed devices. */
	queue_work(space->wq, &space->balance);
	kvt_space_wake(space);
}

/* ---------------------------------------------------------------- from outside */

/* More than the quota: what is oldest goes, unread. */
static u32 cut_to_quota(struct kvt_log *log, struct list_head *list)
{
	struct kvt_segment *seg, *next;
	u32 nr = 0;

	list_for_each_entry_safe(seg, next, list, list) {
		if (nr < log->quota) {
			WRITE_ONCE(seg->log, log);
			nr++;
			continue;
		}
		list_del_init(&seg->list);
		kvt_nvme_give(seg);
	}
	return nr;
}

/**
 * kvt_recover_begin() - find again what a space has left on a tier
 * @log: the space's new log there, with its quota
 *
 * Adopts the segments and reads them in the background.
 *
 * Context: kvt_admin held.
 */
void kvt_recover_begin(struct kvt_log *log)
{
	struct kvt_space *space = log->arena->space;
	LIST_HEAD(found);
	u32 nr;

	lockdep_assert_held(&kvt_admin);
	kvt_nvme_adopt(log->nvme, &log->owner, &found);
	nr = cut_to_quota(log, &found);
	if (!nr)
		return;
	atomic_add(nr, &log->nvme->recovering);
	spin_lock(&space->lock);
	list_splice(&found, &log->found);
	log->nr_segments += nr;
	spin_unlock(&space->lock);
	queue_work(space->wq, &log->recover);
}

/**
 * kvt_recover_stop() - end recovery, wherever it is
 * @log: the log, which is stopping
 *
 * What is still in log->found was not read.
 *
 * Context: process; waits for reads under way, and for one segment's blocks.
 */
void kvt_recover_stop(struct kvt_log *log)
{
	struct kvt_space *space = log->arena->space;
	struct kvt_segment *seg;

	WARN_ON_ONCE(!is_stopped(log));
	cancel_work_sync(&log->recover);
	spin_lock(&space->lock);
	list_for_each_entry(seg, &log->found, list)
		WRITE_ONCE(seg->log, NULL);
	spin_unlock(&space->lock);
}
