/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libkvtier: the C API of kvtier, the tiered KV cache of an inference host.
 *
 * A thin layer over <kvtier.h>, which says what every command means. The
 * library adds: opening by name, windows mapped and kept mapped, pointers for
 * mmap offsets, batches of any length, retry after EINTR, words for errors.
 *
 * Conventions
 *	Errors are negative errno values; errno itself is left undefined
 *	(functions that return a pointer give NULL and set errno).
 *	kvt_strerror() says what a value means for a call.
 *
 * Threads
 *	A handle may be used by any number of threads at once, kvt_close()
 *	excepted: no other call may be running then, nor come after. Functions
 *	that fill caller memory need that memory to be the thread's own. A queue
 *	(kvt_queue_create()) is one thread's; a thread each has its own.
 *
 * fork
 *	A child has the handle, but no windows: the kernel does not copy them. It
 *	should kvt_close() its copy first thing (that takes nothing from the
 *	parent), and open the space itself if it wants to use it. Leases and
 *	reserved frames belong to the open file, which parent and child share:
 *	they are given back when both have closed it, so a child that keeps it
 *	keeps a dead parent's leases. exec() closes it. Fork while no other
 *	thread is inside the library, as with any mutex.
 */
#ifndef LIBKVTIER_H
#define LIBKVTIER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "kvtier.h"
#include "kvtier_remote.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KVT_DEV_CONTROL	"/dev/kvtier-control"
#define KVT_DEV_DIR	"/dev/kvtier"	/* one node a space */

/* An open space. */
struct kvt_space;

/**
 * struct kvt_key - a block's key
 * @bytes: the engine's chained prefix hash; all zero is not a key
 */
struct kvt_key {
	uint8_t bytes[KVT_KEY_SIZE];
};

/**
 * struct kvt_block - what a command tells about one block
 * @offset: mmap offset of its frame (ACQUIRE, RESERVE), else 0; kvt_ptr()
 *	turns it into a pointer
 * @slot: its number (LOOKUP, ACQUIRE, RESERVE, PUT)
 * @result: negative errno, or KVT_RES_* flags | enum kvt_tier_kind. -ECANCELED
 *	for entries that were not reached: a chain ended before them
 */
struct kvt_block {
	uint64_t offset;
	uint32_t slot;
	int32_t	 result;
};

/**
 * struct kvt_how - how a command is to be done; NULL stands for all zero
 * @flags: KVT_F_*; one that the command does not take: -EINVAL
 * @class_id: retention class, with KVT_F_CLASS (RESERVE, PUT)
 * @tier: enum kvt_tier_kind to bring it up to (PREFETCH)
 * @pad: zero
 * @timeout_ns: longest wait for the whole call, with KVT_F_WAIT
 * @parent: parent of the first block (RESERVE, PUT); NULL: a root
 *
 * Set the whole struct to zero first (an initialiser does); a field that the
 * command does not take must stay zero, else -EINVAL.
 */
struct kvt_how {
	uint32_t flags;
	uint8_t	 class_id;
	uint8_t	 tier;
	uint16_t pad;
	uint64_t timeout_ns;
	const struct kvt_key *parent;
};

/**
 * kvt_result_ok - did this entry succeed?
 * @result: an entry's
 *
 * Return: not 0 if it did. Threads: safe.
 */
static inline int kvt_result_ok(int32_t result)
{
	return result >= 0;
}

/**
 * kvt_result_tier - the tier that an entry which succeeded is about
 * @result: an entry's, >= 0
 *
 * Return: enum kvt_tier_kind. Threads: safe.
 */
static inline int kvt_result_tier(int32_t result)
{
	return result & KVT_RES_TIER_MASK;
}

/**
 * kvt_filling - is this a frame to fill?
 * @block: as kvt_reserve() wrote it
 *
 * Return: not 0 if so; 0 if it was present or failed. Threads: safe.
 */
static inline int kvt_filling(const struct kvt_block *block)
{
	return block->result >= 0 && !(block->result & KVT_RES_PRESENT);
}

/* ------------------------------------------------------------------ */
/* A space: open, information, close					*/

#define KVT_OPEN_RDONLY	(1U << 0) /* look up, lease and read; no write to it */

/**
 * kvt_open - open a space, and attach to it
 * @name: the space's name, or a path (it has a '/') of its device node
 * @flags: 0, or KVT_OPEN_RDONLY: windows are mapped read-only, and RESERVE,
 *	COMMIT, ABORT, PUT and DROP give -EBADF
 * @identity: KVT_IDENTITY_SIZE bytes: what the caller takes the blocks for;
 *	it must be the space's. NULL: not checked (for tools)
 * @space: out: the handle
 *
 * The file is opened close-on-exec. Nothing is mapped yet.
 *
 * Return: 0; -ENOENT (no such space, or kvtier.ko is not loaded), -EACCES
 * (the node's mode), -EKEYREJECTED (identity), -EINVAL (bad name or flags),
 * -ENOTTY (@name is something else), -ENOMEM, -EMFILE, -ENFILE.
 * Threads: safe.
 */
int kvt_open(const char *name, unsigned int flags, const void *identity,
	     struct kvt_space **space);

/**
 * kvt_close - close a space: unmap everything, give all leases back
 * @space: a handle, or NULL
 *
 * Frames that were reserved and not committed are given back too. Stop every
 * device that works on the windows first. All pointers into the mappings
 * become invalid.
 *
 * Threads: nobody else may use @space, now or later.
 */
