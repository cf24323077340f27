/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_URING_H
#define _KVT_URING_H

struct io_uring_cmd;

int kvt_uring_cmd(struct io_uring_cmd *io, unsigned int issue_flags);

#endif /* _KVT_URING_H */
