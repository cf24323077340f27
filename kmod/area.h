/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_AREA_H
#define _KVT_AREA_H

#include <linux/fs.h>
#include "kvt.h"

int kvt_area_init(void);
void kvt_area_exit(void);
struct inode *kvt_area_inode(void);
int kvt_area_mmap(struct file *file, struct vm_area_struct *vma);
void kvt_area_zap_block_locked(struct kvt_space *space, struct kvt_block *b);
void kvt_area_zap_block(struct kvt_space *space, struct kvt_block *b);
void kvt_area_zap_slot(struct kvt_space *space, u32 slot);

#endif /* _KVT_AREA_H */
