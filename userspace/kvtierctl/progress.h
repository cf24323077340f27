/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A line that tells how far a long call has come: on the standard error, and
 * only if that is a terminal which can replace it.
 */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include <stdbool.h>

/** progress_wanted() - will anything be shown? */
bool progress_wanted(void);

/** progress_show() - show this in place of what was shown before */
void progress_show(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/** progress_end() - take the line away */
void progress_end(void);

#endif /* CTL_PROGRESS_H */
