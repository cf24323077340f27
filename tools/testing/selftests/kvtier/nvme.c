// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks that leave memory live on, on nvme, and come back with their bytes,
 * whoever asks for them and however.
 */
#include "kselftest_harness.h"
#include "nvme.h"

/* ------------------------------------------------------------ all block sizes */

FIXTURE(sizes) {
	int fd;
	unsigned int frames;
	unsigned int nr;	/* blocks: more than the frames */
};

FIXTURE_VARIANT(sizes) {
	__u32 bs;
	unsigned int dram_mib;
	unsigned int nvme_mib;
	unsigned int segment_mib;
};

FIXTURE_VARIANT_ADD(sizes, of_4k) { 4096, 2, 32, 1 };
FIXTURE_VARIANT_ADD(sizes, of_64k) { 65536, 4, 64, 1 };
FIXTURE_VARIANT_ADD(sizes, of_1100k) { 1126400, 8, 64, 8 };
FIXTURE_VARIANT_ADD(sizes, of_2m) { 2 << 20, 16, 128, 8 };
FIXTURE_VARIANT_ADD(sizes, of_8m) { 8 << 20, 32, 256, 32 };

FIXTURE_SETUP(sizes)
{
	KST_START_NVME(1);
	const struct kst_set set = {
		.nr = 1, .dev = { kst_nvme(0) },
		.segment = variant->segment_mib * KST_MIB, .grade = KST_BULK,
	};

	ASSERT_EQ(0, kst_make_nvme(&set, variant->bs, variant->dram_mib,
				   variant->nvme_mib));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->frames = variant->dram_mib * KST_MIB / variant->bs;
	self->nr = self->frames > 100 ? self->frames * 3 / 2 : self->frames * 3;
	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, self->nr, variant->bs));
}

FIXTURE_TEARDOWN_PARENT(sizes)
{
	EXPECT_EQ(0, kst_cleanup());
}

static void get_all(struct __test_metadata *_metadata, FIXTURE_DATA(sizes) *self,
		    __u32 bs)
{
	unsigned int n, cold = 0, warm = 0;
	struct kst_found f;

	kst_settle(KST_SPACE);
	for (n = 0; n < self->nr; n++) {
		int tier = kst_tier_of(self->fd, 1, n, NULL);

		cold += tier == KVT_TIER_NVME;
		warm += tier == KVT_TIER_DRAM;
	}
	/* Nothing is lost, and what is not in memory is on nvme. */
	EXPECT_LE(self->nr - self->frames, cold);
	EXPECT_EQ(self->nr, cold + warm);
	EXPECT_EQ(self->nr, kst_attr(KST_SPACE, "blocks"));
	EXPECT_LE(cold, kst_stat_wait(KST_SPACE, "writeouts", cold));
	EXPECT_LE(cold, kst_stat_wait(KST_SPACE, "demotions", cold));
	f = kst_check_chain(self->fd, 1, self->nr, bs);
	EXPECT_EQ(self->nr, f.good);
	EXPECT_LE(cold, kst_stat_wait(KST_SPACE, "loads", cold));
	EXPECT_LE((long long)cold * bs, kst_tier_attr(KST_NVME, "bytes_read"));
}

/* Many blocks at once, from nvme and from memory mixed. */
static void acquire_all(struct __test_metadata *_metadata,
			FIXTURE_DATA(sizes) *self, __u32 bs)
{
	char *window = kst_map_window(self->fd, 0, PROT_READ, NULL);
	unsigned int n, i, step = self->frames / 2 ?: 1;
	struct kvt_entry e[512];
	struct kvt_batch b;

	ASSERT_NE(NULL, window);
	for (n = 0; n + step <= self->nr; n += step) {
		kst_entries(e, step, 1, n);
		kst_batch(&b, KVT_OP_ACQUIRE, e, step);
		b.flags = KVT_F_WAIT;
		b.timeout_ns = KST_PATIENCE * 1000000ULL;
		ASSERT_EQ(0, kst_submit(self->fd, &b));
		EXPECT_EQ(step, b.ok);
		for (i = 0; i < b.ok; i++) {
			EXPECT_EQ(KVT_TIER_DRAM | KVT_RES_LEASED, e[i].result);
			EXPECT_TRUE(kst_holds(window + e[i].offset, bs,
					      kst_seed(1, n + i)));
			EXPECT_EQ(0, kst_release(self->fd, e[i].slot));
		}
	}
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
}

