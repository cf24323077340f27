// SPDX-License-Identifier: GPL-2.0
/* Who may do what: capabilities, the node's mode, how a file was opened. */
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "util.h"

#define BS	4096U

FIXTURE(perms) {
	struct kvt_entry e;
	char data[BS];
};

FIXTURE_SETUP(perms)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, 4, 0));
}

FIXTURE_TEARDOWN_PARENT(perms)
{
	EXPECT_EQ(0, kst_cleanup());
}

static int space_for(uid_t uid, gid_t gid, mode_t mode)
{
	struct kvt_space_create c;

	kst_space_init(&c, "kst_user", BS);
	kst_space_quota(&c, "kst_spare", KST_HUGE);
	c.uid = uid;
	c.gid = gid;
	c.mode = mode;
	return kst_tier_add("kst_spare", KVT_TIER_DRAM, 0, KST_HUGE) ?:
	       kst_space_create(&c);
}

/* Runs @fn as nobody; returns its result. */
static int as_nobody(int (*fn)(struct kst_child *c, void *arg), void *arg)
{
	struct kst_child c;
	int ret = kst_spawn(&c, fn, arg);

	return ret ?: kst_join(&c);
}

static int open_control(struct kst_child *c, void *arg)
{
	(void)c;
	(void)arg;
	if (kst_become_nobody())
		return 100;
	return open(KST_CONTROL, O_RDWR) < 0 ? errno : 0;
}

TEST_F(perms, control_node_is_roots)
{
	struct stat st;

	ASSERT_EQ(0, stat(KST_CONTROL, &st));
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_mode & 0077);
	EXPECT_EQ(EACCES, as_nobody(open_control, NULL));
}

/*
 * A descriptor that root opened and passed on gives no rights: each command
 * asks for the capability.
 */
static int use_control(struct kst_child *c, void *arg)
{
	struct kvt_tier_add add = {
		.size = sizeof(add), .name = "kst_new", .bytes = KST_HUGE,
	};
	struct kvt_tier_remove rm = { .size = sizeof(rm), .name = KST_DRAM };
	struct kvt_tier_resize rs = {
		.size = sizeof(rs), .name = KST_DRAM, .bytes = KST_HUGE,
	};
	struct kvt_space_delete del = {
		.size = sizeof(del), .name = KST_SPACE,
	};
	struct kvt_space_resize srs = {
		.size = sizeof(srs), .name = KST_SPACE,
		.quota = { .tier = KST_DRAM, .bytes = KST_HUGE },
	};
	struct kvt_space_create cr;
	int fd = *(int *)arg;

	(void)c;
	kst_space_init(&cr, "kst_new", BS);
	kst_space_quota(&cr, KST_DRAM, KST_HUGE);
	if (kst_become_nobody())
		return 100;
	if (kst_ioctl(fd, KVT_IOC_TIER_ADD, &add) != -EPERM)
		return 1;
	if (kst_ioctl(fd, KVT_IOC_TIER_REMOVE, &rm) != -EPERM)
		return 2;
	if (kst_ioctl(fd, KVT_IOC_TIER_RESIZE, &rs) != -EPERM)
		return 3;
	if (kst_ioctl(fd, KVT_IOC_SPACE_CREATE, &cr) != -EPERM)
		return 4;
	if (kst_ioctl(fd, KVT_IOC_SPACE_DELETE, &del) != -EPERM)
		return 5;
	if (kst_ioctl(fd, KVT_IOC_SPACE_RESIZE, &srs) != -EPERM)
		return 6;
	return 0;
}

TEST_F(perms, control_commands_need_the_capability)
{
	int fd = open(KST_CONTROL, O_RDWR);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, as_nobody(use_control, &fd));
	EXPECT_EQ(4 * KST_MIB, kst_tier_attr(KST_DRAM, "size"));
	EXPECT_EQ(4 * KST_MIB, kst_arena(KST_SPACE, 0, "bytes"));
	EXPECT_EQ(-1, kst_tier_attr("kst_new", "size"));
}

