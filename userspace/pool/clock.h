/* SPDX-License-Identifier: GPL-2.0 */
/* CLOCK_MONOTONIC, as the kernel's deadlines are. Tests have one of their own. */
#ifndef KVP_CLOCK_H
#define KVP_CLOCK_H

#include <stdint.h>

#define KVP_MS	1000000ULL	/* ns */
#define KVP_S	1000000000ULL	/* ns */

uint64_t kvp_now(void);

#endif /* KVP_CLOCK_H */
