// SPDX-License-Identifier: LGPL-2.1-or-later
/* /dev/kvtier-control: tiers and spaces. */
#include <fcntl.h>
#include <string.h>

#include "lib.h"

int kvt_open_control(void)
{
	int fd;

	do {
		fd = open(KVT_DEV_CONTROL, O_RDWR | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

/* The kernel judges the name; here it only has to fit, and @to to be all zero. */
static int set_name(__u8 to[KVT_NAME_SIZE], const char *name)
{
	size_t len = name ? strnlen(name, KVT_NAME_SIZE) : 0;

	if (!len || len >= KVT_NAME_SIZE)
		return -EINVAL;
	memcpy(to, name, len);
	return 0;
}

int kvt_ctl_version(int ctl, struct kvt_version *version)
{
	if (!version)
		return -EINVAL;
	memset(version, 0, sizeof(*version));
	version->size = sizeof(*version);
	return kvt_ioctl(ctl, KVT_IOC_VERSION, version);
}

int kvt_ctl_tier_add(int ctl, const char *name, enum kvt_tier_kind kind,
		     int node, uint64_t *bytes)
{
	struct kvt_tier_add arg = {
		.size = sizeof(arg), .kind = kind, .node = node,
	};
	int rc;

	if (!bytes || set_name(arg.name, name))
		return -EINVAL;
	arg.bytes = *bytes;
	rc = kvt_ioctl(ctl, KVT_IOC_TIER_ADD, &arg);
	if (!rc)
		*bytes = arg.bytes;
	return rc;
}

int kvt_remote_add(int ctl, const char *name)
{
	struct kvt_remote_add arg = { .size = sizeof(arg) };

	if (set_name(arg.name, name))
		return -EINVAL;
	return kvt_ioctl(ctl, KVT_IOC_REMOTE_ADD, &arg);
}

int kvt_remote_attach(int ctl, struct kvt_remote_attach *attach)
{
	int fd;

	if (!attach)
		return -EINVAL;
	attach->size = sizeof(*attach);
	do {
		fd = ioctl(ctl, KVT_IOC_REMOTE_ATTACH, attach);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

int kvt_ctl_tier_remove(int ctl, const char *name)
{
	struct kvt_tier_remove arg = { .size = sizeof(arg) };

	if (set_name(arg.name, name))
		return -EINVAL;
	return kvt_ioctl(ctl, KVT_IOC_TIER_REMOVE, &arg);
}

int kvt_ctl_nvme_add(int ctl, struct kvt_nvme_add *add)
{
	if (!add)
		return -EINVAL;
	add->size = sizeof(*add);
	add->bad = 0;
	return kvt_ioctl(ctl, KVT_IOC_NVME_ADD, add);
}

const char *kvt_nvme_bad(const struct kvt_nvme_add *add, int err)
{
	switch (err < 0 ? -err : err) {
	case 0:
	case EEXIST:
	case EINVAL:
	case EINTR:
	case EPERM:
	case ESTALE:
	case ENOTTY:
	case EBADF:
	case E2BIG:
	case ENOMEM:
		return NULL;
	default:
		if (!add || add->bad >= add->nr_devices || add->bad >= KVT_MAX_DEVICES)
			return NULL;
		return (const char *)add->devices[add->bad];
	}
}

/* Errors after which the kernel has written how far it came. */
static bool is_partial(int rc)
{
	return !rc || rc == -EBUSY || rc == -ENOMEM;
}

int kvt_ctl_tier_resize(int ctl, const char *name, uint64_t *bytes)
{
	struct kvt_tier_resize arg = { .size = sizeof(arg) };
	int rc;

	if (!bytes || set_name(arg.name, name))
		return -EINVAL;
	arg.bytes = *bytes;
	rc = kvt_ioctl(ctl, KVT_IOC_TIER_RESIZE, &arg);
	if (is_partial(rc))
		*bytes = arg.bytes;
	return rc;
}

int kvt_ctl_space_create(int ctl, struct kvt_space_create *create)
{
	if (!create)
		return -EINVAL;
	create->size = sizeof(*create);
	return kvt_ioctl(ctl, KVT_IOC_SPACE_CREATE, create);
}

int kvt_ctl_space_delete(int ctl, const char *name)
{
	struct kvt_space_delete arg = { .size = sizeof(arg) };

	if (set_name(arg.name, name))
		return -EINVAL;
	return kvt_ioctl(ctl, KVT_IOC_SPACE_DELETE, &arg);
}

int kvt_ctl_space_resize(int ctl, const char *name, const char *tier,
			 uint64_t *bytes)
{
	struct kvt_space_resize arg = { .size = sizeof(arg) };
	int rc;

	if (!bytes || set_name(arg.name, name) || set_name(arg.quota.tier, tier))
		return -EINVAL;
	arg.quota.bytes = *bytes;
	rc = kvt_ioctl(ctl, KVT_IOC_SPACE_RESIZE, &arg);
	if (is_partial(rc))
		*bytes = arg.quota.bytes;
	return rc;
}
