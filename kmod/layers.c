// SPDX-License-Identifier: GPL-2.0
/* The layers of a space's blocks, as they were declared and as they are read. */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "layers.h"
#include "log_format.h"

/*
 * A part ends where a checksum does, so that what has arrived can be checked; layers
 * that end in the same 64 KiB are read together.
 */
static void cut(struct kvt_layer_map *l)
{
	u32 size = l->ends[l->nr - 1], i, end;

	for (i = 0; i < l->nr; i++) {
		end = min(round_up(l->ends[i], KVT_LOG_CRC_SPAN), size);
		if (!l->nr_parts || end > l->part_ends[l->nr_parts - 1])
			l->part_ends[l->nr_parts++] = end;
	}
}

/**
 * kvt_layers_init() - note where layers end
 * @l: zero
 * @ends: has passed kvt_abi_check_layers()
 * @nr: of them; 0: none
 *
 * Return: 0 or -ENOMEM.
 */
int kvt_layers_init(struct kvt_layer_map *l, const u32 *ends, u32 nr)
{
	if (!nr)
		return 0;
	l->ends = kmemdup_array(ends, nr, sizeof(*ends), GFP_KERNEL);
	l->part_ends = kmalloc_array(nr, sizeof(u32), GFP_KERNEL);
	if (!l->ends || !l->part_ends) {
		kvt_layers_free(l);
		return -ENOMEM;
	}
	l->nr = nr;
	cut(l);
	return 0;
}

void kvt_layers_free(struct kvt_layer_map *l)
{
	kfree(l->ends);
	kfree(l->part_ends);
}
