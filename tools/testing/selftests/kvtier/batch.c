// SPDX-License-Identifier: GPL-2.0
/*
 * What KVT_IOC_SUBMIT refuses as a whole: commands, flags, counts, fields,
 * pointers. A refused batch changes nothing. Built for 64 and for 32 bits.
 */
#include "kselftest_harness.h"
#include "util.h"

#define BS	4096U
#define NR	4

static const __u32 op_flags[] = {
	[KVT_OP_LOOKUP]		= KVT_F_MEMORY_ONLY,
	[KVT_OP_ACQUIRE]	= KVT_F_WAIT | KVT_F_NO_PROMOTE |
				  KVT_F_MEMORY_ONLY | KVT_F_ARRIVING |
				  KVT_F_LOCAL | KVT_F_AWAIT,
	[KVT_OP_RELEASE]	= KVT_F_TOUCH,
	[KVT_OP_RESERVE]	= KVT_F_WAIT | KVT_F_LEASE | KVT_F_FLAT |
				  KVT_F_CLASS,
	[KVT_OP_COMMIT]		= 0,
	[KVT_OP_ABORT]		= 0,
	[KVT_OP_PUT]		= KVT_F_WAIT | KVT_F_FLAT | KVT_F_CLASS,
	[KVT_OP_GET]		= KVT_F_LOCAL,
	[KVT_OP_PREFETCH]	= KVT_F_LOCAL,
	[KVT_OP_DROP]		= KVT_F_CHAIN | KVT_F_LOCAL,
};

#define NR_OPS	ARRAY_SIZE(op_flags)

static bool takes_slot(__u32 op)
{
	return op == KVT_OP_RELEASE || op == KVT_OP_COMMIT ||
	       op == KVT_OP_ABORT;
}

FIXTURE(batch) {
	struct kvt_entry e[NR];
	struct kvt_batch b;
	char data[BS];
};

FIXTURE_SETUP(batch)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, 4, 0));
}

FIXTURE_TEARDOWN_PARENT(batch)
{
	kst_cleanup();
}

/* A batch of @nr entries that the kernel carries out. */
static void good_batch(FIXTURE_DATA(batch) *self, __u32 op, __u32 nr)
{
	__u32 i;

	kst_entries(self->e, NR, 7, 0);
	kst_batch(&self->b, op, self->e, nr);
	for (i = 0; i < NR; i++) {
		if (takes_slot(op))
			memset(self->e[i].key, 0, KVT_KEY_SIZE);
		if (op == KVT_OP_PUT || op == KVT_OP_GET)
			self->e[i].addr = kst_ptr(self->data);
		if (op == KVT_OP_GET)
			self->e[i].len = BS;
	}
}

static bool nothing_happened(void)
{
	return kst_attr(KST_SPACE, "blocks") == 0 &&
	       kst_attr(KST_SPACE, "filling") == 0 &&
	       kst_attr(KST_SPACE, "leases") == 0 &&
	       kst_attr(KST_SPACE, "descriptors") == 0 &&
	       kst_arena(KST_SPACE, 0, "free") == 4 * KST_MIB / BS;
}

/* All other tests mean something only because this one passes. */
TEST_F(batch, good_batches_accepted)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	__u32 op;

	ASSERT_LE(0, fd);
	for (op = 0; op < NR_OPS; op++) {
		good_batch(self, op, NR);
		EXPECT_EQ(0, kst_submit(fd, &self->b)) {
			TH_LOG("op %u", op);
		}
		EXPECT_LE(1, self->b.done);
		EXPECT_LE(self->b.ok, self->b.done);
	}
}

TEST_F(batch, unknown_ops)
{
	static const __u32 ops[] = {
		10, 11, 63, 64, 255, 256, 0x10000, 0x80000000, 0xffffffff,
	};
	int fd = kst_open(KST_SPACE, O_RDWR);
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		good_batch(self, KVT_OP_LOOKUP, 1);
		self->b.op = ops[i];
		EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b)) {
			TH_LOG("op %u", ops[i]);
		}
	}
	EXPECT_TRUE(nothing_happened());
}

TEST_F(batch, flags_that_the_op_does_not_take)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	__u32 op, bit;

	ASSERT_LE(0, fd);
	for (op = 0; op < NR_OPS; op++) {
		for (bit = 0; bit < 32; bit++) {
			if (op_flags[op] & (1U << bit))
				continue;
			good_batch(self, op, NR);
			self->b.flags = 1U << bit;
			EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b)) {
				TH_LOG("op %u, flag bit %u", op, bit);
			}
		}
	}
	EXPECT_TRUE(nothing_happened());
}

