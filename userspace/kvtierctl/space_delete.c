// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <unistd.h>

#include "args.h"
#include "device.h"
#include "paths.h"
#include "say.h"
#include "sysfs.h"

static int explain(const char *name, int error)
{
	uint64_t openers = 0;

	if (error == -ENOENT)
		return no_space(name);
	if (error != -EBUSY)
		return cannot_call(KVT_CALL_SPACE_DELETE, error);
	if (sysfs_number(&openers, SYSFS_SPACES "/%s/openers", name) || !openers)
		return cannot(CTL_FAILED, "it is mapped by a process; see: fuser -v %s/%s",
			      PATH_SPACES, name);
	return cannot(CTL_FAILED, "it is in use (open files: %llu); see: fuser -v %s/%s",
		      (unsigned long long)openers, PATH_SPACES, name);
}

int space_delete(const struct command *cmd, int argc, char **argv)
{
	struct opt opts[] = { {} };
	const char *name;
	int ctl, code, ret;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	code = operand(cmd, "space", arg_name, argv[0], &name);
	if (code)
		return code;
	doing("delete space \"%s\"", name);
	code = control_open(&ctl);
	if (code)
		return code;
	ret = kvt_ctl_space_delete(ctl, name);
	close(ctl);
	return ret ? explain(name, ret) : CTL_OK;
}
