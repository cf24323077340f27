// SPDX-License-Identifier: GPL-2.0
/*
 * Every request to a helper ends: by the answer, by its deadline, when the helper goes,
 * when its space does.
 */
#include <pthread.h>

#include "remote_channel.h"

/* DROPs that may be under way are few, and nobody waits for them to be freed. */
#define EACH 12

/* ------------------------------------------------------------------- requests */

TEST_F(channel, a_request_and_its_answer)
{
	static const int bad[] = { 1, INT32_MAX, -4096, INT32_MIN };
	struct kst_channel *c = &self->c;
	struct kvt_remote_desc *d;
	__u8 identity[KVT_IDENTITY_SIZE];
	struct io_uring_sqe *sqe;
	struct timespec now;
	__u64 id, ns;
	__u32 tag;
	int i;

	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
	kst_remote_arm(c, 2);
	d = get_drop(c, self->fd, 7, &tag);
	ASSERT_NE(NULL, d);
	EXPECT_EQ(2, tag);
	EXPECT_EQ(1, attr("in_flight"));
	EXPECT_EQ(1, attr("requests"));

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	memset(identity, 0x11, sizeof(identity));
	id = d->id;
	EXPECT_NE(0, id);
	EXPECT_EQ(KVT_REMOTE_DROP, d->op);
	EXPECT_EQ(1, d->nr);
	EXPECT_EQ(BS, d->block_size);
	EXPECT_EQ(0, d->flags);
	EXPECT_EQ(0, d->trailer_size);
	EXPECT_EQ(0, d->pad);
	EXPECT_EQ(0, d->wait_ns);
	EXPECT_STREQ(KST_SPACE, (char *)d->space);
	EXPECT_EQ(0, memcmp(identity, d->identity, sizeof(identity)));
	EXPECT_TRUE(is_of(d, 7));
	EXPECT_LT(ns, d->deadline_ns);
	EXPECT_GE(ns + 600000000000ULL, d->deadline_ns);

	/* What is no answer changes nothing. */
	EXPECT_EQ(-EBUSY, arm_result(c, 2));
	EXPECT_EQ(-ESTALE, answer_result(c, 2, id + 1));
	EXPECT_EQ(-ESTALE, answer_result(c, 2, 0));
	EXPECT_EQ(-ESTALE, answer_result(c, 1, id));
	BAD(-EINVAL, KVT_URING_COMMIT_REQ, DEPTH + 2, id, (void)0);
	BAD(-EINVAL, KVT_URING_COMMIT_REQ, 2, id, sqe->flags |= IOSQE_ASYNC);
	for (i = 0; i < 4; i++) {
		d->blocks[0].status = bad[i];
		EXPECT_EQ(-EINVAL, answer_result(c, 2, id));
	}
	EXPECT_EQ(1, attr("in_flight"));
	/* What it wrote elsewhere does not matter. */
	memset(d, 0xff, sizeof(*d));
	d->blocks[0].status = -4095;
	kst_remote_answer(c, 2, id);
	EXPECT_TRUE(KST_UNTIL(attr("in_flight") == 0));
	EXPECT_EQ(-EBUSY, arm_result(c, 2));
	EXPECT_EQ(-ESTALE, answer_result(c, 2, id));

	/* It is armed again, and the next one has another id. */
	d = get_drop(c, self->fd, 8, &tag);
	ASSERT_NE(NULL, d);
	EXPECT_EQ(2, tag);
	EXPECT_TRUE(is_of(d, 8));
	EXPECT_NE(id, d->id);
	EXPECT_EQ(-ESTALE, answer_result(c, 2, id));
	EXPECT_EQ(0, attr("timeouts"));
	EXPECT_EQ(0, attr("helper_lost"));
}

