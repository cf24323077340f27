// SPDX-License-Identifier: GPL-2.0
/* /dev/kvtier/<space>: open, close, and commands by ioctl. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "area.h"
#include "batch.h"
#include "file.h"
#include "ioctl.h"
#include "ioctl_arg.h"
#include "space.h"
#include "uring.h"

static int space_open(struct inode *inode, struct file *file)
{
	struct kvt_space *space = container_of(inode->i_cdev, struct kvt_space,
					       cdev);
	struct kvt_file *f = kzalloc(sizeof(*f), GFP_KERNEL);
	int err;

	if (!f)
		return -ENOMEM;
	f->space = space;
	f->filler = (struct kvt_filler)KVT_FILLER_INIT(f->filler);
	mutex_init(&f->lock);
	xa_init(&f->leases);
	spin_lock_init(&f->uring_lock);
	INIT_LIST_HEAD(&f->urings);
	err = kvt_space_enter(space);
	if (err) {
		kfree(f);
		return err;
	}
	file->private_data = f;
	/* Maps live in the space's own inode; the space outlives its files. */
	file->f_mapping = space->inode->i_mapping;
	file->f_wb_err = filemap_sample_wb_err(file->f_mapping);
	return nonseekable_open(inode, file);
}

static int space_close(struct inode *inode, struct file *file)
{
	struct kvt_file *f = file->private_data;

	kvt_fill_drop_all(f->space, &f->filler);
	kvt_lease_drop_all(f);
	kvt_space_leave(f->space);
	kfree(f);
	return 0;
}

static long space_info(struct kvt_file *f, void __user *arg)
{
	struct kvt_space_info info;
	u32 room;

	if (get_user(room, (u32 __user *)arg))
		return -EFAULT;
	if (room < offsetofend(struct kvt_space_info, block_size))
		return -EINVAL;
	kvt_space_info(f->space, &info);
	return kvt_put_arg(arg, &info, min_t(size_t, room, sizeof(info)));
}

static long get_layers(struct kvt_file *f, void __user *arg)
{
	const struct kvt_layer_map *layers = &f->space->layers;
	struct kvt_layers a;
	u32 room;
	int err;

	err = kvt_get_arg(&a, sizeof(a), arg);
	if (err)
		return err;
	room = a.nr;
	a.nr = layers->nr;
	err = kvt_put_arg(arg, &a, sizeof(a));
	if (err)
		return err;
	if (room < layers->nr)
		return -ENOSPC;
	return kvt_put_arg(u64_to_user_ptr(a.ends), layers->ends,
			   array_size(layers->nr, sizeof(u32)));
}

static long attach(struct kvt_file *f, const void __user *arg)
{
	struct kvt_attach a;
	int err;

	err = kvt_get_arg(&a, sizeof(a), arg);
	if (err)
		return err;
	if (a.pad)
		return -EINVAL;
	if (!memcmp(a.identity, f->space->identity, KVT_IDENTITY_SIZE))
		return 0;
	WRITE_ONCE(f->rejected, true);
	return -EKEYREJECTED;
}

static long submit(struct file *file, struct kvt_batch __user *arg)
{
	struct kvt_batch batch;
	int err;

	err = kvt_batch_get(file, &batch, arg);
	return err ?: kvt_batch_run(file, &batch, arg);
}

static long space_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *p = (void __user *)arg;

	switch (KVT_CMD(cmd)) {
	case KVT_CMD(KVT_IOC_SPACE_INFO):
		return space_info(file->private_data, p);
	case KVT_CMD(KVT_IOC_LAYERS):
		return get_layers(file->private_data, p);
	case KVT_CMD(KVT_IOC_ATTACH):
		return attach(file->private_data, p);
	case KVT_CMD(KVT_IOC_SUBMIT):
		return submit(file, p);
	default:
		return -ENOTTY;
	}
}

const struct file_operations kvt_space_fops = {
	.owner = THIS_MODULE,
	.open = space_open,
	.release = space_close,
	.unlocked_ioctl = space_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.uring_cmd = kvt_uring_cmd,
	.mmap = kvt_area_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
};
