// SPDX-License-Identifier: GPL-2.0
/*
 * libkvtier against the kernel: what its callers see. What the commands mean is
 * tested next door (../kvtier); here it is that the library says and carries them
 * right, maps what it should where it should, and lets threads share a handle.
 *
 * Needs root and a loaded module. All it makes is called klib.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "klib.h"

FIXTURE(lib) {
	int ctl;
	struct kvt_space *space;
};

FIXTURE_VARIANT(lib) {
	uint32_t block;
	uint64_t tier;
	uint64_t quota;
};

FIXTURE_VARIANT_ADD(lib, normal) {
	.block = BLOCK, .tier = 32 * MIB, .quota = 8 * MIB,
};

FIXTURE_VARIANT_ADD(lib, odd) {
	.block = 17 * 4096, .tier = 32 * MIB, .quota = 8 * MIB,
};

FIXTURE_SETUP(lib)
{
	if (geteuid() || access(KVT_DEV_CONTROL, F_OK))
		SKIP(return, "needs root and kvtier.ko loaded");
	self->ctl = kvt_open_control();
	ASSERT_LE(0, self->ctl);
	ASSERT_EQ(0, unmake(self->ctl));
	ASSERT_EQ(0, make_space(self->ctl, variant->block, variant->tier,
				variant->quota));
	ASSERT_EQ(0, kvt_open(NAME, 0, identity, &self->space));
}

FIXTURE_TEARDOWN(lib)
{
	kvt_close(self->space);
	EXPECT_EQ(0, unmake(self->ctl));
	close(self->ctl);
}

/* ---- opening ---- */

TEST_F(lib, open_refuses)
{
	static const uint8_t other[KVT_IDENTITY_SIZE] = "other";
	struct kvt_space *s;

	EXPECT_EQ(-ENOENT, kvt_open("klib-none", 0, NULL, &s));
	EXPECT_EQ(-ENOTTY, kvt_open("/dev/null", 0, NULL, &s));
	EXPECT_EQ(-EKEYREJECTED, kvt_open(NAME, 0, other, &s));
	ASSERT_EQ(0, kvt_open("/dev/kvtier/" NAME, 0, NULL, &s));
	kvt_close(s);
}

TEST_F(lib, info)
{
	struct kvt_space_info info;

	ASSERT_EQ(0, kvt_info(self->space, &info));
	EXPECT_STREQ(NAME, (char *)info.name);
	EXPECT_EQ(0, memcmp(info.identity, identity, sizeof(identity)));
	EXPECT_EQ(variant->block, kvt_block_size(self->space));
	EXPECT_STREQ(NAME, (char *)info.arenas[0].tier);
	EXPECT_EQ(variant->quota, info.arenas[0].window_len);
}

TEST_F(lib, read_only)
{
	struct kvt_key k = key(1, 0);
	struct kvt_block block;
	struct kvt_space *s;

	ASSERT_EQ(1, store(self->space, &k, 1));
	ASSERT_EQ(0, kvt_open(NAME, KVT_OPEN_RDONLY, identity, &s));
	EXPECT_EQ(-EBADF, kvt_drop(s, &k, 1, NULL, NULL));
	EXPECT_EQ(-EBADF, kvt_reserve(s, &k, 1, NULL, &block));
	ASSERT_EQ(1, kvt_acquire(s, &k, 1, NULL, &block));
	EXPECT_TRUE(holds(kvt_ptr(s, block.offset), variant->block, &k));
	EXPECT_EQ(1, kvt_release_blocks(s, &block, 1, NULL));
	kvt_close(s);
}

/* ---- a block's life ---- */

