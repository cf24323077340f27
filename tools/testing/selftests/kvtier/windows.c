// SPDX-License-Identifier: GPL-2.0
/*
 * Windows: real memory, mapped and pinned as devices need it, and the status
 * words beside them.
 */
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "util.h"

#ifdef HAVE_URING
#include <liburing.h>
#endif
#ifdef HAVE_VERBS
#include <infiniband/verbs.h>
#endif

#define BS	65536U
#define MIB	8

FIXTURE(windows) {
	struct kvt_entry e;
	struct kvt_entry e2;
};

FIXTURE_SETUP(windows)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, MIB, 0));
}

FIXTURE_TEARDOWN_PARENT(windows)
{
	EXPECT_EQ(0, kst_cleanup());
}

static int open_rw(void)
{
	return kst_open(KST_SPACE, O_RDWR);
}

static int map_error(int fd, __u64 offset, size_t len, int prot, int flags)
{
	void *p = mmap(NULL, len, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, len);
	return 0;
}

TEST_F(windows, zero_at_first_sight)
{
	int fd = open_rw();
	size_t len;
	char *w;

	ASSERT_LE(0, fd);
	w = kst_map_window(fd, 0, PROT_READ, &len);
	ASSERT_NE(NULL, w);
	EXPECT_EQ(MIB * KST_MIB, len);
	EXPECT_TRUE(kst_zero(w, len));
}

TEST_F(windows, mapped_by_huge_pages)
{
	int fd = open_rw();
	size_t len, i;
	char *w;

	ASSERT_LE(0, fd);
	if (kst_tier_attr(KST_DRAM, "huge") != MIB * (long long)KST_MIB)
		SKIP(return, "the tier has not only 2 MiB pages");
	if (!kst_kernel_has("TRANSPARENT_HUGEPAGE"))
		SKIP(return, "this kernel maps no huge pages");
	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, &len);
	ASSERT_NE(NULL, w);
	EXPECT_EQ(0, (uintptr_t)w % KST_HUGE);
	for (i = 0; i < len; i += 4096)
		w[i] = 1;
	EXPECT_EQ(MIB * 1024, kst_smaps_kb(w, "FilePmdMapped"));
	/* A fault a huge page, not one a page */
	EXPECT_GE(2 * len / KST_HUGE, kst_stat(KST_SPACE, "window_faults"));
	EXPECT_LE(1, kst_stat(KST_SPACE, "window_faults"));
}

TEST_F(windows, protections)
{
	int fd = open_rw(), ro = kst_open(KST_SPACE, O_RDONLY);
	struct kvt_space_info info;
	__u64 off;
	char *p;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, ro);
	ASSERT_EQ(0, kst_info(fd, &info));
	off = info.arenas[0].window_offset;
	EXPECT_NE(0, map_error(fd, off, 4096, PROT_READ | PROT_EXEC,
			       MAP_SHARED));
	EXPECT_NE(0, map_error(ro, off, 4096, PROT_READ | PROT_EXEC,
			       MAP_SHARED));
	EXPECT_EQ(EINVAL, map_error(fd, off, 4096, PROT_READ, MAP_PRIVATE));
	EXPECT_EQ(EINVAL, map_error(fd, off, 4096, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE));
	EXPECT_EQ(EACCES, map_error(ro, off, 4096, PROT_READ | PROT_WRITE,
				    MAP_SHARED));
	EXPECT_EQ(0, map_error(ro, off, 4096, PROT_READ, MAP_SHARED));
	p = kst_map(fd, off, 4096, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(-1, mprotect(p, 4096, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(0, mprotect(p, 4096, PROT_READ));
	EXPECT_EQ(0, mprotect(p, 4096, PROT_READ | PROT_WRITE));
}

/*
 * Past an area there is nothing: refused, or SIGBUS at the first touch, as
 * the space may grow.
 */
TEST_F(windows, bounds)
{
	int fd = open_rw();
	struct kvt_space_info info;
	struct kvt_arena_info *a = &info.arenas[0];
	__u64 bad[9];
	unsigned int i;
	char *p;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_info(fd, &info));
	bad[0] = a->window_offset + a->window_len;
	bad[1] = a->window_offset + a->window_len + KST_HUGE;
	bad[2] = a->status_offset + a->status_len;
	bad[3] = a->status_offset + a->status_len + (1 << 20);
	bad[4] = info.slots_offset - 4096;
	bad[5] = a->status_offset - 4096;
	bad[6] = (1ULL << 62) - 4096;
	bad[7] = 0x7ffffffffffff000ULL;
	bad[8] = a->window_offset + (1ULL << 40);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		p = kst_map(fd, bad[i], 4096, PROT_READ);
		if (p) {
			EXPECT_EQ(SIGBUS, kst_touch(p)) {
				TH_LOG("offset %#llx", bad[i]);
			}
		}
	}
	/* The last page is there, the one after it is not. */
	p = kst_map(fd, a->window_offset + a->window_len - 4096, 8192,
		    PROT_READ);
	if (p) {
		EXPECT_EQ(0, kst_touch(p));
		EXPECT_EQ(SIGBUS, kst_touch(p + 4096));
	}
	/* The kernel still stands: */
	EXPECT_EQ(0, kst_info(fd, &info));
}

