/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvme tiers: sets of block devices, cut into segments. Here is what a segment
 * is to the tier: free, or somebody's. What is in it is the business of the log
 * of the space that has it: see log.h.
 */
#ifndef _KVT_NVME_H
#define _KVT_NVME_H

#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "budget.h"
#include "io.h"
#include "log_codec.h"
#include "tier.h"
#include "turn.h"

/**
 * enum kvt_segment_state - whose a segment is
 * @KVT_SEGMENT_FREE: nobody's; its state page says so, or is no state page
 * @KVT_SEGMENT_FOUND: of a space that has no arena here (now)
 * @KVT_SEGMENT_OWNED: a log's, who alone changes it
 * @KVT_SEGMENT_FREEING: on its way from owned or found to free
 * @KVT_SEGMENT_LOST: its device has failed, and nobody needs it
 */
enum kvt_segment_state {
	KVT_SEGMENT_FREE,
	KVT_SEGMENT_FOUND,
	KVT_SEGMENT_OWNED,
	KVT_SEGMENT_FREEING,
	KVT_SEGMENT_LOST,
};

/* Entries of a segment that name no block (any more). */
#define KVT_NO_ENTRY		U32_MAX
#define KVT_UNBURIED		(U32_MAX - 1)	/* dropped: needs a tomb */

/**
 * struct kvt_segment - a run of a device
 * @list: free, freeing: in its device's list of those, found: in the tier's
 *	(nvme->lock); owned: in its log's list (space->lock); lost: in none
 * @dev: its device; constant
 * @number: on its device; constant
 * @id: among all of the tier; constant
 * @state: enum kvt_segment_state (nvme->lock)
 * @generation: when it was opened, relative to all others of the tier
 * @head: found: begins the good state or header page it was found by; stays when
 *	a log adopts it, which frees it
 *
 * The rest is for the log that owns it; guarded by space->lock unless it says
 * otherwise.
 *
 * @log: who owns it
 * @class_id: retention class of its blocks
 * @is_open: the log may still add to it
 * @is_closed: its footer is written, as far as that was possible, or it was
 *	found
 * @is_void: a write to it failed: its last entries are not to be (log->mutex)
 * @busy: groups and footer being written: it cannot be freed
 * @nr: entries so far
 * @nr_durable: of these, those that are durable (the log's mutex)
 * @nr_live: of these, blocks that are present by it
 * @pos: byte of the segment where the next group begins (the log's mutex)
 * @sealed_at: by kvt_clock(), when it got its last entry or was found (the log.s
 *	mutex; constant once it is closed)
 * @nr_unburied: of the entries, those in KVT_UNBURIED
 * @bury_from: none of them is below it
 * @slots: by entry: slot of the block, KVT_NO_ENTRY or KVT_UNBURIED
 * @offsets: by entry: first page of its data; constant once set
 * @crcs: by entry: its checksums; constant once set
 * @tombs: struct kvt_tomb by entry (the log's mutex)
 * @close: writes the footer
 */
struct kvt_segment {
	struct list_head list;
	struct kvt_device *dev;
	u32 number;
	u32 id;
	u8 state;
	u64 generation;
	struct kvt_log_head *head;

	struct kvt_log *log;
	u8 class_id;
	bool is_open;
	bool is_closed;
	bool is_void;
	u32 busy;
	u32 nr;
	u32 nr_durable;
	u32 nr_live;
	u32 nr_unburied;
	u32 bury_from;
	u32 pos;
	u64 sealed_at;
	u32 *slots;
	u32 *offsets;
	u32 *crcs;
	struct xarray tombs;
	struct work_struct close;
};

/**
 * struct kvt_device - a block device of a tier
 * @nvme: the tier; constant
 * @file: keeps it open, exclusively; constant
 * @bdev: of @file; constant
 * @index: in the set; constant
 * @first: byte of segment 0; constant
 * @nr_segments: constant
 * @base: id of segment 0; constant
 * @segments: by number; constant
 * @holder: points to it, or to NULL until that is safe: who has claimed @bdev
 * @super: the superblock as last written or, while @super_busy, being written
 *	(kvt_admin, once the tier can be seen)
 * @super_copy: which copy that is
 * @super_busy: @super_io is under way
 * @super_io: writes @super
 * @failed: no more I/O: it has gone, or writing to it failed too often. Only
 *	ever set (READ_ONCE)
 * @is_lost: logs have been told that it failed (kvt_admin)
 * @write_errors: in a row (racy: only a reason to give up)
 * @inflight: struct kvt_io not ended yet, and @free_work under way
 * @turns: whose turn it is there
 * @free: segments by state (nvme->lock), the longest free first
 * @freeing: by state (nvme->lock); only @free_work removes some
 * @free_work: writes the state pages of @freeing
 */
struct kvt_device {
	struct kvt_nvme *nvme;
	struct file *file;
	struct block_device *bdev;
	unsigned int index;
	u64 first;
	u32 nr_segments;
	u32 base;
	struct kvt_segment *segments;
	struct kvt_device **holder;
	struct kvt_log_super *super;
	unsigned int super_copy;
	bool super_busy;
	struct kvt_io super_io;
	bool failed;
	bool is_lost;
	unsigned int write_errors;
	atomic_t inflight;
	struct kvt_turns turns;
	struct list_head free;
	struct list_head freeing;
	struct work_struct free_work;
};

/* Counters of an nvme tier. */
#define KVT_NVME_COUNTS(X)	\
	X(bytes_written)	\
	X(block_bytes_written)	\
	X(bytes_read)		\
	X(io_errors)		\
	X(crc_errors)		\
	X(bad_records)

