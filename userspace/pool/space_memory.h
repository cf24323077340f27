/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The windows of a space, registered with RDMA devices as they are mapped: piece by piece,
 * each once. Needs libkvtier.
 */
#ifndef KVP_SPACE_MEMORY_H
#define KVP_SPACE_MEMORY_H

#include "libkvtier.h"
#include "rdma.h"

/**
 * struct kvp_space_memory - all zero at first, but for @rdma and @flags
 * @rdma: by which
 * @flags: of kvp_memory_add()
 * @seen: what of the windows is registered
 * @pieces: they
 * @nr: of @pieces
 */
struct kvp_space_memory {
	struct kvp_rdma *rdma;
	unsigned int flags;
	struct kvt_chunks seen;
	struct kvp_space_piece *pieces;
	unsigned int nr;
};

/* Register what is not; blocks meanwhile. 0 or a negative errno: then as before. */
int kvp_space_memory_add(struct kvp_space_memory *m, struct kvt_space *space);

/* Does @p point into what is registered? */
bool kvp_space_memory_has(const struct kvp_space_memory *m, const void *p);

/* Before the space is closed: nothing is registered any more. */
void kvp_space_memory_remove(struct kvp_space_memory *m);

#endif /* KVP_SPACE_MEMORY_H */
