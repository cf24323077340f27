// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings: laid out so that they can grow, found without system calls, never
 * moved under who has pointers.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fake.h"
#include "tap.h"

#define HUGE	(2UL << 20)

static void write_file(uint64_t offset, const void *bytes, size_t len)
{
	must(pwrite(fake.fd, bytes, len, (off_t)offset) == (ssize_t)len);
}

static void pointers(void)
{
	struct kvt_space *space;
	char byte = 0, *p;
	int before;

	fake_reset();
	space = fake_open(0);
	write_file(FAKE_WINDOW(1) + 3 * FAKE_BLOCK, "x", 1);
	p = kvt_ptr(space, FAKE_WINDOW(1) + 3 * FAKE_BLOCK);
	must(p);
	is(*p, 'x', "the byte at that offset");
	*p = 'y';
	must(pread(fake.fd, &byte, 1, FAKE_WINDOW(1) + 3 * FAKE_BLOCK) == 1);
	is(byte, 'y', "and it can be written");
	before = fake.nr_ioctls;
	ok(kvt_ptr(space, FAKE_WINDOW(1)) == p - 3 * FAKE_BLOCK, "again");
	is(fake.nr_ioctls, before, "without a system call");
	ok(!kvt_ptr(space, FAKE_WINDOW(1) + HUGE) && errno == ERANGE, "past it");
	ok(!kvt_ptr(space, FAKE_SLOTS) && errno == ERANGE, "not a window");
	ok(!kvt_ptr(space, UINT64_MAX) && errno == ERANGE, "absurd");
	ok(!kvt_ptr(NULL, 0) && errno == EINVAL, "no space");
	kvt_close(space);
}

static void windows(void)
{
	struct kvt_space *space;
	void *a, *b;
	size_t len;

	fake_reset();
	space = fake_open(0);
	is(kvt_map_window(space, 0, &a, &len), 0, "map a window");
	is(len, 4 << 20, "its length");
	is((uintptr_t)a % HUGE, FAKE_WINDOW(0) % HUGE, "huge pages can be had");
	is(kvt_map_window(space, 0, &b, NULL), 0, "map it again");
	ok(a == b, "it is the same");
	is(kvt_map_window(space, 2, &a, &len), -ENOENT, "unused index");
	is(kvt_map_window(space, KVT_MAX_ARENAS, &a, &len), -EINVAL, "no index");
	is(kvt_map_windows(space), 0, "map them all");
	ok(kvt_ptr(space, FAKE_WINDOW(1)), "there it is");
	kvt_close(space);
}

/* It has a name and nothing to map. */
static void nvme_arena(void)
{
	const struct kvt_status *words;
	struct kvt_status status;
	struct kvt_space *space;
	size_t nr;
	void *p;

	fake_reset();
	fake_set_nvme_arena(2);
	space = fake_open(0);
	is(kvt_map_windows(space), 0, "all windows, with an arena on nvme");
	is(kvt_map_window(space, 2, &p, &nr), -ENOENT, "it has no window");
	is(kvt_map_status(space, 2, &words, &nr), -ENOENT, "no status words");
	ok(!kvt_ptr(space, FAKE_WINDOW(2)) && errno == ERANGE, "no pointers");
	is(kvt_frame_status(space, FAKE_WINDOW(2), &status), -ERANGE, "no frame");
	is(kvt_refresh(space), 0, "refresh passes over it");
	fake_set_nvme_arena(1);
	is(kvt_refresh(space), 0, "also where a window was");
	ok(!kvt_ptr(space, FAKE_WINDOW(1)), "that is gone");
	ok(kvt_ptr(space, FAKE_WINDOW(0)), "the other is there");
	kvt_close(space);
}

static void odd_offset(void)
{
	struct kvt_space *space;
	void *p;

	fake_reset();
	fake.info.slots_offset = FAKE_SLOTS + 3 * 4096;
	space = fake_open(0);
	is(kvt_map_slots(space, (const void **)&p, NULL), 0, "odd slots offset");
	is((uintptr_t)p % HUGE, 3 * 4096, "address congruent with it");
	kvt_close(space);
}

