// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once: processes and threads that put, lease, read, prefetch and
 * drop chains on two tiers, while knobs and arenas change. Every byte that is
 * read must be the right one, and in the end the accounts must balance.
 */
#include <pthread.h>

#include "kselftest_harness.h"
#include "util.h"

#define BS	16384U
#define MIB	4
#define CHAINS	16
#define LENGTH	48
#define SECONDS	20
#define THREADS	2

/* What the threads of one process share. */
struct worker {
	int fd;
	char *window[2];
	__u64 window_offset[2];
	char *slots;
	const volatile bool *stop;
	int wrong;		/* first complaint: line * 1000 + errno */
	unsigned long reads;
};

static __u64 seed_of(unsigned int chain, unsigned int n)
{
	return chain * 1000 + n;
}

static char *at(struct worker *w, __u64 offset)
{
	int arena = offset >= w->window_offset[1];

	return w->window[arena] + (offset - w->window_offset[arena]);
}

static void complain(struct worker *w, int line, int ret)
{
	int none = 0;

	__atomic_compare_exchange_n(&w->wrong, &none,
				    line * 1000 + (ret < 0 ? -ret : 0), false,
				    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* A leased block's slot: its bytes or, once somebody dropped it, EFAULT. */
static void read_slot(struct worker *w, __u32 slot, __u64 seed)
{
	__u64 want[512], got[512];
	int p[2];

	if (slot >= 2 * MIB * KST_MIB / BS || pipe(p))
		return;
	kst_fill(want, sizeof(want), seed);
	if (write(p[1], w->slots + (size_t)slot * BS, 4096) == 4096 &&
	    read(p[0], got, 4096) == 4096 && memcmp(want, got, 4096))
		complain(w, __LINE__, 0);
	close(p[0]);
	close(p[1]);
}

static void use_chain(struct worker *w, unsigned int chain, unsigned int *rnd)
{
	struct kvt_entry e[LENGTH];
	struct kvt_batch b;
	unsigned int i;

	kst_entries(e, LENGTH, chain, 0);
	kst_batch(&b, KVT_OP_ACQUIRE, e, 1 + rand_r(rnd) % LENGTH);
	if (rand_r(rnd) % 4 == 0)
		b.flags = KVT_F_NO_PROMOTE;
	if (kst_submit(w->fd, &b)) {
		complain(w, __LINE__, 0);
		return;
	}
	b.nr = b.ok;
	for (i = 0; i < b.ok; i += 1 + rand_r(rnd) % 4) {
		if (!kst_holds(at(w, e[i].offset), BS, seed_of(chain, i)))
			complain(w, __LINE__, 0);
		w->reads++;
	}
	if (b.ok)
		read_slot(w, e[0].slot, seed_of(chain, 0));
	b.op = KVT_OP_RELEASE;
	b.flags = rand_r(rnd) % 2 ? KVT_F_TOUCH : 0;
	if (b.nr && (kst_submit(w->fd, &b) || b.ok != b.nr))
		complain(w, __LINE__, 0);
}

static void fill_one(struct worker *w, struct kvt_entry *e, __u64 seed,
		     unsigned int *rnd)
{
	int ret;

	kst_fill(at(w, e->offset), BS, seed);
	ret = rand_r(rnd) % 8 ? kst_commit(w->fd, e->slot) :
				kst_abort(w->fd, e->slot);
	/* Somebody may have dropped it meanwhile. */
	if (ret && ret != -ECANCELED)
		complain(w, __LINE__, ret);
}

static void fill_chain(struct worker *w, unsigned int chain, unsigned int *rnd)
{
	unsigned int first = rand_r(rnd) % (LENGTH - 8), i;
	struct kvt_entry e[8];
	struct kvt_batch b;

	kst_entries(e, 8, chain, first);
	kst_batch(&b, KVT_OP_RESERVE, e, 8);
	if (first)
		memcpy(b.parent, kst_key(chain, first - 1).b, sizeof(b.parent));
	if (kst_submit(w->fd, &b))
		complain(w, __LINE__, 0);
	for (i = 0; i < b.done; i++) {
		if (e[i].result >= 0 && !(e[i].result & KVT_RES_PRESENT))
			fill_one(w, &e[i], seed_of(chain, first + i), rnd);
	}
}

static void put_block(struct worker *w, unsigned int chain, unsigned int n)
{
	int ret = kst_put_pattern(w->fd, kst_key(chain, n),
				  n ? kst_key(chain, n - 1) : kst_root, BS,
				  seed_of(chain, n));

	if (ret < 0 && ret != -ENOSPC && ret != -EDQUOT && ret != -EINPROGRESS &&
	    ret != -EALREADY && ret != -ECANCELED)
		complain(w, __LINE__, ret);
}

static void get_block(struct worker *w, unsigned int chain, unsigned int n)
{
	int ret = kst_get_pattern(w->fd, kst_key(chain, n), BS,
				  seed_of(chain, n));

	if (ret && ret != -ENOENT && ret != -EINPROGRESS)
		complain(w, __LINE__, ret);
	w->reads += !ret;
}

static void one_step(struct worker *w, unsigned int *rnd)
{
	unsigned int chain = rand_r(rnd) % CHAINS, n = rand_r(rnd) % LENGTH;
	struct kvt_entry e;

	switch (rand_r(rnd) % 16) {
	case 0 ... 5:
		use_chain(w, chain, rnd);
		break;
	case 6 ... 9:
		fill_chain(w, chain, rnd);
		break;
	case 10 ... 11:
		put_block(w, chain, n);
		break;
	case 12 ... 13:
		get_block(w, chain, n);
		break;
	case 14:
		kst_drop(w->fd, kst_key(chain, n),
			 rand_r(rnd) % 2 ? KVT_F_CHAIN : 0);
		break;
	default:
		kst_entries(&e, 1, chain, n);
		kst_one(w->fd, KVT_OP_PREFETCH, 0, &e);
	}
}

static void *work(void *arg)
{
	unsigned int rnd = (uintptr_t)pthread_self() ^ getpid();
	struct worker *w = arg;

	while (!*w->stop && !w->wrong)
		one_step(w, &rnd);
	return NULL;
}

static int start_worker(struct worker *w)
{
	struct kvt_space_info info;
	unsigned int i;

	w->fd = kst_open(KST_SPACE, O_RDWR);
	if (w->fd < 0 || kst_info(w->fd, &info))
		return -1;
	for (i = 0; i < 2; i++) {
		w->window_offset[i] = info.arenas[i].window_offset;
		w->window[i] = kst_map_window(w->fd, i, PROT_READ | PROT_WRITE,
					      NULL);
		if (!w->window[i])
			return -1;
	}
	w->slots = kst_map_slots(w->fd, 2 * MIB * KST_MIB / BS);
	return w->slots ? 0 : -1;
}

static int client(struct kst_child *c, void *arg)
{
	struct worker w = { .stop = arg };
	pthread_t t[THREADS];
	unsigned int i;

	if (start_worker(&w))
		return 1;
	kst_say(c, 1);
	for (i = 0; i < THREADS; i++) {
		if (pthread_create(&t[i], NULL, work, &w))
			return 2;
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	kst_say(c, w.wrong);
	kst_say(c, w.reads);
	return 0;
}

FIXTURE(stress) {
	bool stop;
};

FIXTURE_SETUP(stress)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, MIB, MIB));
}

