/* SPDX-License-Identifier: GPL-2.0 */
/* What a space would have left on a device: closed segments, without the data. */
#ifndef _BENCH_LOG_IMAGE_H
#define _BENCH_LOG_IMAGE_H

#include "log_codec.h"

/**
 * struct log_image - segments with footers
 * @super: of the device
 * @layout: of the blocks in a segment
 * @blocks: of each segment
 * @footer_bytes: of each segment
 */
struct log_image {
	struct kvt_log_super super;
	struct kvt_log_layout layout;
	uint32_t blocks;
	uint32_t footer_bytes;
};

int log_image_write(struct log_image *m, const char *device, const char *space,
		    uint32_t block_size);
uint32_t log_image_segments(const struct log_image *m);
uint64_t log_image_state(const struct log_image *m, uint32_t segment);
uint64_t log_image_footer(const struct log_image *m, uint32_t segment);

#endif /* _BENCH_LOG_IMAGE_H */
