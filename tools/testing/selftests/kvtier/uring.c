// SPDX-License-Identifier: GPL-2.0
/*
 * Commands by io_uring do what they do by ioctl; and they wait without anybody
 * sleeping for them: for devices, for fillers, for frames.
 */
#include "kselftest_harness.h"
#include "uring.h"

#define BS	65536U
#define MIB	4
#define FRAMES	(MIB * KST_MIB / BS)
#define BLOCKS	(3 * FRAMES)
#define DEPTH	32

FIXTURE(uring) {
	struct io_uring ring;
	unsigned int sqe_flags;
	int fd;
	char *window;
};

FIXTURE_VARIANT(uring) {
	unsigned int setup;
	unsigned int sqe_flags;
};

FIXTURE_VARIANT_ADD(uring, plain) { 0, 0 };
FIXTURE_VARIANT_ADD(uring, defer) {
	IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0,
};
FIXTURE_VARIANT_ADD(uring, sqpoll) { IORING_SETUP_SQPOLL, 0 };
FIXTURE_VARIANT_ADD(uring, worker) { 0, IOSQE_ASYNC };

FIXTURE_SETUP(uring)
{
	KST_START_NVME(1);
	const struct kst_set set = {
		.nr = 1, .dev = { kst_nvme(0) }, .segment = KST_MIB,
		.grade = KST_BULK,
	};

	ASSERT_EQ(0, kst_make_nvme(&set, BS, MIB, 64));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "lease_quota", "1000"));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->window = kst_map_window(self->fd, 0, PROT_READ | PROT_WRITE,
				      NULL);
	ASSERT_NE(NULL, self->window);
	self->sqe_flags = variant->sqe_flags;
	ASSERT_EQ(0, io_uring_queue_init(DEPTH, &self->ring, variant->setup));
}

FIXTURE_TEARDOWN_PARENT(uring)
{
	EXPECT_EQ(0, kst_cleanup());
}

/* --------------------------------------------------------------- same results */

static int by_ring(FIXTURE_DATA(uring) *self, struct kvt_batch *b)
{
	return kst_uring(&self->ring, self->fd, b, self->sqe_flags);
}

static int by_ioctl(FIXTURE_DATA(uring) *self, struct kvt_batch *b)
{
	return kst_submit(self->fd, b);
}

#define NR 6
#define ROUNDS 16

struct round {
	int res;
	__u32 done, ok;
	int result[NR];
	bool same_bytes;
};

/* All commands, on the blocks of a chain; what they tell goes to @r. */
static int all_commands(FIXTURE_DATA(uring) *self, struct round *r, __u64 chain,
			int (*submit)(FIXTURE_DATA(uring) *self,
				      struct kvt_batch *b))
{
	static char data[NR * BS], back[NR * BS];
	static const __u8 op[ROUNDS] = {
		KVT_OP_LOOKUP, KVT_OP_PUT, KVT_OP_PUT, KVT_OP_LOOKUP, KVT_OP_GET,
		KVT_OP_ACQUIRE, KVT_OP_PREFETCH, KVT_OP_RELEASE, KVT_OP_RELEASE,
		KVT_OP_DROP, KVT_OP_GET, KVT_OP_RESERVE, KVT_OP_RESERVE,
		KVT_OP_COMMIT, KVT_OP_ABORT, KVT_OP_ACQUIRE,
	};
	__u32 slot[NR] = {}, i, n;
	struct kvt_entry e[NR];
	struct kvt_batch b;

