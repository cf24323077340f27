/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * kvtier: the tiered KV cache of an LLM inference host, user ABI.
 *
 * Two devices. /dev/kvtier-control makes tiers and spaces (CAP_SYS_ADMIN).
 * /dev/kvtier/<space> is one space: its file mode says who may use it.
 *
 * The life of a block, as an engine sees it:
 *
 *	RESERVE  -> a free frame, invisible to others; fill it through the window
 *	COMMIT   -> sealed: visible, immutable, may move between tiers
 *	ACQUIRE  -> a lease: the frame keeps these bytes until RELEASE or close
 *	RELEASE  -> the lease is given back
 *
 * PUT and GET are the copying forms for simple callers. What a file held is
 * given back when its last reference is closed, however its process ended.
 *
 * Every control command may also give EINTR (killed while it waited for another
 * one) and ENOMEM.
 *
 * Rules of this ABI: fixed-size types; the same layout for 32- and 64-bit
 * callers; padding and unknown flags must be zero, else EINVAL (E2BIG where a
 * larger struct than the kernel knows has non-zero bytes past what it knows, or
 * is larger than 4 KiB); names are NUL-terminated and zero after that;
 * @size first in every struct that may grow.
 */
#ifndef _UAPI_KVTIER_H
#define _UAPI_KVTIER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/** KVT_ABI_VERSION - raised when a struct or command is added. */
#define KVT_ABI_VERSION		1

#define KVT_KEY_SIZE		32	/* bytes of a block's key */
#define KVT_IDENTITY_SIZE	32	/* bytes of a space's identity */
#define KVT_NAME_SIZE		32	/* bytes of a name, NUL included */
#define KVT_MAX_ARENAS		8	/* arenas (one a tier) of one space */
#define KVT_MAX_BATCH		16384	/* entries of one batch */
#define KVT_BLOCK_SIZE_MIN	4096	/* bytes; also the granule */
#define KVT_BLOCK_SIZE_MAX	(64 << 20)
#define KVT_MAX_CLASS		15	/* retention classes are 0..15 */
#define KVT_MAX_DEVICES		8	/* devices of one nvme tier */
#define KVT_PATH_SIZE		256	/* bytes of a device's path, NUL included */
#define KVT_HOST_SIZE		16	/* bytes that name a host */
#define KVT_MAX_TIMEOUT_NS	3600000000000ULL /* longest wait: one hour */
#define KVT_MAX_LAYERS		1024	/* layers of a block */

/**
 * enum kvt_tier_kind - what a tier is made of, fastest first
 * @KVT_TIER_DRAM: host memory of one NUMA node
 * @KVT_TIER_CXL: memory of a slower, usually CPU-less, NUMA node
 * @KVT_TIER_NVME: raw block devices
 * @KVT_TIER_REMOTE: pool nodes over RDMA
 */
enum kvt_tier_kind {
	KVT_TIER_DRAM	= 0,
	KVT_TIER_CXL	= 1,
	KVT_TIER_NVME	= 2,
	KVT_TIER_REMOTE	= 3,
};

/* ------------------------------------------------------------------ */
/* /dev/kvtier-control							*/

/**
 * struct kvt_tier_add - make a memory tier
 * @size: sizeof(struct kvt_tier_add)
 * @kind: KVT_TIER_DRAM or KVT_TIER_CXL
 * @name: 1..31 characters of [a-z0-9_-], first a letter; unique among tiers
 * @node: NUMA node that gives the memory
 * @pad: zero
 * @bytes: wanted size, a multiple of 2 MiB, > 0; out: the size obtained
 *
 * Allocates and zeroes all memory now. Fails as a whole: ENOMEM if the node
 * has not that much, ENODEV if there is no such node or it has no memory,
 * EADDRNOTAVAIL if its memory is online_movable only, EEXIST if the name is
 * taken, EINTR if killed, EPERM without CAP_SYS_ADMIN.
 */
struct kvt_tier_add {
	__u32	size;
	__u32	kind;
	__u8	name[KVT_NAME_SIZE];
	__s32	node;
	__u32	pad;
	__u64	bytes;
};

#define KVT_NVME_TAKE_OVER	(1U << 0) /* also what another host has not
					   * detached; it must not use it
					   */

