/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a space: one per-CPU copy each, summed when read. */
#ifndef _KVT_STATS_H
#define _KVT_STATS_H

#include <linux/percpu.h>

#define KVT_STATS(X)		\
	X(lookups)		\
	X(lookup_hits)		\
	X(acquires)		\
	X(acquire_hits)		\
	X(reserves)		\
	X(commits)		\
	X(aborts)		\
	X(puts)			\
	X(gets)			\
	X(drops)		\
	X(evictions)		\
	X(demotions)		\
	X(promotions)		\
	X(loads)		\
	X(writeouts)		\
	X(not_admitted)		\
	X(reclaimed)		\
	X(carried)		\
	X(lost)			\
	X(recovered)		\
	X(expired)		\
	X(spills)		\
	X(spill_bytes)		\
	X(spill_errors)		\
	X(spill_missed)		\
	X(drops_lost)		\
	X(no_space)		\
	X(no_quota)		\
	X(slot_faults)		\
	X(window_faults)	\
	X(poisoned)		\
	X(damaged)		\
	X(fetches)		\
	X(fetch_misses)		\
	X(fetch_bad)		\
	X(fetch_timeouts)	\
	X(batches)

#define KVT_STAT_ENUM(name) KVT_STAT_##name,
enum kvt_stat { KVT_STATS(KVT_STAT_ENUM) KVT_NR_STATS };

struct kvt_stats {
	u64 count[KVT_NR_STATS];
};

/* A counter's value, now or soon. */
static inline u64 kvt_stat_sum(struct kvt_stats __percpu *stats,
			       enum kvt_stat which)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(stats, cpu)->count[which];
	return sum;
}

#define kvt_stat_add(space, name, n) \
	this_cpu_add((space)->stats->count[KVT_STAT_##name], (u64)(n))
#define kvt_stat_inc(space, name) kvt_stat_add(space, name, 1)

#endif /* _KVT_STATS_H */
