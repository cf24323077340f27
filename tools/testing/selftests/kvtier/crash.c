// SPDX-License-Identifier: GPL-2.0
/*
 * kill -9 of clients, 1000 times, at any point of their work. What they held
 * must come back: no frame, lease, filling block or descriptor is lost, and no
 * block has other bytes than those that were sealed.
 */
#include "kselftest_harness.h"
#include "util.h"

#define BS	16384U
#define MIB	8
#define FRAMES	(MIB * KST_MIB / BS)
#define KEYS	700
#define KILLS	1000

FIXTURE(crash) {};

FIXTURE_SETUP(crash)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, MIB, 0));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "quarantine_ms", "500"));
}

FIXTURE_TEARDOWN_PARENT(crash)
{
	EXPECT_EQ(0, kst_cleanup());
}

static void acquire_some(int fd, char *w, unsigned int first)
{
	struct kvt_entry e[8];
	struct kvt_batch b;
	unsigned int i;

	kst_entries(e, 8, 1, first);
	kst_batch(&b, KVT_OP_ACQUIRE, e, 8);
	if (kst_submit(fd, &b))
		_exit(2);
	for (i = 0; i < b.ok; i++) {
		if (!kst_holds(w + e[i].offset, BS, first + i))
			_exit(3);
	}
	/* Now and then keep the leases: they go with the file. */
	for (i = 0; first % 4 && i < b.ok; i++)
		kst_release(fd, e[i].slot);
}

static void reserve_some(int fd, char *w, unsigned int first)
{
	struct kvt_entry e[8];
	struct kvt_batch b;
	unsigned int i;

	kst_entries(e, 8, 1, first);
	kst_batch(&b, KVT_OP_RESERVE, e, 8);
	if (first)
		memcpy(b.parent, kst_key(1, first - 1).b, sizeof(b.parent));
	if (kst_submit(fd, &b))
		_exit(4);
	for (i = 0; i < b.ok; i++) {
		if (e[i].result & KVT_RES_PRESENT)
			continue;
		kst_fill(w + e[i].offset, BS, first + i);
		if (i % 3)
			kst_commit(fd, e[i].slot);
		else if (first % 2)
			kst_abort(fd, e[i].slot);
	}
}

/* Works until it is killed; every second one maps, as engines do. */
static int client(struct kst_child *c, void *arg)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	unsigned int n = (uintptr_t)arg;
	char *w;

	w = kst_map_window(fd, 0, PROT_READ | PROT_WRITE, NULL);
	if (fd < 0 || !w)
		return 1;
	srand(n);
	/* However slow the machine is, some come to this. */
	if (n % 4 == 0)
		reserve_some(fd, w, rand() % KEYS);
	kst_say(c, 1);
	for (;;) {
		reserve_some(fd, w, rand() % KEYS);
		acquire_some(fd, w, rand() % KEYS);
		if (rand() % 16 == 0)
			kst_drop(fd, kst_key(1, rand() % KEYS), KVT_F_CHAIN);
	}
	return 0;
}

TEST_F_TIMEOUT(crash, thousand_kills, 400)
{
	struct kst_child c[2] = { 0 };
	unsigned int i, early = 0;
	int fd = kst_open(KST_SPACE, O_RDWR);

	ASSERT_LE(0, fd);
	srand(1);
	for (i = 0; i < KILLS + 2; i++) {
		struct kst_child *k = &c[i % 2];

		if (k->pid) {
			int ret;

			kill(k->pid, SIGKILL);
			ret = kst_join(k);
			/* It may have been killed, but not have ended. */
			ASSERT_EQ(-SIGKILL, ret) {
				TH_LOG("client %u ended by itself", i - 2);
			}
		}
		k->pid = 0;
		if (i >= KILLS)
			continue;
		ASSERT_EQ(0, kst_spawn(k, client, (void *)(uintptr_t)i));
		/* A few die before, or while, they open. */
		if (i % 10 == 0) {
			early++;
		} else {
			ASSERT_EQ(1, kst_hear(k));
		}
		kst_sleep_ms(rand() % 15);
	}
	EXPECT_EQ(100, early);
	EXPECT_EQ(1, kst_attr_wait(KST_SPACE, "openers", 1));
	EXPECT_TRUE(kst_at_rest(KST_SPACE));
	/*
	 * However slow the machine is: what 200 of them do before they may be killed
	 * covers 600 keys, more than there are frames; 5 of 8 are committed.
	 */
	EXPECT_LT(KILLS * 2 / 5, kst_stat(KST_SPACE, "reserves"));
	EXPECT_LT(KILLS / 5, kst_stat(KST_SPACE, "commits"));
	/* What is there has its bytes; then nothing is left. */
	for (i = 0; i < KEYS + 8; i++) {
		int ret = kst_get_pattern(fd, kst_key(1, i), BS, i);

		EXPECT_TRUE(!ret || ret == -ENOENT) {
			TH_LOG("block %u: %d", i, ret);
		}
		kst_drop(fd, kst_key(1, i), 0);
	}
	EXPECT_EQ(0, kst_attr(KST_SPACE, "blocks"));
	EXPECT_EQ(0, kst_attr_wait(KST_SPACE, "descriptors", 0));
	EXPECT_EQ(FRAMES, kst_arena(KST_SPACE, 0, "free"));
	/* All of it can be had again. */
	ASSERT_EQ(0, kst_knob(KST_SPACE, "lease_quota", "1000"));
	for (i = 0; i < FRAMES; i++) {
		struct kvt_entry e;

		ASSERT_LE(0, kst_reserve(fd, kst_key(2, i), kst_root, &e)) {
			TH_LOG("frame %u of %lu", i, FRAMES);
		}
	}
}

/* Killed while another waits for it, over and over. */
static int wait_all(struct kst_child *c, void *arg)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	struct kvt_entry e;
	struct kvt_batch b;
	int n;

	(void)arg;
	while ((n = kst_hear(c)) >= 0) {
		kst_entries(&e, 1, 3, n);
		kst_batch(&b, KVT_OP_ACQUIRE, &e, 1);
		b.flags = KVT_F_WAIT;
		b.timeout_ns = KST_PATIENCE * 1000000ULL;
		if (kst_submit(fd, &b))
			return 1;
		kst_say(c, -e.result);
	}
	return 0;
}

static int reserve_one(struct kst_child *c, void *arg)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	struct kvt_entry e;

	if (kst_reserve(fd, kst_key(3, (uintptr_t)arg), kst_root, &e) < 0)
		return 1;
	kst_say(c, 1);
	pause();
	return 0;
}

TEST_F_TIMEOUT(crash, waiters_are_told, 120)
{
	struct kst_child waiter, filler;
	unsigned int i;

	ASSERT_EQ(0, kst_spawn(&waiter, wait_all, NULL));
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, kst_spawn(&filler, reserve_one,
				       (void *)(uintptr_t)i));
		ASSERT_EQ(1, kst_hear(&filler));
		kst_say(&waiter, i);
		kst_sleep_ms(i % 8);
		kst_kill(&filler);
		ASSERT_EQ(ENOENT, kst_hear(&waiter));
	}
	kst_kill(&waiter);
}

TEST_HARNESS_MAIN