TEST_F(batch, flags_that_the_op_takes)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	__u32 op, bit;

	ASSERT_LE(0, fd);
	for (op = 0; op < NR_OPS; op++) {
		for (bit = 0; bit < 32; bit++) {
			if (!(op_flags[op] & (1U << bit)))
				continue;
			good_batch(self, op, 1);
			self->b.flags = 1U << bit;
			EXPECT_EQ(0, kst_submit(fd, &self->b)) {
				TH_LOG("op %u, flag bit %u", op, bit);
			}
		}
	}
}

TEST_F(batch, counts)
{
	static const __u32 counts[] = {
		0, KVT_MAX_BATCH + 1, 1 << 20, 1 << 26, 0x08000000, 0x10000000,
		0x40000001, 0x80000000, 0xffffffff,
	};
	int fd = kst_open(KST_SPACE, O_RDWR);
	unsigned int i;
	__u32 op;

	ASSERT_LE(0, fd);
	for (op = 0; op < NR_OPS; op++) {
		for (i = 0; i < ARRAY_SIZE(counts); i++) {
			good_batch(self, op, 1);
			self->b.nr = counts[i];
			EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b)) {
				TH_LOG("op %u, %u entries", op, counts[i]);
			}
		}
	}
	EXPECT_TRUE(nothing_happened());
}

TEST_F(batch, fields_of_the_batch)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	__u32 op;

	ASSERT_LE(0, fd);
	for (op = 0; op < NR_OPS; op++) {
		bool fills = op == KVT_OP_RESERVE || op == KVT_OP_PUT;

		/* A time without KVT_F_WAIT */
		good_batch(self, op, NR);
		self->b.timeout_ns = op == KVT_OP_PREFETCH ? KVT_MAX_TIMEOUT_NS + 1 : 1;
		EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b));
		if (op_flags[op] & KVT_F_WAIT) {
			self->b.flags = KVT_F_WAIT;
			self->b.timeout_ns = KVT_MAX_TIMEOUT_NS + 1;
			EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b));
			self->b.timeout_ns = ~0ULL;
			EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b));
		}
		/* A class without KVT_F_CLASS, or too large */
		good_batch(self, op, NR);
		self->b.class_id = 1;
		EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b));
		if (op_flags[op] & KVT_F_CLASS) {
			self->b.flags = KVT_F_CLASS;
			self->b.class_id = KVT_MAX_CLASS + 1;
			EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b));
			self->b.class_id = 255;
			EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b));
		}
		/* A parent where there is none */
		good_batch(self, op, NR);
		self->b.parent[31] = 1;
		if (!fills) {
			EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b)) {
				TH_LOG("op %u with a parent", op);
			}
		}
		/* A tier: PREFETCH to memory only */
		good_batch(self, op, NR);
		self->b.tier = op == KVT_OP_PREFETCH ? KVT_TIER_NVME : 1;
		EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b)) {
			TH_LOG("op %u with a tier", op);
		}
		self->b.tier = 255;
		EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b));
	}
	EXPECT_TRUE(nothing_happened());
}

/* One bad entry at the end: the good ones before it are not done either. */
TEST_F(batch, key_of_zero)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	__u32 op;

	ASSERT_LE(0, fd);
	for (op = 0; op < NR_OPS; op++) {
		if (takes_slot(op))
			continue;
		good_batch(self, op, NR);
		memset(self->e[NR - 1].key, 0, KVT_KEY_SIZE);
		EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b)) {
			TH_LOG("op %u", op);
		}
	}
	EXPECT_TRUE(nothing_happened());
}

TEST_F(batch, entry_fields_that_the_op_does_not_use)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	struct kvt_entry *last = &self->e[NR - 1];
	__u32 op;

	ASSERT_LE(0, fd);
	for (op = 0; op < NR_OPS; op++) {
		good_batch(self, op, NR);
		if (op != KVT_OP_PUT && op != KVT_OP_GET) {
			last->addr = 1ULL << 63;
			EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b)) {
				TH_LOG("op %u with an address", op);
			}
		}
		if (op == KVT_OP_GET)
			continue;
		good_batch(self, op, NR);
		last->pos = 1;
		EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b)) {
			TH_LOG("op %u with a position", op);
		}
		last->pos = 0;
		last->len = 1;
		EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b)) {
			TH_LOG("op %u with a length", op);
		}
	}
	EXPECT_TRUE(nothing_happened());
}

