// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "device.h"
#include "progress.h"
#include "recovery.h"
#include "say.h"
#include "sysfs.h"

#define STEP	0.2	/* seconds from look to look */

/* Segments left to read. A memory tier has no such attribute: none. */
static int look(const char *tier, uint64_t *left)
{
	char state[SYSFS_TEXT];
	uint64_t size;

	*left = 0;
	if (sysfs_number(&size, SYSFS_TIERS "/%s/size", tier))
		return no_tier(tier);
	if (!sysfs_text(state, SYSFS_TIERS "/%s/state", tier) &&
	    !strcmp(state, "failed"))
		return cannot(CTL_FAILED, "the devices of tier \"%s\" have failed; see dmesg",
			      tier);
	sysfs_number(left, SYSFS_TIERS "/%s/recovering", tier);
	return CTL_OK;
}

int recovery_wait(const char *tier, double timeout)
{
	double begin = clock_now(), next = begin;
	uint64_t left;
	int code;

	for (;;) {
		code = look(tier, &left);
		if (code || !left)
			break;
		if (timeout > 0 && next >= begin + timeout)
			return cannot(CTL_PARTIAL, "%llu segments of tier \"%s\" are still to be read; it goes on in the background",
				      (unsigned long long)left, tier);
		progress_show("tier %s: %llu segments are still to be read", tier,
			      (unsigned long long)left);
		next += STEP;
		clock_sleep_until(next);
	}
	progress_end();
	return code;
}
