// SPDX-License-Identifier: GPL-2.0
#ifdef __KERNEL__
#include <linux/crc32c.h>
#include <linux/errno.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/string.h>
#endif
#include "log_codec.h"

/* No tier gets there, and adding to one never wraps. */
#define GENERATION_MAX	0x4000000000000000ULL

static bool is_zero(const void *p, size_t len)
{
	const u8 *byte = p;

	while (len--)
		if (*byte++)
			return false;
	return true;
}

static u32 pages(u32 bytes)
{
	return (bytes + KVT_LOG_PAGE - 1) & ~(KVT_LOG_PAGE - 1);
}

/**
 * kvt_log_layout() - how blocks of a size lie in segments of a size
 * @l: out
 * @segment_bytes: a power of two, KVT_LOG_SEGMENT_MIN..KVT_LOG_SEGMENT_MAX
 * @block_size: a multiple of the page
 *
 * A segment has entries for as many blocks as could lie in it and, for tombs, an
 * eighth more. A summary is one page, or as long as a single entry needs.
 *
 * Return: 0, or -EINVAL if not even two blocks fit.
 */
int kvt_log_layout(struct kvt_log_layout *l, u64 segment_bytes, u32 block_size)
{
	u32 blocks, head = sizeof(struct kvt_log_head);

	if (segment_bytes < KVT_LOG_SEGMENT_MIN ||
	    segment_bytes > KVT_LOG_SEGMENT_MAX ||
	    segment_bytes & (segment_bytes - 1) || !block_size ||
	    block_size % KVT_LOG_PAGE || block_size > segment_bytes / 2)
		return -EINVAL;
	l->segment_bytes = segment_bytes;
	l->block_size = block_size;
	l->crcs = (block_size + KVT_LOG_CRC_SPAN - 1) / KVT_LOG_CRC_SPAN;
	l->entry_size = (offsetof(struct kvt_log_entry, crc) +
			 l->crcs * sizeof(__le32) + 7) & ~7U;
	blocks = l->segment_bytes / block_size;
	l->capacity = blocks + blocks / 8 + 8;
	l->summary_bytes = pages(head + l->entry_size);
	l->group = (l->summary_bytes - head) / l->entry_size;
	l->data_end = l->segment_bytes - KVT_LOG_PAGE -
		      kvt_log_footer_bytes(l, l->capacity);
	if (l->data_end > l->segment_bytes || l->data_end <
	    KVT_LOG_PAGE + 2 * (l->summary_bytes + block_size))
		return -EINVAL;
	return 0;
}

/* ------------------------------------------------------------------ checksums */

/* Of @bytes from @p on, with the four at @skip, the checksum's own, as zero. */
static u32 crc_without(const void *p, u32 skip, u32 bytes)
{
	static const u8 zero[4];
	u32 crc;

	crc = crc32c(~0U, p, skip);
	crc = crc32c(crc, zero, sizeof(zero));
	return crc32c(crc, (const u8 *)p + skip + sizeof(zero),
		      bytes - skip - sizeof(zero));
}

/* ----------------------------------------------------------------- superblock */

static u32 super_crc(const struct kvt_log_super *s)
{
	return crc_without(s, offsetof(struct kvt_log_super, crc), sizeof(*s));
}

/* Fill in the checksum, last of all. */
void kvt_log_seal_super(struct kvt_log_super *s)
{
	s->crc = cpu_to_le32(super_crc(s));
}

static bool super_is_sane(const struct kvt_log_super *s)
{
	u64 segment = le64_to_cpu(s->segment_bytes);
	u64 first = le64_to_cpu(s->first_segment);
	u32 nr = le32_to_cpu(s->nr_segments);

	return segment >= KVT_LOG_SEGMENT_MIN &&
	       segment <= KVT_LOG_SEGMENT_MAX && !(segment & (segment - 1)) &&
	       nr && nr <= KVT_LOG_MAX_SEGMENTS &&
	       first >= KVT_LOG_SUPER_COPIES * KVT_LOG_SUPER_STEP &&
	       first % KVT_LOG_PAGE == 0 && first < 1ULL << 56 &&
	       le32_to_cpu(s->nr_devices) <= KVT_LOG_MAX_DEVICES &&
	       le32_to_cpu(s->index) < le32_to_cpu(s->nr_devices) &&
	       le32_to_cpu(s->grade) <= KVT_LOG_BULK && is_zero(s->pad, sizeof(s->pad));
}

/**
 * kvt_log_check_super() - judge one copy of a superblock
 * @s: as read
 * @device_bytes: size of the device
 *
 * Return: 0; -EMEDIUMTYPE: it is none; -EPROTONOSUPPORT: another version;
 * -EUCLEAN: damaged; -EOVERFLOW: good, but the device is too small for it.
 */
