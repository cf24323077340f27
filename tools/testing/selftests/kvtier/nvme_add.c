// SPDX-License-Identifier: GPL-2.0
/*
 * KVT_IOC_NVME_ADD: what it refuses, why, and that a device it refuses is not
 * written to. On loop devices: the test sees all their bytes.
 */
#include <sys/mount.h>

#include "kselftest_harness.h"
#include "nvme.h"
#include "../../../../kmod/log_codec.h"

#define DEVICES	2
#define BYTES	(16 * KST_MIB)

FIXTURE(add) {
	struct kst_loop loop[DEVICES];
	struct kst_set set;		/* of the first */
	struct kst_set both;
	struct kvt_nvme_add a;
};

FIXTURE_SETUP(add)
{
	unsigned int i;

	KST_START();
	for (i = 0; i < DEVICES; i++) {
		if (kst_loop_make(&self->loop[i], BYTES))
			SKIP(return, "no loop devices");
		self->both.dev[i] = self->loop[i].path;
	}
	self->both.nr = DEVICES;
	self->both.segment = KST_MIB;
	self->set = self->both;
	self->set.nr = 1;
	kst_nvme_init(&self->a, KST_NVME);
}

FIXTURE_TEARDOWN_PARENT(add)
{
	EXPECT_EQ(0, kst_cleanup());
}

static int add(struct kvt_nvme_add *a)
{
	return kst_control(KVT_IOC_NVME_ADD, a);
}

/* Attach the first device, after the test has done something to it. */
static int add_first(FIXTURE_DATA(add) *self)
{
	kst_nvme_path(&self->a, self->set.dev[0]);
	return add(&self->a);
}

static struct kvt_log_super *super_of(const struct kst_loop *l,
				      unsigned int copy)
{
	return mmap(NULL, KVT_LOG_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		    l->file, copy * KVT_LOG_SUPER_STEP);
}

/* Change a field of both copies of a superblock, and seal them. */
static void change(const struct kst_loop *l, size_t at, size_t size,
		   __u64 value)
{
	__u64 le = cpu_to_le64(value);
	unsigned int copy;

	for (copy = 0; copy < KVT_LOG_SUPER_COPIES; copy++) {
		struct kvt_log_super *s = super_of(l, copy);

		memcpy((char *)s + at, &le, size);
		kvt_log_seal_super(s);
		munmap(s, KVT_LOG_PAGE);
	}
}

#define CHANGE(loop, field, value)					\
	change(loop, offsetof(struct kvt_log_super, field),		\
	       sizeof(((struct kvt_log_super *)0)->field), value)

static unsigned int sum_of(const struct kst_loop *l)
{
	char *p = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, l->file, 0);
	unsigned int sum = crc32c(~0U, p, BYTES);

	munmap(p, BYTES);
	return sum;
}

TEST_F(add, one_device)
{
	char text[64];

	ASSERT_EQ(0, kst_format(&self->set));
	EXPECT_EQ(0, add_first(self));
	EXPECT_EQ(0, kst_attr_text("/sys/class/kvtier_tier/" KST_NVME "/kind",
				   text, sizeof(text)));
	EXPECT_STREQ("nvme", text);
	EXPECT_EQ(0, kst_attr_text("/sys/class/kvtier_tier/" KST_NVME "/grade",
				   text, sizeof(text)));
	EXPECT_STREQ("fast", text);
	EXPECT_EQ(0, kst_attr_text("/sys/class/kvtier_tier/" KST_NVME "/state",
				   text, sizeof(text)));
	EXPECT_STREQ("ok", text);
	/* The first 4 MiB are the format's own. */
	EXPECT_EQ(12 * KST_MIB, kst_tier_attr(KST_NVME, "size"));
	EXPECT_EQ(12 * KST_MIB, kst_tier_attr(KST_NVME, "free"));
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "used"));
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "found"));
	EXPECT_EQ(KST_MIB, kst_tier_attr(KST_NVME, "segment_size"));
	EXPECT_EQ(1, kst_tier_attr(KST_NVME, "devices"));
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "bad_records"));
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "write_amplification"));
	EXPECT_EQ(0, kst_tier_remove(KST_NVME));
	EXPECT_EQ(-1, kst_tier_attr(KST_NVME, "size"));
}

