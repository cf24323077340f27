// SPDX-License-Identifier: GPL-2.0
/* The helper channel: the tier, who may attach and map, what a helper may say. */
#include <sys/syscall.h>

#include "remote_channel.h"

/* ---------------------------------------------------------------------- the tier */

TEST_F(channel, tier)
{
	struct kvt_remote_add a = { .size = sizeof(a) };
	struct kvt_space_create s;
	char kind[16];
	__u64 bytes;

	ASSERT_EQ(0, kst_attr_text("/sys/class/kvtier_tier/" KST_REMOTE "/kind",
				   kind, sizeof(kind)));
	EXPECT_STREQ("remote", kind);
	EXPECT_EQ(0, attr("helper"));
	EXPECT_EQ(0, attr("in_flight"));
	EXPECT_EQ(0, attr("requests"));
	EXPECT_EQ(0, attr("timeouts"));
	EXPECT_EQ(0, attr("helper_lost"));
	EXPECT_EQ(-1, attr("size"));

	EXPECT_EQ(-EEXIST, kst_remote_add(KST_REMOTE));
	EXPECT_EQ(-EEXIST, kst_remote_add(KST_DRAM));
	EXPECT_EQ(-EEXIST, kst_tier_add(KST_REMOTE, KVT_TIER_DRAM, 0, KST_HUGE));
	EXPECT_EQ(-EINVAL, kst_remote_add(""));
	EXPECT_EQ(-EINVAL, kst_remote_add("none"));
	EXPECT_EQ(-EINVAL, kst_remote_add("Kst"));
	kst_name(a.name, OTHER);
	a.pad = 1;
	EXPECT_EQ(-EINVAL, kst_control(KVT_IOC_REMOTE_ADD, &a));
	a.pad = 0;
	a.size = sizeof(a) - 8;
	EXPECT_EQ(-EINVAL, kst_control(KVT_IOC_REMOTE_ADD, &a));
	a.size = 1 << 20;
	EXPECT_EQ(-E2BIG, kst_control(KVT_IOC_REMOTE_ADD, &a));
	EXPECT_EQ(-EFAULT, kst_control(KVT_IOC_REMOTE_ADD, NULL));

	/* It has no bytes. */
	bytes = KST_HUGE;
	EXPECT_EQ(-EOPNOTSUPP, kst_tier_resize(KST_REMOTE, &bytes));
	EXPECT_EQ(-EINVAL, kst_space_resize(KST_SPACE, KST_REMOTE, &bytes));
	ASSERT_EQ(0, kst_tier_add("kst_dram2", KVT_TIER_DRAM, 0, KST_HUGE));
	kst_space_init(&s, SPACE2, BS);
	kst_space_quota(&s, "kst_dram2", KST_HUGE);
	kst_space_quota(&s, KST_REMOTE, KST_HUGE);
	EXPECT_EQ(-EINVAL, kst_space_create(&s));

	/* While it is used, by whomever, it stays. */
	EXPECT_EQ(-EBUSY, kst_tier_remove(KST_REMOTE));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
	ASSERT_EQ(0, kst_channel_open(&self->c, KST_REMOTE, 1));
	EXPECT_EQ(-EBUSY, kst_tier_remove(KST_REMOTE));
	ASSERT_EQ(0, kst_channel_close(&self->c));
	EXPECT_EQ(0, kst_tier_remove(KST_REMOTE));
	EXPECT_EQ(-ENOENT, kst_tier_remove(KST_REMOTE));
	EXPECT_EQ(-ENOENT, kst_remote_attach(KST_REMOTE, 1, NULL));
}

/* ------------------------------------------------------------------------ attach */

static int attach_as_nobody(struct kst_child *c, void *arg)
{
	struct kvt_remote_attach a = { .size = sizeof(a), .depth = 1 };
	int control = open(KST_CONTROL, O_RDWR);

	(void)c;
	(void)arg;
	kst_name(a.name, KST_REMOTE);
	if (control < 0 || kst_become_nobody())
		return 255;
	return -kst_ioctl(control, KVT_IOC_REMOTE_ATTACH, &a);
}

