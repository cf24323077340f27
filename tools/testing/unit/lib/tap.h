/* SPDX-License-Identifier: GPL-2.0 */
/* Just enough of TAP: ok() for each thing asserted, done() at the end. */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* One of each for all files of a program */
__attribute__((weak)) int tap_nr, tap_failed;

__attribute__((format(printf, 4, 5)))
static inline void tap_result(int good, const char *file, int line,
			      const char *fmt, ...)
{
	va_list args;

	printf("%sok %d - ", good ? "" : "not ", ++tap_nr);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	if (!good) {
		tap_failed++;
		printf("# failed at %s:%d\n", file, line);
	}
}

#define ok(cond, ...) tap_result(!!(cond), __FILE__, __LINE__, __VA_ARGS__)

#define is(a, b, ...) do {						\
	long long a_ = (long long)(a), b_ = (long long)(b);		\
	ok(a_ == b_, __VA_ARGS__);					\
	if (a_ != b_)							\
		printf("# got %lld, wanted %lld\n", a_, b_);		\
} while (0)

/* What cannot go on must not look like a pass. */
#define must(cond) do {							\
	if (!(cond)) {							\
		printf("Bail out! %s:%d: %s\n", __FILE__, __LINE__, #cond); \
		exit(1);						\
	}								\
} while (0)

static inline int done(void)
{
	printf("1..%d\n", tap_nr);
	return tap_failed ? 1 : 0;
}

#endif /* TAP_H */
