// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <unistd.h>

#include "bench.h"
#include "cpu.h"

/* Idle time is measured where the kernel stops its tick; busy time is sampled. */
void cpu_time_read(struct cpu_time *t)
{
	unsigned long long idle = 0, waiting = 0;
	FILE *f = fopen("/proc/stat", "re");

	t->now = now_ns();
	if (f && fscanf(f, "cpu %*u %*u %*u %llu %llu", &idle, &waiting) != 2)
		idle = 0;
	if (f)
		fclose(f);
	t->idle = (idle + waiting) * (1000000000 / sysconf(_SC_CLK_TCK));
}

uint64_t cpu_time_busy(const struct cpu_time *from, const struct cpu_time *to)
{
	uint64_t all = (to->now - from->now) * sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t idle = to->idle - from->idle;

	return all > idle ? all - idle : 0;
}
