// SPDX-License-Identifier: GPL-2.0
#include <time.h>

#include "tally.h"

const char *const step_names[NR_STEPS] = {
	[STEP_ATTACH] = "attach",
	[STEP_LOOKUP] = "lookup",
	[STEP_ACQUIRE] = "acquire",
	[STEP_WAIT] = "wait",
	[STEP_VERIFY] = "verify",
	[STEP_RESERVE] = "reserve",
	[STEP_FILL] = "fill",
	[STEP_COMMIT] = "commit",
	[STEP_RELEASE] = "release",
	[STEP_REQUEST] = "request",
};

const char *const count_names[NR_COUNTS] = {
	[COUNT_REQUESTS] = "requests",
	[COUNT_BLOCKS] = "blocks",
	[COUNT_HITS] = "hits",
	[COUNT_VERIFIED] = "verified_blocks",
	[COUNT_VERIFIED_BYTES] = "verified_bytes",
	[COUNT_WRONG] = "wrong_blocks",
	[COUNT_STORED] = "stored_blocks",
	[COUNT_STORED_BYTES] = "stored_bytes",
	[COUNT_PRESENT] = "stored_by_others",
	[COUNT_FILLING] = "filling_elsewhere",
	[COUNT_NO_SPACE] = "no_space",
	[COUNT_WAITS] = "waits",
	[COUNT_NO_QUOTA] = "no_quota",
	[COUNT_NOT_STORED] = "not_stored",
	[COUNT_LOST] = "lost_at_commit",
	[COUNT_ERRORS] = "errors",
};

void tally_merge(struct tally *to, const struct tally *from)
{
	unsigned int i;

	for (i = 0; i < NR_COUNTS; i++)
		to->count[i] += from->count[i];
	for (i = 0; i < NR_TIER_KINDS; i++) {
		to->tier_hits[i] += from->tier_hits[i];
		to->found[i] += from->found[i];
	}
	for (i = 0; i < NR_STEPS; i++)
		hist_merge(&to->time[i], &from->time[i]);
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