TEST_F(lib, life)
{
	struct kvt_key k[3] = { key(1, 0), key(1, 1), key(1, 2) };
	struct kvt_block blocks[3];

	EXPECT_EQ(0, kvt_lookup(self->space, k, 3, NULL, blocks));
	EXPECT_EQ(-ENOENT, blocks[0].result);
	EXPECT_EQ(-ECANCELED, blocks[1].result);
	ASSERT_EQ(2, store(self->space, k, 2));
	ASSERT_EQ(2, kvt_acquire(self->space, k, 3, NULL, blocks));
	EXPECT_TRUE(blocks[1].result & KVT_RES_LEASED);
	EXPECT_EQ(KVT_TIER_DRAM, kvt_result_tier(blocks[1].result));
	EXPECT_EQ(-ENOENT, blocks[2].result);
	EXPECT_EQ(2, attr("leases"));
	EXPECT_TRUE(holds(kvt_ptr(self->space, blocks[1].offset),
			  variant->block, &k[1]));
	EXPECT_TRUE(holds(kvt_slot(self->space, blocks[1].slot),
			  variant->block, &k[1]));
	EXPECT_EQ(2, kvt_release_blocks(self->space, blocks, 3, NULL));
	EXPECT_EQ(0, kvt_release_blocks(self->space, blocks, 3, NULL));
	EXPECT_EQ(0, attr("leases"));
	EXPECT_EQ(1, kvt_drop(self->space, &k[1], 1, NULL, NULL));
	EXPECT_EQ(1, kvt_lookup(self->space, k, 3, NULL, NULL));
}

TEST_F(lib, reserve_finds_and_leases_present_blocks)
{
	struct kvt_key k[2] = { key(1, 0), key(1, 1) };
	struct kvt_how how = { .flags = KVT_F_LEASE };
	struct kvt_block blocks[2];

	ASSERT_EQ(1, store(self->space, k, 1));
	ASSERT_EQ(2, kvt_reserve(self->space, k, 2, &how, blocks));
	EXPECT_TRUE(blocks[0].result & KVT_RES_PRESENT);
	EXPECT_TRUE(blocks[0].result & KVT_RES_LEASED);
	EXPECT_FALSE(blocks[1].result & KVT_RES_PRESENT);
	EXPECT_EQ(1, attr("filling"));
	EXPECT_EQ(1, kvt_abort_blocks(self->space, blocks, 2));
	EXPECT_EQ(0, attr("filling"));
	EXPECT_EQ(1, kvt_release_blocks(self->space, blocks, 2, NULL));
	EXPECT_EQ(0, attr("leases"));
}

TEST_F(lib, put_and_get_ranges)
{
	struct kvt_key *k = keys(7, 4);
	char *data = malloc(4UL * variant->block);
	char *back = malloc(4UL * variant->block);
	int32_t results[4];
	int i;

	for (i = 0; i < 4; i++)
		fill(data + i * variant->block, variant->block, &k[i]);
	ASSERT_EQ(4, kvt_put(self->space, k, 4, data, NULL, NULL));
	ASSERT_EQ(4, kvt_get(self->space, k, 4, 0, 0, back, NULL));
	EXPECT_EQ(0, memcmp(data, back, 4UL * variant->block));
	ASSERT_EQ(4, kvt_get(self->space, k, 4, 5000, 100, back, NULL));
	EXPECT_EQ(0, memcmp(data + 3 * variant->block + 5000, back + 300, 100));
	ASSERT_EQ(1, kvt_drop(self->space, &k[1], 1, NULL, NULL));
	EXPECT_EQ(3, kvt_get(self->space, k, 4, 0, 8, back, results));
	EXPECT_EQ(-ENOENT, results[1]);
	EXPECT_LE(0, results[2]);
	EXPECT_EQ(1, kvt_prefetch(self->space, &k[2], 1, NULL, NULL));
	free(back);
	free(data);
	free(k);
}

TEST_F(lib, close_gives_all_back)
{
	struct kvt_key k[2] = { key(1, 0), key(1, 1) };
	struct kvt_block blocks[2];
	struct kvt_space *s;

	ASSERT_EQ(0, kvt_open(NAME, 0, identity, &s));
	ASSERT_EQ(1, store(s, k, 1));
	ASSERT_EQ(1, kvt_acquire(s, k, 1, NULL, blocks));
	ASSERT_EQ(1, kvt_reserve(s, &k[1], 1, NULL, &blocks[1]));
	ASSERT_NE(NULL, kvt_ptr(s, blocks[0].offset));
	kvt_close(s);
	EXPECT_EQ(0, attr("leases"));
	EXPECT_EQ(0, attr("filling"));
	EXPECT_EQ(1, attr("openers"));
}

