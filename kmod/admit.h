/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_ADMIT_H
#define _KVT_ADMIT_H

#include "kvt.h"

struct kvt_log;

struct kvt_log *kvt_admit(struct kvt_space *space, const struct kvt_block *b);
bool kvt_admits(const struct kvt_log *log, const struct kvt_block *b);
bool kvt_admit_flush(struct kvt_log *log, const struct kvt_block *b);
bool kvt_log_is_usable(const struct kvt_log *log);

#endif /* _KVT_ADMIT_H */
