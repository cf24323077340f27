// SPDX-License-Identifier: GPL-2.0
/*
 * Writing blocks to a log.
 *
 * Blocks gather in a group: each is held, so its bytes stay where they are, and
 * its data are on their way to the device from the moment it is added. When the
 * group takes no more and all its data have been written, its summary is, with
 * FUA; only then are its blocks present on nvme. Summaries go out together, those
 * of all groups that are ready, the first with PREFLUSH: that makes the data of all
 * of them durable, and as long as it has not come to media a reader, who walks
 * them from the front, sees none of the others. Blocks become present in the same
 * order.
 *
 * A segment is abandoned where a write to it failed: the group and those behind
 * it are void, and their blocks are in memory only, as before.
 */
#include <linux/blkdev.h>
#include <linux/crc32c.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "block.h"
#include "drop.h"
#include "family.h"
#include "log.h"
#include "reclaim.h"
#include "space.h"
#include "trace.h"

/**
 * struct kvt_group - blocks that become present together
 * @list: in its stream's @commits, once it takes no more
 * @log: whose
 * @stream: of the log
 * @seg: where it is written
 * @pos: byte of the segment where the summary is to be
 * @first: number of its first entry
 * @nr: entries
 * @data: the blocks' transfers
 * @written: @data have ended; who sees it may free the group
 * @record: the summary
 * @submitted: it is on its way (the log's mutex)
 * @io: its transfer
 * @committed: @io has ended; who sees it may free the group
 * @blocks: by entry: held; NULL for tombs
 */
struct kvt_group {
	struct list_head list;
	struct kvt_log *log;
	struct kvt_stream *stream;
	struct kvt_segment *seg;
	u32 pos;
	u32 first;
	u32 nr;
	struct kvt_io data;
	bool written;
	struct kvt_log_head *record;
	bool submitted;
	struct kvt_io io;
	bool committed;
	struct kvt_block *blocks[];
};

/* A transfer begins. Until it has ended, and what it queues, the log stays. */
static void begin_io(struct kvt_group *g, struct kvt_io *io,
		     void (*done)(struct kvt_io *io))
{
	atomic_inc(&g->log->nr_io);
	kvt_io_begin(io, g->seg->dev, done);
	io->class_id = g->seg->class_id;
}

static void io_ended(struct kvt_log *log, bool *flag)
{
	/* The last touch of the group. */
	smp_store_release(flag, true);
	queue_work(log->nvme->wq, &log->advance);
	if (atomic_dec_and_test(&log->nr_io))
		wake_up_var(&log->nr_io);
}

static void data_done(struct kvt_io *io)
{
	struct kvt_group *g = container_of(io, struct kvt_group, data);

	io_ended(g->log, &g->written);
}

static void summary_done(struct kvt_io *io)
{
	struct kvt_group *g = container_of(io, struct kvt_group, io);

	io_ended(g->log, &g->committed);
}

static struct kvt_log_owner owner_of(struct kvt_log *log, u8 class_id)
{
	struct kvt_log_owner owner = log->owner;

	owner.class_id = class_id;
	return owner;
}

/* ------------------------------------------------------------------- segments */

/* Remember what the tier is to find the segment by, if the log goes. */
static void keep_head(struct kvt_segment *seg, const struct kvt_log_head *h)
{
	if (!seg->head)
		seg->head = kmalloc(sizeof(*h), GFP_NOIO | __GFP_NOFAIL);
	memcpy(seg->head, h, sizeof(*h));
}

/* Write one page of a segment's own: its header or its state. */
static int write_page(struct kvt_segment *seg, enum kvt_log_kind kind,
		      blk_opf_t flags, u32 pos, u32 nr, u32 footer_crc)
{
	struct kvt_log_owner owner = owner_of(seg->log, seg->class_id);
	struct kvt_log_place place;
	struct kvt_log_head *h;
	int err;

	h = (void *)__get_free_page(GFP_NOIO | __GFP_NOFAIL);
	kvt_segment_place(seg, &place);
	kvt_log_make(h, kind, KVT_LOG_PAGE, &place, &owner);
	h->nr = cpu_to_le32(nr);
	h->footer_crc = cpu_to_le32(footer_crc);
	kvt_log_seal(h);
	err = kvt_io_sync(seg->dev, REQ_OP_WRITE | flags,
			  kvt_segment_start(seg) + pos, h, KVT_LOG_PAGE);
	if (!err)
		keep_head(seg, h);
	free_page((unsigned long)h);
	return err;
}

