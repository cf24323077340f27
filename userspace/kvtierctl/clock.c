// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"

double clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

void clock_sleep_until(double when)
{
	struct timespec until = {
		.tv_sec = when,
		.tv_nsec = (when - floor(when)) * 1e9,
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

const char *arg_interval(const char *text, void *to)
{
	double seconds;
	char *end;

	seconds = strtod(text, &end);
	if (end == text || *end || !isfinite(seconds))
		return "not a number of seconds";
	if (seconds < 0.1 || seconds > 86400)
		return "an interval is 0.1 to 86400 seconds";
	*(double *)to = seconds;
	return NULL;
}
