// SPDX-License-Identifier: GPL-2.0
#include "timer.h"

void kvd_timer_stop(struct kvd_timer *timer)
{
	struct kvd_timer **at;

	if (!timer->at)
		return;
	for (at = &timer->list->first; *at != timer; at = &(*at)->next)
		;
	*at = timer->next;
	timer->at = 0;
}

void kvd_timer_set(struct kvd_timers *timers, struct kvd_timer *timer, uint64_t at)
{
	struct kvd_timer **place;

	kvd_timer_stop(timer);
	timer->at = at ? at : 1;
	timer->list = timers;
	for (place = &timers->first; *place && (*place)->at <= at;
	     place = &(*place)->next)
		;
	timer->next = *place;
	*place = timer;
}

uint64_t kvd_timers_next(const struct kvd_timers *timers)
{
	return timers->first ? timers->first->at : UINT64_MAX;
}

void kvd_timers_run(struct kvd_timers *timers, uint64_t now)
{
	while (timers->first && timers->first->at <= now) {
		struct kvd_timer *timer = timers->first;

		kvd_timer_stop(timer);
		timer->fire(timer);
	}
}
