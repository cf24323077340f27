// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "paths.h"
#include "say.h"
#include "sysfs.h"

bool module_loaded(void)
{
	return !access(PATH_CLASS "/" SYSFS_TIERS, F_OK);
}

int no_module(void)
{
	if (module_loaded())
		return CTL_OK;
	return cannot(CTL_NO_MODULE, "kvtier module is not loaded: run modprobe kvtier");
}

int control_open(int *ctl)
{
	*ctl = kvt_open_control();
	if (*ctl >= 0)
		return CTL_OK;
	switch (*ctl) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		if (no_module())
			return CTL_NO_MODULE;
		return cannot(CTL_NO_MODULE, "kvtier module is loaded, but there is no %s; a container must be given this device",
			      PATH_CONTROL);
	case -EACCES:
	case -EPERM:
		return cannot(CTL_DENIED, "no permission to open %s: this needs root (CAP_SYS_ADMIN)",
			      PATH_CONTROL);
	default:
		return cannot_call(KVT_CALL_OPEN_CONTROL, *ctl);
	}
}

/* Says who may use the space. */
static int denied(const char *path)
{
	const struct passwd *user;
	const struct group *group;
	struct stat st;

	if (stat(path, &st))
		return cannot(CTL_DENIED, "no permission to open %s", path);
	user = getpwuid(st.st_uid);
	group = getgrgid(st.st_gid);
	return cannot(CTL_DENIED, "no permission to open %s: its mode is %04o, its owner %s (%u), its group %s (%u); be one of them, or root",
		      path, st.st_mode & 07777, user ? user->pw_name : "?",
		      st.st_uid, group ? group->gr_name : "?", st.st_gid);
}

int space_open(const char *name, unsigned int flags, struct kvt_space **space)
{
	char path[PATH_MAX];
	int ret = kvt_open(name, flags, NULL, space);

	snprintf(path, sizeof(path), "%s/%s", PATH_SPACES, name);
	switch (ret) {
	case 0:
		return CTL_OK;
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return no_space(name);
	case -EACCES:
	case -EPERM:
		return denied(path);
	default:
		return cannot_call(KVT_CALL_OPEN, ret);
	}
}

int no_space(const char *name)
{
	char path[PATH_MAX];

	if (no_module())
		return CTL_NO_MODULE;
	snprintf(path, sizeof(path), "%s/%s/%s", PATH_CLASS, SYSFS_SPACES, name);
	if (!access(path, F_OK))
		return cannot(CTL_MISSING, "there is a space \"%s\", but no %s/%s; a container must be given this device",
			      name, PATH_SPACES, name);
	return cannot(CTL_MISSING, "there is no space \"%s\"; see: kvtierctl space list",
		      name);
}

int no_tier(const char *name)
{
	if (no_module())
		return CTL_NO_MODULE;
	return cannot(CTL_MISSING, "there is no tier \"%s\"; see: kvtierctl tier list",
		      name);
}