static void touch_all(struct __test_metadata *_metadata,
		      FIXTURE_DATA(sizes) *self, __u32 bs)
{
	long long loads = kst_stat(KST_SPACE, "loads") + self->nr - self->frames;
	struct kvt_space_info info;
	unsigned int n;
	__u32 slot;
	char *s;

	ASSERT_EQ(0, kst_info(self->fd, &info));
	s = kst_map_slots(self->fd, info.nr_slots);
	ASSERT_NE(NULL, s);
	for (n = 0; n < self->nr; n++) {
		ASSERT_LE(0, kst_tier_of(self->fd, 1, n, &slot));
		ASSERT_GT(info.nr_slots, slot);
		EXPECT_TRUE(kst_holds(s + (size_t)slot * bs, bs,
				      kst_seed(1, n))) {
			TH_LOG("block %u, slot %u", n, slot);
		}
	}
	EXPECT_LE(loads, kst_stat_wait(KST_SPACE, "loads", loads));
}

static void prefetch_one(struct __test_metadata *_metadata,
			 FIXTURE_DATA(sizes) *self, __u32 bs)
{
	int n = kst_cold(self->fd, 1, self->nr);
	struct kvt_entry e;
	unsigned int i;

	ASSERT_LE(0, n);
	/* A hint needs room. */
	for (i = 0; i < self->nr; i++) {
		if (kst_tier_of(self->fd, 1, i, NULL) == KVT_TIER_DRAM)
			kst_drop(self->fd, kst_key(1, i), 0);
	}
	kst_entries(&e, 1, 1, n);
	EXPECT_EQ(KVT_TIER_NVME, kst_one(self->fd, KVT_OP_PREFETCH, 0, &e));
	/* It may be forgotten. */
	EXPECT_TRUE(KST_UNTIL(kst_tier_of(self->fd, 1, n, NULL) == KVT_TIER_DRAM ||
			      kst_one(self->fd, KVT_OP_PREFETCH, 0, &e) < 0));
	EXPECT_EQ(KVT_TIER_DRAM, kst_tier_of(self->fd, 1, n, NULL));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(0, kst_get_block(self->fd, 1, n, bs));
}

TEST_F_TIMEOUT(sizes, down_and_up, 240)
{
	get_all(_metadata, self, variant->bs);
	acquire_all(_metadata, self, variant->bs);
	touch_all(_metadata, self, variant->bs);
	EXPECT_EQ(0, kst_stat(KST_SPACE, "lost"));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "evictions"));
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "crc_errors"));
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "io_errors"));
	prefetch_one(_metadata, self, variant->bs);
}

/* ------------------------------------------------------------------- 64 KiB blocks */

#define BS	65536U
#define MIB	4
#define FRAMES	(MIB * KST_MIB / BS)	/* 64 */
#define NR	(3 * FRAMES)

FIXTURE(moves) {
	int fd;
	struct kvt_entry e;
};

FIXTURE_SETUP(moves)
{
	KST_START_NVME(1);
	const struct kst_set set = {
		.nr = 1, .dev = { kst_nvme(0) }, .segment = KST_MIB,
		.grade = KST_BULK,
	};

	ASSERT_EQ(0, kst_make_nvme(&set, BS, MIB, 64));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, NR, BS));
	kst_settle(KST_SPACE);
}

FIXTURE_TEARDOWN_PARENT(moves)
{
	EXPECT_EQ(0, kst_cleanup());
}

static int one_with(int fd, __u32 op, __u32 flags, unsigned int n,
		    struct kvt_entry *e)
{
	kst_entries(e, 1, 1, n);
	return kst_one(fd, op, flags, e);
}

