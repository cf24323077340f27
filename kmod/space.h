/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_SPACE_H
#define _KVT_SPACE_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "arena.h"
#include "block.h"
#include "drain.h"
#include "fill.h"
#include "kvt.h"
#include "layers.h"
#include "policy.h"
#include "retain.h"
#include "spill.h"
#include "stats.h"
#include "sums.h"

/* The file offsets of a space's areas. Each arena has a fixed region. */
#define KVT_WINDOW_MAX		BIT_ULL(44)
#define KVT_STATUS_BASE		BIT_ULL(48)
#define KVT_STATUS_MAX		BIT_ULL(36)
#define KVT_SLOTS_BASE		BIT_ULL(50)
#define KVT_SLOTS_MAX		BIT_ULL(58)

static inline u64 kvt_window_offset(unsigned int arena)
{
	return arena * KVT_WINDOW_MAX;
}

static inline u64 kvt_status_offset(unsigned int arena)
{
	return KVT_STATUS_BASE + arena * KVT_STATUS_MAX;
}

enum kvt_promote { KVT_PROMOTE_OFF, KVT_PROMOTE_FREE, KVT_PROMOTE_ALWAYS };

/* Knobs: plain words, written by sysfs, read with READ_ONCE(). */
struct kvt_knobs {
	u32 default_class;
	u32 low_watermark;	/* per mille of an arena's frames */
	u32 high_watermark;
	u32 lease_quota;	/* per mille of all frames */
	u32 fill_timeout_ms;
	u32 quarantine_ms;
	u32 promote;		/* enum kvt_promote */
	u32 checksum;		/* enum kvt_checksum */
	u32 verify;		/* per mille of the moves between memory tiers */
	u32 remote_write;	/* enum kvt_remote_write */
	u32 remote_timeout_ms;
	u64 remote_rate;	/* bytes a second; 0: no limit */
};

/**
 * struct kvt_space - one tenant's KV address space
 * @dev: /sys/class/kvtier/<name>; its release frees the space
 * @cdev: /dev/kvtier/<name>
 * @list: in the list of spaces (kvt_admin)
 * @block_size: bytes; constant
 * @layers: of a block; constant
 * @identity: constant
 * @uid: owner of the node; constant
 * @gid: group of the node; constant
 * @mode: of the node; constant
 * @inode: its mapping holds every mmap of the space; constant
 * @knobs: see there
 * @policy: in use (READ_ONCE)
 * @retain: its retention classes
 * @arenas: by index. Those with a tier are in use
 * @index: all descriptors by key
 * @slots: descriptors that have a frame, by slot; marks: see kmod/spill.h
 * @held: leases of all files, and blocks being filled; <= the lease quota
 * @wanted: by slot: until when, in jiffies, a PREFETCH wants its block on a faster
 *	tier (xa_mk_value()); 0: at any time
 * @has_wanted: PREFETCH asked for blocks, and they are not all under way
 *	(READ_ONCE)
 * @nr_loading: loads that nobody waits for
 * @nr_carrying: logs that carry blocks over just now (atomic)
 * @nr_grown: counts that more of a block became valid which others wait for
 * @remote: its remote tier, or NULL. Written under kvt_admin, read under SRCU
 *	(kmod/space_remote.c)
 * @nr_requests: requests to it that are not released (atomic; kmod/remote.c)
 * @nr_drops: those of them that are DROPs (atomic)
 * @spill: what it spills with
 * @drain: see there
 * @fetcher: fills what is fetched from it (kmod/fetch.c)
 * @stats: counters
 * @wait: woken when a block is sealed, settles after a move or goes, and when
 *	a frame becomes free
 * @wq: background work of this space
 * @balance: eviction between the watermarks, prefetch
 * @reap: fill timeouts and quarantine
 * @lock: guards what follows, and what struct kvt_block and struct kvt_arena
 *	say it does
 * @fillers: open files that are filling blocks
 * @openers: open files
 * @dead: no open any more
 * @quarantine: blocks in KVT_QUARANTINE
 * @doomed: dropped blocks that the worker is to destroy
 * @nr_slots: slots are below it; only grows
 * @nr_offers: counts blocks that became candidates for eviction (read without)
 * @nr_blocks: sealed
 * @nr_filling: being filled
 * @nr_dropped: dropped, and still leased or owned
 * @nr_cancelled: dropped or late while filled, and not given back yet
 * @nr_quarantine: length of @quarantine
 * @nr_descriptors: allocated, all states
 */