/* Whatever completes commands in the ring: a helper has its requests. */
TEST_F(channel, rings_of_all_kinds)
{
	static const unsigned int setup[] = {
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
		IORING_SETUP_COOP_TASKRUN, IORING_SETUP_SQPOLL,
		IORING_SETUP_SQE128 | IORING_SETUP_CQE32,
	};
	struct kst_channel *c = &self->c;
	unsigned int i, n;
	__u32 tag;

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, 1));
		io_uring_queue_exit(&c->ring);
		ASSERT_EQ(0, io_uring_queue_init(DEPTH, &c->ring, setup[i]));
		kst_remote_arm(c, 0);
		for (n = 0; n < EACH; n++) {
			struct kvt_remote_desc *d = get_drop(c, self->fd, n, &tag);

			ASSERT_NE(NULL, d);
			EXPECT_EQ(0, tag);
			EXPECT_TRUE(is_of(d, n));
			answer_all(d, 0);
			kst_remote_answer(c, 0, d->id);
		}
		EXPECT_TRUE(KST_UNTIL(attr("in_flight") == 0));
		ASSERT_EQ(0, kst_channel_close(c));
	}
	EXPECT_EQ(4 * EACH, attr("requests"));
	EXPECT_EQ(0, attr("helper_lost"));
}

/* Who comes while no tag is armed waits, and is handed out in order. */
TEST_F(channel, queued)
{
	struct kst_channel *c = &self->c;
	struct kvt_remote_desc *d;
	unsigned int i;
	__u32 tag;

	/* Nobody is asked while there is nobody; which is not one that is under way. */
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, drop(self->fd, 1000));
	EXPECT_EQ(0, attr("requests"));
	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, drop(self->fd, i));
	EXPECT_EQ(20, attr("in_flight"));
	kst_remote_arm(c, 0);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, next(c, &tag));
		d = kst_desc(c, tag);
		EXPECT_TRUE(is_of(d, i));
		answer_all(d, 0);
		kst_remote_answer(c, tag, d->id);
	}
	EXPECT_TRUE(KST_UNTIL(attr("in_flight") == 0));
	EXPECT_EQ(20, attr("requests"));
}

static void *acquire(void *arg)
{
	struct kvt_entry e;
	int fd = *(int *)arg;

	return (void *)(intptr_t)kst_acquire(fd, kst_key(1, 50), 0, &e);
}

/* However much is to be written or forgotten, there is a tag for who waits. */
TEST_F(channel, who_waits_finds_a_tag)
{
	struct kst_channel *c = &self->c;
	struct kvt_remote_desc *d;
	pthread_t thread;
	void *ret;
	__u32 i, tag;
	int res;

	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
	for (i = 0; i < DEPTH; i++)
		kst_remote_arm(c, i);
	for (i = 0; i < DEPTH; i++)
		ASSERT_EQ(0, drop(self->fd, i));
	/* A third of four: one. */
	ASSERT_EQ(0, next(c, &tag));
	d = kst_desc(c, tag);
	EXPECT_TRUE(is_of(d, 0));
	EXPECT_EQ(-ETIME, kst_remote_next(c, 50, &tag, &res));
	ASSERT_EQ(0, pthread_create(&thread, NULL, acquire, &self->fd));
	ASSERT_EQ(0, next(c, &tag));
	EXPECT_NE(KVT_REMOTE_DROP, kst_desc(c, tag)->op);
	answer_all(kst_desc(c, tag), -ENOENT);
	kst_remote_answer(c, tag, kst_desc(c, tag)->id);
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(-ENOENT, (int)(intptr_t)ret);
	/* And the others, one by one. */
	for (i = 1; i < DEPTH; i++) {
		answer_all(d, 0);
		kst_remote_answer(c, ((char *)d - c->map) / c->arg.stride, d->id);
		ASSERT_EQ(0, next(c, &tag));
		d = kst_desc(c, tag);
		EXPECT_TRUE(is_of(d, i));
	}
}

struct awaiting {
	pthread_t thread;
	int fd;
	unsigned int n;
};

static void *await(void *arg)
{
	struct awaiting *a = arg;
	struct kvt_entry e;
	struct kvt_batch b;

	kst_entries(&e, 1, 1, a->n);
	kst_batch(&b, KVT_OP_ACQUIRE, &e, 1);
	b.flags = KVT_F_WAIT | KVT_F_AWAIT;
	b.timeout_ns = KST_PATIENCE * 1000000ULL;
	kst_submit(a->fd, &b);
	return NULL;
}

