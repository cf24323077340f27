// SPDX-License-Identifier: GPL-2.0
/*
 * The structs of the ABI: sizes, padding, tails, pointers, names and numbers
 * that come from outside. Each rejected call must leave nothing behind. Built
 * for 64 and for 32 bits (abi32): both have to see the same.
 */
#include "kselftest_harness.h"
#include "util.h"

#define TAIL	64

/* Room for the largest struct and a tail. */
union arg {
	__u32 size;
	__u8 bytes[4096];
	struct kvt_version version;
	struct kvt_tier_add tier_add;
	struct kvt_tier_remove tier_remove;
	struct kvt_tier_resize tier_resize;
	struct kvt_space_create space_create;
	struct kvt_space_delete space_delete;
	struct kvt_space_resize space_resize;
	struct kvt_attach attach;
	struct kvt_space_info space_info;
	struct kvt_batch batch;
};

static struct kvt_entry lookup_entry;

static void fill_version(union arg *a)
{
	a->size = sizeof(a->version);
}

static void fill_tier_add(union arg *a)
{
	a->size = sizeof(a->tier_add);
	kst_name(a->tier_add.name, "kst_new");
	a->tier_add.bytes = KST_HUGE;
}

static void fill_tier_remove(union arg *a)
{
	a->size = sizeof(a->tier_remove);
	kst_name(a->tier_remove.name, "kst_spare");
}

static void fill_tier_resize(union arg *a)
{
	a->size = sizeof(a->tier_resize);
	kst_name(a->tier_resize.name, "kst_spare");
	a->tier_resize.bytes = KST_HUGE;
}

static void fill_space_create(union arg *a)
{
	kst_space_init(&a->space_create, "kst_new", 4096);
	kst_space_quota(&a->space_create, "kst_spare", KST_HUGE);
}

static void fill_space_delete(union arg *a)
{
	a->size = sizeof(a->space_delete);
	kst_name(a->space_delete.name, "kst_idle");
}

static void fill_space_resize(union arg *a)
{
	a->size = sizeof(a->space_resize);
	kst_name(a->space_resize.name, "kst_idle");
	kst_name(a->space_resize.quota.tier, KST_DRAM);
	a->space_resize.quota.bytes = KST_HUGE;
}

static void fill_attach(union arg *a)
{
	a->size = sizeof(a->attach);
	memset(a->attach.identity, 0x11, sizeof(a->attach.identity));
}

static void fill_space_info(union arg *a)
{
	a->size = sizeof(a->space_info);
}

static void fill_submit(union arg *a)
{
	kst_entries(&lookup_entry, 1, 1, 0);
	kst_batch(&a->batch, KVT_OP_LOOKUP, &lookup_entry, 1);
}

#define PAD(type, field) \
	{ offsetof(struct type, field), sizeof(((struct type *)0)->field) }

FIXTURE(command) {
	union arg arg;
};

FIXTURE_VARIANT(command) {
	unsigned long cmd;
	__u32 size;
	bool control;
	bool room;	/* @size is the room for an answer: any from 8 on */
	__u32 least;	/* as it was first; 0: @size */
	void (*fill)(union arg *a);
	struct {
		__u32 off;
		__u32 len;
	} pad[3];
};

FIXTURE_VARIANT_ADD(command, version) {
	.cmd = KVT_IOC_VERSION, .size = sizeof(struct kvt_version),
	.control = true, .fill = fill_version,
};

FIXTURE_VARIANT_ADD(command, tier_add) {
	.cmd = KVT_IOC_TIER_ADD, .size = sizeof(struct kvt_tier_add),
	.control = true, .fill = fill_tier_add,
	.pad = { PAD(kvt_tier_add, pad) },
};

FIXTURE_VARIANT_ADD(command, tier_remove) {
	.cmd = KVT_IOC_TIER_REMOVE, .size = sizeof(struct kvt_tier_remove),
	.control = true, .fill = fill_tier_remove,
	.pad = { PAD(kvt_tier_remove, pad) },
};

FIXTURE_VARIANT_ADD(command, tier_resize) {
	.cmd = KVT_IOC_TIER_RESIZE, .size = sizeof(struct kvt_tier_resize),
	.control = true, .fill = fill_tier_resize,
	.pad = { PAD(kvt_tier_resize, pad) },
};

