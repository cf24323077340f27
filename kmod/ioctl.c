// SPDX-License-Identifier: GPL-2.0
/* /dev/kvtier/<space>: open, close, and commands by ioctl. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "abi.h"
#include "area.h"
#include "cmd.h"
#include "file.h"
#include "ioctl.h"
#include "ioctl_arg.h"
#include "space.h"

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

static int check_mode(struct file *file, const struct kvt_batch *batch)
{
	struct kvt_file *f = file->private_data;
	fmode_t need = 0;

	if (READ_ONCE(f->rejected))
		return -EKEYREJECTED;
	if (kvt_abi_op_writes(batch->op))
		need = FMODE_WRITE;
	/* What was leased has to be released. */
	if (!need || batch->flags & KVT_F_LEASE)
		need |= FMODE_READ;
	return (file->f_mode & need) == need ? 0 : -EBADF;
}

/* The entries are decoded from a copy that the caller cannot change. */
static struct kvt_entry *get_entries(struct kvt_file *f,
				     const struct kvt_batch *batch)
{
	size_t size = array_size(batch->nr, sizeof(struct kvt_entry));
	struct kvt_entry *entries = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	int err = -EFAULT;

	if (!entries)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(entries, u64_to_user_ptr(batch->entries), size))
		goto free;
	err = kvt_abi_check_entries(batch, entries, f->space->block_size);
	if (err)
		goto free;
	return entries;
free:
	kvfree(entries);
	return ERR_PTR(err);
}

static int put_results(struct kvt_batch __user *arg, struct kvt_cmd *c)
{
	if (copy_to_user(u64_to_user_ptr(c->batch->entries), c->entries,
			 c->batch->done * sizeof(struct kvt_entry)) ||
	    put_user(c->batch->done, &arg->done) ||
	    put_user(c->batch->ok, &arg->ok))
		return -EFAULT;
	return 0;
}

static long submit(struct file *file, struct kvt_batch __user *arg)
{
	struct kvt_batch batch;
	struct kvt_cmd c = {
		.file = file->private_data,
		.batch = &batch,
	};
	int err;

	err = kvt_get_arg(&batch, sizeof(batch), arg);
	if (!err)
		err = kvt_abi_check_batch(&batch);
	if (!err)
		err = check_mode(file, &batch);
	if (err)
		return err;
	c.entries = get_entries(c.file, &batch);
	if (IS_ERR(c.entries))
		return PTR_ERR(c.entries);
	kvt_cmd_run(&c);
	err = put_results(arg, &c);
	kvfree(c.entries);
	return err;
}

static long space_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *p = (void __user *)arg;

	switch (KVT_CMD(cmd)) {
	case KVT_CMD(KVT_IOC_SPACE_INFO):
		return space_info(file->private_data, p);
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
	.mmap = kvt_area_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
};
