// SPDX-License-Identifier: GPL-2.0
/*
 * Transfers between frames, or buffers of ours, and devices. Zero-copy: a bio's
 * pages are the frame's. Bios come from a set of our own, so that writing out,
 * which makes memory free, needs none.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/vmalloc.h>

#include "arena.h"
#include "compat.h"
#include "io.h"
#include "nvme.h"
#include "space.h"

/* After so many failed writes in a row a device is given up. */
#define MAX_WRITE_ERRORS 8

static struct bio_set bios;

/**
 * struct kvt_bio - a bio of ours
 * @bytes: of it, when it was handed over
 * @bio: the last member
 */
struct kvt_bio {
	u32 bytes;
	struct bio bio;
};

static struct kvt_bio *to_kvt_bio(struct bio *bio)
{
	return container_of(bio, struct kvt_bio, bio);
}

int kvt_io_init(void)
{
	return bioset_init(&bios, 64, offsetof(struct kvt_bio, bio),
			   BIOSET_NEED_BVECS);
}

void kvt_io_exit(void)
{
	bioset_exit(&bios);
}

/* Begin a transfer. The caller adds to it and ends it. */
void kvt_io_begin(struct kvt_io *io, struct kvt_device *dev,
		  void (*done)(struct kvt_io *io))
{
	io->dev = dev;
	io->done = done;
	io->status = BLK_STS_OK;
	io->is_write = false;
	io->class_id = 0;
	io->urgency = KVT_AT_ONCE;
	atomic_set(&io->pending, 1);
	atomic_inc(&dev->inflight);
}

/* Count errors by what belongs together, which meets one trouble at a time. */
static void judge(struct kvt_io *io)
{
	struct kvt_device *dev = io->dev;

	if (io->status)
		atomic64_inc(&dev->nvme->io_errors);
	if (!io->is_write)
		return;
	if (!io->status)
		dev->write_errors = 0;
	else if (++dev->write_errors >= MAX_WRITE_ERRORS)
		kvt_device_failed(dev, "writing to it keeps failing");
}

static void put_io(struct kvt_io *io)
{
	struct kvt_device *dev = io->dev;

	if (!atomic_dec_and_test(&io->pending))
		return;
	judge(io);
	io->done(io);
	/* Last: who waits for this may then free all there is. */
	if (atomic_dec_and_test(&dev->inflight))
		wake_up_var(&dev->inflight);
}

/* All has been added. */
void kvt_io_end(struct kvt_io *io)
{
	put_io(io);
}

static void bio_done(struct bio *bio)
{
	struct kvt_io *io = bio->bi_private;

	if (bio->bi_status)
		io->status = bio->bi_status;
	kvt_turn_over(io, to_kvt_bio(bio)->bytes);
	bio_put(bio);
	put_io(io);
}

static struct bio *new_bio(struct kvt_io *io, blk_opf_t opf, u64 pos,
			   unsigned int pieces)
{
	struct bio *bio;

	bio = bio_alloc_bioset(io->dev->bdev, min(pieces, BIO_MAX_VECS), opf,
			       GFP_NOIO, &bios);
	bio->bi_iter.bi_sector = pos >> SECTOR_SHIFT;
	bio->bi_private = io;
	bio->bi_end_io = bio_done;
	if (op_is_write(opf)) {
		io->is_write = true;
		kvt_bio_set_class(bio, io->class_id);
	}
	atomic_inc(&io->pending);
	return bio;
}

static bool refuse(struct kvt_io *io)
{
	if (likely(!READ_ONCE(io->dev->failed)))
		return false;
	io->status = BLK_STS_IOERR;
	return true;
}

static void count_bytes(struct kvt_device *dev, blk_opf_t opf, u64 bytes)
{
	if (op_is_write(opf & REQ_OP_MASK))
		atomic64_add(bytes, &dev->nvme->bytes_written);
	else
		atomic64_add(bytes, &dev->nvme->bytes_read);
}

/**
 * struct builder - bios that are being filled
 * @io: what they belong to
 * @opf: operation and flags of each
 * @pos: byte of the device where the next piece goes
 * @bio: takes pieces still, or NULL
 */
struct builder {
	struct kvt_io *io;
	blk_opf_t opf;
	u64 pos;
	struct bio *bio;
};

