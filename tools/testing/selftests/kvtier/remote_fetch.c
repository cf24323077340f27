// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks that are on the pool and not here: fetched by ACQUIRE, GET and PREFETCH, with
 * the right bytes or not at all, where there is room for them. No frame is lost.
 */
#include "remote_fetch.h"

static int acquire_by_uring(int fd, struct kvt_entry *e, unsigned int nr,
			    __u32 flags, unsigned int sqe_flags)
{
	struct io_uring ring;
	struct kvt_batch b;
	int ret;

	ret = io_uring_queue_init(4, &ring, 0);
	if (ret)
		return ret;
	acquire_batch(&b, e, 0, nr, flags);
	ret = kst_uring(&ring, fd, &b, sqe_flags);
	io_uring_queue_exit(&ring);
	return ret ?: (int)b.ok;
}

/* -------------------------------------------------------------------- what comes */

/* All of it, by any way to submit, and the second time without asking. */
TEST_F(fetch, acquire)
{
	unsigned int asked, way;
	int ok;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 8);
	for (way = 0; way < 3; way++) {
		if (!way)
			ok = acquire(self->r.fd, entries, 8, 0, NULL);
		else
			ok = acquire_by_uring(self->r.fd, entries, 8, 0,
					      way == 2 ? IOSQE_ASYNC : 0);
		ASSERT_EQ(8, ok);
		EXPECT_EQ(0, wrong_bytes(self->r.fd, entries, 8));
		EXPECT_EQ(8, kst_attr(KST_SPACE, "leases"));
		expect_stat(_metadata, KST_SPACE, "fetches", 8 * (way + 1));
		asked = kst_pool_asked(self->r.pool, KVT_REMOTE_EXISTS);
		EXPECT_EQ(8 * (way + 1), asked);
		EXPECT_EQ(8, acquire(self->r.fd, entries, 8, 0, NULL));
		EXPECT_EQ(asked, kst_pool_asked(self->r.pool, KVT_REMOTE_EXISTS));
		release(self->r.fd, entries, 8);
		release(self->r.fd, entries, 8);
		expect_rest(_metadata, 8);
		EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(CHAIN, 0),
				      KVT_F_CHAIN | KVT_F_LOCAL));
		/* They were linked by what their trailers say. */
		expect_rest(_metadata, 0);
	}
	expect_stat(_metadata, KST_SPACE, "fetch_misses", 0);
	expect_stat(_metadata, KST_SPACE, "fetch_bad", 0);
	expect_stat(_metadata, KST_SPACE, "fetch_timeouts", 0);
	expect_clean(_metadata, self, 8);
}

/* More than one request can carry; each is fetched once. */
TEST_F(fetch, long_chain)
{
	unsigned int way;
	int ok;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, LONG);
	for (way = 0; way < 2; way++) {
		ok = way ? acquire_by_uring(self->r.fd, entries, LONG, 0, 0) :
			   acquire(self->r.fd, entries, LONG, 0, NULL);
		ASSERT_EQ(LONG, ok);
		EXPECT_EQ(0, wrong_bytes(self->r.fd, entries, LONG));
		expect_stat(_metadata, KST_SPACE, "fetches", LONG * (way + 1));
		EXPECT_EQ(LONG * (way + 1),
			  kst_pool_asked(self->r.pool, KVT_REMOTE_FETCH));
		release(self->r.fd, entries, LONG);
		EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(CHAIN, 0),
				      KVT_F_CHAIN | KVT_F_LOCAL));
		expect_rest(_metadata, 0);
	}
	expect_clean(_metadata, self, LONG);
}

/* It ends where the pool's chain does; what is behind a gap is not fetched. */
TEST_F(fetch, partial_prefix)
{
	int why;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 40);
	kst_pool_put_chain(self->r.pool, CHAIN, 41, 20);
	EXPECT_EQ(40, acquire(self->r.fd, entries, 64, 0, &why));
	EXPECT_EQ(-ENOENT, why);
	EXPECT_EQ(0, wrong_bytes(self->r.fd, entries, 40));
	expect_stat(_metadata, KST_SPACE, "fetches", 40);
	expect_stat(_metadata, KST_SPACE, "fetch_misses", 1);
	release(self->r.fd, entries, 40);
	/* Nothing at all. */
	kst_entries(entries, 1, 2, 0);
	EXPECT_EQ(-ENOENT, kst_one(self->r.fd, KVT_OP_ACQUIRE, 0, entries));
	expect_clean(_metadata, self, 64);
}

