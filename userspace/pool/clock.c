// SPDX-License-Identifier: GPL-2.0
#include <time.h>

#include "clock.h"

uint64_t kvp_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * KVP_S + (uint64_t)ts.tv_nsec;
}