TEST_F(windows, map_cannot_grow_past_its_area)
{
	int fd = open_rw();
	size_t len;
	char *w;

	ASSERT_LE(0, fd);
	w = kst_map_window(fd, 0, PROT_READ, &len);
	ASSERT_NE(NULL, w);
	EXPECT_EQ(MAP_FAILED, mremap(w, len, len + KST_HUGE, MREMAP_MAYMOVE));
	EXPECT_EQ(0, kst_touch(w));
}

static int write_frame(struct kst_child *c, void *arg)
{
	struct kvt_entry e;
	int fd = open_rw();
	char *w;

	(void)c;
	(void)arg;
	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, NULL);
	if (!w || kst_reserve(fd, kst_key(1, 0), kst_root, &e))
		return 1;
	kst_fill(w + e.offset, BS, 77);
	return -kst_commit(fd, e.slot);
}

TEST_F(windows, processes_share_the_memory)
{
	int ro = kst_open(KST_SPACE, O_RDONLY);
	struct kst_child c;
	char *w;

	ASSERT_LE(0, ro);
	/* Mapped before the other process writes */
	w = kst_map_window(ro, 0, PROT_READ, NULL);
	ASSERT_NE(NULL, w);
	EXPECT_EQ(0, kst_touch(w));
	ASSERT_EQ(0, kst_spawn(&c, write_frame, NULL));
	ASSERT_EQ(0, kst_join(&c));
	ASSERT_LE(0, kst_acquire(ro, kst_key(1, 0), 0, &self->e));
	EXPECT_TRUE(kst_holds(w + self->e.offset, BS, 77));
}

/* ------------------------------------------------------------------ */
/* Status words								*/

static struct kvt_status status_of(const void *map, __u64 offset)
{
	__u64 word = __atomic_load_n((const __u64 *)map + offset / BS,
				     __ATOMIC_ACQUIRE);
	struct kvt_status s;

	memcpy(&s, &word, sizeof(s));
	return s;
}

TEST_F(windows, status_words)
{
	struct kvt_space_info info;
	struct kvt_status s, t;
	int fd = open_rw();
	unsigned int i;
	void *map;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_info(fd, &info));
	map = kst_map(fd, info.arenas[0].status_offset,
		      info.arenas[0].status_len, PROT_READ);
	ASSERT_NE(NULL, map);
	ASSERT_LE(0, kst_reserve(fd, kst_key(1, 0), kst_root, &self->e));
	s = status_of(map, self->e.offset);
	EXPECT_EQ(0, s.valid);
	ASSERT_EQ(0, kst_commit(fd, self->e.slot));
	s = status_of(map, self->e.offset);
	EXPECT_EQ(BS, s.valid);
	/* Other bytes in the frame: another generation */
	ASSERT_LE(0, kst_drop(fd, kst_key(1, 0), 0));
	EXPECT_EQ(0, status_of(map, self->e.offset).valid);
	for (i = 0; i < 1000; i++) {
		ASSERT_LE(0, kst_reserve(fd, kst_key(2, 0), kst_root,
					 &self->e2));
		if (self->e2.offset == self->e.offset)
			break;
		ASSERT_EQ(0, kst_abort(fd, self->e2.slot));
	}
	ASSERT_EQ(0, kst_commit(fd, self->e2.slot)) {
		TH_LOG("a free frame is not used again");
	}
	t = status_of(map, self->e.offset);
	EXPECT_EQ(BS, t.valid);
	EXPECT_NE(s.generation, t.generation);
}

