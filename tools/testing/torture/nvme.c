// SPDX-License-Identifier: GPL-2.0
/*
 * The nvme tier of a round, on a device behind the device mapper, so that it can
 * fail and be well again.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "log_codec.h"
#include "torture.h"

#define MAPPED		"torture-nvme"
#define FIRST_SEGMENT	(2ULL << 20)
#define SEGMENTS	24U

static char device[256];
static uint64_t sectors;

/* Run dmsetup; what it says in vain is not interesting. */
__attribute__((format(printf, 1, 2)))
static int dmsetup(const char *format, ...)
{
	char args[512], command[640];
	va_list ap;

	va_start(ap, format);
	vsnprintf(args, sizeof(args), format, ap);
	va_end(ap);
	snprintf(command, sizeof(command),
		 "DM_DISABLE_UDEV=1 dmsetup %s > /dev/null 2>&1", args);
	return system(command) ? -EIO : 0;
}

static int load_table(const char *table)
{
	int err = dmsetup("load " MAPPED " --table '%s'", table);

	return err ?: dmsetup("suspend --noflush --nolockfs " MAPPED) ?:
		      dmsetup("resume " MAPPED);
}

/* @how: as the target's name, with its first arguments; or NULL: it is well. */
int nvme_break(const char *how)
{
	char table[400];

	if (!how)
		how = "linear";
	snprintf(table, sizeof(table), "0 %llu %s", (unsigned long long)sectors, how);
	if (strcmp(how, "error"))
		snprintf(table, sizeof(table), "0 %llu %s %s 0%s",
			 (unsigned long long)sectors, how, device,
			 strcmp(how, "flakey") ? "" : " 1 1");
	return load_table(table);
}

static uint64_t segment_bytes(const struct plan *p)
{
	return p->block_size >= 512 << 10 ? 16ULL << 20 : 1ULL << 20;
}

/* A new set of devices: what is there from before is nobody's. */
static int format(const struct plan *p)
{
	struct kvt_log_super *s = aligned_alloc(KVT_LOG_PAGE, KVT_LOG_PAGE);
	int fd = open("/dev/mapper/" MAPPED, O_WRONLY | O_CLOEXEC), copy;
	int err = fd < 0 || !s ? -EIO : 0;

	for (copy = 0; copy < KVT_LOG_SUPER_COPIES && !err; copy++) {
		memset(s, 0, sizeof(*s));
		s->magic = cpu_to_le64(KVT_LOG_SUPER_MAGIC);
		s->version = cpu_to_le32(KVT_LOG_VERSION);
		s->sequence = cpu_to_le64(1);
		memcpy(s->set, plan_key(p, ~1U).b, sizeof(s->set));
		s->nr_devices = cpu_to_le32(1);
		s->nr_segments = cpu_to_le32(SEGMENTS);
		s->grade = cpu_to_le32(KVT_LOG_BULK);
		s->segment_bytes = cpu_to_le64(segment_bytes(p));
		s->first_segment = cpu_to_le64(FIRST_SEGMENT);
		kvt_log_seal_super(s);
		if (pwrite(fd, s, sizeof(*s), copy * KVT_LOG_SUPER_STEP) !=
		    sizeof(*s))
			err = -EIO;
	}
	if (!err && fsync(fd))
		err = -errno;
	if (fd >= 0)
		close(fd);
	free(s);
	return err;
}

/* Once: what is on the device is lost. 0 or -errno */
int nvme_open(const char *path)
{
	uint64_t bytes = 0;
	int fd = open(path, O_RDWR | O_CLOEXEC), err = 0;

	snprintf(device, sizeof(device), "%s", path);
	if (fd < 0)
		return -errno;
	/* Its targets are loaded as they are needed; the control node is not. */
	if (access("/dev/mapper/control", F_OK) && system("modprobe -q dm-mod"))
		err = -ENODEV;
	if (!err && ioctl(fd, BLKGETSIZE64, &bytes))
		err = -errno;
	close(fd);
	if (!err && bytes < FIRST_SEGMENT + SEGMENTS * (16ULL << 20))
		err = -ENOSPC;
	sectors = bytes / 512;
	return err;
}

/* Make the tier, empty, for a round. */
int nvme_make(const struct plan *p)
{
	int err;

	err = dmsetup("create " MAPPED " --table '0 %llu linear %s 0'",
		      (unsigned long long)sectors, device);
	return err ?: format(p) ?: nvme_attach();
}

int nvme_attach(void)
{
	return tier_add_nvme(NVME, "/dev/mapper/" MAPPED);
}

/* What the space may use of it. */
uint64_t nvme_quota(const struct plan *p)
{
	return SEGMENTS * segment_bytes(p);
}

/* Goes with what a round, or a run that was killed, has left. */
void nvme_remove_device(void)
{
	if (*device)
		dmsetup("remove --retry " MAPPED);
}

bool nvme_has_failed(void)
{
	char state[16] = "";
	FILE *f = fopen("/sys/class/kvtier_tier/" NVME "/state", "re");

	if (!f)
		return false;
	if (!fgets(state, sizeof(state), f))
		*state = 0;
	fclose(f);
	return !strncmp(state, "failed", 6);
}