/**
 * struct kvt_nvme_add - make an nvme tier of formatted devices
 * @size: sizeof(struct kvt_nvme_add)
 * @flags: KVT_NVME_*
 * @name: 1..31 characters of [a-z0-9_-], first a letter; unique among tiers
 * @host: names this host, not all zero; the same after a reboot (a digest of
 *	/etc/machine-id)
 * @nr_devices: 1..KVT_MAX_DEVICES: all devices of the set, in any order
 * @bad: out: with an error: which of @devices it is about; @nr_devices: none
 * @devices: paths, NUL-terminated and zero after that; unused ones zero
 *
 * The devices are opened exclusively and stay open. Nothing is written to a
 * device that is not formatted for kvtier (kvtierctl tier format) or is refused.
 * What spaces had stored there is found again when a space of the same name,
 * identity and block size gets a quota on the tier.
 *
 * About the tier: EEXIST: name taken. EPERM without CAP_SYS_ADMIN. ESTALE: devices
 * of the set are missing.
 * About a device: ENOENT, EACCES, ...: @devices cannot be looked up. ENOTBLK: no block
 * device. EBUSY: somebody has it open exclusively (mounted, in another tier, in
 * the list twice). EROFS: read-only. EMEDIUMTYPE: not formatted for kvtier.
 * EPROTONOSUPPORT: formatted by another version. EUCLEAN: both superblocks are
 * damaged. EOVERFLOW: smaller than its superblock says. EXDEV: of another
 * set than the first device. EREMOTE: another host has it attached. EIO: it
 * cannot be read or written. EOPNOTSUPP: logical blocks of more than 4 KiB, or
 * zones.
 */
struct kvt_nvme_add {
	__u32	size;
	__u32	flags;
	__u8	name[KVT_NAME_SIZE];
	__u8	host[KVT_HOST_SIZE];
	__u32	nr_devices;
	__u32	bad;
	__u8	devices[KVT_MAX_DEVICES][KVT_PATH_SIZE];
};

/**
 * struct kvt_tier_remove - give a tier's memory or devices back
 * @size: sizeof(struct kvt_tier_remove)
 * @pad: zero
 * @name: the tier
 *
 * A memory tier: EBUSY: a space has an arena on it, it is being resized, or frames
 * of a deleted space are still pinned by a device.
 *
 * An nvme tier: blocks that are only in memory are written to it for up to its
 * flush_ms first; then it is detached from all spaces, which go on without it,
 * and from its devices. What is on them can be found again: see struct kvt_nvme_add.
 * EBUSY: I/O to a device does not end.
 *
 * ENOENT: no such tier.
 */
struct kvt_tier_remove {
	__u32	size;
	__u32	pad;
	__u8	name[KVT_NAME_SIZE];
};

/**
 * struct kvt_tier_resize - change a memory tier's size
 * @size: sizeof(struct kvt_tier_resize)
 * @pad: zero
 * @name: the tier
 * @bytes: wanted size, a multiple of 2 MiB; out: the size reached
 *
 * Shrinking frees only memory that no space has; 0 is a size. ENOENT: no such
 * tier. EOPNOTSUPP: an nvme tier. EBUSY: it could shrink only part of the way;
 * ENOMEM, EINTR: it could grow only part of the way; ENODEV, EADDRNOTAVAIL: its
 * node is gone. In all cases but ENOENT and EOPNOTSUPP @bytes is the size reached.
 */
struct kvt_tier_resize {
	__u32	size;
	__u32	pad;
	__u8	name[KVT_NAME_SIZE];
	__u64	bytes;
};

/**
 * struct kvt_quota - how much of a tier a space may use
 * @tier: the tier's name
 * @bytes: multiple of 2 MiB, at least one block. An nvme tier: rounded down to
 *	whole segments, of which there must be two
 */
struct kvt_quota {
	__u8	tier[KVT_NAME_SIZE];
	__u64	bytes;
};

