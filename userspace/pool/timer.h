/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Timers of the one thread. There are a hundred or so: a list, kept in order, is all
 * it takes.
 */
#ifndef KVP_TIMER_H
#define KVP_TIMER_H

#include <stdint.h>

/**
 * struct kvp_timer - zero at first
 * @at: kvp_now() at which it fires; 0: it is not set
 * @fire: called once, when it is not set any more
 * @next: timer.c's
 * @list: timer.c's
 */
struct kvp_timer {
	uint64_t at;
	void (*fire)(struct kvp_timer *timer);
	struct kvp_timer *next;
	struct kvp_timers *list;
};

/**
 * struct kvp_timers - all that are set
 * @first: the next one to fire
 */
struct kvp_timers {
	struct kvp_timer *first;
};

/* Set it, or set it anew. */
void kvp_timer_set(struct kvp_timers *timers, struct kvp_timer *timer, uint64_t at);

/* Or nothing, if it is not set. */
void kvp_timer_stop(struct kvp_timer *timer);

/* When the next one fires; UINT64_MAX: none is set. */
uint64_t kvp_timers_next(const struct kvp_timers *timers);

/* Fire all that are due. */
void kvp_timers_run(struct kvp_timers *timers, uint64_t now);

#endif /* KVP_TIMER_H */
