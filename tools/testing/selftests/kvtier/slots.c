// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: read a block at one address for all its life. Its bytes or SIGBUS,
 * never other bytes; nothing can pin them or write to them.
 */
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "nvme.h"

#ifdef HAVE_URING
#include <liburing.h>
#endif

#define BS	65536U
#define NSLOTS	512

FIXTURE(slots) {
	struct kvt_entry e;
};

FIXTURE_SETUP(slots)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, 8, 16));
}

FIXTURE_TEARDOWN_PARENT(slots)
{
	EXPECT_EQ(0, kst_cleanup());
}

static int open_rw(void)
{
	return kst_open(KST_SPACE, O_RDWR);
}

static int put(int fd, unsigned int n)
{
	return kst_put_wait(fd, kst_key(1, n), kst_root, BS, n);
}

/* Slot of block n, or ~0. */
static __u32 slot_of(int fd, unsigned int n)
{
	struct kvt_entry e;

	kst_entries(&e, 1, 1, n);
	return kst_one(fd, KVT_OP_LOOKUP, 0, &e) < 0 ? ~0U : e.slot;
}

TEST_F(slots, read_gives_the_bytes)
{
	int fd = open_rw(), ro = kst_open(KST_SPACE, O_RDONLY);
	unsigned int i;
	char *s;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, ro);
	s = kst_map_slots(ro, NSLOTS);
	ASSERT_NE(NULL, s);
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, put(fd, i));
	}
	for (i = 0; i < 50; i++) {
		__u32 slot = slot_of(fd, i);

		ASSERT_GT(NSLOTS, slot);
		EXPECT_TRUE(kst_holds(s + (size_t)slot * BS, BS, i));
	}
	EXPECT_LT(0, kst_stat(KST_SPACE, "slot_faults"));
}

/* The window and the slot show the same memory. */
TEST_F(slots, reserve_and_acquire_tell_the_same_slot)
{
	struct kvt_space_info info;
	struct kvt_entry e;
	int fd = open_rw();

	ASSERT_LE(0, fd);
	ASSERT_LE(0, kst_reserve(fd, kst_key(1, 0), kst_root, &self->e));
	ASSERT_EQ(0, kst_commit(fd, self->e.slot));
	ASSERT_LE(0, kst_acquire(fd, kst_key(1, 0), 0, &e));
	EXPECT_EQ(self->e.slot, e.slot);
	EXPECT_EQ(self->e.slot, slot_of(fd, 0));
	ASSERT_EQ(0, kst_info(fd, &info));
	EXPECT_LT(e.slot, info.nr_slots);
	EXPECT_EQ((__u64)info.nr_slots * BS, info.slots_len);
}

TEST_F(slots, sigbus_without_a_block)
{
	int fd = open_rw();
	__u32 slot;
	char *s;

	ASSERT_LE(0, fd);
	s = kst_map_slots(fd, NSLOTS);
	ASSERT_NE(NULL, s);
	EXPECT_EQ(SIGBUS, kst_touch(s));
	EXPECT_EQ(SIGBUS, kst_touch(s + (size_t)NSLOTS * BS - 1));
	ASSERT_EQ(0, put(fd, 0));
	slot = slot_of(fd, 0);
	ASSERT_GT(NSLOTS, slot);
	EXPECT_EQ(0, kst_touch(s + (size_t)slot * BS));
	EXPECT_EQ(SIGBUS, kst_touch(s + (size_t)(slot + 1) * BS));
	ASSERT_LE(0, kst_drop(fd, kst_key(1, 0), 0));
	EXPECT_EQ(SIGBUS, kst_touch(s + (size_t)slot * BS));
	EXPECT_EQ(SIGBUS, kst_touch(s + (size_t)slot * BS + BS - 1));
}

TEST_F(slots, sigbus_while_being_filled)
{
	int fd = open_rw();
	char *s;

	ASSERT_LE(0, fd);
	s = kst_map_slots(fd, NSLOTS);
	ASSERT_NE(NULL, s);
	ASSERT_LE(0, kst_reserve(fd, kst_key(1, 0), kst_root, &self->e));
	ASSERT_GT(NSLOTS, self->e.slot);
	EXPECT_EQ(SIGBUS, kst_touch(s + (size_t)self->e.slot * BS));
	ASSERT_EQ(0, kst_commit(fd, self->e.slot));
	EXPECT_EQ(0, kst_touch(s + (size_t)self->e.slot * BS));
}

