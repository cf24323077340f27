// SPDX-License-Identifier: GPL-2.0
/* Leaf-first LRU: what it ranks. That only leaves come up is not its part. */
#include <inttypes.h>
#include <string.h>

#include "policy.h"
#include "../lib/tap.h"

static u64 rank(u64 last_use, u8 class_id, bool orphan)
{
	struct kvt_candidate c = {
		.last_use = last_use, .class_id = class_id, .orphan = orphan,
		.priority = KVT_PRIORITY_DEFAULT,
	};

	return kvt_policy_lru.rank(&c);
}

static u64 rank_at(u8 priority, u64 last_use, bool orphan)
{
	struct kvt_candidate c = {
		.last_use = last_use, .priority = priority, .orphan = orphan,
	};

	return kvt_policy_lru.rank(&c);
}

static void order(void)
{
	static const u64 times[] = {
		1, 2, 1000, UINT32_MAX, 1ULL << 32, 1ULL << 60,
		KVT_RANK_TIME_MAX - 1, KVT_RANK_TIME_MAX,
	};
	size_t i, j, n = sizeof(times) / sizeof(times[0]);
	int wrong = 0;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			wrong += (rank(times[i], 0, false) <
				  rank(times[j], 0, false)) != (i < j);
	is(wrong, 0, "the least recently used goes first, at any time");
}

static void orphans(void)
{
	ok(rank(UINT64_MAX, 0, true) < rank(1, 0, false),
	   "an orphan goes before all others");
	ok(rank(7, 0, true) <= rank(7, 0, false),
	   "becoming an orphan does not raise the rank");
}

static void classes(void)
{
	int i, wrong = 0;

	for (i = 0; i < 256; i++)
		wrong += rank(1000, i, false) != rank(1000, 0, false);
	is(wrong, 0, "classes are alike");
}

static void priorities(void)
{
	int p, wrong = 0;

	for (p = 0; p < KVT_PRIORITY_MAX; p++) {
		wrong += rank_at(p, UINT64_MAX, false) >=
			 rank_at(p + 1, 0, false);
		wrong += rank_at(p + 1, 5, true) > rank_at(0, 1, false);
	}
	is(wrong, 0, "a lower priority goes first, whenever it was used");
	is(rank_at(200, 9, false), rank_at(KVT_PRIORITY_MAX, 9, false),
	   "a priority out of range is the highest");
}

/* Re-ranking is lazy: between two looks a rank may rise, never fall. */
static void never_falls(void)
{
	u64 t, last = 0;
	int fell = 0;

	for (t = 1; t < 1ULL << 60; t += t / 7 + 1) {
		fell += rank(t, 3, false) < last;
		last = rank(t, 3, false);
	}
	is(fell, 0, "a later use does not lower the rank");
}

int main(void)
{
	ok(!strcmp(kvt_policy_lru.name, "lru"), "its name in sysfs is lru");
	order();
	orphans();
	classes();
	priorities();
	never_falls();
	return done();
}
