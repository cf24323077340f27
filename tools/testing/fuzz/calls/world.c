// SPDX-License-Identifier: GPL-2.0
/* What a round begins with, and what has to be true when nobody is left. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "log_codec.h"

#define SPACES		"/sys/class/kvtier"
#define TIERS		"/sys/class/kvtier_tier"
#define PATIENCE_MS	120000
#define SEGMENTS	24U

static char wrong[512];

__attribute__((format(printf, 1, 2)))
static const char *say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(wrong, sizeof(wrong), format, args);
	va_end(args);
	return wrong;
}

/* ----------------------------------------------------------------------- sysfs */

bool world_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t ret = fd < 0 ? -1 : write(fd, value, strlen(value));

	if (fd >= 0)
		close(fd);
	return ret == (ssize_t)strlen(value);
}

static void set_knob(const char *class, const char *name, const char *knob, const char *value)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/%s", class, name, knob);
	world_write(path, value);
}

/* 0 where there is none. */
static long long number(const char *class, const char *name, const char *file)
{
	long long value = 0;
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", class, name, file);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%lld", &value) != 1)
		value = 0;
	fclose(f);
	return value;
}

/* Calls @fn for each, until one says what is wrong. Names may be any. */
static const char *for_each(const char *class, const char *(*fn)(const char *name))
{
	const char *bad = NULL;
	struct dirent *d;
	DIR *dir = opendir(class);

	while (dir && !bad && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			bad = fn(d->d_name);
	if (dir)
		closedir(dir);
	return bad;
}

/* --------------------------------------------------------------------- control */

static int control(unsigned long cmd, void *arg)
{
	int fd = open("/dev/kvtier-control", O_RDWR | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = ioctl(fd, cmd, arg) < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* Other than EBUSY: at once. */
static int control_patiently(unsigned long cmd, void *arg)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	int err;

	while ((err = control(cmd, arg)) == -EBUSY && now_ms() < end)
		usleep(20000);
	return err;
}

/* ------------------------------------------------------------------------ make */

/* A new set: what was on the device before is nobody's. */
static bool format(const char *path, struct rng *rng)
{
	struct kvt_log_super s = {
		.magic = cpu_to_le64(KVT_LOG_SUPER_MAGIC),
		.version = cpu_to_le32(KVT_LOG_VERSION),
		.sequence = cpu_to_le64(1),
		.set = { 1 },
		.nr_devices = cpu_to_le32(1),
		.nr_segments = cpu_to_le32(SEGMENTS),
		.grade = cpu_to_le32(KVT_LOG_BULK),
		.segment_bytes = cpu_to_le64(4 << 20),
		.first_segment = cpu_to_le64(KVT_LOG_SUPER_COPIES * KVT_LOG_SUPER_STEP),
	};
	int fd = open(path, O_WRONLY | O_CLOEXEC), copy;
	bool ok = fd >= 0;

	s.set[1] = rng_next(rng);
	s.set[2] = rng_next(rng);
	kvt_log_seal_super(&s);
	for (copy = 0; ok && copy < KVT_LOG_SUPER_COPIES; copy++)
		ok = pwrite(fd, &s, sizeof(s), copy * KVT_LOG_SUPER_STEP) == sizeof(s);
	ok = ok && !fsync(fd);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Tiers and two spaces; processes make more, and change these. */
const char *world_make(const struct options *o, struct rng *rng)
{
	struct process p = { .o = o };
	struct thread t = { .p = &p, .rng = *rng };
	int fd;

	if (o->module && access("/dev/kvtier-control", F_OK)) {
		int file = open(o->module, O_RDONLY | O_CLOEXEC);

		if (syscall(SYS_finit_module, file, "", 0))
			return say("cannot load %s: %s", o->module, strerror(errno));
		close(file);
	}
	if (o->nvme && !format(o->nvme, rng))
		return say("cannot write to %s: %s", o->nvme, strerror(errno));
	fd = open("/dev/kvtier-control", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return say("cannot open /dev/kvtier-control: %s; load kvtier.ko, and be root",
			   strerror(errno));
	control_add_tier(&t, fd, KVT_TIER_DRAM, NAME "dram");
	control_add_tier(&t, fd, KVT_TIER_CXL, NAME "cxl");
	control_add_tier(&t, fd, KVT_TIER_NVME, NAME "flash");
	control_add_tier(&t, fd, KVT_TIER_REMOTE, NAME "pool");
	control_add_space(fd, NAME "a", 65536, 0);
	control_add_space(fd, NAME "b", 1 << 20, 16);
	set_knob(SPACES, NAME "a", "remote", NAME "pool");
	set_knob(SPACES, NAME "a", "remote_write", "through");
	close(fd);
	return NULL;
}

/* ------------------------------------------------------------------------- end */

static const char *hurry_space(const char *name)
{
	set_knob(SPACES, name, "quarantine_ms", "0");
	set_knob(SPACES, name, "fill_timeout_ms", "100");
	return NULL;
}

static const char *hurry_tier(const char *name)
{
	set_knob(TIERS, name, "flush_ms", "0");
	return NULL;
}

static long long sum(const char *space, const char *attr, bool memory_only)
{
	long long all = 0;
	char file[64];
	int i;

	for (i = 0; i < KVT_MAX_ARENAS; i++) {
		snprintf(file, sizeof(file), "arena%d/frames", i);
		if (memory_only && !number(SPACES, space, file))
			continue;
		snprintf(file, sizeof(file), "arena%d/%s", i, attr);
		all += number(SPACES, space, file);
	}
	return all;
}

/* Each frame is free or has a block. */
static bool adds_up(const char *space)
{
	return sum(space, "frames", true) ==
		sum(space, "free", true) + sum(space, "blocks", true) &&
		sum(space, "blocks", false) == number(SPACES, space, "blocks");
}

/* Counts of what open files have are zero, soon. */
static const char *check_nothing(const char *name, const char *count)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	long long n;

	while ((n = number(SPACES, name, count)) && now_ms() < end)
		usleep(10000);
	return n ? say("space %s: nobody has it open, and %s is %lld", name, count, n) : NULL;
}

static const char *check_frames(const char *name)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	bool fine;

	while (!(fine = adds_up(name)) && now_ms() < end)
		usleep(10000);
	if (fine)
		return NULL;
	return say("space %s: %lld frames, %lld free, %lld blocks in memory, %lld in arenas, %lld in all",
		   name, sum(name, "frames", true), sum(name, "free", true),
		   sum(name, "blocks", true), sum(name, "blocks", false),
		   number(SPACES, name, "blocks"));
}

static const char *check_space(const char *name)
{
	static const char *const nothing[] = {
		"openers", "filling", "leases", "dropped_held", "quarantined",
	};
	const char *bad = NULL;
	unsigned int i;

	for (i = 0; !bad && i < ARRAY_SIZE(nothing); i++)
		bad = check_nothing(name, nothing[i]);
	return bad ?: check_frames(name);
}

static const char *delete_space(const char *name)
{
	struct kvt_space_delete a = { .size = sizeof(a) };
	int err;

	memcpy(a.name, name, strlen(name));
	err = control_patiently(KVT_IOC_SPACE_DELETE, &a);
	return err ? say("SPACE_DELETE of %s: %s", name, strerror(-err)) : NULL;
}

static const char *remove_tier(const char *name)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	struct kvt_tier_remove a = { .size = sizeof(a) };
	int err;

	while (number(TIERS, name, "limbo") && now_ms() < end)
		usleep(10000);
	if (number(TIERS, name, "limbo"))
		return say("tier %s: there are no spaces, and %lld bytes in limbo", name,
			   number(TIERS, name, "limbo"));
	memcpy(a.name, name, strlen(name));
	err = control_patiently(KVT_IOC_TIER_REMOVE, &a);
	return err ? say("TIER_REMOVE of %s: %s", name, strerror(-err)) : NULL;
}

static const char *unload(void)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	int err;

	while ((err = syscall(SYS_delete_module, "kvtier", O_NONBLOCK) ? errno : 0) &&
	       (err == EAGAIN || err == EBUSY || err == EWOULDBLOCK) && now_ms() < end)
		usleep(10000);
	return err ? say("cannot unload kvtier: %s", strerror(err)) : NULL;
}

const char *world_end(const struct options *o)
{
	const char *bad;

	for_each(TIERS, hurry_tier);
	bad = for_each(SPACES, hurry_space);
	if (!bad)
		bad = for_each(SPACES, check_space);
	if (!bad)
		bad = for_each(SPACES, delete_space);
	if (!bad)
		bad = for_each(TIERS, remove_tier);
	if (!bad && o->module)
		bad = unload();
	return bad;
}

/* For a report of what went wrong. */
void world_dump(void)
{
	fflush(stdout);
	if (system("cd /sys/class && grep -sr . kvtier/*/ kvtier_tier/*/ >&2"))
		return;
}
