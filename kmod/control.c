// SPDX-License-Identifier: GPL-2.0
/* /dev/kvtier-control: what an operator may do, decoded and checked. */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "abi.h"
#include "ioctl.h"
#include "ioctl_arg.h"
#include "nvme.h"
#include "remote.h"
#include "space.h"
#include "tier_mem.h"

static long version(void __user *arg)
{
	struct kvt_version v;
	int err;

	err = kvt_get_arg(&v, sizeof(v), arg);
	if (err)
		return err;
	v = (struct kvt_version){
		.size = sizeof(v),
		.abi = KVT_ABI_VERSION,
		.release = KVT_VERSION,
	};
	return kvt_put_arg(arg, &v, sizeof(v));
}

static long tier_add(void __user *arg)
{
	struct kvt_tier_add a;
	int err;

	err = kvt_get_arg(&a, sizeof(a), arg);
	if (!err)
		err = kvt_abi_check_tier_add(&a);
	return err ?: kvt_mem_tier_add(&a);
}

static long nvme_add(void __user *arg)
{
	struct kvt_nvme_add *a = kmalloc(sizeof(*a), GFP_KERNEL);
	long err;

	if (!a)
		return -ENOMEM;
	err = kvt_get_arg(a, sizeof(*a), arg);
	if (!err)
		err = kvt_abi_check_nvme_add(a);
	if (!err) {
		err = kvt_nvme_add(a);
		err = kvt_put_arg(arg, a, sizeof(*a)) ?: err;
	}
	kfree(a);
	return err;
}

static long remote_add(void __user *arg)
{
	struct kvt_remote_add a;
	int err;

	err = kvt_get_arg(&a, sizeof(a), arg);
	if (!err)
		err = kvt_abi_check_remote_add(&a);
	return err ?: kvt_remote_add(&a);
}

/* Nobody can reach the file before the caller has all that belongs to it. */
static long install_helper(struct kvt_remote_attach *a, void __user *arg)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	if (fd < 0)
		return fd;
	file = kvt_helper_open(a);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	if (kvt_put_arg(arg, a, sizeof(*a))) {
		put_unused_fd(fd);
		fput(file);
		return -EFAULT;
	}
	fd_install(fd, file);
	return fd;
}

static long remote_attach(void __user *arg)
{
	struct kvt_remote_attach a;
	int err;

	err = kvt_get_arg(&a, sizeof(a), arg);
	if (!err)
		err = kvt_abi_check_remote_attach(&a);
	return err ?: install_helper(&a, arg);
}

/* tier_remove and space_delete have the same shape. */
static long remove_by_name(void __user *arg, int (*remove)(const char *name))
{
	struct kvt_tier_remove a;
	int err;

	BUILD_BUG_ON(sizeof(a) != sizeof(struct kvt_space_delete));
	err = kvt_get_arg(&a, sizeof(a), arg);
	if (!err && a.pad)
		err = -EINVAL;
	if (!err)
		err = kvt_abi_check_name(a.name);
	return err ?: remove((const char *)a.name);
}

static long tier_resize(void __user *arg)
{
	struct kvt_tier_resize a;
	long err;

	err = kvt_get_arg(&a, sizeof(a), arg);
	if (!err)
		err = kvt_abi_check_tier_resize(&a);
	if (err)
		return err;
	err = kvt_tier_resize((const char *)a.name, &a.bytes);
	return kvt_put_arg(arg, &a, sizeof(a)) ?: err;
}

/* Where its layers end, or NULL; to be freed. */
static u32 *get_layers(const struct kvt_space_create *a)
{
	size_t size = array_size(a->nr_layers, sizeof(u32));
	u32 *ends;
	int err;

	if (!size)
		return NULL;
	ends = memdup_user(u64_to_user_ptr(a->layers), size);
	if (IS_ERR(ends))
		return ends;
	err = kvt_abi_check_layers(ends, a->nr_layers, a->block_size);
	if (!err)
		return ends;
	kfree(ends);
	return ERR_PTR(err);
}

static long space_create(void __user *arg)
{
	size_t least = offsetof(struct kvt_space_create, layers);
	struct kvt_space_create a;
	u32 *ends;
	long err;

	err = kvt_get_grown_arg(&a, sizeof(a), least, arg);
	if (!err)
		err = kvt_abi_check_space_create(&a);
	if (err)
		return err;
	ends = get_layers(&a);
	if (IS_ERR(ends))
		return PTR_ERR(ends);
	err = kvt_space_create(&a, ends);
	kfree(ends);
	return err;
}

static long space_resize(void __user *arg)
{
	struct kvt_space_resize a;
	long err;

	err = kvt_get_arg(&a, sizeof(a), arg);
	if (!err)
		err = kvt_abi_check_space_resize(&a);
	if (err)
		return err;
	err = kvt_space_resize((const char *)a.name,
			       (const char *)a.quota.tier, &a.quota.bytes);
	return kvt_put_arg(arg, &a, sizeof(a)) ?: err;
}

static long control_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	void __user *p = (void __user *)arg;

	if (KVT_CMD(cmd) == KVT_CMD(KVT_IOC_VERSION))
		return version(p);
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (KVT_CMD(cmd)) {
	case KVT_CMD(KVT_IOC_TIER_ADD):
		return tier_add(p);
	case KVT_CMD(KVT_IOC_NVME_ADD):
		return nvme_add(p);
	case KVT_CMD(KVT_IOC_REMOTE_ADD):
		return remote_add(p);
	case KVT_CMD(KVT_IOC_REMOTE_ATTACH):
		return remote_attach(p);
	case KVT_CMD(KVT_IOC_TIER_REMOVE):
		return remove_by_name(p, kvt_tier_remove);
	case KVT_CMD(KVT_IOC_TIER_RESIZE):
		return tier_resize(p);
	case KVT_CMD(KVT_IOC_SPACE_CREATE):
		return space_create(p);
	case KVT_CMD(KVT_IOC_SPACE_DELETE):
		return remove_by_name(p, kvt_space_delete);
	case KVT_CMD(KVT_IOC_SPACE_RESIZE):
		return space_resize(p);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice control_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kvtier-control",
	.fops = &control_fops,
	.mode = 0600,
};

int kvt_control_init(void)
{
	return misc_register(&control_dev);
}

void kvt_control_exit(void)
{
	misc_deregister(&control_dev);
}
