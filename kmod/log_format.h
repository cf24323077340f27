/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The format of an nvme device, and nothing else. Documentation/log-format.rst
 * tells the whole story; all numbers are little-endian; every checksum is
 * crc32c, with the initial value ~0 and no final inversion, as crc32c() of the
 * kernel computes it.
 *
 *	0		superblock, copy 0
 *	1 MiB		superblock, copy 1
 *	first_segment	segments, each segment_bytes long
 *
 * A segment:
 *
 *	0		header: whose it is (written when it is opened)
 *	4096		groups, each: a summary's place, then the data it names.
 *			The summary is written once the data are on media.
 *	...		footer: all entries of the segment; ends at the state
 *	-4096		state: free, open or closed
 */
#ifndef _KVT_LOG_FORMAT_H
#define _KVT_LOG_FORMAT_H

#include <linux/types.h>

#define KVT_LOG_PAGE		4096	/* everything is in multiples of it */
#define KVT_LOG_CRC_SPAN	65536	/* bytes of data under one checksum */
#define KVT_LOG_VERSION		1
#define KVT_LOG_SUPER_COPIES	2
#define KVT_LOG_SUPER_STEP	(1U << 20)	/* from copy to copy */
#define KVT_LOG_SEGMENT_MIN	(1U << 20)
#define KVT_LOG_SEGMENT_MAX	(256U << 20)
#define KVT_LOG_MAX_DEVICES	8		/* of one set */
#define KVT_LOG_MAX_SEGMENTS	(1U << 20)	/* of one device */

#define KVT_LOG_SUPER_MAGIC	0x6b62737265697476ULL	/* "vtiersbk" */
#define KVT_LOG_MAGIC		0x676f6c7265697476ULL	/* "vtierlog" */

/**
 * enum kvt_log_grade - what a set of devices is good at
 * @KVT_LOG_FAST: small and quick to wear out last: above bulk
 * @KVT_LOG_BULK: large
 */
enum kvt_log_grade {
	KVT_LOG_FAST	= 0,
	KVT_LOG_BULK	= 1,
};

/**
 * struct kvt_log_super - superblock: one page, at byte 0 and at 1 MiB
 * @magic: KVT_LOG_SUPER_MAGIC
 * @crc: of the page with this field zero
 * @version: KVT_LOG_VERSION
 * @sequence: of two good copies the one with the higher number counts; the
 *	other is written next
 * @set: names the set of devices that make a tier
 * @host: who has it attached; all zero: nobody, it was detached cleanly
 * @nr_devices: of the set
 * @index: of this device in the set
 * @nr_segments: on this device
 * @grade: enum kvt_log_grade
 * @segment_bytes: a power of two
 * @first_segment: byte where segment 0 begins; a multiple of the page
 * @pad: zero
 */
struct kvt_log_super {
	__le64 magic;
	__le32 crc;
	__le32 version;
	__le64 sequence;
	__u8 set[16];
	__u8 host[16];
	__le32 nr_devices;
	__le32 index;
	__le32 nr_segments;
	__le32 grade;
	__le64 segment_bytes;
	__le64 first_segment;
	__u8 pad[4008];
};

/**
 * enum kvt_log_kind - what a record in a segment is
 * @KVT_LOG_HEADER: the segment's first page
 * @KVT_LOG_SUMMARY: names the blocks of one group
 * @KVT_LOG_FREE: state page: nothing is in the segment
 * @KVT_LOG_OPEN: state page: being written; read header and summaries
 * @KVT_LOG_CLOSED: state page: the footer before it names all blocks
 */
enum kvt_log_kind {
	KVT_LOG_HEADER	= 1,
	KVT_LOG_SUMMARY	= 2,
	KVT_LOG_FREE	= 3,
	KVT_LOG_OPEN	= 4,
	KVT_LOG_CLOSED	= 5,
};

/**
 * struct kvt_log_head - begins every record of a segment
 * @magic: KVT_LOG_MAGIC
 * @crc: of the whole record, with this field zero
 * @bytes: length of the record, a multiple of the page
 * @set: as in the superblock
 * @device: index of the device in the set
 * @segment: number of the segment on its device
 * @generation: of the segment: higher each time any segment of the set is
 *	opened, so that it also orders segments by age
 * @kind: enum kvt_log_kind
 * @nr: summary: entries in this record; closed: entries in the footer
 * @first: summary: number of its first entry in the segment; else zero
 * @footer_crc: closed: of the footer's bytes; else zero
 * @name: whose it is: the space's name
 * @identity: and identity
 * @block_size: of the space
 * @class_id: retention class of its blocks
 * @durable: summary: entries of the segment that were durable when it was sent
 * @pad: zero
 *
 * A header and a state are this, then zeros up to the page's end. A free state
 * has no owner: zeros.
 */
struct kvt_log_head {
	__le64 magic;
	__le32 crc;
	__le32 bytes;
	__u8 set[16];
	__le32 device;
	__le32 segment;
	__le64 generation;
	__le32 kind;
	__le32 nr;
	__le32 first;
	__le32 footer_crc;
	__u8 name[32];
	__u8 identity[32];
	__le32 block_size;
	__le32 class_id;
	__le32 durable;
	__u8 pad[52];
};

/**
 * enum kvt_log_type - what an entry is
 * @KVT_LOG_NONE: a block that has gone since (only in footers)
 * @KVT_LOG_BLOCK: a block
 * @KVT_LOG_TOMB: a block, named by another entry, was dropped
 */
enum kvt_log_type {
	KVT_LOG_NONE	= 0,
	KVT_LOG_BLOCK	= 1,
	KVT_LOG_TOMB	= 2,
};

/**
 * struct kvt_log_entry - one entry of a summary or footer
 * @key: block: its key
 * @parent: block: its parent's key; all zero: a root
 * @used: block: time of its last use when it was written, seconds since 1970
 * @type: enum kvt_log_type
 * @offset: block: where its data are, in pages from the segment's start
 * @generation: tomb: of the segment that the dropped block is in. Never higher
 *	than the tomb's own segment's
 * @device: tomb: of that segment
 * @segment: tomb: its number
 * @index: tomb: number of the block's entry in it
 * @crc: block: of each KVT_LOG_CRC_SPAN bytes of the data, the last may be short
 *
 * All entries of a segment have the same size, 100 + 4 * checksums rounded up to 8:
 * see kvt_log_layout(). Fields that the type does not use are zero.
 */
struct kvt_log_entry {
	__u8 key[32];
	__u8 parent[32];
	__le64 used;
	__le32 type;
	__le32 offset;
	__le64 generation;
	__le32 device;
	__le32 segment;
	__le32 index;
	__le32 crc[];
};

_Static_assert(sizeof(struct kvt_log_super) == KVT_LOG_PAGE, "superblock");
_Static_assert(sizeof(struct kvt_log_head) == 192, "head");
_Static_assert(__builtin_offsetof(struct kvt_log_entry, crc) == 100, "entry");

#endif /* _KVT_LOG_FORMAT_H */