/**
 * struct kvt_space_create - make a space and its device node
 * @size: sizeof(struct kvt_space_create)
 * @block_size: bytes, 4 KiB..64 MiB, a multiple of 4 KiB
 * @name: 1..31 characters of [a-z0-9_-], first a letter; unique among spaces
 * @identity: digest of all that gives the bytes their meaning (model, dtype,
 *	layout, parallel rank, format version)
 * @uid: owner of /dev/kvtier/<name>
 * @gid: group of it
 * @mode: permission bits of it, 1..0777
 * @default_class: retention class of blocks that state none, 0..KVT_MAX_CLASS
 * @nr_quotas: 1..KVT_MAX_ARENAS
 * @pad: zero
 * @quotas: one for each tier that the space is to use, tiers not repeated;
 *	unused ones zero
 * @layers: user address of __u32[@nr_layers]: where each layer of a block ends,
 *	bytes, rising, the last one @block_size; zero without layers
 * @nr_layers: layers of a block, in the order they are used in, 0: none are
 *	declared .. KVT_MAX_LAYERS
 * @pad2: zero
 *
 * Blocks that are brought up together arrive layer by layer: see struct kvt_status.
 *
 * EEXIST: name taken. ENOENT: no such tier. ENOSPC: a tier has not that much
 * free, a quota is above 16 TiB or 2^32 - 2 blocks, or there are 4096 spaces.
 * EINVAL also: @uid or @gid mean nothing here, no quota is on memory, one is on a
 * remote tier, or an nvme tier's segments are too short for the block size. ENODEV:
 * an nvme tier is being removed. EPERM without CAP_SYS_ADMIN.
 *
 * What a space of the same name, identity and block size has left on an nvme tier
 * becomes this one's: its blocks appear in the background, newest first.
 */
struct kvt_space_create {
	__u32	size;
	__u32	block_size;
	__u8	name[KVT_NAME_SIZE];
	__u8	identity[KVT_IDENTITY_SIZE];
	__u32	uid;
	__u32	gid;
	__u32	mode;
	__u32	default_class;
	__u32	nr_quotas;
	__u32	pad;
	struct kvt_quota quotas[KVT_MAX_ARENAS];
	__u64	layers;
	__u32	nr_layers;
	__u32	pad2;
};

/**
 * struct kvt_space_delete - drop all blocks of a space everywhere and remove it
 * @size: sizeof(struct kvt_space_delete)
 * @pad: zero
 * @name: the space
 *
 * ENOENT: no such space. EBUSY: somebody has it open or mapped.
 */
struct kvt_space_delete {
	__u32	size;
	__u32	pad;
	__u8	name[KVT_NAME_SIZE];
};

/**
 * struct kvt_space_resize - change a space's quota on one tier
 * @size: sizeof(struct kvt_space_resize)
 * @pad: zero
 * @name: the space
 * @quota: tier, and wanted bytes (multiple of 2 MiB; 0 takes the arena away);
 *	out: the bytes reached
 *
 * Growing fails as a whole with ENOSPC. Shrinking moves or evicts blocks; it
 * stops at frames that are leased, being filled or in quarantine, and at memory
 * that a device has pinned (a registered window): EBUSY, with the bytes reached
 * in @quota. So a window offset never comes to mean other memory while a device
 * uses it. The last arena that is memory cannot be taken away: EINVAL.
 *
 * On an nvme tier whole segments are given back, oldest first, and their blocks
 * are dropped unless they are in memory, too.
 */
struct kvt_space_resize {
	__u32	size;
	__u32	pad;
	__u8	name[KVT_NAME_SIZE];
	struct kvt_quota quota;
};

/**
 * struct kvt_version - what is loaded
 * @size: sizeof(struct kvt_version)
 * @abi: KVT_ABI_VERSION of the module
 * @release: the module's version, a NUL-terminated string
 */
struct kvt_version {
	__u32	size;
	__u32	abi;
	__u8	release[KVT_NAME_SIZE];
};

#define KVT_IOC_MAGIC		0xB7