/* The array that RESERVE filled in may be handed on as it is. */
TEST_F(batch, commands_by_slot_ignore_the_key)
{
	int fd = kst_open(KST_SPACE, O_RDWR);

	ASSERT_LE(0, fd);
	good_batch(self, KVT_OP_RESERVE, NR);
	ASSERT_EQ(0, kst_submit(fd, &self->b));
	ASSERT_EQ(NR, self->b.ok);
	self->b.op = KVT_OP_COMMIT;
	ASSERT_EQ(0, kst_submit(fd, &self->b));
	EXPECT_EQ(NR, self->b.ok);
	self->b.op = KVT_OP_ACQUIRE;
	ASSERT_EQ(0, kst_submit(fd, &self->b));
	ASSERT_EQ(NR, self->b.ok);
	self->b.op = KVT_OP_RELEASE;
	ASSERT_EQ(0, kst_submit(fd, &self->b));
	EXPECT_EQ(NR, self->b.ok);
}

/* What the kernel writes may hold anything on input. */
TEST_F(batch, output_fields_are_ignored)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	__u32 op;

	ASSERT_LE(0, fd);
	for (op = 0; op < NR_OPS; op++) {
		good_batch(self, op, 1);
		self->e[0].offset = ~0ULL;
		self->e[0].result = -77;
		if (!takes_slot(op) && op != KVT_OP_GET &&
		    op != KVT_OP_PREFETCH && op != KVT_OP_DROP)
			self->e[0].slot = 0xffffffff;
		self->b.done = 0xffffffff;
		self->b.ok = 0xffffffff;
		EXPECT_EQ(0, kst_submit(fd, &self->b)) {
			TH_LOG("op %u", op);
		}
		EXPECT_EQ(1, self->b.done);
	}
}

TEST_F(batch, ranges_of_get)
{
	static const struct {
		__u32 pos;
		__u32 len;
	} bad[] = {
		{ 0, 0 }, { 1, 0 }, { 0, BS + 1 }, { BS, 1 }, { 1, BS },
		{ BS - 1, 2 }, { 0xffffffff, 1 }, { 0xffffffff, 2 },
		{ 0xfffff001, 0xfff }, { 2, 0xffffffff }, { 0, 0xffffffff },
		{ 0x80000000, 0x80000000 },
	};
	int fd = kst_open(KST_SPACE, O_RDWR);
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		good_batch(self, KVT_OP_GET, NR);
		self->e[NR - 1].pos = bad[i].pos;
		self->e[NR - 1].len = bad[i].len;
		EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b)) {
			TH_LOG("pos %u, len %u", bad[i].pos, bad[i].len);
		}
	}
}

TEST_F(batch, entries_pointer)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	char *page;
	__u32 op;

	ASSERT_LE(0, fd);
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(0, munmap(page + 4096, 4096));
	for (op = 0; op < NR_OPS; op++) {
		__u64 bad[] = {
			0, 8, kst_ptr(page + 4096), ~0ULL << 12, 1ULL << 63,
			0xffff888000000000ULL, 0x0000800000000000ULL,
			0x00007ffffffff000ULL, 0xfffffffffffffff8ULL,
		};
		unsigned int i;

		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			good_batch(self, op, NR);
			self->b.entries = bad[i];
			EXPECT_EQ(-EFAULT, kst_submit(fd, &self->b)) {
				TH_LOG("op %u, entries at %#llx", op, bad[i]);
			}
		}
		/* The first entry is there, the second is not. */
		good_batch(self, op, 2);
		memcpy(page + 4096 - sizeof(self->e[0]), self->e,
		       sizeof(self->e[0]));
		self->b.entries = kst_ptr(page + 4096 - sizeof(self->e[0]));
		EXPECT_EQ(-EFAULT, kst_submit(fd, &self->b)) {
			TH_LOG("op %u", op);
		}
		/* Not aligned */
		good_batch(self, op, 1);
		self->b.entries += 4;
		EXPECT_EQ(-EINVAL, kst_submit(fd, &self->b)) {
			TH_LOG("op %u, misaligned entries", op);
		}
	}
	EXPECT_TRUE(nothing_happened());
}

/*
 * The answer cannot be written. The command may have been done: what it took
 * is given back with the file.
 */
TEST_F(batch, read_only_entries)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	struct kvt_entry *e;
	__u32 op;

	ASSERT_LE(0, fd);
	e = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, e);
	for (op = 0; op < NR_OPS; op++) {
		if (op == KVT_OP_PUT)
			continue;
		good_batch(self, op, NR);
		ASSERT_EQ(0, mprotect(e, 4096, PROT_READ | PROT_WRITE));
		memcpy(e, self->e, sizeof(self->e));
		ASSERT_EQ(0, mprotect(e, 4096, PROT_READ));
		self->b.entries = kst_ptr(e);
		EXPECT_EQ(-EFAULT, kst_submit(fd, &self->b)) {
			TH_LOG("op %u", op);
		}
	}
	close(fd);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "filling", 0));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "quarantined", 0));
	EXPECT_TRUE(nothing_happened());
}

