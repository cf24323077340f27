// SPDX-License-Identifier: GPL-2.0
#include "args.h"
#include "clock.h"
#include "device.h"
#include "recovery.h"
#include "say.h"

int tier_wait(const struct command *cmd, int argc, char **argv)
{
	double timeout = 0;
	struct opt opts[] = {
		OPT("timeout", arg_interval, &timeout),
		{}
	};
	const char *name;
	int code;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	code = operand(cmd, "tier", arg_name, argv[0], &name);
	if (code)
		return code;
	doing("wait for the blocks of tier \"%s\"", name);
	return recovery_wait(name, timeout);
}
