/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_BATCH_H
#define _KVT_BATCH_H

#include <linux/compiler_types.h>
#include "kvt.h"

struct file;

int kvt_batch_get(struct file *file, struct kvt_batch *batch,
		  struct kvt_batch __user *arg);
int kvt_batch_get_entries(struct file *file, const struct kvt_batch *batch,
			  struct kvt_entry *entries);
int kvt_batch_put(struct kvt_batch __user *arg, const struct kvt_batch *batch,
		  const struct kvt_entry *entries);
int kvt_batch_run(struct file *file, struct kvt_batch *batch,
		  struct kvt_batch __user *arg);

#endif /* _KVT_BATCH_H */
