// SPDX-License-Identifier: GPL-2.0
/* Timers fire once, in order, and not when they were stopped. */
#include <stddef.h>

#include "tap.h"
#include "timer.h"

static struct kvp_timers timers;
static struct kvp_timer a, b, c;
static struct kvp_timer *fired[8];
static unsigned int nr_fired;

static void note(struct kvp_timer *timer)
{
	fired[nr_fired++] = timer;
}

static void note_and_set(struct kvp_timer *timer)
{
	note(timer);
	kvp_timer_set(&timers, timer, 1000);
}

int main(void)
{
	a.fire = note;
	b.fire = note;
	c.fire = note_and_set;
	is(kvp_timers_next(&timers), UINT64_MAX, "none");
	kvp_timer_stop(&a);
	ok(1, "stopping what is not set");
	kvp_timer_set(&timers, &b, 20);
	kvp_timer_set(&timers, &a, 10);
	kvp_timer_set(&timers, &c, 30);
	is(kvp_timers_next(&timers), 10, "the earliest is next");
	kvp_timers_run(&timers, 9);
	is(nr_fired, 0, "not before its time");
	kvp_timers_run(&timers, 25);
	ok(nr_fired == 2 && fired[0] == &a && fired[1] == &b, "in order");
	kvp_timer_set(&timers, &a, 40);
	kvp_timer_set(&timers, &a, 26);
	is(kvp_timers_next(&timers), 26, "set anew");
	kvp_timer_stop(&a);
	kvp_timers_run(&timers, 50);
	ok(nr_fired == 3 && fired[2] == &c, "a stopped one does not fire");
	is(kvp_timers_next(&timers), 1000, "one may set itself");
	kvp_timer_stop(&c);
	is(kvp_timers_next(&timers), UINT64_MAX, "none again");
	return done();
}
