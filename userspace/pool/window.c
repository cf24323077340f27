// SPDX-License-Identifier: GPL-2.0
/*
 * A window is a memory window of type 2: what is bound to it can be reached with its
 * key, by the one queue pair that bound it, until the key is invalidated. Each
 * time it is opened it has another key, which comes again after 255 others.
 */
#include <errno.h>
#include <stdlib.h>

#include "window.h"

/**
 * struct kvp_window - see link.h
 * @entry: of its link's windows
 * @mw: the device's. Its rkey: the last one that was posted
 * @rkey: the last one that was started
 */
struct kvp_window {
	LIST_ENTRY(kvp_window) entry;
	struct ibv_mw *mw;
	uint32_t rkey;
};

int kvp_window_alloc(struct kvp_windows *windows, struct ibv_pd *pd,
		     struct kvp_window **window)
{
	struct kvp_window *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->mw = ibv_alloc_mw(pd, IBV_MW_TYPE_2);
	if (!w->mw) {
		int err = -errno;

		free(w);
		return err;
	}
	w->rkey = w->mw->rkey;
	LIST_INSERT_HEAD(windows, w, entry);
	*window = w;
	return 0;
}

void kvp_window_destroy(struct kvp_window *window)
{
	if (!window)
		return;
	LIST_REMOVE(window, entry);
	ibv_dealloc_mw(window->mw);
	free(window);
}

void kvp_windows_destroy(struct kvp_windows *windows)
{
	while (!LIST_EMPTY(windows))
		kvp_window_destroy(LIST_FIRST(windows));
}

uint32_t kvp_window_rkey(const struct kvp_window *window)
{
	return window->rkey;
}

/* It is going to be: with another key than last time. */
void kvp_window_open(struct kvp_window *window)
{
	window->rkey = ibv_inc_rkey(window->rkey);
}

void kvp_window_make_open(const struct kvp_op *op, struct ibv_mr *mr,
			  struct ibv_send_wr *wr)
{
	wr->opcode = IBV_WR_BIND_MW;
	wr->bind_mw.mw = op->window->mw;
	wr->bind_mw.rkey = op->window->rkey;
	wr->bind_mw.bind_info.mr = mr;
	wr->bind_mw.bind_info.addr = (uintptr_t)op->local[0].addr;
	wr->bind_mw.bind_info.length = op->local[0].length;
	wr->bind_mw.bind_info.mw_access_flags = op->writable ?
			IBV_ACCESS_REMOTE_WRITE : IBV_ACCESS_REMOTE_READ;
}

/* It has been posted: the next one builds on its key. */
void kvp_window_posted(const struct kvp_op *op)
{
	op->window->mw->rkey = op->window->rkey;
}

void kvp_window_make_shut(const struct kvp_op *op, struct ibv_send_wr *wr)
{
	wr->opcode = IBV_WR_LOCAL_INV;
	wr->invalidate_rkey = op->window->rkey;
}
