/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a sub-command is, the exit codes, and the way to report a failure.
 */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

/** enum ctl_exit - exit codes; part of the interface, see kvtierctl(8) */
enum ctl_exit {
	CTL_OK		= 0,
	CTL_FAILED	= 1,
	CTL_USAGE	= 2,
	CTL_MISSING	= 3,	/* no such tier, space or block */
	CTL_DENIED	= 4,
	CTL_NO_MODULE	= 5,
	CTL_PARTIAL	= 6,
};

/**
 * struct command - one sub-command
 * @group: first word ("tier"), or NULL if the command is one word
 * @name: last word
 * @min: fewest operands
 * @max: most operands; -1: any number
 * @run: does it; argv[0] is @name; returns an enum ctl_exit
 * @synopsis: operands and options, for help
 * @about: one line
 * @details: more lines for "help COMMAND", or NULL
 */
struct command {
	const char *group;
	const char *name;
	int min;
	int max;
	int (*run)(const struct command *cmd, int argc, char **argv);
	const char *synopsis;
	const char *about;
	const char *details;
};

/** commands - all of them, ended by one without a name */
extern const struct command commands[];

int tier_add(const struct command *cmd, int argc, char **argv);
int tier_remove(const struct command *cmd, int argc, char **argv);
int tier_resize(const struct command *cmd, int argc, char **argv);
int tier_list(const struct command *cmd, int argc, char **argv);
int tier_show(const struct command *cmd, int argc, char **argv);
int tier_set(const struct command *cmd, int argc, char **argv);
int tier_stat(const struct command *cmd, int argc, char **argv);
int tier_wait(const struct command *cmd, int argc, char **argv);
int tier_format(const struct command *cmd, int argc, char **argv);
int tier_check(const struct command *cmd, int argc, char **argv);
int tier_dump(const struct command *cmd, int argc, char **argv);
int space_create(const struct command *cmd, int argc, char **argv);
int space_delete(const struct command *cmd, int argc, char **argv);
int space_resize(const struct command *cmd, int argc, char **argv);
int space_set(const struct command *cmd, int argc, char **argv);
int space_list(const struct command *cmd, int argc, char **argv);
int space_show(const struct command *cmd, int argc, char **argv);
int stat_run(const struct command *cmd, int argc, char **argv);
int monitor_run(const struct command *cmd, int argc, char **argv);
int policy_run(const struct command *cmd, int argc, char **argv);
int drain_run(const struct command *cmd, int argc, char **argv);
int restore_run(const struct command *cmd, int argc, char **argv);
int put_run(const struct command *cmd, int argc, char **argv);
int get_run(const struct command *cmd, int argc, char **argv);
int lookup_run(const struct command *cmd, int argc, char **argv);
int drop_run(const struct command *cmd, int argc, char **argv);
int version_run(const struct command *cmd, int argc, char **argv);
int help_run(const struct command *cmd, int argc, char **argv);

#endif /* CTL_COMMAND_H */
