/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CTL_CLOCK_H
#define CTL_CLOCK_H

/** clock_now() - seconds since some time in the past, CLOCK_MONOTONIC */
double clock_now(void);

/** clock_sleep_until() - sleep until clock_now() is @when, signals or not */
void clock_sleep_until(double when);

/** arg_interval() - parse_fn: 0.1 to 86400 seconds; @to: double * */
const char *arg_interval(const char *text, void *to);

#endif /* CTL_CLOCK_H */
