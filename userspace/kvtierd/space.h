/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Spaces that use the remote tier: opened, so that their windows can be mapped and
 * registered with RDMA devices, once; and closed as soon as they use it no more, so
 * that they can be deleted.
 */
#ifndef KVD_SPACE_H
#define KVD_SPACE_H

#include "libkvtier.h"
#include "view.h"
#include "space_memory.h"

struct kvd;

/**
 * struct kvd_space - a space that is open
 * @next: of the daemon's
 * @name: its
 * @info: as it was when it was opened; identity and block size do not change
 * @handle: the library's
 * @memory: its windows, registered
 * @view: the pool; NULL: the configuration does not have the space
 * @nr_requests: under way
 * @latency_ns: see kvd_space_took(); 0: not known
 * @is_leaving: to be closed when there are none
 * @is_seen: while scanning: it still uses the tier
 */
struct kvd_space {
	struct kvd_space *next;
	char name[KVT_NAME_SIZE];
	struct kvt_space_info info;
	struct kvt_space *handle;
	struct kvp_space_memory memory;
	struct kvd_view *view;
	unsigned int nr_requests;
	uint64_t latency_ns;
	bool is_leaving;
	bool is_seen;
};

/* Look which spaces use the tier: open those that are new, leave others. */
void kvd_spaces_scan(struct kvd *d);

/* After a new configuration: other members, other keys. */
void kvd_spaces_reload(struct kvd *d);

void kvd_spaces_close(struct kvd *d);

/* The space that a request is about, opened if need be; NULL: that cannot be. */
struct kvd_space *kvd_space_get(struct kvd *d, const struct kvt_remote_desc *desc);

/* A request less. */
void kvd_space_put(struct kvd *d, struct kvd_space *space);

/* A request has taken so long: the mean leans to what was last. */
void kvd_space_took(struct kvd_space *space, uint64_t ns);

/* Where the frame at @offset is, registered; or NULL. */
void *kvd_space_frame(struct kvd_space *space, uint64_t offset);

#endif /* KVD_SPACE_H */
