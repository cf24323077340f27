// SPDX-License-Identifier: GPL-2.0
#include "timer.h"

void kvp_timer_stop(struct kvp_timer *timer)
{
	struct kvp_timer **at;

	if (!timer->at)
		return;
	for (at = &timer->list->first; *at != timer; at = &(*at)->next)
		;
	*at = timer->next;
	timer->at = 0;
}

void kvp_timer_set(struct kvp_timers *timers, struct kvp_timer *timer, uint64_t at)
{
	struct kvp_timer **place;

	kvp_timer_stop(timer);
	timer->at = at ? at : 1;
	timer->list = timers;
	for (place = &timers->first; *place && (*place)->at <= at;
	     place = &(*place)->next)
		;
	timer->next = *place;
	*place = timer;
}

uint64_t kvp_timers_next(const struct kvp_timers *timers)
{
	return timers->first ? timers->first->at : UINT64_MAX;
}

void kvp_timers_run(struct kvp_timers *timers, uint64_t now)
{
	while (timers->first && timers->first->at <= now) {
		struct kvp_timer *timer = timers->first;

		kvp_timer_stop(timer);
		timer->fire(timer);
	}
}
