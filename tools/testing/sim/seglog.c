// SPDX-License-Identifier: GPL-2.0
/* The log of an nvme tier, as kmod/log_format.h has it, without the bytes. */
#include <stdlib.h>

#include "seglog.h"

int seglog_init(struct seglog *log, const struct kvt_log_layout *layout,
		uint32_t nr_segments, uint32_t group)
{
	uint32_t i;

	*log = (struct seglog) {
		.layout = *layout,
		.nr_segments = nr_segments,
		.max_group = group && group < layout->group ? group :
							      layout->group,
	};
	log->segment = calloc(nr_segments + 1, sizeof(*log->segment));
	if (!log->segment)
		return -1;
	for (i = 0; i < nr_segments; i++) {
		log->segment[i].block = calloc(layout->capacity,
					       sizeof(*log->segment[i].block));
		if (!log->segment[i].block) {
			seglog_free(log);
			return -1;
		}
	}
	return 0;
}

void seglog_free(struct seglog *log)
{
	uint32_t i;

	for (i = 0; log->segment && i < log->nr_segments; i++)
		free(log->segment[i].block);
	free(log->segment);
	log->segment = NULL;
	log->nr_segments = 0;
}

static struct seglog_segment *open_segment(const struct seglog *log)
{
	return &log->segment[(log->oldest + log->used - 1) % log->nr_segments];
}

/* Bytes that one more block takes, with its summary if it begins a group. */
static uint32_t bytes_of_next(const struct seglog *log)
{
	bool new_group = !log->in_group || log->in_group == log->max_group;

	return log->layout.block_size +
	       (new_group ? log->layout.summary_bytes : 0);
}

bool seglog_has_room(const struct seglog *log)
{
	return log->used && open_segment(log)->nr < log->layout.capacity &&
	       log->pos + bytes_of_next(log) <= log->layout.data_end;
}

/* The footer, and the page that says the segment is closed. */
static void close_segment(struct seglog *log, uint64_t now)
{
	struct seglog_segment *s = open_segment(log);

	log->bytes += kvt_log_footer_bytes(&log->layout, s->nr) + KVT_LOG_PAGE;
	s->closed_at = now;
}

void seglog_open(struct seglog *log, uint64_t now)
{
	struct seglog_segment *s;

	if (log->used)
		close_segment(log, now);
	log->used++;
	s = open_segment(log);
	s->serial = ++log->opened;
	s->closed_at = UINT64_MAX;
	s->nr = 0;
	/* Its header, and the page that says it is open. */
	log->bytes += 2 * KVT_LOG_PAGE;
	log->pos = KVT_LOG_PAGE;
	log->in_group = 0;
}

uint64_t seglog_add(struct seglog *log, uint32_t block)
{
	struct seglog_segment *s = open_segment(log);
	uint32_t bytes = bytes_of_next(log);

	if (bytes != log->layout.block_size)
		log->in_group = 0;
	log->in_group++;
	log->pos += bytes;
	log->bytes += bytes;
	log->blocks++;
	s->block[s->nr++] = block;
	return s->serial;
}

void seglog_end_group(struct seglog *log)
{
	log->in_group = 0;
}

void seglog_drop_oldest(struct seglog *log)
{
	/* The page that says it is free. */
	log->bytes += KVT_LOG_PAGE;
	log->oldest = (log->oldest + 1) % log->nr_segments;
	log->used--;
}

uint32_t seglog_segment_blocks(const struct kvt_log_layout *layout)
{
	uint32_t room = layout->data_end - KVT_LOG_PAGE;
	uint32_t group = layout->summary_bytes +
			 layout->group * layout->block_size;
	uint32_t rest = room % group, nr = room / group * layout->group;

	if (rest > layout->summary_bytes)
		nr += (rest - layout->summary_bytes) / layout->block_size;
	return nr < layout->capacity ? nr : layout->capacity;
}