FIXTURE_VARIANT_ADD(command, space_create) {
	.cmd = KVT_IOC_SPACE_CREATE, .size = sizeof(struct kvt_space_create),
	.least = offsetof(struct kvt_space_create, layers),
	.control = true, .fill = fill_space_create,
	.pad = { PAD(kvt_space_create, pad), PAD(kvt_space_create, quotas[1]),
		 PAD(kvt_space_create, quotas[7].bytes) },
};

FIXTURE_VARIANT_ADD(command, space_delete) {
	.cmd = KVT_IOC_SPACE_DELETE, .size = sizeof(struct kvt_space_delete),
	.control = true, .fill = fill_space_delete,
	.pad = { PAD(kvt_space_delete, pad) },
};

FIXTURE_VARIANT_ADD(command, space_resize) {
	.cmd = KVT_IOC_SPACE_RESIZE, .size = sizeof(struct kvt_space_resize),
	.control = true, .fill = fill_space_resize,
	.pad = { PAD(kvt_space_resize, pad) },
};

FIXTURE_VARIANT_ADD(command, attach) {
	.cmd = KVT_IOC_ATTACH, .size = sizeof(struct kvt_attach),
	.fill = fill_attach, .pad = { PAD(kvt_attach, pad) },
};

FIXTURE_VARIANT_ADD(command, space_info) {
	.cmd = KVT_IOC_SPACE_INFO, .size = sizeof(struct kvt_space_info),
	.room = true, .fill = fill_space_info,
};

FIXTURE_VARIANT_ADD(command, submit) {
	.cmd = KVT_IOC_SUBMIT, .size = sizeof(struct kvt_batch),
	.fill = fill_submit,
	.pad = { PAD(kvt_batch, pad), PAD(kvt_batch, pad2) },
};

FIXTURE_SETUP(command)
{
	KST_START();
	ASSERT_EQ(0, kst_make(4096, 4, 0)) {
		TH_LOG("cannot make a tier of 4 MiB and a space on it");
	}
	ASSERT_EQ(0, kst_tier_add("kst_spare", KVT_TIER_DRAM, 0, KST_HUGE));
	ASSERT_EQ(0, kst_tier_resize(KST_DRAM, &(__u64){ 6 * KST_MIB }));
	ASSERT_EQ(0, kst_space_simple("kst_idle", 4096, KST_DRAM, KST_HUGE));
	variant->fill(&self->arg);
}

FIXTURE_TEARDOWN_PARENT(command)
{
	kst_cleanup();
}

static int target(bool control)
{
	return control ? open(KST_CONTROL, O_RDWR) : kst_open(KST_SPACE, O_RDWR);
}

/* What a rejected command must not have changed. */
static bool unchanged(void)
{
	return kst_tier_attr("kst_new", "size") < 0 &&
	       kst_attr("kst_new", "blocks") < 0 &&
	       kst_attr("kst_idle", "blocks") == 0 &&
	       kst_tier_attr("kst_spare", "free") == KST_HUGE &&
	       kst_arena("kst_idle", 0, "bytes") == KST_HUGE;
}

/* All other tests mean something only because this one passes. */
TEST_F(command, good_struct_accepted)
{
	int fd = target(variant->control);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, kst_ioctl(fd, variant->cmd, &self->arg));
}

TEST_F(command, long_struct_with_zero_tail_accepted)
{
	int fd = target(variant->control);

	ASSERT_LE(0, fd);
	self->arg.size = variant->size + TAIL;
	EXPECT_EQ(0, kst_ioctl(fd, variant->cmd, &self->arg));
}

TEST_F(command, long_struct_with_bytes_in_tail_refused)
{
	int fd = target(variant->control);
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < TAIL; i += TAIL - 1) {
		self->arg.size = variant->size + TAIL;
		self->arg.bytes[variant->size + i] = 1;
		EXPECT_EQ(variant->room ? 0 : -E2BIG,
			  kst_ioctl(fd, variant->cmd, &self->arg));
		self->arg.bytes[variant->size + i] = 0;
	}
	EXPECT_TRUE(unchanged());
}

TEST_F(command, short_struct_refused)
{
	__u32 least = variant->least ? variant->least : variant->size;
	__u32 sizes[] = { 0, 1, 4, 7, variant->room ? 7 : least - 1 };
	int fd = target(variant->control);
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		self->arg.size = sizes[i];
		EXPECT_EQ(-EINVAL, kst_ioctl(fd, variant->cmd, &self->arg)) {
			TH_LOG("size %u", sizes[i]);
		}
	}
	EXPECT_TRUE(unchanged());
}