/* ---- more than a batch ---- */

#define LONG	(KVT_MAX_BATCH + 100)

TEST(long_chains)
{
	struct kvt_block *blocks = calloc(LONG, sizeof(*blocks));
	struct kvt_how chain = { .flags = KVT_F_CHAIN };
	struct kvt_key *k = keys(3, LONG);
	char *data = malloc(LONG * 4096UL);
	struct kvt_space *s;
	int ctl, i;

	if (geteuid() || access(KVT_DEV_CONTROL, F_OK))
		SKIP(return, "needs root and kvtier.ko loaded");
	ctl = kvt_open_control();
	ASSERT_EQ(0, unmake(ctl));
	ASSERT_EQ(0, make_space(ctl, 4096, 96 * MIB, 96 * MIB));
	ASSERT_EQ(0, kvt_open(NAME, 0, identity, &s));
	for (i = 0; i < LONG; i++)
		fill(data + i * 4096UL, 4096, &k[i]);
	ASSERT_EQ(LONG, kvt_put(s, k, LONG, data, NULL, blocks));
	EXPECT_EQ(LONG, kvt_lookup(s, k, LONG, NULL, NULL));
	ASSERT_EQ(LONG, kvt_acquire(s, k, LONG, NULL, blocks));
	EXPECT_EQ(LONG, attr("leases"));
	for (i = 0; i < LONG; i += 977)
		EXPECT_TRUE(holds(kvt_ptr(s, blocks[i].offset), 4096, &k[i]));
	EXPECT_EQ(LONG, kvt_release_blocks(s, blocks, LONG, NULL));
	/* One chain, not two: its second part hangs below its first. */
	EXPECT_EQ(1, kvt_drop(s, k, 1, &chain, NULL));
	EXPECT_EQ(0, attr("blocks"));
	kvt_close(s);
	EXPECT_EQ(0, unmake(ctl));
	close(ctl);
	free(data);
	free(k);
	free(blocks);
}

/* ---- mappings ---- */

/* Does the mapping at @base prefer @node? 1, 0, or -1: kernel without NUMA. */
static int prefers(const void *base, int node)
{
	char line[512], address[32], policy[32];
	int found = 0;
	FILE *f = fopen("/proc/self/numa_maps", "r");

	if (!f)
		return -1;
	snprintf(address, sizeof(address), "%lx ", (unsigned long)base);
	snprintf(policy, sizeof(policy), " prefer:%d ", node);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, address, strlen(address)))
			found = !!strstr(line, policy);
	fclose(f);
	return found;
}

TEST_F(lib, window_policy)
{
	void *base;

	ASSERT_EQ(0, kvt_map_window(self->space, 0, &base, NULL));
	EXPECT_EQ(0, (uintptr_t)base % (2 * MIB));
	if (prefers(base, 0) < 0)
		SKIP(return, "kernel without NUMA");
	EXPECT_EQ(1, prefers(base, 0));
}

