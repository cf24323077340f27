// SPDX-License-Identifier: GPL-2.0
/* Control calls: names fit or are refused, sizes come back. */
#include <unistd.h>

#include "fake.h"
#include "tap.h"

static const char *long_name = "a2345678901234567890123456789012";
static int ctl;

static void opening(void)
{
	fake.open_errno = ENOENT;
	is(kvt_open_control(), -ENOENT, "no module");
	fake.open_errno = 0;
	ctl = kvt_open_control();
	ok(ctl >= 0, "control file");
	ok(!strcmp(fake.path, "/dev/kvtier-control"), "is the right one");
}

static void names(void)
{
	uint64_t bytes = 0;

	fake.request = 0;
	is(kvt_ctl_tier_add(ctl, long_name, KVT_TIER_DRAM, 0, &bytes), -EINVAL,
	   "tier add: name too long");
	is(kvt_ctl_tier_remove(ctl, ""), -EINVAL, "tier remove: no name");
	is(kvt_ctl_tier_resize(ctl, NULL, &bytes), -EINVAL, "resize: NULL");
	is(kvt_ctl_space_delete(ctl, long_name), -EINVAL, "delete: too long");
	is(kvt_ctl_space_resize(ctl, "a", long_name, &bytes), -EINVAL,
	   "space resize: tier too long");
	is(kvt_ctl_tier_resize(ctl, "a", NULL), -EINVAL, "no size");
	is(kvt_ctl_space_create(ctl, NULL), -EINVAL, "create: NULL");
	is(kvt_ctl_version(ctl, NULL), -EINVAL, "version: NULL");
	is(fake.request, 0, "none reached the kernel");
}

static void sizes(void)
{
	uint64_t bytes = 8 << 20;

	fake.reached = 6 << 20;
	is(kvt_ctl_tier_add(ctl, "t", KVT_TIER_CXL, 1, &bytes), 0, "tier add");
	ok(fake.control.add.kind == KVT_TIER_CXL && fake.control.add.node == 1 &&
	   fake.control.add.bytes == 8 << 20 &&
	   !strcmp((char *)fake.control.add.name, "t") &&
	   fake.control.add.size == sizeof(fake.control.add), "as asked");
	is(bytes, 6 << 20, "the size obtained");

	bytes = 4 << 20;
	fake.ioctl_errno = EBUSY;
	is(kvt_ctl_tier_resize(ctl, "t", &bytes), -EBUSY, "part of the way");
	is(bytes, 6 << 20, "and how far");
	bytes = 4 << 20;
	is(kvt_ctl_space_resize(ctl, "s", "t", &bytes), -EBUSY, "space: the same");
	is(bytes, 6 << 20, "and how far");
	ok(!strcmp((char *)fake.control.space_resize.quota.tier, "t"), "tier");

	bytes = 4 << 20;
	fake.ioctl_errno = ENOENT;
	is(kvt_ctl_tier_resize(ctl, "t", &bytes), -ENOENT, "no such tier");
	is(bytes, 4 << 20, "size is left alone");
	fake.ioctl_errno = 0;
}

static bool is_path(const char *path, const char *want)
{
	return path && !strcmp(path, want);
}

static void nvme(void)
{
	struct kvt_nvme_add add = {
		.name = "n", .nr_devices = 2, .host = "host", .bad = 99,
		.flags = KVT_NVME_TAKE_OVER, .devices = { "/dev/a", "/dev/b" },
	};

	fake.bad = 1;
	is(kvt_ctl_nvme_add(ctl, NULL), -EINVAL, "nvme add: NULL");
	is(kvt_ctl_nvme_add(ctl, &add), 0, "nvme add");
	is(fake.request, KVT_IOC_NVME_ADD, "that request");
	is(fake.control.nvme.size, sizeof(add), "size is filled in");
	is(fake.control.nvme.bad, 0, "what is only told is zero");
	is(fake.control.nvme.flags, KVT_NVME_TAKE_OVER, "flags");
	ok(is_path((char *)fake.control.nvme.devices[1], "/dev/b"), "devices");
	fake.ioctl_errno = EBUSY;
	is(kvt_ctl_nvme_add(ctl, &add), -EBUSY, "an error about a device");
	ok(is_path(kvt_nvme_bad(&add, -EBUSY), "/dev/b"), "about the second");
	ok(is_path(kvt_nvme_bad(&add, EBUSY), "/dev/b"), "positive will do");
	ok(!kvt_nvme_bad(&add, -EEXIST) && !kvt_nvme_bad(&add, -ESTALE) &&
	   !kvt_nvme_bad(&add, -EPERM) && !kvt_nvme_bad(&add, -ENOTTY) &&
	   !kvt_nvme_bad(&add, 0), "others are about the tier");
	fake.bad = 2;
	is(kvt_ctl_nvme_add(ctl, &add), -EBUSY, "about one that was not given");
	ok(!kvt_nvme_bad(&add, -EBUSY), "is not looked up");
	ok(!kvt_nvme_bad(NULL, -EBUSY), "nor is NULL");
	fake.ioctl_errno = 0;
}

static void remote(void)
{
	struct kvt_remote_attach attach = { .name = "pool", .depth = 8 };

	is(kvt_remote_add(ctl, long_name), -EINVAL, "remote add: too long");
	is(kvt_remote_add(ctl, "pool"), 0, "remote add");
	is(fake.request, KVT_IOC_REMOTE_ADD, "that request");
	ok(fake.control.remote.size == sizeof(fake.control.remote) &&
	   is_path((char *)fake.control.remote.name, "pool"), "as asked");
	is(kvt_remote_attach(ctl, NULL), -EINVAL, "attach: NULL");
	fake.nr_eintr = 1;
	ok(kvt_remote_attach(ctl, &attach) >= 0, "attach, interrupted");
	is(fake.request, KVT_IOC_REMOTE_ATTACH, "that request");
	is(fake.control.attach.size, sizeof(attach), "size is filled in");
	is(fake.control.attach.depth, 8, "depth");
	fake.ioctl_errno = EBUSY;
	is(kvt_remote_attach(ctl, &attach), -EBUSY, "it has a helper");
	fake.ioctl_errno = 0;
}

static void others(void)
{
	struct kvt_space_create create = { .block_size = 4096 };
	struct kvt_version version;

	is(kvt_ctl_space_create(ctl, &create), 0, "space create");
	is(fake.control.create.size, sizeof(create), "size is filled in");
	is(kvt_ctl_space_delete(ctl, "s"), 0, "space delete");
	ok(!strcmp((char *)fake.control.del.name, "s"), "of that name");
	is(kvt_ctl_tier_remove(ctl, "t"), 0, "tier remove");
	fake.nr_eintr = 2;
	is(kvt_ctl_version(ctl, &version), 0, "version, interrupted");
	is(fake.request, KVT_IOC_VERSION, "that request");
	is(kvt_ctl_version(-1, &version), -EBADF, "not a file");
}

int main(void)
{
	fake_reset();
	opening();
	names();
	sizes();
	nvme();
	remote();
	others();
	close(ctl);
	return done();
}