/* What is here is not asked for: neither before it nor in between. */
TEST_F(fetch, partly_here)
{
	ASSERT_EQ(0, kst_put_chain(self->r.fd, CHAIN, 0, 4, BS));
	ASSERT_EQ(0, kst_put_chain(self->r.fd, CHAIN, 6, 2, BS));
	kst_pool_put_chain(self->r.pool, CHAIN, 4, 2);
	kst_pool_put_chain(self->r.pool, CHAIN, 8, 2);
	EXPECT_EQ(10, acquire(self->r.fd, entries, 10, 0, NULL));
	EXPECT_EQ(0, wrong_bytes(self->r.fd, entries, 10));
	expect_stat(_metadata, KST_SPACE, "fetches", 4);
	EXPECT_EQ(4, kst_pool_asked(self->r.pool, KVT_REMOTE_EXISTS));
	release(self->r.fd, entries, 10);
	expect_clean(_metadata, self, 10);
}

/* Each by itself: a part, all of it, what is not there, one twice. */
TEST_F(fetch, get)
{
	static char data[6][BS];
	struct kvt_entry e[6];
	struct io_uring ring;
	struct kvt_batch b;
	unsigned int i, way;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 3);
	kst_pool_put_chain(self->r.pool, CHAIN, 4, 1);
	ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
	for (way = 0; way < 2; way++) {
		kst_entries(e, 5, CHAIN, 0);
		kst_entries(e + 5, 1, CHAIN, 2);
		kst_batch(&b, KVT_OP_GET, e, 6);
		for (i = 0; i < 6; i++) {
			e[i].addr = kst_ptr(data[i]);
			e[i].len = BS;
		}
		memset(data, 0, sizeof(data));
		ASSERT_EQ(0, way ? kst_uring(&ring, self->r.fd, &b, 0) :
				   kst_submit(self->r.fd, &b));
		EXPECT_EQ(6, b.done);
		EXPECT_EQ(5, b.ok);
		EXPECT_EQ(-ENOENT, e[3].result);
		for (i = 0; i < 6; i++)
			EXPECT_EQ(i != 3, kst_holds(data[i], BS,
						    kst_seed(CHAIN, i == 5 ? 2 : i)));
		expect_stat(_metadata, KST_SPACE, "fetches", 4 * (way + 1));
		for (i = 0; i < 5; i++)
			kst_drop(self->r.fd, kst_key(CHAIN, i), KVT_F_LOCAL);
	}
	io_uring_queue_exit(&ring);
	expect_clean(_metadata, self, 5);
}

/* In the background. A block alone is a child of what its trailer says. */
TEST_F(fetch, prefetch)
{
	struct kvt_batch b;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 100);
	ASSERT_EQ(0, kst_put_chain(self->r.fd, CHAIN, 0, 2, BS));
	kst_entries(entries, 70, CHAIN, 0);
	kst_batch(&b, KVT_OP_PREFETCH, entries, 70);
	ASSERT_EQ(0, kst_submit(self->r.fd, &b));
	EXPECT_EQ(70, b.done);
	EXPECT_EQ(2, b.ok);
	EXPECT_EQ(-ENOENT, entries[69].result);
	expect_rest(_metadata, 70);
	expect_stat(_metadata, KST_SPACE, "fetches", 68);
	kst_entries(entries, 1, CHAIN, 80);
	kst_one(self->r.fd, KVT_OP_PREFETCH, 0, entries);
	expect_rest(_metadata, 71);
	EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(CHAIN, 79),
			      KVT_F_CHAIN | KVT_F_LOCAL));
	EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(CHAIN, 0),
			      KVT_F_CHAIN | KVT_F_LOCAL));
	expect_rest(_metadata, 0);
	expect_clean(_metadata, self, 100);
}

/* A hint whose time is over when the pool has answered is none any more. */
TEST_F(fetch, prefetch_too_late)
{
	struct kvt_batch b;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 4);
	kst_rig_hold(&self->r, KST_OP(EXISTS), 0);
	kst_entries(entries, 4, CHAIN, 0);
	kst_batch(&b, KVT_OP_PREFETCH, entries, 4);
	b.timeout_ns = 1000000;
	ASSERT_EQ(0, kst_submit(self->r.fd, &b));
	ASSERT_TRUE(kst_pool_wait_asked(self->r.pool, KVT_REMOTE_EXISTS, 4));
	kst_sleep_ms(200);
	kst_rig_hold(&self->r, 0, 0);
	EXPECT_TRUE(KST_UNTIL(kst_tier_attr(KST_REMOTE, "in_flight") == 0));
	kst_sleep_ms(100);
	EXPECT_EQ(0, kst_pool_asked(self->r.pool, KVT_REMOTE_FETCH));
	expect_clean(_metadata, self, 4);
}