static u32 state_pos(const struct kvt_log *log)
{
	return log->layout.segment_bytes - KVT_LOG_PAGE;
}

static bool quota_is_used(struct kvt_log *log)
{
	u32 spare = READ_ONCE(log->is_carrying) ? 0 : kvt_reclaim_spare(log);
	bool used;

	spin_lock(&log->arena->space->lock);
	used = log->nr_segments + spare >= READ_ONCE(log->quota) ||
	       !list_empty(&log->found);
	spin_unlock(&log->arena->space->lock);
	return used;
}

/* A free segment, the log's from now on. NULL: none just now. */
static struct kvt_segment *take_segment(struct kvt_log *log)
{
	bool coming = READ_ONCE(log->nvme->nr_freeing);
	struct kvt_segment *seg = NULL;

	if (!quota_is_used(log))
		seg = kvt_nvme_take(log->nvme, &coming);
	/* None is on its way either: it takes reclaim. */
	WRITE_ONCE(log->is_hungry, !seg && !coming);
	if (!seg)
		return NULL;
	if (!kvt_segment_prepare(seg, log))
		return seg;
	kvt_nvme_give(seg);
	return NULL;
}

/*
 * The header and the state go out before any summary does, whose flush makes
 * them durable.
 */
static struct kvt_segment *open_segment(struct kvt_log *log, u8 class_id)
{
	struct kvt_space *space = log->arena->space;
	struct kvt_segment *seg = take_segment(log);

	if (!seg)
		return NULL;
	seg->class_id = class_id;
	seg->pos = KVT_LOG_PAGE;
	if (write_page(seg, KVT_LOG_HEADER, 0, 0, 0, 0) ||
	    write_page(seg, KVT_LOG_OPEN, 0, state_pos(log), 0, 0)) {
		kvt_segment_release(seg);
		kvt_nvme_give(seg);
		return NULL;
	}
	INIT_WORK(&seg->close, kvt_segment_close_work);
	spin_lock(&space->lock);
	seg->is_open = true;
	list_add_tail(&seg->list, &log->segments);
	log->nr_segments++;
	spin_unlock(&space->lock);
	return seg;
}

/* One reason less not to free @seg; the last one of a full segment closes it. */
static void put_busy(struct kvt_log *log, struct kvt_segment *seg)
{
	struct kvt_space *space = log->arena->space;
	bool close;

	spin_lock(&space->lock);
	close = !--seg->busy && !seg->is_open && !seg->is_closed;
	if (close)
		seg->busy++;
	spin_unlock(&space->lock);
	if (close)
		queue_work(log->nvme->wq, &seg->close);
}

static void get_busy(struct kvt_log *log, struct kvt_segment *seg)
{
	spin_lock(&log->arena->space->lock);
	seg->busy++;
	spin_unlock(&log->arena->space->lock);
}

static void seal_group(struct kvt_group *g)
{
	g->stream->group = NULL;
	list_add_tail(&g->list, &g->stream->commits);
	kvt_io_end(&g->data);
}

/* No more groups in the stream's segment: it is closed when the last is done. */
static void end_segment(struct kvt_log *log, struct kvt_stream *stream)
{
	struct kvt_segment *seg = stream->seg;

	lockdep_assert_held(&log->mutex);
	if (stream->group)
		seal_group(stream->group);
	if (!seg)
		return;
	stream->seg = NULL;
	get_busy(log, seg);
	spin_lock(&log->arena->space->lock);
	seg->is_open = false;
	spin_unlock(&log->arena->space->lock);
	put_busy(log, seg);
}