/* Dropped though leased: hidden at once, here too. */
TEST_F(slots, sigbus_after_drop_of_a_leased_block)
{
	int fd = open_rw();
	char *s, *w;

	ASSERT_LE(0, fd);
	s = kst_map_slots(fd, NSLOTS);
	w = kst_map_window(fd, 0, PROT_READ, NULL);
	ASSERT_NE(NULL, s);
	ASSERT_NE(NULL, w);
	ASSERT_EQ(0, put(fd, 0));
	ASSERT_LE(0, kst_acquire(fd, kst_key(1, 0), 0, &self->e));
	s += (size_t)self->e.slot * BS;
	EXPECT_TRUE(kst_holds(s, BS, 0));
	ASSERT_LE(0, kst_drop(fd, kst_key(1, 0), 0));
	EXPECT_EQ(SIGBUS, kst_touch(s));
	EXPECT_TRUE(kst_holds(w + self->e.offset, BS, 0));
}

TEST_F(slots, system_calls_copy_from_them)
{
	int fd = open_rw(), p[2];
	static char buf[BS];
	size_t got = 0;
	ssize_t n;
	char *s;

	ASSERT_LE(0, fd);
	s = kst_map_slots(fd, NSLOTS);
	ASSERT_NE(NULL, s);
	ASSERT_EQ(0, put(fd, 0));
	s += (size_t)slot_of(fd, 0) * BS;
	ASSERT_EQ(0, pipe(p));
	while (got < BS) {
		n = write(p[1], s + got, 4096);
		ASSERT_EQ(4096, n);
		ASSERT_EQ(4096, read(p[0], buf + got, 4096));
		got += 4096;
	}
	EXPECT_TRUE(kst_holds(buf, BS, 0));
	ASSERT_LE(0, kst_drop(fd, kst_key(1, 0), 0));
	EXPECT_EQ(-1, write(p[1], s, 4096));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(slots, cannot_be_written)
{
	struct kvt_space_info info;
	int fd = open_rw();
	size_t len = (size_t)NSLOTS * BS;
	char *s;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_info(fd, &info));
	ASSERT_EQ(0, put(fd, 0));
	EXPECT_EQ(NULL, kst_map(fd, info.slots_offset, len,
				PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(NULL, kst_map(fd, info.slots_offset, len, PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(NULL, kst_map(fd, info.slots_offset, len,
				PROT_READ | PROT_EXEC));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd,
				   info.slots_offset));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, len, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE, fd, info.slots_offset));
	s = kst_map_slots(fd, NSLOTS);
	ASSERT_NE(NULL, s);
	EXPECT_EQ(-1, mprotect(s, len, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(s, len, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(SIGSEGV, kst_scribble(s + (size_t)slot_of(fd, 0) * BS));
	EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, 0), BS, 0));
}

TEST_F(slots, proc_mem_reads_and_does_not_write)
{
	int fd = open_rw(), mem = open("/proc/self/mem", O_RDWR);
	static char buf[BS];
	char *s;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, mem);
	if (!kst_kernel_has("HAVE_IOREMAP_PROT"))
		SKIP(return, "this kernel's debuggers see no such memory");
	s = kst_map_slots(fd, NSLOTS);
	ASSERT_NE(NULL, s);
	ASSERT_EQ(0, put(fd, 0));
	s += (size_t)slot_of(fd, 0) * BS;
	/* A debugger sees the bytes ... */
	EXPECT_EQ(BS, pread(mem, buf, BS, (uintptr_t)s));
	EXPECT_TRUE(kst_holds(buf, BS, 0));
	/* ... and cannot change them. */
	EXPECT_GE(0, pwrite(mem, "x", 1, (uintptr_t)s));
	EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, 0), BS, 0));
	ASSERT_LE(0, kst_drop(fd, kst_key(1, 0), 0));
	EXPECT_GE(0, pread(mem, buf, 1, (uintptr_t)s));
}

