// SPDX-License-Identifier: GPL-2.0
/* Timers fire once, in order, and not when they were stopped. */
#include <stddef.h>

#include "tap.h"
#include "timer.h"

static struct kvd_timers timers;
static struct kvd_timer a, b, c;
static struct kvd_timer *fired[8];
static unsigned int nr_fired;

static void note(struct kvd_timer *timer)
{
	fired[nr_fired++] = timer;
}

static void note_and_set(struct kvd_timer *timer)
{
	note(timer);
	kvd_timer_set(&timers, timer, 1000);
}

int main(void)
{
	a.fire = note;
	b.fire = note;
	c.fire = note_and_set;
	is(kvd_timers_next(&timers), UINT64_MAX, "none");
	kvd_timer_stop(&a);
	ok(1, "stopping what is not set");
	kvd_timer_set(&timers, &b, 20);
	kvd_timer_set(&timers, &a, 10);
	kvd_timer_set(&timers, &c, 30);
	is(kvd_timers_next(&timers), 10, "the earliest is next");
	kvd_timers_run(&timers, 9);
	is(nr_fired, 0, "not before its time");
	kvd_timers_run(&timers, 25);
	ok(nr_fired == 2 && fired[0] == &a && fired[1] == &b, "in order");
	kvd_timer_set(&timers, &a, 40);
	kvd_timer_set(&timers, &a, 26);
	is(kvd_timers_next(&timers), 26, "set anew");
	kvd_timer_stop(&a);
	kvd_timers_run(&timers, 50);
	ok(nr_fired == 3 && fired[2] == &c, "a stopped one does not fire");
	is(kvd_timers_next(&timers), 1000, "one may set itself");
	kvd_timer_stop(&c);
	is(kvd_timers_next(&timers), UINT64_MAX, "none again");
	return done();
}