/* End @seg, if it is open. */
void kvt_log_close_segment(struct kvt_log *log, struct kvt_segment *seg)
{
	unsigned int i;

	mutex_lock(&log->mutex);
	for (i = 0; i < ARRAY_SIZE(log->streams); i++)
		if (log->streams[i].seg == seg)
			end_segment(log, &log->streams[i]);
	mutex_unlock(&log->mutex);
}

/* End what is open on a device. */
void kvt_log_close_device(struct kvt_log *log, struct kvt_device *dev)
{
	unsigned int i;

	mutex_lock(&log->mutex);
	for (i = 0; i < ARRAY_SIZE(log->streams); i++)
		if (log->streams[i].seg && log->streams[i].seg->dev == dev)
			end_segment(log, &log->streams[i]);
	mutex_unlock(&log->mutex);
}

/* End all open segments. */
void kvt_log_close_all(struct kvt_log *log)
{
	unsigned int i;

	mutex_lock(&log->mutex);
	for (i = 0; i < ARRAY_SIZE(log->streams); i++)
		end_segment(log, &log->streams[i]);
	mutex_unlock(&log->mutex);
}

/* --------------------------------------------------------------------- footer */

static void fill_tomb(struct kvt_log_entry *e, const struct kvt_tomb *tomb)
{
	e->type = cpu_to_le32(KVT_LOG_TOMB);
	e->generation = cpu_to_le64(tomb->generation);
	e->device = cpu_to_le32(tomb->device);
	e->segment = cpu_to_le32(tomb->segment);
	e->index = cpu_to_le32(tomb->index);
}

/* @b is sealed; it is held, or space->lock is. */
static void fill_block(struct kvt_space *space, struct kvt_log_entry *e,
		       const struct kvt_segment *seg, u32 index,
		       const struct kvt_block *b)
{
	const struct kvt_log_layout *l = &seg->log->layout;
	u64 age = kvt_clock() - READ_ONCE(b->last_use);
	u32 i;

	memcpy(e->key, b->key, sizeof(e->key));
	kvt_family_parent_key(b, e->parent);
	e->used = cpu_to_le64(ktime_get_real_seconds() - div_u64(max_t(s64, age, 0), NSEC_PER_SEC));
	e->type = cpu_to_le32(KVT_LOG_BLOCK);
	e->offset = cpu_to_le32(seg->offsets[index]);
	for (i = 0; i < l->crcs; i++)
		e->crc[i] = cpu_to_le32(seg->crcs[index * l->crcs + i]);
}

/* What entry @i of a full segment is now. */
static void fill_footer_entry(struct kvt_segment *seg, u32 i,
			      struct kvt_log_entry *e)
{
	struct kvt_space *space = seg->log->arena->space;
	struct kvt_tomb *tomb = xa_load(&seg->tombs, i);
	struct kvt_block *b;

	if (tomb) {
		fill_tomb(e, tomb);
		return;
	}
	spin_lock(&space->lock);
	if (seg->slots[i] < KVT_UNBURIED) {
		b = xa_load(&space->slots, seg->slots[i]);
		fill_block(space, e, seg, i, b);
	}
	spin_unlock(&space->lock);
}

static int write_footer(struct kvt_segment *seg, void *footer, u32 bytes)
{
	const struct kvt_log_layout *l = &seg->log->layout;
	u32 i, pos = state_pos(seg->log) - bytes;
	int err = 0;

	for (i = 0; i < seg->nr; i++)
		fill_footer_entry(seg, i, kvt_log_entry(l, footer, i));
	if (bytes)
		err = kvt_io_sync(seg->dev, REQ_OP_WRITE,
				  kvt_segment_start(seg) + pos, footer, bytes);
	return err ?: write_page(seg, KVT_LOG_CLOSED, REQ_PREFLUSH | REQ_FUA,
				 state_pos(seg->log), seg->nr,
				 crc32c(~0U, footer, bytes));
}

/*
 * Write the footer. Without one, for want of memory or by an error, the segment
 * is as good; finding its blocks again takes longer.
 */
