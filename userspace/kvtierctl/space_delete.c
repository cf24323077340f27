// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "clock.h"
#include "device.h"
#include "paths.h"
#include "say.h"
#include "sysfs.h"

#define PATIENCE	3	/* seconds: for the helper of its remote tier to let go of it */

/* It is in use: by the helper of its remote tier, if it has one, which closes it then. */
static int delete_without_remote(int ctl, const char *name)
{
	double end = clock_now() + PATIENCE;
	char remote[SYSFS_TEXT];
	int ret = -EBUSY;

	if (sysfs_text(remote, SYSFS_SPACES "/%s/remote", name) ||
	    !strcmp(remote, "none") ||
	    sysfs_write("none", SYSFS_SPACES "/%s/remote", name))
		return -EBUSY;
	while (ret == -EBUSY && clock_now() < end) {
		clock_sleep_until(clock_now() + 0.02);
		ret = kvt_ctl_space_delete(ctl, name);
	}
	/* Somebody else has it open: it stays as it was. */
	if (ret)
		sysfs_write(remote, SYSFS_SPACES "/%s/remote", name);
	return ret;
}

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
	if (ret == -EBUSY)
		ret = delete_without_remote(ctl, name);
	close(ctl);
	return ret ? explain(name, ret) : CTL_OK;
}
