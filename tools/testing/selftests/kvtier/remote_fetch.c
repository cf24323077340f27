// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks that are on the pool and not here: fetched by ACQUIRE, GET and PREFETCH, with
 * the right bytes or not at all, whatever the helper does. No frame is lost.
 * KVTIER_FULL=1: more rounds of the last one.
 */
#include "kselftest_harness.h"

#include <pthread.h>

#include "kst_helper.h"
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
	struct kst_pool *pool;
	struct kst_helper *helper;
	int fd;
};

static int give_remote(const char *space)
{
	return kst_knob(space, "remote", KST_REMOTE) ?:
	       kst_knob(space, "remote_timeout_ms", PATIENT) ?:
	       kst_knob(space, "quarantine_ms", "200");
}

FIXTURE_SETUP(fetch)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, MIB, 0));
	ASSERT_EQ(0, kst_remote_add(KST_REMOTE));
	ASSERT_EQ(0, give_remote(KST_SPACE));
	self->pool = kst_pool_new(BS);
	self->helper = kst_helper_start(self->pool, KST_REMOTE, DEPTH);
	ASSERT_NE(NULL, self->helper);
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(fetch)
{
	EXPECT_EQ(0, kst_cleanup());
}

/* ------------------------------------------------------------------- what is done */

static void behave(FIXTURE_DATA(fetch) *self, struct kst_ways ways)
{
	kst_pool_ways(self->pool, &ways);
}

/* Nothing is under way, and all frames but those of @blocks blocks are free. */
static void expect_rest(struct __test_metadata *_metadata, unsigned int blocks)
{
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "leases", 0));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "filling", 0));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "quarantined", 0));
	EXPECT_EQ(blocks, kst_attr_wait(KST_SPACE, "blocks", blocks));
	EXPECT_TRUE(KST_UNTIL(kst_arena(KST_SPACE, 0, "free") ==
			      FRAMES - blocks)) {
		TH_LOG("free: %lld", kst_arena(KST_SPACE, 0, "free"));
	}
}

/* Who is woken may be faster than who counts. */
static void expect_stat(struct __test_metadata *_metadata, const char *space,
			const char *counter, long long nr)
{
	EXPECT_EQ(nr, kst_stat_wait(space, counter, nr)) {
		TH_LOG("%s", counter);
	}
}

/* All of the chain's blocks that are here are right, and dropped. */
static void expect_clean(struct __test_metadata *_metadata,
			 FIXTURE_DATA(fetch) *self, unsigned int nr)
{
	struct kst_ways good = {};
	unsigned int n;

	kst_pool_ways(self->pool, &good);
	EXPECT_EQ(0, kst_pool_wrong(self->pool));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
	for (n = 0; n < nr; n++) {
		int ret = kst_get_block(self->fd, CHAIN, n, BS);

		EXPECT_TRUE(!ret || ret == -ENOENT) {
			TH_LOG("block %u: %d", n, ret);
		}
		kst_drop(self->fd, kst_key(CHAIN, n), 0);
	}
	expect_rest(_metadata, 0);
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "descriptors", 0));
}

static void acquire_batch(struct kvt_batch *b, struct kvt_entry *e,
			  unsigned int first, unsigned int nr, __u32 flags)
{
	kst_entries(e, nr, CHAIN, first);
	kst_batch(b, KVT_OP_ACQUIRE, e, nr);
	b->flags = flags;
	if (flags & AWAIT)
		b->timeout_ns = KST_PATIENCE * 1000000ULL;
}

