// SPDX-License-Identifier: GPL-2.0
#ifdef __KERNEL__
#include <linux/math64.h>
#define mul_div mul_u64_u64_div_u64
#endif
#include "budget.h"

#ifndef __KERNEL__
static u64 mul_div(u64 a, u64 b, u64 c)
{
	return (__uint128_t)a * b / c;
}
#endif

#define DAY_NS		86400000000000ULL

static u64 bucket(const struct kvt_budget *b)
{
	u64 hour = b->per_day / 24;

	return hour > KVT_BUDGET_BURST ? hour : KVT_BUDGET_BURST;
}

/* Add what has come in since @b->at. */
static void accrue(struct kvt_budget *b, u64 now)
{
	u64 room = (s64)bucket(b) - b->tokens, time = now - b->at, earned;

	if (now <= b->at)
		return;
	b->at = now;
	/* Quotients fit: @room is below 2^53, and below 2^33 if @per_day is low. */
	if (time > mul_div(room, DAY_NS, b->per_day)) {
		b->tokens += room;
		b->rest = 0;
		return;
	}
	earned = mul_div(time, b->per_day, DAY_NS);
	/* The remainder is small: all of the rest overflows the same way. */
	b->rest += time * b->per_day - earned * DAY_NS;
	if (b->rest >= DAY_NS) {
		b->rest -= DAY_NS;
		earned++;
	}
	b->tokens += earned;
}

/**
 * kvt_budget_set() - change the limit
 * @b: the budget; zeroed: there was none
 * @now: ns
 * @per_day: KVT_BUDGET_MIN..KVT_BUDGET_MAX, or 0: no limit
 *
 * A new limit begins with a full bucket; a changed one keeps what is left.
 */
void kvt_budget_set(struct kvt_budget *b, u64 now, u64 per_day)
{
	bool is_new = !b->per_day;

	if (!is_new)
		accrue(b, now);
	b->per_day = per_day;
	b->at = now;
	if (per_day && (is_new || b->tokens > (s64)bucket(b)))
		b->tokens = bucket(b);
}

/* May anything be written now? */
bool kvt_budget_allows(struct kvt_budget *b, u64 now)
{
	if (!b->per_day)
		return true;
	accrue(b, now);
	return b->tokens > 0;
}

/* So many bytes, below 2^32, are written: what was not there is a debt. */
void kvt_budget_charge(struct kvt_budget *b, u64 now, u64 bytes)
{
	if (!b->per_day)
		return;
	accrue(b, now);
	b->tokens -= bytes;
}

/* Bytes that may be written now; 0 if there is no limit. */
u64 kvt_budget_left(struct kvt_budget *b, u64 now)
{
	if (!b->per_day)
		return 0;
	accrue(b, now);
	return b->tokens > 0 ? b->tokens : 0;
}
