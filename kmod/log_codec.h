/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writing and judging what log_format.h describes. Pure code: the module, the
 * tools and the tests use the same. What comes from media is hostile until a
 * function here has said otherwise.
 */
#ifndef _KVT_LOG_CODEC_H
#define _KVT_LOG_CODEC_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "log_user.h"	/* u32, u64, le32_to_cpu(), crc32c() */
#endif
#include "log_format.h"

/**
 * struct kvt_log_layout - how the blocks of one size lie in a segment
 * @segment_bytes: length of a segment
 * @block_size: bytes of a block
 * @crcs: checksums of a block
 * @entry_size: bytes of an entry
 * @capacity: entries of a segment, tombs included
 * @group: entries of a summary, tombs included
 * @summary_bytes: a summary's place
 * @data_end: groups lie below it; the largest footer ends at the state page
 */
struct kvt_log_layout {
	u32 segment_bytes;
	u32 block_size;
	u32 crcs;
	u32 entry_size;
	u32 capacity;
	u32 group;
	u32 summary_bytes;
	u32 data_end;
};

/* Which segment a record is, or has to be, of. Generation 0: any. */
struct kvt_log_place {
	u8 set[16];
	u32 device;
	u32 segment;
	u64 generation;
};

/* Whose a segment is. */
struct kvt_log_owner {
	u8 name[32];
	u8 identity[32];
	u32 block_size;
	u32 class_id;
};

int kvt_log_layout(struct kvt_log_layout *l, u64 segment_bytes, u32 block_size);

void kvt_log_seal_super(struct kvt_log_super *s);
int kvt_log_check_super(const struct kvt_log_super *s, u64 device_bytes);

void kvt_log_make(struct kvt_log_head *h, enum kvt_log_kind kind, u32 bytes,
		  const struct kvt_log_place *place,
		  const struct kvt_log_owner *owner);
void kvt_log_seal(struct kvt_log_head *h);
int kvt_log_check(const void *record, u32 room,
		  const struct kvt_log_place *place);
bool kvt_log_same_owner(const struct kvt_log_head *h,
			const struct kvt_log_owner *owner);
void kvt_log_get_owner(const struct kvt_log_head *h, struct kvt_log_owner *o);

u32 kvt_log_footer_bytes(const struct kvt_log_layout *l, u32 nr);
int kvt_log_check_state(const struct kvt_log_head *h,
			const struct kvt_log_layout *l);
int kvt_log_check_summary(const struct kvt_log_head *h,
			  const struct kvt_log_layout *l, u32 first, u32 pos,
			  u32 *next);
int kvt_log_check_footer(const struct kvt_log_head *state,
			 const struct kvt_log_layout *l, const void *footer);
int kvt_log_check_entry(const struct kvt_log_entry *e,
			const struct kvt_log_layout *l, u64 generation);

/* Entry @i of a summary (@table: behind its head) or a footer. */
static inline struct kvt_log_entry *
kvt_log_entry(const struct kvt_log_layout *l, const void *table, u32 i)
{
	return (struct kvt_log_entry *)((u8 *)table + (size_t)i * l->entry_size);
}

/* Bytes that checksum @i of a block covers. */
static inline u32 kvt_log_crc_bytes(const struct kvt_log_layout *l, u32 i)
{
	u32 rest = l->block_size - i * KVT_LOG_CRC_SPAN;

	return rest < KVT_LOG_CRC_SPAN ? rest : KVT_LOG_CRC_SPAN;
}

#endif /* _KVT_LOG_CODEC_H */