	kst_fill(data, sizeof(data), chain);
	for (n = 0; n < ROUNDS; n++) {
		kst_entries(e, NR, chain, n < 11 ? 0 : 100);
		kst_batch(&b, op[n], e, NR);
		memset(back, 0, sizeof(back));
		for (i = 0; i < NR; i++) {
			e[i].slot = slot[i];
			if (op[n] == KVT_OP_PUT)
				e[i].addr = kst_ptr(data + i * BS);
			if (op[n] == KVT_OP_GET) {
				e[i].addr = kst_ptr(back + i * BS);
				e[i].pos = i;
				e[i].len = BS - i;
			}
		}
		/* COMMIT the first half, ABORT all: the rest. */
		if (op[n] == KVT_OP_COMMIT)
			b.nr = NR / 2;
		r[n].res = submit(self, &b);
		r[n].done = b.done;
		r[n].ok = b.ok;
		r[n].same_bytes = true;
		for (i = 0; i < b.done; i++) {
			r[n].result[i] = e[i].result;
			slot[i] = e[i].slot;
			r[n].same_bytes &= op[n] != KVT_OP_GET ||
				e[i].result < 0 ||
				!memcmp(back + i * BS, data + i * BS + i, BS - i);
		}
	}
	return kst_stat(KST_SPACE, "batches");
}

TEST_F(uring, same_as_ioctl)
{
	struct round ring[ROUNDS] = {}, ctl[ROUNDS] = {};
	int n;

	all_commands(self, ring, 1, by_ring);
	all_commands(self, ctl, 2, by_ioctl);
	for (n = 0; n < ROUNDS; n++) {
		EXPECT_EQ(0, memcmp(&ring[n], &ctl[n], sizeof(ring[n]))) {
			TH_LOG("round %d: %d %u %u %d, not %d %u %u %d", n,
			       ring[n].res, ring[n].done, ring[n].ok,
			       ring[n].result[0], ctl[n].res, ctl[n].done,
			       ctl[n].ok, ctl[n].result[0]);
		}
		EXPECT_TRUE(ring[n].same_bytes);
	}
	/* It was not only errors. */
	EXPECT_EQ(0, ring[5].res);
	EXPECT_EQ(NR, ring[5].ok);
	EXPECT_EQ(NR, ring[4].ok);
	EXPECT_EQ(NR / 2, ring[13].ok);
}

/* ------------------------------------------------------------------ from nvme */

struct one {
	struct kvt_batch b;
	struct kvt_entry e;
	unsigned int n;
};

static void prepare(FIXTURE_DATA(uring) *self, struct one *o, __u32 op,
		    unsigned int n)
{
	o->n = n;
	kst_entries(&o->e, 1, 1, n);
	kst_batch(&o->b, op, &o->e, 1);
	kst_sqe(&self->ring, self->fd, &o->b, kst_ptr(o))->flags |=
		self->sqe_flags;
}

