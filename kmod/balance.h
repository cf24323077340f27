/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_BALANCE_H
#define _KVT_BALANCE_H

#include <linux/workqueue.h>

void kvt_balance_work(struct work_struct *work);
void kvt_reap_work(struct work_struct *work);

#endif /* _KVT_BALANCE_H */
