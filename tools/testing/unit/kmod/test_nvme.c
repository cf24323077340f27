// SPDX-License-Identifier: GPL-2.0
/* NVME_ADD. */
#include "good.h"

static void fields(void)
{
	TAKES(nvme_add, good_nvme_add(), size = sizeof(arg_));
	TAKES(nvme_add, good_nvme_add(), flags = KVT_NVME_TAKE_OVER);
	REFUSES(nvme_add, good_nvme_add(), flags = KVT_NVME_TAKE_OVER | 2);
	REFUSES(nvme_add, good_nvme_add(), flags = 1U << 31);
	REFUSES(nvme_add, good_nvme_add(), name[0] = 0);
	REFUSES(nvme_add, good_nvme_add(), name[0] = 'D');
	REFUSES(nvme_add, good_nvme_add(), name[31] = 'x');
	/* It is an output. */
	TAKES(nvme_add, good_nvme_add(), bad = ~0U);
}

static void host(void)
{
	struct kvt_nvme_add arg = good_nvme_add();

	memset(arg.host, 0, sizeof(arg.host));
	REFUSES(nvme_add, arg, flags = 0);
	TAKES(nvme_add, arg, host[0] = 1);
	TAKES(nvme_add, arg, host[KVT_HOST_SIZE - 1] = 0x80);
}

static void count(void)
{
	struct kvt_nvme_add arg = good_nvme_add();

	REFUSES(nvme_add, arg, nr_devices = 0);
	REFUSES(nvme_add, arg, nr_devices = 1);
	REFUSES(nvme_add, arg, nr_devices = 3);
	REFUSES(nvme_add, arg, nr_devices = ~0U);
	for (int i = 2; i < KVT_MAX_DEVICES; i++)
		set_path(arg.devices[i], "/dev/x");
	TAKES(nvme_add, arg, nr_devices = KVT_MAX_DEVICES);
	REFUSES(nvme_add, arg, nr_devices = KVT_MAX_DEVICES - 1);
	REFUSES(nvme_add, arg, nr_devices = KVT_MAX_DEVICES + 1);
	memset(arg.devices[1], 0, sizeof(arg) - offsetof(struct kvt_nvme_add,
							 devices[1]));
	TAKES(nvme_add, arg, nr_devices = 1);
}

static void paths(void)
{
	struct kvt_nvme_add arg = good_nvme_add();

	REFUSES(nvme_add, arg, devices[0][0] = 0);
	REFUSES(nvme_add, arg, devices[1][0] = 0);
	REFUSES(nvme_add, arg, devices[1][KVT_PATH_SIZE - 1] = 'x');
	REFUSES(nvme_add, arg, devices[0][4] = 0);
	REFUSES(nvme_add, arg, devices[2][0] = '/');
	REFUSES(nvme_add, arg, devices[7][KVT_PATH_SIZE - 1] = 1);
	memset(arg.devices[0], 'a', KVT_PATH_SIZE);
	TAKES(nvme_add, arg, devices[0][KVT_PATH_SIZE - 1] = 0);
	REFUSES(nvme_add, arg, flags = 0);
	/* What it means is for the lookup to say. */
	set_path(arg.devices[0], "a\xff\n ");
	TAKES(nvme_add, arg, flags = 0);
}

int main(void)
{
	fields();
	host();
	count();
	paths();
	return done();
}