TEST_F_TIMEOUT(moves, memory_only, 60)
{
	long long loads = kst_stat(KST_SPACE, "loads");
	int n = kst_cold(self->fd, 1, NR);
	struct kvt_entry e[NR];
	struct kvt_batch b;

	ASSERT_LE(0, n);
	EXPECT_EQ(KVT_TIER_NVME, one_with(self->fd, KVT_OP_LOOKUP, 0, n,
					  &self->e));
	EXPECT_EQ(-ENOENT, one_with(self->fd, KVT_OP_LOOKUP, KVT_F_MEMORY_ONLY,
				    n, &self->e));
	EXPECT_EQ(-ENOENT, one_with(self->fd, KVT_OP_ACQUIRE, KVT_F_MEMORY_ONLY,
				    n, &self->e));
	/* The prefix ends where nvme begins; of a chain the end goes first. */
	kst_entries(e, NR, 1, 0);
	kst_batch(&b, KVT_OP_LOOKUP, e, NR);
	b.flags = KVT_F_MEMORY_ONLY;
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	EXPECT_GE(n, b.ok);
	/* It may have gone on meanwhile. */
	EXPECT_LE(kst_cold(self->fd, 1, NR), b.ok);
	b.flags = 0;
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	EXPECT_EQ(NR, b.ok);
	EXPECT_EQ(loads, kst_stat(KST_SPACE, "loads"));
}

/* Inclusive: a copy below makes the next way down free. */
TEST_F_TIMEOUT(moves, written_once, 120)
{
	unsigned int pass;
	struct kst_found f;

	for (pass = 0; pass < 3; pass++) {
		f = kst_check_chain(self->fd, 1, NR, BS);
		EXPECT_EQ(NR, f.good);
	}
	EXPECT_LE(2 * (NR - FRAMES), kst_stat(KST_SPACE, "loads"));
	EXPECT_GE(NR, kst_stat(KST_SPACE, "writeouts"));
	EXPECT_GE((long long)NR * BS,
		  kst_tier_attr(KST_NVME, "block_bytes_written"));
	EXPECT_LT(NR, kst_stat(KST_SPACE, "demotions"));
}

/* Who does not wait gets a prefix; who does gets all. */
TEST_F_TIMEOUT(moves, back_pressure, 120)
{
	static char data[BS];
	struct kvt_entry e[NR];
	struct kvt_batch b;
	unsigned int i;

	kst_entries(e, NR, 2, 0);
	for (i = 0; i < NR; i++)
		e[i].addr = kst_ptr(data);
	kst_batch(&b, KVT_OP_PUT, e, NR);
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	if (b.ok < NR) {
		EXPECT_EQ(b.ok + 1, b.done);
		EXPECT_EQ(-ENOSPC, e[b.ok].result);
	}
	for (i = 0; i < b.ok; i++) {
		EXPECT_EQ(KVT_TIER_DRAM, e[i].result);
	}
	/* The rest, with patience */
	kst_batch(&b, KVT_OP_PUT, e, NR);
	b.flags = KVT_F_WAIT;
	b.timeout_ns = KST_PATIENCE * 1000000ULL;
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	EXPECT_EQ(NR, b.ok);
	EXPECT_EQ(2 * NR, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "evictions"));
}

TEST_F_TIMEOUT(moves, lease_of_what_was_on_nvme, 60)
{
	int n = kst_cold(self->fd, 1, NR);
	char *w;

	ASSERT_LE(0, n);
	w = kst_map_window(self->fd, 0, PROT_READ, NULL);
	ASSERT_NE(NULL, w);
	ASSERT_EQ(KVT_TIER_DRAM | KVT_RES_LEASED,
		  kst_acquire_wait(self->fd, kst_key(1, n), &self->e));
	/* It stays where it is, whatever else comes and goes. */
	ASSERT_EQ(0, kst_put_chain(self->fd, 2, 0, 2 * FRAMES, BS));
	EXPECT_EQ(KVT_TIER_DRAM, kst_tier_of(self->fd, 1, n, NULL));
	EXPECT_TRUE(kst_holds(w + self->e.offset, BS, kst_seed(1, n)));
	EXPECT_EQ(0, kst_release(self->fd, self->e.slot));
	ASSERT_EQ(0, kst_put_chain(self->fd, 3, 0, 2 * FRAMES, BS));
	EXPECT_EQ(KVT_TIER_NVME, kst_tier_of(self->fd, 1, n, NULL));
	EXPECT_EQ(0, kst_get_block(self->fd, 1, n, BS));
}

