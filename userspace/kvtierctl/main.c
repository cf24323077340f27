// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "help.h"
#include "out.h"
#include "say.h"

static int unknown(char **words, int nr)
{
	if (!help_is_group(words[0]))
		return fail(CTL_USAGE, "there is no command '%s'; see: kvtierctl help",
			    words[0]);
	if (nr > 1)
		return fail(CTL_USAGE, "there is no command '%s %s'; see: kvtierctl help %s",
			    words[0], words[1], words[0]);
	help_list(stderr, words[0]);
	return CTL_USAGE;
}

/* The options that stand for a command. */
static char *command_of(char *word)
{
	if (!strcmp(word, "-h") || !strcmp(word, "--help"))
		return "help";
	if (!strcmp(word, "-V") || !strcmp(word, "--version"))
		return "version";
	return word;
}

int main(int argc, char **argv)
{
	const struct command *cmd;
	int used;

	if (argc < 2) {
		help_list(stderr, NULL);
		return CTL_USAGE;
	}
	argv[1] = command_of(argv[1]);
	if (argc == 3 && help_is_group(argv[1]) && !strcmp(command_of(argv[2]), "help")) {
		help_list(stdout, argv[1]);
		return out_close(CTL_OK);
	}
	cmd = help_find(argv + 1, argc - 1, &used);
	if (!cmd)
		return unknown(argv + 1, argc - 1);
	return out_close(cmd->run(cmd, argc - used, argv + used));
}