#define KVT_IOC_VERSION		_IOWR(KVT_IOC_MAGIC, 0x00, struct kvt_version)
#define KVT_IOC_TIER_ADD	_IOWR(KVT_IOC_MAGIC, 0x01, struct kvt_tier_add)
#define KVT_IOC_TIER_REMOVE	_IOW(KVT_IOC_MAGIC, 0x02, struct kvt_tier_remove)
#define KVT_IOC_TIER_RESIZE	_IOWR(KVT_IOC_MAGIC, 0x03, struct kvt_tier_resize)
#define KVT_IOC_SPACE_CREATE	_IOW(KVT_IOC_MAGIC, 0x04, struct kvt_space_create)
#define KVT_IOC_SPACE_DELETE	_IOW(KVT_IOC_MAGIC, 0x05, struct kvt_space_delete)
#define KVT_IOC_SPACE_RESIZE	_IOWR(KVT_IOC_MAGIC, 0x06, struct kvt_space_resize)
#define KVT_IOC_NVME_ADD	_IOWR(KVT_IOC_MAGIC, 0x07, struct kvt_nvme_add)

/* ------------------------------------------------------------------ */
/* /dev/kvtier/<space>							*/

/**
 * struct kvt_attach - state what the caller takes the bytes for
 * @size: sizeof(struct kvt_attach)
 * @pad: zero
 * @identity: must equal the space's, else EKEYREJECTED
 *
 * A file on which ATTACH failed refuses every KVT_IOC_SUBMIT with
 * EKEYREJECTED. A file that never attached is not checked (tools).
 */
struct kvt_attach {
	__u32	size;
	__u32	pad;
	__u8	identity[KVT_IDENTITY_SIZE];
};

/**
 * struct kvt_arena_info - one arena, as mmap() sees it
 * @tier: name of the tier it lies on; empty: this index is not in use
 * @kind: enum kvt_tier_kind
 * @node: NUMA node of its memory; nvme: -1
 * @nr_frames: frames it has now; nvme: 0, and no window nor status
 * @pad: zero
 * @window_offset: mmap offset of its window; frame f is at + f * block_size
 * @window_len: bytes of the window, a multiple of 2 MiB
 * @status_offset: mmap offset of its status words
 * @status_len: bytes of them, a multiple of 4 KiB: one struct kvt_status a frame
 *
 * The offsets of an arena index never change while the space lives; the lengths
 * follow KVT_IOC_SPACE_RESIZE. mmap() past a length: EINVAL. All maps must be
 * MAP_SHARED. 32-bit processes can reach offsets below 2^44 only: the window of
 * arena 0; commands work in full.
 */
struct kvt_arena_info {
	__u8	tier[KVT_NAME_SIZE];
	__u32	kind;
	__s32	node;
	__u32	nr_frames;
	__u32	pad;
	__u64	window_offset;
	__u64	window_len;
	__u64	status_offset;
	__u64	status_len;
};

/**
 * struct kvt_space_info - what KVT_IOC_SPACE_INFO tells
 * @size: in: bytes the caller has room for, at least 8: so many are written at
 *	most; out: bytes the kernel knows
 * @block_size: bytes of a block
 * @name: the space
 * @identity: the space's
 * @default_class: retention class of blocks that state none
 * @nr_slots: slots in use are below this number (it only grows)
 * @slots_offset: mmap offset of the slots; slot s is at + s * block_size
 * @slots_len: nr_slots * block_size. More may be mapped ahead: unused slots
 *	give SIGBUS
 * @arenas: by arena index
 * @nr_layers: layers of a block; 0: none were declared. See KVT_IOC_LAYERS
 * @pad: zero
 */
struct kvt_space_info {
	__u32	size;
	__u32	block_size;
	__u8	name[KVT_NAME_SIZE];
	__u8	identity[KVT_IDENTITY_SIZE];
	__u32	default_class;
	__u32	nr_slots;
	__u64	slots_offset;
	__u64	slots_len;
	struct kvt_arena_info arenas[KVT_MAX_ARENAS];
	__u32	nr_layers;
	__u32	pad;
};

/**
 * struct kvt_layers - where the layers of a block end
 * @size: sizeof(struct kvt_layers)
 * @nr: in: room in @ends; out: layers there are. ENOSPC: there are more than the
 *	room that was given, and nothing was written to @ends
 * @ends: user address of __u32[@nr]: out: bytes, as they were declared
 */
struct kvt_layers {
	__u32	size;
	__u32	nr;
	__u64	ends;
};

#define KVT_VALID_LOST		0xffffffffU /* it could not be brought up */

