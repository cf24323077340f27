// SPDX-License-Identifier: GPL-2.0
/* The write budget: never more than promised, never less than it could be. */
#include <stdlib.h>
#include <stdint.h>

#include "budget.h"
#include "../lib/tap.h"

#define MIB	(1024ULL << 10)
#define SEC	1000000000ULL
#define HOUR	(3600 * SEC)
#define DAY	(24 * HOUR)

/* What is there, or a full bucket, pays for it; a debt may be left. */
static bool spend(struct kvt_budget *b, u64 now, u64 bytes)
{
	u64 full = b->per_day / 24 > KVT_BUDGET_BURST ? b->per_day / 24 :
						       KVT_BUDGET_BURST;

	if (b->per_day &&
	    kvt_budget_left(b, now) < (bytes < full ? bytes : full))
		return false;
	if (!kvt_budget_allows(b, now))
		abort();
	kvt_budget_charge(b, now, bytes);
	return true;
}

static struct kvt_budget made(u64 now, u64 per_day)
{
	struct kvt_budget b = { 0 };

	kvt_budget_set(&b, now, per_day);
	return b;
}

static void no_limit(void)
{
	struct kvt_budget b = { 0 };

	ok(spend(&b, 5, 1ULL << 32), "no limit: all may be written");
	ok(spend(&b, 5, 1ULL << 32), "and again");
	is(kvt_budget_left(&b, 5), 0, "no limit: nothing to be told of");
	is(b.tokens, 0, "no limit: no debt");
}

static void bursts(void)
{
	struct kvt_budget b = made(7, 24 * 1024 * MIB);

	is(kvt_budget_left(&b, 7), 1024 * MIB, "begins with an hour's worth");
	is(kvt_budget_left(&b, 7 + DAY), 1024 * MIB, "never holds more");
	ok(spend(&b, 7 + DAY, 1024 * MIB), "which may go at once");
	ok(!spend(&b, 7 + DAY, 1), "but not a byte more");
	is(kvt_budget_left(&b, 7 + DAY + HOUR / 2), 512 * MIB,
	   "half of it is back after half an hour");
	b = made(0, MIB);
	is(kvt_budget_left(&b, 0), 64 * MIB, "64 MiB if an hour's is less");
}

static void large(void)
{
	struct kvt_budget b = made(0, 24 * 64 * MIB);

	ok(spend(&b, 0, 64 * MIB), "the bucket");
	ok(!spend(&b, HOUR - 2, 65 * MIB),
	   "more than the bucket: not before it is full");
	ok(spend(&b, HOUR, 65 * MIB), "but then");
	is(b.tokens, -1 * (s64)MIB, "and the rest is a debt");
	is(kvt_budget_left(&b, HOUR), 0, "a debt is nothing left");
	ok(!spend(&b, HOUR + HOUR / 64, 4096), "that is paid first");
	ok(spend(&b, HOUR + HOUR / 32, 4096), "until it is paid");
}

static void changes(void)
{
	struct kvt_budget b = made(0, 24 * 1024 * MIB);

	ok(spend(&b, 0, 1024 * MIB), "all is spent");
	kvt_budget_set(&b, HOUR, 24 * 512 * MIB);
	is(kvt_budget_left(&b, HOUR), 512 * MIB, "less: what is over goes");
	kvt_budget_set(&b, HOUR, 24 * 2048 * MIB);
	is(kvt_budget_left(&b, HOUR), 512 * MIB, "more: nothing is given");
	is(kvt_budget_left(&b, HOUR + HOUR / 4), 1024 * MIB,
	   "but it comes in faster");
	kvt_budget_set(&b, 2 * HOUR, 0);
	ok(spend(&b, 2 * HOUR, 1ULL << 32), "none: all may");
	kvt_budget_set(&b, 3 * HOUR, 24 * 128 * MIB);
	is(kvt_budget_left(&b, 3 * HOUR), 128 * MIB, "again: a full bucket");
}

/* The clock is asked before the lock is taken: it may seem to go back. */
static void clock_goes_back(void)
{
	struct kvt_budget b = made(DAY, 24 * 64 * MIB);

	ok(spend(&b, DAY, 64 * MIB), "all is spent");
	ok(!spend(&b, DAY - HOUR, 1), "earlier: nothing comes in");
	is(kvt_budget_left(&b, DAY + HOUR), 64 * MIB, "nor twice");
}

static uint64_t state = 88172645463325252ULL;

static uint64_t number(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* However often one asks: in any run, so much as the clock gave, and no more. */
static void exact(u64 per_day, u64 longest)
{
	struct kvt_budget b = made(1, per_day);
	u64 hour = per_day / 24 > 64 * MIB ? per_day / 24 : 64 * MIB;
	u64 now = 1, spent = hour, given;
	int i;

	must(spend(&b, now, hour));
	for (i = 0; i < 1000000; i++) {
		u64 bytes = 1 + number() % 65536;

		now += number() % longest;
		if (spend(&b, now, bytes))
			spent += bytes;
	}
	given = hour + (u64)((__uint128_t)(now - 1) * per_day / DAY);
	ok(spent <= given, "%llu a day: not more", (unsigned long long)per_day);
	/* It never was full: nothing has run over. */
	is(spent + kvt_budget_left(&b, now), given, "%llu a day: nor less",
	   (unsigned long long)per_day);
}

static void extremes(void)
{
	struct kvt_budget b = made(0, KVT_BUDGET_MIN);

	ok(spend(&b, 0, 64 * MIB), "the least budget");
	is(kvt_budget_left(&b, DAY), MIB, "gives its bytes a day");
	is(kvt_budget_left(&b, UINT64_MAX), 64 * MIB, "after 584 years: full");
	b = made(0, KVT_BUDGET_MIN);
	ok(spend(&b, 0, UINT32_MAX), "the largest debt");
	is(kvt_budget_left(&b, 100 * DAY), 0, "is long");
	is(kvt_budget_left(&b, 4095 * DAY), 63 * MIB + 1, "but ends");
	b = made(0, KVT_BUDGET_MAX);
	is(kvt_budget_left(&b, 0), KVT_BUDGET_MAX / 24, "the largest budget");
	ok(spend(&b, 0, KVT_BUDGET_MAX / 24), "at once");
	is(kvt_budget_left(&b, HOUR), KVT_BUDGET_MAX / 24,
	   "and again an hour later");
}

int main(void)
{
	no_limit();
	bursts();
	large();
	changes();
	clock_goes_back();
	exact(KVT_BUDGET_MIN, SEC);
	exact(1ULL << 40, 1000);
	exact(1ULL << 40, 10 * 1000000);
	exact(3000000007ULL, 50 * 1000);
	extremes();
	return done();
}