int kvt_log_check_super(const struct kvt_log_super *s, u64 device_bytes)
{
	u64 end;

	if (le64_to_cpu(s->magic) != KVT_LOG_SUPER_MAGIC)
		return -EMEDIUMTYPE;
	if (le32_to_cpu(s->crc) != super_crc(s))
		return -EUCLEAN;
	if (le32_to_cpu(s->version) != KVT_LOG_VERSION)
		return -EPROTONOSUPPORT;
	if (!super_is_sane(s))
		return -EUCLEAN;
	end = le64_to_cpu(s->first_segment) +
	      le32_to_cpu(s->nr_segments) * le64_to_cpu(s->segment_bytes);
	return end > device_bytes ? -EOVERFLOW : 0;
}

/* -------------------------------------------------------------------- records */

static u32 record_crc(const struct kvt_log_head *h, u32 bytes)
{
	return crc_without(h, offsetof(struct kvt_log_head, crc), bytes);
}

/**
 * kvt_log_make() - begin a record
 * @h: room for @bytes, which are zeroed
 * @kind: what it is
 * @bytes: its length, a multiple of the page
 * @place: its segment
 * @owner: whose that is; NULL: nobody's
 */
void kvt_log_make(struct kvt_log_head *h, enum kvt_log_kind kind, u32 bytes,
		  const struct kvt_log_place *place,
		  const struct kvt_log_owner *owner)
{
	memset(h, 0, bytes);
	h->magic = cpu_to_le64(KVT_LOG_MAGIC);
	h->bytes = cpu_to_le32(bytes);
	memcpy(h->set, place->set, sizeof(h->set));
	h->device = cpu_to_le32(place->device);
	h->segment = cpu_to_le32(place->segment);
	h->generation = cpu_to_le64(place->generation);
	h->kind = cpu_to_le32(kind);
	if (!owner)
		return;
	memcpy(h->name, owner->name, sizeof(h->name));
	memcpy(h->identity, owner->identity, sizeof(h->identity));
	h->block_size = cpu_to_le32(owner->block_size);
	h->class_id = cpu_to_le32(owner->class_id);
}

/* Fill in the checksum of a record, last of all. */
void kvt_log_seal(struct kvt_log_head *h)
{
	h->crc = cpu_to_le32(record_crc(h, le32_to_cpu(h->bytes)));
}

/**
 * kvt_log_check() - is this a good record of a segment?
 * @record: as read
 * @room: bytes of it that were read
 * @place: where it was read; generation 0: any
 *
 * Return: 0; -ENODATA: it is none, or of another set, segment or generation: what
 * was there before; -EBADMSG: damaged.
 */
int kvt_log_check(const void *record, u32 room,
		  const struct kvt_log_place *place)
{
	const struct kvt_log_head *h = record;
	u64 generation = le64_to_cpu(h->generation);
	u32 bytes, kind;

	if (le64_to_cpu(h->magic) != KVT_LOG_MAGIC)
		return -ENODATA;
	bytes = le32_to_cpu(h->bytes);
	if (!bytes || bytes % KVT_LOG_PAGE || bytes > room ||
	    le32_to_cpu(h->crc) != record_crc(h, bytes))
		return -EBADMSG;
	kind = le32_to_cpu(h->kind);
	if (kind < KVT_LOG_HEADER || kind > KVT_LOG_CLOSED ||
	    !is_zero(h->pad, sizeof(h->pad)) || !generation ||
	    generation > GENERATION_MAX)
		return -EBADMSG;
	if (memcmp(h->set, place->set, sizeof(h->set)) ||
	    le32_to_cpu(h->device) != place->device ||
	    le32_to_cpu(h->segment) != place->segment)
		return -ENODATA;
	if (place->generation && generation != place->generation)
		return -ENODATA;
	return 0;
}

void kvt_log_get_owner(const struct kvt_log_head *h, struct kvt_log_owner *o)
{
	memcpy(o->name, h->name, sizeof(o->name));
	memcpy(o->identity, h->identity, sizeof(o->identity));
	o->block_size = le32_to_cpu(h->block_size);
	o->class_id = le32_to_cpu(h->class_id);
}

/* The same space? The class may differ. */
bool kvt_log_same_owner(const struct kvt_log_head *h,
			const struct kvt_log_owner *owner)
{
	return !memcmp(h->name, owner->name, sizeof(h->name)) &&
	       !memcmp(h->identity, owner->identity, sizeof(h->identity)) &&
	       le32_to_cpu(h->block_size) == owner->block_size;
}

/* ----------------------------------------------------------- entries and such */

/* Bytes of a footer with @nr entries: it ends at the state page. */
u32 kvt_log_footer_bytes(const struct kvt_log_layout *l, u32 nr)
{
	return pages(nr * l->entry_size);
}