/**
 * struct kvt_status - one frame's word in the status area
 * @valid: leading bytes of the frame that are valid: 0 while it is free or
 *	being filled, the block size once sealed; between these while the block
 *	arrives from nvme: its checksums agree so far; KVT_VALID_LOST: it did not
 *	arrive
 * @generation: changes whenever the frame gets other bytes
 *
 * Both are one aligned 8-byte word: read them with one load.
 */
struct kvt_status {
	__u32	valid;
	__u32	generation;
};

/**
 * enum kvt_op - commands
 * @KVT_OP_LOOKUP: chain. Longest present prefix. Takes no lease, does not
 *	count as use. Entry: @key in; @slot, @result (tier) out.
 * @KVT_OP_ACQUIRE: chain. Lease the longest present prefix; what is on nvme is
 *	brought into memory, many blocks at a time, and so is what is absent here and
 *	on the space's remote tier. Entry: @key in; @slot, @offset, @result (tier)
 *	out.
 * @KVT_OP_RELEASE: each. Give one lease back. Entry: @slot in.
 * @KVT_OP_RESERVE: chain. A frame to fill for each key that is not present.
 *	Entry: @key in; @slot, @offset, @result out. Needs a writable file.
 * @KVT_OP_COMMIT: each. Seal what this file reserved. Entry: @slot in.
 * @KVT_OP_ABORT: each. Give a reserved frame back unsealed; no device may be
 *	writing into it any more. Entry: @slot in.
 * @KVT_OP_PUT: chain. RESERVE, copy block_size bytes from @addr, COMMIT.
 *	Entry: @key, @addr in; @slot, @result out.
 * @KVT_OP_GET: each. Copy @len bytes at @pos of the block to @addr. Entry:
 *	@key, @addr, @pos, @len in; @result out. Not a part of a lease. Brings up
 *	as ACQUIRE does.
 * @KVT_OP_PREFETCH: each. Hint: bring up to struct kvt_batch @tier in the
 *	background; what is absent (ENOENT) from the remote tier. Entry: @key
 *	in; @result (tier it is in now) out.
 * @KVT_OP_DROP: each. Forget the block everywhere. A leased block is hidden
 *	at once and freed at its last release. With KVT_F_CHAIN all blocks below
 *	it that are linked to it: not those below a block that is absent itself.
 *	Entry: @key in.
 *
 * "chain": entry i's parent is entry i-1 and, where blocks are stored, entry 0's
 * is struct kvt_batch @parent; the command ends at the first entry that fails, and the prefix
 * before it stands. RESERVE and PUT go on past a key that somebody else takes
 * care of (EINPROGRESS, EALREADY). "each": every entry is done by itself.
 *
 * Leases are counted: a file that ACQUIREs a block twice has to RELEASE it
 * twice.
 */
enum kvt_op {
	KVT_OP_LOOKUP	= 0,
	KVT_OP_ACQUIRE	= 1,
	KVT_OP_RELEASE	= 2,
	KVT_OP_RESERVE	= 3,
	KVT_OP_COMMIT	= 4,
	KVT_OP_ABORT	= 5,
	KVT_OP_PUT	= 6,
	KVT_OP_GET	= 7,
	KVT_OP_PREFETCH	= 8,
	KVT_OP_DROP	= 9,
};

/* Flags of struct kvt_batch, each with the commands that take it. */
#define KVT_F_WAIT		(1U << 0) /* ACQUIRE: for a block that is being
					   * filled, for one that is absent until
					   * the remote tier has it, and for a
					   * frame for one on nvme or on the
					   * remote tier; RESERVE, PUT: for a free
					   * frame. Until @timeout_ns.
					   */
#define KVT_F_NO_PROMOTE	(1U << 1) /* ACQUIRE: lease it where it is, if
					   * that is memory
					   */
#define KVT_F_MEMORY_ONLY	(1U << 2) /* LOOKUP, ACQUIRE: what is not in
					   * memory is a miss
					   */
#define KVT_F_LEASE		(1U << 3) /* RESERVE: lease present blocks; the
					   * file must be readable as well
					   */