TEST_F(windows, status_is_read_only)
{
	struct kvt_space_info info;
	int fd = open_rw();
	__u64 off;
	char *p;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_info(fd, &info));
	off = info.arenas[0].status_offset;
	EXPECT_EQ(EACCES, map_error(fd, off, 4096, PROT_READ | PROT_WRITE,
				    MAP_SHARED));
	EXPECT_NE(0, map_error(fd, off, 4096, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE));
	p = kst_map(fd, off, 4096, PROT_READ);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(-1, mprotect(p, 4096, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(p, 4096, PROT_READ | PROT_EXEC));
	EXPECT_EQ(SIGSEGV, kst_scribble(p));
}

/* ------------------------------------------------------------------ */
/* Devices								*/

/* A file that takes O_DIRECT: not every file system of a test machine does. */
static int direct_file(char *path, size_t size)
{
	static const char * const dirs[] = {
		"/var/tmp", "/tmp", "/dev/shm", ".",
	};
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, size, "%s/kst_direct.%d", dirs[i], getpid());
		fd = open(path, O_RDWR | O_CREAT | O_DIRECT, 0600);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

TEST_F(windows, direct_io)
{
	char path[64];
	int fd = open_rw();
	int file = direct_file(path, sizeof(path));
	char *w;

	ASSERT_LE(0, fd);
	if (file < 0)
		SKIP(return, "no file system here takes O_DIRECT");
	unlink(path);
	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, NULL);
	ASSERT_NE(NULL, w);
	ASSERT_LE(0, kst_reserve(fd, kst_key(1, 0), kst_root, &self->e));
	ASSERT_LE(0, kst_reserve(fd, kst_key(1, 1), kst_root, &self->e2));
	kst_fill(w + self->e.offset, BS, 5);
	EXPECT_EQ(BS, pwrite(file, w + self->e.offset, BS, 0));
	EXPECT_EQ(BS, pread(file, w + self->e2.offset, BS, 0));
	EXPECT_TRUE(kst_holds(w + self->e2.offset, BS, 5));
	EXPECT_EQ(0, kst_commit(fd, self->e2.slot));
	EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, 1), BS, 5));
}

/* The whole way of a loop or ram disk: the pages go to a real bio. */
TEST_F(windows, direct_io_on_a_block_device)
{
	int fd = open_rw(), disk;
	char *w;

	ASSERT_LE(0, fd);
	if (access("/dev/ram0", F_OK) &&
	    system("modprobe -q brd rd_nr=1 rd_size=4096 2> /dev/null"))
		SKIP(return, "no /dev/ram0, and no module brd");
	KST_UNTIL(!access("/dev/ram0", F_OK));
	disk = open("/dev/ram0", O_RDWR | O_DIRECT);
	if (disk < 0)
		SKIP(return, "cannot open /dev/ram0");
	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, NULL);
	ASSERT_NE(NULL, w);
	ASSERT_LE(0, kst_reserve(fd, kst_key(1, 0), kst_root, &self->e));
	ASSERT_LE(0, kst_reserve(fd, kst_key(1, 1), kst_root, &self->e2));
	kst_fill(w + self->e.offset, BS, 6);
	EXPECT_EQ(BS, pwrite(disk, w + self->e.offset, BS, BS));
	EXPECT_EQ(BS, pread(disk, w + self->e2.offset, BS, BS));
	EXPECT_TRUE(kst_holds(w + self->e2.offset, BS, 6));
}

#ifdef HAVE_URING
static int register_window(struct io_uring *ring, void *base, size_t len)
{
	struct iovec iov = { .iov_base = base, .iov_len = len };

	return io_uring_register_buffers(ring, &iov, 1);
}

static int fixed_io(struct io_uring *ring, bool write, int fd, void *buf)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct io_uring_cqe *cqe;
	int ret;

	if (write)
		io_uring_prep_write_fixed(sqe, fd, buf, BS, 0, 0);
	else
		io_uring_prep_read_fixed(sqe, fd, buf, BS, 0, 0);
	if (io_uring_submit(ring) != 1 || io_uring_wait_cqe(ring, &cqe))
		return -1;
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