/* A pin would outlive the block: all ways to get one must fail. */
TEST_F(slots, cannot_be_pinned)
{
	struct iovec to = { .iov_len = 4096 }, from = { .iov_len = 4096 };
	static char buf[4096];
	int fd = open_rw(), disk, p[2];
	char *s;

	ASSERT_LE(0, fd);
	s = kst_map_slots(fd, NSLOTS);
	ASSERT_NE(NULL, s);
	ASSERT_EQ(0, put(fd, 0));
	s += (size_t)slot_of(fd, 0) * BS;
	EXPECT_EQ(0, kst_touch(s));
	to.iov_base = buf;
	from.iov_base = s;
	EXPECT_EQ(-1, process_vm_readv(getpid(), &to, 1, &from, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, pipe(p));
	EXPECT_EQ(-1, vmsplice(p[1], &from, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	if (access("/dev/ram0", F_OK))
		system("modprobe -q brd rd_nr=1 rd_size=4096 2> /dev/null");
	disk = open("/dev/ram0", O_RDWR | O_DIRECT);
	if (disk < 0)
		SKIP(return, "no /dev/ram0 for O_DIRECT; the rest passed");
	EXPECT_EQ(-1, pwrite(disk, s, 4096, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, pread(disk, s, 4096, 0));
	EXPECT_EQ(EFAULT, errno);
}

#ifdef HAVE_URING
TEST_F(slots, cannot_be_registered)
{
	struct iovec iov = { .iov_len = BS };
	struct io_uring ring;
	int fd = open_rw();
	char *s;

	ASSERT_LE(0, fd);
	if (io_uring_queue_init(4, &ring, 0))
		SKIP(return, "no io_uring");
	s = kst_map_slots(fd, NSLOTS);
	ASSERT_NE(NULL, s);
	ASSERT_EQ(0, put(fd, 0));
	iov.iov_base = s + (size_t)slot_of(fd, 0) * BS;
	EXPECT_EQ(0, kst_touch(iov.iov_base));
	EXPECT_EQ(-EFAULT, io_uring_register_buffers(&ring, &iov, 1));
	io_uring_queue_exit(&ring);
}
#endif

TEST_F(slots, map_cannot_grow)
{
	int fd = open_rw();
	char *s;

	ASSERT_LE(0, fd);
	s = kst_map_slots(fd, NSLOTS);
	ASSERT_NE(NULL, s);
	EXPECT_EQ(MAP_FAILED, mremap(s, (size_t)NSLOTS * BS,
				     2 * (size_t)NSLOTS * BS, MREMAP_MAYMOVE));
}

/* ------------------------------------------------------------------ */
/* Moves: a reader looks on while blocks go between tiers and away.	*/

#define RECENT	450	/* of so many blocks; there are 384 frames */

struct reader {
	unsigned int made;	/* blocks 0..made - 1 were put, each once */
	__u64 until;
};

static unsigned int recent_block(struct reader *r)
{
	unsigned int made = __atomic_load_n(&r->made, __ATOMIC_ACQUIRE);

	return made > RECENT ? made - 1 - rand() % RECENT : rand() % made;
}

/* Through a pipe: EFAULT, where a load would be a signal. */
static bool copy_block(void *to, const char *from)
{
	bool good = true;
	size_t off;
	int p[2];

	if (pipe(p))
		return false;
	for (off = 0; good && off < BS; off += 4096)
		good = write(p[1], from + off, 4096) == 4096 &&
		       read(p[0], (char *)to + off, 4096) == 4096;
	close(p[0]);
	close(p[1]);
	return good;
}

/*
 * Reads slots that it looked up. In between the block may have been evicted
 * and its slot given to another: such a read counts only when the block is
 * still in this slot afterwards. No block comes back. Exit 2: other bytes.
 */
static int read_slots(struct kst_child *c, void *arg)
{
	struct reader *r = arg;
	int fd = kst_open(KST_SPACE, O_RDONLY);
	char *s = kst_map_slots(fd, NSLOTS);
	unsigned int reads = 0;
	static char copy[BS];

	if (!s)
		return 1;
	srand(getpid());
	while (kst_now_ms() < r->until || reads <= 50) {
		unsigned int n = recent_block(r);
		__u32 slot = slot_of(fd, n);

		if (slot >= NSLOTS || !copy_block(copy, s + (size_t)slot * BS) ||
		    slot_of(fd, n) != slot)
			continue;
		if (!kst_holds(copy, BS, n))
			return 2;
		reads++;
	}
	kst_say(c, reads);
	return 0;
}

TEST_F_TIMEOUT(slots, right_bytes_while_blocks_move, 60)
{
	struct reader *r;
	struct kst_child c[2];
	unsigned int i;
	int fd = open_rw();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "promote", "always"));
	r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, r);
	r->until = kst_now_ms() + 10000;
	ASSERT_EQ(0, put(fd, r->made++));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, kst_spawn(&c[i], read_slots, r));
	}
	/* Demotions, promotions and evictions, and drops */
	srand(1);
	while (kst_now_ms() < r->until ||
	       kst_stat(KST_SPACE, "demotions") <= 10 ||
	       kst_stat(KST_SPACE, "promotions") <= 10 ||
	       !kst_stat(KST_SPACE, "evictions")) {
		if (r->made < RECENT || rand() % 4 == 0) {
			ASSERT_LE(0, put(fd, r->made));
			__atomic_add_fetch(&r->made, 1, __ATOMIC_RELEASE);
		} else if (kst_acquire(fd, kst_key(1, recent_block(r)), 0,
				       &self->e) >= 0) {
			ASSERT_EQ(0, kst_release(fd, self->e.slot));
		}
		if (rand() % 16 == 0)
			kst_drop(fd, kst_key(1, recent_block(r)), 0);
	}
	for (i = 0; i < 2; i++) {
		EXPECT_LT(50, kst_hear(&c[i]));
		EXPECT_EQ(0, kst_join(&c[i]));
	}
	EXPECT_LT(10, kst_stat(KST_SPACE, "demotions"));
	EXPECT_LT(10, kst_stat(KST_SPACE, "promotions"));
	EXPECT_LT(0, kst_stat(KST_SPACE, "evictions"));
	for (i = 0; i < r->made; i++) {
		EXPECT_NE(1, kst_get_pattern(fd, kst_key(1, i), BS, i));
	}
}

