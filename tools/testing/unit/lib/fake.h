/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's end of kvtier as the library sees it, with what tests need to
 * steer and watch it. open() of a space gives a sparse memfd, so that mmap() is
 * real; ioctl() comes here (linked with --wrap).
 */
#ifndef FAKE_H
#define FAKE_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "libkvtier.h"

#define FAKE_MAX_BATCHES 8

#define FAKE_BLOCK	 (64U << 10)
#define FAKE_WINDOW(i)	 ((uint64_t)(i) << 32)
#define FAKE_STATUS(i)	 ((1ULL << 36) + ((uint64_t)(i) << 28))
#define FAKE_SLOTS	 (1ULL << 37)

struct fake {
	/* to steer */
	struct kvt_space_info info;
	int	open_errno;
	int	ioctl_errno;	/* of the next ioctl but SPACE_INFO, ATTACH */
	int	nr_eintr;	/* so many ioctls fail with EINTR first */
	int	fail_batch;	/* the n-th SUBMIT (from 0) ... */
	int	fail_errno;	/* ... is refused with this */
	long	bad_entry;	/* this entry of all (from 0) ... */
	int	bad_result;	/* ... gets this; -1: none */
	/* to watch */
	char	path[128];
	int	open_flags;
	int	fd;
	int	nr_ioctls;
	int	nr_batches;
	long	nr_entries;
	struct kvt_batch batches[FAKE_MAX_BATCHES];
	struct kvt_entry first[FAKE_MAX_BATCHES]; /* entry 0 of each */
	struct kvt_entry last[FAKE_MAX_BATCHES];
	unsigned long	request;	/* the last control request */
	union {
		struct kvt_tier_add	add;
		struct kvt_tier_remove	remove;
		struct kvt_tier_resize	resize;
		struct kvt_space_create	create;
		struct kvt_space_delete	del;
		struct kvt_space_resize	space_resize;
		struct kvt_version	version;
		struct kvt_nvme_add	nvme;
		struct kvt_remote_add	remote;
		struct kvt_remote_attach attach;
	} control;
	/* to steer, too */
	uint32_t bad; /* which device NVME_ADD says its error is about */
	const char *content; /* of a file that is opened; NULL: a sparse one */
	uint64_t reached; /* what resizes say they reached */
	uint32_t layers[8]; /* where they end; info.nr_layers says how many */
	uint32_t layers_short; /* LAYERS tells of so many fewer */
};

extern struct fake fake;

/* Two arenas, of 4 and 2 MiB; everything succeeds. */
void fake_reset(void);

/* Put one on nvme at this index: no frames, no window, no status words. */
void fake_set_nvme_arena(int i);

/* Layers of these sizes, @nr of them; they need not fit. */
void fake_set_layers(const uint32_t *ends, uint32_t nr);

/* Write the status word of a frame of arena @i. */
void fake_set_status(int i, uint32_t frame, uint32_t valid, uint32_t generation);

/* Open it; ends the test program if that fails. */
struct kvt_space *fake_open(unsigned int flags);

/* Keys 1, 2, 3 ...; free() them. */
struct kvt_key *fake_keys(size_t nr);

#endif /* FAKE_H */
