// SPDX-License-Identifier: GPL-2.0
/* fork() shares the open file, and so the leases; it does not share maps. */
#include "kselftest_harness.h"
#include "util.h"

#define BS	65536U

FIXTURE(fork) {
	struct kvt_entry e;
	int fd;
	char *w;
};

FIXTURE_SETUP(fork)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, 4, 0));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->w = kst_map_window(self->fd, 0, PROT_READ | PROT_WRITE, NULL);
	ASSERT_NE(NULL, self->w);
	ASSERT_EQ(0, kst_put_pattern(self->fd, kst_key(1, 0), kst_root, BS,
				     1));
	ASSERT_LE(0, kst_acquire(self->fd, kst_key(1, 0), 0, &self->e));
}

FIXTURE_TEARDOWN_PARENT(fork)
{
	EXPECT_EQ(0, kst_cleanup());
}

static int read_inherited(struct kst_child *c, void *arg)
{
	FIXTURE_DATA(fork) *self = arg;
	int sig = kst_touch(self->w);
	char *w;

	(void)c;
	/* The parent's map is not the child's; whatever is seen is right. */
	if (sig && sig != SIGSEGV)
		return 1;
	if (!sig && !kst_holds(self->w + self->e.offset, BS, 1))
		return 2;
	/* It maps again by the same file. */
	w = kst_map_window(self->fd, 0, PROT_READ, NULL);
	if (!w || !kst_holds(w + self->e.offset, BS, 1))
		return 3;
	return 0;
}

TEST_F(fork, child_maps_again)
{
	struct kst_child c;

	ASSERT_EQ(0, kst_spawn(&c, read_inherited, self));
	EXPECT_EQ(0, kst_join(&c));
	EXPECT_TRUE(kst_holds(self->w + self->e.offset, BS, 1));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "openers"));
}

static int release_inherited(struct kst_child *c, void *arg)
{
	FIXTURE_DATA(fork) *self = arg;

	(void)c;
	return -kst_release(self->fd, self->e.slot);
}

TEST_F(fork, child_releases_the_parents_lease)
{
	struct kst_child c;

	ASSERT_EQ(0, kst_spawn(&c, release_inherited, self));
	EXPECT_EQ(0, kst_join(&c));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(-ENOENT, kst_release(self->fd, self->e.slot));
}

static int wait_for_word(struct kst_child *c, void *arg)
{
	(void)arg;
	kst_say(c, 1);
	return kst_hear(c) == 1 ? 0 : 1;
}

TEST_F(fork, leases_last_until_the_last_copy_is_closed)
{
	struct kst_child c;
	int copy = dup(self->fd);

	ASSERT_EQ(0, kst_spawn(&c, wait_for_word, NULL));
	ASSERT_EQ(1, kst_hear(&c));
	close(self->fd);
	close(copy);
	munmap(self->w, 4 * KST_MIB);
	kst_sleep_ms(100);
	/* The child still has the file. */
	EXPECT_EQ(1, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "openers"));
	EXPECT_EQ(-EBUSY, kst_space_delete(KST_SPACE));
	kst_say(&c, 1);
	EXPECT_EQ(0, kst_join(&c));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "openers"));
}

static int just_exit(struct kst_child *c, void *arg)
{
	(void)c;
	(void)arg;
	return 0;
}

TEST_F(fork, childs_end_takes_nothing)
{
	struct kst_child c;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, kst_spawn(&c, just_exit, NULL));
		ASSERT_EQ(0, kst_join(&c));
	}
	EXPECT_EQ(1, kst_attr(KST_SPACE, "leases"));
	EXPECT_TRUE(kst_holds(self->w + self->e.offset, BS, 1));
	EXPECT_EQ(0, kst_release(self->fd, self->e.slot));
}

static int fill_inherited(struct kst_child *c, void *arg)
{
	FIXTURE_DATA(fork) *self = arg;
	char *w = kst_map_window(self->fd, 0, PROT_READ | PROT_WRITE, NULL);

	(void)c;
	if (!w)
		return 1;
	kst_fill(w + self->e.offset, BS, 2);
	return -kst_commit(self->fd, self->e.slot);
}

TEST_F(fork, child_fills_what_the_parent_reserved)
{
	struct kst_child c;

	ASSERT_LE(0, kst_reserve(self->fd, kst_key(1, 1), kst_root, &self->e));
	ASSERT_EQ(0, kst_spawn(&c, fill_inherited, self));
	EXPECT_EQ(0, kst_join(&c));
	EXPECT_EQ(0, kst_get_pattern(self->fd, kst_key(1, 1), BS, 2));
}

TEST_HARNESS_MAIN
