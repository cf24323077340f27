// SPDX-License-Identifier: GPL-2.0
/*
 * The user ABI does not move: sizes, offsets and numbers as first released.
 * Built for 64 and for 32 bits; both must agree.
 */
#include <stddef.h>

#include <kvtier.h>
#include "../lib/tap.h"

#define SIZE(type, bytes) \
	is(sizeof(struct type), bytes, "sizeof struct " #type)
#define AT(type, field, offset) \
	is(offsetof(struct type, field), offset, #type "." #field)

static void sizes(void)
{
	SIZE(kvt_tier_add, 56);
	SIZE(kvt_nvme_add, 2112);
	SIZE(kvt_tier_remove, 40);
	SIZE(kvt_tier_resize, 48);
	SIZE(kvt_quota, 40);
	SIZE(kvt_space_create, 432);
	SIZE(kvt_space_delete, 40);
	SIZE(kvt_space_resize, 80);
	SIZE(kvt_version, 40);
	SIZE(kvt_attach, 40);
	SIZE(kvt_arena_info, 80);
	SIZE(kvt_space_info, 744);
	SIZE(kvt_layers, 16);
	SIZE(kvt_status, 8);
	SIZE(kvt_entry, 64);
	SIZE(kvt_batch, 80);
}

static void control_offsets(void)
{
	AT(kvt_tier_add, name, 8);
	AT(kvt_tier_add, node, 40);
	AT(kvt_tier_add, bytes, 48);
	AT(kvt_nvme_add, flags, 4);
	AT(kvt_nvme_add, name, 8);
	AT(kvt_nvme_add, host, 40);
	AT(kvt_nvme_add, nr_devices, 56);
	AT(kvt_nvme_add, bad, 60);
	AT(kvt_nvme_add, devices, 64);
	AT(kvt_tier_remove, name, 8);
	AT(kvt_tier_resize, bytes, 40);
	AT(kvt_space_create, block_size, 4);
	AT(kvt_space_create, identity, 40);
	AT(kvt_space_create, uid, 72);
	AT(kvt_space_create, mode, 80);
	AT(kvt_space_create, nr_quotas, 88);
	AT(kvt_space_create, quotas, 96);
	AT(kvt_space_create, layers, 416);
	AT(kvt_space_create, nr_layers, 424);
	AT(kvt_space_resize, quota, 40);
	AT(kvt_version, release, 8);
}

static void space_offsets(void)
{
	AT(kvt_arena_info, kind, 32);
	AT(kvt_arena_info, window_offset, 48);
	AT(kvt_arena_info, status_len, 72);
	AT(kvt_space_info, identity, 40);
	AT(kvt_space_info, slots_offset, 80);
	AT(kvt_space_info, arenas, 96);
	AT(kvt_space_info, nr_layers, 736);
	AT(kvt_layers, nr, 4);
	AT(kvt_layers, ends, 8);
	AT(kvt_entry, addr, 32);
	AT(kvt_entry, pos, 40);
	AT(kvt_entry, offset, 48);
	AT(kvt_entry, slot, 56);
	AT(kvt_entry, result, 60);
	AT(kvt_batch, entries, 16);
	AT(kvt_batch, parent, 24);
	AT(kvt_batch, timeout_ns, 56);
	AT(kvt_batch, class_id, 64);
	AT(kvt_batch, tier, 65);
	AT(kvt_batch, done, 72);
	AT(kvt_batch, ok, 76);
}

static void command_numbers(void)
{
	is(KVT_IOC_VERSION, 0xc028b700, "KVT_IOC_VERSION");
	is(KVT_IOC_TIER_ADD, 0xc038b701, "KVT_IOC_TIER_ADD");
	is(KVT_IOC_TIER_REMOVE, 0x4028b702, "KVT_IOC_TIER_REMOVE");
	is(KVT_IOC_TIER_RESIZE, 0xc030b703, "KVT_IOC_TIER_RESIZE");
	is(KVT_IOC_SPACE_CREATE, 0x41b0b704, "KVT_IOC_SPACE_CREATE");
	is(KVT_IOC_SPACE_DELETE, 0x4028b705, "KVT_IOC_SPACE_DELETE");
	is(KVT_IOC_SPACE_RESIZE, 0xc050b706, "KVT_IOC_SPACE_RESIZE");
	is(KVT_IOC_NVME_ADD, 0xc840b707, "KVT_IOC_NVME_ADD");
	is(KVT_IOC_SPACE_INFO, 0xc2e8b720, "KVT_IOC_SPACE_INFO");
	is(KVT_IOC_ATTACH, 0x4028b721, "KVT_IOC_ATTACH");
	is(KVT_IOC_SUBMIT, 0xc050b722, "KVT_IOC_SUBMIT");
	is(KVT_IOC_LAYERS, 0xc010b723, "KVT_IOC_LAYERS");
}

static void values(void)
{
	is(KVT_OP_LOOKUP, 0, "KVT_OP_LOOKUP");
	is(KVT_OP_DROP, 9, "KVT_OP_DROP");
	is(KVT_TIER_DRAM, 0, "KVT_TIER_DRAM");
	is(KVT_TIER_REMOTE, 3, "KVT_TIER_REMOTE");
	is(KVT_NVME_TAKE_OVER, 1, "KVT_NVME_TAKE_OVER");
	is(KVT_F_WAIT, 1, "KVT_F_WAIT");
	is(KVT_F_CLASS, 1 << 7, "KVT_F_CLASS");
	is(KVT_F_ARRIVING, 1 << 8, "KVT_F_ARRIVING");
	is(KVT_F_LOCAL, 1 << 9, "KVT_F_LOCAL");
	is(KVT_F_AWAIT, 1 << 10, "KVT_F_AWAIT");
	is(KVT_RES_LEASED, 1 << 8, "KVT_RES_LEASED");
	is(KVT_RES_PRESENT, 1 << 9, "KVT_RES_PRESENT");
	is(KVT_RES_ARRIVING, 1 << 10, "KVT_RES_ARRIVING");
}

int main(void)
{
	sizes();
	control_offsets();
	space_offsets();
	command_numbers();
	values();
	return done();
}
