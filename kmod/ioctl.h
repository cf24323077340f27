/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_IOCTL_H
#define _KVT_IOCTL_H

#include <linux/fs.h>

extern const struct file_operations kvt_space_fops;

int kvt_control_init(void);
void kvt_control_exit(void);

#endif /* _KVT_IOCTL_H */
