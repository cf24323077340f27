/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Timers of the one thread. There are a hundred or so: a list, kept in order, is all
 * it takes.
 */
#ifndef KVD_TIMER_H
#define KVD_TIMER_H

#include <stdint.h>

/**
 * struct kvd_timer - zero at first
 * @at: kvd_now() at which it fires; 0: it is not set
 * @fire: called once, when it is not set any more
 * @next: timer.c's
 * @list: timer.c's
 */
struct kvd_timer {
	uint64_t at;
	void (*fire)(struct kvd_timer *timer);
	struct kvd_timer *next;
	struct kvd_timers *list;
};

/**
 * struct kvd_timers - all that are set
 * @first: the next one to fire
 */
struct kvd_timers {
	struct kvd_timer *first;
};

/* Set it, or set it anew. */
void kvd_timer_set(struct kvd_timers *timers, struct kvd_timer *timer, uint64_t at);

/* Or nothing, if it is not set. */
void kvd_timer_stop(struct kvd_timer *timer);

/* When the next one fires; UINT64_MAX: none is set. */
uint64_t kvd_timers_next(const struct kvd_timers *timers);

/* Fire all that are due. */
void kvd_timers_run(struct kvd_timers *timers, uint64_t now);

#endif /* KVD_TIMER_H */
