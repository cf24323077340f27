/* SPDX-License-Identifier: GPL-2.0 */
/* How every extensible ioctl struct is read and written. */
#ifndef _KVT_IOCTL_ARG_H
#define _KVT_IOCTL_ARG_H

#include <linux/ioctl.h>
#include <linux/uaccess.h>

/* A command number without the struct's size, which may grow. */
#define KVT_CMD(cmd) ((cmd) & ~IOCSIZE_MASK)

/*
 * A struct whose first u32 is its size. What an older caller does not know, past
 * @least, is zero. -EINVAL: shorter than that.
 */
static inline int kvt_get_grown_arg(void *to, size_t known, size_t least,
				    const void __user *from)
{
	u32 size;

	if (get_user(size, (const u32 __user *)from))
		return -EFAULT;
	if (size < least)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(to, known, from, size);
}

/* The same of one that has not grown yet. */
static inline int kvt_get_arg(void *to, size_t known, const void __user *from)
{
	return kvt_get_grown_arg(to, known, known, from);
}

static inline int kvt_put_arg(void __user *to, const void *from, size_t size)
{
	return copy_to_user(to, from, size) ? -EFAULT : 0;
}

#endif /* _KVT_IOCTL_ARG_H */
