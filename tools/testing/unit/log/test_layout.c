// SPDX-License-Identifier: GPL-2.0
/* How blocks of every size lie in segments of every size; crc32c itself. */
#include "made.h"

#define MIB	(1 << 20)

/* The most blocks that a writer gets into a segment. */
static u32 blocks_that_fit(const struct kvt_log_layout *l)
{
	u32 pos = KVT_LOG_PAGE, nr = 0, in_group;

	while (pos + l->summary_bytes + l->block_size <= l->data_end && nr < l->capacity) {
		pos += l->summary_bytes;
		for (in_group = 0; in_group < l->group && nr < l->capacity &&
		     pos + l->block_size <= l->data_end; in_group++, nr++)
			pos += l->block_size;
	}
	return nr;
}

static bool layout_is_sane(const struct kvt_log_layout *l, u32 segment, u32 block)
{
	u32 footer = kvt_log_footer_bytes(l, l->capacity);

	return l->segment_bytes == segment && l->block_size == block &&
	       l->crcs == (block + KVT_LOG_CRC_SPAN - 1) / KVT_LOG_CRC_SPAN &&
	       l->entry_size >= 100 + 4 * l->crcs && l->entry_size < 108 + 4 * l->crcs &&
	       l->entry_size % 8 == 0 && l->summary_bytes % KVT_LOG_PAGE == 0 &&
	       l->summary_bytes <= KVT_LOG_SUMMARY_MAX && l->group >= 1 &&
	       sizeof(struct kvt_log_head) + l->group * l->entry_size <= l->summary_bytes &&
	       l->capacity > segment / block && footer % KVT_LOG_PAGE == 0 &&
	       footer >= l->capacity * l->entry_size &&
	       l->data_end + footer + KVT_LOG_PAGE == segment &&
	       kvt_log_footer_bytes(l, 0) == 0;
}

static void every_size(void)
{
	u32 segment, block, nr = 0, bad = 0, refused = 0, poor = 0;
	struct kvt_log_layout l;

	for (segment = MIB; segment <= 256 * MIB; segment *= 2)
		for (block = 4096; block <= 128 * MIB; block += block < MIB ? 4096 : 509 * 4096) {
			int err = kvt_log_layout(&l, segment, block);

			nr++;
			if (err) {
				refused++;
				bad += err != -EINVAL || block < segment / 3;
				continue;
			}
			bad += !layout_is_sane(&l, segment, block) || blocks_that_fit(&l) < 2;
			/* all but the footer, the summaries and less than a block */
			poor += (u64)blocks_that_fit(&l) * (block + block / 32 + 8192) +
				block + segment / 32 + 32768 < segment - segment / 16;
		}
	ok(nr > 2000, "%u layouts", nr);
	is(bad, 0, "all are sane, or of blocks that are too large");
	is(poor, 0, "all use the segment well");
	ok(refused, "%u are refused", refused);
}

static void wrong_sizes(void)
{
	struct kvt_log_layout l;

	is(kvt_log_layout(&l, 64 * MIB, 0), -EINVAL, "no block size");
	is(kvt_log_layout(&l, 64 * MIB, 4095), -EINVAL, "no multiple of the page");
	is(kvt_log_layout(&l, 64 * MIB, 4097), -EINVAL, "nor this");
	is(kvt_log_layout(&l, 64 * MIB, 64 * MIB), -EINVAL, "a block like a segment");
	is(kvt_log_layout(&l, 64 * MIB, ~4095U), -EINVAL, "a very large block");
	is(kvt_log_layout(&l, 512 * 1024, 4096), -EINVAL, "a small segment");
	is(kvt_log_layout(&l, 3 * MIB, 4096), -EINVAL, "no power of two");
	is(kvt_log_layout(&l, 512ULL * MIB, 4096), -EINVAL, "a large segment");
	is(kvt_log_layout(&l, (1ULL << 32) + MIB, 4096), -EINVAL, "more than 32 bits");
	is(kvt_log_layout(&l, 256 * MIB, 64 * MIB), 0, "the largest block of a space");
}

static void checksums(void)
{
	u8 text[1000];
	u32 i, bad = 0;

	ok(~crc32c(~0U, "123456789", 9) == 0xe3069283, "crc32c of the usual text");
	is(crc32c(~0U, NULL, 0), ~0U, "crc32c of nothing");
	for (i = 0; i < sizeof(text); i++)
		text[i] = i * 7;
	for (i = 0; i < sizeof(text); i++)
		bad += crc32c(~0U, text, i) != crc32c_plain(~0U, text, i) ||
		       crc32c(crc32c(~0U, text, i), text + i, sizeof(text) - i) !=
		       crc32c(~0U, text, sizeof(text));
	is(bad, 0, "with and without the instruction, in one piece and in two");
}

static void crc_spans(void)
{
	struct kvt_log_layout l;
	u32 i, sum = 0;

	must(!kvt_log_layout(&l, MIB, 69632));
	for (i = 0; i < l.crcs; i++)
		sum += kvt_log_crc_bytes(&l, i);
	is(l.crcs, 2, "68 KiB have two checksums");
	is(kvt_log_crc_bytes(&l, 1), 4096, "the last one is of 4 KiB");
	is(sum, 69632, "together they cover the block");
}

int main(void)
{
	every_size();
	wrong_sizes();
	checksums();
	crc_spans();
	return done();
}
