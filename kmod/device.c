// SPDX-License-Identifier: GPL-2.0
/* Block devices of nvme tiers: opening, superblocks, failure, closing. */
#include <linux/blkdev.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/wait_bit.h>

#include "nvme.h"

#define OPEN_MODE (BLK_OPEN_READ | BLK_OPEN_WRITE | BLK_OPEN_RESTRICT_WRITES)

static long time_left(unsigned long deadline)
{
	return max((long)(deadline - jiffies), 1L);
}

/*
 * The block layer: the device has gone, or goes. Called with bd_holder_lock
 * held, and has to let go of it.
 */
static void mark_dead(struct block_device *bdev, bool surprise)
{
	struct kvt_device **holder = bdev->bd_holder;
	struct kvt_device *dev;

	/* Seen only once it is what it will be: see set_geometry(). */
	dev = smp_load_acquire(holder);
	if (dev)
		kvt_device_failed(dev, surprise ? "it is gone" :
				  "it is being removed");
	mutex_unlock(&bdev->bd_holder_lock);
}

static const struct blk_holder_ops holder_ops = {
	.mark_dead = mark_dead,
};

/* --------------------------------------------------------------- superblocks */

static u64 copy_pos(unsigned int copy)
{
	return copy * (u64)KVT_LOG_SUPER_STEP;
}

static int read_copy(struct kvt_device *dev, unsigned int copy,
		     struct kvt_log_super *s)
{
	u64 size = bdev_nr_bytes(dev->bdev);

	if (copy_pos(copy) + KVT_LOG_PAGE > size)
		return -EMEDIUMTYPE;
	if (kvt_io_sync(dev, REQ_OP_READ, copy_pos(copy), s, KVT_LOG_PAGE))
		return -EIO;
	return kvt_log_check_super(s, size);
}

/* Neither copy is good: which of the reasons says most? */
static int worse(const int *err)
{
	static const int order[] = {
		-EOVERFLOW, -EPROTONOSUPPORT, -EUCLEAN, -EIO,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(order); i++)
		if (err[0] == order[i] || err[1] == order[i])
			return order[i];
	return -EMEDIUMTYPE;
}

/* The copy to go by, or -errno. */
static int choose_copy(struct kvt_log_super *const *s, const int *err)
{
	if (err[0] && err[1])
		return worse(err);
	if (err[0] || err[1])
		return err[0] ? 1 : 0;
	return le64_to_cpu(s[1]->sequence) > le64_to_cpu(s[0]->sequence);
}

static void note_bad_copy(struct kvt_device *dev, const int *err)
{
	unsigned int bad = err[0] ? 0 : 1;

	if (!err[bad])
		return;
	atomic64_inc(&dev->nvme->bad_records);
	pr_warn("kvtier: %pg: superblock %u is no good (%d), the other one is used\n",
		dev->bdev, bad, err[bad]);
}

static int read_super(struct kvt_device *dev)
{
	struct kvt_log_super *s[KVT_LOG_SUPER_COPIES];
	int err[KVT_LOG_SUPER_COPIES], copy;

	s[0] = (void *)__get_free_page(GFP_KERNEL);
	s[1] = (void *)__get_free_page(GFP_KERNEL);
	copy = -ENOMEM;
	if (s[0] && s[1]) {
		err[0] = read_copy(dev, 0, s[0]);
		err[1] = read_copy(dev, 1, s[1]);
		copy = choose_copy(s, err);
	}
	if (copy >= 0) {
		note_bad_copy(dev, err);
		swap(dev->super, s[copy]);
		dev->super_copy = copy;
	}
	free_page((unsigned long)s[0]);
	free_page((unsigned long)s[1]);
	return min(copy, 0);
}

static void super_done(struct kvt_io *io)
{
	struct kvt_device *dev = container_of(io, struct kvt_device, super_io);

	if (!io->status)
		dev->super_copy ^= 1;
	/* Who sees it may write into @dev->super again. */
	smp_store_release(&dev->super_busy, false);
	/* Before wake_up_var() looks whether anybody waits. */
	smp_mb();
	wake_up_var(&dev->super_busy);
}

static bool super_is_written(struct kvt_device *dev)
{
	/* By super_done(): then its result can be seen, too. */
	return !smp_load_acquire(&dev->super_busy);
}

/**
 * kvt_device_write_super() - begin to write the superblock
 * @dev: the device
 * @host: who has it attached from now on; NULL: nobody
 *
 * Over the copy that is not the good one. If it is being written still nothing
 * is begun. kvt_device_wait_super() says when it is done, @dev->super_io.status
 * how it went.
 */
