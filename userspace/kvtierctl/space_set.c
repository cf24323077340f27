// SPDX-License-Identifier: GPL-2.0
/*
 * Knobs are files in sysfs. Some depend on each other: the low watermark must
 * not pass the high one. So that the order of a command line does not matter,
 * what is refused is tried again as long as something else was accepted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "device.h"
#include "libkvtier.h"
#include "say.h"
#include "sysfs.h"

struct knob {
	const char *name;
	const char *values;
};

static const struct knob knobs[] = {
	{ "default_class",	"0 to 15" },
	{ "low_watermark",	"0 to 500 per mille, not above high_watermark" },
	{ "high_watermark",	"0 to 500 per mille, not below low_watermark" },
	{ "lease_quota",	"1 to 1000 per mille" },
	{ "fill_timeout_ms",	"100 to 3600000" },
	{ "quarantine_ms",	"0 to 3600000" },
	{ "promote",		"off, free or always" },
	{ "policy",		"a policy that the module knows" },
	{}
};

/* One KNOB=VALUE of the command line. */
struct setting {
	const struct knob *knob;
	const char *value;
	int ret;
};

static const struct knob *find_knob(const char *text, size_t len)
{
	const struct knob *knob;

	for (knob = knobs; knob->name; knob++)
		if (strlen(knob->name) == len && !memcmp(knob->name, text, len))
			return knob;
	return NULL;
}

static int parse(const struct command *cmd, const char *text, struct setting *setting)
{
	size_t len = strcspn(text, "=");

	if (!text[len])
		return misuse(cmd, "'%s' is not KNOB=VALUE", text);
	if (!text[len + 1])
		return misuse(cmd, "'%s' has no value", text);
	setting->knob = find_knob(text, len);
	setting->value = text + len + 1;
	setting->ret = -EINVAL;
	if (!setting->knob)
		return misuse(cmd, "there is no knob '%.*s'; see: kvtierctl help space set",
			      (int)len, text);
	return CTL_OK;
}

/* Returns how many were accepted. */
static int try_all(const char *name, struct setting *settings, int nr)
{
	int i, done = 0;

	for (i = 0; i < nr; i++) {
		if (!settings[i].ret)
			continue;
		settings[i].ret = sysfs_write(settings[i].value, SYSFS_SPACES "/%s/%s",
					      name, settings[i].knob->name);
		done += !settings[i].ret;
	}
	return done;
}

static int explain(const char *name, const struct setting *setting)
{
	const struct knob *knob = setting->knob;
	char now[SYSFS_TEXT];

	switch (setting->ret) {
	case -EACCES:
	case -EPERM:
		return cannot(CTL_DENIED, "%s: no permission: this needs root", knob->name);
	case -ENOENT:
		return cannot(CTL_FAILED, "%s: the loaded kvtier module has no such knob",
			      knob->name);
	case -EINVAL:
	case -ERANGE:
		if (sysfs_text(now, SYSFS_SPACES "/%s/%s", name, knob->name))
			strcpy(now, "unknown");
		return cannot(CTL_FAILED, "%s: '%s' was refused: it takes %s; it is %s",
			      knob->name, setting->value, knob->values, now);
	default:
		return cannot(CTL_FAILED, "%s: '%s': %s", knob->name, setting->value,
			      strerror(-setting->ret));
	}
}

static int set_all(const char *name, struct setting *settings, int nr)
{
	int i, code = CTL_OK, done, total = 0;

	do {
		done = try_all(name, settings, nr);
		total += done;
	} while (done && total < nr);
	for (i = 0; i < nr; i++)
		if (settings[i].ret)
			code = explain(name, &settings[i]);
	return code && total ? CTL_PARTIAL : code;
}

static int set_parsed(const struct command *cmd, const char *name, int nr, char **texts)
{
	struct setting *settings = calloc(nr, sizeof(*settings));
	uint64_t number;
	int i, code = CTL_OK;

	if (!settings)
		return cannot(CTL_FAILED, "out of memory");
	for (i = 0; i < nr && !code; i++)
		code = parse(cmd, texts[i], &settings[i]);
	if (!code && sysfs_number(&number, SYSFS_SPACES "/%s/block_size", name))
		code = no_space(name);
	if (!code)
		code = set_all(name, settings, nr);
	free(settings);
	return code;
}

int space_set(const struct command *cmd, int argc, char **argv)
{
	struct opt opts[] = { {} };
	const char *name;
	int code, nr;

	nr = args_parse(cmd, argc, argv, opts, &code);
	if (nr < 0)
		return code;
	code = operand(cmd, "space", arg_name, argv[0], &name);
	if (code)
		return code;
	doing("set knobs of space \"%s\"", name);
	return set_parsed(cmd, name, nr - 1, argv + 1);
}
