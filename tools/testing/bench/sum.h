/* SPDX-License-Identifier: GPL-2.0 */
/* crc32c as the kernel computes it without help of the processor. */
#ifndef _BENCH_SUM_H
#define _BENCH_SUM_H

#include <stddef.h>
#include <stdint.h>

void sum_init(void);
uint32_t sum_crc32c(const void *p, size_t len);

#endif /* _BENCH_SUM_H */
