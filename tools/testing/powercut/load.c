// SPDX-License-Identifier: GPL-2.0
/* The load: whatever it does, the power may go at any moment. */
#include "powercut.h"

#define BATCH	16U
#define MAX	40U	/* keys of one step */

int load_attach(const struct load *l)
{
	const struct kst_set set = { .nr = 1, .dev = { l->device } };

	return kst_nvme_add(&set, KST_NVME);
}

int load_open(struct load *l)
{
	int err = kst_nvme_space(KST_SPACE, BLOCK, DRAM_MIB, NVME_MIB) ?:
		  kst_recovered(KST_NVME);

	if (err)
		return err;
	l->fd = kst_open(KST_SPACE, O_RDWR);
	return l->fd < 0 ? l->fd : 0;
}

static void resize(unsigned int mib)
{
	__u64 bytes = mib * KST_MIB;
	int err = kst_space_resize(KST_SPACE, KST_NVME, &bytes);

	if (err)
		die("resize to %u MiB: %s", mib, strerror(-err));
}

/* Up to @max different keys that are @there, or not. */
static unsigned int pick(unsigned int *keys, unsigned int max, bool there)
{
	unsigned int tries, nr = 0, i;

	for (tries = 0; tries < 20 * max && nr < max; tries++) {
		unsigned int k = rand() % KEYS;

		if (facts[k].there != there)
			continue;
		for (i = 0; i < nr && keys[i] != k; i++)
			;
		keys[nr] = k;
		nr += i == nr;
	}
	return nr;
}

static void fill_entries(struct kvt_entry *e, const unsigned int *keys,
			 unsigned int nr)
{
	unsigned int i;

	memset(e, 0, nr * sizeof(*e));
	for (i = 0; i < nr; i++)
		memcpy(e[i].key, kst_key(CHAIN, keys[i]).b, KVT_KEY_SIZE);
}

/* ------------------------------------------------------------------------- steps */

static void put_batch(struct load *l, const unsigned int *keys, unsigned int nr)
{
	static char data[BATCH][BLOCK];
	struct kvt_entry e[BATCH];
	struct kvt_batch b;
	unsigned int i;

	fill_entries(e, keys, nr);
	for (i = 0; i < nr; i++) {
		fact_putting(keys[i]);
		kst_fill(data[i], BLOCK, seed_of(keys[i], facts[keys[i]].last));
		e[i].addr = kst_ptr(data[i]);
	}
	facts_write();
	kst_batch(&b, KVT_OP_PUT, e, nr);
	b.flags = KVT_F_WAIT | (rand() % 2 ? KVT_F_FLAT : 0) | KVT_F_CLASS;
	b.class_id = rand() % 3;
	b.timeout_ns = KST_PATIENCE * 1000000ULL;
	if (kst_submit(l->fd, &b) || b.ok != nr)
		die("PUT: %u of %u: %s", b.ok, nr, strerror(-e[b.ok % BATCH].result));
	for (i = 0; i < nr; i++)
		facts[keys[i]].there = true;
}

static void put_some(struct load *l)
{
	unsigned int keys[BATCH], n, nr;

	for (n = rand() % 8; n < 8; n++) {
		nr = pick(keys, 1 + rand() % BATCH, false);
		if (nr)
			put_batch(l, keys, nr);
	}
}

/* A block that is on nvme and nowhere else is on media. */
static void note_durable(struct load *l)
{
	unsigned int k;

	for (k = 0; k < KEYS && !l->reclaims; k++) {
		if (facts[k].there && !facts[k].must &&
		    kst_tier_of(l->fd, CHAIN, k, NULL) == KVT_TIER_NVME)
			fact_durable(k);
	}
	facts_write();
}

static void get_some(struct load *l)
{
	unsigned int keys[MAX], nr = pick(keys, MAX, true), i;

	for (i = 0; i < nr; i++) {
		struct fact *f = &facts[keys[i]];
		int found = version_of(l->fd, keys[i]);

		if (!found && l->reclaims)
			f->there = false;
		else if (found != (int)f->last)
			die("key %u: found %d; put %u", keys[i], found, f->last);
	}
}

static long long written(void)
{
	return kst_tier_attr(KST_NVME, "bytes_written");
}

/* Waits until nothing has been written for @ms; for ten seconds at most. */
static bool wait_idle(unsigned int ms)
{
	__u64 end = kst_now_ms() + 10000, since = kst_now_ms();
	long long last = written();

	while (kst_now_ms() - since < ms && kst_now_ms() < end) {
		kst_sleep_ms(20);
		if (written() == last)
			continue;
		last = written();
		since = kst_now_ms();
	}
	return kst_now_ms() - since >= ms;
}

/*
 * Dropped blocks are named on media after a second: when something was written
 * since, and then nothing for longer than that, it was. Only if @wait it is
 * waited for.
 */
static void drop_some(struct load *l, bool wait)
{
	unsigned int keys[MAX], nr = pick(keys, 1 + rand() % MAX, true), i;
	struct kvt_entry e[MAX];
	struct kvt_batch b;
	long long before = written();

	if (!nr)
		return;
	for (i = 0; i < nr; i++)
		fact_dropping(keys[i]);
	facts_write();
	fill_entries(e, keys, nr);
	kst_batch(&b, KVT_OP_DROP, e, nr);
	if (kst_submit(l->fd, &b))
		die("DROP: %m");
	for (i = 0; i < nr; i++)
		facts[keys[i]].there = false;
	wait = wait && wait_idle(1500) && written() > before;
	for (i = 0; i < nr && wait; i++)
		fact_buried(keys[i]);
	facts_write();
}

/* The tier goes, with all that is in memory only written to it, and comes back. */
static void restart(struct load *l)
{
	unsigned int k;
	int err = kst_tier_remove(KST_NVME);

	if (err)
		die("tier remove: %s", strerror(-err));
	for (k = 0; k < KEYS && !l->reclaims; k++) {
		if (facts[k].there)
			fact_durable(k);
	}
	facts_write();
	err = load_attach(l);
	if (err)
		die("tier add: %s", strerror(-err));
	resize(l->reclaims ? SMALL_MIB : NVME_MIB);
	if (kst_recovered(KST_NVME))
		die("recovery does not end");
}

static void delete(struct load *l)
{
	unsigned int k;
	int err;

	fact_deleting();
	close(l->fd);
	err = kst_space_delete(KST_SPACE);
	if (err)
		die("space delete: %s", strerror(-err));
	fact_deleted();
	for (k = 0; k < KEYS; k++)
		facts[k].there = false;
	err = load_open(l);
	if (err)
		die("space create: %s", strerror(-err));
	if (l->reclaims)
		resize(SMALL_MIB);
}

static void step(struct load *l)
{
	int dice = rand() % 100;

	if (dice < 60)
		put_some(l);
	else if (dice < 70)
		get_some(l);
	else if (dice < 88)
		note_durable(l);
	else if (dice < 95)
		drop_some(l, rand() % 2);
	else if (dice < 98)
		restart(l);
	else
		delete(l);
}

/* One boot in four has so small a quota that segments are reclaimed. */
void load_run(struct load *l, unsigned int seed)
{
	srand(seed);
	l->reclaims = seed % 4 == 3;
	if (l->reclaims) {
		fact_reclaiming();
		resize(SMALL_MIB);
	} else if (kst_tier_attr(KST_NVME, "used") > (NVME_MIB / 2) * (long long)KST_MIB) {
		delete(l);
	}
	/* So that some cuts come after something is known for sure */
	if (seed % 2) {
		put_some(l);
		drop_some(l, true);
		note_durable(l);
	}
	for (;;)
		step(l);
}
