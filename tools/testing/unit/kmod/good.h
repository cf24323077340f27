/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arguments that every check takes, to spoil one field at a time:
 *
 *	TAKES(tier_add, good_tier_add(), bytes = 2 * MIB)
 *	REFUSES(tier_add, good_tier_add(), bytes = 0)
 */
#ifndef GOOD_H
#define GOOD_H

#include <errno.h>
#include <string.h>

#include "abi.h"
#include "../lib/tap.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define GIVES(want, check, good, ...) do {				\
	__typeof__(good) arg_ = (good);					\
	arg_.__VA_ARGS__;						\
	is(kvt_abi_check_##check(&arg_), want, "%s: %s: %s", #check,	\
	   (want) ? "refused" : "taken", #__VA_ARGS__);			\
} while (0)

#define TAKES(check, good, ...) GIVES(0, check, good, __VA_ARGS__)
#define REFUSES(check, good, ...) GIVES(-EINVAL, check, good, __VA_ARGS__)

static inline void set_name(__u8 *name, const char *text)
{
	size_t i;

	memset(name, 0, KVT_NAME_SIZE);
	for (i = 0; i < KVT_NAME_SIZE && text[i]; i++)
		name[i] = text[i];
}

static inline struct kvt_tier_add good_tier_add(void)
{
	struct kvt_tier_add arg = {
		.size = sizeof(arg), .kind = KVT_TIER_DRAM, .bytes = 64 * MIB,
	};

	set_name(arg.name, "dram");
	return arg;
}

static inline void set_path(__u8 *path, const char *text)
{
	memset(path, 0, KVT_PATH_SIZE);
	memcpy(path, text, strlen(text));
}

/* Two devices of KVT_MAX_DEVICES, the rest zero. */
static inline struct kvt_nvme_add good_nvme_add(void)
{
	struct kvt_nvme_add arg = {
		.size = sizeof(arg), .host = { 0x5a, 1, 2, 3 }, .nr_devices = 2,
	};

	set_name(arg.name, "disk");
	set_path(arg.devices[0], "/dev/nvme0n1");
	set_path(arg.devices[1], "/dev/disk/by-id/nvme-kvt2");
	return arg;
}

static inline struct kvt_tier_resize good_tier_resize(void)
{
	struct kvt_tier_resize arg = {
		.size = sizeof(arg), .bytes = 64 * MIB,
	};

	set_name(arg.name, "dram");
	return arg;
}

/* Two quotas of KVT_MAX_ARENAS, the rest zero. */
static inline struct kvt_space_create good_space_create(void)
{
	struct kvt_space_create arg = {
		.size = sizeof(arg), .block_size = 2 * MIB, .uid = 1000,
		.gid = 1000, .mode = 0600, .nr_quotas = 2,
		.quotas = { { .bytes = 64 * MIB }, { .bytes = 32 * MIB } },
	};

	set_name(arg.name, "llama");
	set_name(arg.quotas[0].tier, "dram");
	set_name(arg.quotas[1].tier, "cxl");
	return arg;
}

static inline struct kvt_space_resize good_space_resize(void)
{
	struct kvt_space_resize arg = {
		.size = sizeof(arg), .quota = { .bytes = 64 * MIB },
	};

	set_name(arg.name, "llama");
	set_name(arg.quota.tier, "dram");
	return arg;
}

static inline struct kvt_batch good_batch(__u32 op)
{
	return (struct kvt_batch) {
		.size = sizeof(struct kvt_batch), .op = op, .nr = 1,
		.entries = 0x7f0000001000,
	};
}

/* An entry that the command takes in a space of 64 KiB blocks or larger. */
static inline struct kvt_entry good_entry(__u32 op)
{
	struct kvt_entry e = { .key = { 1 }, };

	if (op == KVT_OP_GET)
		e.len = 4096;
	if (op == KVT_OP_GET || op == KVT_OP_PUT)
		e.addr = 0x7f0000002003;
	return e;
}

#endif /* GOOD_H */
