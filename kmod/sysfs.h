/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_SYSFS_H
#define _KVT_SYSFS_H

#include <linux/sysfs.h>
#include "kvt.h"

extern const struct attribute_group *kvt_mem_tier_groups[];
extern const struct attribute_group *kvt_nvme_groups[];
extern const struct attribute_group *kvt_remote_groups[];
extern const struct attribute_group *kvt_space_groups[];
extern const struct attribute_group *kvt_class_groups[];

void kvt_sysfs_arena_add(struct kvt_arena *a);
void kvt_sysfs_arena_remove(struct kvt_arena *a);

#endif /* _KVT_SYSFS_H */