/* How many of the chain's first are leased; *@why: what the next one has, else 0. */
static int acquire(int fd, struct kvt_entry *e, unsigned int nr, __u32 flags,
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

static void release(int fd, const struct kvt_entry *e, unsigned int nr)
{
	while (nr--)
		kst_release(fd, e[nr].slot);
}

/* Leased blocks of the chain by their windows: how many have wrong bytes. */
static unsigned int wrong_bytes(int fd, const struct kvt_entry *e, unsigned int nr)
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

/* An ACQUIRE, by a thread. */
struct job {
	pthread_t thread;
	int fd;
	unsigned int nr;
	__u32 flags;
	int ok;
	int why;
	bool is_over;
	struct kvt_entry e[LONG];
};

static void *acquire_thread(void *arg)
{
	struct job *j = arg;

	j->ok = acquire(j->fd, j->e, j->nr, j->flags, &j->why);
	__atomic_store_n(&j->is_over, true, __ATOMIC_RELEASE);
	return NULL;
}

static struct job jobs[2];

static struct job *begin(int i, int fd, unsigned int nr, __u32 flags)
{
	struct job *j = &jobs[i];

	*j = (struct job){ .fd = fd, .nr = nr, .flags = flags };
	return pthread_create(&j->thread, NULL, acquire_thread, j) ? NULL : j;
}

static bool is_over(struct job *j)
{
	return __atomic_load_n(&j->is_over, __ATOMIC_ACQUIRE);
}

static int end(struct job *j)
{
	if (!KST_UNTIL(is_over(j)))
		return -ETIMEDOUT;
	pthread_join(j->thread, NULL);
	return j->ok;
}

static struct kvt_entry entries[LONG];

/* -------------------------------------------------------------------- what comes */

/* All of it, by any way to submit, and the second time without asking. */
TEST_F(fetch, acquire)
{
	unsigned int asked, way;
	int ok;

	kst_pool_put_chain(self->pool, CHAIN, 0, 8);
	for (way = 0; way < 3; way++) {
		if (!way)
			ok = acquire(self->fd, entries, 8, 0, NULL);
		else
			ok = acquire_by_uring(self->fd, entries, 8, 0,
					      way == 2 ? IOSQE_ASYNC : 0);
		ASSERT_EQ(8, ok);
		EXPECT_EQ(0, wrong_bytes(self->fd, entries, 8));
		EXPECT_EQ(8, kst_attr(KST_SPACE, "leases"));
		expect_stat(_metadata, KST_SPACE, "fetches", 8 * (way + 1));
		asked = kst_pool_asked(self->pool, KVT_REMOTE_EXISTS);
		EXPECT_EQ(8 * (way + 1), asked);
		EXPECT_EQ(8, acquire(self->fd, entries, 8, 0, NULL));
		EXPECT_EQ(asked, kst_pool_asked(self->pool, KVT_REMOTE_EXISTS));
		release(self->fd, entries, 8);
		release(self->fd, entries, 8);
		expect_rest(_metadata, 8);
		EXPECT_EQ(0, kst_drop(self->fd, kst_key(CHAIN, 0),
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

	kst_pool_put_chain(self->pool, CHAIN, 0, LONG);
	for (way = 0; way < 2; way++) {
		ok = way ? acquire_by_uring(self->fd, entries, LONG, 0, 0) :
			   acquire(self->fd, entries, LONG, 0, NULL);
		ASSERT_EQ(LONG, ok);
		EXPECT_EQ(0, wrong_bytes(self->fd, entries, LONG));
		expect_stat(_metadata, KST_SPACE, "fetches", LONG * (way + 1));
		EXPECT_EQ(LONG * (way + 1),
			  kst_pool_asked(self->pool, KVT_REMOTE_FETCH));
		release(self->fd, entries, LONG);
		EXPECT_EQ(0, kst_drop(self->fd, kst_key(CHAIN, 0),
				      KVT_F_CHAIN | KVT_F_LOCAL));
		expect_rest(_metadata, 0);
	}
	expect_clean(_metadata, self, LONG);
}

/* It ends where the pool's chain does; what is behind a gap is not fetched. */
TEST_F(fetch, partial_prefix)
{
	int why;

	kst_pool_put_chain(self->pool, CHAIN, 0, 40);
	kst_pool_put_chain(self->pool, CHAIN, 41, 20);
	EXPECT_EQ(40, acquire(self->fd, entries, 64, 0, &why));
	EXPECT_EQ(-ENOENT, why);
	EXPECT_EQ(0, wrong_bytes(self->fd, entries, 40));
	expect_stat(_metadata, KST_SPACE, "fetches", 40);
	expect_stat(_metadata, KST_SPACE, "fetch_misses", 1);
	release(self->fd, entries, 40);
	/* Nothing at all. */
	kst_entries(entries, 1, 2, 0);
	EXPECT_EQ(-ENOENT, kst_one(self->fd, KVT_OP_ACQUIRE, 0, entries));
	expect_clean(_metadata, self, 64);
}

/* What is here is not asked for: neither before it nor in between. */
TEST_F(fetch, partly_here)
{
	ASSERT_EQ(0, kst_put_chain(self->fd, CHAIN, 0, 4, BS));
	ASSERT_EQ(0, kst_put_chain(self->fd, CHAIN, 6, 2, BS));
	kst_pool_put_chain(self->pool, CHAIN, 4, 2);
	kst_pool_put_chain(self->pool, CHAIN, 8, 2);
	EXPECT_EQ(10, acquire(self->fd, entries, 10, 0, NULL));
	EXPECT_EQ(0, wrong_bytes(self->fd, entries, 10));
	expect_stat(_metadata, KST_SPACE, "fetches", 4);
	EXPECT_EQ(4, kst_pool_asked(self->pool, KVT_REMOTE_EXISTS));
	release(self->fd, entries, 10);
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

	kst_pool_put_chain(self->pool, CHAIN, 0, 3);
	kst_pool_put_chain(self->pool, CHAIN, 4, 1);
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
		ASSERT_EQ(0, way ? kst_uring(&ring, self->fd, &b, 0) :
				   kst_submit(self->fd, &b));
		EXPECT_EQ(6, b.done);
		EXPECT_EQ(5, b.ok);
		EXPECT_EQ(-ENOENT, e[3].result);
		for (i = 0; i < 6; i++)
			EXPECT_EQ(i != 3, kst_holds(data[i], BS,
						    kst_seed(CHAIN, i == 5 ? 2 : i)));
		expect_stat(_metadata, KST_SPACE, "fetches", 4 * (way + 1));
		for (i = 0; i < 5; i++)
			kst_drop(self->fd, kst_key(CHAIN, i), KVT_F_LOCAL);
	}
	io_uring_queue_exit(&ring);
	expect_clean(_metadata, self, 5);
}

/* In the background. A block alone is a child of what its trailer says. */
TEST_F(fetch, prefetch)
{
	struct kvt_batch b;

	kst_pool_put_chain(self->pool, CHAIN, 0, 100);
	ASSERT_EQ(0, kst_put_chain(self->fd, CHAIN, 0, 2, BS));
	kst_entries(entries, 70, CHAIN, 0);
	kst_batch(&b, KVT_OP_PREFETCH, entries, 70);
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	EXPECT_EQ(70, b.done);
	EXPECT_EQ(2, b.ok);
	EXPECT_EQ(-ENOENT, entries[69].result);
	expect_rest(_metadata, 70);
	expect_stat(_metadata, KST_SPACE, "fetches", 68);
	kst_entries(entries, 1, CHAIN, 80);
	kst_one(self->fd, KVT_OP_PREFETCH, 0, entries);
	expect_rest(_metadata, 71);
	EXPECT_EQ(0, kst_drop(self->fd, kst_key(CHAIN, 79),
			      KVT_F_CHAIN | KVT_F_LOCAL));
	EXPECT_EQ(0, kst_drop(self->fd, kst_key(CHAIN, 0),
			      KVT_F_CHAIN | KVT_F_LOCAL));
	expect_rest(_metadata, 0);
	expect_clean(_metadata, self, 100);
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
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	ASSERT_LE(0, e.result);
	EXPECT_TRUE(KST_UNTIL(kst_pool_has(self->pool, kst_key(CHAIN, 0))));
	EXPECT_EQ(3, kst_pool_class(self->pool, kst_key(CHAIN, 0)));
	/* What is dropped before that is known here may be dropped there. */
	expect_stat(_metadata, KST_SPACE, "spills", 1);
	kst_pool_put_chain(self->pool, CHAIN, 1, 4);
	EXPECT_EQ(0, kst_drop(self->fd, kst_key(CHAIN, 0), KVT_F_LOCAL));
	EXPECT_EQ(5, acquire(self->fd, entries, 5, 0, &why)) {
		TH_LOG("why: %d", why);
	}
	EXPECT_EQ(0, wrong_bytes(self->fd, entries, 5));
	release(self->fd, entries, 5);
	/* Behind them: all that is to be spilled by then has been. */
	EXPECT_EQ(0, kst_put_chain(self->fd, CHAIN, 5, 1, BS));
	EXPECT_TRUE(KST_UNTIL(kst_pool_has(self->pool, kst_key(CHAIN, 5))));
	EXPECT_EQ(2, kst_pool_asked(self->pool, KVT_REMOTE_SPILL));
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

	kst_pool_put_chain(self->pool, CHAIN, 0, 3);
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

	kst_pool_put_chain(self->pool, CHAIN, 0, 4);
	EXPECT_EQ(0, acquire(self->fd, entries, 4, KVT_F_MEMORY_ONLY, NULL));
	EXPECT_EQ(0, acquire(self->fd, entries, 4, KVT_F_LOCAL, NULL));
	EXPECT_EQ(0, acquire(self->fd, entries, 4, KVT_F_LOCAL | AWAIT,
			     NULL));
	EXPECT_EQ(-ENOENT, kst_lookup(self->fd, kst_key(CHAIN, 0)));
	kst_entries(&e, 1, CHAIN, 0);
	EXPECT_EQ(-ENOENT, kst_one(self->fd, KVT_OP_PREFETCH, KVT_F_LOCAL, &e));
	e.addr = kst_ptr(data);
	e.len = BS;
	EXPECT_EQ(-ENOENT, kst_one(self->fd, KVT_OP_GET, KVT_F_LOCAL, &e));
	EXPECT_EQ(0, kst_pool_requests(self->pool, KVT_REMOTE_EXISTS));
	/* Who stores a block does not ask whether the pool has it. */
	EXPECT_EQ(0, kst_put_chain(self->fd, CHAIN, 0, 1, BS));
	EXPECT_EQ(0, kst_pool_requests(self->pool, KVT_REMOTE_EXISTS));
	/* No helper: at once, also where it could be waited for. */
	ASSERT_EQ(0, kst_helper_stop(self->helper));
	EXPECT_EQ(1, acquire(self->fd, entries, 4, 0, NULL));
	EXPECT_EQ(1, acquire(self->fd, entries, 4, AWAIT, NULL));
	release(self->fd, entries, 1);
	release(self->fd, entries, 1);
	/* And a new one is asked again. */
	self->helper = kst_helper_start(self->pool, KST_REMOTE, 1);
	ASSERT_NE(NULL, self->helper);
	EXPECT_EQ(4, acquire(self->fd, entries, 4, 0, NULL));
	release(self->fd, entries, 4);
	expect_clean(_metadata, self, 4);
}

/* ---------------------------------------------------------------------- what is wrong */

/* Blocks 0 and 1 are good, the next one is not what it should be. */
static void expect_caught(struct __test_metadata *_metadata,
			  FIXTURE_DATA(fetch) *self, struct kst_ways ways)
{
	long long bad = kst_stat(KST_SPACE, "fetch_bad");
	int why;

	behave(self, (struct kst_ways){});
	EXPECT_EQ(2, acquire(self->fd, entries, 2, 0, NULL));
	behave(self, ways);
	release(self->fd, entries, 2);
	EXPECT_EQ(2, acquire(self->fd, entries, 6, 0, &why));
	EXPECT_EQ(-ENOENT, why);
	expect_stat(_metadata, KST_SPACE, "fetch_bad", bad + 1);
	EXPECT_EQ(0, wrong_bytes(self->fd, entries, 2));
	release(self->fd, entries, 2);
	/* Those behind it are good. */
	expect_rest(_metadata, 5);
	/* The next time it is right. */
	EXPECT_EQ(6, acquire(self->fd, entries, 6, 0, NULL));
	EXPECT_EQ(0, wrong_bytes(self->fd, entries, 6));
	release(self->fd, entries, 6);
	kst_drop(self->fd, kst_key(CHAIN, 0), KVT_F_CHAIN | KVT_F_LOCAL);
	expect_rest(_metadata, 0);
}

TEST_F(fetch, wrong_bytes)
{
	kst_pool_put_chain(self->pool, CHAIN, 0, 6);
	expect_caught(_metadata, self, (struct kst_ways){ .flip_bytes = 1 });
	expect_caught(_metadata, self, (struct kst_ways){ .flip_trailer = 1 });
	expect_caught(_metadata, self, (struct kst_ways){ .other_block = 1 });
	expect_clean(_metadata, self, 6);
}

/* A helper that says so, and has written nothing. */
TEST_F(fetch, no_bytes)
{
	kst_pool_put_chain(self->pool, CHAIN, 0, 6);
	behave(self, (struct kst_ways){ .no_bytes = 6 });
	EXPECT_EQ(0, acquire(self->fd, entries, 6, 0, NULL));
	expect_stat(_metadata, KST_SPACE, "fetch_bad", 6);
	expect_rest(_metadata, 0);
	/* Says that it cannot. */
	behave(self, (struct kst_ways){ .fail = KST_OP(FETCH) });
	EXPECT_EQ(0, acquire(self->fd, entries, 6, 0, NULL));
	behave(self, (struct kst_ways){ .fail = KST_OP_ALL });
	EXPECT_EQ(0, acquire(self->fd, entries, 6, 0, NULL));
	expect_stat(_metadata, KST_SPACE, "fetch_bad", 6);
	expect_clean(_metadata, self, 6);
}

/* What was computed for something else. */
TEST_F(fetch, other_identity)
{
	struct kvt_space_create c;
	int fd;

	kst_pool_put_chain(self->pool, CHAIN, 0, 3);
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

/* --------------------------------------------------------------------- who is late */

/* A miss when the time is over; the frames come back with the answer. */
TEST_F(fetch, late)
{
	int why;

	kst_pool_put_chain(self->pool, CHAIN, 0, 8);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", HASTY));
	behave(self, (struct kst_ways){ .hold = KST_OP(EXISTS) });
	EXPECT_EQ(0, acquire(self->fd, entries, 8, 0, &why));
	EXPECT_EQ(-ENOENT, why);
	expect_stat(_metadata, KST_SPACE, "fetch_timeouts", 1);
	EXPECT_EQ(FRAMES, kst_arena(KST_SPACE, 0, "free"));
	behave(self, (struct kst_ways){ .hold = KST_OP(FETCH) });
	EXPECT_TRUE(KST_UNTIL(!acquire(self->fd, entries, 8, 0, &why) &&
			      kst_pool_requests(self->pool, KVT_REMOTE_FETCH)));
	EXPECT_EQ(-ENOENT, why);
	EXPECT_LE(2, kst_stat(KST_SPACE, "fetch_timeouts"));
	/* It may be writing to them. */
	EXPECT_GE(FRAMES - 8, kst_arena(KST_SPACE, 0, "free"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "quarantined"));
	/* The keys are free meanwhile. */
	EXPECT_EQ(0, kst_put_chain(self->fd, CHAIN, 0, 8, BS));
	EXPECT_EQ(8, acquire(self->fd, entries, 8, 0, NULL));
	EXPECT_EQ(0, wrong_bytes(self->fd, entries, 8));
	release(self->fd, entries, 8);
	behave(self, (struct kst_ways){});
	expect_rest(_metadata, 8);
	expect_stat(_metadata, KST_SPACE, "fetches", 0);
	EXPECT_EQ(8, acquire(self->fd, entries, 8, 0, NULL));
	EXPECT_EQ(0, wrong_bytes(self->fd, entries, 8));
	release(self->fd, entries, 8);
	expect_clean(_metadata, self, 8);
}

/* It never answers, and goes: the frames are quarantined. */
TEST_F(fetch, never)
{
	kst_pool_put_chain(self->pool, CHAIN, 0, 8);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", HASTY));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "quarantine_ms", "3600000"));
	behave(self, (struct kst_ways){ .hold = KST_OP(FETCH) });
	EXPECT_TRUE(KST_UNTIL(!acquire(self->fd, entries, 8, 0, NULL) &&
			      kst_pool_requests(self->pool, KVT_REMOTE_FETCH)));
	EXPECT_GE(FRAMES - 8, kst_arena(KST_SPACE, 0, "free"));
	ASSERT_EQ(0, kst_helper_stop(self->helper));
	EXPECT_TRUE(KST_UNTIL(kst_attr(KST_SPACE, "quarantined") > 0 ||
			      kst_arena(KST_SPACE, 0, "free") == FRAMES));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "quarantine_ms", "200"));
	expect_clean(_metadata, self, 8);
}

/* It dies while somebody waits: a miss at once, long before the deadline. */
TEST_F(fetch, helper_dies)
{
	unsigned int op;

	kst_pool_put_chain(self->pool, CHAIN, 0, 8);
	for (op = KVT_REMOTE_EXISTS; op <= KVT_REMOTE_FETCH; op++) {
		struct job *j;

		behave(self, (struct kst_ways){ .hold = 1U << op });
		j = begin(0, self->fd, 8, op ? AWAIT : 0);
		ASSERT_NE(NULL, j);
		ASSERT_TRUE(kst_pool_wait_asked(self->pool, op, 8));
		EXPECT_FALSE(is_over(j));
		ASSERT_EQ(0, kst_helper_stop(self->helper));
		EXPECT_EQ(0, end(j));
		EXPECT_EQ(-ENOENT, j->why);
		expect_rest(_metadata, 0);
		self->helper = kst_helper_start(self->pool, KST_REMOTE, DEPTH);
		ASSERT_NE(NULL, self->helper);
	}
	expect_clean(_metadata, self, 8);
}

/* ------------------------------------------------------------------------- together */

/* Whoever wants a block that is on its way waits for it: it comes once. */
TEST_F(fetch, two_of_them)
{
	static char data[BS];
	struct job *j[2];
	struct kvt_entry e;

	kst_pool_put_chain(self->pool, CHAIN, 0, 40);
	behave(self, (struct kst_ways){ .hold = KST_OP(FETCH) });
	j[0] = begin(0, self->fd, 40, 0);
	ASSERT_TRUE(kst_pool_wait_asked(self->pool, KVT_REMOTE_FETCH, 40));
	j[1] = begin(1, self->fd, 40, 0);
	/* Others do not wait: they are told. */
	EXPECT_EQ(-EINPROGRESS, kst_reserve(self->fd, kst_key(CHAIN, 0),
					    kst_root, &e));
	EXPECT_EQ(-EINPROGRESS, kst_acquire(self->fd, kst_key(CHAIN, 0),
					    KVT_F_LOCAL, &e));
	EXPECT_EQ(-ENOENT, kst_lookup(self->fd, kst_key(CHAIN, 0)));
	kst_sleep_ms(50);
	EXPECT_FALSE(is_over(j[0]) || is_over(j[1]));
	behave(self, (struct kst_ways){});
	EXPECT_EQ(0, kst_get(self->fd, kst_key(CHAIN, 39), data, 0, BS));
	EXPECT_TRUE(kst_holds(data, BS, kst_seed(CHAIN, 39)));
	EXPECT_EQ(40, end(j[0]));
	EXPECT_EQ(40, end(j[1]));
	EXPECT_EQ(0, wrong_bytes(self->fd, j[0]->e, 40));
	EXPECT_EQ(40, kst_pool_asked(self->pool, KVT_REMOTE_FETCH));
	expect_stat(_metadata, KST_SPACE, "fetches", 40);
	release(self->fd, j[0]->e, 40);
	release(self->fd, j[1]->e, 40);
	expect_clean(_metadata, self, 40);
}

/* Until some host has stored it: there, or this one. */
TEST_F(fetch, wait)
{
	struct job *j = begin(0, self->fd, 40, AWAIT);
	struct kvt_entry e;

	ASSERT_TRUE(kst_pool_wait_asked(self->pool, KVT_REMOTE_EXISTS, 33));
	kst_pool_put_chain(self->pool, CHAIN, 0, 20);
	EXPECT_TRUE(KST_UNTIL(kst_stat(KST_SPACE, "fetches") == 20));
	EXPECT_FALSE(is_over(j));
	kst_sleep_ms(100);
	ASSERT_EQ(0, kst_put_chain(self->fd, CHAIN, 20, 1, BS));
	ASSERT_LE(0, kst_reserve(self->fd, kst_key(CHAIN, 21),
				 kst_key(CHAIN, 20), &e));
	kst_pool_put_chain(self->pool, CHAIN, 22, 18);
	kst_sleep_ms(100);
	EXPECT_FALSE(is_over(j));
	EXPECT_EQ(0, kst_abort(self->fd, e.slot));
	kst_pool_put_chain(self->pool, CHAIN, 21, 1);
	EXPECT_EQ(40, end(j));
	EXPECT_EQ(0, wrong_bytes(self->fd, j->e, 40));
	release(self->fd, j->e, 40);
	expect_clean(_metadata, self, 40);
}

/* Without being told that somebody will store it nobody waits for that. */
TEST_F(fetch, wait_is_not_await)
{
	struct kvt_entry e;
	struct kvt_batch b;

	kst_entries(&e, 1, CHAIN, 0);
	kst_batch(&b, KVT_OP_ACQUIRE, &e, 1);
	b.flags = KVT_F_WAIT;
	b.timeout_ns = KVT_MAX_TIMEOUT_NS;
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	EXPECT_EQ(-ENOENT, e.result);
	EXPECT_EQ(1, kst_pool_asked(self->pool, KVT_REMOTE_EXISTS));
}

/* Nobody stores it. */
TEST_F(fetch, wait_in_vain)
{
	struct kvt_entry e;
	struct kvt_batch b;
	__u64 begun;

	kst_entries(&e, 1, CHAIN, 0);
	kst_batch(&b, KVT_OP_ACQUIRE, &e, 1);
	b.flags = AWAIT;
	b.timeout_ns = 500000000;
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", HASTY));
	begun = kst_now_ms();
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	EXPECT_EQ(-ENOENT, e.result);
	EXPECT_LE(490, kst_now_ms() - begun);
	/* A helper that cannot wait: nobody waits for it. */
	behave(self, (struct kst_ways){ .fail = KST_OP(EXISTS) });
	b.timeout_ns = KST_PATIENCE * 1000000ULL;
	begun = kst_now_ms();
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	EXPECT_EQ(-ENOENT, e.result);
	EXPECT_GT(KST_PATIENCE, kst_now_ms() - begun);
	expect_clean(_metadata, self, 1);
}

/* -------------------------------------------------------------------- who goes */

static int acquire_and_die(struct kst_child *c, void *arg)
{
	static struct kvt_entry e[LONG];
	int fd = kst_open(KST_SPACE, O_RDWR);

	kst_say(c, 1);
	acquire(fd, e, 8, (intptr_t)arg, NULL);
	return 0;
}

/* Killed: its leases go; what was on its way comes. */
TEST_F(fetch, killed)
{
	struct kst_child c;

	kst_pool_put_chain(self->pool, CHAIN, 0, 8);
	/* The harness' child has threads: what is forked may not use them. */
	behave(self, (struct kst_ways){ .hold = KST_OP(EXISTS) });
	ASSERT_EQ(0, kst_spawn(&c, acquire_and_die, (void *)AWAIT));
	ASSERT_EQ(1, kst_hear(&c));
	ASSERT_TRUE(kst_pool_wait_asked(self->pool, KVT_REMOTE_EXISTS, 8));
	kst_kill(&c);
	behave(self, (struct kst_ways){ .hold = KST_OP(FETCH) });
	ASSERT_EQ(0, kst_spawn(&c, acquire_and_die, NULL));
	ASSERT_EQ(1, kst_hear(&c));
	ASSERT_TRUE(kst_pool_wait_asked(self->pool, KVT_REMOTE_FETCH, 8));
	kst_kill(&c);
	behave(self, (struct kst_ways){});
	expect_rest(_metadata, 8);
	expect_clean(_metadata, self, 8);
}

TEST_F(fetch, cancelled)
{
	static struct kvt_entry e[8];
	struct io_uring ring;
	struct kvt_batch b;
	unsigned int op;

	kst_pool_put_chain(self->pool, CHAIN, 0, 8);
	for (op = KVT_REMOTE_EXISTS; op <= KVT_REMOTE_FETCH; op++) {
		int res, i, nr = 0;
		__u64 tag;

		behave(self, (struct kst_ways){ .hold = 1U << op });
		ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
		acquire_batch(&b, e, 0, 8, AWAIT);
		kst_sqe(&ring, self->fd, &b, 1);
		ASSERT_EQ(1, io_uring_submit(&ring));
		ASSERT_TRUE(KST_UNTIL(io_uring_get_events(&ring) >= 0 &&
				      kst_pool_asked(self->pool, op) >= 8));
		kst_sqe(&ring, self->fd, &b, 2)->cmd_op = KVT_URING_CANCEL;
		ASSERT_EQ(1, io_uring_submit(&ring));
		for (i = 0; i < 2; i++) {
			ASSERT_EQ(0, kst_reap(&ring, KST_PATIENCE, &tag, &res));
			EXPECT_EQ(tag == 1 ? -ECANCELED : 1, res);
			nr += tag;
		}
		EXPECT_EQ(3, nr);
		EXPECT_EQ(0, b.ok);
		/* The ring may go before the answer comes. */
		io_uring_queue_exit(&ring);
		behave(self, (struct kst_ways){});
		expect_rest(_metadata, op ? 8 : 0);
	}
	expect_clean(_metadata, self, 8);
}

/* Dropped on its way: it does not come. */
TEST_F(fetch, dropped)
{
	struct job *j;

	kst_pool_put_chain(self->pool, CHAIN, 0, 8);
	behave(self, (struct kst_ways){ .hold = KST_OP(FETCH) });
	j = begin(0, self->fd, 8, 0);
	ASSERT_TRUE(kst_pool_wait_asked(self->pool, KVT_REMOTE_FETCH, 8));
	EXPECT_EQ(0, kst_drop(self->fd, kst_key(CHAIN, 5), KVT_F_LOCAL));
	EXPECT_EQ(0, kst_drop(self->fd, kst_key(CHAIN, 0), KVT_F_LOCAL));
	EXPECT_EQ(0, end(j));
	EXPECT_EQ(-ENOENT, j->why);
	/* What is stored now is another block. */
	EXPECT_EQ(0, kst_put_chain(self->fd, CHAIN, 0, 1, BS));
	behave(self, (struct kst_ways){});
	expect_rest(_metadata, 7);
	EXPECT_EQ(-ENOENT, kst_lookup(self->fd, kst_key(CHAIN, 5)));
	expect_stat(_metadata, KST_SPACE, "fetches", 6);
	EXPECT_EQ(0, kst_get_block(self->fd, CHAIN, 0, BS));
	expect_clean(_metadata, self, 8);
}

/* The space has another remote tier, or goes, with everything under way. */
TEST_F(fetch, space_goes)
{
	struct kst_child c;
	struct job *j;

	kst_pool_put_chain(self->pool, CHAIN, 0, 8);
	behave(self, (struct kst_ways){ .hold = KST_OP(FETCH) });
	j = begin(0, self->fd, 8, AWAIT);
	ASSERT_TRUE(kst_pool_wait_asked(self->pool, KVT_REMOTE_FETCH, 8));
	EXPECT_EQ(-EBUSY, kst_tier_remove(KST_REMOTE));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
	EXPECT_EQ(0, end(j));
	expect_rest(_metadata, 0);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", KST_REMOTE));
	behave(self, (struct kst_ways){});
	EXPECT_EQ(8, acquire(self->fd, entries, 8, 0, NULL));
	release(self->fd, entries, 8);
	kst_drop(self->fd, kst_key(CHAIN, 0), KVT_F_CHAIN | KVT_F_LOCAL);

	behave(self, (struct kst_ways){ .hold = KST_OP(FETCH) });
	ASSERT_EQ(0, kst_spawn(&c, acquire_and_die, NULL));
	ASSERT_EQ(1, kst_hear(&c));
	ASSERT_TRUE(kst_pool_wait_asked(self->pool, KVT_REMOTE_FETCH, 24));
	kst_kill(&c);
	kst_helper_let_go(self->helper);
	close(self->fd);
	EXPECT_TRUE(KST_UNTIL(kst_space_delete(KST_SPACE) != -EBUSY));
	EXPECT_EQ(-1, kst_attr(KST_SPACE, "blocks"));
	ASSERT_EQ(0, kst_helper_stop(self->helper));
	EXPECT_EQ(0, kst_tier_remove(KST_REMOTE));
	EXPECT_EQ(0, kst_tier_remove(KST_DRAM));
}

/* ------------------------------------------------------------------------- no room */

/* All that may be leased is: what comes ends there, and says why. */
TEST_F(fetch, all_leased)
{
	static struct kvt_entry e[FRAMES];
	unsigned int asked;
	struct kvt_batch b;
	int why;

	ASSERT_EQ(0, kst_put_chain(self->fd, 2, 0, FRAMES, BS));
	kst_entries(e, FRAMES, 2, 0);
	kst_batch(&b, KVT_OP_ACQUIRE, e, FRAMES);
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	ASSERT_GT(FRAMES, b.ok);
	EXPECT_EQ(-EDQUOT, e[b.ok].result);
	kst_pool_put_chain(self->pool, CHAIN, 0, 50);
	EXPECT_EQ(0, acquire(self->fd, entries, 50, 0, &why));
	EXPECT_EQ(-EDQUOT, why);
	release(self->fd, e + b.ok - 10, 10);
	/* Some room: not for a hint, which takes nothing away from others. */
	asked = kst_pool_requests(self->pool, KVT_REMOTE_EXISTS);
	kst_entries(entries, 1, CHAIN, 0);
	EXPECT_EQ(-ENOENT, kst_one(self->fd, KVT_OP_PREFETCH, 0, entries));
	EXPECT_TRUE(KST_UNTIL(kst_pool_requests(self->pool, KVT_REMOTE_EXISTS) >
			      asked && !kst_pool_pending(self->pool)));
	kst_sleep_ms(50);
	EXPECT_EQ(0, kst_pool_requests(self->pool, KVT_REMOTE_FETCH));
	/* A shorter prefix for who wants it now. */
	EXPECT_EQ(10, acquire(self->fd, entries, 50, AWAIT, &why));
	EXPECT_EQ(-EDQUOT, why);
	EXPECT_EQ(0, wrong_bytes(self->fd, entries, 10));
	release(self->fd, entries, 10);
	release(self->fd, e, b.ok - 10);
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(50, acquire(self->fd, entries, 50, 0, NULL));
	EXPECT_EQ(0, wrong_bytes(self->fd, entries, 50));
	release(self->fd, entries, 50);
	kst_drop(self->fd, kst_key(2, 0), KVT_F_CHAIN | KVT_F_LOCAL);
	expect_clean(_metadata, self, 50);
}

static int reserve_and_die(struct kst_child *c, void *arg)
{
	struct kvt_entry e;
	unsigned int n;
	int fd = kst_open(KST_SPACE, O_RDWR);

	for (n = 0; n < (uintptr_t)arg; n++)
		if (kst_reserve(fd, kst_key(3, n), kst_root, &e) < 0)
			break;
	kst_say(c, n);
	return 0;
}

/* Frames that nobody can have for a while: a shorter prefix, or it is waited. */
TEST_F(fetch, no_frame)
{
	unsigned int taken = FRAMES - 50;
	struct io_uring ring;
	struct kst_child c;
	struct iovec pin;
	struct job *j;
	int why;

	/* Somebody's device may write to them, for all that is known. */
	pin.iov_base = kst_map_window(self->fd, 0, PROT_READ | PROT_WRITE,
				      &pin.iov_len);
	ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
	ASSERT_EQ(0, io_uring_register_buffers(&ring, &pin, 1));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "lease_quota", "1000"));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "quarantine_ms", "3600000"));
	ASSERT_EQ(0, kst_spawn(&c, reserve_and_die, (void *)(uintptr_t)taken));
	ASSERT_EQ(taken, kst_hear(&c));
	ASSERT_EQ(0, kst_join(&c));
	kst_pool_put_chain(self->pool, CHAIN, 0, 60);
	EXPECT_EQ(taken, kst_attr_wait(KST_SPACE, "quarantined", taken));
	EXPECT_EQ(50, acquire(self->fd, entries, 60, 0, &why));
	EXPECT_EQ(-ENOSPC, why);
	EXPECT_EQ(0, wrong_bytes(self->fd, entries, 50));
	release(self->fd, entries, 50);
	kst_drop(self->fd, kst_key(CHAIN, 0), KVT_F_CHAIN | KVT_F_LOCAL);
	j = begin(0, self->fd, 60, AWAIT);
	EXPECT_EQ(50, kst_attr_wait(KST_SPACE, "leases", 50));
	kst_sleep_ms(50);
	EXPECT_FALSE(is_over(j));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "quarantine_ms", "200"));
	EXPECT_EQ(60, end(j));
	EXPECT_EQ(0, wrong_bytes(self->fd, j->e, 60));
	release(self->fd, j->e, 60);
	io_uring_queue_exit(&ring);
	munmap(pin.iov_base, pin.iov_len);
	expect_clean(_metadata, self, 60);
}

