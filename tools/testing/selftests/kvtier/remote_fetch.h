/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fixture of the tests of blocks that are on the pool and not here: one chain of them, and
 * that no frame is lost.
 */
#ifndef KST_REMOTE_FETCH_H
#define KST_REMOTE_FETCH_H

#include "kselftest_harness.h"

#include "remote.h"
#include "uring.h"

#define AWAIT	(KVT_F_WAIT | KVT_F_AWAIT)
#define BS	131072U		/* two checksums, two pages of trailers */
#define MIB	48
#define FRAMES	((unsigned int)(MIB * KST_MIB / BS))
#define DEPTH	8
#define CHAIN	1
#define LONG	200		/* more than is asked for at a time */

/* For what is to come; and for what is not. */
#define PATIENT	"60000"
#define HASTY	"300"

FIXTURE(fetch) {
	struct kst_rig r;
};

static inline int give_remote(const char *space)
{
	return kst_give_remote(space, PATIENT) ?:
	       kst_knob(space, "quarantine_ms", "200");
}

FIXTURE_SETUP(fetch)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, MIB, 0));
	ASSERT_EQ(0, kst_rig_make(&self->r, BS));
	ASSERT_EQ(0, give_remote(KST_SPACE));
}

FIXTURE_TEARDOWN_PARENT(fetch)
{
	EXPECT_EQ(0, kst_cleanup());
}

/* ------------------------------------------------------------------- what is done */

/* Nothing is under way, and all frames but those of @blocks blocks are free. */
static inline void expect_rest(struct __test_metadata *_metadata, unsigned int blocks)
{
	EXPECT_EQ(blocks, kst_attr_wait(KST_SPACE, "blocks", blocks));
	EXPECT_TRUE(kst_at_rest(KST_SPACE));
	EXPECT_EQ(FRAMES - blocks, kst_arena(KST_SPACE, 0, "free"));
}

/* Who is woken may be faster than who counts. */
static inline void expect_stat(struct __test_metadata *_metadata, const char *space,
			       const char *counter, long long nr)
{
	EXPECT_EQ(nr, kst_stat_wait(space, counter, nr)) {
		TH_LOG("%s", counter);
	}
}

/* All of the chain's blocks that are here are right, and dropped. */
static inline void expect_clean(struct __test_metadata *_metadata,
				FIXTURE_DATA(fetch) *self, unsigned int nr)
{
	unsigned int n;

	kst_rig_ways(&self->r, (struct kst_ways){});
	EXPECT_EQ(0, kst_pool_wrong(self->r.pool));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
	for (n = 0; n < nr; n++) {
		int ret = kst_get_block(self->r.fd, CHAIN, n, BS);

		EXPECT_TRUE(!ret || ret == -ENOENT) {
			TH_LOG("block %u: %d", n, ret);
		}
		kst_drop(self->r.fd, kst_key(CHAIN, n), 0);
	}
	expect_rest(_metadata, 0);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "descriptors", 0));
}

static inline void acquire_batch(struct kvt_batch *b, struct kvt_entry *e,
				 unsigned int first, unsigned int nr, __u32 flags)
{
	kst_entries(e, nr, CHAIN, first);
	kst_batch(b, KVT_OP_ACQUIRE, e, nr);
	b->flags = flags;
	if (flags & AWAIT)
		b->timeout_ns = KST_PATIENCE * 1000000ULL;
}

/* How many of the chain's first are leased; *@why: what the next one has, else 0. */
static inline int acquire(int fd, struct kvt_entry *e, unsigned int nr, __u32 flags,
			  int *why)
{
	struct kvt_batch b;
	int ret;

	acquire_batch(&b, e, 0, nr, flags);
	ret = kst_submit(fd, &b);
	if (why)
		*why = b.ok < nr ? e[b.ok].result : 0;
	return ret ?: (int)b.ok;
}

static inline void release(int fd, const struct kvt_entry *e, unsigned int nr)
{
	while (nr--)
		kst_release(fd, e[nr].slot);
}

/* Leased blocks of the chain by their windows: how many have wrong bytes. */
static inline unsigned int wrong_bytes(int fd, const struct kvt_entry *e, unsigned int nr)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < nr; i++) {
		void *p = kst_map(fd, e[i].offset, BS, PROT_READ);

		wrong += !p || !kst_holds(p, BS, kst_seed(CHAIN, i));
		if (p)
			munmap(p, BS);
	}
	return wrong;
}

static struct kvt_entry entries[LONG];

#endif /* KST_REMOTE_FETCH_H */