/* In the order of the set, whatever order they are named in. */
TEST_F(add, devices_in_any_order)
{
	ASSERT_EQ(0, kst_format(&self->both));
	kst_nvme_path(&self->a, self->both.dev[1]);
	kst_nvme_path(&self->a, self->both.dev[0]);
	EXPECT_EQ(0, add(&self->a));
	EXPECT_EQ(2, kst_tier_attr(KST_NVME, "devices"));
	EXPECT_EQ(24 * KST_MIB, kst_tier_attr(KST_NVME, "size"));
	EXPECT_EQ(0, kst_tier_remove(KST_NVME));
	EXPECT_EQ(0, kst_nvme_add(&self->both, KST_NVME));
}

TEST_F(add, attached_again_and_again)
{
	unsigned int i;

	ASSERT_EQ(0, kst_format(&self->both));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, kst_nvme_add(&self->both, KST_NVME));
		ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	}
	EXPECT_LT(10, le64_to_cpu(super_of(&self->loop[0], 0)->sequence));
}

/* Never a write to a device that was not formatted. */
TEST_F(add, not_formatted)
{
	static char page[4096];
	unsigned int before;

	EXPECT_EQ(-EMEDIUMTYPE, add_first(self));
	EXPECT_EQ(0, self->a.bad);
	/* Somebody else's bytes */
	kst_fill(page, sizeof(page), 1);
	ASSERT_EQ(4096, pwrite(self->loop[0].file, page, 4096, 0));
	ASSERT_EQ(4096, pwrite(self->loop[0].file, page, 4096, 1 << 20));
	ASSERT_EQ(4096, pwrite(self->loop[0].file, page, 4096, BYTES - 4096));
	before = sum_of(&self->loop[0]);
	EXPECT_EQ(-EMEDIUMTYPE, add(&self->a));
	EXPECT_EQ(before, sum_of(&self->loop[0]));
	EXPECT_EQ(-1, kst_tier_attr(KST_NVME, "size"));
}

TEST_F(add, another_version)
{
	unsigned int before;

	ASSERT_EQ(0, kst_format(&self->set));
	CHANGE(&self->loop[0], version, KVT_LOG_VERSION + 1);
	before = sum_of(&self->loop[0]);
	EXPECT_EQ(-EPROTONOSUPPORT, add_first(self));
	EXPECT_EQ(0, self->a.bad);
	EXPECT_EQ(before, sum_of(&self->loop[0]));
}

/* One good copy is enough; then it is made two again. */
TEST_F(add, damaged)
{
	struct kvt_log_super *s[2] = {
		super_of(&self->loop[0], 0), super_of(&self->loop[0], 1),
	};
	unsigned int i, before;

	kst_nvme_path(&self->a, self->set.dev[0]);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, kst_format(&self->set));
		s[i]->crc ^= 1;
		EXPECT_EQ(0, add(&self->a));
		EXPECT_EQ(1, kst_tier_attr(KST_NVME, "bad_records"));
		EXPECT_EQ(0, kst_tier_remove(KST_NVME));
		EXPECT_EQ(0, add(&self->a));
		EXPECT_EQ(0, kst_tier_attr(KST_NVME, "bad_records"));
		EXPECT_EQ(0, kst_tier_remove(KST_NVME));
	}
	s[0]->crc ^= 1;
	s[1]->pad[5] ^= 1;
	before = sum_of(&self->loop[0]);
	EXPECT_EQ(-EUCLEAN, add(&self->a));
	EXPECT_EQ(before, sum_of(&self->loop[0]));
}