void kvt_close(struct kvt_space *space);

/**
 * kvt_fd - the file, for poll loops, io_uring or raw ioctls
 * @space: a handle
 *
 * It stays the library's: do not close it.
 *
 * Return: the file descriptor. Threads: safe.
 */
int kvt_fd(const struct kvt_space *space);

/**
 * kvt_block_size - how large a block is
 * @space: a handle
 *
 * Return: bytes; it never changes. Threads: safe.
 */
uint32_t kvt_block_size(const struct kvt_space *space);

/**
 * kvt_info - what the kernel says of the space now
 * @space: a handle
 * @info: out
 *
 * Return: 0 or negative errno. Threads: safe.
 */
int kvt_info(const struct kvt_space *space, struct kvt_space_info *info);

/**
 * kvt_nr_layers - of how many layers a block is
 * @space: a handle
 *
 * Return: as the space was created; 0: no layout was declared. Never changes.
 * Threads: safe.
 */
uint32_t kvt_nr_layers(const struct kvt_space *space);

/**
 * kvt_layer - where a layer lies in a block
 * @space: a handle
 * @layer: its number, from 0 on, in the order of use
 * @pos: out, may be NULL: its first byte
 * @len: out, may be NULL: its bytes
 *
 * Without a layout layer 0 is the whole block. For kvt_get() of one layer, and
 * @pos + @len is what struct kvt_entry @len has to be for layers up to this one.
 *
 * Return: 0; -EINVAL: there is no such layer. Threads: safe.
 */
int kvt_layer(const struct kvt_space *space, uint32_t layer, uint32_t *pos,
	      uint32_t *len);

/* ------------------------------------------------------------------ */
/* Mappings								*/
/*
 * Everything is mapped at first use and stays where it is until kvt_close():
 * pointers, and registrations with devices, remain good when a space grows
 * (address space is reserved ahead; in the rare case that it does not suffice,
 * the area is mapped a second time and the old mapping is kept). Memory of a
 * window that a resize took away gives SIGBUS.
 *
 * kvt_ptr(), kvt_slot() and kvt_frame_status() take no lock once the area is
 * mapped, and map what a resize has added by themselves.
 */

/**
 * kvt_map_window - map one arena's window whole
 * @space: a handle
 * @arena: arena index, below KVT_MAX_ARENAS
 * @addr: out, may be NULL: where it begins
 * @len: out, may be NULL: its bytes now
 *
 * Readable and writable, or readable only with KVT_OPEN_RDONLY. The mapping
 * gets the memory policy of the arena's node, so that NUMA balancing leaves it
 * alone. Its pages count in the process's RSS (shared) once touched.
 *
 * Return: 0; -EINVAL (no such index), -ENOENT (index not in use, or on nvme,
 * which has no window), -ENOMEM (no address space: ulimit -v?), or another
 * negative errno. Threads: safe.
 */
int kvt_map_window(struct kvt_space *space, unsigned int arena, void **addr,
		   size_t *len);

/**
 * kvt_map_windows - map the windows of all arenas that have one
 * @space: a handle
 *
 * Return: as kvt_map_window(). Threads: safe.
 */
int kvt_map_windows(struct kvt_space *space);

/**
 * kvt_ptr - where a frame is in this process
 * @space: a handle
 * @offset: struct kvt_block or struct kvt_entry @offset
 *
 * Maps its window if need be. The bytes are defined while this file holds a
 * lease on the block or is filling it.
 *
 * Return: the address, or NULL with errno: ERANGE (in no window), or as
 * kvt_map_window(). Threads: safe.
 */
void *kvt_ptr(struct kvt_space *space, uint64_t offset);

/**
 * kvt_map_slots - map the slots, read-only
 * @space: a handle
 * @addr: out, may be NULL: slot s is at + s * block size
 * @len: out, may be NULL: bytes that have slots now
 *
 * Return: 0 or negative errno. Threads: safe.
 */
int kvt_map_slots(struct kvt_space *space, const void **addr, size_t *len);

/**
 * kvt_slot - where a slot is in this process
 * @space: a handle
 * @slot: struct kvt_block or struct kvt_entry @slot
 *
 * Needs no lease: reading gives the block's bytes, or SIGBUS once it has been
 * dropped. The first touch of a block that is on nvme waits until it has been
 * read into memory. Memory of slots cannot be pinned for devices: use windows
 * there.
 *
 * Return: the address, or NULL with errno: ERANGE (no such slot), or as
 * kvt_map_window(). Threads: safe.
 */
const void *kvt_slot(struct kvt_space *space, uint32_t slot);

/**
 * kvt_map_status - map one arena's status words, read-only
 * @space: a handle
 * @arena: arena index, below KVT_MAX_ARENAS
 * @words: out: one for each frame; read each with one 8-byte load
 * @nr: out, may be NULL: frames the arena has now
 *
 * Return: as kvt_map_window(). Threads: safe.
 */
int kvt_map_status(struct kvt_space *space, unsigned int arena,
		   const struct kvt_status **words, size_t *nr);