static void read_only(void)
{
	struct kvt_space *space;
	char vec, *p;

	fake_reset();
	space = fake_open(KVT_OPEN_RDONLY);
	p = kvt_ptr(space, 0);
	must(p);
	/* read() into it is a write that fails instead of killing */
	must(!lseek(fake.fd, 0, SEEK_SET));
	is(read(fake.fd, p, 1), -1, "cannot be written");
	is(errno, EFAULT, "at all");
	vec = *p;
	is(vec, 0, "but read");
	kvt_close(space);
}

static void growth(void)
{
	struct kvt_space *space;
	struct kvt_arena_info *arena = fake.info.arenas;
	char *p, byte;

	fake_reset();
	space = fake_open(0);
	p = kvt_ptr(space, 0);
	must(p);
	p[0] = 'a';
	arena->window_len = 10 << 20;
	arena->nr_frames = arena->window_len / FAKE_BLOCK;
	ok(kvt_ptr(space, 9 << 20) == p + (9 << 20), "grows in place by itself");
	p[9 << 20] = 'b';
	must(pread(fake.fd, &byte, 1, 9 << 20) == 1);
	is(byte, 'b', "with what belongs there");
	is(p[0], 'a', "and keeps what it had");
	arena->window_len = 2 << 20;
	is(kvt_refresh(space), 0, "shrinks");
	ok(!kvt_ptr(space, 9 << 20), "what is gone is not found");
	ok(kvt_ptr(space, 0) == p, "what is left is where it was");
	arena->window_len = 12 << 20;
	is(kvt_refresh(space), 0, "grows again");
	ok(kvt_ptr(space, 11 << 20) == p + (11 << 20), "in place");
	memset(arena, 0, sizeof(*arena));
	is(kvt_refresh(space), 0, "arena taken away");
	ok(!kvt_ptr(space, 0), "not found");
	ok(kvt_ptr(space, FAKE_WINDOW(1)), "the other one is");
	kvt_close(space);
}

/* The old end was inside a frame: all of that must be there, not half. */
static void frame_across_old_end(void)
{
	uint32_t block = 17 * 4096;
	struct kvt_arena_info *arena = fake.info.arenas;
	struct kvt_space *space;
	uint64_t last = (2 << 20) / block;
	char *p;

	fake_reset();
	fake.info.block_size = block;
	arena->window_len = 2 << 20;
	arena->nr_frames = last;
	space = fake_open(0);
	ok(kvt_ptr(space, (last - 1) * block), "the last frame");
	ok(!kvt_ptr(space, last * block) && errno == ERANGE,
	   "behind it, no frame: nothing");
	arena->window_len = 4 << 20;
	arena->nr_frames = arena->window_len / block;
	p = kvt_ptr(space, last * block + 1);
	must(p);
	p[block - 2] = 1;
	ok(1, "grown: the frame is there, up to its end");
	kvt_close(space);
}

/* More than the reservation: a second mapping, and the first stays good. */
static void growth_beyond(void)
{
	struct kvt_space *space;
	struct kvt_arena_info *arena = fake.info.arenas;
	char *old, *new;

	fake_reset();
	space = fake_open(0);
	old = kvt_ptr(space, 0);
	must(old);
	arena->window_offset = FAKE_SLOTS + (1ULL << 38);
	arena->window_len = 100ULL << 30;
	new = kvt_ptr(space, arena->window_offset + (99ULL << 30));
	must(new);
	new -= 99ULL << 30;
	ok(new != old, "mapped a second time");
	new[0] = 'n';
	old[0] = 'o';
	is(new[0], 'n', "where it is now");
	is(old[0], 'o', "the old mapping is still there");
	kvt_close(space);
}

static void no_address_space(void)
{
	struct rlimit old, low;
	struct kvt_space *space;
	int rc;

	if (getenv("KVT_UNIT_ASAN")) {
		ok(1, "little address space # SKIP ASan reserves terabytes");
		return;
	}
	fake_reset();
	space = fake_open(0);
	getrlimit(RLIMIT_AS, &old);
	low = old;
	low.rlim_cur = 1UL << 30;
	setrlimit(RLIMIT_AS, &low);
	ok(kvt_ptr(space, 0), "little address space: a small reservation");
	fake.info.arenas[1].window_len = 4UL << 30;
	rc = kvt_map_window(space, 1, NULL, NULL);
	setrlimit(RLIMIT_AS, &old);
	is(rc, -ENOMEM, "too little: an error");
	is(kvt_map_window(space, 1, NULL, NULL), 0, "not for ever");
	kvt_close(space);
}

