// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "args.h"
#include "device.h"
#include "knob.h"
#include "say.h"
#include "sysfs.h"

static const struct knob knobs[] = {
	KNOB("admission",		"all, second or class"),
	KNOB("admit_classes",	"a bit mask of retention classes, 0 to 65535 (0xffff)"),
	KNOB("write_budget",	"a size a day, 1M to 65536T, or 0: no limit", .is_size = true),
	KNOB("carry_over",		"0 to 1000 per mille"),
	KNOB("flush_ms",		"0 to 3600000"),
	KNOB("verify",		"0 to 1000 per mille"),
	{}
};

static int check(const char *name)
{
	char kind[SYSFS_TEXT];

	if (sysfs_text(kind, SYSFS_TIERS "/%s/kind", name))
		return no_tier(name);
	if (strcmp(kind, "nvme"))
		return cannot(CTL_FAILED, "it is a %s tier: only nvme tiers have knobs", kind);
	return CTL_OK;
}

static const struct knob_owner owner = { SYSFS_TIERS, knobs, check };

int tier_set(const struct command *cmd, int argc, char **argv)
{
	struct opt opts[] = { {} };
	const char *name;
	int code, nr;

	nr = args_parse(cmd, argc, argv, opts, &code);
	if (nr < 0)
		return code;
	code = operand(cmd, "tier", arg_name, argv[0], &name);
	if (code)
		return code;
	doing("set knobs of tier \"%s\"", name);
	return knobs_set(cmd, &owner, name, nr - 1, argv + 1);
}
