/* SPDX-License-Identifier: GPL-2.0 */
/* Time that the machine's processors were at work, whoever they worked for. */
#ifndef _BENCH_CPU_H
#define _BENCH_CPU_H

#include <stdint.h>

/**
 * struct cpu_time - since boot, in ns
 * @now: all time, of one processor
 * @idle: of all processors together
 */
struct cpu_time {
	uint64_t now;
	uint64_t idle;
};

void cpu_time_read(struct cpu_time *t);
uint64_t cpu_time_busy(const struct cpu_time *from, const struct cpu_time *to);

#endif /* _BENCH_CPU_H */