TEST_F(channel, attach)
{
	struct kvt_remote_attach a = { .size = sizeof(a), .depth = 1 };
	struct kst_child child;
	int fd, second;

	EXPECT_EQ(-ENOENT, kst_remote_attach(OTHER, 1, NULL));
	EXPECT_EQ(-EINVAL, kst_remote_attach(KST_DRAM, 1, NULL));
	EXPECT_EQ(-EINVAL, kst_remote_attach("", 1, NULL));
	EXPECT_EQ(-EINVAL, kst_remote_attach(KST_REMOTE, 0, NULL));
	EXPECT_EQ(-EINVAL, kst_remote_attach(KST_REMOTE, KVT_REMOTE_MAX_DEPTH + 1,
					     NULL));
	kst_name(a.name, KST_REMOTE);
	a.pad = 1;
	EXPECT_EQ(-EINVAL, kst_control(KVT_IOC_REMOTE_ATTACH, &a));
	a.pad = 0;
	a.size--;
	EXPECT_EQ(-EINVAL, kst_control(KVT_IOC_REMOTE_ATTACH, &a));
	ASSERT_EQ(0, kst_spawn(&child, attach_as_nobody, NULL));
	EXPECT_EQ(EPERM, kst_join(&child));
	EXPECT_EQ(0, attr("helper"));

	fd = kst_remote_attach(KST_REMOTE, KVT_REMOTE_MAX_DEPTH, &a);
	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_LE(KVT_REMOTE_TRAILERS + KVT_REMOTE_BATCH * KVT_REMOTE_MAX_TRAILER,
		  a.stride);
	EXPECT_EQ(0, a.stride % 4096);
	EXPECT_EQ((__u64)KVT_REMOTE_MAX_DEPTH * a.stride, a.map_bytes);
	EXPECT_EQ(1, attr("helper"));
	EXPECT_EQ(-EBUSY, kst_remote_attach(KST_REMOTE, 1, NULL));
	/* The last file counts. */
	second = dup(fd);
	close(fd);
	EXPECT_EQ(1, attr("helper"));
	close(second);
	EXPECT_TRUE(KST_UNTIL(attr("helper") == 0));
	fd = kst_remote_attach(KST_REMOTE, 1, NULL);
	EXPECT_LE(0, fd);
	close(fd);
}

/* What it cannot tell of is not attached. */
TEST_F(channel, attach_with_a_bad_address)
{
	struct kvt_remote_attach *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, a);
	a->size = sizeof(*a);
	a->depth = 1;
	kst_name(a->name, KST_REMOTE);
	mprotect(a, 4096, PROT_READ);
	EXPECT_EQ(-EFAULT, kst_control(KVT_IOC_REMOTE_ATTACH, a));
	EXPECT_TRUE(KST_UNTIL(attr("helper") == 0));
}

/* --------------------------------------------------------------------------- map */

static int map_error(struct kst_channel *c, __u64 offset, size_t len, int prot,
		     int flags)
{
	void *p = mmap(NULL, len, prot, flags, c->fd, offset);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, len);
	return 0;
}

static int touch_as_child(struct kst_child *c, void *arg)
{
	(void)c;
	return kst_touch(arg);
}

