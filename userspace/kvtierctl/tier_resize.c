// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <unistd.h>

#include "args.h"
#include "device.h"
#include "say.h"
#include "size.h"
#include "sysfs.h"

/* @old is 0 if it could not be read. */
static int explain(const char *name, uint64_t old, uint64_t asked, uint64_t reached,
		   int error)
{
	enum ctl_exit code = reached == old ? CTL_FAILED : CTL_PARTIAL;
	char has[SIZE_TEXT], wanted[SIZE_TEXT];

	size_exact(reached, has);
	size_exact(asked, wanted);
	switch (error) {
	case -ENOENT:
		return no_tier(name);
	case -EBUSY:
		return cannot(code, "its size is now %s (asked %s): the rest belongs to spaces, or is still mapped; shrink these first with: kvtierctl space resize",
			      has, wanted);
	case -ENOMEM:
		return cannot(code, "its size is now %s (asked %s): its node has no more memory to give",
			      has, wanted);
	case -EOPNOTSUPP:
		return cannot(CTL_FAILED, "it is no tier of memory: an nvme tier is as large as its devices (make another of more: kvtierctl tier format), a remote one has no size");
	default:
		return cannot_call(KVT_CALL_TIER_RESIZE, error);
	}
}

int tier_resize(const struct command *cmd, int argc, char **argv)
{
	uint64_t bytes, asked, old = 0;
	const char *name;
	struct opt opts[] = {
		OPT("size", arg_tier_size, &bytes, .required = true),
		{}
	};
	int ctl, code, ret;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	code = operand(cmd, "tier", arg_name, argv[0], &name);
	if (code)
		return code;
	doing("resize tier \"%s\"", name);
	code = control_open(&ctl);
	if (code)
		return code;
	asked = bytes;
	sysfs_number(&old, SYSFS_TIERS "/%s/size", name);
	ret = kvt_ctl_tier_resize(ctl, name, &bytes);
	close(ctl);
	return ret ? explain(name, old, asked, bytes, ret) : CTL_OK;
}