TEST_F(lib, window_grows_in_place)
{
	uint64_t bytes = 24 * MIB;
	size_t nr = bytes / variant->block;
	struct kvt_key *k = keys(9, nr);
	struct kvt_block *blocks = calloc(nr, sizeof(*blocks));
	struct kvt_space_info info;
	char *base, *again;
	ssize_t n, i;
	size_t len;
	int past = 0;

	ASSERT_EQ(0, kvt_info(self->space, &info));
	ASSERT_EQ(0, kvt_map_window(self->space, 0, (void **)&base, &len));
	EXPECT_EQ(variant->quota, len);
	ASSERT_EQ(0, kvt_ctl_space_resize(self->ctl, NAME, NAME, &bytes));
	n = kvt_reserve(self->space, k, nr, NULL, blocks);
	ASSERT_LT(8 * MIB / variant->block, n);
	for (i = 0; i < n; i++) {
		uint64_t at = blocks[i].offset - info.arenas[0].window_offset;

		ASSERT_EQ(base + at, kvt_ptr(self->space, blocks[i].offset));
		fill(base + at, variant->block, &k[i]);
		past += at >= variant->quota;
	}
	EXPECT_LT(0, past);
	EXPECT_EQ(n, kvt_commit_blocks(self->space, blocks, n));
	EXPECT_TRUE(holds(kvt_slot(self->space, blocks[n - 1].slot),
			  variant->block, &k[n - 1]));
	ASSERT_EQ(0, kvt_map_window(self->space, 0, (void **)&again, &len));
	EXPECT_EQ(base, again);
	EXPECT_EQ(24 * MIB, len);
	free(blocks);
	free(k);
}

TEST_F(lib, frame_status)
{
	struct kvt_status filling, sealed, refilled;
	struct kvt_key k[2] = { key(1, 0), key(1, 1) };
	struct kvt_block block;
	int i;

	ASSERT_EQ(1, kvt_reserve(self->space, k, 1, NULL, &block));
	ASSERT_EQ(0, kvt_frame_status(self->space, block.offset, &filling));
	EXPECT_EQ(0, filling.valid);
	ASSERT_EQ(1, kvt_commit_blocks(self->space, &block, 1));
	ASSERT_EQ(0, kvt_frame_status(self->space, block.offset, &sealed));
	EXPECT_EQ(variant->block, sealed.valid);
	ASSERT_EQ(1, kvt_drop(self->space, k, 1, NULL, NULL));
	/* Until the frame is used again: there are not so many. */
	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, kvt_frame_status(self->space, block.offset,
					      &refilled));
		if (refilled.valid && refilled.generation != sealed.generation)
			break;
		k[1] = key(2, i);
		ASSERT_EQ(1, store(self->space, &k[1], 1));
	}
	EXPECT_NE(sealed.generation, refilled.generation);
	EXPECT_EQ(-ERANGE, kvt_frame_status(self->space, UINT64_MAX, &sealed));
}

static sigjmp_buf fault;

static void on_fault(int sig)
{
	siglongjmp(fault, sig);
}

TEST_F(lib, dropped_slot_gives_sigbus)
{
	struct kvt_key k = key(1, 0);
	struct kvt_block block;
	const volatile char *p;
	int sig;

	ASSERT_EQ(1, store(self->space, &k, 1));
	ASSERT_EQ(1, kvt_lookup(self->space, &k, 1, NULL, &block));
	p = kvt_slot(self->space, block.slot);
	ASSERT_NE(NULL, p);
	EXPECT_TRUE(holds((const void *)p, variant->block, &k));
	ASSERT_EQ(1, kvt_drop(self->space, &k, 1, NULL, NULL));
	signal(SIGBUS, on_fault);
	sig = sigsetjmp(fault, 1);
	if (!sig)
		(void)*p;
	signal(SIGBUS, SIG_DFL);
	EXPECT_EQ(SIGBUS, sig);
}

/* ---- registration ---- */

struct ring {
	int	     fd;
	struct iovec iov[64];
	unsigned int nr;
};

static int collect(void *addr, size_t len, unsigned int arena, void *arg)
{
	struct ring *ring = arg;

	(void)arena;
	if (ring->nr == 64)
		return -ENOSPC;
	ring->iov[ring->nr++] = (struct iovec){ addr, len };
	return 0;
}

