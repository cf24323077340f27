/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_LAYERS_H
#define _KVT_LAYERS_H

#include <linux/types.h>

/**
 * struct kvt_layer_map - how a space's blocks are cut into layers; constant
 * @nr: layers; 0: none were declared
 * @nr_parts: runs of a block that are read one after the other
 * @ends: where each layer ends, bytes
 * @part_ends: where each part ends: past whole layers, and between checksums
 */
struct kvt_layer_map {
	u32 nr;
	u32 nr_parts;
	u32 *ends;
	u32 *part_ends;
};

int kvt_layers_init(struct kvt_layer_map *l, const u32 *ends, u32 nr);
void kvt_layers_free(struct kvt_layer_map *l);

#endif /* _KVT_LAYERS_H */