/**
 * kvt_log_check_state() - judge what a state page says, beyond kvt_log_check()
 * @h: of kind open or closed
 * @l: layout by the block size in @h
 *
 * Return: 0 or -EBADMSG.
 */
int kvt_log_check_state(const struct kvt_log_head *h,
			const struct kvt_log_layout *l)
{
	u32 kind = le32_to_cpu(h->kind);

	if ((kind != KVT_LOG_OPEN && kind != KVT_LOG_CLOSED) ||
	    le32_to_cpu(h->bytes) != KVT_LOG_PAGE ||
	    le32_to_cpu(h->nr) > l->capacity)
		return -EBADMSG;
	return 0;
}

static int check_entries(const void *table, const struct kvt_log_layout *l,
			 u32 nr, u64 generation)
{
	u32 i;

	for (i = 0; i < nr; i++)
		if (kvt_log_check_entry(kvt_log_entry(l, table, i), l,
					generation))
			return -EBADMSG;
	return 0;
}

/**
 * kvt_log_check_summary() - judge a summary, beyond kvt_log_check()
 * @h: the record
 * @l: layout
 * @first: entries of the segment before it
 * @pos: byte of the segment where the record is
 * @next: out: byte where the next summary would be
 *
 * The group's data lie behind the summary's place, back to back.
 *
 * Return: 0 or -EBADMSG.
 */
int kvt_log_check_summary(const struct kvt_log_head *h,
			  const struct kvt_log_layout *l, u32 first, u32 pos,
			  u32 *next)
{
	u32 nr = le32_to_cpu(h->nr), i, at = pos + l->summary_bytes;

	if (le32_to_cpu(h->kind) != KVT_LOG_SUMMARY ||
	    le32_to_cpu(h->bytes) != l->summary_bytes ||
	    le32_to_cpu(h->first) != first ||
	    le32_to_cpu(h->durable) > first || !nr || nr > l->group ||
	    first + nr > l->capacity ||
	    check_entries(h + 1, l, nr, le64_to_cpu(h->generation)))
		return -EBADMSG;
	for (i = 0; i < nr; i++) {
		const struct kvt_log_entry *e = kvt_log_entry(l, h + 1, i);

		if (le32_to_cpu(e->type) == KVT_LOG_NONE)
			return -EBADMSG;
		if (le32_to_cpu(e->type) != KVT_LOG_BLOCK)
			continue;
		if ((u64)le32_to_cpu(e->offset) * KVT_LOG_PAGE != at)
			return -EBADMSG;
		at += l->block_size;
	}
	*next = at;
	return 0;
}

/**
 * kvt_log_check_footer() - judge a footer
 * @state: the segment's state page, which has passed kvt_log_check_state()
 * @l: layout
 * @footer: kvt_log_footer_bytes() of it
 *
 * Return: 0 or -EBADMSG.
 */
int kvt_log_check_footer(const struct kvt_log_head *state,
			 const struct kvt_log_layout *l, const void *footer)
{
	u32 nr = le32_to_cpu(state->nr);

	if (crc32c(~0U, footer, kvt_log_footer_bytes(l, nr)) !=
	    le32_to_cpu(state->footer_crc))
		return -EBADMSG;
	return check_entries(footer, l, nr, le64_to_cpu(state->generation));
}

static bool block_is_good(const struct kvt_log_entry *e,
			  const struct kvt_log_layout *l)
{
	u64 at = (u64)le32_to_cpu(e->offset) * KVT_LOG_PAGE;

	return at >= KVT_LOG_PAGE + l->summary_bytes &&
	       at + l->block_size <= l->data_end &&
	       !is_zero(e->key, sizeof(e->key)) &&
	       memcmp(e->key, e->parent, sizeof(e->key)) && !e->generation &&
	       !e->device && !e->segment && !e->index;
}

static bool tomb_is_good(const struct kvt_log_entry *e, u64 generation)
{
	return e->generation && le64_to_cpu(e->generation) <= generation &&
	       le32_to_cpu(e->device) < KVT_LOG_MAX_DEVICES &&
	       le32_to_cpu(e->segment) < KVT_LOG_MAX_SEGMENTS && !e->offset;
}

/**
 * kvt_log_check_entry() - judge an entry by itself
 * @e: the entry
 * @l: layout
 * @generation: of the segment that it is in
 *
 * Return: 0 or -EBADMSG.
 */
int kvt_log_check_entry(const struct kvt_log_entry *e,
			const struct kvt_log_layout *l, u64 generation)
{
	bool good;

	switch (le32_to_cpu(e->type)) {
	case KVT_LOG_NONE:
		good = true;
		break;
	case KVT_LOG_BLOCK:
		good = block_is_good(e, l);
		break;
	case KVT_LOG_TOMB:
		good = tomb_is_good(e, generation);
		break;
	default:
		good = false;
	}
	return good ? 0 : -EBADMSG;
}
