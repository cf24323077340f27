// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define LINE	1024	/* bytes */

static enum kvp_level limit = KVP_INFO;

static const struct {
	enum kvp_level level;
	const char *name;
} names[] = {
	{ KVP_ERROR, "error" },
	{ KVP_WARN, "warning" },
	{ KVP_INFO, "info" },
	{ KVP_DEBUG, "debug" },
};

void kvp_log_level(enum kvp_level level)
{
	limit = level;
}

bool kvp_log_parse(const char *text, enum kvp_level *level)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i].name, text)) {
			*level = names[i].level;
			return true;
		}
	return false;
}

static const char *name_of(enum kvp_level level)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].level == level)
			return names[i].name;
	return "";
}

const char *kvp_quote(const char *text)
{
	static char lines[4][LINE / 2];
	static unsigned int turn;
	char *line = lines[turn++ % 4], *to = line, *end = line + LINE / 2 - 2;

	*to++ = '"';
	for (; *text && to < end; text++)
		*to++ = *text == '"' ? '\'' :
			(unsigned char)*text < ' ' ? ' ' : *text;
	*to++ = '"';
	*to = '\0';
	return line;
}

/* One write a line, so that lines of several programs do not mix. */
void kvp_log(enum kvp_level level, const char *what, const char *format, ...)
{
	char line[LINE];
	va_list args;
	int len = 0;

	if (level > limit)
		return;
	if (getenv("JOURNAL_STREAM"))
		len = snprintf(line, sizeof(line), "<%d>", level);
	len += snprintf(line + len, sizeof(line) - len, "level=%s msg=%s",
			name_of(level), kvp_quote(what));
	if (*format && len < LINE - 2)
		line[len++] = ' ';
	va_start(args, format);
	len += vsnprintf(line + len, sizeof(line) - len, format, args);
	va_end(args);
	if (len > LINE - 1)
		len = LINE - 1;
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return;	/* there is nobody to tell */
}