/* DEPTH at a time, each block of the chain once. */
TEST_F_TIMEOUT(uring, acquire_from_nvme, 120)
{
	static struct one o[DEPTH];
	unsigned int next = 0, done = 0, wrong = 0, cold;
	__u64 tag;
	int res;

	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, BLOCKS, BS));
	kst_settle(KST_SPACE);
	cold = kst_count(self->fd, 1, BLOCKS, KVT_TIER_NVME);
	ASSERT_LE(BLOCKS - FRAMES, cold);
	for (; next < DEPTH; next++) {
		prepare(self, &o[next], KVT_OP_ACQUIRE, next);
		kst_waiting(&o[next].b);
	}
	while (done < BLOCKS) {
		struct one *d;

		ASSERT_LE(0, io_uring_submit(&self->ring));
		ASSERT_EQ(0, kst_reap(&self->ring, KST_PATIENCE, &tag, &res));
		d = (struct one *)(uintptr_t)tag;
		ASSERT_EQ(0, res);
		ASSERT_EQ(KVT_RES_LEASED | KVT_TIER_DRAM, d->e.result) {
			TH_LOG("block %u", d->n);
		}
		wrong += !kst_holds(self->window + d->e.offset, BS,
				    kst_seed(1, d->n));
		done++;
		ASSERT_EQ(0, kst_release(self->fd, d->e.slot));
		if (next == BLOCKS)
			continue;
		prepare(self, d, KVT_OP_ACQUIRE, next++);
		kst_waiting(&d->b);
	}
	EXPECT_EQ(0, wrong);
	EXPECT_LE(cold, kst_stat(KST_SPACE, "loads"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
}

/* Whole chains, longer than what is read ahead, and what is in memory mixed. */
TEST_F_TIMEOUT(uring, batches_from_nvme, 120)
{
	static struct kvt_entry e[4][FRAMES / 4];
	static char buf[FRAMES / 4 * BS];
	struct kvt_batch b[4];
	unsigned int i, j, first, good = 0;
	__u64 tag;
	int res;

	/* Each a root: a parent would stay while its child is leased. */
	for (i = 0; i < BLOCKS; i++)
		ASSERT_LE(0, kst_put_wait(self->fd, kst_key(1, i), kst_root, BS,
					  kst_seed(1, i)));
	kst_settle(KST_SPACE);
	for (first = 0; first < BLOCKS; first += FRAMES) {
		for (i = 0; i < 4; i++) {
			kst_entries(e[i], FRAMES / 4, 1, first + i * FRAMES / 4);
			kst_batch(&b[i], KVT_OP_ACQUIRE, e[i], FRAMES / 4);
			kst_waiting(&b[i]);
			kst_sqe(&self->ring, self->fd, &b[i], i)->flags |=
				self->sqe_flags;
		}
		ASSERT_EQ(4, io_uring_submit(&self->ring));
		for (i = 0; i < 4; i++) {
			ASSERT_EQ(0, kst_reap(&self->ring, KST_PATIENCE, &tag, &res));
			ASSERT_EQ(0, res);
			ASSERT_EQ(FRAMES / 4, b[tag].ok) {
				TH_LOG("entry %u: %d", b[tag].ok,
				       e[tag][b[tag].ok].result);
			}
			for (j = 0; j < FRAMES / 4; j++)
				good += kst_holds(self->window + e[tag][j].offset, BS,
						  kst_seed(1, first + tag * FRAMES / 4 + j));
			kst_batch(&b[tag], KVT_OP_RELEASE, e[tag], FRAMES / 4);
			ASSERT_EQ(0, kst_submit(self->fd, &b[tag]));
			ASSERT_EQ(FRAMES / 4, b[tag].ok);
		}
	}
	EXPECT_EQ(BLOCKS, good);
	for (first = 0; first < BLOCKS; first += FRAMES / 4) {
		kst_entries(e[0], FRAMES / 4, 1, first);
		kst_batch(&b[0], KVT_OP_GET, e[0], FRAMES / 4);
		for (j = 0; j < FRAMES / 4; j++) {
			e[0][j].addr = kst_ptr(buf + j * BS);
			e[0][j].len = BS;
		}
		/* There may be no frame for one just now. */
		EXPECT_TRUE(KST_UNTIL(kst_uring(&self->ring, self->fd, &b[0],
						self->sqe_flags) ||
				      b[0].ok == FRAMES / 4));
		EXPECT_EQ(FRAMES / 4, b[0].ok);
		for (j = 0; j < FRAMES / 4; j++)
			EXPECT_TRUE(kst_holds(buf + j * BS, BS,
					      kst_seed(1, first + j)));
	}
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
}

/* The submitter does not sleep, nor does it have to come for a load to end. */
TEST_F(uring, submitter_goes_on)
{
	static struct one o[DEPTH];
	unsigned int i;
	__u64 tag;
	int res;

	if (self->sqe_flags)
		SKIP(return, "a worker of io_uring's sleeps");
	ASSERT_EQ(0, kst_put_chain(self->fd, 1, 0, BLOCKS, BS));
	kst_settle(KST_SPACE);
	for (i = 0; i < DEPTH; i++) {
		prepare(self, &o[i], KVT_OP_ACQUIRE, i);
		kst_waiting(&o[i].b);
	}
	ASSERT_EQ(DEPTH, io_uring_submit(&self->ring));
	/* Another file has them although this one does not look for its own. */
	for (i = 0; i < DEPTH; i++) {
		int fd = kst_open(KST_SPACE, O_RDWR);
		struct kvt_entry e;

		ASSERT_LE(0, kst_acquire_wait(fd, kst_key(1, i), &e)) {
			TH_LOG("block %u", i);
		}
		close(fd);
	}
	for (i = 0; i < DEPTH; i++) {
		ASSERT_EQ(0, kst_reap(&self->ring, KST_PATIENCE, &tag, &res));
		EXPECT_EQ(0, res);
		EXPECT_LE(0, ((struct one *)(uintptr_t)tag)->e.result);
	}
}

/* -------------------------------------------------------------- fixed buffers */

TEST_F(uring, fixed_buffers)
{
	struct io_uring_sqe *sqe;
	struct kvt_entry e[3];
	struct kvt_batch b;
	struct iovec iov;
	char *buf;

	iov.iov_len = 4 * BS;
	buf = aligned_alloc(4096, 6 * BS);
	iov.iov_base = buf;
	ASSERT_EQ(0, io_uring_register_buffers(&self->ring, &iov, 1));
	kst_fill(buf, BS, 7);
	kst_fill(buf + BS + 24, BS, 8);

	/* From the buffer, and from memory that is not of it. */
	kst_entries(e, 3, 1, 0);
	kst_batch(&b, KVT_OP_PUT, e, 3);
	e[0].addr = kst_ptr(buf);
	e[1].addr = kst_ptr(buf + BS + 24);
	e[2].addr = kst_ptr(buf + 3 * BS + 1);
	sqe = kst_sqe(&self->ring, self->fd, &b, 0);
	sqe->flags |= self->sqe_flags;
	sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
	sqe->buf_index = 0;
	ASSERT_EQ(0, kst_carry(&self->ring));
	EXPECT_EQ(3, b.done);
	EXPECT_EQ(2, b.ok);
	EXPECT_EQ(-EFAULT, e[2].result);
	EXPECT_EQ(0, kst_get_pattern(self->fd, kst_key(1, 0), BS, 7));
	EXPECT_EQ(0, kst_get_pattern(self->fd, kst_key(1, 1), BS, 8));
	EXPECT_EQ(-ENOENT, kst_lookup(self->fd, kst_key(1, 2)));

	/* To it; and each entry by itself. */
	memset(buf, 0, 6 * BS);
	kst_entries(e, 3, 1, 0);
	memcpy(e[2].key, e[1].key, KVT_KEY_SIZE);
	kst_batch(&b, KVT_OP_GET, e, 3);
	e[0] = (struct kvt_entry){ .addr = kst_ptr(buf + 2 * BS), .len = BS };
	memcpy(e[0].key, kst_key(1, 0).b, KVT_KEY_SIZE);
	e[1].addr = kst_ptr(buf - 1);
	e[1].len = BS;
	e[2].addr = kst_ptr(buf + 8);
	e[2].len = 16;
	e[2].pos = 100;
	sqe = kst_sqe(&self->ring, self->fd, &b, 0);
	sqe->flags |= self->sqe_flags;
	sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
	ASSERT_EQ(0, kst_carry(&self->ring));
	EXPECT_EQ(3, b.done);
	EXPECT_EQ(2, b.ok);
	EXPECT_EQ(-EFAULT, e[1].result);
	EXPECT_TRUE(kst_holds(buf + 2 * BS, BS, 7));
	EXPECT_TRUE(kst_zero(buf, 8));
	EXPECT_TRUE(kst_zero(buf + 24, 2 * BS - 24));
	kst_fill(buf + 4 * BS, BS, 8);
	EXPECT_EQ(0, memcmp(buf + 8, buf + 4 * BS + 100, 16));

	/* No such buffer: the command as a whole, or the entry. */
	e[0].addr = kst_ptr(buf);
	b.nr = 1;
	sqe = kst_sqe(&self->ring, self->fd, &b, 0);
	sqe->flags |= self->sqe_flags;
	sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
	sqe->buf_index = 1;
	e[0].result = -EFAULT;
	EXPECT_EQ(-EFAULT, kst_carry(&self->ring) ?: e[0].result);
	/* Nothing to be found there. */
	kst_batch(&b, KVT_OP_LOOKUP, e, 1);
	kst_entries(e, 1, 1, 0);
	sqe = kst_sqe(&self->ring, self->fd, &b, 0);
	sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
	EXPECT_EQ(-EINVAL, kst_carry(&self->ring));
}

/* Without a registered buffer: any memory, or none. */
TEST_F(uring, bad_addresses)
{
	struct kvt_entry e[2];
	struct kvt_batch b;
	char *gap = mmap(NULL, 2 * BS, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	ASSERT_NE(MAP_FAILED, gap);
	kst_entries(e, 2, 1, 0);
	kst_batch(&b, KVT_OP_PUT, e, 1);
	e[0].addr = kst_ptr(gap);
	ASSERT_EQ(0, by_ring(self, &b));
	EXPECT_EQ(-EFAULT, e[0].result);
	e[0].addr = 1ULL << 63;
	ASSERT_EQ(0, by_ring(self, &b));
	EXPECT_EQ(-EFAULT, e[0].result);
	EXPECT_EQ(0, kst_attr(KST_SPACE, "filling"));
	ASSERT_LE(0, kst_put_pattern(self->fd, kst_key(1, 0), kst_root, BS, 1));
	kst_batch(&b, KVT_OP_GET, e, 1);
	e[0].addr = kst_ptr(gap);
	e[0].len = BS;
	ASSERT_EQ(0, by_ring(self, &b));
	EXPECT_EQ(-EFAULT, e[0].result);
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
}

/* ------------------------------------------------------------------- hand-off */

static void wait_for_block(FIXTURE_DATA(uring) *self, struct one *o,
			   unsigned int n, unsigned int ms)
{
	prepare(self, o, KVT_OP_ACQUIRE, n);
	o->b.flags = KVT_F_WAIT;
	o->b.timeout_ns = ms * 1000000ULL;
}

TEST_F(uring, handed_off_at_the_seal)
{
	struct one o[3];
	struct kvt_entry e;
	unsigned int i;
	__u64 tag;
	int res;
	int other = kst_open(KST_SPACE, O_RDWR);

	ASSERT_LE(0, kst_reserve(other, kst_key(1, 0), kst_root, &e));
	for (i = 0; i < 3; i++)
		wait_for_block(self, &o[i], 0, KST_PATIENCE);
	ASSERT_EQ(3, io_uring_submit(&self->ring));
	ASSERT_EQ(-ETIME, kst_reap(&self->ring, 200, &tag, &res));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
	ASSERT_EQ(0, kst_commit(other, e.slot));
	for (i = 0; i < 3; i++) {
		struct one *d;

		ASSERT_EQ(0, kst_reap(&self->ring, KST_PATIENCE, &tag, &res));
		d = (struct one *)(uintptr_t)tag;
		EXPECT_EQ(0, res);
		EXPECT_EQ(KVT_RES_LEASED | KVT_TIER_DRAM, d->e.result);
		EXPECT_EQ(e.slot, d->e.slot);
		EXPECT_EQ(0, kst_release(self->fd, e.slot));
	}
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
}

TEST_F(uring, dead_filler_is_a_miss)
{
	int other = kst_open(KST_SPACE, O_RDWR);
	struct kvt_entry e;
	struct one o;
	int res;

	ASSERT_LE(0, kst_reserve(other, kst_key(1, 0), kst_root, &e));
	wait_for_block(self, &o, 0, KST_PATIENCE);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	ASSERT_EQ(-ETIME, kst_reap(&self->ring, 50, NULL, &res));
	close(other);
	ASSERT_EQ(0, kst_reap(&self->ring, KST_PATIENCE, NULL, &res));
	EXPECT_EQ(0, res);
	EXPECT_EQ(-ENOENT, o.e.result);
}

TEST_F(uring, waits_so_long_and_no_longer)
{
	int other = kst_open(KST_SPACE, O_RDWR);
	__u64 begin = kst_now_ms();
	struct kvt_entry e;
	struct one o;
	int res;

	ASSERT_LE(0, kst_reserve(other, kst_key(1, 0), kst_root, &e));
	wait_for_block(self, &o, 0, 300);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	ASSERT_EQ(0, kst_reap(&self->ring, KST_PATIENCE, NULL, &res));
	EXPECT_EQ(0, res);
	EXPECT_EQ(-ETIMEDOUT, o.e.result);
	EXPECT_LE(250, kst_now_ms() - begin);
	/* Zero is no time at all, and without KVT_F_WAIT it is not asked for. */
	wait_for_block(self, &o, 0, 0);
	ASSERT_EQ(0, kst_carry(&self->ring));
	EXPECT_EQ(-ETIMEDOUT, o.e.result);
	prepare(self, &o, KVT_OP_ACQUIRE, 0);
	ASSERT_EQ(0, kst_carry(&self->ring));
	EXPECT_EQ(-EINPROGRESS, o.e.result);
}

/* Three times as many blocks as frames: they wait until others are written. */
static void fill_all(struct __test_metadata *_metadata, FIXTURE_DATA(uring) *self,
		     __u32 op)
{
	static char data[DEPTH][BS];
	static struct one o[DEPTH];
	unsigned int next = 0, done = 0;
	struct kst_found f;
	__u64 tag;
	int res;

	while (done < BLOCKS) {
		struct one *d = &o[next];

		if (next >= DEPTH) {
			ASSERT_LE(0, io_uring_submit(&self->ring));
			ASSERT_EQ(0, kst_reap(&self->ring, KST_PATIENCE, &tag, &res));
			d = (struct one *)(uintptr_t)tag;
			ASSERT_EQ(0, res);
			ASSERT_EQ(KVT_TIER_DRAM, d->e.result);
			done++;
			if (op == KVT_OP_RESERVE) {
				kst_fill(self->window + d->e.offset, BS,
					 kst_seed(1, d->n));
				ASSERT_EQ(0, kst_commit(self->fd, d->e.slot));
			}
		}
		if (next++ >= BLOCKS)
			continue;
		prepare(self, d, op, next - 1);
		kst_waiting(&d->b);
		if (op == KVT_OP_PUT) {
			d->e.addr = kst_ptr(data[d - o]);
			kst_fill(data[d - o], BS, kst_seed(1, next - 1));
		}
	}
	f = kst_check_chain(self->fd, 1, BLOCKS, BS);
	EXPECT_EQ(BLOCKS, f.good);
}

TEST_F_TIMEOUT(uring, put_waits_for_frames, 120)
{
	fill_all(_metadata, self, KVT_OP_PUT);
}

TEST_F_TIMEOUT(uring, reserve_waits_for_frames, 120)
{
	fill_all(_metadata, self, KVT_OP_RESERVE);
}

/* ------------------------------------------------------------------ bad input */

/* What becomes of a good LOOKUP with @what done to it. */
#define RESULT(what)							\
	({								\
		kst_entries(e, 2, 1, 0);				\
		kst_batch(&b, KVT_OP_LOOKUP, e, 2);			\
		sqe = kst_sqe(&self->ring, self->fd, &b, 0);		\
		sqe->flags |= self->sqe_flags;				\
		what;							\
		kst_carry(&self->ring);					\
	})

#define BAD(err, what) EXPECT_EQ(err, RESULT(what))

TEST_F(uring, refuses)
{
	struct kvt_uring_submit submit = { .batch = kst_ptr(self) };
	int ro = kst_open(KST_SPACE, O_RDONLY), wo = kst_open(KST_SPACE, O_WRONLY);
	int other = kst_open(KST_SPACE, O_RDWR);
	int control = open(KST_CONTROL, O_RDWR);
	struct io_uring_sqe *sqe;
	struct kvt_entry e[2];
	struct kvt_batch b;
	int res;

	BAD(0, (void)0);
	/* The entry */
	BAD(-EOPNOTSUPP, sqe->cmd_op = KVT_IOC_SUBMIT);
	BAD(-EOPNOTSUPP, sqe->cmd_op = 0);
	BAD(-EOPNOTSUPP, sqe->fd = control);
	submit.batch = kst_ptr(&b);
	submit.pad = 1;
	BAD(-EINVAL, memcpy(sqe->cmd, &submit, sizeof(submit)));
	submit.pad = 1ULL << 63;
	BAD(-EINVAL, memcpy(sqe->cmd, &submit, sizeof(submit)));
	submit.pad = 0;
	submit.batch = 0;
	BAD(-EFAULT, memcpy(sqe->cmd, &submit, sizeof(submit)));
	submit.batch = 1ULL << 63;
	BAD(-EFAULT, memcpy(sqe->cmd, &submit, sizeof(submit)));
	BAD(-EINVAL, sqe->uring_cmd_flags = 2);
	BAD(-EINVAL, sqe->ioprio = 1);
	/* io_uring's own answer, which has changed. */
	res = RESULT(sqe->flags |= IOSQE_BUFFER_SELECT);
	EXPECT_TRUE(res == -EOPNOTSUPP || res == -EINVAL) {
		TH_LOG("%d", res);
	}
	BAD(-EBADF, sqe->fd = -1);
	/* The batch */
	BAD(-EINVAL, b.size = 8);
	BAD(-EINVAL, b.op = 99);
	BAD(-EINVAL, b.flags = KVT_F_WAIT);
	BAD(-EINVAL, b.nr = 0);
	BAD(-EINVAL, b.nr = KVT_MAX_BATCH + 1);
	BAD(-EINVAL, b.pad = 1);
	BAD(-EFAULT, b.entries = 4096);
	BAD(-EINVAL, memset(e[1].key, 0, KVT_KEY_SIZE));
	BAD(-EFAULT, (b.op = KVT_OP_ACQUIRE, b.entries = 4096));
	BAD(-EINVAL, (b.op = KVT_OP_ACQUIRE, e[1].pos = 1));
	/* The file */
	BAD(-EBADF, sqe->fd = wo);
	BAD(-EBADF, (sqe->fd = ro, b.op = KVT_OP_PUT));
	BAD(-EBADF, (sqe->fd = ro, b.op = KVT_OP_DROP));
	BAD(0, sqe->fd = ro);
	ASSERT_EQ(-EKEYREJECTED, kst_attach(other, 0x99));
	BAD(-EKEYREJECTED, sqe->fd = other);
	BAD(-EKEYREJECTED, (sqe->fd = other, b.op = KVT_OP_ACQUIRE));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "filling"));
}