TEST_F(windows, io_uring_fixed_buffers)
{
	struct io_uring ring;
	char path[64];
	int fd = open_rw();
	int file = direct_file(path, sizeof(path));
	size_t len;
	char *w;

	ASSERT_LE(0, fd);
	if (file < 0)
		SKIP(return, "no file system here takes O_DIRECT");
	unlink(path);
	if (io_uring_queue_init(4, &ring, 0))
		SKIP(return, "no io_uring");
	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, &len);
	ASSERT_NE(NULL, w);
	ASSERT_EQ(0, register_window(&ring, w, len));
	ASSERT_LE(0, kst_reserve(fd, kst_key(1, 0), kst_root, &self->e));
	ASSERT_LE(0, kst_reserve(fd, kst_key(1, 1), kst_root, &self->e2));
	kst_fill(w + self->e.offset, BS, 8);
	EXPECT_EQ(BS, fixed_io(&ring, true, file, w + self->e.offset));
	EXPECT_EQ(BS, fixed_io(&ring, false, file, w + self->e2.offset));
	EXPECT_TRUE(kst_holds(w + self->e2.offset, BS, 8));
	/* A read-only map cannot be pinned for writing. */
	EXPECT_EQ(0, io_uring_unregister_buffers(&ring));
	w = kst_map_window(kst_open(KST_SPACE, O_RDONLY), 0, PROT_READ, &len);
	ASSERT_NE(NULL, w);
	EXPECT_EQ(-EFAULT, register_window(&ring, w, len));
}

/*
 * The memory of a deleted space is still in a device's hands: neither free nor
 * anybody else's until it is let go.
 */
TEST_F(windows, pinned_memory_outlives_its_space)
{
	struct io_uring ring;
	int fd = open_rw();
	size_t len;
	char *w;

	ASSERT_LE(0, fd);
	if (io_uring_queue_init(4, &ring, 0))
		SKIP(return, "no io_uring");
	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, &len);
	ASSERT_NE(NULL, w);
	ASSERT_EQ(0, register_window(&ring, w, KST_HUGE));
	munmap(w, len);
	close(fd);
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	EXPECT_LE(KST_HUGE, kst_tier_attr(KST_DRAM, "limbo"));
	EXPECT_GE((MIB - 2) * (long long)KST_MIB,
		  kst_tier_attr(KST_DRAM, "free"));
	EXPECT_EQ(-EBUSY, kst_tier_remove(KST_DRAM));
	EXPECT_EQ(-ENOSPC, kst_space_simple("kst_b", BS, KST_DRAM,
					    MIB * KST_MIB));
	/* The rest can be used. */
	EXPECT_EQ(0, kst_space_simple("kst_b", BS, KST_DRAM,
				      (MIB - 2) * KST_MIB));
	EXPECT_EQ(0, kst_space_delete("kst_b"));
	io_uring_queue_exit(&ring);
	EXPECT_TRUE(KST_UNTIL(kst_tier_attr(KST_DRAM, "free") == MIB * KST_MIB));
	EXPECT_EQ(0, kst_tier_attr(KST_DRAM, "limbo"));
}

/* Dies with a frame that it reserved pinned by a device that lives on. */
static int die_pinned(struct kst_child *c, void *arg)
{
	int fd = open_rw(), *ring_fd = arg;
	struct iovec iov = { .iov_len = BS };
	struct kvt_entry e;
	char *w;

	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, NULL);
	if (!w || kst_reserve(fd, kst_key(1, 0), kst_root, &e))
		return 1;
	iov.iov_base = w + e.offset;
	if (io_uring_register(*ring_fd, IORING_REGISTER_BUFFERS, &iov, 1))
		return 2;
	kst_say(c, e.offset / BS);
	pause();
	return 0;
}

