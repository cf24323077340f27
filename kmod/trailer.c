// SPDX-License-Identifier: GPL-2.0
#ifdef __KERNEL__
#include <linux/crc32c.h>
#include <linux/errno.h>
#include <linux/string.h>
#endif
#include "trailer.h"

#define MAX_CLASS 15

static u32 nr_sums(u32 block_size)
{
	return block_size / KVT_TRAILER_SPAN + !!(block_size % KVT_TRAILER_SPAN);
}

/**
 * kvt_trailer_bytes() - how long a trailer is
 * @block_size: bytes of a block, up to 64 MiB
 *
 * Return: bytes, whole pages.
 */
u32 kvt_trailer_bytes(u32 block_size)
{
	u32 bytes = sizeof(struct kvt_trailer) + 4 * nr_sums(block_size);

	return (bytes + KVT_TRAILER_PAGE - 1) / KVT_TRAILER_PAGE *
	       KVT_TRAILER_PAGE;
}

static u32 own_crc(const struct kvt_trailer *t, u32 bytes)
{
	const u8 *p = (const u8 *)t;
	u32 at = offsetof(struct kvt_trailer, crc), crc;
	static const u8 none[4];

	crc = crc32c(~0U, p, at);
	crc = crc32c(crc, none, sizeof(none));
	at += sizeof(none);
	return crc32c(crc, p + at, bytes - at);
}

/**
 * kvt_trailer_make() - write a trailer
 * @t: out: kvt_trailer_bytes()
 * @of: what it is of
 * @sums: checksums of the block's bytes
 */
void kvt_trailer_make(struct kvt_trailer *t, const struct kvt_trailer_of *of,
		      const u32 *sums)
{
	u32 i, bytes = kvt_trailer_bytes(of->block_size);

	memset(t, 0, bytes);
	t->magic = cpu_to_le32(KVT_TRAILER_MAGIC);
	t->version = cpu_to_le32(KVT_TRAILER_VERSION);
	t->block_size = cpu_to_le32(of->block_size);
	t->class_id = cpu_to_le32(of->class_id);
	t->nr = cpu_to_le32(nr_sums(of->block_size));
	memcpy(t->key, of->key, sizeof(t->key));
	memcpy(t->parent, of->parent, sizeof(t->parent));
	memcpy(t->identity, of->identity, sizeof(t->identity));
	for (i = 0; i < nr_sums(of->block_size); i++)
		t->sums[i] = cpu_to_le32(sums[i]);
	t->crc = cpu_to_le32(own_crc(t, bytes));
}

/**
 * kvt_trailer_check() - is a trailer good, and of the block that was asked for?
 * @t: hostile; nobody changes it meanwhile
 * @room: bytes at @t
 * @want: what it has to say; the class and, for a block whose parent is not known,
 *	an all-zero parent may differ
 *
 * Return: 0; -EBADMSG: it is no good trailer; -ESTALE: it is another block's.
 */
int kvt_trailer_check(const struct kvt_trailer *t, u32 room,
		      const struct kvt_trailer_of *want)
{
	u32 bytes = kvt_trailer_bytes(want->block_size);
	static const u8 none[32];

	if (room < bytes || le32_to_cpu(t->magic) != KVT_TRAILER_MAGIC ||
	    le32_to_cpu(t->version) != KVT_TRAILER_VERSION ||
	    le32_to_cpu(t->block_size) != want->block_size ||
	    le32_to_cpu(t->nr) != nr_sums(want->block_size) ||
	    le32_to_cpu(t->class_id) > MAX_CLASS ||
	    memcmp(t->pad, none, sizeof(t->pad)) ||
	    le32_to_cpu(t->crc) != own_crc(t, bytes))
		return -EBADMSG;
	if (memcmp(t->key, want->key, sizeof(t->key)) ||
	    memcmp(t->identity, want->identity, sizeof(t->identity)))
		return -ESTALE;
	if (memcmp(want->parent, none, sizeof(none)) &&
	    memcmp(t->parent, want->parent, sizeof(t->parent)))
		return -ESTALE;
	return 0;
}