/* One block that only moves: never SIGBUS, always its bytes. */
static int read_one_slot(struct kst_child *c, void *arg)
{
	__u64 until = kst_now_ms() + 5000;
	int fd = kst_open(KST_SPACE, O_RDONLY);
	char *s = kst_map_slots(fd, NSLOTS);
	__u32 slot = (uintptr_t)arg;
	unsigned int reads = 0;

	if (!s)
		return 1;
	s += (size_t)slot * BS;
	while (kst_now_ms() < until || !reads) {
		if (kst_touch(s) || !kst_holds(s, BS, 0))
			return 2;
		reads++;
	}
	kst_say(c, reads);
	return 0;
}

TEST_F_TIMEOUT(slots, reader_does_not_notice_moves, 60)
{
	__u64 until = kst_now_ms() + 6000;
	struct kst_child c;
	unsigned int moves = 0;
	int fd = open_rw(), tier;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "promote", "always"));
	ASSERT_EQ(0, put(fd, 0));
	ASSERT_EQ(0, kst_spawn(&c, read_one_slot,
			       (void *)(uintptr_t)slot_of(fd, 0)));
	while (kst_now_ms() < until || moves <= 2) {
		/* Push it out of dram by 160 others; they are dropped again. */
		unsigned int i;

		for (i = 1; i < 160; i++) {
			ASSERT_LE(0, put(fd, i));
		}
		tier = kst_lookup(fd, kst_key(1, 0));
		ASSERT_LE(0, tier);
		ASSERT_LE(0, kst_acquire(fd, kst_key(1, 0), 0, &self->e));
		moves += tier == KVT_TIER_CXL &&
			 (self->e.result & KVT_RES_TIER_MASK) == KVT_TIER_DRAM;
		ASSERT_EQ(0, kst_release(fd, self->e.slot));
		for (i = 1; i < 160; i++)
			kst_drop(fd, kst_key(1, i), 0);
	}
	EXPECT_LT(0, kst_hear(&c));
	EXPECT_EQ(0, kst_join(&c));
	EXPECT_LT(2, moves);
}

/* ------------------------------------------------------------------ */

FIXTURE(huge_slots) {};

FIXTURE_SETUP(huge_slots)
{
	KST_START();
	ASSERT_EQ(0, kst_make(KST_HUGE, 16, 0));
}

FIXTURE_TEARDOWN_PARENT(huge_slots)
{
	EXPECT_EQ(0, kst_cleanup());
}

TEST_F(huge_slots, one_fault_a_block)
{
	int fd = open_rw();
	unsigned int i;
	char *s;

	ASSERT_LE(0, fd);
	if (kst_tier_attr(KST_DRAM, "huge") != 16 * (long long)KST_MIB)
		SKIP(return, "the tier has not only 2 MiB pages");
	if (!kst_kernel_has("TRANSPARENT_HUGEPAGE"))
		SKIP(return, "this kernel maps no huge pages");
	s = kst_map_slots(fd, 8);
	ASSERT_NE(NULL, s);
	EXPECT_EQ(0, (uintptr_t)s % KST_HUGE);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, kst_put_pattern(fd, kst_key(1, i), kst_root,
					     KST_HUGE, i));
	}
	for (i = 0; i < 4; i++) {
		__u32 slot = slot_of(fd, i);

		ASSERT_GT(8, slot);
		EXPECT_TRUE(kst_holds(s + (size_t)slot * KST_HUGE, KST_HUGE,
				      i));
	}
	EXPECT_EQ(4, kst_stat(KST_SPACE, "slot_faults"));
}

/* Smaller blocks: the whole block with its first fault */
TEST_F(slots, one_fault_a_small_block)
{
	int fd = open_rw();
	unsigned int i;
	char *s;

	ASSERT_LE(0, fd);
	s = kst_map_slots(fd, NSLOTS);
	ASSERT_NE(NULL, s);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, put(fd, i));
	}
	for (i = 0; i < 10; i++) {
		EXPECT_TRUE(kst_holds(s + (size_t)slot_of(fd, i) * BS, BS, i));
	}
	EXPECT_LE(10, kst_stat(KST_SPACE, "slot_faults"));
	EXPECT_GE(2 * 10, kst_stat(KST_SPACE, "slot_faults"));
}

TEST_HARNESS_MAIN