static void slots(void)
{
	struct kvt_space *space;
	const char *p;
	const void *base;
	size_t len;
	int before;

	fake_reset();
	space = fake_open(0);
	write_file(FAKE_SLOTS + 7 * FAKE_BLOCK, "s", 1);
	p = kvt_slot(space, 7);
	must(p);
	is(*p, 's', "a slot's byte");
	is(kvt_map_slots(space, &base, &len), 0, "all slots");
	ok(base == p - 7 * FAKE_BLOCK && len == 100 * FAKE_BLOCK, "where, and how many");
	before = fake.nr_ioctls;
	ok(kvt_slot(space, 99), "the last");
	is(fake.nr_ioctls, before, "without a system call");
	ok(!kvt_slot(space, 100) && errno == ERANGE, "no such slot");
	ok(!kvt_slot(space, UINT32_MAX) && errno == ERANGE, "absurd slot");
	fake.info.nr_slots = 5000;
	fake.info.slots_len = 5000ULL * FAKE_BLOCK;
	ok(kvt_slot(space, 4999) == (char *)base + 4999ULL * FAKE_BLOCK,
	   "new slots are where they should be");
	kvt_close(space);
}

static void status(void)
{
	struct kvt_status word = { .valid = 5, .generation = 6 }, got;
	const struct kvt_status *words;
	struct kvt_space *space;
	size_t nr;
	int before;

	fake_reset();
	space = fake_open(0);
	write_file(FAKE_STATUS(1) + 3 * sizeof(word), &word, sizeof(word));
	is(kvt_frame_status(space, FAKE_WINDOW(1) + 3 * FAKE_BLOCK, &got), 0,
	   "a frame's status");
	ok(got.valid == 5 && got.generation == 6, "is the right one");
	before = fake.nr_ioctls;
	is(kvt_frame_status(space, FAKE_WINDOW(1) + 4 * FAKE_BLOCK - 1, &got), 0,
	   "any byte of the frame will do");
	ok(got.valid == 5, "the same");
	is(fake.nr_ioctls, before, "without a system call");
	is(kvt_frame_status(space, FAKE_SLOTS, &got), -ERANGE, "not a frame");
	is(kvt_frame_status(space, 0, NULL), -EINVAL, "nowhere to put it");
	is(kvt_map_status(space, 1, &words, &nr), 0, "all words");
	ok(nr == 32 && words[3].valid == 5, "of that arena");
	is(kvt_map_status(space, 3, &words, &nr), -ENOENT, "unused index");
	is(kvt_map_status(space, 1, NULL, &nr), -EINVAL, "nowhere to put them");
	kvt_close(space);
}

static void *racer(void *arg)
{
	struct kvt_space *space = arg;
	long wrong = 0;
	int i;

	for (i = 0; i < 20000; i++) {
		char *p = kvt_ptr(space, FAKE_WINDOW(i & 1) + FAKE_BLOCK);

		wrong += !p;
		wrong += !kvt_slot(space, i % 100);
	}
	return (void *)wrong;
}

static void threads(void)
{
	struct kvt_space *space;
	pthread_t thread[4];
	void *wrong;
	long sum = 0;
	int i;

	fake_reset();
	space = fake_open(0);
	for (i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, racer, space);
	for (i = 1; i <= 200; i++) {
		fake.info.arenas[0].window_len = (4UL + 2 * i) << 20;
		sum += !!kvt_refresh(space);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(thread[i], &wrong);
		sum += (long)wrong;
	}
	is(sum, 0, "threads look up while it grows 200 times");
	kvt_close(space);
}

int main(void)
{
	pointers();
	windows();
	nvme_arena();
	odd_offset();
	read_only();
	growth();
	frame_across_old_end();
	growth_beyond();
	no_address_space();
	slots();
	status();
	threads();
	return done();
}