TEST_F(command, absurd_size_refused)
{
	__u32 sizes[] = { 1 << 20, 0x7fffffff, 0x80000000, 0xffffffff };
	int fd = target(variant->control);
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		self->arg.size = sizes[i];
		EXPECT_EQ(variant->room ? 0 : -E2BIG,
			  kst_ioctl(fd, variant->cmd, &self->arg)) {
			TH_LOG("size %u", sizes[i]);
		}
	}
	EXPECT_TRUE(unchanged());
}

TEST_F(command, nonzero_padding_refused)
{
	int fd = target(variant->control);
	unsigned int i, j;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(variant->pad); i++) {
		for (j = 0; j < variant->pad[i].len; j++) {
			self->arg.bytes[variant->pad[i].off + j] ^= 1;
			EXPECT_EQ(-EINVAL,
				  kst_ioctl(fd, variant->cmd, &self->arg)) {
				TH_LOG("byte %u", variant->pad[i].off + j);
			}
			self->arg.bytes[variant->pad[i].off + j] ^= 1;
		}
	}
	EXPECT_TRUE(unchanged());
}

TEST_F(command, bad_pointer_refused)
{
	int fd = target(variant->control);
	char *page;

	ASSERT_LE(0, fd);
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(0, munmap(page + 4096, 4096));
	EXPECT_EQ(-EFAULT, kst_ioctl(fd, variant->cmd, NULL));
	EXPECT_EQ(-EFAULT, kst_ioctl(fd, variant->cmd, page + 4096));
	EXPECT_EQ(-EFAULT, kst_ioctl(fd, variant->cmd, (void *)-64L));
	EXPECT_EQ(-EFAULT, kst_ioctl(fd, variant->cmd, page + 4094));
	/* The size is there, the rest is not. */
	memcpy(page + 4096 - 4, &self->arg, 4);
	EXPECT_EQ(-EFAULT, kst_ioctl(fd, variant->cmd, page + 4096 - 4));
	EXPECT_TRUE(unchanged());
}

/* Device and command do not fit, number or type of the command is unknown. */
TEST_F(command, wrong_device_and_unknown_ioctls_refused)
{
	int fd = target(!variant->control);
	unsigned int nr;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTTY, kst_ioctl(fd, variant->cmd, &self->arg));
	close(fd);
	fd = target(variant->control);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTTY, kst_ioctl(fd, variant->cmd ^ (0x40 << _IOC_NRSHIFT),
				     &self->arg));
	EXPECT_EQ(-ENOTTY, kst_ioctl(fd, variant->cmd ^ (1 << _IOC_TYPESHIFT),
				     &self->arg));
	for (nr = 0x30; nr < 0x100; nr += 7) {
		EXPECT_EQ(-ENOTTY,
			  kst_ioctl(fd, _IO(KVT_IOC_MAGIC, nr), &self->arg));
	}
	EXPECT_EQ(-ENOTTY, kst_ioctl(fd, 0x5401 /* TCGETS */, &self->arg));
	EXPECT_TRUE(unchanged());
}

/* ------------------------------------------------------------------ */

FIXTURE(field) {
	union arg arg;
};

FIXTURE_SETUP(field)
{
	KST_START();
	ASSERT_EQ(0, kst_make(4096, 4, 0));
	ASSERT_EQ(0, kst_tier_add("kst_spare", KVT_TIER_DRAM, 0, KST_HUGE));
	memset(&self->arg, 0, sizeof(self->arg));
}

FIXTURE_TEARDOWN_PARENT(field)
{
	kst_cleanup();
}

static const char * const bad_names[] = {
	"", "1kst", "-kst", "_kst", "Kst", "kSt", "k/st", "..", ".", "k st",
	"k\nst", "k.st", "k\xc3\xa4st", "kst\x7f",
	"kst_6789012345678901234567890123", /* 32 bytes: no NUL */
};

TEST_F(field, tier_names)
{
	unsigned int i;

	fill_tier_add(&self->arg);
	for (i = 0; i < ARRAY_SIZE(bad_names); i++) {
		kst_name(self->arg.tier_add.name, bad_names[i]);
		EXPECT_EQ(-EINVAL, kst_control(KVT_IOC_TIER_ADD, &self->arg)) {
			TH_LOG("name '%.32s'", bad_names[i]);
		}
	}
	EXPECT_EQ(0, kst_tier_add("kst_567890-2345678901234567890z",
				  KVT_TIER_DRAM, 0, KST_HUGE));
	EXPECT_EQ(-EEXIST, kst_tier_add("kst_567890-2345678901234567890z",
					KVT_TIER_DRAM, 0, KST_HUGE));
}

