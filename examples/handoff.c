// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Hand-off: handoff [SPACE [PROMPT]]
 *
 * A prefill process computes blocks while a decode process waits for them: its
 * ACQUIRE completes when they are sealed. Nothing else passes between the two; if
 * the one dies, the other's wait ends with a miss.
 */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "example.h"

#define NR	4

/* Reserve all, tell the other that it may come, and take some time for each. */
static int prefill(int argc, char **argv, const struct kvt_key *keys, int tell)
{
	struct kvt_space *space = open_space(argc, argv);
	struct kvt_block blocks[NR];
	unsigned int i;
	uint32_t layer;

	kvt_drop(space, keys, NR, NULL, NULL); /* of an earlier run */
	if (kvt_reserve(space, keys, NR, NULL, blocks) != NR)
		die("reserve", KVT_CALL_RESERVE, -ENOSPC);
	if (write(tell, "", 1) != 1)
		return 1;
	for (i = 0; i < NR; i++) {
		usleep(50000);
		for (layer = 0; layer < nr_layers(space); layer++)
			compute(space, kvt_ptr(space, blocks[i].offset), i, layer);
		if (kvt_commit_blocks(space, &blocks[i], 1) != 1)
			die("commit", KVT_CALL_COMMIT, blocks[i].result);
	}
	kvt_close(space);
	return 0;
}

/* Read-only: who decodes cannot harm what it reads. */
static int decode(const char *name, const struct kvt_key *keys)
{
	struct kvt_how how = { .flags = KVT_F_WAIT, .timeout_ns = 30 * SECOND };
	struct kvt_block blocks[NR];
	struct kvt_space *space;
	size_t wrong = 0;
	unsigned int i;
	uint32_t layer;
	int rc = kvt_open(name, KVT_OPEN_RDONLY, NULL, &space);
	ssize_t n;

	if (rc)
		die(name, KVT_CALL_OPEN, rc);
	n = kvt_acquire(space, keys, NR, &how, blocks);
	if (n < 0)
		die("acquire", KVT_CALL_ACQUIRE, (int)n);
	for (i = 0; i < n; i++)
		for (layer = 0; layer < nr_layers(space); layer++)
			wrong += use(space, kvt_ptr(space, blocks[i].offset), i, layer);
	if (n < NR) /* what the other process did not get done is ours to compute */
		fprintf(stderr, "block %zd: %s\n", n,
			kvt_strerror(KVT_CALL_ACQUIRE, blocks[n].result));
	printf("%zd of %u blocks were handed over, %zu wrong bytes\n", n, NR, wrong);
	kvt_release_blocks(space, blocks, NR, NULL);
	kvt_close(space);
	return n != NR || wrong;
}

int main(int argc, char **argv)
{
	struct kvt_key keys[NR];
	int ready[2], status = 1, rc;
	char byte;
	pid_t pid;

	make_keys(keys, NR, argc > 2 ? argv[2] : "hand-off");
	if (pipe(ready))
		return perror("pipe"), 1;
	pid = fork(); /* before anything is opened: each has a file of its own */
	if (!pid) {
		close(ready[0]);
		return prefill(argc, argv, keys, ready[1]);
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		return 1; /* the child has said why */
	rc = decode(argc > 1 ? argv[1] : "demo", keys);
	waitpid(pid, &status, 0);
	return rc || status;
}