/* What came from the pool does not go there again; its class came with it. */
TEST_F(fetch, comes_back)
{
	static char data[BS];
	struct kvt_entry e;
	struct kvt_batch b;
	int why;

	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_write", "through"));
	kst_fill(data, BS, kst_seed(CHAIN, 0));
	kst_entries(&e, 1, CHAIN, 0);
	e.addr = kst_ptr(data);
	kst_batch(&b, KVT_OP_PUT, &e, 1);
	b.flags = KVT_F_CLASS;
	b.class_id = 3;
	ASSERT_EQ(0, kst_submit(self->r.fd, &b));
	ASSERT_LE(0, e.result);
	EXPECT_TRUE(KST_UNTIL(kst_pool_has(self->r.pool, kst_key(CHAIN, 0))));
	EXPECT_EQ(3, kst_pool_class(self->r.pool, kst_key(CHAIN, 0)));
	/* What is dropped before that is known here may be dropped there. */
	expect_stat(_metadata, KST_SPACE, "spills", 1);
	kst_pool_put_chain(self->r.pool, CHAIN, 1, 4);
	EXPECT_EQ(0, kst_drop(self->r.fd, kst_key(CHAIN, 0), KVT_F_LOCAL));
	EXPECT_EQ(5, acquire(self->r.fd, entries, 5, 0, &why)) {
		TH_LOG("why: %d", why);
	}
	EXPECT_EQ(0, wrong_bytes(self->r.fd, entries, 5));
	release(self->r.fd, entries, 5);
	/* Behind them: all that is to be spilled by then has been. */
	EXPECT_EQ(0, kst_put_chain(self->r.fd, CHAIN, 5, 1, BS));
	EXPECT_TRUE(KST_UNTIL(kst_pool_has(self->r.pool, kst_key(CHAIN, 5))));
	EXPECT_EQ(2, kst_pool_asked(self->r.pool, KVT_REMOTE_SPILL));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "class3/ttl_s", "1"));
	EXPECT_EQ(5, kst_attr_wait(KST_SPACE, "blocks", 5));
	expect_clean(_metadata, self, 6);
}

/* Blocks with layers: all of one is there when it is leased. */
TEST_F(fetch, layers)
{
	__u32 ends[] = { 5000, BS / 2, BS };
	struct kvt_space_create c;
	int fd;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 3);
	ASSERT_EQ(0, kst_tier_add(KST_CXL, KVT_TIER_DRAM, 0, 4 * KST_MIB));
	kst_space_init(&c, KST_PREFIX "layers", BS);
	kst_space_quota(&c, KST_CXL, 4 * KST_MIB);
	c.layers = kst_ptr(ends);
	c.nr_layers = 3;
	ASSERT_EQ(0, kst_space_create(&c));
	ASSERT_EQ(0, give_remote(KST_PREFIX "layers"));
	fd = kst_open(KST_PREFIX "layers", O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(3, acquire(fd, entries, 3, KVT_F_ARRIVING, NULL));
	EXPECT_EQ(0, entries[2].result & KVT_RES_ARRIVING);
	EXPECT_EQ(0, wrong_bytes(fd, entries, 3));
	close(fd);
}

/* ---------------------------------------------------------------- who is not asked */