#define KVT_F_TOUCH		(1U << 4) /* RELEASE: counts as use now */
#define KVT_F_CHAIN		(1U << 5) /* DROP: and all below it */
#define KVT_F_FLAT		(1U << 6) /* RESERVE, PUT: every entry's parent
					   * is @parent, not the entry before
					   */
#define KVT_F_CLASS		(1U << 7) /* RESERVE, PUT: @class_id is stated */
#define KVT_F_ARRIVING		(1U << 8) /* ACQUIRE: a block that comes from nvme
					   * is leased before it has arrived in
					   * full: see @len
					   */
#define KVT_F_LOCAL		(1U << 9) /* ACQUIRE, GET, PREFETCH, DROP: the
					   * remote tier is not asked
					   */
#define KVT_F_AWAIT		(1U << 10) /* ACQUIRE, with KVT_F_WAIT: also for
					    * a block that the remote tier has
					    * not got either, until some host has
					    * stored it there, or this one here
					    */

/**
 * struct kvt_entry - one block of a batch
 * @key: the block's key; all zero is not a key (EINVAL)
 * @addr: user address (PUT: block_size bytes are read; GET: @len are written)
 * @pos: first byte (GET)
 * @len: bytes (GET), 1..block_size - @pos; ACQUIRE with KVT_F_ARRIVING: leading
 *	bytes that must be valid when it is leased, 0..block_size
 * @offset: out: mmap offset of the block's frame (ACQUIRE; RESERVE unless
 *	KVT_RES_PRESENT without KVT_RES_LEASED)
 * @slot: the block's number; in for RELEASE, COMMIT, ABORT, else out
 * @result: out: negative errno, or KVT_RES_* flags | enum kvt_tier_kind
 *
 * Input fields that a command does not use must be zero; output fields are
 * ignored on input, and so is @key where a command goes by @slot, so that the
 * array of a RESERVE can be handed to COMMIT. Entry results:
 *
 *	ENOENT		no such block; RELEASE: no lease of this file on @slot;
 *			COMMIT, ABORT: @slot is not being filled by this file
 *	EINPROGRESS	ACQUIRE, GET: it is being filled; RESERVE, PUT: by another
 *			file
 *	EALREADY	RESERVE, PUT: this file is filling it
 *	ENOSPC		no frame is free nor can be made free at once (blocks may
 *			be on their way to nvme: see KVT_F_WAIT)
 *	EDQUOT		the space's lease_quota is reached, which is not waited
 *			for (what is being filled or fetched counts); or 65535
 *			leases of this file on the block
 *	ETIMEDOUT	KVT_F_WAIT: the time is over. Any command that holds a
 *			block: it was being moved or read for 30 s
 *	ECANCELED	COMMIT: the block was dropped, or its time to fill was
 *			over; its frame is gone. ABORT: its time was over
 *	ELOOP		RESERVE, PUT: the block would be its own ancestor
 *	EFAULT		PUT, GET: @addr
 *	EHWPOISON	GET: the block's memory has failed; it is dropped
 *	ENOMEM		no kernel memory just now
 *	EINTR		killed; the batch ends here
 */
struct kvt_entry {
	__u8	key[KVT_KEY_SIZE];
	__u64	addr;
	__u32	pos;
	__u32	len;
	__u64	offset;
	__u32	slot;
	__s32	result;
};

#define KVT_RES_TIER_MASK	0xff
#define KVT_RES_LEASED		(1 << 8)  /* this file has one more lease on it */
#define KVT_RES_PRESENT		(1 << 9)  /* RESERVE, PUT: was there already */
#define KVT_RES_ARRIVING	(1 << 10) /* ACQUIRE: not all of it may be valid
					   * yet: struct kvt_status says how much
					   */

