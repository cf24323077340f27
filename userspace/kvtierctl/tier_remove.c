// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <unistd.h>

#include "args.h"
#include "device.h"
#include "say.h"
#include "size.h"
#include "sysfs.h"

static int explain_busy(const char *name)
{
	uint64_t used = 0, limbo = 0;
	char text[SIZE_TEXT];

	sysfs_number(&used, SYSFS_TIERS "/%s/used", name);
	sysfs_number(&limbo, SYSFS_TIERS "/%s/limbo", name);
	if (used)
		return cannot(CTL_FAILED, "spaces have %s of it; delete them, or take it away from each with: kvtierctl space resize SPACE --quota %s=0",
			      size_text(used, text), name);
	if (limbo)
		return cannot(CTL_FAILED, "%s of it are still mapped, or in use by a device; end the processes that used deleted spaces, then try again",
			      size_text(limbo, text));
	return cannot_call(KVT_CALL_TIER_REMOVE, -EBUSY);
}

int tier_remove(const struct command *cmd, int argc, char **argv)
{
	struct opt opts[] = { {} };
	const char *name;
	int ctl, code, ret;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	code = operand(cmd, "tier", arg_name, argv[0], &name);
	if (code)
		return code;
	doing("remove tier \"%s\"", name);
	code = control_open(&ctl);
	if (code)
		return code;
	ret = kvt_ctl_tier_remove(ctl, name);
	close(ctl);
	if (ret == -ENOENT)
		return no_tier(name);
	if (ret == -EBUSY)
		return explain_busy(name);
	return ret ? cannot_call(KVT_CALL_TIER_REMOVE, ret) : CTL_OK;
}