/* Nor does it matter how many wait for what others are to store: they have a third. */
TEST_F(channel, who_waits_for_others_leaves_tags)
{
	struct kst_channel *c = &self->c;
	unsigned int i, waits = 0, asks = 0;
	struct awaiting a[DEPTH];
	struct kvt_remote_desc *d;
	__u32 tag;
	int res;

	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
	for (i = 0; i < DEPTH; i++)
		kst_remote_arm(c, i);
	for (i = 0; i < DEPTH; i++) {
		a[i] = (struct awaiting){ .fd = self->fd, .n = 60 + i };
		ASSERT_EQ(0, pthread_create(&a[i].thread, NULL, await, &a[i]));
	}
	/* Each first asks whether it is there. */
	while (asks < DEPTH || !waits) {
		ASSERT_EQ(0, next(c, &tag));
		d = kst_desc(c, tag);
		if (d->wait_ns) {
			waits++;
			continue;
		}
		asks++;
		answer_all(d, -ENOENT);
		kst_remote_answer(c, tag, d->id);
	}
	EXPECT_TRUE(KST_UNTIL(attr("in_flight") == DEPTH));
	EXPECT_EQ(-ETIME, kst_remote_next(c, 50, &tag, &res));
	EXPECT_EQ(1, waits);
	ASSERT_EQ(0, kst_channel_close(c));
	for (i = 0; i < DEPTH; i++)
		ASSERT_EQ(0, pthread_join(a[i].thread, NULL));
}

/* Hints of a space leave room for others, and those of several end in an error of none. */
TEST_F(channel, hints_are_bounded)
{
	static struct kvt_entry e[4096];
	struct kvt_batch b;
	char name[32];
	int i, fd;

	ASSERT_EQ(0, kst_channel_open(&self->c, KST_REMOTE, DEPTH));
	ASSERT_EQ(0, kst_tier_add("kst_dram2", KVT_TIER_DRAM, 0, 5 * KST_HUGE));
	for (i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), KST_PREFIX "hint%d", i);
		ASSERT_EQ(0, kst_space_simple(name, BS, "kst_dram2", KST_HUGE));
		ASSERT_EQ(0, kst_give_remote(name, KST_NO_DEADLINE));
		fd = kst_open(name, O_RDWR);
		ASSERT_LE(0, fd);
		kst_entries(e, 4096, 1, 0);
		kst_batch(&b, KVT_OP_PREFETCH, e, 4096);
		EXPECT_EQ(0, kst_submit(fd, &b));
		EXPECT_EQ(i < 4 ? 64 * (i + 1) : 256, attr("in_flight"));
		close(fd);
	}
	ASSERT_EQ(0, kst_channel_close(&self->c));
	EXPECT_EQ(0, attr("in_flight"));
}

/* ---------------------------------------------------------------------- deadlines */

TEST_F(channel, deadline)
{
	struct kst_channel *c = &self->c;
	struct kvt_remote_desc *d;
	__u64 late;
	__u32 tag;

	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", "20"));
	/* In the queue: it is gone then. */
	ASSERT_EQ(0, drop(self->fd, 1));
	EXPECT_TRUE(KST_UNTIL(attr("timeouts") == 1));
	EXPECT_TRUE(KST_UNTIL(attr("in_flight") == 0));
	/* With the helper: it stays the helper's. */
	kst_remote_arm(c, 0);
	d = get_drop(c, self->fd, 2, &tag);
	ASSERT_NE(NULL, d);
	EXPECT_TRUE(is_of(d, 2));
	EXPECT_TRUE(KST_UNTIL(attr("timeouts") == 2));
	EXPECT_EQ(1, attr("in_flight"));
	EXPECT_EQ(-EBUSY, arm_result(c, 0));
	late = d->id;
	/* Others go on beside it. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", "600000"));
	ASSERT_EQ(0, drop(self->fd, 3));
	EXPECT_EQ(2, attr("in_flight"));
	/* Late, and of whatever kind: it is taken, and counts for nothing. */
	d->blocks[0].status = 12345;
	kst_remote_answer(c, 0, late);
	ASSERT_EQ(0, next(c, &tag));
	EXPECT_EQ(0, tag);
	EXPECT_TRUE(is_of(d, 3));
	EXPECT_EQ(-ESTALE, answer_result(c, 0, late));
	answer_all(d, 0);
	kst_remote_answer(c, 0, d->id);
	EXPECT_TRUE(KST_UNTIL(attr("in_flight") == 0));
	EXPECT_EQ(2, attr("timeouts"));
	EXPECT_EQ(3, attr("requests"));
}