TEST_F(field, space_names)
{
	unsigned int i;

	fill_space_create(&self->arg);
	for (i = 0; i < ARRAY_SIZE(bad_names); i++) {
		kst_name(self->arg.space_create.name, bad_names[i]);
		EXPECT_EQ(-EINVAL,
			  kst_control(KVT_IOC_SPACE_CREATE, &self->arg)) {
			TH_LOG("name '%.32s'", bad_names[i]);
		}
	}
}

/* A name that has no NUL, or is none, must not be looked for past its end. */
TEST_F(field, names_of_things_to_change)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_names); i++) {
		int ret;

		fill_tier_remove(&self->arg);
		kst_name(self->arg.tier_remove.name, bad_names[i]);
		ret = kst_control(KVT_IOC_TIER_REMOVE, &self->arg);
		EXPECT_TRUE(ret == -EINVAL || ret == -ENOENT);
		fill_tier_resize(&self->arg);
		kst_name(self->arg.tier_resize.name, bad_names[i]);
		ret = kst_control(KVT_IOC_TIER_RESIZE, &self->arg);
		EXPECT_TRUE(ret == -EINVAL || ret == -ENOENT);
		fill_space_delete(&self->arg);
		kst_name(self->arg.space_delete.name, bad_names[i]);
		ret = kst_control(KVT_IOC_SPACE_DELETE, &self->arg);
		EXPECT_TRUE(ret == -EINVAL || ret == -ENOENT);
		fill_space_resize(&self->arg);
		kst_name(self->arg.space_resize.name, bad_names[i]);
		ret = kst_control(KVT_IOC_SPACE_RESIZE, &self->arg);
		EXPECT_TRUE(ret == -EINVAL || ret == -ENOENT);
	}
}

TEST_F(field, tier_kinds)
{
	static const __u32 kinds[] = {
		KVT_TIER_NVME, KVT_TIER_REMOTE, 4, 0x80000000, 0xffffffff,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		EXPECT_EQ(-EINVAL, kst_tier_add("kst_new", kinds[i], 0,
						KST_HUGE)) {
			TH_LOG("kind %u", kinds[i]);
		}
	}
	EXPECT_EQ(-1, kst_tier_attr("kst_new", "size"));
}

/* A node number that does not exist would be an oops in the allocator. */
TEST_F(field, tier_nodes)
{
	static const int nodes[] = {
		-1, -2, 63, 64, 1023, 1024, 1 << 20, 0x7fffffff,
		-0x7fffffff - 1,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		EXPECT_EQ(-ENODEV, kst_tier_add("kst_new", KVT_TIER_DRAM,
						nodes[i], KST_HUGE)) {
			TH_LOG("node %d", nodes[i]);
		}
	}
}

TEST_F(field, tier_sizes)
{
	static const __u64 odd[] = {
		0, 1, 4096, KST_HUGE - 1, KST_HUGE + 4096, ~0ULL,
		(1ULL << 63) + 1,
	};
	static const __u64 huge[] = {
		1ULL << 40, 1ULL << 52, 1ULL << 63, ~0ULL << 21,
	};
	__u64 bytes;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		EXPECT_EQ(-EINVAL, kst_tier_add("kst_new", KVT_TIER_DRAM, 0,
						odd[i])) {
			TH_LOG("%#llx bytes", odd[i]);
		}
	}
	for (i = 0; i < ARRAY_SIZE(huge); i++) {
		ret = kst_tier_add("kst_new", KVT_TIER_DRAM, 0, huge[i]);
		/* EINVAL: no machine ever has so much */
		EXPECT_TRUE(ret == -ENOMEM ||
			    (ret == -EINVAL && huge[i] >= 1ULL << 56)) {
			TH_LOG("%#llx bytes: %d", huge[i], ret);
		}
	}
	for (i = 1; i < ARRAY_SIZE(odd); i++) {
		bytes = odd[i];
		EXPECT_EQ(-EINVAL, kst_tier_resize("kst_spare", &bytes));
	}
	EXPECT_EQ(KST_HUGE, kst_tier_attr("kst_spare", "size"));
}