/* More than there is memory for comes and goes. */
TEST_F(fetch, more_than_fits)
{
	unsigned int n;

	kst_pool_put_chain(self->pool, CHAIN, 0, LONG);
	kst_pool_put_chain(self->pool, 2, 0, FRAMES + 50);
	for (n = 0; n < FRAMES + 50; n++)
		EXPECT_EQ(0, kst_get_block(self->fd, 2, n, BS));
	EXPECT_EQ(LONG, acquire(self->fd, entries, LONG, 0, NULL));
	EXPECT_EQ(0, wrong_bytes(self->fd, entries, LONG));
	release(self->fd, entries, LONG);
	for (n = 0; n < FRAMES + 50; n++)
		kst_drop(self->fd, kst_key(2, n), KVT_F_LOCAL);
	expect_clean(_metadata, self, LONG);
}

/* ------------------------------------------------------------------------ everything */

struct chaos {
	pthread_t thread;
	unsigned int seed;
	unsigned int rounds;
	unsigned int wrong;
	bool stop;
};

#define NR_CHAOS	80

static int check_get(int fd, unsigned int n, char *data)
{
	int ret = kst_get(fd, kst_key(CHAIN, n), data, 0, BS);

	if (ret < 0)
		return ret != -ENOENT && ret != -EINPROGRESS && ret != -ENOSPC &&
		       ret != -EDQUOT;
	return !kst_holds(data, BS, kst_seed(CHAIN, n));
}

