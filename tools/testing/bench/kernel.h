/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers that the kernel tells: sysfs, /proc/vmstat, meminfo, slabinfo. */
#ifndef _BENCH_KERNEL_H
#define _BENCH_KERNEL_H

#include <stdint.h>

#define KERNEL_NONE UINT64_MAX

uint64_t kernel_number(const char *path);
int kernel_set(const char *path, const char *value);
uint64_t kernel_sum(const char *path, const char *prefix, const char *suffix);
uint64_t kernel_slab_bytes(const char *cache);
uint64_t kernel_free_pages(void);
void kernel_settle(void);

#endif /* _BENCH_KERNEL_H */