TEST_F(field, block_sizes)
{
	static const __u32 bad[] = {
		0, 1, 2048, 4095, 4097, 6144, (64 << 20) + 4096, 128 << 20,
		0x80000000, 0xfffff000, 0xffffffff,
	};
	unsigned int i;

	fill_space_create(&self->arg);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		self->arg.space_create.block_size = bad[i];
		EXPECT_EQ(-EINVAL,
			  kst_control(KVT_IOC_SPACE_CREATE, &self->arg)) {
			TH_LOG("block size %u", bad[i]);
		}
	}
}

TEST_F(field, space_mode_class_owner)
{
	struct kvt_space_create *c = &self->arg.space_create;

	fill_space_create(&self->arg);
	c->mode = 01000;
	EXPECT_EQ(-EINVAL, kst_space_create(c));
	c->mode = 04600;
	EXPECT_EQ(-EINVAL, kst_space_create(c));
	c->mode = 0100600;
	EXPECT_EQ(-EINVAL, kst_space_create(c));
	c->mode = 0600;
	c->default_class = KVT_MAX_CLASS + 1;
	EXPECT_EQ(-EINVAL, kst_space_create(c));
	c->default_class = 0xffffffff;
	EXPECT_EQ(-EINVAL, kst_space_create(c));
	c->default_class = 0;
	c->uid = 0xffffffff;
	EXPECT_EQ(-EINVAL, kst_space_create(c));
	c->uid = 0;
	c->gid = 0xffffffff;
	EXPECT_EQ(-EINVAL, kst_space_create(c));
	c->gid = 0;
	EXPECT_EQ(0, kst_space_create(c));
}

TEST_F(field, quota_counts)
{
	struct kvt_space_create *c = &self->arg.space_create;
	__u32 bad[] = { 0, KVT_MAX_ARENAS + 1, 0x80000000, 0xffffffff };
	unsigned int i;

	fill_space_create(&self->arg);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		c->nr_quotas = bad[i];
		EXPECT_EQ(-EINVAL, kst_space_create(c)) {
			TH_LOG("%u quotas", bad[i]);
		}
	}
	/* One more than is filled in: an empty tier name */
	c->nr_quotas = 2;
	EXPECT_NE(0, kst_space_create(c));
	/* The same tier twice */
	kst_space_init(c, "kst_new", 4096);
	kst_space_quota(c, "kst_spare", KST_HUGE);
	kst_space_quota(c, "kst_spare", KST_HUGE);
	EXPECT_EQ(-EINVAL, kst_space_create(c));
	EXPECT_EQ(KST_HUGE, kst_tier_attr("kst_spare", "free"));
}

TEST_F(field, quota_bytes)
{
	static const __u64 bad[] = {
		0, 1, 4096, KST_HUGE - 4096, KST_HUGE + 1, ~0ULL,
	};
	struct kvt_space_create *c = &self->arg.space_create;
	unsigned int i;

	fill_space_create(&self->arg);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		c->quotas[0].bytes = bad[i];
		EXPECT_EQ(-EINVAL, kst_space_create(c)) {
			TH_LOG("%#llx bytes", bad[i]);
		}
	}
	for (i = 22; i < 64; i += 3) {
		c->quotas[0].bytes = 1ULL << i;
		EXPECT_EQ(i < 56 ? -ENOSPC : -EINVAL, kst_space_create(c)) {
			TH_LOG("%#llx bytes", 1ULL << i);
		}
	}
	/* Less than one block */
	c->quotas[0].bytes = KST_HUGE;
	c->block_size = KST_HUGE + 4096;
	EXPECT_EQ(-EINVAL, kst_space_create(c));
	EXPECT_EQ(KST_HUGE, kst_tier_attr("kst_spare", "free"));
}

TEST_F(field, names_that_do_not_exist)
{
	__u64 bytes = KST_HUGE;

	EXPECT_EQ(-ENOENT, kst_tier_remove("kst_none"));
	EXPECT_EQ(-ENOENT, kst_tier_resize("kst_none", &bytes));
	EXPECT_EQ(-ENOENT, kst_space_delete("kst_none"));
	EXPECT_EQ(-ENOENT, kst_space_resize("kst_none", KST_DRAM, &bytes));
	EXPECT_EQ(-ENOENT, kst_space_resize(KST_SPACE, "kst_none", &bytes));
	EXPECT_EQ(-ENOENT, kst_space_simple("kst_new", 4096, "kst_none",
					    KST_HUGE));
}