static int some_acquire(struct chaos *c, int fd, struct kvt_entry *e)
{
	static const __u32 flags[] = { 0, 0, KVT_F_LOCAL, KVT_F_MEMORY_ONLY,
				       AWAIT };
	unsigned int nr = 1 + rand_r(&c->seed) % NR_CHAOS;
	struct kvt_batch b;
	int wrong;

	acquire_batch(&b, e, 0, nr, flags[rand_r(&c->seed) % 5]);
	if (b.flags & AWAIT)
		b.timeout_ns = rand_r(&c->seed) % 100000000;
	if (kst_submit(fd, &b))
		return 1;
	wrong = wrong_bytes(fd, e, b.ok);
	release(fd, e, b.ok);
	return wrong;
}

static void *chaos_thread(void *arg)
{
	struct kvt_entry *e = calloc(NR_CHAOS, sizeof(*e));
	struct chaos *c = arg;
	char *data = malloc(BS);
	int fd = kst_open(KST_SPACE, O_RDWR);

	while (!__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE) || c->rounds < 100) {
		unsigned int n = rand_r(&c->seed) % NR_CHAOS;

		c->rounds++;
		switch (rand_r(&c->seed) % 6) {
		case 0:
		case 1:
			c->wrong += some_acquire(c, fd, e);
			break;
		case 2:
			c->wrong += check_get(fd, n, data);
			break;
		case 3:
			kst_entries(e, NR_CHAOS - n, CHAIN, n);
			kst_one(fd, KVT_OP_PREFETCH, 0, e);
			break;
		case 4:
			kst_drop(fd, kst_key(CHAIN, n), KVT_F_LOCAL |
				 (rand_r(&c->seed) % 8 ? 0 : KVT_F_CHAIN));
			break;
		case 5:
			kst_put_pattern(fd, kst_key(CHAIN, n),
					n ? kst_key(CHAIN, n - 1) : kst_root,
					BS, kst_seed(CHAIN, n));
			break;
		}
	}
	close(fd);
	free(data);
	free(e);
	return NULL;
}

