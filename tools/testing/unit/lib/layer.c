// SPDX-License-Identifier: GPL-2.0
/* Layouts, and waiting for layers whose status words somebody else writes. */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"
#include "lib.h"
#include "tap.h"

#define MSEC	1000000ULL
#define ARRIVING (KVT_RES_LEASED | KVT_RES_ARRIVING)

static const uint32_t ends[] = { 4096, 4100, FAKE_BLOCK };

/* Frame @frame of arena @arena, leased on its way up. */
static struct kvt_block block(int arena, uint32_t frame)
{
	struct kvt_block b = {
		.offset = FAKE_WINDOW(arena) + (uint64_t)frame * FAKE_BLOCK,
		.result = ARRIVING,
	};

	return b;
}

static struct kvt_space *open_with_layers(void)
{
	fake_reset();
	fake_set_layers(ends, 3);
	return fake_open(0);
}

static int try_layout(const uint32_t *e, uint32_t nr)
{
	struct kvt_space *space;
	int rc;

	fake_reset();
	fake_set_layers(e, nr);
	rc = kvt_open("s", 0, NULL, &space);
	if (!rc)
		kvt_close(space);
	return rc;
}

static void layouts(void)
{
	struct kvt_space *space = open_with_layers();
	uint32_t pos, len;

	is(kvt_nr_layers(space), 3, "layers");
	is(kvt_layer(space, 1, &pos, &len), 0, "of which the second");
	is(pos, 4096, "begins there");
	is(len, 4, "and has so many bytes");
	is(kvt_layer(space, 2, &pos, &len), 0, "the last");
	is(pos + len, FAKE_BLOCK, "ends with the block");
	is(kvt_layer(space, 0, NULL, NULL), 0, "nothing asked");
	is(kvt_layer(space, 3, &pos, &len), -EINVAL, "no such layer");
	is(kvt_layer(NULL, 0, &pos, &len), -EINVAL, "no space");
	is(kvt_nr_layers(NULL), 0, "no space has none");
	kvt_close(space);
	fake_reset();
	space = fake_open(0);
	is(kvt_nr_layers(space), 0, "no layout");
	is(kvt_layer(space, 0, &pos, &len), 0, "the block is its only layer");
	is(len, FAKE_BLOCK, "all of it");
	is(kvt_layer(space, 1, NULL, NULL), -EINVAL, "there is no other");
	kvt_close(space);
	is(try_layout((uint32_t[]){ 8, 8, FAKE_BLOCK }, 3), -EPROTO, "a layer of 0 bytes");
	is(try_layout((uint32_t[]){ 8, 4, FAKE_BLOCK }, 3), -EPROTO, "ends that fall");
	is(try_layout((uint32_t[]){ 8, 9 }, 2), -EPROTO, "less than a block");
	is(try_layout((uint32_t[]){ 8, FAKE_BLOCK + 1 }, 2), -EPROTO, "more than a block");
	is(try_layout((uint32_t[]){ FAKE_BLOCK }, 1), 0, "one layer");
	fake_reset();
	fake_set_layers(ends, 3);
	fake.layers_short = 1;
	is(kvt_open("s", 0, NULL, &space), -EPROTO, "fewer than were promised");
	fake.info.nr_layers = KVT_MAX_LAYERS + 1;
	is(kvt_open("s", 0, NULL, &space), -EPROTO, "more than there can be");
}

static void looks(void)
{
	struct kvt_space *space = open_with_layers();
	struct kvt_block b[3] = { block(0, 3), block(1, 2), block(0, 4) };
	size_t which;

	fake_set_status(0, 3, 4096, 7);
	fake_set_status(1, 2, FAKE_BLOCK, 8);
	fake_set_status(0, 4, 4099, 9);
	is(kvt_wait_layer(space, b, 3, 0, 0, &which), 0, "layer 0 of all is there");
	is(which, 3, "of all");
	is(kvt_wait_layer(space, b, 3, 1, 0, &which), -ETIMEDOUT, "layer 1 is not");
	is(which, 0, "of the first");
	fake_set_status(0, 3, 4100, 7);
	is(kvt_wait_layer(space, b, 3, 1, 0, &which), -ETIMEDOUT, "one byte is missing");
	is(which, 2, "of the third");
	fake_set_status(0, 4, 4100, 9);
	is(kvt_wait_layer(space, b, 3, 1, 0, NULL), 0, "now it is there");
	fake_set_status(1, 2, KVT_VALID_LOST, 8);
	is(kvt_wait_layer(space, b, 3, 0, KVT_FOREVER, &which), -EIO, "lost");
	is(which, 1, "which one");
	b[1].result = KVT_RES_LEASED;
	is(kvt_wait_layer(space, b, 3, 1, 0, NULL), 0, "what is not arriving is there");
	b[1].result = -ENOENT;
	is(kvt_wait_layer(space, b, 3, 1, 0, &which), -EINVAL, "what was not acquired");
	is(which, 1, "which one");
	is(kvt_wait_layer(space, b, 3, 3, 0, &which), -EINVAL, "no such layer");
	is(kvt_wait_layer(NULL, b, 3, 0, 0, NULL), -EINVAL, "no space");
	is(kvt_wait_layer(space, NULL, 3, 0, 0, NULL), -EINVAL, "no blocks");
	is(kvt_wait_layer(space, NULL, 0, 0, 0, &which), 0, "none are there");
	b[0].offset = 1ULL << 40;
	is(kvt_wait_layer(space, b, 1, 0, 0, NULL), -ERANGE, "in no window");
	kvt_close(space);
}

