/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Knobs are files in sysfs. Some depend on each other: the low watermark must
 * not pass the high one. So that the order of a command line does not matter,
 * what is refused is tried again as long as something else was accepted.
 */
#ifndef CTL_KNOB_H
#define CTL_KNOB_H

#include <stdbool.h>

#include "command.h"

/**
 * struct knob - a file that may be written
 * @name: relative to its tier or space; '#' stands for a retention class. NULL
 *	ends a table
 * @values: what it takes, in words
 * @is_size: units may follow the number
 */
struct knob {
	const char *name;
	const char *values;
	bool is_size;
};

/** KNOB() - a struct knob; further members may follow: .is_size = true */
#define KNOB(text, ...) \
	{ .name = text, .values = __VA_ARGS__ }

/**
 * struct knob_owner - what has knobs
 * @class: in /sys/class
 * @knobs: a table
 * @check: is there one of this name, and has it knobs? CTL_OK, or an exit code
 *	after the message
 */
struct knob_owner {
	const char *class;
	const struct knob *knobs;
	int (*check)(const char *name);
};

/*
 * knobs_set() - set what KNOB=VALUE texts say; doing() must have been called
 * @cmd: the command that was given them
 * @owner: whose
 * @name: which one
 * @nr: length of @texts
 *
 * Return: CTL_OK; CTL_USAGE (nothing was set), CTL_PARTIAL, CTL_FAILED,
 * CTL_DENIED, or what @owner->check returned, after the messages.
 */
int knobs_set(const struct command *cmd, const struct knob_owner *owner,
	      const char *name, int nr, char **texts);

#endif /* CTL_KNOB_H */
