// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <string.h>

#include "args.h"
#include "help.h"
#include "say.h"

static const char codes[] =
	"Exit codes: 0 done, 1 failed, 2 usage, 3 not found or miss, 4 no permission,\n"
	"5 module not loaded, 6 done in part. See kvtierctl(8).\n";

void help_command(const struct command *cmd)
{
	const char *group = cmd->group ? cmd->group : "";
	const char *gap = cmd->group ? " " : "";

	printf("Usage: kvtierctl %s%s%s %s\n\n%s.\n",
	       group, gap, cmd->name, cmd->synopsis, cmd->about);
	if (cmd->details)
		printf("\n%s\n", cmd->details);
}

void help_list(FILE *to, const char *group)
{
	const struct command *cmd;
	char words[32];

	fputs("Usage: kvtierctl COMMAND [OPERAND]... [OPTION]...\n\n", to);
	for (cmd = commands; cmd->name; cmd++) {
		if (group && (!cmd->group || strcmp(cmd->group, group)))
			continue;
		snprintf(words, sizeof(words), "%s%s%s", cmd->group ? cmd->group : "",
			 cmd->group ? " " : "", cmd->name);
		fprintf(to, "  %-14s  %s\n", words, cmd->about);
	}
	fprintf(to, "\nkvtierctl help COMMAND tells more of each.\n%s", codes);
}

bool help_is_group(const char *word)
{
	const struct command *cmd;

	for (cmd = commands; cmd->name; cmd++)
		if (cmd->group && !strcmp(cmd->group, word))
			return true;
	return false;
}

static bool is_named(const struct command *cmd, char **words, int nr, int *used)
{
	*used = cmd->group ? 2 : 1;
	if (nr < *used)
		return false;
	return (!cmd->group || !strcmp(cmd->group, words[0])) &&
	       !strcmp(cmd->name, words[*used - 1]);
}

const struct command *help_find(char **words, int nr, int *used)
{
	const struct command *cmd;

	for (cmd = commands; cmd->name; cmd++)
		if (is_named(cmd, words, nr, used))
			return cmd;
	return NULL;
}

int help_run(const struct command *cmd, int argc, char **argv)
{
	struct opt opts[] = { {} };
	const struct command *about;
	int code, nr, used;

	nr = args_parse(cmd, argc, argv, opts, &code);
	if (nr < 0)
		return code;
	about = help_find(argv, nr, &used);
	if (about && used == nr)
		help_command(about);
	else if (!nr)
		help_list(stdout, NULL);
	else if (nr == 1 && help_is_group(argv[0]))
		help_list(stdout, argv[0]);
	else
		return fail(CTL_USAGE, "there is no command '%s%s%s'; see: kvtierctl help",
			    argv[0], nr > 1 ? " " : "", nr > 1 ? argv[1] : "");
	return CTL_OK;
}