void kvt_device_write_super(struct kvt_device *dev, const u8 *host)
{
	struct kvt_log_super *s = dev->super;

	if (!super_is_written(dev))
		return;
	dev->super_busy = true;
	s->sequence = cpu_to_le64(le64_to_cpu(s->sequence) + 1);
	memset(s->host, 0, sizeof(s->host));
	if (host)
		memcpy(s->host, host, sizeof(s->host));
	kvt_log_seal_super(s);
	kvt_io_begin(&dev->super_io, dev, super_done);
	kvt_io_add_buf(&dev->super_io, REQ_OP_WRITE | REQ_SYNC | REQ_PREFLUSH |
		       REQ_FUA, copy_pos(dev->super_copy ^ 1), s, KVT_LOG_PAGE);
	kvt_io_end(&dev->super_io);
}

/* Wait for that to end, until @deadline (jiffies). Returns whether it has. */
bool kvt_device_wait_super(struct kvt_device *dev, unsigned long deadline)
{
	return wait_var_event_timeout(&dev->super_busy, super_is_written(dev),
				      time_left(deadline));
}

/* -------------------------------------------------------------- open and close */

static int check_bdev(struct block_device *bdev)
{
	if (bdev_read_only(bdev))
		return -EROFS;
	if (bdev_logical_block_size(bdev) > KVT_LOG_PAGE || bdev_is_zoned(bdev))
		return -EOPNOTSUPP;
	/* What others wrote through the page cache must not come after us. */
	return sync_blockdev(bdev) ? -EIO : 0;
}

/**
 * kvt_device_open() - claim a block device and read its superblock
 * @dev: zeroed but for @nvme
 * @path: of the device, as the caller sees it
 * @holder: a word for @dev alone, that stays as long as it is open
 *
 * Writes nothing. kvt_device_close() undoes it, also after an error.
 *
 * Context: process, may sleep.
 * Return: 0 or what struct kvt_nvme_add documents about a device.
 */
int kvt_device_open(struct kvt_device *dev, const char *path,
		    struct kvt_device **holder)
{
	struct file *file;
	dev_t number;
	int err;

	/* Not by path: that says -EACCES for what is read-only. */
	err = lookup_bdev(path, &number);
	if (err)
		return err;
	file = bdev_file_open_by_dev(number, OPEN_MODE, holder, &holder_ops);
	if (IS_ERR(file))
		return PTR_ERR(file);
	dev->file = file;
	dev->bdev = file_bdev(file);
	dev->holder = holder;
	err = check_bdev(dev->bdev);
	return err ?: read_super(dev);
}

/* Gives the device back. No I/O of ours is under way. */
void kvt_device_close(struct kvt_device *dev)
{
	if (!dev->file)
		return;
	/* Who waited for a transfer may be here before it let go of @dev. */
	wait_var_event(&dev->inflight, !atomic_read(&dev->inflight));
	/* Who reads it through the page cache is to see what we wrote. */
	invalidate_bdev(dev->bdev);
	bdev_fput(dev->file);
	free_page((unsigned long)dev->super);
}

/* -------------------------------------------------------------------- failure */

/**
 * kvt_device_failed() - use a device no more
 * @dev: the device
 * @why: for the log: it ...
 *
 * What is only on it becomes a miss, in the background.
 *
 * Context: any, also interrupts.
 */
void kvt_device_failed(struct kvt_device *dev, const char *why)
{
	struct kvt_nvme *nvme = dev->nvme;

	if (xchg(&dev->failed, true))
		return;
	pr_err("kvtier: %s: device %u (%pg) is not used any more: %s\n",
	       dev_name(&nvme->tier.dev), dev->index, dev->bdev, why);
	queue_delayed_work(nvme->wq, &nvme->lose, 0);
}

static bool is_quiet(struct kvt_device *dev)
{
	return !atomic_read(&dev->inflight) && list_empty(&dev->freeing);
}

/**
 * kvt_device_wait() - wait until nothing is under way to or from a device
 * @dev: the device; nobody begins anything new
 * @deadline: jiffies: how long
 *
 * Return: is nothing under way?
 */
bool kvt_device_wait(struct kvt_device *dev, unsigned long deadline)
{
	return wait_var_event_timeout(&dev->inflight, is_quiet(dev),
				      time_left(deadline));
}
