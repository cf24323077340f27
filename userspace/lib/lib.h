/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of libkvtier share. Nothing here is installed.
 *
 * Locking: struct kvt_space @lock guards the making and growing of maps. Readers
 * (kvt_ptr() and the like) take no lock: a map is published whole, by a release
 * store to @cur, lives until kvt_close(), and of its fields only @len changes.
 */
#ifndef KVT_LIB_H
#define KVT_LIB_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/ioctl.h>

#include "libkvtier.h"

#define KVT_HUGE	(2UL << 20)
#define NSEC_PER_SEC	1000000000ULL

/**
 * struct kvt_map - one mapping of an area
 * @base: where @offset is; congruent to it modulo 2 MiB, for huge page tables
 * @offset: mmap offset of the area
 * @len: bytes from @base on that the area has
 * @mapped: bytes from @base on that are mapped (@lock)
 * @reserved: bytes from @base on that it may grow to (@lock)
 * @raw: what to unmap
 * @raw_len: bytes of it
 * @older: the mapping that this one stands in for; kept for who has pointers
 */
struct kvt_map {
	char			*base;
	uint64_t		offset;
	_Atomic uint64_t	len;
	size_t			mapped;
	size_t			reserved;
	void			*raw;
	size_t			raw_len;
	struct kvt_map		*older;
};

/**
 * struct kvt_area - something mmap() offers
 * @cur: how it is mapped now; NULL: not yet
 */
struct kvt_area {
	_Atomic(struct kvt_map *) cur;
};

/**
 * struct kvt_space - an open space
 * @fd: its file
 * @rdonly: opened so
 * @block_size: bytes
 * @lock: see above
 * @windows: by arena index
 * @status: by arena index
 * @slots: the slots
 * @nr_layers: of a block; 0: no layout
 * @layers: where each ends, bytes
 */
struct kvt_space {
	int		fd;
	bool		rdonly;
	uint32_t	block_size;
	pthread_mutex_t	lock;
	struct kvt_area	windows[KVT_MAX_ARENAS];
	struct kvt_area	status[KVT_MAX_ARENAS];
	struct kvt_area	slots;
	uint32_t	nr_layers;
	uint32_t	*layers;
};

/**
 * struct kvt_extent - what an area should look like
 * @offset: its mmap offset
 * @len: its bytes; 0: it is gone
 * @prot: PROT_*
 * @node: NUMA node of its memory, or -1: no policy
 * @ahead: the kernel lets more than @len be mapped
 */
struct kvt_extent {
	uint64_t offset;
	uint64_t len;
	int	 prot;
	int	 node;
	bool	 ahead;
};

/* area.c: both with @lock held */
int kvt_area_map(struct kvt_area *area, int fd, const struct kvt_extent *want);
void kvt_area_unmap(struct kvt_area *area);

/* map.c: with @lock held */
int kvt_space_map_arena(struct kvt_space *space, unsigned int arena,
			const struct kvt_arena_info *info);

/* map.c: the status word of the frame at @offset; NULL, and @rc why */
const uint64_t *kvt_status_word(struct kvt_space *space, uint64_t offset, int *rc);

/* Both halves at once, and before what they say is valid is looked at. */
static inline struct kvt_status kvt_status_read(const uint64_t *word)
{
	union {
		uint64_t word;
		struct kvt_status status;
	} u = { .word = __atomic_load_n(word, __ATOMIC_ACQUIRE) };

	return u.status;
}

/* layer.c: CLOCK_MONOTONIC, ns; the layout, once, when the space is opened */
uint64_t kvt_now(void);
int kvt_layers_read(struct kvt_space *space, uint32_t nr);

/* numa.c */
void kvt_numa_bind(void *addr, size_t len, int node);

/* open.c */
bool kvt_name_valid(const char *name);

/**
 * struct kvt_run - a command of any length on its way
 * @space: the space
 * @batch: what every part has in common; its parent is that of the next part
 * @deadline: CLOCK_MONOTONIC ns, with KVT_F_WAIT
 * @ok: entries that succeeded
 * @started: a part has been carried out
 * @rest: result for what is not reached any more; 0: going on
 */
struct kvt_run {
	struct kvt_space *space;
	struct kvt_batch  batch;
	uint64_t	  deadline;
	size_t		  ok;
	bool		  started;
	int		  rest;
};

/* batch.c */
int kvt_run_start(struct kvt_run *run, struct kvt_space *space, enum kvt_op op,
		  const struct kvt_how *how);
int kvt_run_part(struct kvt_run *run, struct kvt_entry *entries, size_t nr);

/* No handler of kvtier returns EINTR half done: starting again is safe. */
static inline int kvt_ioctl(int fd, unsigned long request, void *arg)
{
	int rc;

	do {
		rc = ioctl(fd, request, arg);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

#endif /* KVT_LIB_H */
