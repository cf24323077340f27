// SPDX-License-Identifier: LGPL-2.1-or-later
/* Store a block, find it again, read it where it lies: cc hello.c -lkvtier */
#include <libkvtier.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct kvt_key key = { .bytes = "hash of a prefix of tokens" };
	struct kvt_space *space;
	struct kvt_block block;
	int rc = kvt_open(argc > 1 ? argv[1] : "demo", 0, NULL, &space);

	if (rc)
		return fprintf(stderr, "%s\n", kvt_strerror(KVT_CALL_OPEN, rc)), 1;
	if (kvt_reserve(space, &key, 1, NULL, &block) == 1 &&
	    kvt_filling(&block)) { /* a frame of our own, seen by nobody else */
		strcpy(kvt_ptr(space, block.offset), "keys and values");
		kvt_commit_blocks(space, &block, 1); /* now everybody has it */
	}
	rc = kvt_acquire(space, &key, 1, NULL, &block) != 1;
	if (!rc) { /* leased: nobody moves, evicts or changes it */
		puts(kvt_ptr(space, block.offset));
		kvt_release_blocks(space, &block, 1, NULL);
	}
	kvt_close(space);
	return rc;
}