TEST_F(lib, chunks_can_be_registered)
{
	struct io_uring_params params = { 0 };
	struct kvt_chunks seen = { 0 };
	struct ring ring = { 0 };
	uint64_t bytes = 16 * MIB, less;
	size_t sum = 0;
	unsigned int i;

	ring.fd = syscall(__NR_io_uring_setup, 4, &params);
	if (ring.fd < 0)
		SKIP(return, "io_uring is not to be had: %s", strerror(errno));
	ASSERT_EQ(0, kvt_for_each_chunk(self->space, 2 * MIB, &seen, collect,
					NULL, &ring));
	for (i = 0; i < ring.nr; i++)
		sum += ring.iov[i].iov_len;
	EXPECT_EQ(variant->quota / variant->block * variant->block, sum);
	EXPECT_EQ(0, syscall(__NR_io_uring_register, ring.fd,
			     IORING_REGISTER_BUFFERS, ring.iov, ring.nr));
	/* what is registered stays */
	less = 2 * MIB;
	EXPECT_EQ(-EBUSY, kvt_ctl_space_resize(self->ctl, NAME, NAME, &less));
	EXPECT_EQ(variant->quota, less);
	EXPECT_EQ(0, syscall(__NR_io_uring_register, ring.fd,
			     IORING_UNREGISTER_BUFFERS, NULL, 0));

	/* grown: only what is new, and it can be registered too */
	ASSERT_EQ(0, kvt_ctl_space_resize(self->ctl, NAME, NAME, &bytes));
	ring.nr = 0;
	ASSERT_EQ(0, kvt_for_each_chunk(self->space, 0, &seen, collect, NULL,
					&ring));
	ASSERT_EQ(1, ring.nr);
	EXPECT_EQ((char *)seen.base[0] + sum, ring.iov[0].iov_base);
	EXPECT_EQ(0, syscall(__NR_io_uring_register, ring.fd,
			     IORING_REGISTER_BUFFERS, ring.iov, ring.nr));
	close(ring.fd);
}

/* ---- two arenas ---- */

#define SLOW	"klib-slow"

static int second_node(void)
{
	FILE *f = fopen("/sys/devices/system/node/has_normal_memory", "r");
	char list[128] = "", *last;

	if (!f)
		return -1;
	if (!fgets(list, sizeof(list), f))
		list[0] = 0;
	fclose(f);
	last = strpbrk(list, ",-");
	return last ? atoi(last + 1) : -1;
}

static int make_two(int ctl, int node)
{
	uint64_t bytes = 4 * MIB, slow = 16 * MIB;
	struct kvt_space_create create = {
		.block_size = BLOCK, .name = NAME, .mode = 0600, .nr_quotas = 2,
		.quotas = {
			{ .tier = NAME, .bytes = bytes },
			{ .tier = SLOW, .bytes = slow },
		},
	};
	int rc;

	rc = kvt_ctl_tier_add(ctl, NAME, KVT_TIER_DRAM, 0, &bytes);
	if (!rc)
		rc = kvt_ctl_tier_add(ctl, SLOW, KVT_TIER_CXL, node, &slow);
	return rc ? rc : kvt_ctl_space_create(ctl, &create);
}

/* More than the fast arena holds: the rest is found in the slow one's window. */
TEST(two_arenas)
{
	struct kvt_how stay = { .flags = KVT_F_NO_PROMOTE };
	int ctl, i, n, slow = 0, node = second_node();
	struct kvt_key *k = keys(4, 128);
	struct kvt_block block;
	struct ring ring = { 0 };
	struct kvt_space *s;
	void *base;

	if (geteuid() || access(KVT_DEV_CONTROL, F_OK))
		SKIP(return, "needs root and kvtier.ko loaded");
	if (node < 0)
		SKIP(return, "needs a second node with memory");
	ctl = kvt_open_control();
	ASSERT_EQ(0, unmake(ctl));
	kvt_ctl_tier_remove(ctl, SLOW);
	ASSERT_EQ(0, make_two(ctl, node));
	ASSERT_EQ(0, kvt_open(NAME, 0, NULL, &s));
	for (i = 0; i < 128; i++)
		ASSERT_EQ(1, store(s, &k[i], 1));
	for (i = 0; i < 128; i++) {
		n = kvt_acquire(s, &k[i], 1, &stay, &block);
		ASSERT_EQ(1, n);
		EXPECT_TRUE(holds(kvt_ptr(s, block.offset), BLOCK, &k[i]));
		EXPECT_TRUE(holds(kvt_slot(s, block.slot), BLOCK, &k[i]));
		slow += kvt_result_tier(block.result) == KVT_TIER_CXL;
		ASSERT_EQ(1, kvt_release_blocks(s, &block, 1, NULL));
	}
	EXPECT_LE(64, slow);
	ASSERT_EQ(0, kvt_map_window(s, 1, &base, NULL));
	EXPECT_EQ(1, prefers(base, node));
	ASSERT_EQ(0, kvt_for_each_chunk(s, 0, NULL, collect, NULL, &ring));
	EXPECT_EQ(2, ring.nr);
	kvt_close(s);
	EXPECT_EQ(0, unmake(ctl));
	EXPECT_EQ(0, kvt_ctl_tier_remove(ctl, SLOW));
	close(ctl);
	free(k);
}

