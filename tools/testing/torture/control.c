// SPDX-License-Identifier: GPL-2.0
/* Tiers and spaces by /dev/kvtier-control, and their sysfs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <kvtier_remote.h>

#include "torture.h"

#define CONTROL "/dev/kvtier-control"

static int control_fd = -1;

/* Once, before any worker is made. */
int control_open(void)
{
	control_fd = open(CONTROL, O_RDWR | O_CLOEXEC);
	return control_fd < 0 ? -errno : 0;
}

static int control(unsigned long cmd, void *arg)
{
	return ioctl(control_fd, cmd, arg) ? -errno : 0;
}

static void set_name(__u8 *to, const char *name)
{
	snprintf((char *)to, KVT_NAME_SIZE, "%s", name);
}

int tier_add(const char *name, uint32_t kind, int node, uint64_t bytes)
{
	struct kvt_tier_add a = {
		.size = sizeof(a),
		.kind = kind,
		.node = node,
		.bytes = bytes,
	};

	set_name(a.name, name);
	return control(KVT_IOC_TIER_ADD, &a);
}

int tier_add_nvme(const char *name, const char *device)
{
	struct kvt_nvme_add a = {
		.size = sizeof(a),
		.host = { 1 },
		.nr_devices = 1,
	};

	set_name(a.name, name);
	snprintf((char *)a.devices[0], KVT_PATH_SIZE, "%s", device);
	return control(KVT_IOC_NVME_ADD, &a);
}

int remote_add(const char *name)
{
	struct kvt_remote_add a = { .size = sizeof(a) };

	set_name(a.name, name);
	return control(KVT_IOC_REMOTE_ADD, &a);
}

int remote_attach(const char *name, uint32_t depth, uint32_t *stride)
{
	struct kvt_remote_attach a = { .size = sizeof(a), .depth = depth };
	int fd;

	set_name(a.name, name);
	fd = ioctl(control_fd, KVT_IOC_REMOTE_ATTACH, &a);
	*stride = a.stride;
	return fd < 0 ? -errno : fd;
}

int tier_remove(const char *name)
{
	struct kvt_tier_remove a = { .size = sizeof(a) };

	set_name(a.name, name);
	return control(KVT_IOC_TIER_REMOVE, &a);
}

int tier_resize(const char *name, uint64_t bytes)
{
	struct kvt_tier_resize a = { .size = sizeof(a), .bytes = bytes };

	set_name(a.name, name);
	return control(KVT_IOC_TIER_RESIZE, &a);
}

void identity_of(const struct plan *p, __u8 *identity)
{
	struct key key = plan_key(p, ~0U);

	memcpy(identity, key.b, KVT_IDENTITY_SIZE);
}

int space_create(const struct plan *p, const char *name, uint64_t dram,
		 uint64_t cxl)
{
	struct kvt_space_create a = {
		.size = sizeof(a),
		.block_size = p->block_size,
		.mode = 0600,
	};
	struct kvt_quota *q = a.quotas;

	set_name(a.name, name);
	identity_of(p, a.identity);
	if (dram) {
		set_name(q->tier, DRAM);
		q++->bytes = dram;
	}
	if (cxl) {
		set_name(q->tier, CXL);
		q++->bytes = cxl;
	}
	if (p->nvme && !strcmp(name, SPACE)) {
		set_name(q->tier, NVME);
		q++->bytes = nvme_quota(p);
	}
	a.nr_quotas = q - a.quotas;
	return control(KVT_IOC_SPACE_CREATE, &a);
}

int space_delete(const char *name)
{
	struct kvt_space_delete a = { .size = sizeof(a) };

	set_name(a.name, name);
	return control(KVT_IOC_SPACE_DELETE, &a);
}

int space_resize(const char *name, const char *tier, uint64_t bytes)
{
	struct kvt_space_resize a = {
		.size = sizeof(a),
		.quota.bytes = bytes,
	};

	set_name(a.name, name);
	set_name(a.quota.tier, tier);
	return control(KVT_IOC_SPACE_RESIZE, &a);
}

int space_open(const char *name, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/kvtier/%s", name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* ------------------------------------------------------------------ sysfs */

/* -1: there is none */
long long tree_number(const char *path)
{
	long long value = -1;
	FILE *f = fopen(path, "re");

	if (!f)
		return -1;
	if (fscanf(f, "%lld", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

long long tier_attr(const char *tier, const char *attr)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/class/kvtier_tier/%s/%s", tier, attr);
	return tree_number(path);
}

long long space_attr(const char *space, const char *attr)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/class/kvtier/%s/%s", space, attr);
	return tree_number(path);
}

bool tree_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t ret;

	if (fd < 0)
		return false;
	ret = write(fd, value, strlen(value));
	close(fd);
	return ret == (ssize_t)strlen(value);
}

int tier_knob(const char *tier, const char *knob, const char *value)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/class/kvtier_tier/%s/%s", tier, knob);
	return tree_write(path, value) ? 0 : -errno;
}

int space_knob(const char *space, const char *knob, const char *value)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/class/kvtier/%s/%s", space, knob);
	return tree_write(path, value) ? 0 : -errno;
}

int space_knob_number(const char *space, const char *knob, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	return space_knob(space, knob, text);
}

/* Every file of a directory of sysfs; @out: print them, too. */
static void read_dir(const char *dir, FILE *out, int depth)
{
	struct dirent *d;
	DIR *handle = opendir(dir);

	while (handle && (d = readdir(handle))) {
		char path[512], text[256] = "";
		FILE *f;

		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
		if (d->d_type == DT_DIR && depth && strcmp(d->d_name, "power"))
			read_dir(path, out, depth - 1);
		if (d->d_type != DT_REG || !strcmp(d->d_name, "uevent"))
			continue;
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fgets(text, sizeof(text), f) && out)
			fprintf(out, "  %s: %s", path, text);
		fclose(f);
	}
	if (handle)
		closedir(handle);
}

void space_read_all(const char *space)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/class/kvtier/%s", space);
	read_dir(path, NULL, 1);
}

/* For a report of what went wrong. */
void space_dump(const char *space)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/class/kvtier/%s", space);
	read_dir(path, stderr, 1);
	read_dir("/sys/class/kvtier_tier/" DRAM, stderr, 0);
	read_dir("/sys/class/kvtier_tier/" CXL, stderr, 0);
	read_dir("/sys/class/kvtier_tier/" NVME, stderr, 0);
}

/* A second node with memory, where there is one. */
int slow_node(void)
{
	long long kb = -1;
	char line[128];
	FILE *f = fopen("/sys/devices/system/node/node1/meminfo", "re");

	while (f && kb < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "Node 1 MemFree: %lld", &kb);
	if (f)
		fclose(f);
	return kb > 256 * 1024 ? 1 : 0;
}
