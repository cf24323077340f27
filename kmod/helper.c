// SPDX-License-Identifier: GPL-2.0
/*
 * The file by which a helper answers for a remote tier: its descriptors, mapped, and its
 * commands by io_uring, decoded. What they mean is in remote.c.
 *
 * A command that is armed keeps the file, so there is none when the file is released.
 * Who holds the ring's lock may be anybody, also somebody who submits a request: so a
 * command is completed as task work.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "remote.h"

/**
 * struct told - what a command knows
 * @id: of the request that it tells of; 0: none yet
 * @tag: its tag
 */
struct told {
	u64 id;
	u32 tag;
};

static struct told *told_of(struct io_uring_cmd *io)
{
	return io_uring_cmd_to_pdu(io, struct told);
}

static size_t map_bytes(const struct kvt_helper *helper)
{
	return (size_t)helper->depth * KVT_REMOTE_STRIDE;
}

/* ------------------------------------------------------------------------- commands */

static void tell(struct io_uring_cmd *io, unsigned int issue_flags,
		 bool is_dead)
{
	const struct told *told = told_of(io);

	if (is_dead)
		kvt_remote_return(io->file->private_data, told->tag, told->id);
	kvt_uring_done(io, is_dead ? -ECANCELED : 0, issue_flags);
}

KVT_URING_TASK_WORK(tell_in_task, tell)

void kvt_helper_tell(struct io_uring_cmd *io, u64 id)
{
	told_of(io)->id = id;
	io_uring_cmd_complete_in_task(io, tell_in_task);
}

/* The ring's lock is held. */
static void cancel(struct io_uring_cmd *io, unsigned int issue_flags)
{
	if (kvt_remote_disarm(io->file->private_data, told_of(io)->tag, io))
		kvt_uring_done(io, -ECANCELED, issue_flags);
}

static int carry_out(struct io_uring_cmd *io, u32 tag, u64 id,
		     unsigned int issue_flags)
{
	struct kvt_helper *helper = io->file->private_data;

	if (tag >= helper->depth)
		return -EINVAL;
	tag = array_index_nospec(tag, helper->depth);
	*told_of(io) = (struct told){ .tag = tag };
	if (io->cmd_op == KVT_URING_COMMIT_REQ)
		return kvt_remote_answer(helper, tag, id, io, issue_flags);
	return id ? -EINVAL : kvt_remote_arm(helper, tag, io, issue_flags);
}

static int helper_uring_cmd(struct io_uring_cmd *io, unsigned int issue_flags)
{
	const struct kvt_uring_remote *c;

	if (issue_flags & IO_URING_F_CANCEL) {
		cancel(io, issue_flags);
		return 0;
	}
	if (io->cmd_op != KVT_URING_FETCH_REQ && io->cmd_op != KVT_URING_COMMIT_REQ)
		return -EOPNOTSUPP;
	c = (const void *)io->sqe->cmd;
	/* A worker of io_uring's does not hold the ring's lock. */
	if (issue_flags & IO_URING_F_UNLOCKED || READ_ONCE(c->pad))
		return -EINVAL;
	return carry_out(io, READ_ONCE(c->tag), READ_ONCE(c->id), issue_flags) ?:
	       -EIOCBQUEUED;
}

/* ------------------------------------------------------------------------------ map */

static vm_fault_t helper_fault(struct vm_fault *vmf)
{
	struct kvt_helper *helper = vmf->vma->vm_file->private_data;

	if (vmf->pgoff >= map_bytes(helper) >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;
	vmf->page = vmalloc_to_page(helper->memory + (vmf->pgoff << PAGE_SHIFT));
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct helper_vm_ops = {
	.fault = helper_fault,
};

static int helper_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff || !(vma->vm_flags & VM_MAYSHARE) ||
	    vma->vm_end - vma->vm_start != map_bytes(file->private_data))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EACCES;
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY,
		     VM_MAYEXEC);
	vma->vm_ops = &helper_vm_ops;
	return 0;
}

/* ----------------------------------------------------------------------------- file */

static void free_helper(struct kvt_helper *helper)
{
	vfree(helper->memory);
	kfree(helper);
}

static int helper_release(struct inode *inode, struct file *file)
{
	kvt_remote_detach(file->private_data);
	free_helper(file->private_data);
	return 0;
}

static const struct file_operations helper_fops = {
	.owner = THIS_MODULE,
	.release = helper_release,
	.uring_cmd = helper_uring_cmd,
	.mmap = helper_mmap,
};

static struct kvt_helper *alloc_helper(u32 depth)
{
	struct kvt_helper *helper;

	BUILD_BUG_ON(sizeof(struct kvt_remote_desc) > KVT_REMOTE_TRAILERS);
	BUILD_BUG_ON(KVT_REMOTE_STRIDE % PAGE_SIZE);
	helper = kzalloc(struct_size(helper, tags, depth), GFP_KERNEL_ACCOUNT);
	if (!helper)
		return NULL;
	helper->depth = depth;
	helper->memory = __vmalloc(map_bytes(helper),
				   GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (helper->memory)
		return helper;
	kfree(helper);
	return NULL;
}

static struct file *open_attached(struct kvt_helper *helper, const char *name)
{
	struct file *file;
	int err = kvt_remote_attach(helper, name);

	if (err)
		return ERR_PTR(err);
	file = anon_inode_getfile("[kvtier-helper]", &helper_fops, helper, O_RDWR);
	if (IS_ERR(file))
		kvt_remote_detach(helper);
	return file;
}

/**
 * kvt_helper_open() - become a remote tier's helper
 * @arg: checked by the caller; what is out is filled in
 *
 * Context: process; takes kvt_admin.
 * Return: a file whose end ends it, or ERR_PTR() of what struct kvt_remote_attach
 * documents.
 */
struct file *kvt_helper_open(struct kvt_remote_attach *arg)
{
	struct kvt_helper *helper = alloc_helper(arg->depth);
	struct file *file;

	if (!helper)
		return ERR_PTR(-ENOMEM);
	file = open_attached(helper, (const char *)arg->name);
	if (IS_ERR(file)) {
		free_helper(helper);
		return file;
	}
	arg->stride = KVT_REMOTE_STRIDE;
	arg->map_bytes = map_bytes(helper);
	return file;
}
