/* SPDX-License-Identifier: GPL-2.0 */
/* What this program itself cannot go on without. Exits with 2, not as a failed test. */
#ifndef CRASH_MUST_H
#define CRASH_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define must(cond, ...) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "kvtier-crash: " __VA_ARGS__);		\
		fputc('\n', stderr);					\
		exit(2);						\
	}								\
} while (0)

#endif /* CRASH_MUST_H */