struct want {
	const char *space;
	int flags;
};

static int open_space(struct kst_child *c, void *arg)
{
	struct want *w = arg;
	int fd;

	(void)c;
	if (kst_become_nobody())
		return 100;
	fd = kst_open(w->space, w->flags);
	return fd < 0 ? -fd : 0;
}

TEST_F(perms, mode_of_the_node)
{
	struct want w = { .space = KST_SPACE, .flags = O_RDWR };

	EXPECT_EQ(EACCES, as_nobody(open_space, &w));
	w.flags = O_RDONLY;
	EXPECT_EQ(EACCES, as_nobody(open_space, &w));
	w.space = "kst_user";
	ASSERT_EQ(0, space_for(0, 0, 0604));
	EXPECT_EQ(0, as_nobody(open_space, &w));
	w.flags = O_RDWR;
	EXPECT_EQ(EACCES, as_nobody(open_space, &w));
}

TEST_F(perms, owner_of_the_node)
{
	struct want w = { .space = "kst_user", .flags = O_RDWR };

	ASSERT_EQ(0, space_for(KST_NOBODY, 0, 0600));
	EXPECT_EQ(0, as_nobody(open_space, &w));
	ASSERT_EQ(0, kst_cleanup());
	ASSERT_EQ(0, space_for(0, KST_NOBODY, 0060));
	EXPECT_EQ(0, as_nobody(open_space, &w));
	ASSERT_EQ(0, kst_cleanup());
	/* Owner without permission, though others have it */
	ASSERT_EQ(0, space_for(KST_NOBODY, 0, 0066));
	EXPECT_EQ(EACCES, as_nobody(open_space, &w));
}

/* All of the data plane needs nothing but the node's permission. */
static int use_space(struct kst_child *c, void *arg)
{
	struct kvt_entry e;
	size_t len;
	char *w;
	int fd;

	(void)c;
	(void)arg;
	if (kst_become_nobody())
		return 100;
	fd = kst_open("kst_user", O_RDWR);
	if (fd < 0)
		return 1;
	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, &len);
	if (!w || kst_reserve(fd, kst_key(1, 0), kst_root, &e) < 0)
		return 2;
	kst_fill(w + e.offset, BS, 5);
	if (kst_commit(fd, e.slot) < 0 ||
	    kst_acquire(fd, kst_key(1, 0), 0, &e) < 0 ||
	    !kst_holds(w + e.offset, BS, 5))
		return 3;
	if (kst_release(fd, e.slot) < 0 ||
	    kst_put_pattern(fd, kst_key(1, 1), kst_key(1, 0), BS, 6) < 0 ||
	    kst_get_pattern(fd, kst_key(1, 1), BS, 6) ||
	    kst_drop(fd, kst_key(1, 0), KVT_F_CHAIN) < 0)
		return 4;
	return 0;
}

TEST_F(perms, plain_user_uses_a_space)
{
	ASSERT_EQ(0, space_for(KST_NOBODY, 0, 0600));
	EXPECT_EQ(0, as_nobody(use_space, NULL));
	EXPECT_EQ(0, kst_attr("kst_user", "blocks"));
}

static int write_knob(struct kst_child *c, void *arg)
{
	(void)c;
	(void)arg;
	if (kst_become_nobody())
		return 100;
	return -kst_knob("kst_user", "lease_quota", "1000");
}

TEST_F(perms, knobs_are_roots)
{
	ASSERT_EQ(0, space_for(KST_NOBODY, 0, 0666));
	EXPECT_EQ(EACCES, as_nobody(write_knob, NULL));
}