/**
 * kvt_frame_status - read a frame's status word, atomically
 * @space: a handle
 * @offset: struct kvt_block or struct kvt_entry @offset
 * @status: out
 *
 * A system call the first time only. What another thread or process wrote
 * before it made @status->valid bytes valid is seen after this (acquire).
 *
 * Return: 0; -ERANGE (in no window), or as kvt_map_window(). Threads: safe.
 */
int kvt_frame_status(struct kvt_space *space, uint64_t offset,
		     struct kvt_status *status);

/**
 * kvt_refresh - after a resize: map what is new
 * @space: a handle
 *
 * Extends the mappings that exist, and maps no other. Only needed by who has
 * the new parts registered with a device at once (then kvt_for_each_chunk());
 * kvt_ptr() and the like do it by themselves.
 *
 * Return: 0 or negative errno. Threads: safe.
 */
int kvt_refresh(struct kvt_space *space);

#define KVT_CHUNK_DEFAULT (64ULL << 30) /* NVIDIA's driver refuses 512 GiB */

/**
 * typedef kvt_chunk_fn - called with one piece of a window
 * @addr: where it begins, 4 KiB aligned
 * @len: bytes, a multiple of the block size
 * @arena: arena index it belongs to
 * @arg: the caller's
 *
 * Return: 0, or negative to end the walk.
 */
typedef int (*kvt_chunk_fn)(void *addr, size_t len, unsigned int arena,
			    void *arg);

/**
 * struct kvt_chunks - what was walked already; all zero to begin with
 * @base: the library's
 * @len: the library's
 */
struct kvt_chunks {
	void	 *base[KVT_MAX_ARENAS];
	uint64_t len[KVT_MAX_ARENAS];
};

/**
 * kvt_for_each_chunk - walk all windows in pieces, to register them
 * @space: a handle
 * @max_chunk: most bytes of a piece; 0: KVT_CHUNK_DEFAULT. io_uring takes
 *	1 GiB. A piece is never smaller than a block, and no block lies across two
 * @seen: NULL: walk everything. Else only what it does not list, and on success
 *	it lists that too: call again after a resize to get the new parts
 * @fn: called for each piece (cudaHostRegister, ibv_reg_mr, ...)
 * @undo: called, last piece first, for those done when @fn fails; NULL: not
 * @arg: for @fn and @undo
 *
 * Maps the windows if need be. Every frame is in exactly one piece. A resize
 * does not take away what a device has pinned (-EBUSY), so that registrations
 * stay true. What was not pinned, and found gone by a walk, is walked again
 * when it is back.
 *
 * Return: 0, or what @fn returned, or a negative errno before any call.
 * Threads: safe, but @seen is the caller's to guard. @fn may use @space.
 */
int kvt_for_each_chunk(struct kvt_space *space, uint64_t max_chunk,
		       struct kvt_chunks *seen, kvt_chunk_fn fn,
		       kvt_chunk_fn undo, void *arg);

/* ------------------------------------------------------------------ */
/* Commands								*/
/*
 * All are blocking calls, and all return how many entries succeeded, or a
 * negative errno when nothing was done. For LOOKUP and ACQUIRE that is the
 * length of the prefix. RESERVE and PUT pass over blocks that are being filled
 * (-EINPROGRESS, -EALREADY): go by @result there. See enum kvt_op for what the
 * commands mean, struct kvt_batch and struct kvt_entry for the errors.
 *
 * @nr may be any number: more than KVT_MAX_BATCH entries are sent in parts, a
 * chain going on from one to the next and ending for good where it ends. When a
 * later part is refused as a whole, its errno is the result of its entries and
 * of those after it, and the return value counts what succeeded before.
 *
 * Result arrays (@blocks, @results) may be NULL. All their elements are written,
 * except where the call itself fails. Threads: all safe.
 */

/**
 * kvt_submit - one batch as it is: KVT_IOC_SUBMIT
 * @space: a handle
 * @batch: @size is filled in
 *
 * Return: 0 when the batch was carried out (@done and @ok tell how far), else
 * negative errno and nothing was changed.
 */
int kvt_submit(struct kvt_space *space, struct kvt_batch *batch);

/**
 * kvt_run - one command on entries of the caller's
 * @space: a handle
 * @op: enum kvt_op
 * @entries: in and out, as struct kvt_entry says; 8-byte aligned
 * @nr: how many; 0 does nothing
 * @how: or NULL
 *
 * What the functions below cannot say: PUT from scattered buffers, GET of other
 * ranges of each block. Entries that were not reached get -ECANCELED.
 *
 * Return: entries that succeeded, or negative errno.
 */
ssize_t kvt_run(struct kvt_space *space, enum kvt_op op,
		struct kvt_entry *entries, size_t nr,
		const struct kvt_how *how);

/**
 * kvt_lookup - how long a prefix of a chain is present, and where
 * @space: a handle
 * @keys: the chain
 * @nr: its length
 * @how: KVT_F_MEMORY_ONLY: what is only on nvme is a miss
 * @blocks: out, or NULL
 *
 * Return: blocks present, from the first on; negative errno.
 */
ssize_t kvt_lookup(struct kvt_space *space, const struct kvt_key *keys,
		   size_t nr, const struct kvt_how *how,
		   struct kvt_block *blocks);