static void finish(struct builder *b)
{
	if (!b->bio)
		return;
	to_kvt_bio(b->bio)->bytes = b->bio->bi_iter.bi_size;
	kvt_turn_submit(b->io, b->bio);
	b->bio = NULL;
}

/* What goes in turn goes in bios that are short. */
static bool is_long(const struct builder *b, u32 more)
{
	return b->bio && b->io->urgency == KVT_IN_TURN &&
	       b->bio->bi_iter.bi_size + more > KVT_TURN_MAX;
}

/* @left: bytes, this piece included, that are still to come. */
static void add_piece(struct builder *b, struct page *page, u32 len, u32 off,
		      u64 left)
{
	if (is_long(b, len))
		finish(b);
	if (!b->bio)
		b->bio = new_bio(b->io, b->opf, b->pos,
				 DIV_ROUND_UP_ULL(left, PAGE_SIZE));
	if (bio_add_page(b->bio, page, len, off) != len) {
		finish(b);
		b->bio = new_bio(b->io, b->opf, b->pos,
				 DIV_ROUND_UP_ULL(left, PAGE_SIZE));
		__bio_add_page(b->bio, page, len, off);
	}
	b->pos += len;
}

/**
 * kvt_io_add_run() - transfer a part of a frame
 * @io: begun
 * @opf: REQ_OP_READ or REQ_OP_WRITE, and flags
 * @pos: byte of the device
 * @a: arena of the frame
 * @frame: held or owned by the caller until @io has ended
 * @begin: first byte of the frame, a multiple of the page
 * @end: byte after the last, the same
 *
 * Context: process, may sleep for a place in the device's queue.
 */
void kvt_io_add_run(struct kvt_io *io, blk_opf_t opf, u64 pos,
		    struct kvt_arena *a, u32 frame, u32 begin, u32 end)
{
	u64 off = (u64)frame * a->space->block_size + begin, left, len;
	struct builder b = { .io = io, .opf = opf, .pos = pos };

	if (refuse(io))
		return;
	for (left = end - begin; left; left -= len, off += len) {
		void *from;

		len = min(left, KVT_TURN_MAX);
		from = kvt_arena_piece(a, off, &len);
		add_piece(&b, virt_to_page(from), len, 0, left);
	}
	finish(&b);
	count_bytes(io->dev, opf, end - begin);
}

/* The same of a whole frame. */
void kvt_io_add_frame(struct kvt_io *io, blk_opf_t opf, u64 pos,
		      struct kvt_arena *a, u32 frame)
{
	kvt_io_add_run(io, opf, pos, a, frame, 0, a->space->block_size);
}

/**
 * kvt_io_add_buf() - transfer memory of the kernel's own
 * @io: begun
 * @opf: REQ_OP_READ or REQ_OP_WRITE, and flags
 * @pos: byte of the device
 * @buf: page-aligned, from the page allocator or kvmalloc()
 * @len: bytes, a multiple of the page
 *
 * Context: as kvt_io_add_run().
 */
void kvt_io_add_buf(struct kvt_io *io, blk_opf_t opf, u64 pos, void *buf,
		    u32 len)
{
	struct builder b = { .io = io, .opf = opf, .pos = pos };
	u32 left;

	if (refuse(io))
		return;
	for (left = len; left; left -= PAGE_SIZE, buf += PAGE_SIZE)
		add_piece(&b, is_vmalloc_addr(buf) ? vmalloc_to_page(buf) :
			  virt_to_page(buf), PAGE_SIZE, 0, left);
	finish(&b);
	count_bytes(io->dev, opf, len);
}

struct sync_io {
	struct kvt_io io;
	struct completion done;
};

static void sync_done(struct kvt_io *io)
{
	complete(&container_of(io, struct sync_io, io)->done);
}

/* Transfer and wait. Returns 0 or -errno. May sleep. */
int kvt_io_sync(struct kvt_device *dev, blk_opf_t opf, u64 pos, void *buf,
		u32 len)
{
	struct sync_io s;

	init_completion(&s.done);
	kvt_io_begin(&s.io, dev, sync_done);
	kvt_io_add_buf(&s.io, opf, pos, buf, len);
	kvt_io_end(&s.io);
	wait_for_completion_io(&s.done);
	return blk_status_to_errno(s.io.status);
}
