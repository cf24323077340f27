// SPDX-License-Identifier: GPL-2.0
#include "args.h"
#include "device.h"
#include "knob.h"
#include "say.h"
#include "sysfs.h"

static const struct knob knobs[] = {
	KNOB("default_class",	"0 to 15"),
	KNOB("low_watermark",	"0 to 500 per mille, not above high_watermark"),
	KNOB("high_watermark",	"0 to 500 per mille, not below low_watermark"),
	KNOB("lease_quota",	"1 to 1000 per mille"),
	KNOB("fill_timeout_ms",	"100 to 3600000"),
	KNOB("quarantine_ms",	"0 to 3600000"),
	KNOB("promote",		"off, free or always"),
	KNOB("checksum",	"move or commit"),
	KNOB("verify",		"0 to 1000 per mille"),
	KNOB("remote",		"a remote tier, or none"),
	KNOB("remote_write",	"none, back or through"),
	KNOB("remote_rate",	"bytes a second, 0 to 64P (0: no limit)", .is_size = true),
	KNOB("remote_timeout_ms", "1 to 600000"),
	KNOB("policy",		"a policy that the module knows"),
	KNOB("class#/ttl_s",	"seconds, 0 to 4294967295 (0: never)"),
	KNOB("class#/priority",	"0 to 7"),
	KNOB("class#/floor",	"dram, cxl, nvme or remote"),
	{}
};

static int check(const char *name)
{
	uint64_t number;

	return sysfs_number(&number, SYSFS_SPACES "/%s/block_size", name) ?
	       no_space(name) : CTL_OK;
}

static const struct knob_owner owner = { SYSFS_SPACES, knobs, check };

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
	return knobs_set(cmd, &owner, name, nr - 1, argv + 1);
}
