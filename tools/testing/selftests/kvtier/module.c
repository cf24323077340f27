// SPDX-License-Identifier: GPL-2.0
/*
 * Unloading and loading the module. Runs last: KVTIER_KO names the file; it is
 * loaded again at the end of every test.
 */
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "nvme.h"

#define MIB	16

static int unload(void)
{
	return syscall(SYS_delete_module, "kvtier", O_NONBLOCK) ? -errno : 0;
}

static int load(void)
{
	int fd = open(getenv("KVTIER_KO"), O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

/* Files of processes that just ended may still be closing. */
static int unload_soon(void)
{
	int ret;

	KST_UNTIL((ret = unload()) != -EAGAIN);
	return ret;
}

FIXTURE(module) {
	int fd;
};

FIXTURE_SETUP(module)
{
	KST_START();
	if (!getenv("KVTIER_KO"))
		SKIP(return, "KVTIER_KO does not name the module's file");
	if (access("/sys/module/kvtier/refcnt", F_OK))
		SKIP(return, "kvtier is built into the kernel");
	ASSERT_EQ(0, kst_make(65536, MIB, 0));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, kst_put_pattern(self->fd, kst_key(1, 0), kst_root, 65536,
				     1));
}

FIXTURE_TEARDOWN_PARENT(module)
{
	if (access(KST_CONTROL, F_OK)) {
		EXPECT_EQ(0, load());
	}
	EXPECT_EQ(0, kst_cleanup());
}

TEST_F(module, open_space_keeps_it)
{
	EXPECT_EQ(-EAGAIN, unload());
	EXPECT_EQ(0, kst_get_pattern(self->fd, kst_key(1, 0), 65536, 1));
	close(self->fd);
	EXPECT_EQ(0, unload_soon());
	EXPECT_NE(0, access(KST_CONTROL, F_OK));
	EXPECT_NE(0, access("/dev/kvtier/" KST_SPACE, F_OK));
	EXPECT_NE(0, access("/sys/class/kvtier", F_OK));
	EXPECT_EQ(0, load());
	EXPECT_EQ(-ENOENT, kst_open(KST_SPACE, O_RDWR));
	EXPECT_EQ(-1, kst_tier_attr(KST_DRAM, "size"));
}

TEST_F(module, map_keeps_it)
{
	size_t len;
	char *w = kst_map_window(self->fd, 0, PROT_READ | PROT_WRITE, &len);

	ASSERT_NE(NULL, w);
	w[0] = 1;
	close(self->fd);
	EXPECT_EQ(-EAGAIN, unload());
	w[len - 1] = 1;
	munmap(w, len);
	EXPECT_EQ(0, unload_soon());
}

TEST_F(module, slots_and_status_maps_keep_it)
{
	struct kvt_space_info info;
	char *s, *t;

	ASSERT_EQ(0, kst_info(self->fd, &info));
	s = kst_map_slots(self->fd, 16);
	ASSERT_NE(NULL, s);
	t = kst_map(self->fd, info.arenas[0].status_offset, 4096, PROT_READ);
	ASSERT_NE(NULL, t);
	close(self->fd);
	EXPECT_EQ(-EAGAIN, unload());
	munmap(s, 16 * 65536);
	EXPECT_EQ(-EAGAIN, unload());
	EXPECT_EQ(0, kst_touch(t));
	munmap(t, 4096);
	EXPECT_EQ(0, unload_soon());
}

TEST_F(module, control_file_keeps_it)
{
	int fd = open(KST_CONTROL, O_RDWR);

	ASSERT_LE(0, fd);
	close(self->fd);
	EXPECT_EQ(-EAGAIN, unload());
	close(fd);
	EXPECT_EQ(0, unload_soon());
}

/* Leases, blocks being filled, waiting work: all end with the last close. */
TEST_F(module, unload_right_after_work)
{
	struct kvt_entry e;
	unsigned int i;

	ASSERT_LE(0, kst_acquire(self->fd, kst_key(1, 0), 0, &e));
	ASSERT_LE(0, kst_reserve(self->fd, kst_key(1, 1), kst_root, &e));
	for (i = 2; i < 300; i++) {
		ASSERT_LE(0, kst_put_pattern(self->fd, kst_key(1, i), kst_root,
					     65536, i));
	}
	close(self->fd);
	EXPECT_EQ(0, unload_soon());
}

TEST_F(module, open_attribute_does_not_keep_it)
{
	int fd = open("/sys/class/kvtier/" KST_SPACE "/blocks", O_RDONLY);
	char text[32];

	ASSERT_LE(0, fd);
	close(self->fd);
	EXPECT_EQ(0, unload_soon());
	EXPECT_EQ(-1, read(fd, text, sizeof(text)));
	close(fd);
}

/* Blocks that are in memory only are written to the nvme tier at the last moment. */
TEST_F_TIMEOUT(module, blocks_are_found_after_reload, 120)
{
	struct kst_set set = { .nr = 1, .segment = KST_MIB };
	__u64 quota = 32 * KST_MIB;
	struct kst_loop loop;
	int fd;

	if (kst_loop_make(&loop, 40 * KST_MIB))
		SKIP(return, "no loop devices");
	set.dev[0] = loop.path;
	ASSERT_EQ(0, kst_format(&set));
	ASSERT_EQ(0, kst_nvme_add(&set, KST_NVME));
	ASSERT_EQ(0, kst_space_resize(KST_SPACE, KST_NVME, &quota));
	ASSERT_EQ(0, kst_put_chain(self->fd, 2, 0, 400, 65536));
	close(self->fd);
	EXPECT_EQ(0, unload_soon());
	/* The devices are free again. */
	fd = open(loop.path, O_RDWR | O_EXCL);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(0, load());
	ASSERT_EQ(0, kst_nvme_add(&set, KST_NVME));
	ASSERT_EQ(0, kst_nvme_space(KST_SPACE, 65536, MIB, 32));
	ASSERT_EQ(0, kst_recovered(KST_NVME));
	EXPECT_EQ(401, kst_attr(KST_SPACE, "blocks"));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	EXPECT_EQ(400, kst_check_chain(self->fd, 2, 400, 65536).good);
	EXPECT_EQ(0, kst_get_pattern(self->fd, kst_key(1, 0), 65536, 1));
}

TEST_F_TIMEOUT(module, twenty_times, 120)
{
	long before, after = 0;
	unsigned int i;

	close(self->fd);
	ASSERT_EQ(0, unload_soon());
	before = kst_meminfo_kb("MemFree");
	for (i = 0; i < 20; i++) {
		int fd;

		ASSERT_EQ(0, load());
		ASSERT_EQ(0, kst_make(65536, MIB, 0));
		fd = kst_open(KST_SPACE, O_RDWR);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, kst_put_pattern(fd, kst_key(1, 0), kst_root,
					     65536, i));
		close(fd);
		ASSERT_EQ(0, unload_soon());
	}
	/* 20 times 16 MiB, had they been lost */
	after = kst_meminfo_kb("MemFree");
	EXPECT_GT(5 * MIB * 1024, before - after) {
		TH_LOG("%ld KiB are gone", before - after);
	}
}

TEST_HARNESS_MAIN