FIXTURE_TEARDOWN_PARENT(stress)
{
	EXPECT_EQ(0, kst_cleanup());
}

/* What an operator may do at any time. */
static void change_something(void)
{
	static const char * const promote[] = { "off", "free", "always" };
	__u64 bytes = (1 + rand() % (MIB / 2)) * KST_HUGE;

	switch (rand() % 5) {
	case 0:
		kst_knob(KST_SPACE, "promote", promote[rand() % 3]);
		break;
	case 1:
		kst_knob(KST_SPACE, "high_watermark", rand() % 2 ? "20" : "100");
		break;
	case 2:
		kst_knob(KST_SPACE, "lease_quota", rand() % 2 ? "900" : "300");
		break;
	default:
		kst_space_resize(KST_SPACE, rand() % 2 ? KST_DRAM : KST_CXL,
				 &bytes);
	}
}

/* Nobody uses the space: everything must add up. */
static bool balanced(void)
{
	unsigned int i;
	bool good = kst_attr(KST_SPACE, "leases") == 0 &&
		    kst_attr(KST_SPACE, "filling") == 0 &&
		    kst_attr(KST_SPACE, "dropped_held") == 0 &&
		    kst_attr(KST_SPACE, "quarantined") == 0 &&
		    kst_attr(KST_SPACE, "blocks") ==
		    kst_arena(KST_SPACE, 0, "blocks") +
		    kst_arena(KST_SPACE, 1, "blocks");

	for (i = 0; i < 2; i++)
		good = good && kst_arena(KST_SPACE, i, "frames") ==
			       kst_arena(KST_SPACE, i, "free") +
			       kst_arena(KST_SPACE, i, "blocks");
	return good;
}

/* Has there been some of everything? */
static bool is_enough(void)
{
	return kst_stat(KST_SPACE, "evictions") > 10 &&
	       kst_stat(KST_SPACE, "promotions") > 10 &&
	       kst_stat(KST_SPACE, "drops") > 10 &&
	       kst_stat(KST_SPACE, "acquire_hits") > 1000;
}

TEST_F_TIMEOUT(stress, all_at_once, 3 * SECONDS + 30)
{
	__u64 until = kst_now_ms() + SECONDS * 1000;
	struct kst_child c[3];
	unsigned int i, n;
	int fd;

	for (i = 0; i < ARRAY_SIZE(c); i++) {
		ASSERT_EQ(0, kst_spawn(&c[i], client, &self->stop));
	}
	for (i = 0; i < ARRAY_SIZE(c); i++) {
		ASSERT_EQ(1, kst_hear(&c[i]));
	}
	srand(7);
	while (kst_now_ms() < until ||
	       (!is_enough() && kst_now_ms() < until + KST_PATIENCE)) {
		change_something();
		kst_sleep_ms(rand() % 200);
	}
	self->stop = true;
	for (i = 0; i < ARRAY_SIZE(c); i++) {
		EXPECT_EQ(0, kst_hear(&c[i])) {
			TH_LOG("client %u: line * 1000 + errno", i);
		}
		EXPECT_LT(0, kst_hear(&c[i]));
		EXPECT_EQ(0, kst_join(&c[i]));
	}
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "openers", 0));
	EXPECT_TRUE(KST_UNTIL(balanced()));
	EXPECT_TRUE(is_enough());
	fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, fd);
	for (i = 1; i < CHAINS; i++) {
		for (n = 0; n < LENGTH; n++) {
			EXPECT_NE(1, kst_get_pattern(fd, kst_key(i, n), BS,
						     seed_of(i, n)));
			kst_drop(fd, kst_key(i, n), 0);
		}
	}
	kst_drop(fd, kst_key(0, 0), KVT_F_CHAIN);
	for (n = 0; n < LENGTH; n++)
		kst_drop(fd, kst_key(0, n), 0);
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "descriptors", 0));
	EXPECT_TRUE(KST_UNTIL(balanced()));
}

TEST_HARNESS_MAIN
