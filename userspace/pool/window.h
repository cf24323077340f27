/* SPDX-License-Identifier: GPL-2.0 */
/* For link.c, work.c and window.c only: the windows of a link. */
#ifndef KVP_WINDOW_H
#define KVP_WINDOW_H

#include <infiniband/verbs.h>
#include <sys/queue.h>

#include "link.h"

LIST_HEAD(kvp_windows, kvp_window);

int kvp_window_alloc(struct kvp_windows *windows, struct ibv_pd *pd,
		     struct kvp_window **window);
void kvp_windows_destroy(struct kvp_windows *windows);
void kvp_window_open(struct kvp_window *window);
void kvp_window_make_open(const struct kvp_op *op, struct ibv_mr *mr,
			  struct ibv_send_wr *wr);
void kvp_window_posted(const struct kvp_op *op);
void kvp_window_make_shut(const struct kvp_op *op, struct ibv_send_wr *wr);

#endif /* KVP_WINDOW_H */
