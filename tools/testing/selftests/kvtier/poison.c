// SPDX-License-Identifier: GPL-2.0
/* Memory that fails: its block is lost and nobody gets its frame; all else goes on. */
#include "kselftest_harness.h"
#include "nvme.h"
#include "util.h"

#define BS	65536U
#define NR	16U		/* blocks */
#define BAD	5U		/* the one that is lost */
#define FRAMES	64U		/* of 4 MiB */

FIXTURE(poison) {
	int fd;
	char *window;
	size_t len;
	struct kvt_entry e;
};

#define NOT_HERE	1	/* this kernel cannot make memory fail */

/* In a process of its own, which may be told so by a signal. It has no window yet. */
static int fail_page(struct kst_child *c, void *arg)
{
	FIXTURE_DATA(poison) *self = arg;
	size_t len;
	char *w = kst_map_window(self->fd, 0, PROT_READ, &len);

	(void)c;
	if (!w)
		return 2;
	if (madvise(w + self->e.offset + 8192, 4096, MADV_HWPOISON) &&
	    errno == EINVAL)
		return NOT_HERE;
	return 0;
}

/* The memory of block BAD fails, while it is leased. */
static int fail_block(FIXTURE_DATA(poison) *self)
{
	struct kst_child c;
	int ret = kst_acquire(self->fd, kst_key(1, BAD), 0, &self->e);

	if (ret < 0)
		return ret;
	ret = kst_spawn(&c, fail_page, self) ?: kst_join(&c);
	return kst_release(self->fd, self->e.slot) ?: ret;
}

FIXTURE_SETUP(poison)
{
	unsigned int n;
	int ret;

	KST_START();
	ASSERT_EQ(0, kst_tier_add(KST_DRAM, KVT_TIER_DRAM, 0, 8 * KST_MIB));
	ASSERT_EQ(0, kst_tier_add(KST_CXL, KVT_TIER_CXL, kst_slow_node(),
				  8 * KST_MIB));
	ASSERT_EQ(0, kst_space_simple(KST_SPACE, BS, KST_DRAM, 4 * KST_MIB));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->window = kst_map_window(self->fd, 0, PROT_READ | PROT_WRITE, &self->len);
	ASSERT_NE(NULL, self->window);
	for (n = 0; n < NR; n++)
		ASSERT_LE(0, kst_put_pattern(self->fd, kst_key(1, n), kst_root, BS, n));
	ret = fail_block(self);
	if (ret == NOT_HERE)
		SKIP(return, "this kernel cannot make memory fail");
	/* A signal is as good. */
	ASSERT_TRUE(!ret || ret == -SIGBUS);
}

FIXTURE_TEARDOWN_PARENT(poison)
{
	EXPECT_EQ(0, kst_cleanup());
}

TEST_F(poison, get)
{
	char bytes[4096];
	struct kvt_entry e;
	struct kvt_batch b;
	unsigned int n;

	/* Another part of it is well. */
	kst_entries(&e, 1, 1, BAD);
	e.addr = kst_ptr(bytes);
	e.len = sizeof(bytes);
	kst_batch(&b, KVT_OP_GET, &e, 1);
	EXPECT_EQ(0, kst_submit(self->fd, &b));
	EXPECT_EQ(0, e.result & KVT_RES_TIER_MASK);
	EXPECT_EQ(0, kst_stat(KST_SPACE, "poisoned"));
	EXPECT_EQ(-EHWPOISON, kst_get_pattern(self->fd, kst_key(1, BAD), BS, BAD));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "poisoned"));
	EXPECT_EQ(-ENOENT, kst_lookup(self->fd, kst_key(1, BAD)));
	for (n = 0; n < NR; n++)
		if (n != BAD)
			EXPECT_EQ(0, kst_get_pattern(self->fd, kst_key(1, n), BS, n));
}

/* Its frame is out of use: one block less fits, and each has its bytes. */
TEST_F(poison, frame_is_not_used_again)
{
	unsigned int n, good = 0;

	EXPECT_EQ(-EHWPOISON, kst_get_pattern(self->fd, kst_key(1, BAD), BS, BAD));
	for (n = 0; n < 3 * FRAMES; n++)
		kst_put_wait(self->fd, kst_key(2, n), kst_root, BS, n);
	for (n = 0; n < 3 * FRAMES; n++)
		good += !kst_get_pattern(self->fd, kst_key(2, n), BS, n);
	EXPECT_LT(FRAMES / 2, good);
	EXPECT_GT(FRAMES, good);
	EXPECT_EQ(good, kst_attr(KST_SPACE, "blocks"));
}

/* The memory does not go back to the kernel, and to no other space. */
TEST_F(poison, retired)
{
	munmap(self->window, self->len);
	close(self->fd);
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	EXPECT_EQ((long long)KST_HUGE, kst_tier_attr(KST_DRAM, "retired"));
	EXPECT_EQ(-ENOSPC, kst_space_simple("kst_b", BS, KST_DRAM, 8 * KST_MIB));
	EXPECT_EQ(0, kst_space_simple("kst_b", BS, KST_DRAM, 6 * KST_MIB));
}

TEST_HARNESS_MAIN