/* Right checksums do not make it sane. */
TEST_F(add, lies)
{
	ASSERT_EQ(0, kst_format(&self->set));
	kst_nvme_path(&self->a, self->set.dev[0]);
	CHANGE(&self->loop[0], segment_bytes, 3 << 20);
	EXPECT_EQ(-EUCLEAN, add(&self->a));
	CHANGE(&self->loop[0], segment_bytes, 1ULL << 63);
	EXPECT_EQ(-EUCLEAN, add(&self->a));
	CHANGE(&self->loop[0], segment_bytes, KST_MIB);
	CHANGE(&self->loop[0], nr_segments, 0);
	EXPECT_EQ(-EUCLEAN, add(&self->a));
	CHANGE(&self->loop[0], nr_segments, ~0U);
	EXPECT_EQ(-EUCLEAN, add(&self->a));
	CHANGE(&self->loop[0], nr_segments, 12);
	CHANGE(&self->loop[0], first_segment, 4096);
	EXPECT_EQ(-EUCLEAN, add(&self->a));
	CHANGE(&self->loop[0], first_segment, 4 * KST_MIB);
	CHANGE(&self->loop[0], grade, 7);
	EXPECT_EQ(-EUCLEAN, add(&self->a));
	CHANGE(&self->loop[0], grade, KST_BULK);
	CHANGE(&self->loop[0], index, 1);
	EXPECT_EQ(-EUCLEAN, add(&self->a));
	CHANGE(&self->loop[0], index, 0);
	CHANGE(&self->loop[0], nr_devices, 9);
	EXPECT_EQ(-EUCLEAN, add(&self->a));
	CHANGE(&self->loop[0], nr_devices, 1);
	EXPECT_EQ(0, add(&self->a));
}

TEST_F(add, too_small)
{
	ASSERT_EQ(0, kst_format(&self->set));
	CHANGE(&self->loop[0], nr_segments, 13);
	EXPECT_EQ(-EOVERFLOW, add_first(self));
	EXPECT_EQ(0, self->a.bad);
}

TEST_F(add, another_set)
{
	struct kst_set second = self->set;

	second.dev[0] = self->both.dev[1];
	ASSERT_EQ(0, kst_format(&self->set));
	ASSERT_EQ(0, kst_format(&second));
	kst_nvme_path(&self->a, self->both.dev[0]);
	kst_nvme_path(&self->a, self->both.dev[1]);
	EXPECT_EQ(-EXDEV, add(&self->a));
	EXPECT_EQ(1, self->a.bad);
}

/* A copy of a device is in no set twice. */
TEST_F(add, the_same_device_twice)
{
	struct kst_loop copy;

	ASSERT_EQ(0, kst_format(&self->both));
	kst_nvme_path(&self->a, self->both.dev[0]);
	kst_nvme_path(&self->a, self->both.dev[0]);
	EXPECT_EQ(-EBUSY, add(&self->a));
	EXPECT_EQ(1, self->a.bad);
	ASSERT_EQ(0, kst_loop_open(&copy, kst_copy_memory(self->loop[0].file),
				   false));
	strcpy((char *)self->a.devices[1], copy.path);
	EXPECT_EQ(-EXDEV, add(&self->a));
	EXPECT_EQ(1, self->a.bad);
}

TEST_F(add, missing_devices)
{
	ASSERT_EQ(0, kst_format(&self->both));
	EXPECT_EQ(-ESTALE, add_first(self));
	EXPECT_EQ(1, self->a.bad);
	EXPECT_EQ(0, kst_nvme_add(&self->both, KST_NVME));
}

TEST_F(add, another_host)
{
	unsigned int before;

	ASSERT_EQ(0, kst_format(&self->set));
	CHANGE(&self->loop[0], host[3], 1);
	before = sum_of(&self->loop[0]);
	EXPECT_EQ(-EREMOTE, add_first(self));
	EXPECT_EQ(0, self->a.bad);
	EXPECT_EQ(before, sum_of(&self->loop[0]));
	self->a.flags = KVT_NVME_TAKE_OVER;
	EXPECT_EQ(0, add(&self->a));
	EXPECT_EQ(0, kst_tier_remove(KST_NVME));
	/* Detached: anybody's */
	self->a.flags = 0;
	self->a.host[0] ^= 1;
	EXPECT_EQ(0, add(&self->a));
	EXPECT_EQ(0, kst_tier_remove(KST_NVME));
}