struct kvt_space {
	struct device dev;
	struct cdev cdev;
	struct list_head list;
	u32 block_size;
	struct kvt_layer_map layers;
	u8 identity[KVT_IDENTITY_SIZE];
	kuid_t uid;
	kgid_t gid;
	umode_t mode;
	struct inode *inode;
	struct kvt_knobs knobs;
	const struct kvt_policy *policy;
	struct kvt_retain retain;
	struct kvt_arena arenas[KVT_MAX_ARENAS];
	struct rhashtable index;
	struct xarray slots;
	atomic_long_t held;
	struct xarray wanted;
	bool has_wanted;
	atomic_t nr_loading;
	atomic_t nr_carrying;
	atomic_t nr_grown;
	struct kvt_remote __rcu *remote;
	atomic_t nr_requests;
	atomic_t nr_drops;
	struct kvt_spill spill;
	struct kvt_drain drain;
	struct kvt_filler fetcher;
	struct kvt_stats __percpu *stats;
	wait_queue_head_t wait;
	struct workqueue_struct *wq;
	struct work_struct balance;
	struct delayed_work reap;

	spinlock_t lock ____cacheline_aligned_in_smp;
	struct list_head fillers;
	u32 openers;
	bool dead;
	struct list_head quarantine;
	struct list_head doomed;
	u32 nr_slots;
	u32 nr_offers;
	u32 nr_blocks;
	u32 nr_filling;
	u32 nr_dropped;
	u32 nr_cancelled;
	u32 nr_quarantine;
	atomic_t nr_descriptors;
};

#define to_kvt_space(d) container_of(d, struct kvt_space, dev)

/* The arena in use after @a, or the first; NULL if there is none. */
static inline struct kvt_arena *kvt_arena_next(struct kvt_space *space,
					       struct kvt_arena *a)
{
	for (a = a ? a + 1 : space->arenas;
	     a < space->arenas + KVT_MAX_ARENAS; a++)
		if (READ_ONCE(a->tier))
			return a;
	return NULL;
}

/* Arenas in use. A plain walk is safe: arenas live as long as the space. */
#define kvt_for_each_arena(a, space)				\
	for ((a) = kvt_arena_next(space, NULL); (a);		\
	     (a) = kvt_arena_next(space, a))

static inline struct kvt_arena *kvt_block_arena(struct kvt_space *space,
						const struct kvt_block *b)
{
	return &space->arenas[kvt_block_arena_index(b)];
}

/* Are its bytes in a frame? Stable for who holds or owns it. */
static inline bool kvt_block_in_memory(struct kvt_space *space,
				       const struct kvt_block *b)
{
	return kvt_arena_is_memory(kvt_block_arena(space, b));
}

/* Total of the arenas' frames. */
static inline u64 kvt_space_frames(struct kvt_space *space)
{
	struct kvt_arena *a;
	u64 nr = 0;

	kvt_for_each_arena(a, space)
		nr += READ_ONCE(a->nr_frames);
	return nr;
}

static inline void kvt_space_wake(struct kvt_space *space)
{
	if (wq_has_sleeper(&space->wait))
		wake_up_all(&space->wait);
}

u64 kvt_space_extents(struct kvt_space *space);

int kvt_space_init(void);
void kvt_space_exit(void);
int kvt_space_create(const struct kvt_space_create *arg, const u32 *ends);
int kvt_space_delete(const char *name);
int kvt_space_resize(const char *name, const char *tier, u64 *bytes);
void kvt_space_lose_arena(struct kvt_arena *a);
void kvt_space_info(struct kvt_space *space, struct kvt_space_info *info);
long kvt_space_quota(struct kvt_space *space);
size_t kvt_space_metadata(struct kvt_space *space);
struct kvt_space *kvt_space_next(struct kvt_space *space);
int kvt_space_enter(struct kvt_space *space);
void kvt_space_leave(struct kvt_space *space);

#endif /* _KVT_SPACE_H */