TEST_F(fetch, not_asked)
{
	static char data[BS];
	struct kvt_entry e;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 4);
	EXPECT_EQ(0, acquire(self->r.fd, entries, 4, KVT_F_MEMORY_ONLY, NULL));
	EXPECT_EQ(0, acquire(self->r.fd, entries, 4, KVT_F_LOCAL, NULL));
	EXPECT_EQ(0, acquire(self->r.fd, entries, 4, KVT_F_LOCAL | AWAIT,
			     NULL));
	EXPECT_EQ(-ENOENT, kst_lookup(self->r.fd, kst_key(CHAIN, 0)));
	kst_entries(&e, 1, CHAIN, 0);
	EXPECT_EQ(-ENOENT, kst_one(self->r.fd, KVT_OP_PREFETCH, KVT_F_LOCAL, &e));
	e.addr = kst_ptr(data);
	e.len = BS;
	EXPECT_EQ(-ENOENT, kst_one(self->r.fd, KVT_OP_GET, KVT_F_LOCAL, &e));
	EXPECT_EQ(0, kst_pool_requests(self->r.pool, KVT_REMOTE_EXISTS));
	/* Who stores a block does not ask whether the pool has it. */
	EXPECT_EQ(0, kst_put_chain(self->r.fd, CHAIN, 0, 1, BS));
	EXPECT_EQ(0, kst_pool_requests(self->r.pool, KVT_REMOTE_EXISTS));
	/* No helper: at once, also where it could be waited for. */
	ASSERT_EQ(0, kst_rig_stop(&self->r));
	EXPECT_EQ(1, acquire(self->r.fd, entries, 4, 0, NULL));
	EXPECT_EQ(1, acquire(self->r.fd, entries, 4, AWAIT, NULL));
	release(self->r.fd, entries, 1);
	release(self->r.fd, entries, 1);
	/* And a new one is asked again. */
	ASSERT_EQ(0, kst_rig_start(&self->r, 1));
	EXPECT_EQ(4, acquire(self->r.fd, entries, 4, 0, NULL));
	release(self->r.fd, entries, 4);
	expect_clean(_metadata, self, 4);
}

/* ---------------------------------------------------------------------- what is wrong */

/* Blocks 0 and 1 are good, the next one is not what it should be. */
static void expect_caught(struct __test_metadata *_metadata,
			  FIXTURE_DATA(fetch) *self, struct kst_ways ways)
{
	long long bad = kst_stat(KST_SPACE, "fetch_bad");
	int why;

	kst_rig_ways(&self->r, (struct kst_ways){});
	EXPECT_EQ(2, acquire(self->r.fd, entries, 2, 0, NULL));
	kst_rig_ways(&self->r, ways);
	release(self->r.fd, entries, 2);
	EXPECT_EQ(2, acquire(self->r.fd, entries, 6, 0, &why));
	EXPECT_EQ(-ENOENT, why);
	expect_stat(_metadata, KST_SPACE, "fetch_bad", bad + 1);
	EXPECT_EQ(0, wrong_bytes(self->r.fd, entries, 2));
	release(self->r.fd, entries, 2);
	/* Those behind it are good. */
	expect_rest(_metadata, 5);
	/* The next time it is right. */
	EXPECT_EQ(6, acquire(self->r.fd, entries, 6, 0, NULL));
	EXPECT_EQ(0, wrong_bytes(self->r.fd, entries, 6));
	release(self->r.fd, entries, 6);
	kst_drop(self->r.fd, kst_key(CHAIN, 0), KVT_F_CHAIN | KVT_F_LOCAL);
	expect_rest(_metadata, 0);
}

TEST_F(fetch, wrong_bytes)
{
	kst_pool_put_chain(self->r.pool, CHAIN, 0, 6);
	expect_caught(_metadata, self, (struct kst_ways){ .flip_bytes = 1 });
	expect_caught(_metadata, self, (struct kst_ways){ .flip_trailer = 1 });
	expect_caught(_metadata, self, (struct kst_ways){ .other_block = 1 });
	expect_clean(_metadata, self, 6);
}

/* A helper that says so, and has written nothing. */
TEST_F(fetch, no_bytes)
{
	kst_pool_put_chain(self->r.pool, CHAIN, 0, 6);
	kst_rig_ways(&self->r, (struct kst_ways){ .no_bytes = 6 });
	EXPECT_EQ(0, acquire(self->r.fd, entries, 6, 0, NULL));
	expect_stat(_metadata, KST_SPACE, "fetch_bad", 6);
	expect_rest(_metadata, 0);
	/* Says that it cannot. */
	kst_rig_ways(&self->r, (struct kst_ways){ .fail = KST_OP(FETCH) });
	EXPECT_EQ(0, acquire(self->r.fd, entries, 6, 0, NULL));
	kst_rig_ways(&self->r, (struct kst_ways){ .fail = KST_OP_ALL });
	EXPECT_EQ(0, acquire(self->r.fd, entries, 6, 0, NULL));
	expect_stat(_metadata, KST_SPACE, "fetch_bad", 6);
	expect_clean(_metadata, self, 6);
}

