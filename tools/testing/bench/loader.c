// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "key.h"
#include "loader.h"
#include "sum.h"

#define TIMEOUT_NS (60 * 1000000000ULL)

static void prepare_command(struct loader *l, struct io_uring_sqe *sqe,
			    uint32_t at)
{
	struct kvt_uring_submit submit = {
		.batch = (uintptr_t)&l->batches[at],
	};

	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, kvt_fd(l->bed->space), NULL,
			 0, 0);
	sqe->cmd_op = KVT_URING_SUBMIT;
	memcpy(sqe->cmd, &submit, sizeof(submit));
}

static const struct kvt_entry *entry_of(const struct loader *l, uint64_t n)
{
	return &l->bed->entries[n % l->bed->nr];
}

static void prepare_acquire(void *arg, struct io_uring_sqe *sqe, uint32_t at,
			    uint64_t n)
{
	struct loader *l = arg;

	l->entries[at] = (struct kvt_entry){};
	memcpy(l->entries[at].key, entry_of(l, n)->key, KVT_KEY_SIZE);
	l->batches[at] = (struct kvt_batch){
		.size = sizeof(struct kvt_batch),
		.op = KVT_OP_ACQUIRE,
		.flags = KVT_F_WAIT,
		.timeout_ns = TIMEOUT_NS,
		.nr = 1,
		.entries = (uintptr_t)&l->entries[at],
	};
	prepare_command(l, sqe, at);
}

static void prepare_get(void *arg, struct io_uring_sqe *sqe, uint32_t at,
			uint64_t n)
{
	struct loader *l = arg;

	l->entries[at] = (struct kvt_entry){
		.addr = (uintptr_t)l->to + at * l->bed->block_size,
		.len = (uint32_t)l->bed->block_size,
	};
	memcpy(l->entries[at].key, entry_of(l, n)->key, KVT_KEY_SIZE);
	l->batches[at] = (struct kvt_batch){
		.size = sizeof(struct kvt_batch),
		.op = KVT_OP_GET,
		.nr = 1,
		.entries = (uintptr_t)&l->entries[at],
	};
	prepare_command(l, sqe, at);
}

static int command_done(struct loader *l, uint32_t at, int res)
{
	if (!res && l->batches[at].ok == 1)
		return 0;
	fprintf(stderr, "kvtier-bench: command %d by io_uring: %s\n",
		l->batches[at].op, kvt_strerror(l->batches[at].op,
						res ?: l->entries[at].result));
	return -1;
}

static int acquire_done(void *arg, uint32_t at, int res)
{
	struct loader *l = arg;

	if (command_done(l, at, res))
		return -1;
	l->leased[l->nr_leased++] = (struct kvt_entry){
		.slot = l->entries[at].slot,
	};
	return 0;
}

static int get_done(void *arg, uint32_t at, int res)
{
	return command_done(arg, at, res);
}

static int release(void *arg)
{
	struct loader *l = arg;
	struct kvt_batch batch = {
		.op = KVT_OP_RELEASE,
		.nr = l->nr_leased,
		.entries = (uintptr_t)l->leased,
	};

	if (!l->nr_leased)
		return 0;
	l->nr_leased = 0;
	return kvt_submit(l->bed->space, &batch) || batch.ok < batch.nr ? -1 : 0;
}

/* Zero copy: leases that are given back at once. */
void loader_acquires(struct loader *l, struct bed *bed)
{
	l->bed = bed;
	l->ring.end = UINT64_MAX;
	l->ring.user = (struct ring_user){
		.prepare = prepare_acquire,
		.done = acquire_done,
		.reaped = release,
		.arg = l,
	};
}

static void prepare_read(void *arg, struct io_uring_sqe *sqe, uint32_t at,
			 uint64_t n)
{
	struct loader *l = arg;
	uint64_t size = l->bed->block_size;

	io_uring_prep_read(sqe, l->fd, l->to + at * size, (unsigned int)size,
			   l->first + bench_mix(n) % l->bed->nr * size);
}

static int read_done(void *arg, uint32_t at, int res)
{
	struct loader *l = arg;
	uint64_t size = l->bed->block_size;

	if (res != (int)size) {
		fprintf(stderr, "kvtier-bench: reading %s: %s\n",
			l->bed->device, res < 0 ? strerror(-res) : "short");
		return -1;
	}
	l->sum = sum_crc32c(l->to + at * size, size);
	__atomic_add_fetch(&l->done, size, __ATOMIC_RELAXED);
	return 0;
}

/*
 * The least that loading and checking take: plain reads of the device, each of
 * which is summed up when it has ended. @fd and @first are the caller's.
 */
void loader_reads(struct loader *l, struct bed *bed, char *to)
{
	l->bed = bed;
	l->to = to;
	l->ring.end = UINT64_MAX;
	l->ring.user = (struct ring_user){
		.prepare = prepare_read,
		.done = read_done,
		.arg = l,
	};
}

/* Copies to @to, which has room for a block at each place. */
void loader_gets(struct loader *l, struct bed *bed, char *to)
{
	l->bed = bed;
	l->to = to;
	l->ring.end = UINT64_MAX;
	l->ring.user = (struct ring_user){
		.prepare = prepare_get,
		.done = get_done,
		.arg = l,
	};
}
