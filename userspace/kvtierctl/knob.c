// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "knob.h"
#include "libkvtier.h"
#include "say.h"
#include "size.h"
#include "sysfs.h"

/* One KNOB=VALUE of the command line. */
struct setting {
	const struct knob *knob;
	char name[64];
	char value[64];
	int ret;
};

/* The rest of @text after a class that is written as sysfs does, or NULL. */
static const char *skip_class(const char *text)
{
	unsigned long number;
	char *end;

	if (!isdigit((unsigned char)*text) || (*text == '0' && isdigit((unsigned char)text[1])))
		return NULL;
	number = strtoul(text, &end, 10);
	return number <= KVT_MAX_CLASS ? end : NULL;
}

static bool is_name(const char *pattern, const char *text)
{
	size_t len = strcspn(pattern, "#");

	if (!pattern[len])
		return !strcmp(pattern, text);
	if (strncmp(pattern, text, len))
		return false;
	text = skip_class(text + len);
	return text && !strcmp(pattern + len + 1, text);
}

static const struct knob *find_knob(const struct knob *knob, const char *name)
{
	for (; knob->name; knob++)
		if (is_name(knob->name, name))
			return knob;
	return NULL;
}

static int set_value(const struct command *cmd, struct setting *setting, const char *text)
{
	const char *wrong = NULL;
	uint64_t bytes;

	if (strlen(text) >= sizeof(setting->value))
		return misuse(cmd, "the value of '%s' is too long", setting->name);
	strcpy(setting->value, text);
	if (setting->knob->is_size)
		wrong = arg_size(text, &bytes);
	if (wrong)
		return misuse(cmd, "%s '%s': %s", setting->name, text, wrong);
	if (setting->knob->is_size)
		snprintf(setting->value, sizeof(setting->value), "%llu",
			 (unsigned long long)bytes);
	return CTL_OK;
}

static int parse(const struct command *cmd, const struct knob *knobs, const char *text,
		 struct setting *setting)
{
	size_t len = strcspn(text, "=");

	if (!text[len])
		return misuse(cmd, "'%s' is not KNOB=VALUE", text);
	if (!text[len + 1])
		return misuse(cmd, "'%s' has no value", text);
	snprintf(setting->name, sizeof(setting->name), "%.*s", (int)len, text);
	setting->knob = find_knob(knobs, setting->name);
	setting->ret = -EINVAL;
	if (!setting->knob)
		return misuse(cmd, "there is no knob '%.*s'; see: kvtierctl help %s %s",
			      (int)len, text, cmd->group, cmd->name);
	return set_value(cmd, setting, text + len + 1);
}

/* Returns how many were accepted. */
static int try_all(const char *dir, struct setting *settings, int nr)
{
	int i, done = 0;

	for (i = 0; i < nr; i++) {
		if (!settings[i].ret)
			continue;
		settings[i].ret = sysfs_write(settings[i].value, "%s/%s", dir,
					      settings[i].name);
		done += !settings[i].ret;
	}
	return done;
}

static int tell_refused(const char *dir, const struct setting *setting)
{
	char now[SYSFS_TEXT];

	if (sysfs_text(now, "%s/%s", dir, setting->name))
		strcpy(now, "unknown");
	return cannot(CTL_FAILED, "%s: '%s' was refused: it takes %s; it is %s",
		      setting->name, setting->value, setting->knob->values, now);
}

static int explain(const char *dir, const struct setting *setting)
{
	char now[SYSFS_TEXT];

	switch (setting->ret) {
	case -EACCES:
	case -EPERM:
		return cannot(CTL_DENIED, "%s: no permission: this needs root", setting->name);
	case -ENOENT:
		/* Or it takes a name, and that is nobody's. */
		if (!sysfs_text(now, "%s/%s", dir, setting->name))
			return tell_refused(dir, setting);
		return cannot(CTL_FAILED, "%s: the loaded kvtier module has no such knob",
			      setting->name);
	case -EINVAL:
	case -ERANGE:
		return tell_refused(dir, setting);
	default:
		return cannot(CTL_FAILED, "%s: '%s': %s", setting->name, setting->value,
			      strerror(-setting->ret));
	}
}

static int set_all(const char *dir, struct setting *settings, int nr)
{
	int i, code = CTL_OK, done, total = 0;

	do {
		done = try_all(dir, settings, nr);
		total += done;
	} while (done && total < nr);
	for (i = 0; i < nr; i++)
		if (settings[i].ret)
			code = explain(dir, &settings[i]);
	return code && total ? CTL_PARTIAL : code;
}

int knobs_set(const struct command *cmd, const struct knob_owner *owner,
	      const char *name, int nr, char **texts)
{
	struct setting *settings = calloc(nr, sizeof(*settings));
	int i, code = CTL_OK;
	char dir[128];

	if (!settings)
		return cannot(CTL_FAILED, "out of memory");
	for (i = 0; i < nr && !code; i++)
		code = parse(cmd, owner->knobs, texts[i], &settings[i]);
	if (!code)
		code = owner->check(name);
	snprintf(dir, sizeof(dir), "%s/%s", owner->class, name);
	if (!code)
		code = set_all(dir, settings, nr);
	free(settings);
	return code;
}