/* ---- threads and processes ---- */

#define THREADS	4
#define ROUNDS	300

struct worker {
	struct kvt_space *space;
	pthread_t	 thread;
	int		 number;
	long		 wrong;
	long		 hits;
};

/* Chains that others work on too; what is acquired must be right. */
static void *work(void *arg)
{
	struct worker *w = arg;
	uint32_t block = kvt_block_size(w->space);
	struct kvt_block blocks[4];
	unsigned int seed = w->number + 1;
	ssize_t n, i;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		struct kvt_key *k = keys(rand_r(&seed) % 64, 4);

		n = kvt_acquire(w->space, k, 4, NULL, blocks);
		for (i = 0; i < n; i++)
			w->wrong += !holds(kvt_ptr(w->space, blocks[i].offset),
					   block, &k[i]);
		w->wrong += n < 0;
		w->hits += n;
		w->wrong += n > 0 &&
			kvt_release_blocks(w->space, blocks, 4, NULL) != n;
		store(w->space, k, 4);
		if (round % 16 == 0)
			kvt_drop(w->space, &k[3], 1, NULL, NULL);
		free(k);
	}
	return NULL;
}

TEST_F(lib, threads_share_a_handle)
{
	struct worker w[THREADS] = { 0 };
	long hits = 0;
	int i;

	for (i = 0; i < THREADS; i++) {
		w[i].space = self->space;
		w[i].number = i;
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, work, &w[i]));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(0, w[i].wrong);
		hits += w[i].hits;
	}
	EXPECT_LT(0, hits);
	EXPECT_EQ(0, attr("leases"));
	EXPECT_EQ(0, attr("filling"));
}

static void *commit_later(void *arg)
{
	struct worker *w = arg;
	struct kvt_key k = key(5, 0);
	struct kvt_block block;

	w->wrong = kvt_reserve(w->space, &k, 1, NULL, &block) != 1;
	__atomic_store_n(&w->hits, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&w->hits, __ATOMIC_ACQUIRE) == 1)
		usleep(1000);
	/* Then the other one waits, or is about to. */
	usleep(100000);
	fill(kvt_ptr(w->space, block.offset), kvt_block_size(w->space), &k);
	w->wrong += kvt_commit_blocks(w->space, &block, 1) != 1;
	return NULL;
}

TEST_F(lib, acquire_waits_for_a_filler)
{
	struct kvt_how how = { .flags = KVT_F_WAIT, .timeout_ns = PATIENCE_MS * 1000000ULL };
	struct kvt_key k = key(5, 0);
	struct worker w = { 0 };
	struct kvt_block block;

	ASSERT_EQ(0, kvt_open(NAME, 0, identity, &w.space));
	ASSERT_EQ(0, pthread_create(&w.thread, NULL, commit_later, &w));
	while (!__atomic_load_n(&w.hits, __ATOMIC_ACQUIRE))
		usleep(1000);
	EXPECT_EQ(0, kvt_acquire(self->space, &k, 1, NULL, &block));
	EXPECT_EQ(-EINPROGRESS, block.result);
	__atomic_store_n(&w.hits, 2, __ATOMIC_RELEASE);
	EXPECT_EQ(1, kvt_acquire(self->space, &k, 1, &how, &block));
	EXPECT_TRUE(holds(kvt_ptr(self->space, block.offset), variant->block,
			  &k));
	EXPECT_EQ(1, kvt_release_blocks(self->space, &block, 1, NULL));
	pthread_join(w.thread, NULL);
	EXPECT_EQ(0, w.wrong);
	kvt_close(w.space);
}