TEST_F(windows, dead_fillers_pinned_frame_waits)
{
	struct io_uring ring;
	struct kst_child c;
	int fd = open_rw();
	int frame;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "quarantine_ms", "3600000"));
	if (io_uring_queue_init(4, &ring, 0))
		SKIP(return, "no io_uring");
	ASSERT_EQ(0, kst_spawn(&c, die_pinned, &ring.ring_fd));
	frame = kst_hear(&c);
	ASSERT_LE(0, frame);
	kst_kill(&c);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "filling", 0));
	EXPECT_EQ(1, kst_attr_wait(KST_SPACE, "quarantined", 1));
	kst_sleep_ms(1500);
	EXPECT_EQ(1, kst_attr(KST_SPACE, "quarantined"));
	EXPECT_EQ(MIB * KST_MIB / BS - 1, kst_arena(KST_SPACE, 0, "free"));
	/* The device lets go. */
	io_uring_queue_exit(&ring);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "quarantined", 0));
	EXPECT_EQ(MIB * KST_MIB / BS, kst_arena(KST_SPACE, 0, "free"));
}

/* With the knob's grace over, it comes back even so. */
TEST_F(windows, quarantine_ends)
{
	struct io_uring ring;
	struct kst_child c;
	int fd = open_rw();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "quarantine_ms", "500"));
	if (io_uring_queue_init(4, &ring, 0))
		SKIP(return, "no io_uring");
	ASSERT_EQ(0, kst_spawn(&c, die_pinned, &ring.ring_fd));
	ASSERT_LE(0, kst_hear(&c));
	kst_kill(&c);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "filling", 0));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "quarantined", 0));
	EXPECT_EQ(MIB * KST_MIB / BS, kst_arena(KST_SPACE, 0, "free"));
	io_uring_queue_exit(&ring);
}
#else
TEST_F(windows, io_uring_fixed_buffers)
{
	SKIP(return, "built without liburing");
}
#endif /* HAVE_URING */

#ifdef HAVE_VERBS
/* A software RDMA device on the loopback interface, as long as we live. */
static const char *rxe_up(void)
{
	if (!access("/sys/class/infiniband/kst_rx", F_OK))
		return NULL;
	if (system("modprobe -q rdma_rxe && modprobe -q ib_uverbs"))
		return "no module rdma_rxe";
	if (system("rdma link add kst_rx type rxe netdev lo > /dev/null 2>&1"))
		return "cannot make an rxe device: rdma link add (iproute2)";
	return NULL;
}

static struct ibv_context *rxe_open(void)
{
	struct ibv_device **list;
	struct ibv_context *ctx = NULL;
	int i, n, tries;

	for (tries = 0; !ctx && tries < 200; tries++) {
		list = ibv_get_device_list(&n);
		for (i = 0; list && i < n && !ctx; i++) {
			if (!strcmp(ibv_get_device_name(list[i]), "kst_rx"))
				ctx = ibv_open_device(list[i]);
		}
		if (list)
			ibv_free_device_list(list);
		if (!ctx)
			kst_sleep_ms(100);
	}
	return ctx;
}

TEST_F_TIMEOUT(windows, rdma_registration, 60)
{
	const char *why = rxe_up();
	struct ibv_context *ctx;
	struct ibv_pd *pd;
	struct ibv_mr *mr;
	int fd = open_rw();
	size_t len;
	char *w;

	if (why)
		SKIP(return, "%s", why);
	ASSERT_LE(0, fd);
	ctx = rxe_open();
	if (!ctx)
		SKIP(return, "cannot open the rxe device");
	pd = ibv_alloc_pd(ctx);
	ASSERT_NE(NULL, pd);
	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, &len);
	ASSERT_NE(NULL, w);
	mr = ibv_reg_mr(pd, w, len, IBV_ACCESS_LOCAL_WRITE |
			IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE);
	ASSERT_NE(NULL, mr) {
		TH_LOG("ibv_reg_mr: %s (ulimit -l?)", strerror(errno));
	}
	/* The space cannot go while it is mapped; the memory not while pinned */
	munmap(w, len);
	close(fd);
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	EXPECT_EQ(-EBUSY, kst_tier_remove(KST_DRAM));
	EXPECT_EQ(MIB * KST_MIB, kst_tier_attr(KST_DRAM, "limbo"));
	EXPECT_EQ(0, ibv_dereg_mr(mr));
	ibv_dealloc_pd(pd);
	ibv_close_device(ctx);
	system("rdma link delete kst_rx > /dev/null 2>&1 || :");
}
#else
TEST_F(windows, rdma_registration)
{
	SKIP(return, "built without libibverbs");
}
#endif /* HAVE_VERBS */

TEST_HARNESS_MAIN
