// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Decode: decode [SPACE [PROMPT]], after prefill
 *
 * Lease the cached prefix without blocking, and use each layer as soon as it has
 * arrived from wherever the blocks were: while the first layers are computed with,
 * the last ones are still being read.
 */
#include <errno.h>

#include "example.h"

#define NR	8

/* Use one layer of all blocks, when it is there. */
static size_t use_layer(struct kvt_space *space, const struct kvt_block *blocks,
			unsigned int nr, uint32_t layer)
{
	size_t which, wrong = 0;
	unsigned int i;
	int rc;

	rc = kvt_wait_layer(space, blocks, nr, layer, kvt_deadline(30 * SECOND), &which);
	if (rc) { /* an engine would go on from block @which as if it were a miss */
		fprintf(stderr, "block %zu, ", which);
		die("wait for a layer", KVT_CALL_WAIT_LAYER, rc);
	}
	for (i = 0; i < nr; i++)
		wrong += use(space, kvt_ptr(space, blocks[i].offset), i, layer);
	return wrong;
}

/* Lease the longest cached prefix: how many blocks. */
static unsigned int acquire(struct kvt_space *space, const struct kvt_key *keys,
			    struct kvt_block *blocks)
{
	struct kvt_how how = {
		.flags = KVT_F_WAIT | KVT_F_ARRIVING, .timeout_ns = 10 * SECOND,
	};
	struct kvt_entry entries[NR];
	struct kvt_queue *queue;
	struct kvt_batch batch;
	struct kvt_done done;
	int rc;

	rc = kvt_queue_create(space, 4, &queue);
	if (rc)
		die("make a queue", KVT_CALL_QUEUE_CREATE, rc);
	/* Leased at once; where there is the first layer to begin with is told later. */
	kvt_entries_init(entries, keys, NR);
	kvt_batch_init(&batch, KVT_OP_ACQUIRE, entries, NR, &how);
	rc = kvt_queue_add(queue, &batch, KVT_NO_BUFFER, NULL);
	if (rc)
		die("add", KVT_CALL_QUEUE, rc);
	rc = kvt_queue_submit(queue);
	if (rc < 0)
		die("submit", KVT_CALL_QUEUE, rc);

	/* ... the engine schedules other work here ... */

	if (kvt_queue_wait(queue, &done, 1, 30 * SECOND) != 1)
		die("wait", KVT_CALL_QUEUE, -ETIMEDOUT);
	if (done.result)
		die("acquire", KVT_CALL_ACQUIRE, done.result);
	kvt_entries_blocks(entries, NR, blocks);
	kvt_queue_destroy(queue);
	return batch.ok;
}

int main(int argc, char **argv)
{
	struct kvt_space *space = open_space(argc, argv);
	struct kvt_block blocks[NR];
	struct kvt_key keys[NR];
	unsigned int i, nr, arriving = 0;
	size_t wrong = 0;
	uint32_t layer;

	make_keys(keys, NR, argc > 2 ? argv[2] : "hello");
	nr = acquire(space, keys, blocks);
	for (i = 0; i < nr; i++)
		arriving += !!(blocks[i].result & KVT_RES_ARRIVING);
	for (layer = 0; layer < nr_layers(space); layer++)
		wrong += use_layer(space, blocks, nr, layer);
	kvt_release_blocks(space, blocks, nr, NULL);
	printf("%u of %u blocks were cached, %u of them arrived layer by layer, %zu wrong bytes\n",
	       nr, NR, arriving, wrong);
	kvt_close(space);
	return wrong || !nr;
}