/* The results cannot be written: it was carried out, and says so. */
TEST_F(uring, results_cannot_be_written)
{
	struct kvt_entry *e = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvt_batch b;

	ASSERT_NE(MAP_FAILED, e);
	ASSERT_LE(0, kst_put_pattern(self->fd, kst_key(1, 0), kst_root, BS, 1));
	kst_entries(e, 1, 1, 0);
	kst_batch(&b, KVT_OP_ACQUIRE, e, 1);
	mprotect(e, 4096, PROT_READ);
	EXPECT_EQ(-EFAULT, by_ring(self, &b));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "leases"));
	io_uring_queue_exit(&self->ring);
	kst_sleep_ms(200);
	munmap(self->window, 1);
	close(self->fd);
}

TEST_F(uring, polled_rings)
{
	struct io_uring ring;
	struct kvt_entry e;
	struct kvt_batch b;
	int ret;

	kst_entries(&e, 1, 1, 0);
	kst_batch(&b, KVT_OP_LOOKUP, &e, 1);
	ASSERT_EQ(0, io_uring_queue_init(4, &ring, IORING_SETUP_IOPOLL));
	kst_sqe(&ring, self->fd, &b, 0);
	ret = kst_carry(&ring);
	EXPECT_TRUE(ret == -EOPNOTSUPP || !ret) {
		TH_LOG("%d", ret);
	}
	io_uring_queue_exit(&ring);
}

TEST_HARNESS_MAIN