/* This host's, after a crash */
TEST_F(add, not_detached_by_this_host)
{
	unsigned int i;

	ASSERT_EQ(0, kst_format(&self->set));
	for (i = 0; i < KVT_HOST_SIZE; i++)
		change(&self->loop[0], offsetof(struct kvt_log_super, host) + i, 1,
		       0x77);
	EXPECT_EQ(0, add_first(self));
}

TEST_F(add, read_only)
{
	struct kst_loop ro;

	ASSERT_EQ(0, kst_format(&self->set));
	kst_loop_close(&self->loop[0]);
	ASSERT_EQ(0, kst_loop_open(&ro, self->loop[0].file, true));
	kst_nvme_path(&self->a, ro.path);
	EXPECT_EQ(-EROFS, add(&self->a));
	EXPECT_EQ(0, self->a.bad);
}

static int add_path(const char *path)
{
	struct kvt_nvme_add a;
	int err;

	kst_nvme_init(&a, KST_NVME);
	kst_nvme_path(&a, path);
	a.bad = 7;
	err = add(&a);
	return a.bad ? -EPROTO : err;
}

TEST_F(add, no_block_device)
{
	EXPECT_EQ(-ENOTBLK, add_path("/dev/null"));
	EXPECT_EQ(-ENOTBLK, add_path("/etc/passwd"));
	EXPECT_EQ(-ENOTBLK, add_path("/dev"));
	EXPECT_EQ(-ENOENT, add_path("/dev/there-is-none"));
	EXPECT_EQ(-ENOTDIR, add_path("/dev/null/x"));
}

TEST_F(add, busy)
{
	int fd;

	ASSERT_EQ(0, kst_format(&self->both));
	kst_nvme_path(&self->a, self->both.dev[0]);
	kst_nvme_path(&self->a, self->both.dev[1]);
	fd = open(self->both.dev[1], O_RDWR | O_EXCL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, add(&self->a));
	EXPECT_EQ(1, self->a.bad);
	close(fd);
	EXPECT_EQ(0, add(&self->a));
	/* The tier has it now: nobody else may claim it. */
	EXPECT_EQ(-1, open(self->both.dev[0], O_RDONLY | O_EXCL));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(-1, mount(self->both.dev[0], "/mnt", "ext4", 0, NULL));
	kst_name(self->a.name, KST_NVME2);
	EXPECT_EQ(-EBUSY, add(&self->a));
	EXPECT_EQ(0, self->a.bad);
}

TEST_F(add, name_taken)
{
	ASSERT_EQ(0, kst_format(&self->set));
	ASSERT_EQ(0, add_first(self));
	self->a.devices[0][0] = 0;
	strcpy((char *)self->a.devices[0], self->both.dev[1]);
	EXPECT_EQ(-EEXIST, add(&self->a));
	EXPECT_EQ(1, self->a.bad);
	ASSERT_EQ(0, kst_tier_add(KST_DRAM, KVT_TIER_DRAM, 0, 2 * KST_MIB));
	kst_name(self->a.name, KST_DRAM);
	EXPECT_EQ(-EEXIST, add(&self->a));
}

