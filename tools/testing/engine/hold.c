// SPDX-License-Identifier: GPL-2.0
/* Leases and reservations of a request's blocks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"

#define PAGE	4096
#define ARRIVAL_NS	60000000000ULL	/* the kernel gives a read up earlier */

static int find_frames(struct request *r, unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = first; i < first + nr; i++) {
		r->frames[i] = kvt_ptr(r->space, r->blocks[i].offset);
		if (!r->frames[i])
			return -errno;
	}
	return 0;
}

int hold_cached(struct request *r, const struct patience *p)
{
	unsigned int first = r->ready, missing = r->nr_full - first;
	struct kvt_how how = {
		.flags = KVT_F_WAIT | (p->whole ? 0 : KVT_F_ARRIVING),
		.timeout_ns = p->wait_ns,
	};
	ssize_t n;

	if (!r->space || !missing)
		return 0;
	n = kvt_acquire(r->space, r->keys + first, missing, &how,
			r->blocks + first);
	if (n < 0)
		return n;
	r->ready += n;
	return find_frames(r, first, n);
}

/* Those behind a block that is not ours to fill are given back, too. */
static unsigned int keep_leading(struct request *r, unsigned int nr)
{
	struct kvt_block *blocks = r->blocks + r->ready;
	unsigned int n = 0;

	while (n < nr && kvt_filling(&blocks[n]))
		n++;
	kvt_abort_blocks(r->space, blocks + n, nr - n);
	return n;
}

int hold_reserve(struct request *r, const struct patience *p, unsigned int max)
{
	unsigned int first = r->ready, nr = r->nr_full - first, n;
	struct kvt_how how = {
		.flags = KVT_F_WAIT, .timeout_ns = p->wait_ns,
		.parent = first ? &r->keys[first - 1] : NULL,
	};
	ssize_t ret;

	if (!r->space)
		return -ENOSPC;
	if (nr > max)
		nr = max;
	ret = kvt_reserve(r->space, r->keys + first, nr, &how,
			  r->blocks + first);
	if (ret < 0)
		return ret;
	n = keep_leading(r, nr);
	ret = find_frames(r, first, n);
	if (ret)
		return ret;
	if (!n && r->blocks[first].result == -ENOSPC)
		return -ENOSPC;
	return n;
}

int hold_own(struct request *r, unsigned int first, unsigned int nr)
{
	size_t bytes = shape_block_bytes(&r->model->shape);
	unsigned int i;

	for (i = first; i < first + nr; i++) {
		r->own[i] = aligned_alloc(PAGE, bytes);
		if (!r->own[i])
			return -ENOMEM;
		memset(r->own[i], 0, bytes);
		r->frames[i] = r->own[i];
		r->blocks[i].result = KVT_RES_PRESENT;
	}
	return 0;
}

int hold_commit(struct request *r, unsigned int nr)
{
	return kvt_commit_blocks(r->space, r->blocks + r->ready, nr);
}

void hold_abort(struct request *r, unsigned int first, unsigned int nr)
{
	kvt_abort_blocks(r->space, r->blocks + first, nr);
}

int hold_wait(struct request *r, unsigned int l, unsigned int first)
{
	size_t which;
	int ret;

	if (!r->space || !kvt_nr_layers(r->space) || first >= r->ready)
		return 0;
	ret = kvt_wait_layer(r->space, r->blocks + first, r->ready - first, l,
			     kvt_deadline(ARRIVAL_NS), &which);
	if (ret == -EIO)
		hold_drop(r, first + which);
	return ret;
}

void hold_drop(struct request *r, unsigned int first)
{
	unsigned int i;

	for (i = first; i < r->nr_blocks; i++) {
		free(r->own[i]);
		r->own[i] = NULL;
		r->frames[i] = NULL;
	}
	if (r->space && first < r->ready)
		kvt_release_blocks(r->space, r->blocks + first,
				   r->ready - first, NULL);
	if (first < r->ready)
		r->ready = first;
}
