// SPDX-License-Identifier: GPL-2.0
/* What the policy agent of kvtierd does, and why: its status file. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "args.h"
#include "out.h"
#include "paths.h"
#include "say.h"

static const struct column columns[] = {
	COLUMN("RULE",	"rule",		COL_TEXT),
	COLUMN("SPACE",	"space",	COL_TEXT),
	COLUMN("METRIC",	"metric",	COL_TEXT),
	COLUMN("IS",	"is",		COL_RATE),
	COLUMN("ON",	"on",		COL_TEXT),
	COLUMN("KNOB",	"knob",		COL_TEXT),
	COLUMN("VALUE",	"value",	COL_TEXT),
	COLUMN("S AGO",	"changed_s_ago",	COL_COUNT),
	COLUMN("REASON",	"reason",	COL_TEXT),
	{}
};

/* Its process may be gone without having taken the file away. */
static bool is_alive(json_object *status)
{
	pid_t pid = get_int(status, "pid");

	return pid > 0 && (!kill(pid, 0) || errno == EPERM);
}

static void print(json_object *status)
{
	json_object *rows;

	if (!json_object_object_get_ex(status, "rules", &rows))
		return;
	out_table(rows, columns, true);
}

static const char *arg_path(const char *text, void *to)
{
	*(const char **)to = text;
	return *text ? NULL : "is empty";
}

int policy_run(const struct command *cmd, int argc, char **argv)
{
	const char *file = PATH_POLICY;
	bool json = false;
	struct opt opts[] = {
		OPT("file", arg_path, &file),
		OPT("json", NULL, &json),
		{}
	};
	json_object *status;
	int code;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	doing("show what the policy agent does");
	status = json_object_from_file(file);
	if (!status || !json_object_is_type(status, json_type_object)) {
		json_object_put(status);
		return fail(CTL_MISSING, "%s cannot be read: is kvtierd running, with rules in its configuration?",
			    file);
	}
	if (!is_alive(status))
		fprintf(stderr, "kvtierctl: what wrote %s is not running any more\n",
			file);
	if (json)
		out_json(status);
	else
		print(status);
	json_object_put(status);
	return CTL_OK;
}