/**
 * kvt_acquire - lease the longest present prefix of a chain
 * @space: a handle
 * @keys: the chain
 * @nr: its length
 * @how: KVT_F_WAIT with @timeout_ns, KVT_F_NO_PROMOTE, KVT_F_MEMORY_ONLY,
 *	KVT_F_ARRIVING: see kvt_wait_layer()
 * @blocks: out: kvt_ptr() of @offset is where the bytes are; keep it for
 *	kvt_release_blocks()
 *
 * Blocks on nvme are read into memory first, many at a time, and the call waits
 * for that; the prefix ends (-ENOSPC) where no frame can be had for one, unless
 * KVT_F_WAIT gives time for frames to become free. KVT_F_MEMORY_ONLY ends it at
 * the first block that is only on nvme (-ENOENT), for callers that must not wait
 * for a device; kvt_prefetch() brings the rest up meanwhile. KVT_F_NO_PROMOTE
 * leases a block of cxl where it is; it does not keep one from being read.
 *
 * Return: blocks leased, from the first on; negative errno.
 */
ssize_t kvt_acquire(struct kvt_space *space, const struct kvt_key *keys,
		    size_t nr, const struct kvt_how *how,
		    struct kvt_block *blocks);

/**
 * kvt_release - give leases back
 * @space: a handle
 * @slots: the blocks' slots
 * @nr: how many
 * @how: KVT_F_TOUCH
 * @results: out, or NULL
 *
 * Return: leases given back; negative errno.
 */
ssize_t kvt_release(struct kvt_space *space, const uint32_t *slots, size_t nr,
		    const struct kvt_how *how, int32_t *results);

/**
 * kvt_release_blocks - give back what kvt_acquire() or kvt_reserve() leased
 * @space: a handle
 * @blocks: as they wrote it. Those without KVT_RES_LEASED are passed over. The
 *	others get RELEASE's result, hence a second call passes over them
 * @nr: length of @blocks
 * @how: KVT_F_TOUCH
 *
 * Return: leases given back; negative errno.
 */
ssize_t kvt_release_blocks(struct kvt_space *space, struct kvt_block *blocks,
			   size_t nr, const struct kvt_how *how);

/**
 * kvt_reserve - get a frame to fill for every key that is not present
 * @space: a handle
 * @keys: the chain
 * @nr: its length
 * @how: @parent; KVT_F_WAIT with @timeout_ns, KVT_F_LEASE, KVT_F_FLAT,
 *	KVT_F_CLASS with @class_id
 * @blocks: out. With KVT_RES_PRESENT in @result there is nothing to fill. Fill
 *	the others that succeeded, see kvt_filling(), through kvt_ptr(); then
 *	hand the whole array to kvt_commit_blocks()
 *
 * Return: blocks reserved or present; negative errno.
 */
ssize_t kvt_reserve(struct kvt_space *space, const struct kvt_key *keys,
		    size_t nr, const struct kvt_how *how,
		    struct kvt_block *blocks);

/**
 * kvt_commit - seal frames that this file reserved
 * @space: a handle
 * @slots: the blocks' slots
 * @nr: how many
 * @results: out, or NULL
 *
 * Return: blocks sealed; negative errno.
 */
ssize_t kvt_commit(struct kvt_space *space, const uint32_t *slots, size_t nr,
		   int32_t *results);

/**
 * kvt_abort - give reserved frames back unsealed
 * @space: a handle
 * @slots: the blocks' slots
 * @nr: how many
 * @results: out, or NULL
 *
 * No device may be writing into them any more.
 *
 * Return: frames given back; negative errno.
 */
ssize_t kvt_abort(struct kvt_space *space, const uint32_t *slots, size_t nr,
		  int32_t *results);

/**
 * kvt_commit_blocks - seal what kvt_reserve() gave
 * @space: a handle
 * @blocks: as it wrote it. Those that were present or failed are passed over
 *	and keep their result; the others get COMMIT's, with KVT_RES_PRESENT set
 * @nr: length of @blocks
 *
 * Return: blocks sealed; negative errno.
 */
ssize_t kvt_commit_blocks(struct kvt_space *space, struct kvt_block *blocks,
			  size_t nr);

/**
 * kvt_abort_blocks - give back what kvt_reserve() gave
 * @space: a handle
 * @blocks: as for kvt_commit_blocks(); those given back get -ECANCELED
 * @nr: length of @blocks
 *
 * Return: frames given back; negative errno.
 */
ssize_t kvt_abort_blocks(struct kvt_space *space, struct kvt_block *blocks,
			 size_t nr);

/**
 * kvt_put - store blocks by copying
 * @space: a handle
 * @keys: the chain
 * @nr: its length
 * @data: the blocks' bytes, back to back: @nr * block size
 * @how: as kvt_reserve(), but KVT_F_LEASE
 * @blocks: out, or NULL
 *
 * Return: blocks stored or present; negative errno.
 */
ssize_t kvt_put(struct kvt_space *space, const struct kvt_key *keys, size_t nr,
		const void *data, const struct kvt_how *how,
		struct kvt_block *blocks);

/**
 * kvt_get - read blocks, or the same range of each, by copying
 * @space: a handle
 * @keys: any blocks; each by itself
 * @nr: how many
 * @pos: first byte of each block
 * @len: bytes of each block; 0: all from @pos on
 * @data: out: block i at + i * @len. Only those that succeeded are defined
 * @results: out, or NULL
 *
 * Waits for blocks that are on nvme to be read.
 *
 * Return: blocks read; negative errno.
 */