/**
 * struct kvt_batch - one command on up to KVT_MAX_BATCH blocks
 * @size: sizeof(struct kvt_batch)
 * @op: enum kvt_op
 * @flags: KVT_F_*; one that @op does not take: EINVAL
 * @nr: entries, 1..KVT_MAX_BATCH, else EINVAL
 * @entries: user address of struct kvt_entry[@nr], 8-byte aligned
 * @parent: RESERVE, PUT: key of entry 0's parent; all zero: a root. It need
 *	not be present. Zero for other commands
 * @timeout_ns: KVT_F_WAIT: longest wait for the whole batch, ns, 0 (no wait)
 *	..KVT_MAX_TIMEOUT_NS; PREFETCH: what has not begun to come up by then is
 *	left where it is, 0: no deadline; else zero
 * @class_id: RESERVE, PUT: retention class, with KVT_F_CLASS
 * @tier: PREFETCH: enum kvt_tier_kind to bring it up to; DRAM or CXL
 * @pad: zero
 * @pad2: zero
 * @done: out: entries whose @result was written
 * @ok: out: those of them that succeeded. LOOKUP, ACQUIRE: the prefix' length
 *
 * Waits end by the timeout or when the caller is killed; other signals wait.
 * Results are written at the end: if @entries cannot be written by then, EFAULT
 * comes after the batch was carried out; what it holds goes when the file does.
 *
 * KVT_IOC_SUBMIT returns 0 when the batch was carried out, whatever became of
 * its entries. Else nothing was changed and it returns EINVAL (bad op, flag,
 * count, padding, class, timeout, or a bad field in any entry), E2BIG (@size is
 * larger than the kernel knows and the tail is not zero), EFAULT (@entries),
 * EBADF (file not open for what @op does: writing for RESERVE, COMMIT, ABORT,
 * PUT, DROP, else reading), EKEYREJECTED (identity), ENOMEM.
 */
struct kvt_batch {
	__u32	size;
	__u32	op;
	__u32	flags;
	__u32	nr;
	__u64	entries;
	__u8	parent[KVT_KEY_SIZE];
	__u64	timeout_ns;
	__u8	class_id;
	__u8	tier;
	__u16	pad;
	__u32	pad2;
	__u32	done;
	__u32	ok;
};

#define KVT_IOC_SPACE_INFO	_IOWR(KVT_IOC_MAGIC, 0x20, struct kvt_space_info)
#define KVT_IOC_ATTACH		_IOW(KVT_IOC_MAGIC, 0x21, struct kvt_attach)
#define KVT_IOC_SUBMIT		_IOWR(KVT_IOC_MAGIC, 0x22, struct kvt_batch)
#define KVT_IOC_LAYERS		_IOWR(KVT_IOC_MAGIC, 0x23, struct kvt_layers)

/**
 * struct kvt_uring_submit - KVT_IOC_SUBMIT by IORING_OP_URING_CMD
 * @batch: user address of struct kvt_batch
 * @pad: zero
 *
 * The 16 bytes at @cmd of a submission queue entry whose @cmd_op is
 * KVT_URING_SUBMIT; @fd is the space's. The batch, its entries and what they point
 * to must stay until the completion, whose @res is what KVT_IOC_SUBMIT would
 * return; or ECANCELED: it was cancelled before it was carried out in full: what
 * was done stands, struct kvt_batch @done says how far the results were written.
 * Where nobody can be told (the ring is closed, the thread that submitted it has
 * ended) nothing is written, and what it had leased or reserved is given back.
 *
 * ACQUIRE, RESERVE, PUT, GET do not sleep in the submitter while they wait; the others
 * never wait. With IOSQE_ASYNC a worker of io_uring's sleeps for the command. With
 * IORING_URING_CMD_FIXED, which is for PUT and GET (else EINVAL), the addresses lie in
 * the registered buffer that @buf_index names, else EFAULT, of the entry or as a
 * whole. EOPNOTSUPP: another @cmd_op; an IORING_SETUP_IOPOLL ring.
 */
struct kvt_uring_submit {
	__u64	batch;
	__u64	pad;
};

#define KVT_URING_SUBMIT	_IOW(KVT_IOC_MAGIC, 0x30, struct kvt_uring_submit)

/*
 * Ask for the end of commands that this ring has in flight on this file (io_uring's
 * own cancel finds those with IOSQE_ASYNC only). struct kvt_uring_submit @batch: the
 * command's; zero: all of them. Completes at once; @res: how many there were.
 * Not with IOSQE_ASYNC (EINVAL).
 */
#define KVT_URING_CANCEL	_IOW(KVT_IOC_MAGIC, 0x31, struct kvt_uring_submit)

#endif /* _UAPI_KVTIER_H */