/* Present is present, wherever; with a lease it is brought up. */
TEST_F_TIMEOUT(moves, reserve_of_what_is_on_nvme, 60)
{
	char *w = kst_map_window(self->fd, 0, PROT_READ, NULL);
	int n = kst_cold(self->fd, 1, NR);
	struct kvt_batch b;

	ASSERT_NE(NULL, w);
	ASSERT_LE(0, n);
	EXPECT_EQ(KVT_TIER_NVME | KVT_RES_PRESENT,
		  one_with(self->fd, KVT_OP_RESERVE, 0, n, &self->e));
	kst_entries(&self->e, 1, 1, n);
	kst_batch(&b, KVT_OP_RESERVE, &self->e, 1);
	b.flags = KVT_F_LEASE | KVT_F_WAIT;
	b.timeout_ns = KST_PATIENCE * 1000000ULL;
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	ASSERT_EQ(KVT_TIER_DRAM | KVT_RES_PRESENT | KVT_RES_LEASED,
		  self->e.result);
	EXPECT_TRUE(kst_holds(w + self->e.offset, BS, kst_seed(1, n)));
	EXPECT_EQ(0, kst_release(self->fd, self->e.slot));
}

/* Who may only read may have blocks brought up. */
TEST_F_TIMEOUT(moves, read_only_file, 60)
{
	int ro = kst_open(KST_SPACE, O_RDONLY), n = kst_cold(self->fd, 1, NR);
	char *w = kst_map_window(ro, 0, PROT_READ, NULL);

	ASSERT_LE(0, ro);
	ASSERT_NE(NULL, w);
	ASSERT_LE(0, n);
	ASSERT_LE(0, kst_acquire_wait(ro, kst_key(1, n), &self->e));
	EXPECT_TRUE(kst_holds(w + self->e.offset, BS, kst_seed(1, n)));
	EXPECT_EQ(0, kst_release(ro, self->e.slot));
	EXPECT_EQ(0, kst_get_block(ro, 1, n + 1, BS));
}

/* More than memory holds: a prefix, and none of its tail stays leased. */
TEST_F_TIMEOUT(moves, acquire_more_than_fits, 60)
{
	struct kvt_entry e[NR];
	struct kvt_batch b;
	unsigned int i;

	ASSERT_EQ(0, kst_knob(KST_SPACE, "lease_quota", "1000"));
	kst_entries(e, NR, 1, 0);
	kst_batch(&b, KVT_OP_ACQUIRE, e, NR);
	b.flags = KVT_F_WAIT;
	b.timeout_ns = 3000000000ULL;
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	EXPECT_LE(FRAMES / 2, b.ok);
	EXPECT_GE(FRAMES, b.ok);
	EXPECT_EQ(-ETIMEDOUT, e[b.ok].result);
	EXPECT_EQ(b.ok, kst_attr(KST_SPACE, "leases"));
	for (i = 0; i < b.ok; i++) {
		EXPECT_EQ(0, kst_release(self->fd, e[i].slot));
	}
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(NR, kst_check_chain(self->fd, 1, NR, BS).good);
}

TEST_F_TIMEOUT(moves, drop, 60)
{
	int n = kst_cold(self->fd, 1, NR);
	__u32 slot;
	char *s;

	ASSERT_LE(0, n);
	s = kst_map_slots(self->fd, 8 * NR);
	ASSERT_NE(NULL, s);
	ASSERT_EQ(KVT_TIER_NVME, kst_tier_of(self->fd, 1, n, &slot));
	EXPECT_EQ(0, kst_drop(self->fd, kst_key(1, n), 0));
	EXPECT_EQ(-ENOENT, kst_tier_of(self->fd, 1, n, NULL));
	EXPECT_EQ(-ENOENT, kst_get_block(self->fd, 1, n, BS));
	EXPECT_EQ(-ENOENT, kst_drop(self->fd, kst_key(1, n), 0));
	EXPECT_EQ(SIGBUS, kst_touch(s + (size_t)slot * BS));
	EXPECT_EQ(NR - 1, kst_attr(KST_SPACE, "blocks"));
	/* Its key again, with other bytes */
	ASSERT_LE(0, kst_put_wait(self->fd, kst_key(1, n), kst_key(1, n - 1), BS,
				  4711));
	ASSERT_EQ(0, kst_put_chain(self->fd, 2, 0, 2 * FRAMES, BS));
	EXPECT_EQ(KVT_TIER_NVME, kst_tier_of(self->fd, 1, n, NULL));
	EXPECT_LE(0, kst_acquire_wait(self->fd, kst_key(1, n), &self->e));
	EXPECT_EQ(0, kst_get_pattern(self->fd, kst_key(1, n), BS, 4711));
}

