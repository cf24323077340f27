/* SPDX-License-Identifier: GPL-2.0 */
/* CLOCK_MONOTONIC, as the kernel's deadlines are. Tests have one of their own. */
#ifndef KVD_CLOCK_H
#define KVD_CLOCK_H

#include <stdint.h>

#define KVD_MS	1000000ULL	/* ns */
#define KVD_S	1000000000ULL	/* ns */

uint64_t kvd_now(void);

#endif /* KVD_CLOCK_H */