/* What is late is so once, however often others are. */
TEST_F(channel, late_once)
{
	struct kst_channel *c = &self->c;
	unsigned int i;
	__u32 tag;

	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", "20"));
	kst_remote_arm(c, 0);
	ASSERT_NE(NULL, get_drop(c, self->fd, 0, &tag));
	for (i = 1; i <= 3; i++) {
		EXPECT_TRUE(KST_UNTIL(attr("timeouts") == i));
		ASSERT_EQ(0, drop(self->fd, i));
	}
	EXPECT_TRUE(KST_UNTIL(attr("in_flight") == 1));
	EXPECT_EQ(4, attr("timeouts"));
}

/* An earlier one than all that are there is not late because of them. */
TEST_F(channel, deadlines_out_of_order)
{
	static const char *const ms[] = { "600000", "50", "600000", "10", "100" };
	unsigned int i;

	ASSERT_EQ(0, kst_channel_open(&self->c, KST_REMOTE, DEPTH));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", ms[i]));
		ASSERT_EQ(0, drop(self->fd, i));
	}
	EXPECT_TRUE(KST_UNTIL(attr("timeouts") == 3));
	EXPECT_TRUE(KST_UNTIL(attr("in_flight") == 2));
}

/* ------------------------------------------------------------------- the helper goes */

TEST_F(channel, helper_goes)
{
	struct kst_channel *c = &self->c;
	unsigned int i, round;
	__u32 tag;

	for (round = 1; round <= 3; round++) {
		ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
		kst_remote_arm(c, 0);
		kst_remote_arm(c, 1);
		for (i = 0; i < 5; i++)
			ASSERT_EQ(0, drop(self->fd, i));
		ASSERT_EQ(0, next(c, &tag));
		EXPECT_EQ(5, attr("in_flight"));
		ASSERT_EQ(0, kst_channel_close(c));
		EXPECT_EQ(0, attr("in_flight"));
		EXPECT_EQ(5 * round, attr("helper_lost"));
	}
	EXPECT_EQ(0, attr("timeouts"));
	/* Late ones ended before. */
	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
	kst_remote_arm(c, 0);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", "10"));
	ASSERT_EQ(0, drop(self->fd, 0));
	ASSERT_EQ(0, next(c, &tag));
	EXPECT_TRUE(KST_UNTIL(attr("timeouts") == 1));
	EXPECT_EQ(1, attr("in_flight"));
	ASSERT_EQ(0, kst_channel_close(c));
	EXPECT_EQ(0, attr("in_flight"));
	EXPECT_EQ(15, attr("helper_lost"));
}

static int child_helper(struct kst_child *c, void *arg)
{
	struct kst_channel ch;
	unsigned int i;
	__u32 tag;

	if (kst_channel_open(&ch, KST_REMOTE, KVT_REMOTE_MAX_DEPTH))
		return 1;
	for (i = 0; i < KVT_REMOTE_MAX_DEPTH; i++)
		kst_remote_arm(&ch, i);
	kst_say(c, 1);
	for (i = 0; i < *(unsigned int *)arg; i++)
		next(&ch, &tag);
	kst_say(c, 2);
	for (;;)
		pause();
}

TEST_F(channel, helper_is_killed)
{
	unsigned int n, i, shown = 3;
	struct kst_child child;

	for (n = 1; n <= 5; n++) {
		ASSERT_EQ(0, kst_spawn(&child, child_helper, &shown));
		ASSERT_EQ(1, kst_hear(&child));
		for (i = 0; i < EACH; i++)
			ASSERT_EQ(0, drop(self->fd, i));
		ASSERT_EQ(2, kst_hear(&child));
		EXPECT_EQ(1, attr("helper"));
		kst_kill(&child);
		EXPECT_TRUE(KST_UNTIL(attr("helper") == 0));
		EXPECT_TRUE(KST_UNTIL(attr("in_flight") == 0));
		EXPECT_EQ(EACH * n, attr("helper_lost"));
	}
}

