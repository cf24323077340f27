// SPDX-License-Identifier: GPL-2.0
/* The superblock: what is taken lies on its device. */
#include "../../../kmod/log_codec.h"
#include "fuzz.h"

enum { SEAL = 1, GIANT = 2 };

struct device {
	uint8_t how;
	uint8_t gib;
} __attribute__((packed));

static void check_taken(const struct kvt_log_super *s, u64 device_bytes)
{
	u64 segment = le64_to_cpu(s->segment_bytes);
	u64 nr = le32_to_cpu(s->nr_segments);

	must(__builtin_popcountll(segment) == 1);
	must(nr && nr <= device_bytes / segment);
	must(le64_to_cpu(s->first_segment) <= device_bytes - nr * segment);
	must(le32_to_cpu(s->index) < le32_to_cpu(s->nr_devices));
	must(le32_to_cpu(s->nr_devices) <= KVT_LOG_MAX_DEVICES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct kvt_log_super *s;
	struct device d;
	u64 bytes;

	take(&in, &d, sizeof(d));
	bytes = (u64)d.gib << (d.how & GIANT ? 50 : 30);
	s = take_alone(&in, sizeof(*s));
	if (d.how & SEAL)
		kvt_log_seal_super(s);
	if (!kvt_log_check_super(s, bytes))
		check_taken(s, bytes);
	free(s);
	return 0;
}

static void seed_of(seed_fn seed, const char *name, u64 segment_bytes, u32 nr)
{
	struct {
		struct device d;
		struct kvt_log_super s;
	} __attribute__((packed)) in = { { SEAL, 1 }, {
		.magic = cpu_to_le64(KVT_LOG_SUPER_MAGIC),
		.version = cpu_to_le32(KVT_LOG_VERSION),
		.sequence = cpu_to_le64(1),
		.set = { 1 },
		.nr_devices = cpu_to_le32(2),
		.index = cpu_to_le32(1),
		.nr_segments = cpu_to_le32(nr),
		.segment_bytes = cpu_to_le64(segment_bytes),
		.first_segment = cpu_to_le64(2 * KVT_LOG_SUPER_STEP),
	} };

	seed(name, &in, sizeof(in.d) + offsetof(struct kvt_log_super, pad));
}

void fuzz_seeds(seed_fn seed)
{
	seed_of(seed, "small", KVT_LOG_SEGMENT_MIN, 1000);
	seed_of(seed, "large", KVT_LOG_SEGMENT_MAX, 3);
	seed_of(seed, "too-many", KVT_LOG_SEGMENT_MIN, 5000);
}
