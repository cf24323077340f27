// SPDX-License-Identifier: GPL-2.0
/*
 * A batch on its way in and out: what KVT_IOC_SUBMIT and KVT_URING_SUBMIT share.
 * It is checked, and carried out, on a copy that the caller cannot change.
 */
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "abi.h"
#include "batch.h"
#include "cmd.h"
#include "ioctl_arg.h"
#include "space.h"

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

/**
 * kvt_batch_get() - read and check a batch, its entries aside
 * @file: of a space
 * @batch: out
 * @arg: the caller's
 *
 * Return: 0, -EFAULT, -EINVAL, -E2BIG, -EKEYREJECTED, -EBADF.
 */
int kvt_batch_get(struct file *file, struct kvt_batch *batch,
		  struct kvt_batch __user *arg)
{
	int err;

	err = kvt_get_arg(batch, sizeof(*batch), arg);
	if (!err)
		err = kvt_abi_check_batch(batch);
	return err ?: check_mode(file, batch);
}

/**
 * kvt_batch_get_entries() - read and check its entries
 * @file: of a space
 * @batch: checked
 * @entries: out: @batch->nr of them
 *
 * Return: 0, -EFAULT, -EINVAL.
 */
int kvt_batch_get_entries(struct file *file, const struct kvt_batch *batch,
			  struct kvt_entry *entries)
{
	struct kvt_file *f = file->private_data;

	if (copy_from_user(entries, u64_to_user_ptr(batch->entries),
			   array_size(batch->nr, sizeof(*entries))))
		return -EFAULT;
	return kvt_abi_check_entries(batch, entries, f->space->block_size);
}

/* Tell the caller what became of it. Returns 0 or -EFAULT. */
int kvt_batch_put(struct kvt_batch __user *arg, const struct kvt_batch *batch,
		  const struct kvt_entry *entries)
{
	if (copy_to_user(u64_to_user_ptr(batch->entries), entries,
			 batch->done * sizeof(*entries)) ||
	    put_user(batch->done, &arg->done) || put_user(batch->ok, &arg->ok))
		return -EFAULT;
	return 0;
}

/**
 * kvt_batch_run() - carry a batch out, sleeping where it waits
 * @file: of a space
 * @batch: checked
 * @arg: the caller's: gets the results
 *
 * Return: 0, -EFAULT, -EINVAL, -ENOMEM.
 */
int kvt_batch_run(struct file *file, struct kvt_batch *batch,
		  struct kvt_batch __user *arg)
{
	/* Or it would be zeroed, and it is large. */
	struct kvt_cmd c __uninitialized;
	int err;

	c.file = file->private_data;
	c.batch = batch;
	c.front = NULL;
	c.entries = kvmalloc_array(batch->nr, sizeof(*c.entries),
				   GFP_KERNEL_ACCOUNT);
	if (!c.entries)
		return -ENOMEM;
	err = kvt_batch_get_entries(file, batch, c.entries);
	if (!err) {
		kvt_cmd_run(&c, TASK_KILLABLE);
		err = kvt_batch_put(arg, batch, c.entries);
	}
	kvfree(c.entries);
	return err;
}