/* What was computed for something else. */
TEST_F(fetch, other_identity)
{
	struct kvt_space_create c;
	int fd;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, 3);
	ASSERT_EQ(0, kst_tier_add(KST_CXL, KVT_TIER_DRAM, 0, 4 * KST_MIB));
	kst_space_init(&c, KST_PREFIX "other", BS);
	c.identity[KVT_IDENTITY_SIZE - 1] ^= 1;
	kst_space_quota(&c, KST_CXL, 4 * KST_MIB);
	ASSERT_EQ(0, kst_space_create(&c));
	ASSERT_EQ(0, give_remote(KST_PREFIX "other"));
	fd = kst_open(KST_PREFIX "other", O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, acquire(fd, entries, 3, 0, NULL));
	expect_stat(_metadata, KST_PREFIX "other", "fetch_bad", 3);
	EXPECT_EQ(0, kst_attr(KST_PREFIX "other", "blocks"));
	close(fd);
}

/* ------------------------------------------------------------------------- no room */

/* All that may be leased is: what comes ends there, and says why. */
TEST_F(fetch, all_leased)
{
	static struct kvt_entry e[FRAMES];
	unsigned int asked;
	struct kvt_batch b;
	int why;

	ASSERT_EQ(0, kst_put_chain(self->r.fd, 2, 0, FRAMES, BS));
	kst_entries(e, FRAMES, 2, 0);
	kst_batch(&b, KVT_OP_ACQUIRE, e, FRAMES);
	ASSERT_EQ(0, kst_submit(self->r.fd, &b));
	ASSERT_GT(FRAMES, b.ok);
	EXPECT_EQ(-EDQUOT, e[b.ok].result);
	kst_pool_put_chain(self->r.pool, CHAIN, 0, 50);
	EXPECT_EQ(0, acquire(self->r.fd, entries, 50, 0, &why));
	EXPECT_EQ(-EDQUOT, why);
	release(self->r.fd, e + b.ok - 10, 10);
	/* Some room: not for a hint, which takes nothing away from others. */
	asked = kst_pool_requests(self->r.pool, KVT_REMOTE_EXISTS);
	kst_entries(entries, 1, CHAIN, 0);
	EXPECT_EQ(-ENOENT, kst_one(self->r.fd, KVT_OP_PREFETCH, 0, entries));
	EXPECT_TRUE(KST_UNTIL(kst_pool_requests(self->r.pool, KVT_REMOTE_EXISTS) >
			      asked && !kst_pool_pending(self->r.pool)));
	kst_sleep_ms(50);
	EXPECT_EQ(0, kst_pool_requests(self->r.pool, KVT_REMOTE_FETCH));
	/* A shorter prefix for who wants it now. */
	EXPECT_EQ(10, acquire(self->r.fd, entries, 50, AWAIT, &why));
	EXPECT_EQ(-EDQUOT, why);
	EXPECT_EQ(0, wrong_bytes(self->r.fd, entries, 10));
	release(self->r.fd, entries, 10);
	release(self->r.fd, e, b.ok - 10);
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(50, acquire(self->r.fd, entries, 50, 0, NULL));
	EXPECT_EQ(0, wrong_bytes(self->r.fd, entries, 50));
	release(self->r.fd, entries, 50);
	kst_drop(self->r.fd, kst_key(2, 0), KVT_F_CHAIN | KVT_F_LOCAL);
	expect_clean(_metadata, self, 50);
}

/* More than there is memory for comes and goes. */
TEST_F(fetch, more_than_fits)
{
	unsigned int n;

	kst_pool_put_chain(self->r.pool, CHAIN, 0, LONG);
	kst_pool_put_chain(self->r.pool, 2, 0, FRAMES + 50);
	for (n = 0; n < FRAMES + 50; n++)
		EXPECT_EQ(0, kst_get_block(self->r.fd, 2, n, BS));
	EXPECT_EQ(LONG, acquire(self->r.fd, entries, LONG, 0, NULL));
	EXPECT_EQ(0, wrong_bytes(self->r.fd, entries, LONG));
	release(self->r.fd, entries, LONG);
	for (n = 0; n < FRAMES + 50; n++)
		kst_drop(self->r.fd, kst_key(2, n), KVT_F_LOCAL);
	expect_clean(_metadata, self, LONG);
}

TEST_HARNESS_MAIN