ssize_t kvt_get(struct kvt_space *space, const struct kvt_key *keys, size_t nr,
		uint32_t pos, uint32_t len, void *data, int32_t *results);

/**
 * kvt_prefetch - hint: bring blocks up to a tier in the background
 * @space: a handle
 * @keys: any blocks; each by itself
 * @nr: how many
 * @how: @tier; NULL: KVT_TIER_DRAM
 * @results: out, or NULL: the tier each is in now
 *
 * Return: blocks that are present; negative errno.
 */
ssize_t kvt_prefetch(struct kvt_space *space, const struct kvt_key *keys,
		     size_t nr, const struct kvt_how *how, int32_t *results);

/**
 * kvt_drop - forget blocks
 * @space: a handle
 * @keys: any blocks; each by itself
 * @nr: how many
 * @how: KVT_F_CHAIN: and all below them
 * @results: out, or NULL
 *
 * Return: blocks of @keys that were dropped; negative errno.
 */
ssize_t kvt_drop(struct kvt_space *space, const struct kvt_key *keys,
		 size_t nr, const struct kvt_how *how, int32_t *results);

/* ------------------------------------------------------------------ */
/* Layer by layer							*/
/*
 * With KVT_F_ARRIVING, ACQUIRE leases blocks that come from nvme before they
 * have arrived. They arrive from the first byte on, all blocks of a command side
 * by side: the first layer of each, then the second. Compute on layer 0 while
 * layer 1 is on its way. Until kvt_wait_layer() has said that a layer is there,
 * the frame's bytes from there on are undefined.
 */

#define KVT_FOREVER	UINT64_MAX	/* no limit to a time-out or deadline */

/**
 * kvt_deadline - a point in time
 * @timeout_ns: so far from now; 0: none, for who only wants to look
 *
 * Return: CLOCK_MONOTONIC, ns; 0 for 0, KVT_FOREVER for KVT_FOREVER.
 * Threads: safe.
 */
uint64_t kvt_deadline(uint64_t timeout_ns);

/**
 * kvt_wait_layer - wait until a layer of a set of blocks has arrived
 * @space: a handle
 * @blocks: blocks that this file has leased, as ACQUIRE told. Those without
 *	KVT_RES_ARRIVING have arrived
 * @nr: how many
 * @layer: its number: it and all before it are waited for
 * @deadline: kvt_deadline(); 0: only look; KVT_FOREVER: as long as it takes
 * @which: out, may be NULL: on error the block it is about; else @nr
 *
 * Reads the frames' status words. No system call while a layer is no more than
 * some 50 us away; then it sleeps, 20 us first, 500 us at most, in between. What
 * the layer's bytes are is seen after it (acquire). A load that fails ends too,
 * so that KVT_FOREVER does not mean for ever.
 *
 * Return: 0; -ETIMEDOUT; -EIO (the block could not be read, or its checksum was
 * wrong: release it and compute it anew), -ESTALE (the frame got other bytes: it
 * was not leased), -EINVAL (no such layer; a block whose result is an error);
 * -ERANGE (@offset is in no window), or as kvt_map_window(). Threads: safe.
 */
int kvt_wait_layer(struct kvt_space *space, const struct kvt_block *blocks,
		   size_t nr, uint32_t layer, uint64_t deadline, size_t *which);

/* ------------------------------------------------------------------ */
/* Queues: commands that do not block					*/
/*
 * A queue sends batches by io_uring. Link with -luring if libkvtier is linked
 * statically. Commands in flight are in no order to each other.
 *
 *	kvt_entries_init(entries, keys, nr);
 *	kvt_batch_init(&batch, KVT_OP_ACQUIRE, entries, nr, NULL);
 *	kvt_queue_add(queue, &batch, KVT_NO_BUFFER, my_request);
 *	... more of them ...
 *	kvt_queue_submit(queue);
 *	... something useful ...
 *	n = kvt_queue_wait(queue, done, 16, timeout_ns);
 *
 * From kvt_queue_add() to its completion a batch, its entries and what their
 * @addr points to are the kernel's: nobody else may touch them, and their memory
 * must stay. What a command got, leases for instance, belongs to the space's
 * file, and stays when the queue goes.
 *
 * Threads: a queue is used by the thread that made it, and by no other: they
 * get -EPERM. Any number of threads may have a queue each on one space. Destroy
 * queues before the space is closed and before their threads end. A child of
 * fork() can only kvt_queue_destroy() its copy, which leaves the parent's alone.
 */

/* A queue of commands. */
struct kvt_queue;

#define KVT_QUEUE_MAX_DEPTH	4096	/* commands in flight */
#define KVT_NO_BUFFER		(-1)

/**
 * struct kvt_done - a command that has completed
 * @batch: as it was added; @done, @ok and the entries' results are written
 * @user: as it was added
 * @result: 0: it was carried out, whatever became of its entries; or negative
 *	errno, as kvt_submit() returns. -ECANCELED: it was cancelled; what was done
 *	stands, the entries' results say what that is. -EOPNOTSUPP: the loaded module
 *	has no such commands
 * @pad: zero
 */
struct kvt_done {
	struct kvt_batch *batch;
	void	 *user;
	int32_t	 result;
	uint32_t pad;
};

/**
 * kvt_batch_init - make a batch of entries
 * @batch: out
 * @op: enum kvt_op
 * @entries: its entries
 * @nr: how many, 1..KVT_MAX_BATCH
 * @how: or NULL
 *
 * For kvt_submit() and kvt_queue_add(). Threads: safe.
 */