#define KVT_NVME_COUNT_FIELD(name) atomic64_t name;

enum kvt_admission { KVT_ADMIT_ALL, KVT_ADMIT_SECOND, KVT_ADMIT_CLASS };

/* Knobs: plain words, written by sysfs, read with READ_ONCE(). */
struct kvt_nvme_knobs {
	u32 admission;		/* enum kvt_admission */
	u32 admit_classes;	/* bit mask, for KVT_ADMIT_CLASS */
	u32 carry_over;		/* per mille of a segment's blocks */
	u32 flush_ms;
	u32 verify;		/* per mille of the blocks read */
};

/**
 * struct kvt_nvme - an nvme tier
 * @tier: what all tiers are
 * @set: names the set of devices; constant
 * @host: who has them attached: this one; constant
 * @grade: enum kvt_log_grade; constant
 * @segment_bytes: constant
 * @nr_devices: constant
 * @devices: by index in the set; constant
 * @nr_segments: of all devices; constant
 * @holders: of the devices, in the order they were named
 * @logs: of the spaces that have a quota here (kvt_admin and, for changes,
 *	@lock: either keeps it)
 * @nr_promised: segments that their quotas add up to (kvt_admin)
 * @knobs: see there
 * @wq: I/O completions and what follows from them
 * @lose: tells logs of failed devices
 * @recovering: segments that logs have yet to read (atomic)
 * @lock: guards what follows; inside space->lock
 * @is_stopped: it is going, or the machine is: takes no segments nor logs
 * @found: segments of that state, highest generation first
 * @nr_free: segments by state
 * @nr_found: by state
 * @nr_freeing: by state
 * @nr_lost: by state
 * @generation: the highest of any segment
 * @next_device: where to look for a free segment first, so that they spread
 * @budget: what may be written
 */
struct kvt_nvme {
	struct kvt_tier tier;
	u8 set[16];
	u8 host[KVT_HOST_SIZE];
	u32 grade;
	u64 segment_bytes;
	unsigned int nr_devices;
	struct kvt_device devices[KVT_MAX_DEVICES];
	u32 nr_segments;
	struct kvt_device *holders[KVT_MAX_DEVICES];
	struct list_head logs;
	u64 nr_promised;
	struct kvt_nvme_knobs knobs;
	KVT_NVME_COUNTS(KVT_NVME_COUNT_FIELD)
	struct workqueue_struct *wq;
	struct delayed_work lose;
	atomic_t recovering;

	spinlock_t lock;	/* what follows */
	bool is_stopped;
	struct list_head found;
	u32 nr_free;
	u32 nr_found;
	u32 nr_freeing;
	u32 nr_lost;
	u64 generation;
	unsigned int next_device;
	struct kvt_budget budget;
};

static inline struct kvt_nvme *to_kvt_nvme(struct kvt_tier *tier)
{
	return container_of(tier, struct kvt_nvme, tier);
}

/* Byte of the device where the segment begins. */
static inline u64 kvt_segment_start(const struct kvt_segment *seg)
{
	return seg->dev->first + seg->number * seg->dev->nvme->segment_bytes;
}

/* What its records have to say. */
static inline void kvt_segment_place(const struct kvt_segment *seg,
				     struct kvt_log_place *place)
{
	memcpy(place->set, seg->dev->nvme->set, sizeof(place->set));
	place->device = seg->dev->index;
	place->segment = seg->number;
	place->generation = seg->generation;
}

/* The segment of an @id below nvme->nr_segments. */
static inline struct kvt_segment *kvt_nvme_segment(struct kvt_nvme *nvme,
						   u32 id)
{
	struct kvt_device *dev = nvme->devices;

	while (id - dev->base >= dev->nr_segments)
		dev++;
	return &dev->segments[id - dev->base];
}

/* nvme.c: the life of a tier. */
int kvt_nvme_init(void);
int kvt_nvme_add(struct kvt_nvme_add *arg);
void kvt_nvme_shutdown_all(void);
int kvt_nvme_join(struct kvt_nvme *nvme, struct kvt_log *log);
void kvt_nvme_leave(struct kvt_nvme *nvme, struct kvt_log *log);
bool kvt_nvme_may_write(struct kvt_nvme *nvme);
void kvt_nvme_charge(struct kvt_nvme *nvme, u64 bytes);

/* nvme_scan.c */
int kvt_nvme_scan(struct kvt_nvme *nvme, struct kvt_device *dev);

/* nvme_pool.c: segments that no log has. */
struct kvt_segment *kvt_nvme_take(struct kvt_nvme *nvme, bool *coming);
void kvt_nvme_give(struct kvt_segment *seg);
void kvt_nvme_adopt(struct kvt_nvme *nvme, const struct kvt_log_owner *owner,
		    struct list_head *to);
void kvt_nvme_disown(struct kvt_segment *seg, struct kvt_log_head *head);
void kvt_nvme_lose(struct kvt_device *dev);
void kvt_nvme_free_work(struct work_struct *work);

/* device.c */
int kvt_device_open(struct kvt_device *dev, const char *path,
		    struct kvt_device **holder);
void kvt_device_close(struct kvt_device *dev);
void kvt_device_write_super(struct kvt_device *dev, const u8 *host);
void kvt_device_failed(struct kvt_device *dev, const char *why);
bool kvt_device_wait(struct kvt_device *dev, unsigned long deadline);
bool kvt_device_wait_super(struct kvt_device *dev, unsigned long deadline);

#endif /* _KVT_NVME_H */