static void no_call(void)
{
	struct kvt_space *space = open_with_layers();
	struct kvt_block b = block(0, 1);
	int nr;

	fake_set_status(0, 1, 4096, 1);
	kvt_wait_layer(space, &b, 1, 0, 0, NULL);
	nr = fake.nr_ioctls;
	is(kvt_wait_layer(space, &b, 1, 0, KVT_FOREVER, NULL), 0, "a second time");
	is(fake.nr_ioctls, nr, "no ioctl");
	kvt_close(space);
}

static void times(void)
{
	struct kvt_space *space = open_with_layers();
	struct kvt_block b = block(0, 1);
	uint64_t before = kvt_now();

	is(kvt_deadline(0), 0, "no time");
	ok(kvt_deadline(KVT_FOREVER) == KVT_FOREVER, "for ever");
	ok(kvt_deadline(MSEC) >= before + MSEC, "some time");
	is(kvt_wait_layer(space, &b, 1, 0, kvt_deadline(20 * MSEC), NULL), -ETIMEDOUT,
	   "the time is over");
	ok(kvt_now() - before >= 20 * MSEC, "not before it is");
	is(kvt_wait_layer(space, &b, 1, 0, 1, NULL), -ETIMEDOUT, "it was over before");
	kvt_close(space);
}

/* What the kernel does: @step more bytes each @ns; then @end, of @generation. */
struct arrival {
	uint32_t frame;
	uint32_t step;
	uint32_t end;
	uint32_t generation;
	long ns;
};

static void *arrive(void *arg)
{
	const struct arrival *a = arg;
	struct timespec ts = { .tv_nsec = a->ns };
	uint32_t valid;

	for (valid = 0; valid < FAKE_BLOCK; valid += a->step) {
		fake_set_status(0, a->frame, valid, 1);
		nanosleep(&ts, NULL);
	}
	fake_set_status(0, a->frame, a->end, a->generation);
	return NULL;
}

static int wait_for(const struct arrival *a, uint32_t layer, struct kvt_status *then)
{
	struct kvt_space *space = open_with_layers();
	struct kvt_block b = block(0, a->frame);
	pthread_t thread;
	int rc;

	fake_set_status(0, a->frame, 0, 1);
	must(!pthread_create(&thread, NULL, arrive, (void *)a));
	rc = kvt_wait_layer(space, &b, 1, layer, kvt_deadline(20000 * MSEC), NULL);
	kvt_frame_status(space, b.offset, then);
	pthread_join(thread, NULL);
	kvt_close(space);
	return rc;
}

static void arrivals(void)
{
	struct arrival a = { .step = 4096, .end = FAKE_BLOCK, .generation = 1 };
	struct kvt_status then;

	a.ns = 20 * MSEC;
	is(wait_for(&a, 0, &then), 0, "the first layer arrives");
	ok(then.valid >= 4096, "it is there");
	ok(then.valid < FAKE_BLOCK, "before the others are");
	a.ns = MSEC;
	is(wait_for(&a, 2, &then), 0, "the last layer arrives");
	is(then.valid, FAKE_BLOCK, "it is there");
	a.ns = 1;
	is(wait_for(&a, 2, &then), 0, "soon");
	a.end = KVT_VALID_LOST;
	is(wait_for(&a, 2, &then), -EIO, "it is lost on its way");
	a.end = FAKE_BLOCK;
	a.generation = 2;
	a.ns = MSEC;
	is(wait_for(&a, 2, &then), -ESTALE, "the frame gets other bytes");
}

#define WAITERS	4

struct waiter {
	struct kvt_space *space;
	struct kvt_block *blocks;
	int wrong;
};

static void *wait_all(void *arg)
{
	struct waiter *w = arg;
	uint32_t layer;

	for (layer = 0; layer < 3; layer++)
		w->wrong += !!kvt_wait_layer(w->space, w->blocks, 8, layer, KVT_FOREVER, NULL);
	return NULL;
}

/* Several threads wait for the same blocks, which arrive in another order. */
static void many(void)
{
	struct kvt_space *space = open_with_layers();
	struct waiter each[WAITERS];
	struct kvt_block blocks[8];
	pthread_t threads[WAITERS];
	struct arrival a;
	int i;

	for (i = 0; i < 8; i++) {
		blocks[i] = block(0, i);
		fake_set_status(0, i, 0, 1);
	}
	for (i = 0; i < WAITERS; i++) {
		each[i] = (struct waiter){ space, blocks, 0 };
		must(!pthread_create(&threads[i], NULL, wait_all, &each[i]));
	}
	for (i = 7; i >= 0; i--) {
		a = (struct arrival){ i, 8192, FAKE_BLOCK, 1, 10000 };
		arrive(&a);
	}
	for (i = 0; i < WAITERS; i++) {
		pthread_join(threads[i], NULL);
		is(each[i].wrong, 0, "thread %d got all", i);
	}
	kvt_close(space);
}

int main(void)
{
	layouts();
	looks();
	no_call();
	times();
	arrivals();
	many();
	return done();
}