TEST_F(lib, child_closes_its_copy)
{
	struct kvt_key k = key(1, 0);
	struct kvt_block block;
	int status;
	pid_t pid;

	ASSERT_EQ(1, store(self->space, &k, 1));
	ASSERT_EQ(1, kvt_acquire(self->space, &k, 1, NULL, &block));
	ASSERT_NE(NULL, kvt_ptr(self->space, block.offset));
	pid = fork();
	if (!pid) {
		kvt_close(self->space);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, attr("leases"));
	EXPECT_TRUE(holds(kvt_ptr(self->space, block.offset), variant->block,
			  &k));
	EXPECT_EQ(1, kvt_release_blocks(self->space, &block, 1, NULL));
}

/* ---- control ---- */

TEST_F(lib, control)
{
	struct kvt_version version;
	uint64_t bytes = 2 * MIB;

	ASSERT_EQ(0, kvt_ctl_version(self->ctl, &version));
	EXPECT_EQ(KVT_ABI_VERSION, version.abi);
	EXPECT_STREQ(kvt_lib_version(), (char *)version.release);
	EXPECT_EQ(-EEXIST, kvt_ctl_tier_add(self->ctl, NAME, KVT_TIER_DRAM, 0,
					    &bytes));
	EXPECT_EQ(-EBUSY, kvt_ctl_tier_remove(self->ctl, NAME));
	EXPECT_EQ(-EBUSY, kvt_ctl_space_delete(self->ctl, NAME));
	EXPECT_EQ(-ENOENT, kvt_ctl_space_delete(self->ctl, "klib-none"));
	EXPECT_EQ(-ENOENT, kvt_ctl_tier_remove(self->ctl, "klib-none"));
	EXPECT_EQ(-EBUSY, kvt_ctl_tier_resize(self->ctl, NAME, &bytes));
	EXPECT_LE(variant->quota, bytes); /* a space has them */
	EXPECT_GT(variant->tier, bytes);
	bytes = 1UL << 50;
	EXPECT_EQ(-ENOSPC, kvt_ctl_space_resize(self->ctl, NAME, NAME, &bytes));
}

/* With formatted devices it is tested by ../kvtierctl. */
TEST_F(lib, nvme_add_names_the_bad_device)
{
	struct kvt_nvme_add add = {
		.name = "klib-nvme", .nr_devices = 1,
		.devices = { "/dev/null" },
	};
	const char *bad;

	ASSERT_EQ(0, kvt_host_id(add.host));
	EXPECT_EQ(-ENOTBLK, kvt_ctl_nvme_add(self->ctl, &add));
	bad = kvt_nvme_bad(&add, -ENOTBLK);
	ASSERT_NE(NULL, bad);
	EXPECT_STREQ("/dev/null", bad);
	strcpy((char *)add.devices[0], "/dev/klib-none");
	EXPECT_EQ(-ENOENT, kvt_ctl_nvme_add(self->ctl, &add));
	EXPECT_NE(NULL, kvt_nvme_bad(&add, -ENOENT));
	memset(add.name, 0, sizeof(add.name));
	strcpy((char *)add.name, NAME);
	EXPECT_EQ(-EEXIST, kvt_ctl_nvme_add(self->ctl, &add));
	EXPECT_EQ(NULL, kvt_nvme_bad(&add, -EEXIST));
	memset(add.host, 0, sizeof(add.host));
	EXPECT_EQ(-EINVAL, kvt_ctl_nvme_add(self->ctl, &add));
}

TEST_HARNESS_MAIN
