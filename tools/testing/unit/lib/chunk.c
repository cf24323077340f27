// SPDX-License-Identifier: GPL-2.0
/* Walking windows in pieces: every frame in exactly one, undone on failure. */
#include "fake.h"
#include "tap.h"

#define MIB	(1UL << 20)

static struct piece {
	char		*addr;
	size_t		len;
	unsigned int	arena;
} pieces[128], undone[128];
static int nr_pieces, nr_undone, fail_at;

static int add(void *addr, size_t len, unsigned int arena, void *arg)
{
	must(arg == &fail_at);
	if (nr_pieces == fail_at)
		return -ENOMEM;
	must(nr_pieces < 128);
	pieces[nr_pieces++] = (struct piece){ addr, len, arena };
	return 0;
}

static int undo(void *addr, size_t len, unsigned int arena, void *arg)
{
	must(arg == &fail_at && nr_undone < 128);
	undone[nr_undone++] = (struct piece){ addr, len, arena };
	return 0;
}

static int walk(struct kvt_space *space, uint64_t max, struct kvt_chunks *seen)
{
	nr_pieces = 0;
	nr_undone = 0;
	return kvt_for_each_chunk(space, max, seen, add, undo, &fail_at);
}

static void set_len(int arena, uint64_t bytes)
{
	fake.info.arenas[arena].window_len = bytes;
	fake.info.arenas[arena].nr_frames = bytes / fake.info.block_size;
}

static void sizes(void)
{
	struct kvt_space *space;

	fake_reset();
	fail_at = -1;
	space = fake_open(0);
	is(walk(space, 0, NULL), 0, "default size");
	is(nr_pieces, 2, "a piece an arena");
	ok(pieces[0].addr == kvt_ptr(space, 0) && pieces[0].len == 4 * MIB,
	   "the first window");
	ok(pieces[1].addr == kvt_ptr(space, FAKE_WINDOW(1)) &&
	   pieces[1].len == 2 * MIB && pieces[1].arena == 1, "the second");
	walk(space, 2 * MIB, NULL);
	is(nr_pieces, 3, "2 MiB pieces");
	walk(space, 3 * MIB, NULL);
	is(pieces[0].len, 2 * MIB, "rounded down to whole huge pages");
	walk(space, FAKE_BLOCK + 1, NULL);
	is(pieces[0].len, FAKE_BLOCK, "or else to whole blocks");
	kvt_close(space);
}

static void odd_block(void)
{
	uint64_t block = 1100 * 1024;
	struct kvt_space *space;

	fake_reset();
	fail_at = -1;
	fake.info.block_size = block;
	set_len(0, 4 * MIB);
	set_len(1, 4 * MIB);
	space = fake_open(0);
	walk(space, 3 * MIB, NULL);
	is(pieces[0].len, 2 * block, "two blocks of 1100 KiB");
	is(pieces[1].len, block, "and the third");
	is(nr_pieces, 4, "the tail that is no frame is left out");
	walk(space, 4096, NULL);
	is(pieces[0].len, block, "never less than a block");
	kvt_close(space);
}

static void failure(void)
{
	struct kvt_chunks seen = { 0 };
	struct kvt_space *space;

	fake_reset();
	space = fake_open(0);
	fail_at = 2;
	is(walk(space, 2 * MIB, &seen), -ENOMEM, "the third piece fails");
	is(nr_undone, 2, "two are undone");
	ok(!memcmp(&undone[0], &pieces[1], sizeof(pieces[0])), "the last first");
	ok(!memcmp(&undone[1], &pieces[0], sizeof(pieces[0])), "then the first");
	ok(!seen.base[0] && !seen.len[0], "nothing counts as seen");
	nr_pieces = 0;
	is(kvt_for_each_chunk(space, 0, NULL, add, NULL, &fail_at), 0,
	   "no undo given");
	is(kvt_for_each_chunk(space, 0, NULL, NULL, undo, NULL), -EINVAL, "no fn");
	is(kvt_for_each_chunk(NULL, 0, NULL, add, undo, NULL), -EINVAL, "no space");
	fail_at = 0;
	is(walk(space, 0, NULL), -ENOMEM, "the first fails");
	is(nr_undone, 0, "nothing to undo");
	kvt_close(space);
}

static void growth(void)
{
	struct kvt_chunks seen = { 0 };
	struct kvt_space *space;

	fake_reset();
	fail_at = -1;
	space = fake_open(0);
	is(walk(space, 0, &seen), 0, "first walk");
	is(walk(space, 0, &seen), 0, "second");
	is(nr_pieces, 0, "has nothing new");
	set_len(0, 10 * MIB);
	walk(space, 4 * MIB, &seen);
	is(nr_pieces, 2, "6 MiB more");
	ok(pieces[0].addr == (char *)kvt_ptr(space, 4 * MIB) &&
	   pieces[0].len == 4 * MIB, "begin where the old ended");
	is(pieces[1].len, 2 * MIB, "and end where the new does");
	set_len(0, 4 * MIB);
	walk(space, 0, &seen);
	is(nr_pieces, 0, "shrunk: nothing");
	set_len(0, 6 * MIB);
	walk(space, 0, &seen);
	is(nr_pieces, 1, "grown again: that is new memory");
	kvt_close(space);
}

int main(void)
{
	sizes();
	odd_block();
	failure();
	growth();
	return done();
}