void kvt_segment_close_work(struct work_struct *work)
{
	struct kvt_segment *seg = container_of(work, struct kvt_segment, close);
	struct kvt_log *log = seg->log;
	unsigned int noio = memalloc_noio_save();
	u32 bytes = kvt_log_footer_bytes(&log->layout, seg->nr);
	void *footer;

	footer = kvzalloc(max(bytes, 1U), GFP_KERNEL | __GFP_NOWARN);
	if (footer)
		write_footer(seg, footer, bytes);
	kvfree(footer);
	memalloc_noio_restore(noio);

	spin_lock(&log->arena->space->lock);
	seg->is_closed = true;
	spin_unlock(&log->arena->space->lock);
	put_busy(log, seg);
	queue_work(log->arena->space->wq, &log->arena->space->balance);
	kvt_space_wake(log->arena->space);
}

/* --------------------------------------------------------------------- groups */

static bool fits(struct kvt_log *log, const struct kvt_segment *seg)
{
	const struct kvt_log_layout *l = &log->layout;

	return seg->nr < l->capacity &&
	       seg->pos + l->summary_bytes + l->block_size <= l->data_end;
}

static struct kvt_group *alloc_group(struct kvt_log *log)
{
	struct kvt_group *g;

	g = kzalloc(struct_size(g, blocks, log->layout.group), GFP_NOIO);
	if (!g)
		return NULL;
	g->record = (void *)__get_free_pages(GFP_NOIO,
					     get_order(log->layout.summary_bytes));
	if (g->record)
		return g;
	kfree(g);
	return NULL;
}

static void free_group(struct kvt_group *g)
{
	free_pages((unsigned long)g->record,
		   get_order(g->log->layout.summary_bytes));
	kfree(g);
}

static struct kvt_group *begin_group(struct kvt_log *log,
				     struct kvt_stream *stream)
{
	struct kvt_segment *seg = stream->seg;
	struct kvt_log_owner owner = owner_of(log, seg->class_id);
	struct kvt_group *g = alloc_group(log);
	struct kvt_log_place place;

	if (!g)
		return NULL;
	g->log = log;
	g->stream = stream;
	g->seg = seg;
	g->pos = seg->pos;
	g->first = seg->nr;
	kvt_segment_place(seg, &place);
	kvt_log_make(g->record, KVT_LOG_SUMMARY, log->layout.summary_bytes,
		     &place, &owner);
	seg->pos += log->layout.summary_bytes;
	begin_io(g, &g->data, data_done);
	g->data.urgency = KVT_IN_TURN;
	get_busy(log, seg);
	atomic_inc(&log->nr_groups);
	stream->group = g;
	return g;
}

static bool group_is_full(const struct kvt_group *g)
{
	const struct kvt_log_layout *l = &g->log->layout;

	return g->nr == l->group || g->seg->nr == l->capacity ||
	       g->seg->pos + l->block_size > l->data_end;
}

/* The stream's group that takes one more entry. NULL: no segment, or no memory. */
static struct kvt_group *get_group(struct kvt_log *log, u8 class_id)
{
	struct kvt_stream *stream = &log->streams[class_id];

	lockdep_assert_held(&log->mutex);
	if (stream->group)
		return stream->group;
	if (stream->seg && !fits(log, stream->seg))
		end_segment(log, stream);
	if (!stream->seg)
		stream->seg = open_segment(log, class_id);
	return stream->seg ? begin_group(log, stream) : NULL;
}

static struct kvt_log_entry *next_entry(struct kvt_group *g)
{
	return kvt_log_entry(&g->log->layout, g->record + 1, g->nr);
}

static void entry_added(struct kvt_group *g)
{
	g->nr++;
	g->seg->nr++;
	g->seg->sealed_at = kvt_clock();
	if (group_is_full(g))
		seal_group(g);
}

/* Checksums of a held block's bytes: they have been made, if there was memory. */
static void get_sums(struct kvt_log *log, const struct kvt_block *b, u32 *crcs)
{
	struct kvt_arena *a = kvt_block_arena(log->arena->space, b);

	if (!kvt_sums_get(a, b->frame, crcs))
		kvt_arena_sum(a, b->frame, crcs);
}