void kvt_batch_init(struct kvt_batch *batch, enum kvt_op op,
		    struct kvt_entry *entries, uint32_t nr,
		    const struct kvt_how *how);

/**
 * kvt_entries_init - make entries of keys; all other fields are zero
 * @entries: out
 * @keys: the blocks
 * @nr: how many
 *
 * Threads: safe.
 */
void kvt_entries_init(struct kvt_entry *entries, const struct kvt_key *keys,
		      size_t nr);

/**
 * kvt_entries_blocks - what a command told of its blocks
 * @entries: as it left them
 * @nr: how many
 * @blocks: out: for kvt_wait_layer(), kvt_commit_blocks(), kvt_release_blocks() ...
 *
 * Threads: safe.
 */
void kvt_entries_blocks(const struct kvt_entry *entries, size_t nr,
			struct kvt_block *blocks);

/**
 * kvt_queue_create - make a queue, for this thread
 * @space: a handle
 * @depth: most commands in flight, 1..KVT_QUEUE_MAX_DEPTH
 * @queue: out
 *
 * Return: 0; -EPERM (io_uring is switched off: sysctl kernel.io_uring_disabled,
 * or a container's seccomp profile), -ENOSYS (the same, or a kernel without),
 * -EINVAL, -ENOMEM, -EMFILE, -ENFILE. kvt_strerror(KVT_CALL_QUEUE_CREATE, ...)
 * says what to do.
 */
int kvt_queue_create(struct kvt_space *space, unsigned int depth,
		     struct kvt_queue **queue);

/**
 * kvt_queue_destroy - cancel what is in flight, wait for it, and free the queue
 * @queue: a queue, or NULL
 *
 * After it no batch is the kernel's any more.
 *
 * Return: 0; -EPERM: another thread's: nothing was done; or a negative errno of
 * io_uring: the queue is still there.
 */
int kvt_queue_destroy(struct kvt_queue *queue);

/**
 * kvt_queue_add - prepare a command; kvt_queue_submit() sends it
 * @queue: a queue
 * @batch: kvt_batch_init()'s or the caller's. @size is filled in, and all
 *	results are set to -ECANCELED until they are known
 * @buffer: KVT_NO_BUFFER; or the number of the registered buffer that the
 *	entries' @addr of this PUT or GET lie in
 * @user: comes back with the completion
 *
 * Return: 0; -EBUSY: as many commands as @depth are in flight (take completions
 * first); -EPERM, -EINVAL; -EAGAIN, -ENOMEM: the kernel took none of those added.
 */
int kvt_queue_add(struct kvt_queue *queue, struct kvt_batch *batch, int buffer,
		  void *user);

/**
 * kvt_queue_submit - send what was added: one system call
 * @queue: a queue
 *
 * Return: commands sent; -EPERM, -EINVAL; -EAGAIN, -ENOMEM: none, try again.
 */
int kvt_queue_submit(struct kvt_queue *queue);

/**
 * kvt_queue_wait - send what was added, and take completions
 * @queue: a queue
 * @done: out
 * @nr: room in it, > 0
 * @timeout_ns: longest wait for the first one; 0: take what is there;
 *	KVT_FOREVER: no limit
 *
 * No system call where there are completions and nothing to send.
 *
 * Return: completions taken; 0: the time is over, or nothing is in flight;
 * -EPERM, -EINVAL, or a negative errno of io_uring.
 */
ssize_t kvt_queue_wait(struct kvt_queue *queue, struct kvt_done *done,
		       size_t nr, uint64_t timeout_ns);

/**
 * kvt_queue_pending - commands that were added and not taken as completed
 * @queue: a queue
 *
 * Return: that.
 */
unsigned int kvt_queue_pending(const struct kvt_queue *queue);

/**
 * kvt_queue_cancel - ask for a command's end
 * @queue: a queue
 * @batch: as it was added; NULL: all commands in flight
 *
 * Does not wait. The command completes soon, with -ECANCELED, or as if nothing
 * had been asked where it was too late.
 *
 * Return: 0; -ENOENT: it is not in flight; -EPERM, -EINVAL, or a negative errno
 * of io_uring.
 */
int kvt_queue_cancel(struct kvt_queue *queue, const struct kvt_batch *batch);

/**
 * kvt_queue_eventfd - a file that becomes readable when commands complete
 * @queue: a queue
 *
 * For poll(2) and epoll(7). When it is readable, call kvt_queue_wait() with no
 * time-out until it gives less than @nr; that makes it unreadable again. It stays
 * the queue's: do not close nor read it.
 *
 * Return: the file descriptor, always the same; -EPERM, -EINVAL, -EMFILE, ...
 */
int kvt_queue_eventfd(struct kvt_queue *queue);

/**
 * kvt_queue_register - pin memory once that PUT and GET copy from and to
 * @queue: a queue
 * @buffers: memory that is writable, 1 GiB at most each; windows' pieces, as
 *	kvt_for_each_chunk() gives them, are as good as other memory
 * @nr: how many; 0: none any more
 *
 * Replaces what was registered. Nothing may be in flight.
 *
 * Return: 0; -EBUSY: commands are in flight; -ENOMEM: more than the process may lock
 * (ulimit -l); -EFAULT: not mapped, or read-only; -EPERM, -EINVAL.
 */