/* Who waits for it does not wait for the deadline. */
TEST_F(channel, who_waits_is_told_that_it_went)
{
	pthread_t thread;
	__u32 tag;
	void *ret;

	ASSERT_EQ(0, kst_channel_open(&self->c, KST_REMOTE, DEPTH));
	kst_remote_arm(&self->c, 0);
	ASSERT_EQ(0, pthread_create(&thread, NULL, acquire, &self->fd));
	ASSERT_EQ(0, next(&self->c, &tag));
	ASSERT_EQ(0, kst_channel_close(&self->c));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(-ENOENT, (int)(intptr_t)ret);
}

/* A ring that ends frees its tags; the file goes on with another one. */
TEST_F(channel, ring_ends)
{
	struct kst_channel *c = &self->c;
	__u32 i, tag;

	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
	for (i = 0; i < DEPTH; i++)
		kst_remote_arm(c, i);
	EXPECT_EQ(-EBUSY, arm_result(c, 0));
	io_uring_queue_exit(&c->ring);
	ASSERT_EQ(0, io_uring_queue_init(DEPTH, &c->ring, 0));
	for (i = 0; i < DEPTH; i++)
		EXPECT_TRUE(KST_UNTIL(can_arm(c, i)));
	EXPECT_EQ(1, attr("helper"));
	ASSERT_NE(NULL, get_drop(c, self->fd, 1, &tag));
	/* The request that was handed out is the file's, not the ring's. */
	io_uring_queue_exit(&c->ring);
	ASSERT_EQ(0, io_uring_queue_init(DEPTH, &c->ring, 0));
	EXPECT_EQ(1, attr("in_flight"));
	answer_all(kst_desc(c, tag), 0);
	kst_remote_answer(c, tag, kst_desc(c, tag)->id);
	EXPECT_TRUE(KST_UNTIL(attr("in_flight") == 0));
	EXPECT_EQ(0, attr("helper_lost"));
}

/*
 * A ring that ends before it could be told of a request that was written for it:
 * its completions are looked for only by who waits.
 */
TEST_F(channel, ring_ends_before_it_is_told)
{
	struct kst_channel *c = &self->c;
	unsigned int i;

	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
	for (i = 0; i < 10; i++) {
		io_uring_queue_exit(&c->ring);
		ASSERT_EQ(0, io_uring_queue_init(DEPTH, &c->ring,
						 IORING_SETUP_SINGLE_ISSUER |
						 IORING_SETUP_DEFER_TASKRUN));
		kst_remote_arm(c, i % DEPTH);
		ASSERT_EQ(0, drop(self->fd, i));
		EXPECT_EQ(1, attr("in_flight"));
		io_uring_queue_exit(&c->ring);
		EXPECT_TRUE(KST_UNTIL(attr("in_flight") == 0));
		ASSERT_EQ(0, io_uring_queue_init(DEPTH, &c->ring, 0));
	}
	EXPECT_EQ(10, attr("helper_lost"));
	EXPECT_EQ(1, attr("helper"));
}

/* With one that is lost, what waited for its share goes on to another ring. */
TEST_F(channel, ring_ends_and_others_go_on)
{
	struct kst_channel *c = &self->c;
	struct io_uring good, bad;
	__u32 tag;

	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
	good = c->ring;
	ASSERT_EQ(0, io_uring_queue_init(DEPTH, &c->ring,
					 IORING_SETUP_SINGLE_ISSUER |
					 IORING_SETUP_DEFER_TASKRUN));
	kst_remote_arm(c, 0);
	ASSERT_EQ(0, drop(self->fd, 0));
	/* It has been written for tag 0, and is a third of the tags. */
	bad = c->ring;
	c->ring = good;
	kst_remote_arm(c, 1);
	ASSERT_EQ(0, drop(self->fd, 1));
	EXPECT_EQ(2, attr("in_flight"));
	io_uring_queue_exit(&bad);
	ASSERT_EQ(0, next(c, &tag));
	EXPECT_EQ(1, tag);
	EXPECT_TRUE(is_of(kst_desc(c, tag), 1));
	EXPECT_EQ(1, attr("helper_lost"));
}

