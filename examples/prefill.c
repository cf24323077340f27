// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Prefill: prefill [SPACE [PROMPT]]
 *
 * Find out which blocks of a prompt are cached, compute the others where they
 * will stay, and seal them. Run it twice: the second time there is nothing to do.
 */
#include <errno.h>

#include "example.h"

#define NR	8	/* blocks of the prompt */

int main(int argc, char **argv)
{
	const char *prompt = argc > 2 ? argv[2] : "hello";
	struct kvt_how how = { .flags = KVT_F_WAIT, .timeout_ns = 10 * SECOND };
	struct kvt_space *space = open_space(argc, argv);
	unsigned int i, nr_new = 0;
	struct kvt_block blocks[NR];
	struct kvt_key keys[NR];
	uint32_t layer;
	ssize_t n;

	make_keys(keys, NR, prompt);
	/* A frame for each block that nobody has; waits for frames to become free. */
	n = kvt_reserve(space, keys, NR, &how, blocks);
	if (n < 0)
		die("reserve", KVT_CALL_RESERVE, (int)n);
	for (i = 0; i < NR; i++) {
		char *p;

		if (blocks[i].result < 0) /* somebody else fills it, or no room */
			fprintf(stderr, "block %u: %s\n", i,
				kvt_strerror(KVT_CALL_RESERVE, blocks[i].result));
		if (!kvt_filling(&blocks[i]))
			continue;
		/* Here a device would write; its driver knows the window. */
		p = kvt_ptr(space, blocks[i].offset);
		for (layer = 0; layer < nr_layers(space); layer++)
			compute(space, p, i, layer);
		nr_new++;
	}
	/* Until now nobody saw them; now they are there for everybody, for good. */
	n = kvt_commit_blocks(space, blocks, NR);
	if (n != nr_new)
		die("commit", KVT_CALL_COMMIT, n < 0 ? (int)n : -ECANCELED);
	printf("%u blocks were cached, %u were computed\n", NR - nr_new, nr_new);
	kvt_close(space);
	return 0;
}
