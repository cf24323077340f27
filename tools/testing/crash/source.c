// SPDX-License-Identifier: GPL-2.0
#include "source.h"

static int read_image(void *arg, u32 device, u64 pos, u32 bytes, void *to)
{
	const struct image *m = arg;

	if (pos + bytes > m->bytes[device])
		return -EIO;
	memcpy(to, m->media[device] + pos, bytes);
	return 0;
}

/* The copy that counts, or NULL. */
static const struct kvt_log_super *pick_super(const struct image *m, u32 device)
{
	const struct kvt_log_super *best = NULL;
	int i;

	for (i = 0; i < KVT_LOG_SUPER_COPIES; i++) {
		const struct kvt_log_super *s = (const void *)(m->media[device] +
			i * KVT_LOG_SUPER_STEP);

		if (!kvt_log_check_super(s, m->bytes[device]) &&
		    (!best || le64_to_cpu(s->sequence) > le64_to_cpu(best->sequence)))
			best = s;
	}
	return best;
}

int source_open(struct log_source *s, struct image *m)
{
	u32 i;

	memset(s, 0, sizeof(*s));
	s->read = read_image;
	s->arg = m;
	for (i = 0; i < m->nr_devices; i++) {
		const struct kvt_log_super *super = pick_super(m, i);

		if (!super || le32_to_cpu(super->index) != i ||
		    (i && memcmp(s->set, super->set, sizeof(s->set))))
			return -EMEDIUMTYPE;
		memcpy(s->set, super->set, sizeof(s->set));
		s->segment_bytes = le64_to_cpu(super->segment_bytes);
		s->nr_segments[i] = le32_to_cpu(super->nr_segments);
		s->first_segment[i] = le64_to_cpu(super->first_segment);
	}
	return 0;
}
