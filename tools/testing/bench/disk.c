// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "disk.h"
#include "program.h"

/* A new file system of @type, "ext4" or "xfs". Returns 0, or -1 and has said why. */
int disk_mount(const char *device, const char *type, const char *dir)
{
	const char *const ext4[] = {
		"/sbin/mkfs.ext4", "-q", "-F", "-E", "nodiscard", device, NULL,
	};
	const char *const xfs[] = {
		"/sbin/mkfs.xfs", "-q", "-f", "-K", device, NULL,
	};

	if (program_run(strcmp(type, "xfs") ? ext4 : xfs))
		return -1;
	if (!mount(device, dir, type, MS_NOATIME, NULL))
		return 0;
	fprintf(stderr, "kvtier-bench: cannot mount %s (%s): %s\n", device,
		type, strerror(errno));
	return -1;
}

void disk_unmount(const char *dir)
{
	if (umount(dir))
		umount2(dir, MNT_DETACH);
}