TEST_F_TIMEOUT(moves, drop_chain, 60)
{
	EXPECT_LT(0, kst_count(self->fd, 1, NR, KVT_TIER_NVME));
	EXPECT_LT(0, kst_count(self->fd, 1, NR, KVT_TIER_DRAM));
	EXPECT_EQ(0, kst_drop(self->fd, kst_key(1, NR / 8), KVT_F_CHAIN));
	EXPECT_EQ(NR / 8, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_drop(self->fd, kst_key(1, 0), KVT_F_CHAIN));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "descriptors", 0));
	EXPECT_EQ(NR, kst_check_chain(self->fd, 1, NR, BS).absent);
}

/* Layer by layer, from a block that is not in memory at first. */
TEST_F_TIMEOUT(moves, get_parts, 60)
{
	int n = kst_cold(self->fd, 1, NR);
	static char whole[BS], part[BS];
	unsigned int pos;
	int ret;

	ASSERT_LE(0, n);
	kst_fill(whole, BS, kst_seed(1, n));
	EXPECT_EQ(KVT_TIER_NVME, kst_tier_of(self->fd, 1, n, NULL));
	for (pos = 0; pos < BS; pos += 12288) {
		unsigned int len = BS - pos < 12288 ? BS - pos : 12288;

		/* There may be no frame for it just now. */
		KST_UNTIL((ret = kst_get(self->fd, kst_key(1, n), part, pos,
					 len)) != -ENOSPC);
		ASSERT_LE(0, ret) {
			TH_LOG("%u bytes from %u on, %lld frames free", len, pos,
			       kst_arena(KST_SPACE, 0, "free"));
		}
		EXPECT_EQ(0, memcmp(part, whole + pos, len));
	}
}

struct mixed {
	__u64 until;
	unsigned int seed;
};

/* Exit status 2: wrong bytes. */
static int mix(struct kst_child *c, void *arg)
{
	const struct mixed *m = arg;
	int fd = kst_open(KST_SPACE, O_RDWR);
	unsigned int reads = 0;

	if (fd < 0)
		return 1;
	srand(m->seed);
	while (kst_now_ms() < m->until || reads < 30 ||
	       !kst_stat(KST_SPACE, "loads")) {
		unsigned int chain = 10 + rand() % 12, n = rand() % 32;
		int ret = kst_get_pattern(fd, kst_key(chain, n), BS,
					  kst_seed(chain, n));

		if (ret == 1)
			return 2;
		reads += !ret;
		if (ret == -ENOENT)
			kst_put_chain(fd, chain, n, 1, BS);
		if (rand() % 32 == 0)
			kst_drop(fd, kst_key(chain, n), KVT_F_CHAIN);
	}
	kst_say(c, reads);
	return 0;
}

TEST_F_TIMEOUT(moves, everything_at_once, 120)
{
	struct kst_child c[3];
	struct mixed m[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		m[i] = (struct mixed){ kst_now_ms() + 4000, i };
		ASSERT_EQ(0, kst_spawn(&c[i], mix, &m[i]));
	}
	for (i = 0; i < 3; i++) {
		EXPECT_LT(20, kst_hear(&c[i]));
		EXPECT_EQ(0, kst_join(&c[i]));
	}
	EXPECT_LT(0, kst_stat(KST_SPACE, "loads"));
	EXPECT_EQ(0, kst_stat(KST_SPACE, "lost"));
	/* The accounts balance as soon as nothing moves. */
	EXPECT_TRUE(KST_UNTIL(kst_attr(KST_SPACE, "blocks") ==
			      kst_arena(KST_SPACE, 0, "blocks") +
			      kst_arena(KST_SPACE, 1, "blocks")));
	EXPECT_TRUE(KST_UNTIL(kst_arena(KST_SPACE, 0, "blocks") +
			      kst_arena(KST_SPACE, 0, "free") == FRAMES));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
}

TEST_HARNESS_MAIN