TEST_F(channel, map)
{
	struct kst_child child;
	size_t len;
	char *p;

	ASSERT_EQ(0, kst_channel_open(&self->c, KST_REMOTE, DEPTH));
	len = self->c.arg.map_bytes;
	EXPECT_TRUE(kst_zero(self->c.map, len));
	memset(self->c.map, 0x5a, len);

#define RW (PROT_READ | PROT_WRITE)
	EXPECT_EQ(0, map_error(&self->c, 0, len, RW, MAP_SHARED));
	EXPECT_EQ(0, map_error(&self->c, 0, len, PROT_READ, MAP_SHARED));
	EXPECT_EQ(EINVAL, map_error(&self->c, 0, len - 4096, RW, MAP_SHARED));
	EXPECT_EQ(EINVAL, map_error(&self->c, 0, len + 4096, RW, MAP_SHARED));
	EXPECT_EQ(EINVAL, map_error(&self->c, 4096, len, RW, MAP_SHARED));
	EXPECT_EQ(EINVAL, map_error(&self->c, 4096, len - 4096, RW, MAP_SHARED));
	EXPECT_EQ(EINVAL, map_error(&self->c, 1ULL << 50, len, RW, MAP_SHARED));
	EXPECT_EQ(EINVAL, map_error(&self->c, 0, len, RW, MAP_PRIVATE));
	EXPECT_NE(0, map_error(&self->c, 0, len, PROT_READ | PROT_EXEC, MAP_SHARED));
	/* It does not grow, nor become code. */
	p = mmap(NULL, len, PROT_READ, MAP_SHARED, self->c.fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(MAP_FAILED, mremap(p, len, 2 * len, MREMAP_MAYMOVE));
	EXPECT_EQ(-1, mprotect(p, len, PROT_READ | PROT_EXEC));
	EXPECT_EQ(0, mprotect(p, len, RW));
	p[len - 1] = 1;
	EXPECT_EQ(1, self->c.map[len - 1]);

	/* It is not a child's. */
	ASSERT_EQ(0, kst_spawn(&child, touch_as_child, p));
	EXPECT_EQ(SIGSEGV, kst_join(&child));

	/* A map keeps the helper as its file does. */
	io_uring_queue_exit(&self->c.ring);
	close(self->c.fd);
	munmap(self->c.map, len);
	EXPECT_EQ(1, attr("helper"));
	EXPECT_EQ(-EBUSY, kst_remote_attach(KST_REMOTE, 1, NULL));
	EXPECT_EQ(0x5a, p[0]);
	munmap(p, len);
	EXPECT_TRUE(KST_UNTIL(attr("helper") == 0));

	/* The next one's is zero again. */
	ASSERT_EQ(0, kst_channel_open(&self->c, KST_REMOTE, DEPTH));
	EXPECT_TRUE(kst_zero(self->c.map, len));
}

/* A device may use it, and goes on doing so when the helper is gone. */
TEST_F(channel, pinned_map)
{
	struct io_uring ring;
	struct iovec iov;
	int ends[2];

	ASSERT_EQ(0, kst_channel_open(&self->c, KST_REMOTE, 1));
	ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
	iov.iov_base = self->c.map;
	iov.iov_len = self->c.arg.map_bytes;
	ASSERT_EQ(0, io_uring_register_buffers(&ring, &iov, 1));
	kst_fill(self->c.map, 4096, 1);
	ASSERT_EQ(0, pipe(ends));
	io_uring_prep_write_fixed(io_uring_get_sqe(&ring), ends[1], self->c.map,
				  4096, 0, 0);
	EXPECT_EQ(4096, kst_carry(&ring));
	/* The same bytes, from the address that is not mapped any more. */
	ASSERT_EQ(0, kst_channel_close(&self->c));
	io_uring_prep_write_fixed(io_uring_get_sqe(&ring), ends[1], iov.iov_base,
				  4096, 0, 0);
	EXPECT_EQ(4096, kst_carry(&ring));
	io_uring_queue_exit(&ring);
	ASSERT_EQ(0, kst_channel_open(&self->c, KST_REMOTE, 1));
	EXPECT_EQ(4096, read(ends[0], self->c.map, 4096));
	EXPECT_TRUE(kst_holds(self->c.map, 4096, 1));
	memset(self->c.map, 0, 4096);
	EXPECT_EQ(4096, read(ends[0], self->c.map, 4096));
	EXPECT_TRUE(kst_holds(self->c.map, 4096, 1));
}

/* ---------------------------------------------------------------------- commands */

TEST_F(channel, refuses)
{
	struct kst_channel *c = &self->c;
	struct kvt_uring_remote u = { .pad = 1 };
	struct io_uring_sqe *sqe;
	__u32 i;

	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
	BAD(-EOPNOTSUPP, KVT_URING_SUBMIT, 0, 0, (void)0);
	BAD(-EOPNOTSUPP, 0, 0, 0, (void)0);
	BAD(-EOPNOTSUPP, KVT_URING_FETCH_REQ, 0, 0,
	    sqe->fd = open(KST_CONTROL, O_RDWR));
	/* A space's file is none of a helper's. */
	BAD(-EOPNOTSUPP, KVT_URING_FETCH_REQ, 0, 0, sqe->fd = self->fd);
	BAD(-EINVAL, KVT_URING_FETCH_REQ, DEPTH, 0, (void)0);
	BAD(-EINVAL, KVT_URING_FETCH_REQ, ~0U, 0, (void)0);
	BAD(-EINVAL, KVT_URING_FETCH_REQ, 0, 1, (void)0);
	BAD(-EINVAL, KVT_URING_FETCH_REQ, 0, 0, memcpy(sqe->cmd, &u, sizeof(u)));
	BAD(-EINVAL, KVT_URING_FETCH_REQ, 0, 0, sqe->flags |= IOSQE_ASYNC);
	BAD(-EINVAL, KVT_URING_COMMIT_REQ, DEPTH, 1, (void)0);
	/* No tag has any request. */
	for (i = 0; i < DEPTH; i++) {
		BAD(-ESTALE, KVT_URING_COMMIT_REQ, i, 0, (void)0);
		BAD(-ESTALE, KVT_URING_COMMIT_REQ, i, 1, (void)0);
		kst_remote_arm(c, i);
		BAD(-EBUSY, KVT_URING_FETCH_REQ, i, 0, (void)0);
		BAD(-ESTALE, KVT_URING_COMMIT_REQ, i, 0, (void)0);
		BAD(-ESTALE, KVT_URING_COMMIT_REQ, i, 1, (void)0);
	}
	EXPECT_EQ(0, attr("requests"));
}

TEST_F(channel, two_helpers)
{
	struct kst_channel *c = &self->c, second;
	__u32 tag, other;
	int fd, res;

	ASSERT_EQ(0, kst_tier_add("kst_dram2", KVT_TIER_DRAM, 0, KST_HUGE));
	ASSERT_EQ(0, kst_space_simple(SPACE2, BS, "kst_dram2", KST_HUGE));
	ASSERT_EQ(0, kst_remote_add(OTHER));
	ASSERT_EQ(0, kst_knob(SPACE2, "remote", OTHER));
	fd = kst_open(SPACE2, O_RDWR);
	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
	ASSERT_EQ(0, kst_channel_open(&second, OTHER, 1));
	kst_remote_arm(c, 3);
	kst_remote_arm(&second, 0);
	ASSERT_NE(NULL, get_drop(c, self->fd, 1, &tag));
	EXPECT_EQ(3, tag);
	EXPECT_EQ(-ETIME, kst_remote_next(&second, 0, &tag, &res));
	ASSERT_NE(NULL, get_drop(&second, fd, 2, &other));
	EXPECT_EQ(1, attr("in_flight"));
	EXPECT_EQ(1, kst_tier_attr(OTHER, "in_flight"));
	ASSERT_EQ(0, kst_channel_close(&second));
	EXPECT_EQ(1, kst_tier_attr(OTHER, "helper_lost"));
	EXPECT_EQ(0, attr("helper_lost"));
	EXPECT_EQ(1, attr("in_flight"));
}

/* ---------------------------------------------------------------------- the module */

static int unload(void)
{
	return syscall(SYS_delete_module, "kvtier", O_NONBLOCK) ? -errno : 0;
}

TEST_F(channel, keeps_the_module)
{
	if (access("/sys/module/kvtier/refcnt", F_OK))
		SKIP(return, "kvtier is built into the kernel");
	ASSERT_EQ(0, kst_channel_open(&self->c, KST_REMOTE, DEPTH));
	close(self->fd);
	EXPECT_EQ(-EAGAIN, unload());
	io_uring_queue_exit(&self->c.ring);
	close(self->c.fd);
	EXPECT_EQ(-EAGAIN, unload());
	EXPECT_EQ(1, attr("helper"));
}

TEST_HARNESS_MAIN
