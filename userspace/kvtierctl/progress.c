// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"

#define ERASE_LINE	"\r\033[K"

static bool shown;

bool progress_wanted(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb");
}

void progress_show(const char *format, ...)
{
	va_list list;

	if (!progress_wanted())
		return;
	fputs(ERASE_LINE, stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fflush(stderr);
	shown = true;
}

void progress_end(void)
{
	if (!shown)
		return;
	fputs(ERASE_LINE, stderr);
	fflush(stderr);
	shown = false;
}