static void add_block(struct kvt_group *g, struct kvt_block *b)
{
	struct kvt_log *log = g->log;
	struct kvt_segment *seg = g->seg;
	u32 i = seg->nr;

	seg->offsets[i] = seg->pos / KVT_LOG_PAGE;
	seg->slots[i] = KVT_NO_ENTRY;
	get_sums(log, b, &seg->crcs[i * log->layout.crcs]);
	g->blocks[g->nr] = b;
	spin_lock(&log->arena->space->lock);
	fill_block(log->arena->space, next_entry(g), seg, i, b);
	spin_unlock(&log->arena->space->lock);
	kvt_io_add_frame(&g->data, REQ_OP_WRITE, kvt_segment_start(seg) + seg->pos,
			 kvt_block_arena(log->arena->space, b), b->frame);
	atomic64_add(log->layout.block_size, &log->nvme->block_bytes_written);
	kvt_nvme_charge(log->nvme, log->layout.block_size);
	atomic_inc(&log->nr_writing);
	seg->pos += log->layout.block_size;
	entry_added(g);
}

/* Its copy came to nothing. */
static void unmark(struct kvt_space *space, struct kvt_block *b)
{
	spin_lock(&space->lock);
	kvt_block_arena(space, b)->below[b->frame] = KVT_NO_COPY;
	spin_unlock(&space->lock);
}

/* Returns 0, or what kvt_log_write() says: then @b is held no longer. */
static int write_block(struct kvt_log *log, struct kvt_block *b)
{
	struct kvt_space *space = log->arena->space;
	struct kvt_group *g = NULL;
	int err = -EAGAIN;

	if (kvt_arena_frame_poisoned(kvt_block_arena(space, b), b->frame)) {
		err = -EHWPOISON;
	} else {
		mutex_lock(&log->mutex);
		if (!READ_ONCE(log->is_stopping))
			g = get_group(log, kvt_block_class(b));
		if (g)
			add_block(g, b);
		mutex_unlock(&log->mutex);
	}
	if (g)
		return 0;
	unmark(space, b);
	if (err == -EHWPOISON)
		kvt_drop_poisoned(space, b);
	kvt_block_unhold(space, b, 1);
	return err;
}

/**
 * kvt_log_write_all() - begin to write blocks
 * @log: where
 * @blocks: in memory, held by the caller and marked KVT_WRITING; used up
 * @nr: how many
 *
 * Their data are under way on return; they become present when their group is
 * committed: see kvt_log_commit(). What could not be begun, for want of a free
 * segment or of memory, is as it was; a block whose memory has failed is dropped.
 *
 * Context: process, may sleep for the device; not under any lock.
 * Return: how many are under way.
 */
u32 kvt_log_write_all(struct kvt_log *log, struct kvt_block **blocks, u32 nr)
{
	struct blk_plug plug;
	u32 i, begun = 0;

	kvt_sums_make_all(log->arena->space, blocks, nr);
	/* They lie back to back, and are written as if they were one. */
	blk_start_plug(&plug);
	for (i = 0; i < nr; i++)
		begun += !write_block(log, blocks[i]);
	blk_finish_plug(&plug);
	return begun;
}

/* The same for one. Returns 0; -EAGAIN; -EHWPOISON: it is dropped. */
int kvt_log_write(struct kvt_log *log, struct kvt_block *b)
{
	kvt_sums_make_all(log->arena->space, &b, 1);
	return write_block(log, b);
}

/* --------------------------------------------------------------------- commit */

/* The block of entry @i is on media: it has a copy, unless it was dropped. */
static void publish_block(struct kvt_group *g, u32 i, struct kvt_block *b)
{
	struct kvt_log *log = g->log;
	struct kvt_space *space = log->arena->space;
	u64 *below;

	spin_lock(&space->lock);
	below = &kvt_block_arena(space, b)->below[b->frame];
	if (b->state == KVT_SEALED) {
		*below = kvt_copy(log->arena->index,
				  kvt_log_extent(log, g->seg, g->first + i));
		kvt_segment_bind(g->seg, g->first + i, b->slot);
	} else {
		*below = KVT_NO_COPY;
		kvt_segment_disclaim(g->seg, g->first + i);
	}
	trace_kvt_write(space, b);
	spin_unlock(&space->lock);
	kvt_stat_inc(space, writeouts);
}

