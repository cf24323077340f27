/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * kvtier: the helper channel of a remote tier. The kernel asks, the helper moves.
 *
 * A remote tier has no memory of its own: what is on the pool is asked for when it is
 * not on this host. Who attaches to the tier is its helper, one at a time. It maps the
 * channel: an array of descriptors, one for each request it is ready to take. With
 * io_uring it arms a tag (KVT_URING_FETCH_REQ); that completes when the kernel has written a
 * request into the tag's descriptor. The helper does what it says, writes statuses, and
 * hands the tag in (KVT_URING_COMMIT_REQ), which arms it again: the next completion is
 * the next request. The pattern is that of ublk.
 *
 * The bytes of blocks lie in frames of the space's window, which the helper maps
 * and registers by itself from /dev/kvtier/<space>. Behind each block's bytes
 * there goes its trailer, made and judged by kernels only (kmod/trailer.h).
 *
 * The helper is trusted with bytes but not believed: a fetched block is seen by nobody
 * before the kernel has compared its trailer and its checksums.
 */
#ifndef _UAPI_KVTIER_REMOTE_H
#define _UAPI_KVTIER_REMOTE_H

#include "kvtier.h"

#define KVT_REMOTE_BATCH	32	/* blocks of one request */
#define KVT_REMOTE_MAX_DEPTH	64	/* tags of one channel */
#define KVT_REMOTE_MAX_TRAILER	8192	/* bytes */

/**
 * struct kvt_remote_add - make a remote tier
 * @size: sizeof(struct kvt_remote_add)
 * @pad: zero
 * @name: 1..31 characters of [a-z0-9_-], first a letter; unique among tiers;
 *	not "none"
 *
 * A space uses it when its name is written to the space's attribute "remote". It is
 * removed by KVT_IOC_TIER_REMOVE; EBUSY: a space uses it, or it has a helper.
 *
 * EEXIST: the name is taken. EPERM without CAP_SYS_ADMIN.
 */
struct kvt_remote_add {
	__u32	size;
	__u32	pad;
	__u8	name[KVT_NAME_SIZE];
};

/**
 * struct kvt_remote_attach - become a remote tier's helper
 * @size: sizeof(struct kvt_remote_attach)
 * @depth: tags, 1..KVT_REMOTE_MAX_DEPTH
 * @name: the tier
 * @stride: out: bytes from one descriptor to the next
 * @pad: zero
 * @map_bytes: out: length of the map, of offset 0, MAP_SHARED
 *
 * Returns a file, O_CLOEXEC, whose last close ends it: what it had not answered
 * then is lost, and is a miss. ENOENT: no such tier. EINVAL: it is no remote tier. EBUSY: it
 * has a helper. EPERM without CAP_SYS_ADMIN.
 */
struct kvt_remote_attach {
	__u32	size;
	__u32	depth;
	__u8	name[KVT_NAME_SIZE];
	__u32	stride;
	__u32	pad;
	__u64	map_bytes;
};

#define KVT_IOC_REMOTE_ADD	_IOW(KVT_IOC_MAGIC, 0x08, struct kvt_remote_add)
#define KVT_IOC_REMOTE_ATTACH	_IOWR(KVT_IOC_MAGIC, 0x09, struct kvt_remote_attach)

/**
 * enum kvt_remote_op - what the kernel asks for
 * @KVT_REMOTE_EXISTS: which of the keys, a chain, are on the pool? Status 0 or -ENOENT;
 *	behind the first that is not there nobody looks. With @wait_ns: of the first key
 *	only, when it is there, for so long
 * @KVT_REMOTE_FETCH: fill the frames, and the trailers. Each block by itself: 0,
 *	-ENOENT, -EIO...: then nothing writes to its frame any more. When the space
 *	leaves the tier its requests end unanswered; nothing may write to their frames
 *	the space's quarantine_ms later
 * @KVT_REMOTE_SPILL: take frames, held by the kernel meanwhile, and their trailers.
 *	Each by itself: 0 (also: the pool has it), -ENOSPC, -EIO...
 * @KVT_REMOTE_DROP: forget the keys. Status 0 or -errno
 */