/* The struct itself; abi.c has what is common to all. */
TEST_F(add, struct_fields)
{
	struct kvt_nvme_add good;

	ASSERT_EQ(0, kst_format(&self->set));
	kst_nvme_path(&self->a, self->set.dev[0]);
	good = self->a;
#define REFUSED(change)					\
	do {						\
		self->a = good;				\
		change;					\
		EXPECT_EQ(-EINVAL, add(&self->a)) {	\
			TH_LOG("%s", #change);		\
		}					\
	} while (0)
	REFUSED(self->a.flags = 2);
	REFUSED(self->a.flags = 1U << 31);
	REFUSED(memset(self->a.host, 0, sizeof(self->a.host)));
	REFUSED(self->a.nr_devices = 0);
	REFUSED(self->a.nr_devices = KVT_MAX_DEVICES + 1);
	REFUSED(self->a.nr_devices = 2);
	REFUSED(self->a.name[0] = 'A');
	REFUSED(self->a.name[0] = 0);
	REFUSED(memset(self->a.name, 'a', sizeof(self->a.name)));
	REFUSED(memset(self->a.devices[0], '/', KVT_PATH_SIZE));
	REFUSED(self->a.devices[0][0] = 0);
	REFUSED(self->a.devices[0][KVT_PATH_SIZE - 1] = 1);
	REFUSED(self->a.devices[1][0] = '/');
	REFUSED(self->a.devices[7][100] = '/');
	REFUSED(self->a.size = 8);
	self->a = good;
	EXPECT_EQ(0, add(&self->a));
}

static int add_as_nobody(struct kst_child *c, void *arg)
{
	int fd = open(KST_CONTROL, O_RDWR);

	(void)c;
	if (fd < 0 || kst_become_nobody())
		return 1;
	return -kst_ioctl(fd, KVT_IOC_NVME_ADD, arg);
}

TEST_F(add, needs_the_capability)
{
	struct kst_child c;

	ASSERT_EQ(0, kst_format(&self->set));
	kst_nvme_path(&self->a, self->set.dev[0]);
	ASSERT_EQ(0, kst_spawn(&c, add_as_nobody, &self->a));
	EXPECT_EQ(EPERM, kst_join(&c));
}

TEST_F(add, cannot_be_resized)
{
	__u64 bytes = 2 * KST_MIB;

	ASSERT_EQ(0, kst_format(&self->set));
	ASSERT_EQ(0, add_first(self));
	EXPECT_EQ(-EOPNOTSUPP, kst_tier_resize(KST_NVME, &bytes));
}

/* A quota: whole segments, two at least, and no more than there are. */
TEST_F(add, quotas)
{
	struct kvt_space_create c;

	ASSERT_EQ(0, kst_format(&self->set));
	ASSERT_EQ(0, add_first(self));
	ASSERT_EQ(0, kst_tier_add(KST_DRAM, KVT_TIER_DRAM, 0, 4 * KST_MIB));
	/* No quota on memory */
	kst_space_init(&c, KST_SPACE, 65536);
	kst_space_quota(&c, KST_NVME, 4 * KST_MIB);
	EXPECT_EQ(-EINVAL, kst_space_create(&c));
	kst_space_quota(&c, KST_DRAM, 4 * KST_MIB);
	c.quotas[0].bytes = 14 * KST_MIB;
	EXPECT_EQ(-ENOSPC, kst_space_create(&c));
	/* Segments are too short for these. */
	c.quotas[0].bytes = 4 * KST_MIB;
	c.block_size = KST_MIB;
	EXPECT_EQ(-EINVAL, kst_space_create(&c));
	c.block_size = 65536;
	c.quotas[0].bytes = 12 * KST_MIB;
	EXPECT_EQ(0, kst_space_create(&c));
	EXPECT_EQ(12 * KST_MIB, kst_arena(KST_SPACE, 0, "bytes"));
	/* It is all promised. */
	kst_name(c.name, KST_PREFIX "other");
	c.quotas[0].bytes = 2 * KST_MIB;
	EXPECT_EQ(-ENOSPC, kst_space_create(&c));
	EXPECT_EQ(0, kst_space_delete(KST_SPACE));
	EXPECT_EQ(0, kst_space_create(&c));
}

TEST_F(add, info_shows_no_window)
{
	struct kvt_space_info info;
	int fd;

	ASSERT_EQ(0, kst_format(&self->set));
	ASSERT_EQ(0, add_first(self));
	ASSERT_EQ(0, kst_nvme_space(KST_SPACE, 65536, 4, 8));
	fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_info(fd, &info));
	EXPECT_STREQ(KST_NVME, (char *)info.arenas[1].tier);
	EXPECT_EQ(KVT_TIER_NVME, info.arenas[1].kind);
	EXPECT_EQ(-1, info.arenas[1].node);
	EXPECT_EQ(0, info.arenas[1].nr_frames);
	EXPECT_EQ(0, info.arenas[1].window_len);
	EXPECT_EQ(0, info.arenas[1].status_len);
	EXPECT_EQ(NULL, kst_map(fd, info.arenas[1].window_offset, 4096,
				PROT_READ));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
}

TEST_HARNESS_MAIN