static void *arm_and_exit(void *arg)
{
	__u32 i;

	for (i = 0; i < DEPTH; i++)
		kst_remote_arm(arg, i);
	return NULL;
}

/* A thread that has ended cannot be told: such tags are lost one by one. */
TEST_F(channel, thread_ends)
{
	struct kst_channel *c = &self->c;
	pthread_t thread;
	__u32 i, tag;

	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
	ASSERT_EQ(0, pthread_create(&thread, NULL, arm_and_exit, c));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	for (i = 0; i < DEPTH; i++) {
		ASSERT_EQ(0, drop(self->fd, i));
		EXPECT_EQ(-ECANCELED, next(c, &tag));
		EXPECT_TRUE(KST_UNTIL(attr("in_flight") == 0));
		EXPECT_EQ(i + 1, attr("helper_lost"));
	}
	for (i = 0; i < DEPTH; i++)
		kst_remote_arm(c, i);
	ASSERT_NE(NULL, get_drop(c, self->fd, 1, &tag));
}

/* -------------------------------------------------------------------- the space goes */

/* Nobody waits for the helper; it answers into the void, and goes on. */
TEST_F(channel, space_leaves)
{
	struct kst_channel *c = &self->c;
	struct kvt_remote_desc *d;
	__u32 tag, i;

	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, DEPTH));
	kst_remote_arm(c, 1);
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, drop(self->fd, i));
	ASSERT_EQ(0, next(c, &tag));
	EXPECT_EQ(5, attr("in_flight"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
	EXPECT_EQ(0, attr("in_flight"));
	/* The tag is the helper's still. */
	d = kst_desc(c, tag);
	EXPECT_EQ(-EBUSY, arm_result(c, tag));
	EXPECT_EQ(-ESTALE, answer_result(c, tag, d->id + 1));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", KST_REMOTE));
	ASSERT_EQ(0, drop(self->fd, 9));
	EXPECT_EQ(1, attr("in_flight"));
	answer_all(d, 77);
	kst_remote_answer(c, tag, d->id);
	ASSERT_EQ(0, next(c, &tag));
	EXPECT_TRUE(is_of(d, 9));

	/* The same, and the space with it. */
	close(self->fd);
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	EXPECT_EQ(0, attr("in_flight"));
	EXPECT_EQ(-EBUSY, kst_tier_remove(KST_REMOTE));
	kst_remote_answer(c, tag, d->id);
	EXPECT_EQ(-EBUSY, arm_result(c, tag));
	EXPECT_EQ(0, attr("helper_lost"));
	EXPECT_EQ(0, attr("timeouts"));
	ASSERT_EQ(0, kst_channel_close(c));
	EXPECT_EQ(0, kst_tier_remove(KST_REMOTE));
}

/* What one space leaves behind is not another's. */
TEST_F(channel, only_the_spaces_own)
{
	struct kst_channel *c = &self->c;
	__u32 tag, other;
	int fd;

	ASSERT_EQ(0, kst_tier_add("kst_dram2", KVT_TIER_DRAM, 0, KST_HUGE));
	ASSERT_EQ(0, kst_space_simple(SPACE2, BS, "kst_dram2", KST_HUGE));
	ASSERT_EQ(0, kst_knob(SPACE2, "remote", KST_REMOTE));
	fd = kst_open(SPACE2, O_RDWR);
	ASSERT_EQ(0, kst_channel_open(c, KST_REMOTE, 2 * DEPTH));
	kst_remote_arm(c, 0);
	kst_remote_arm(c, 1);
	ASSERT_NE(NULL, get_drop(c, self->fd, 0, &tag));
	ASSERT_NE(NULL, get_drop(c, fd, 0, &other));
	EXPECT_STREQ(KST_SPACE, (char *)kst_desc(c, tag)->space);
	EXPECT_STREQ(SPACE2, (char *)kst_desc(c, other)->space);
	ASSERT_EQ(0, drop(self->fd, 1));
	ASSERT_EQ(0, drop(fd, 1));
	EXPECT_EQ(4, attr("in_flight"));
	ASSERT_EQ(0, kst_knob(SPACE2, "remote", "none"));
	EXPECT_EQ(2, attr("in_flight"));
	answer_all(kst_desc(c, tag), 0);
	kst_remote_answer(c, tag, kst_desc(c, tag)->id);
	ASSERT_EQ(0, next(c, &tag));
	EXPECT_STREQ(KST_SPACE, (char *)kst_desc(c, tag)->space);
	EXPECT_TRUE(is_of(kst_desc(c, tag), 1));
}

/* -------------------------------------------------------------------- all of it at once */

#define CLIENTS 3

struct client {
	int fd;
	unsigned int seed;
	volatile bool *stop;
	unsigned int wrong;
};

/* What is not here: it is fetched, or a miss. Then it is forgotten, but by the pool. */
static void *ask_for_all(void *arg)
{
	struct client *c = arg;
	struct kvt_entry e;
	struct kvt_batch b;
	unsigned int n;
	int ret;

	while (!*c->stop) {
		n = rand_r(&c->seed) % 40;
		ret = kst_get_pattern(c->fd, kst_key(1, n), BS, kst_seed(1, n));
		c->wrong += ret > 0;
		if (!ret && rand_r(&c->seed) % 2) {
			kst_entries(&e, 1, 1, n);
			kst_batch(&b, KVT_OP_DROP, &e, 1);
			b.flags = KVT_F_LOCAL;
			kst_submit(c->fd, &b);
		}
		/* No block of the table's. */
		drop(c->fd, 1000 + n);
	}
	return NULL;
}

/*
 * Helpers come, answer late, wrongly and not at all, and go, and the space leaves and
 * comes back, while there are always requests: none stays, no byte is wrong.
 */
TEST_F_TIMEOUT(channel, helpers_come_and_go, 60)
{
	struct kst_pool *pool = kst_pool_new(BS);
	struct client client[CLIENTS] = {};
	pthread_t thread[CLIENTS];
	volatile bool stop = false;
	__u64 end = kst_now_ms() + 4000;
	unsigned int i, seed = 1, round;

	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", "15"));
	kst_pool_put_chain(pool, 1, 0, 30);
	for (i = 0; i < CLIENTS; i++) {
		client[i].fd = kst_open(KST_SPACE, O_RDWR);
		client[i].seed = i;
		client[i].stop = &stop;
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, ask_for_all,
					    &client[i]));
	}
	for (round = 0; kst_now_ms() < end || round < 20; round++) {
		struct kst_helper *h;
		struct kst_ways ways = {
			.delay_ms = rand_r(&seed) % 30,
			.hold = rand_r(&seed) % 4 ? 0 : rand_r(&seed) % 16,
			.flip_bytes = rand_r(&seed) % 3,
			.flip_trailer = rand_r(&seed) % 3,
			.other_block = rand_r(&seed) % 3,
			.no_bytes = rand_r(&seed) % 3,
			.bad_id = rand_r(&seed) % 3,
			.twice = rand_r(&seed) % 3,
		};

		kst_pool_ways(pool, &ways);
		h = kst_helper_start(pool, KST_REMOTE, 1 + rand_r(&seed) % 8);
		ASSERT_NE(NULL, h);
		kst_sleep_ms(rand_r(&seed) % 100);
		if (rand_r(&seed) % 3 == 0) {
			ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
			ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", KST_REMOTE));
		}
		ASSERT_EQ(0, kst_helper_stop(h));
	}
	stop = true;
	for (i = 0; i < CLIENTS; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_EQ(0, client[i].wrong);
	}
	EXPECT_EQ(0, kst_pool_wrong(pool));
	EXPECT_TRUE(KST_UNTIL(attr("in_flight") == 0));
	EXPECT_LT(0, attr("requests"));
	EXPECT_LT(0, attr("helper_lost"));
	EXPECT_LT(0, attr("timeouts"));
}

TEST_HARNESS_MAIN
