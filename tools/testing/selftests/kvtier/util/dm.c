// SPDX-License-Identifier: GPL-2.0
/*
 * Device-mapper devices, by its ioctls: dmsetup wants udev, and takes a second
 * for each step in the test machine.
 */
#include <linux/dm-ioctl.h>
#include <stdarg.h>
#include <sys/sysmacros.h>

#include "../nvme.h"

#define CONTROL		"/dev/mapper/control"
#define ROOM		16384
#define MAX_TARGETS	8

/* A command and what comes with it, or back. */
struct request {
	struct dm_ioctl h;
	char data[ROOM - sizeof(struct dm_ioctl)];
};

static struct request *begin(const char *name)
{
	struct request *r = calloc(1, sizeof(*r));

	r->h.version[0] = DM_VERSION_MAJOR;
	r->h.data_size = sizeof(*r);
	r->h.data_start = sizeof(r->h);
	if (name)
		strncpy(r->h.name, name, sizeof(r->h.name) - 1);
	return r;
}

static int submit(unsigned long cmd, struct request *r)
{
	int fd = open(CONTROL, O_RDWR | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = kst_ioctl(fd, cmd, r);
	close(fd);
	return err;
}

static int simple(unsigned long cmd, const char *name, __u32 flags)
{
	struct request *r = begin(name);
	int err;

	r->h.flags = flags;
	err = submit(cmd, r);
	free(r);
	return err;
}

static bool has_target(const char *target)
{
	struct request *r = begin(NULL);
	struct dm_target_versions *v = (void *)r->data;
	bool found = false;

	if (!submit(DM_LIST_VERSIONS, r)) {
		while (!(found = !strcmp(v->name, target)) && v->next)
			v = (void *)((char *)v + v->next);
	}
	free(r);
	return found;
}

const char *kst_dm_missing(const char *target)
{
	static char why[64];
	char cmd[64];

	if (access(CONTROL, F_OK) && system("modprobe -q dm-mod"))
		return "the kernel has no dm-mod";
	snprintf(cmd, sizeof(cmd), "modprobe -q dm-%s", target);
	if (has_target(target) || (!system(cmd) && has_target(target)))
		return NULL;
	snprintf(why, sizeof(why), "the kernel has no dm-%s", target);
	return why;
}

/* "FIRST LENGTH TARGET ARGUMENTS", a line each, as dmsetup takes it. */
static int add_targets(struct request *r, char *table)
{
	size_t pos = 0;
	char *line;

	for (; (line = strsep(&table, "\n")); r->h.target_count++) {
		struct dm_target_spec *t = (void *)(r->data + pos);
		unsigned long long first, length;
		int skip = 0;

		if (sscanf(line, "%llu %llu %15s %n", &first, &length,
			   t->target_type, &skip) < 3)
			return -EINVAL;
		t->sector_start = first;
		t->length = length;
		pos += sizeof(*t);
		strcpy(r->data + pos, skip ? line + skip : "");
		pos = (pos + strlen(r->data + pos) + 8) & ~7UL;
		t->next = (char *)(r->data + pos) - (char *)t;
	}
	return 0;
}

static int load(const char *name, const char *table, va_list ap)
{
	struct request *r = begin(name);
	char text[1024];
	int err;

	vsnprintf(text, sizeof(text), table, ap);
	err = add_targets(r, text);
	if (!err)
		err = submit(DM_TABLE_LOAD, r);
	if (err)
		fprintf(stderr, "# %s: table '%s': %s\n", name, text,
			strerror(-err));
	free(r);
	return err;
}

int kst_dm_make(const char *name, const char *table, ...)
{
	int err = simple(DM_DEV_CREATE, name, 0);
	va_list ap;

	if (err)
		return err;
	va_start(ap, table);
	err = load(name, table, ap);
	va_end(ap);
	return err ?: kst_dm_resume(name);
}

/* Another table, with I/O that is under way left where it is. */
int kst_dm_load(const char *name, const char *table, ...)
{
	va_list ap;
	int err;

	va_start(ap, table);
	err = load(name, table, ap);
	va_end(ap);
	return err ?: kst_dm_suspend(name) ?: kst_dm_resume(name);
}

int kst_dm_suspend(const char *name)
{
	return simple(DM_DEV_SUSPEND, name,
		      DM_SUSPEND_FLAG | DM_NOFLUSH_FLAG | DM_SKIP_LOCKFS_FLAG);
}

int kst_dm_resume(const char *name)
{
	return simple(DM_DEV_SUSPEND, name, 0);
}

/* Its node; the kernel makes it by itself. */
const char *kst_dm_path(const char *name)
{
	static char path[32];
	struct request *r = begin(name);

	path[0] = 0;
	if (!submit(DM_DEV_STATUS, r))
		snprintf(path, sizeof(path), "/dev/dm-%u", minor(r->h.dev));
	free(r);
	return path;
}

static int remove_one(const char *name)
{
	int err;

	KST_UNTIL((err = simple(DM_DEV_REMOVE, name, 0)) != -EBUSY);
	if (err)
		fprintf(stderr, "# cannot remove %s: %s\n", name, strerror(-err));
	return err;
}

/* Does something to all devices of ours, if there is a device mapper. */
static void each(int (*fn)(const char *name))
{
	struct request *r = begin(NULL);
	struct dm_name_list *n = (void *)r->data;

	if (access(CONTROL, F_OK) || submit(DM_LIST_DEVICES, r) || !n->dev) {
		free(r);
		return;
	}
	for (;;) {
		if (!strncmp(n->name, KST_PREFIX, strlen(KST_PREFIX)))
			fn(n->name);
		if (!n->next)
			break;
		n = (void *)((char *)n + n->next);
	}
	free(r);
}

void kst_dm_wake(void)
{
	each(kst_dm_resume);
}

void kst_dm_cleanup(void)
{
	each(kst_dm_resume);
	each(remove_one);
}