enum kvt_remote_op {
	KVT_REMOTE_EXISTS	= 0,
	KVT_REMOTE_FETCH	= 1,
	KVT_REMOTE_SPILL	= 2,
	KVT_REMOTE_DROP		= 3,
};

#define KVT_REMOTE_F_CHAIN	(1U << 0) /* DROP: and all below them */

/**
 * struct kvt_remote_block - one block of a request
 * @key: the block's
 * @parent: SPILL: its parent's; all zero: a root
 * @offset: FETCH, SPILL: of its frame, as mmap of /dev/kvtier/<space> has it
 * @class_id: SPILL: retention class
 * @status: the helper's answer: 0 or a negative errno
 */
struct kvt_remote_block {
	__u8	key[KVT_KEY_SIZE];
	__u8	parent[KVT_KEY_SIZE];
	__u64	offset;
	__u32	class_id;
	__s32	status;
};

/**
 * struct kvt_remote_desc - a descriptor; that of tag t is at t * stride
 * @id: of the request; never 0, never the same again
 * @deadline_ns: CLOCK_MONOTONIC: nobody waits for the answer after that
 * @wait_ns: EXISTS: see there
 * @op: enum kvt_remote_op
 * @nr: of @blocks
 * @flags: KVT_REMOTE_F_*
 * @block_size: bytes of a block of the space
 * @trailer_size: bytes of a trailer; the one of block i is at KVT_REMOTE_TRAILERS + i *
 *	@trailer_size of the descriptor
 * @pad: zero
 * @space: name
 * @identity: the space's
 * @blocks: @nr of them
 *
 * Written by the kernel before the tag completes, read back by it when the tag is
 * handed in: @blocks' status and, after FETCH, the trailers, once. All else is ignored.
 */
struct kvt_remote_desc {
	__u64	id;
	__u64	deadline_ns;
	__u64	wait_ns;
	__u32	op;
	__u32	nr;
	__u32	flags;
	__u32	block_size;
	__u32	trailer_size;
	__u32	pad;
	__u8	space[KVT_NAME_SIZE];
	__u8	identity[KVT_IDENTITY_SIZE];
	struct kvt_remote_block blocks[KVT_REMOTE_BATCH];
};

#define KVT_REMOTE_TRAILERS	4096	/* into a descriptor's stride */

/**
 * struct kvt_uring_remote - the 16 bytes at @cmd of a submission queue entry; @fd is
 *	the helper's
 * @id: COMMIT_REQ: of the request that is answered; FETCH_REQ: zero
 * @tag: 0..depth - 1
 * @pad: zero
 *
 * KVT_URING_FETCH_REQ arms a tag for the first time: EBUSY if it is armed, or has a
 * request that is not answered. KVT_URING_COMMIT_REQ answers and arms: ESTALE: @id is not
 * what the tag has (a request whose deadline is over may be answered, and has to be);
 * EINVAL: @tag, @pad, or a status that is no errno: nothing has changed, answer again.
 *
 * The completion's @res is 0: there is a request; or ECANCELED: the ring ends, or the
 * thread that submitted it has ended: the tag is free. A request that had been written
 * for it already ends as if the helper had gone. An armed tag keeps the file: the
 * helper goes when its rings, its maps and all descriptors of its file are closed.
 *
 * EINVAL also: with IOSQE_ASYNC. EOPNOTSUPP: another @cmd_op.
 */
struct kvt_uring_remote {
	__u64	id;
	__u32	tag;
	__u32	pad;
};

#define KVT_URING_FETCH_REQ	_IOW(KVT_IOC_MAGIC, 0x38, struct kvt_uring_remote)
#define KVT_URING_COMMIT_REQ	_IOW(KVT_IOC_MAGIC, 0x39, struct kvt_uring_remote)

#endif /* _UAPI_KVTIER_REMOTE_H */