TEST_F(field, resize_bytes)
{
	static const __u64 bad[] = { 1, 4096, KST_HUGE + 1, ~0ULL };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		__u64 bytes = bad[i];

		EXPECT_EQ(-EINVAL, kst_space_resize(KST_SPACE, KST_DRAM,
						    &bytes));
	}
	for (i = 23; i < 64; i += 5) {
		__u64 bytes = 1ULL << i;

		EXPECT_EQ(i < 56 ? -ENOSPC : -EINVAL,
			  kst_space_resize(KST_SPACE, KST_DRAM, &bytes)) {
			TH_LOG("%#llx bytes", 1ULL << i);
		}
	}
	EXPECT_EQ(4 * KST_MIB, kst_arena(KST_SPACE, 0, "bytes"));
}

/* What is told about the module and a space is what was set. */
TEST_F(field, answers)
{
	struct kvt_version v = { .size = sizeof(v) };
	struct kvt_space_info info;
	int fd = kst_open(KST_SPACE, O_RDONLY);

	ASSERT_EQ(0, kst_control(KVT_IOC_VERSION, &v));
	EXPECT_EQ(KVT_ABI_VERSION, v.abi);
	EXPECT_NE(0, v.release[0]);
	EXPECT_NE(NULL, memchr(v.release, 0, sizeof(v.release)));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_info(fd, &info));
	EXPECT_EQ(sizeof(info), info.size);
	EXPECT_EQ(4096, info.block_size);
	EXPECT_STREQ(KST_SPACE, (char *)info.name);
	EXPECT_EQ(0x11, info.identity[0]);
	EXPECT_EQ(0x11, info.identity[31]);
	EXPECT_EQ(info.slots_len, (__u64)info.nr_slots * info.block_size);
	EXPECT_STREQ(KST_DRAM, (char *)info.arenas[0].tier);
	EXPECT_EQ(KVT_TIER_DRAM, info.arenas[0].kind);
	EXPECT_EQ(0, info.arenas[0].node);
	EXPECT_EQ(1024, info.arenas[0].nr_frames);
	EXPECT_EQ(4 * KST_MIB, info.arenas[0].window_len);
	EXPECT_EQ(0, info.arenas[0].pad);
	EXPECT_GE(info.arenas[0].status_len, 1024 * sizeof(struct kvt_status));
	EXPECT_EQ(0, info.arenas[1].tier[0]);
	EXPECT_EQ(0, info.arenas[1].window_len);
}

/* An older caller's room: what fits is written, not a byte more. */
TEST_F(field, short_space_info)
{
	static const __u32 sizes[] = { 8, 40, 41, 96, 200 };
	int fd = kst_open(KST_SPACE, O_RDONLY);
	unsigned int i, j;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(&self->arg, 0xee, sizeof(self->arg));
		self->arg.size = sizes[i];
		ASSERT_EQ(0, kst_ioctl(fd, KVT_IOC_SPACE_INFO, &self->arg));
		EXPECT_EQ(sizeof(struct kvt_space_info), self->arg.size);
		EXPECT_EQ(4096, self->arg.space_info.block_size);
		for (j = sizes[i]; j < sizeof(self->arg); j++) {
			ASSERT_EQ(0xee, self->arg.bytes[j]) {
				TH_LOG("size %u, byte %u", sizes[i], j);
			}
		}
	}
}

TEST_F(field, areas_do_not_overlap)
{
	struct kvt_space_info info;
	struct kvt_arena_info *a = &info.arenas[0];
	int fd = kst_open(KST_SPACE, O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_info(fd, &info));
	EXPECT_EQ(0, a->window_offset % KST_HUGE);
	EXPECT_EQ(0, a->window_len % KST_HUGE);
	EXPECT_EQ(0, a->status_offset % 4096);
	EXPECT_EQ(0, a->status_len % 4096);
	EXPECT_EQ(0, info.slots_offset % KST_HUGE);
	EXPECT_TRUE(a->window_offset + a->window_len <= a->status_offset ||
		    a->status_offset + a->status_len <= a->window_offset);
	EXPECT_TRUE(a->window_offset + a->window_len <= info.slots_offset ||
		    info.slots_offset + info.slots_len <= a->window_offset);
	/* mmap2() of a 32-bit caller reaches 2^44 bytes: the first window */
	EXPECT_GE(1ULL << 44, a->window_offset + a->window_len);
}

TEST_HARNESS_MAIN
