/* SPDX-License-Identifier: GPL-2.0 */
/* Messages to the standard error. Each returns the exit code that it is given. */
#ifndef CTL_SAY_H
#define CTL_SAY_H

#include "command.h"

/** fail() - "kvtierctl: MESSAGE" */
int fail(enum ctl_exit code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** misuse() - fail() for wrong operands or options; shows the usage */
int misuse(const struct command *cmd, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** doing() - state what is tried, for cannot(): "create space \"chat\"" */
void doing(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/** cannot() - "kvtierctl: cannot <what doing() stated>: MESSAGE" */
int cannot(enum ctl_exit code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * cannot_call() - cannot() for an error that needs no more than the library's
 * words
 * @call: enum kvt_call
 * @error: negative errno
 *
 * Return: the exit code for @error.
 */
int cannot_call(int call, int error);

/** cannot_use() - the same for an error that is about @what, one of several */
int cannot_use(const char *what, int call, int error);

#endif /* CTL_SAY_H */