TEST_F(batch, put_and_get_addresses)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	struct kst_key a = kst_key(7, 0), b = kst_key(7, 1);
	char *page;

	ASSERT_LE(0, fd);
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(0, munmap(page + 4096, 4096));
	EXPECT_EQ(-EFAULT, kst_put(fd, a, kst_root, NULL));
	EXPECT_EQ(-EFAULT, kst_put(fd, a, kst_root, page + 4096));
	EXPECT_EQ(-EFAULT, kst_put(fd, a, kst_root, page + 1));
	EXPECT_EQ(-EFAULT, kst_put(fd, a, kst_root, (void *)-8192L));
	/* A failed PUT leaves neither a block nor a filling one. */
	EXPECT_TRUE(nothing_happened());
	EXPECT_EQ(0, kst_put(fd, a, kst_root, page));
	EXPECT_EQ(-EFAULT, kst_get(fd, a, NULL, 0, BS));
	EXPECT_EQ(-EFAULT, kst_get(fd, a, page + 4096, 0, 1));
	EXPECT_EQ(-EFAULT, kst_get(fd, a, page + 1, 0, BS));
	EXPECT_EQ(0, kst_get(fd, a, page, 0, BS));
	EXPECT_EQ(-ENOENT, kst_get(fd, b, page, 0, BS));
}

/* A chain ends at the bad address; what is before it stands. */
TEST_F(batch, bad_address_in_the_middle)
{
	int fd = kst_open(KST_SPACE, O_RDWR);

	ASSERT_LE(0, fd);
	good_batch(self, KVT_OP_PUT, NR);
	self->e[2].addr = 8;
	self->e[3].result = 12345;
	ASSERT_EQ(0, kst_submit(fd, &self->b));
	EXPECT_EQ(3, self->b.done);
	EXPECT_EQ(2, self->b.ok);
	EXPECT_EQ(-EFAULT, self->e[2].result);
	EXPECT_EQ(12345, self->e[3].result);
	EXPECT_EQ(2, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "filling"));
	good_batch(self, KVT_OP_GET, NR);
	self->e[0].addr = 8;
	ASSERT_EQ(0, kst_submit(fd, &self->b));
	EXPECT_EQ(NR, self->b.done);
	EXPECT_EQ(1, self->b.ok);
	EXPECT_EQ(-EFAULT, self->e[0].result);
	EXPECT_EQ(0, self->e[1].result);
	EXPECT_EQ(-ENOENT, self->e[2].result);
}

TEST_F(batch, slots_that_mean_nothing)
{
	static const __u32 ops[] = {
		KVT_OP_RELEASE, KVT_OP_COMMIT, KVT_OP_ABORT,
	};
	static const __u32 slots[] = {
		0, 1, 63, 64, 1024, 0x7fffffff, 0x80000000, 0xfffffffe,
		0xffffffff,
	};
	int fd = kst_open(KST_SPACE, O_RDWR);
	unsigned int i, j;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		for (j = 0; j < ARRAY_SIZE(slots); j++) {
			struct kvt_entry e = { .slot = slots[j] };

			EXPECT_EQ(-ENOENT, kst_one(fd, ops[i], 0, &e)) {
				TH_LOG("op %u, slot %u", ops[i], slots[j]);
			}
		}
	}
	EXPECT_TRUE(nothing_happened());
}

TEST_F(batch, other_identity)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	int other = kst_open(KST_SPACE, O_RDWR);
	__u32 op;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, other);
	EXPECT_EQ(0, kst_attach(other, 0x11));
	EXPECT_EQ(-EKEYREJECTED, kst_attach(fd, 0x12));
	for (op = 0; op < NR_OPS; op++) {
		good_batch(self, op, 1);
		EXPECT_EQ(-EKEYREJECTED, kst_submit(fd, &self->b)) {
			TH_LOG("op %u", op);
		}
	}
	EXPECT_TRUE(nothing_happened());
	good_batch(self, KVT_OP_LOOKUP, 1);
	EXPECT_EQ(0, kst_submit(other, &self->b));
}

/* Bytes go through both forms of a 32-bit caller's file offset. */
TEST_F(batch, put_reserve_window_get)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	struct kvt_entry e;
	char *frame, buf[BS];

	ASSERT_LE(0, fd);
	ASSERT_LE(0, kst_reserve(fd, kst_key(1, 0), kst_root, &e));
	frame = kst_map(fd, e.offset, BS, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, frame);
	kst_fill(frame, BS, 42);
	ASSERT_LE(0, kst_commit(fd, e.slot));
	ASSERT_EQ(0, kst_get(fd, kst_key(1, 0), buf, 0, BS));
	EXPECT_TRUE(kst_holds(buf, BS, 42));
}

TEST_HARNESS_MAIN
