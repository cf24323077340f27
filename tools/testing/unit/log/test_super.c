// SPDX-License-Identifier: GPL-2.0
/* Superblocks: what is good, each field when it is not, and every single bit. */
#include "made.h"

#define MIB	(1ULL << 20)

static struct kvt_log_super super;

static void make(void)
{
	memset(&super, 0, sizeof(super));
	super.magic = cpu_to_le64(KVT_LOG_SUPER_MAGIC);
	super.version = cpu_to_le32(KVT_LOG_VERSION);
	super.sequence = cpu_to_le64(1);
	memset(super.set, 0x5e, sizeof(super.set));
	super.nr_devices = cpu_to_le32(3);
	super.index = cpu_to_le32(2);
	super.nr_segments = cpu_to_le32(100);
	super.grade = cpu_to_le32(KVT_LOG_BULK);
	super.segment_bytes = cpu_to_le64(64 * MIB);
	super.first_segment = cpu_to_le64(2 * MIB);
	kvt_log_seal_super(&super);
}

static int check(u64 bytes)
{
	return kvt_log_check_super(&super, bytes);
}

static void sizes(void)
{
	make();
	is(check(6402 * MIB), 0, "a device that is just large enough");
	is(check(6402 * MIB - 1), -EOVERFLOW, "one byte less");
	is(check(0), -EOVERFLOW, "no device at all");
	is(check(~0ULL), 0, "the largest device");
}

static void magic(void)
{
	make();
	super.magic = 0;
	is(check(~0ULL), -EMEDIUMTYPE, "no magic: no superblock");
	memset(&super, 0, sizeof(super));
	is(check(~0ULL), -EMEDIUMTYPE, "zeros");
	memset(&super, 0xff, sizeof(super));
	is(check(~0ULL), -EMEDIUMTYPE, "ones");
}

#define HOSTILE(field, value, error) do {				\
	make();								\
	super.field = value;						\
	kvt_log_seal_super(&super);					\
	is(check(~0ULL), error, #field " = " #value);			\
} while (0)

static void fields(void)
{
	HOSTILE(version, cpu_to_le32(0), -EPROTONOSUPPORT);
	HOSTILE(version, cpu_to_le32(2), -EPROTONOSUPPORT);
	HOSTILE(sequence, cpu_to_le64(~0ULL), 0);
	HOSTILE(nr_devices, cpu_to_le32(0), -EUCLEAN);
	HOSTILE(nr_devices, cpu_to_le32(2), -EUCLEAN);
	HOSTILE(nr_devices, cpu_to_le32(9), -EUCLEAN);
	HOSTILE(nr_devices, cpu_to_le32(~0U), -EUCLEAN);
	HOSTILE(index, cpu_to_le32(3), -EUCLEAN);
	HOSTILE(index, cpu_to_le32(~0U), -EUCLEAN);
	HOSTILE(nr_segments, cpu_to_le32(0), -EUCLEAN);
	HOSTILE(nr_segments, cpu_to_le32(KVT_LOG_MAX_SEGMENTS), 0);
	HOSTILE(nr_segments, cpu_to_le32(KVT_LOG_MAX_SEGMENTS + 1), -EUCLEAN);
	HOSTILE(nr_segments, cpu_to_le32(~0U), -EUCLEAN);
	HOSTILE(grade, cpu_to_le32(KVT_LOG_FAST), 0);
	HOSTILE(grade, cpu_to_le32(2), -EUCLEAN);
	HOSTILE(segment_bytes, 0, -EUCLEAN);
	HOSTILE(segment_bytes, cpu_to_le64(MIB / 2), -EUCLEAN);
	HOSTILE(segment_bytes, cpu_to_le64(MIB), 0);
	HOSTILE(segment_bytes, cpu_to_le64(3 * MIB), -EUCLEAN);
	HOSTILE(segment_bytes, cpu_to_le64(512 * MIB), -EUCLEAN);
	HOSTILE(segment_bytes, cpu_to_le64(1ULL << 63), -EUCLEAN);
	HOSTILE(first_segment, 0, -EUCLEAN);
	HOSTILE(first_segment, cpu_to_le64(2 * MIB - 4096), -EUCLEAN);
	HOSTILE(first_segment, cpu_to_le64(2 * MIB + 512), -EUCLEAN);
	HOSTILE(first_segment, cpu_to_le64(3 * MIB), 0);
	HOSTILE(first_segment, cpu_to_le64(1ULL << 56), -EUCLEAN);
	HOSTILE(first_segment, cpu_to_le64(-4096ULL), -EUCLEAN);
	HOSTILE(pad[0], 1, -EUCLEAN);
	HOSTILE(pad[sizeof(super.pad) - 1], 1, -EUCLEAN);
}

static void bits(void)
{
	u8 *bytes = (u8 *)&super;
	u32 bit, missed = 0;

	make();
	for (bit = 0; bit < 8 * sizeof(super); bit++) {
		bytes[bit / 8] ^= 1 << bit % 8;
		missed += check(~0ULL) == 0;
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	is(missed, 0, "each of %zu bits, flipped, is noticed", 8 * sizeof(super));
	is(check(~0ULL), 0, "and flipped back it is good");
}

int main(void)
{
	sizes();
	magic();
	fields();
	bits();
	return done();
}