TEST_F(perms, read_only_file_cannot_change_blocks)
{
	int rw = kst_open(KST_SPACE, O_RDWR);
	int ro = kst_open(KST_SPACE, O_RDONLY);
	struct kst_key k = kst_key(1, 0);

	ASSERT_LE(0, rw);
	ASSERT_LE(0, ro);
	ASSERT_LE(0, kst_put_pattern(rw, k, kst_root, BS, 9));
	EXPECT_EQ(-EBADF, kst_reserve(ro, kst_key(1, 1), kst_root, &self->e));
	EXPECT_EQ(-EBADF, kst_put(ro, kst_key(1, 1), kst_root, self->data));
	EXPECT_EQ(-EBADF, kst_commit(ro, 0));
	EXPECT_EQ(-EBADF, kst_abort(ro, 0));
	EXPECT_EQ(-EBADF, kst_drop(ro, k, 0));
	EXPECT_EQ(-EBADF, kst_drop(ro, k, KVT_F_CHAIN));
	EXPECT_LE(0, kst_lookup(ro, k));
	EXPECT_EQ(0, kst_get_pattern(ro, k, BS, 9));
	EXPECT_LE(0, kst_acquire(ro, k, 0, &self->e));
	EXPECT_LE(0, kst_release(ro, self->e.slot));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "blocks"));
}

TEST_F(perms, read_only_file_can_prefetch)
{
	int ro = kst_open(KST_SPACE, O_RDONLY);
	struct kvt_entry e;

	ASSERT_LE(0, ro);
	kst_entries(&e, 1, 1, 0);
	EXPECT_EQ(-ENOENT, kst_one(ro, KVT_OP_PREFETCH, 0, &e));
}

TEST_F(perms, write_only_file_cannot_see_blocks)
{
	int rw = kst_open(KST_SPACE, O_RDWR);
	int wo = kst_open(KST_SPACE, O_WRONLY);
	struct kst_key k = kst_key(1, 0);

	ASSERT_LE(0, rw);
	ASSERT_LE(0, wo);
	ASSERT_LE(0, kst_put_pattern(wo, k, kst_root, BS, 9));
	EXPECT_EQ(-EBADF, kst_lookup(wo, k));
	EXPECT_EQ(-EBADF, kst_acquire(wo, k, 0, &self->e));
	EXPECT_EQ(-EBADF, kst_release(wo, 0));
	EXPECT_EQ(-EBADF, kst_get(wo, k, self->data, 0, BS));
	EXPECT_EQ(0, kst_get_pattern(rw, k, BS, 9));
	EXPECT_LE(0, kst_drop(wo, k, 0));
	EXPECT_EQ(-ENOENT, kst_lookup(rw, k));
}

TEST_F(perms, maps_follow_the_files_mode)
{
	int ro = kst_open(KST_SPACE, O_RDONLY);
	int wo = kst_open(KST_SPACE, O_WRONLY);
	char *p;

	ASSERT_LE(0, ro);
	ASSERT_LE(0, wo);
	EXPECT_EQ(NULL, kst_map_window(ro, 0, PROT_READ | PROT_WRITE, NULL));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(NULL, kst_map_window(wo, 0, PROT_READ, NULL));
	EXPECT_EQ(EACCES, errno);
	p = kst_map_window(ro, 0, PROT_READ, NULL);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(0, kst_touch(p));
	EXPECT_EQ(SIGSEGV, kst_scribble(p));
	EXPECT_EQ(-1, mprotect(p, 4096, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
}

/* /proc/self/mem writes through read-only maps, where it can. */
TEST_F(perms, proc_mem_cannot_write_a_read_only_window)
{
	int ro = kst_open(KST_SPACE, O_RDONLY);
	int mem = open("/proc/self/mem", O_RDWR);
	char *p, byte = 0x5a;

	ASSERT_LE(0, ro);
	ASSERT_LE(0, mem);
	p = kst_map_window(ro, 0, PROT_READ, NULL);
	ASSERT_NE(NULL, p);
	EXPECT_NE(1, pwrite(mem, &byte, 1, (uintptr_t)p));
	EXPECT_TRUE(kst_zero(p, 4096));
}

TEST_HARNESS_MAIN