/* A tomb has not come to be: what it names is to get another. */
static void unbury(struct kvt_log *log, const struct kvt_tomb *tomb)
{
	struct kvt_space *space = log->arena->space;
	struct kvt_segment *seg;

	seg = &log->nvme->devices[tomb->device].segments[tomb->segment];
	spin_lock(&space->lock);
	if (seg->log == log && seg->generation == tomb->generation)
		kvt_segment_disclaim(seg, tomb->index);
	spin_unlock(&space->lock);
}

static void void_tomb(struct kvt_log *log, struct kvt_segment *seg, u32 i)
{
	struct kvt_tomb *tomb = xa_erase(&seg->tombs, i);

	unbury(log, tomb);
	kfree(tomb);
}

static void finish_group(struct kvt_group *g, bool good)
{
	struct kvt_log *log = g->log;
	struct kvt_space *space = log->arena->space;
	u32 i;

	for (i = 0; i < g->nr; i++) {
		struct kvt_block *b = g->blocks[i];

		if (!b) {
			if (!good)
				void_tomb(log, g->seg, g->first + i);
			continue;
		}
		if (good)
			publish_block(g, i, b);
		else
			unmark(space, b);
		atomic_dec(&log->nr_writing);
		kvt_block_unhold(space, b, 1);
	}
}

/* What this and all later groups of the segment were to say is void. */
static void abandon(struct kvt_log *log, struct kvt_segment *seg)
{
	lockdep_assert_held(&log->mutex);
	if (!seg->is_void)
		pr_warn_ratelimited("kvtier: %s: writing to %pg failed: segment %u is abandoned\n",
				    dev_name(&log->arena->space->dev),
				    seg->dev->bdev, seg->number);
	seg->is_void = true;
}

static void submit_summary(struct kvt_group *g, blk_opf_t flags)
{
	g->submitted = true;
	g->record->nr = cpu_to_le32(g->nr);
	g->record->first = cpu_to_le32(g->first);
	g->record->durable = cpu_to_le32(g->seg->nr_durable);
	kvt_log_seal(g->record);
	begin_io(g, &g->io, summary_done);
	kvt_io_add_buf(&g->io, REQ_OP_WRITE | REQ_FUA | flags,
		       kvt_segment_start(g->seg) + g->pos, g->record,
		       g->log->layout.summary_bytes);
	kvt_io_end(&g->io);
}

/* If so, no transfer touches the group any more. */
static bool has_ended(const bool *flag)
{
	/* With the release in io_ended(). */
	return smp_load_acquire(flag);
}

/* Is @g, the first of its stream, through? */
static bool is_through(struct kvt_group *g)
{
	if (!has_ended(&g->written))
		return false;
	if (g->submitted)
		return has_ended(&g->committed);
	if (g->data.status)
		abandon(g->log, g->seg);
	return g->seg->is_void;
}

/* Send the summaries that can be, if none of them is on its way. */
static void submit_summaries(struct kvt_stream *stream)
{
	blk_opf_t flags = REQ_PREFLUSH;
	struct kvt_group *g, *first;

	first = list_first_entry_or_null(&stream->commits, struct kvt_group, list);
	if (!first || first->submitted)
		return;
	list_for_each_entry(g, &stream->commits, list) {
		/* Of one segment: another device would need a flush of its own. */
		if (g->seg != first->seg || !has_ended(&g->written) || g->data.status)
			break;
		submit_summary(g, flags);
		flags = 0;
	}
}

static void settle(struct kvt_group *g)
{
	struct kvt_log *log = g->log;
	struct kvt_segment *seg = g->seg;
	struct kvt_space *space = log->arena->space;

	if (g->submitted && g->io.status)
		abandon(log, seg);
	/* What the segment's entries from here on say will never be read. */
	if (seg->is_void) {
		seg->nr = min(seg->nr, g->first);
		if (g->stream->seg == seg)
			end_segment(log, g->stream);
	}
	if (!seg->is_void)
		seg->nr_durable = g->first + g->nr;
	finish_group(g, !seg->is_void);
	free_group(g);
	put_busy(log, seg);
	atomic_dec(&log->nr_groups);
	queue_work(space->wq, &space->balance);
	kvt_space_wake(space);
}

