// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>

#include "area.h"
#include "block.h"
#include "io.h"
#include "ioctl.h"
#include "load.h"
#include "netlink.h"
#include "nvme.h"
#include "space.h"
#include "tier.h"

/* See kvt.h. */
DEFINE_MUTEX(kvt_admin);

static int __init kvt_init(void)
{
	int err;

	err = kvt_netlink_init();
	if (err)
		return err;
	err = kvt_block_init();
	if (err)
		goto exit_netlink;
	err = kvt_area_init();
	if (err)
		goto exit_block;
	err = kvt_io_init();
	if (err)
		goto exit_area;
	err = kvt_sums_init();
	if (err)
		goto exit_io;
	err = kvt_load_init();
	if (err)
		goto exit_sums;
	err = kvt_tier_init();
	if (err)
		goto exit_load;
	err = kvt_nvme_init();
	if (err)
		goto exit_tier_class;
	err = kvt_space_init();
	if (err)
		goto exit_nvme;
	err = kvt_control_init();
	if (err)
		goto exit_space;
	return 0;

exit_space:
	kvt_space_exit();
exit_nvme:
	kvt_nvme_shutdown_all();
exit_tier_class:
	kvt_tier_exit();
exit_load:
	kvt_load_exit();
exit_sums:
	kvt_sums_exit();
exit_io:
	kvt_io_exit();
exit_area:
	kvt_area_exit();
exit_block:
	kvt_block_exit();
exit_netlink:
	kvt_netlink_exit();
	return err;
}

static void __exit kvt_exit(void)
{
	kvt_control_exit();
	/* First, so that what spaces have there stays on the devices. */
	kvt_nvme_shutdown_all();
	kvt_space_exit();
	kvt_tier_exit();
	kvt_load_exit();
	kvt_sums_exit();
	kvt_io_exit();
	kvt_area_exit();
	kvt_block_exit();
	kvt_netlink_exit();
}

module_init(kvt_init);
module_exit(kvt_exit);

MODULE_DESCRIPTION("Tiered KV cache for LLM inference hosts");
MODULE_AUTHOR("kvtier maintainers");
MODULE_LICENSE("GPL");
MODULE_VERSION(KVT_VERSION);