int kvt_queue_register(struct kvt_queue *queue, const struct iovec *buffers,
		       unsigned int nr);

/* ------------------------------------------------------------------ */
/* Control: tiers and spaces. CAP_SYS_ADMIN. Threads: all safe.	*/
/*
 * @ctl is kvt_open_control()'s. Names and sizes are checked by the kernel;
 * see the structs in <kvtier.h> for every rule and errno. A name that does not
 * fit KVT_NAME_SIZE is -EINVAL, like other bad names.
 */

/**
 * kvt_open_control - open /dev/kvtier-control
 *
 * Return: a file descriptor, close-on-exec, for close(2); -ENOENT (kvtier.ko is
 * not loaded), -EACCES, -EPERM.
 */
int kvt_open_control(void);

/**
 * kvt_ctl_version - which module is loaded, and its ABI
 * @ctl: control file
 * @version: out
 *
 * Return: 0 or negative errno.
 */
int kvt_ctl_version(int ctl, struct kvt_version *version);

/**
 * kvt_ctl_tier_add - make a memory tier
 * @ctl: control file
 * @name: unique name
 * @kind: KVT_TIER_DRAM or KVT_TIER_CXL
 * @node: NUMA node that gives the memory
 * @bytes: in: wanted, multiple of 2 MiB; out: obtained
 *
 * Return: 0 or negative errno.
 */
int kvt_ctl_tier_add(int ctl, const char *name, enum kvt_tier_kind kind,
		     int node, uint64_t *bytes);

/**
 * kvt_host_id - the name by which this host marks devices as attached
 * @host: out: struct kvt_nvme_add @host
 *
 * A digest of /etc/machine-id, of which it tells nothing: the first bytes of
 * the SHA-256 of its 32 digits and "kvtier-nvme".
 *
 * Return: 0; -ENOENT (there is no /etc/machine-id), -EBADMSG (it is not 32 hex
 * digits, or all zero), or another negative errno from reading it.
 */
int kvt_host_id(uint8_t host[KVT_HOST_SIZE]);

/**
 * kvt_ctl_nvme_add - make an nvme tier of formatted devices
 * @ctl: control file
 * @add: all fields but @size, which is filled in, and @bad, which is written;
 *	kvt_host_id() gives @host. Unused fields and bytes are zero
 *
 * Waits until superblocks and the segments' states are read; blocks come back
 * later, when a space gets a quota on the tier.
 *
 * Return: 0 or negative errno; kvt_nvme_bad() says which device it is about.
 */
int kvt_ctl_nvme_add(int ctl, struct kvt_nvme_add *add);

/**
 * kvt_nvme_bad - which device an error of kvt_ctl_nvme_add() is about
 * @add: as it left it
 * @err: what it returned, negative or positive
 *
 * Return: its path, in @add; NULL: about the tier as a whole.
 */
const char *kvt_nvme_bad(const struct kvt_nvme_add *add, int err);

/**
 * kvt_remote_add - make a remote tier
 * @ctl: the control file
 * @name: its name
 *
 * It has no memory, and does nothing before it has a helper: kvt_remote_attach().
 * Spaces use it whose attribute "remote" names it.
 *
 * Return: 0; -EEXIST, -EPERM, -EINVAL, or another negative errno. Threads: safe.
 */
int kvt_remote_add(int ctl, const char *name);

/**
 * kvt_remote_attach - become the helper of a remote tier
 * @ctl: the control file
 * @attach: @name and @depth of it; @size is filled in, the rest is written. See
 *	<kvtier_remote.h> for it, and for what a helper has to do
 *
 * Return: the channel's file, close-on-exec, whose last close ends it; -ENOENT
 * (no such tier), -EBUSY (it has a helper), -EINVAL (it is no remote tier, or
 * @depth), -EPERM, -EMFILE, -ENFILE, -ENOMEM. Threads: safe.
 */
int kvt_remote_attach(int ctl, struct kvt_remote_attach *attach);

/**
 * kvt_ctl_tier_remove - give a tier's memory or devices back
 * @ctl: control file
 * @name: the tier
 *
 * An nvme tier: waits, for up to its flush_ms, until blocks that are only in
 * memory have been written to it. Spaces go on without it; what is on it can be
 * had again with kvt_ctl_nvme_add().
 *
 * Return: 0 or negative errno.
 */
int kvt_ctl_tier_remove(int ctl, const char *name);

/**
 * kvt_ctl_tier_resize - change a memory tier's size
 * @ctl: control file
 * @name: the tier
 * @bytes: in: wanted; out: reached, also on -EBUSY and -ENOMEM
 *
 * Return: 0 or negative errno.
 */
int kvt_ctl_tier_resize(int ctl, const char *name, uint64_t *bytes);

/**
 * kvt_ctl_space_create - make a space
 * @ctl: control file
 * @create: all fields but @size, which is filled in
 *
 * @layers is the address of a uint32_t array: where each layer ends.
 *
 * Does not wait for blocks that come back from nvme: see the tier's "recovering"
 * in sysfs.
 *
 * Return: 0 or negative errno.
 */
int kvt_ctl_space_create(int ctl, struct kvt_space_create *create);

