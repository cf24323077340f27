// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "key.h"
#include "log_image.h"

#define CHAIN 64	/* blocks */

uint32_t log_image_segments(const struct log_image *m)
{
	return le32_to_cpu(m->super.nr_segments);
}

/* Byte of the device where a segment's state page is. */
uint64_t log_image_state(const struct log_image *m, uint32_t segment)
{
	return le64_to_cpu(m->super.first_segment) +
	       (segment + 1ULL) * m->layout.segment_bytes - KVT_LOG_PAGE;
}

uint64_t log_image_footer(const struct log_image *m, uint32_t segment)
{
	return log_image_state(m, segment) - m->footer_bytes;
}

/* How many blocks fit, and with @footer where they would be. */
static uint32_t place_blocks(const struct kvt_log_layout *l, void *footer)
{
	uint32_t at = KVT_LOG_PAGE, i;

	for (i = 0;; i++) {
		if (i % l->group == 0)
			at += l->summary_bytes;
		if (at + l->block_size > l->data_end)
			return i;
		if (footer)
			kvt_log_entry(l, footer, i)->offset =
				cpu_to_le32(at / KVT_LOG_PAGE);
		at += l->block_size;
	}
}

/*
 * Block @n of the device. Leaves leave memory first: a block's parent is written
 * after it.
 */
static void name_block(struct kvt_log_entry *e, uint64_t n)
{
	__u64 key[BENCH_KEY_WORDS];

	bench_key(n, key);
	memcpy(e->key, key, sizeof(key));
	if ((n + 1) % CHAIN) {
		bench_key(n + 1, key);
		memcpy(e->parent, key, sizeof(key));
	}
	e->type = cpu_to_le32(KVT_LOG_BLOCK);
	e->used = cpu_to_le64(time(NULL));
}

/* Footer and state page, which follows it. */
static void make_end(const struct log_image *m, uint32_t segment,
		     const struct kvt_log_owner *owner, void *footer)
{
	struct kvt_log_head *state = footer + m->footer_bytes;
	struct kvt_log_place place = {
		.segment = segment,
		.generation = segment + 1,
	};
	uint32_t i;

	memset(footer, 0, m->footer_bytes);
	place_blocks(&m->layout, footer);
	for (i = 0; i < m->blocks; i++)
		name_block(kvt_log_entry(&m->layout, footer, i),
			   (uint64_t)segment * m->blocks + i);
	memcpy(place.set, m->super.set, sizeof(place.set));
	kvt_log_make(state, KVT_LOG_CLOSED, KVT_LOG_PAGE, &place, owner);
	state->nr = cpu_to_le32(m->blocks);
	state->footer_crc = cpu_to_le32(crc32c(~0U, footer, m->footer_bytes));
	kvt_log_seal(state);
}

static int write_ends(const struct log_image *m, int fd,
		      const struct kvt_log_owner *owner)
{
	ssize_t bytes = m->footer_bytes + KVT_LOG_PAGE;
	void *buf = aligned_alloc(KVT_LOG_PAGE, bytes);
	uint32_t i;
	int err = buf ? 0 : -1;

	for (i = 0; i < log_image_segments(m) && !err; i++) {
		make_end(m, i, owner, buf);
		if (pwrite(fd, buf, bytes, (off_t)log_image_footer(m, i)) != bytes)
			err = -1;
	}
	free(buf);
	return err ? err : fsync(fd);
}

static int set_layout(struct log_image *m, uint32_t block_size)
{
	int err = kvt_log_layout(&m->layout,
				 le64_to_cpu(m->super.segment_bytes),
				 block_size);

	if (err)
		return -1;
	m->blocks = place_blocks(&m->layout, NULL);
	m->footer_bytes = kvt_log_footer_bytes(&m->layout, m->blocks);
	return 0;
}

/**
 * log_image_write() - fill a formatted device with closed segments
 * @m: out
 * @device: path
 * @space: whose blocks they are
 * @block_size: of them
 *
 * Return: 0, or -1 and has said why.
 */
int log_image_write(struct log_image *m, const char *device, const char *space,
		    uint32_t block_size)
{
	struct kvt_log_owner owner = { .block_size = block_size };
	int fd = open(device, O_RDWR | O_CLOEXEC), err = -1;

	snprintf((char *)owner.name, sizeof(owner.name), "%s", space);
	if (fd >= 0 && pread(fd, &m->super, sizeof(m->super), 0) ==
	    (ssize_t)sizeof(m->super) && !set_layout(m, block_size))
		err = write_ends(m, fd, &owner);
	if (err)
		fprintf(stderr, "kvtier-bench: cannot write segments to %s: %s\n",
			device, strerror(errno));
	if (fd >= 0)
		close(fd);
	return err;
}
