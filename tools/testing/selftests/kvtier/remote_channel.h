/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fixture of the tests of the helper channel, in which the test is the helper. A DROP is a
 * request that nobody waits for; an ACQUIRE of what is not here is one that somebody does.
 */
#ifndef KST_REMOTE_CHANNEL_H
#define KST_REMOTE_CHANNEL_H

#include "kselftest_harness.h"

#include "remote.h"
#include "uring.h"

#define BS	65536U
#define MIB	8
#define DEPTH	4
#define OTHER	"kst_remote2"
#define SPACE2	"kst_space2"

FIXTURE(channel) {
	struct kst_channel c;
	int fd;
};

FIXTURE_SETUP(channel)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, MIB, 0));
	ASSERT_EQ(0, kst_remote_add(KST_REMOTE));
	ASSERT_EQ(0, kst_give_remote(KST_SPACE, KST_NO_DEADLINE));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(channel)
{
	EXPECT_EQ(0, kst_cleanup());
}

/* ---------------------------------------------------------------------- helpers */

static inline long long attr(const char *name)
{
	return kst_tier_attr(KST_REMOTE, name);
}

static inline int next(struct kst_channel *c, __u32 *tag)
{
	int res, err = kst_remote_next(c, KST_PATIENCE, tag, &res);

	return err ?: res;
}

/* The result of a command that ends at once. */
static inline int carry(struct kst_channel *c, struct io_uring_sqe *sqe)
{
	__u32 tag;

	sqe->user_data = 99;
	io_uring_submit(&c->ring);
	return next(c, &tag);
}

static inline int arm_result(struct kst_channel *c, __u32 tag)
{
	return carry(c, kst_remote_sqe(c, KVT_URING_FETCH_REQ, tag, 0));
}

static inline int answer_result(struct kst_channel *c, __u32 tag, __u64 id)
{
	return carry(c, kst_remote_sqe(c, KVT_URING_COMMIT_REQ, tag, id));
}

/* Is it armed now? Else it was, by a ring that ends in the background. */
static inline bool can_arm(struct kst_channel *c, __u32 tag)
{
	__u32 other;
	int res;

	kst_remote_arm(c, tag);
	return kst_remote_next(c, 20, &other, &res) == -ETIME;
}

/* Nobody waits for the answer. */
static inline int drop(int fd, unsigned int n)
{
	struct kvt_entry e;
	struct kvt_batch b;

	kst_entries(&e, 1, 1, n);
	kst_batch(&b, KVT_OP_DROP, &e, 1);
	return kst_submit(fd, &b);
}

/* An armed tag gets a DROP of block @n. */
static inline struct kvt_remote_desc *get_drop(struct kst_channel *c, int fd,
					       unsigned int n, __u32 *tag)
{
	if (drop(fd, n) || next(c, tag))
		return NULL;
	return kst_desc(c, *tag);
}

static inline bool is_of(const struct kvt_remote_desc *d, unsigned int n)
{
	return !memcmp(d->blocks[0].key, kst_key(1, n).b, KVT_KEY_SIZE);
}

static inline void answer_all(struct kvt_remote_desc *d, int status)
{
	__u32 i;

	for (i = 0; i < d->nr; i++)
		d->blocks[i].status = status;
}

/* A good command but for @what. */
#define BAD(err, cmd, tag, id, what)					\
	do {								\
		sqe = kst_remote_sqe(c, cmd, tag, id);			\
		what;							\
		EXPECT_EQ(err, carry(c, sqe));				\
	} while (0)

#endif /* KST_REMOTE_CHANNEL_H */
