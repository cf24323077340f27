// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "libkvtier.h"
#include "progress.h"
#include "say.h"

static char action[256];

static void say(const char *prefix, const char *format, va_list list)
{
	progress_end();
	fflush(stdout);
	fprintf(stderr, "kvtierctl: %s", prefix);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
}

int fail(enum ctl_exit code, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say("", format, list);
	va_end(list);
	return code;
}

int misuse(const struct command *cmd, const char *format, ...)
{
	const char *group = cmd->group ? cmd->group : "";
	const char *gap = cmd->group ? " " : "";
	va_list list;

	va_start(list, format);
	say("", format, list);
	va_end(list);
	fprintf(stderr, "Usage: kvtierctl %s%s%s %s\n",
		group, gap, cmd->name, cmd->synopsis);
	return CTL_USAGE;
}

void doing(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(action, sizeof(action), format, list);
	va_end(list);
}

int cannot(enum ctl_exit code, const char *format, ...)
{
	char prefix[sizeof(action) + 16];
	va_list list;

	snprintf(prefix, sizeof(prefix), "cannot %s: ", action);
	va_start(list, format);
	say(prefix, format, list);
	va_end(list);
	return code;
}

static enum ctl_exit exit_of(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return CTL_MISSING;
	case -EPERM:
	case -EACCES:
		return CTL_DENIED;
	default:
		return CTL_FAILED;
	}
}

int cannot_use(const char *what, int call, int error)
{
	return cannot(exit_of(error), "%s: %s", what, kvt_strerror(call, error));
}

int cannot_call(int call, int error)
{
	if (error == -EPERM && call >= KVT_CALL_OPEN_CONTROL)
		return cannot(CTL_DENIED, "this needs root (CAP_SYS_ADMIN)");
	if ((error == -ENOTTY && call != KVT_CALL_OPEN) || error == -E2BIG)
		return cannot(CTL_FAILED, "the loaded kvtier module does not know this command; compare: kvtierctl version");
	return cannot(exit_of(error), "%s", kvt_strerror(call, error));
}