static void advance_stream(struct kvt_stream *stream)
{
	struct kvt_group *g, *next;

	list_for_each_entry_safe(g, next, &stream->commits, list) {
		if (!is_through(g))
			break;
		list_del(&g->list);
		settle(g);
	}
	submit_summaries(stream);
}

/* Data, or a summary, have ended: go on as far as can be. */
void kvt_log_advance_work(struct work_struct *work)
{
	struct kvt_log *log = container_of(work, struct kvt_log, advance);
	unsigned int noio = memalloc_noio_save(), i;

	mutex_lock(&log->mutex);
	for (i = 0; i < ARRAY_SIZE(log->streams); i++)
		advance_stream(&log->streams[i]);
	mutex_unlock(&log->mutex);
	memalloc_noio_restore(noio);
}

/*
 * A tomb goes to a segment that is not older than what it names: the one that was
 * opened last, or a new one. NULL: no room just now.
 */
static struct kvt_group *tomb_group(struct kvt_log *log, u64 generation)
{
	struct kvt_stream *newest = log->streams, *s;

	for (s = log->streams; s < log->streams + ARRAY_SIZE(log->streams); s++)
		if (s->seg && (!newest->seg ||
			       s->seg->generation > newest->seg->generation))
			newest = s;
	if (newest->seg && newest->seg->generation < generation)
		end_segment(log, newest);
	return get_group(log, newest - log->streams);
}

static bool next_unburied(struct kvt_log *log, struct kvt_tomb *tomb)
{
	struct kvt_space *space = log->arena->space;
	bool found;

	spin_lock(&space->lock);
	found = kvt_segment_next_unburied(log, tomb);
	spin_unlock(&space->lock);
	return found;
}

/* Write a tomb. false: it could not be; the entry is unburied again. */
static bool add_tomb(struct kvt_log *log, struct kvt_tomb *tomb)
{
	struct kvt_group *g = tomb_group(log, tomb->generation);

	if (!g || xa_err(xa_store(&g->seg->tombs, g->seg->nr, tomb, GFP_NOIO))) {
		unbury(log, tomb);
		return false;
	}
	g->seg->slots[g->seg->nr] = KVT_NO_ENTRY;
	fill_tomb(next_entry(g), tomb);
	entry_added(g);
	return true;
}

/* Name dropped blocks on media. */
static void bury(struct kvt_log *log)
{
	struct kvt_tomb *tomb;
	bool good = true;

	lockdep_assert_held(&log->mutex);
	while (good && READ_ONCE(log->nr_unburied)) {
		tomb = kmalloc(sizeof(*tomb), GFP_NOIO);
		good = tomb && next_unburied(log, tomb) && add_tomb(log, tomb);
		if (!good)
			kfree(tomb);
	}
}

/**
 * kvt_log_commit() - let what was written become present
 * @log: the log
 *
 * Groups that are not full take no more, and dropped blocks are named. Does not
 * wait for it.
 *
 * Context: process, may sleep for the device.
 */
void kvt_log_commit(struct kvt_log *log)
{
	unsigned int i;

	mutex_lock(&log->mutex);
	if (!READ_ONCE(log->is_stopping))
		bury(log);
	for (i = 0; i < ARRAY_SIZE(log->streams); i++)
		if (log->streams[i].group)
			seal_group(log->streams[i].group);
	mutex_unlock(&log->mutex);
}

void kvt_log_commit_work(struct work_struct *work)
{
	struct kvt_log *log = container_of(to_delayed_work(work),
					   struct kvt_log, commit);
	unsigned int noio = memalloc_noio_save();

	kvt_log_commit(log);
	memalloc_noio_restore(noio);
	if (READ_ONCE(log->nr_unburied) && !READ_ONCE(log->is_stopping))
		queue_delayed_work(log->nvme->wq, &log->commit, KVT_COMMIT_DELAY);
}
