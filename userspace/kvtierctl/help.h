/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CTL_HELP_H
#define CTL_HELP_H

#include <stdio.h>

#include "command.h"

/** help_command() - print all about one command */
void help_command(const struct command *cmd);

/** help_list() - print what commands there are; @group: only those, or NULL */
void help_list(FILE *to, const char *group);

/**
 * help_find() - find a command by its words
 * @words: the first is the command's group or name
 * @nr: how many there are
 * @used: out: how many of them name the command
 *
 * Return: the command, or NULL.
 */
const struct command *help_find(char **words, int nr, int *used);

/** help_is_group() - is this the first word of two-word commands? */
bool help_is_group(const char *word);

#endif /* CTL_HELP_H */