static void any_ways(FIXTURE_DATA(fetch) *self)
{
	struct kst_ways w = {};

	switch (rand() % 6) {
	case 0:
		w.flip_bytes = rand() % 20;
		w.flip_trailer = rand() % 20;
		break;
	case 1:
		w.other_block = rand() % 20;
		w.no_bytes = rand() % 20;
		break;
	case 2:
		w.hold = rand() % 4;
		break;
	case 3:
		w.delay_ms = rand() % 80;
		break;
	case 4:
		/* Not a bad status: that is not looked at when it comes late. */
		w.bad_id = 5;
		w.twice = 5;
		break;
	}
	behave(self, w);
}

/* Commands of all kinds, a helper that is late, wrong, and dies: never wrong bytes. */
TEST_F_TIMEOUT(fetch, everything, 120)
{
	bool full = getenv("KVTIER_FULL");
	struct chaos c[3] = {};
	unsigned int i;

	srand(1);
	kst_pool_put_chain(self->pool, CHAIN, 0, NR_CHAOS);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", "50"));
	for (i = 0; i < 3; i++) {
		c[i].seed = i;
		ASSERT_EQ(0, pthread_create(&c[i].thread, NULL, chaos_thread,
					    &c[i]));
	}
	for (i = 0; i < (full ? 400 : 20); i++) {
		any_ways(self);
		kst_sleep_ms(rand() % 60);
		if (i % 4)
			continue;
		ASSERT_EQ(0, kst_helper_stop(self->helper));
		kst_sleep_ms(rand() % 20);
		self->helper = kst_helper_start(self->pool, KST_REMOTE, DEPTH);
		ASSERT_NE(NULL, self->helper);
	}
	behave(self, (struct kst_ways){});
	for (i = 0; i < 3; i++) {
		__atomic_store_n(&c[i].stop, true, __ATOMIC_RELEASE);
		ASSERT_EQ(0, pthread_join(c[i].thread, NULL));
		EXPECT_EQ(0, c[i].wrong);
		TH_LOG("%u rounds", c[i].rounds);
	}
	/* And it is as good as ever. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote_timeout_ms", PATIENT));
	EXPECT_EQ(NR_CHAOS, acquire(self->fd, entries, NR_CHAOS, 0, NULL));
	EXPECT_EQ(0, wrong_bytes(self->fd, entries, NR_CHAOS));
	release(self->fd, entries, NR_CHAOS);
	expect_clean(_metadata, self, NR_CHAOS);
}

TEST_HARNESS_MAIN
