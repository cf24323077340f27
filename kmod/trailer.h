/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What goes behind a block's bytes to a pool node: what the block is, and its
 * checksums. Made by the host that has computed the block, judged by the host that
 * fetches it; who is between them is not believed. Pure code and format; all
 * integers are little-endian. See Documentation/pool-protocol.rst.
 */
#ifndef _KVT_TRAILER_H
#define _KVT_TRAILER_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/types.h>
#else
#include "log_user.h"	/* u32, u64, le32_to_cpu(), crc32c() */
#endif

#define KVT_TRAILER_MAGIC	0x5254564bU	/* "KVTR" on the wire */
#define KVT_TRAILER_VERSION	1
#define KVT_TRAILER_SPAN	65536U		/* bytes under one checksum */
#define KVT_TRAILER_PAGE	4096U

/**
 * struct kvt_trailer - a trailer; whole pages, zero behind @sums
 * @magic: KVT_TRAILER_MAGIC
 * @version: KVT_TRAILER_VERSION
 * @block_size: bytes of the block
 * @class_id: retention class
 * @nr: length of @sums: one for each KVT_TRAILER_SPAN bytes, or less at the end
 * @crc: crc32c of all of the trailer, its own four bytes as zero
 * @pad: zero
 * @key: the block's
 * @parent: its parent's; all zero: a root
 * @identity: of its space
 * @sums: crc32c, as the on-media log has them
 */
struct kvt_trailer {
	__le32	magic;
	__le32	version;
	__le32	block_size;
	__le32	class_id;
	__le32	nr;
	__le32	crc;
	__u8	pad[8];
	__u8	key[32];
	__u8	parent[32];
	__u8	identity[32];
	__le32	sums[];
};

/**
 * struct kvt_trailer_of - what a trailer has to say
 * @key: the block's
 * @parent: its parent's
 * @identity: of its space
 * @block_size: bytes of the block
 * @class_id: retention class
 */
struct kvt_trailer_of {
	u8 key[32];
	u8 parent[32];
	u8 identity[32];
	u32 block_size;
	u32 class_id;
};

u32 kvt_trailer_bytes(u32 block_size);
void kvt_trailer_make(struct kvt_trailer *t, const struct kvt_trailer_of *of,
		      const u32 *sums);
int kvt_trailer_check(const struct kvt_trailer *t, u32 room,
		      const struct kvt_trailer_of *want);

#endif /* _KVT_TRAILER_H */