/**
 * kvt_ctl_space_delete - drop all blocks of a space everywhere and remove it
 * @ctl: control file
 * @name: the space
 *
 * To keep what is on an nvme tier, remove the tier first.
 *
 * Return: 0 or negative errno.
 */
int kvt_ctl_space_delete(int ctl, const char *name);

/**
 * kvt_ctl_space_resize - change a space's quota on one tier
 * @ctl: control file
 * @name: the space
 * @tier: the tier
 * @bytes: in: wanted, 0: none; out: reached, also on -EBUSY
 *
 * Return: 0 or negative errno.
 */
int kvt_ctl_space_resize(int ctl, const char *name, const char *tier,
			 uint64_t *bytes);

/* ------------------------------------------------------------------ */
/* Words								*/

/**
 * enum kvt_call - which call an error came from
 * @KVT_CALL_LOOKUP: each command's is its enum kvt_op, for the call's return
 *	value and for results of entries
 * @KVT_CALL_ACQUIRE: command
 * @KVT_CALL_RELEASE: command
 * @KVT_CALL_RESERVE: command
 * @KVT_CALL_COMMIT: command
 * @KVT_CALL_ABORT: command
 * @KVT_CALL_PUT: command
 * @KVT_CALL_GET: command
 * @KVT_CALL_PREFETCH: command
 * @KVT_CALL_DROP: command
 * @KVT_CALL_OPEN: kvt_open()
 * @KVT_CALL_INFO: kvt_info()
 * @KVT_CALL_MAP: everything that maps
 * @KVT_CALL_QUEUE_CREATE: kvt_queue_create()
 * @KVT_CALL_QUEUE: the other calls on queues; the result of a command is that
 *	of its enum kvt_op
 * @KVT_CALL_QUEUE_REGISTER: kvt_queue_register()
 * @KVT_CALL_WAIT_LAYER: kvt_wait_layer()
 * @KVT_CALL_OPEN_CONTROL: kvt_open_control()
 * @KVT_CALL_VERSION: kvt_ctl_version()
 * @KVT_CALL_TIER_ADD: kvt_ctl_tier_add()
 * @KVT_CALL_TIER_REMOVE: kvt_ctl_tier_remove()
 * @KVT_CALL_TIER_RESIZE: kvt_ctl_tier_resize()
 * @KVT_CALL_SPACE_CREATE: kvt_ctl_space_create()
 * @KVT_CALL_SPACE_DELETE: kvt_ctl_space_delete()
 * @KVT_CALL_SPACE_RESIZE: kvt_ctl_space_resize()
 * @KVT_CALL_NVME_ADD: kvt_ctl_nvme_add()
 * @KVT_CALL_HOST_ID: kvt_host_id()
 * @KVT_CALL_REMOTE_ADD: kvt_remote_add()
 * @KVT_CALL_REMOTE_ATTACH: kvt_remote_attach()
 */
enum kvt_call {
	KVT_CALL_LOOKUP		= KVT_OP_LOOKUP,
	KVT_CALL_ACQUIRE	= KVT_OP_ACQUIRE,
	KVT_CALL_RELEASE	= KVT_OP_RELEASE,
	KVT_CALL_RESERVE	= KVT_OP_RESERVE,
	KVT_CALL_COMMIT		= KVT_OP_COMMIT,
	KVT_CALL_ABORT		= KVT_OP_ABORT,
	KVT_CALL_PUT		= KVT_OP_PUT,
	KVT_CALL_GET		= KVT_OP_GET,
	KVT_CALL_PREFETCH	= KVT_OP_PREFETCH,
	KVT_CALL_DROP		= KVT_OP_DROP,
	KVT_CALL_OPEN		= 0x100,
	KVT_CALL_INFO,
	KVT_CALL_MAP,
	KVT_CALL_QUEUE_CREATE,
	KVT_CALL_QUEUE,
	KVT_CALL_QUEUE_REGISTER,
	KVT_CALL_WAIT_LAYER,
	KVT_CALL_OPEN_CONTROL	= 0x200,
	KVT_CALL_VERSION,
	KVT_CALL_TIER_ADD,
	KVT_CALL_TIER_REMOVE,
	KVT_CALL_TIER_RESIZE,
	KVT_CALL_SPACE_CREATE,
	KVT_CALL_SPACE_DELETE,
	KVT_CALL_SPACE_RESIZE,
	KVT_CALL_NVME_ADD,
	KVT_CALL_HOST_ID,
	KVT_CALL_REMOTE_ADD,
	KVT_CALL_REMOTE_ATTACH,
};

/**
 * kvt_strerror - what an error of this call means, and what to do
 * @call: enum kvt_call, or enum kvt_op
 * @err: the errno, negative or positive
 *
 * Return: a constant string without a full stop or newline; never NULL. Where
 * kvtier gives the errno no meaning of its own, the C library's words.
 * Threads: safe.
 */
const char *kvt_strerror(int call, int err);

/**
 * kvt_tier_kind_name - a tier kind in a word
 * @kind: enum kvt_tier_kind
 *
 * Return: "dram", "cxl", "nvme", "remote", or "unknown". Threads: safe.
 */
const char *kvt_tier_kind_name(int kind);

/**
 * kvt_lib_version - version of the library
 *
 * Return: a constant string such as "0.1.0". Threads: safe.
 */
const char *kvt_lib_version(void);

#ifdef __cplusplus
}
#endif

#endif /* LIBKVTIER_H */
