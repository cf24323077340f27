/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kvtier: what every file of the module may rely on.
 *
 * Lock order, outermost first. Documentation/locking.rst has the arguments.
 *
 *	kvt_admin		mutex: tiers and spaces as a whole (add, remove,
 *				create, delete, resize)
 *	  (ring's lock)		mutex, io_uring's: the steps of its commands
 *	  file->lock		mutex: the leases of one open file
 *	  mmap_lock / VMA lock	(mm's)
 *	    mapping invalidate_lock	rwsem: which frame a slot's bytes are in,
 *				which chunk a window's page is in
 *	      folio lock	window fault against chunk removal
 *	        tier->lock	spinlock: a tier's chunk lists
 *	        space->lock	spinlock: families, eviction trees, frames, states
 *	          bucket locks of the index, xa_lock of the slots
 *
 * LOOKUP and ACQUIRE walk the index under RCU and take none of these for a
 * block that is resident.
 */
#ifndef _KVT_H
#define _KVT_H

#include <linux/types.h>
#include <linux/sizes.h>
#include <asm/page.h>
#include <linux/mutex.h>

#include <kvtier.h>

#ifndef CONFIG_64BIT
#error "kvtier needs a 64-bit kernel"
#endif

#if PAGE_SHIFT != 12
#error "kvtier needs pages of 4 KiB"
#endif

/* Memory goes from tiers to arenas, and back, in chunks of this many bytes. */
#define KVT_CHUNK_SHIFT		21
#define KVT_CHUNK_SIZE		BIT(KVT_CHUNK_SHIFT)

/* Kinds of tiers that are memory: dram, cxl. */
#define KVT_MEM_KINDS 2

struct kvt_arena;
struct kvt_block;
struct kvt_file;
struct kvt_filler;
struct kvt_load;
struct kvt_remote;
struct kvt_space;
struct kvt_tier;

extern struct mutex kvt_admin;

#endif /* _KVT_H */
