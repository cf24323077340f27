// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>

#include "../nvme.h"

/* Without udev in the test machine nobody would answer its cookies. */
#define DMSETUP "dmsetup --noudevsync --noudevrules "

static int run(const char *fmt, ...)
{
	char cmd[1024];
	va_list ap;
	int status;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	fflush(NULL);
	status = system(cmd);
	if (status)
		fprintf(stderr, "# %s: status %d\n", cmd, status);
	return status ? -EIO : 0;
}

const char *kst_dm_missing(const char *target)
{
	static char why[64];
	char cmd[128];

	if (system("command -v dmsetup > /dev/null"))
		return "dmsetup is not installed";
	snprintf(cmd, sizeof(cmd), "modprobe -q dm-mod && "
		 "{ modprobe -q dm-%s; dmsetup targets | grep -q '^%s '; }",
		 target, target);
	if (!system(cmd))
		return NULL;
	snprintf(why, sizeof(why), "the kernel has no dm-%s", target);
	return why;
}

int kst_dm_make(const char *name, const char *table, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, table);
	vsnprintf(text, sizeof(text), table, ap);
	va_end(ap);
	return run(DMSETUP "create %s --table '%s' && dmsetup mknodes %s",
		   name, text, name);
}

/* Another table, with I/O that is under way left where it is. */
int kst_dm_load(const char *name, const char *table, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, table);
	vsnprintf(text, sizeof(text), table, ap);
	va_end(ap);
	return run(DMSETUP "load %s --table '%s' && "
		   DMSETUP "suspend --noflush --nolockfs %s && "
		   DMSETUP "resume %s", name, text, name, name);
}

int kst_dm_suspend(const char *name)
{
	return run(DMSETUP "suspend --noflush --nolockfs %s", name);
}

int kst_dm_resume(const char *name)
{
	return run(DMSETUP "resume %s", name);
}

/* Does something to all devices of ours. */
static void each(const char *what)
{
	run("command -v dmsetup > /dev/null && test -e /dev/mapper/control || exit 0; "
	    "dmsetup ls 2> /dev/null | sed -n 's/^\\(kst_[^\t ]*\\).*/\\1/p' | "
	    "while read -r n; do " DMSETUP "%s $n; done", what);
}

void kst_dm_wake(void)
{
	each("resume");
}

void kst_dm_cleanup(void)
{
	each("resume");
	each("remove --retry");
}
