/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A budget of bytes a day: a bucket of tokens, one a byte. It fills by the
 * clock, holds an hour's worth or KVT_BUDGET_BURST, whichever is more, and a
 * write takes its bytes out. Pure code; the caller locks and tells the time.
 */
#ifndef _KVT_BUDGET_H
#define _KVT_BUDGET_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <linux/types.h>
typedef __u64 u64;
typedef __s64 s64;
#endif

#define KVT_BUDGET_MIN		(1024ULL << 10)	/* the least but none */
#define KVT_BUDGET_MAX		(64ULL << 50)
#define KVT_BUDGET_BURST	(64ULL << 20)

/**
 * struct kvt_budget - what may be written
 * @per_day: bytes, KVT_BUDGET_MIN..KVT_BUDGET_MAX; 0: no limit
 * @tokens: bytes that may be written at @at; negative: a debt
 * @at: ns
 * @rest: of a token, what has come in towards the next: so many parts of a day's
 *	nanoseconds
 */
struct kvt_budget {
	u64 per_day;
	s64 tokens;
	u64 at;
	u64 rest;
};

void kvt_budget_set(struct kvt_budget *b, u64 now, u64 per_day);
bool kvt_budget_allows(struct kvt_budget *b, u64 now);
void kvt_budget_charge(struct kvt_budget *b, u64 now, u64 bytes);
u64 kvt_budget_left(struct kvt_budget *b, u64 now);

#endif /* _KVT_BUDGET_H */
