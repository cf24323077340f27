/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Eviction policies: which block goes next. Pure code, shared with the
 * simulator: it sees descriptors, never pages.
 */
#ifndef _KVT_POLICY_H
#define _KVT_POLICY_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <linux/types.h>
#include <stdbool.h>
typedef __u64 u64;
typedef __u8 u8;
#endif

#define KVT_PRIORITY_MAX	7	/* goes last */
#define KVT_PRIORITY_DEFAULT	3

/* A rank is a priority in the upper bits and a time, 73 years of ns, below. */
#define KVT_RANK_TIME_BITS	61
#define KVT_RANK_TIME_MAX	((1ULL << KVT_RANK_TIME_BITS) - 1)

/**
 * struct kvt_candidate - what a policy may know of a block
 * @last_use: ns, monotonic; within a batch the leaf is the oldest
 * @class_id: retention class
 * @priority: of that class, 0..KVT_PRIORITY_MAX: lower ones go first
 * @orphan: its parent is not present, so no prefix reaches it
 */
struct kvt_candidate {
	u64 last_use;
	u8 class_id;
	u8 priority;
	bool orphan;
};

/**
 * struct kvt_policy - an eviction policy
 * @name: as in sysfs
 * @rank: lowest goes first. Must not fall between two calls for one block
 *	unless the block became an orphan: the eviction tree is re-ranked
 *	lazily, when a block comes up for eviction. (So a priority that is
 *	lowered counts for blocks as they come up.)
 *
 * That a parent outlives its resident children is not the policy's business:
 * the mechanism offers leaves only.
 */
struct kvt_policy {
	const char *name;
	u64 (*rank)(const struct kvt_candidate *c);
};

/* By priority first, then by @time; times beyond KVT_RANK_TIME_MAX are alike. */
static inline u64 kvt_rank(u8 priority, u64 time)
{
	if (priority > KVT_PRIORITY_MAX)
		priority = KVT_PRIORITY_MAX;
	if (time > KVT_RANK_TIME_MAX)
		time = KVT_RANK_TIME_MAX;
	return (u64)priority << KVT_RANK_TIME_BITS | time;
}

extern const struct kvt_policy kvt_policy_lru;

#endif /* _KVT_POLICY_H */
