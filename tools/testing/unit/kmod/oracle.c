// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "oracle.h"

#define OP(name) (1U << KVT_OP_##name)

static bool is_one_of(__u32 op, __u32 ops)
{
	return op < 32 && ops >> op & 1;
}

static bool all_zero(const void *p, size_t len)
{
	static const char zeroes[sizeof(struct kvt_nvme_add)];

	return !memcmp(p, zeroes, len);
}

static bool is_name(const __u8 *name)
{
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	char text[KVT_NAME_SIZE + 1] = { 0 };
	size_t len;

	memcpy(text, name, KVT_NAME_SIZE);
	len = strlen(text);
	return len >= 1 && len <= 31 && text[0] >= 'a' && text[0] <= 'z' &&
		strspn(text, rest) == len &&
		all_zero(name + len, KVT_NAME_SIZE - len);
}

/* No machine has 2^56 bytes. */
static bool is_amount(__u64 bytes)
{
	return !(bytes & 0x1fffff) && !(bytes >> 56);
}

bool oracle_tier_add(const struct kvt_tier_add *arg)
{
	return (arg->kind == KVT_TIER_DRAM || arg->kind == KVT_TIER_CXL) &&
		is_name(arg->name) && arg->pad == 0 && arg->bytes > 0 &&
		is_amount(arg->bytes);
}

static bool is_path(const __u8 *path)
{
	size_t len = strnlen((const char *)path, KVT_PATH_SIZE);

	return len >= 1 && len <= 255 && all_zero(path + len, 256 - len);
}

bool oracle_nvme_add(const struct kvt_nvme_add *arg)
{
	__u32 i, paths = 0;

	for (i = 0; i < 8; i++)
		if (i < arg->nr_devices ? !is_path(arg->devices[i]) :
					  !all_zero(arg->devices[i], 256))
			return false;
		else if (arg->devices[i][0])
			paths++;
	return (arg->flags == 0 || arg->flags == KVT_NVME_TAKE_OVER) &&
		is_name(arg->name) && !all_zero(arg->host, 16) &&
		paths >= 1 && paths == arg->nr_devices;
}

bool oracle_tier_resize(const struct kvt_tier_resize *arg)
{
	return arg->pad == 0 && is_name(arg->name) && is_amount(arg->bytes);
}

bool oracle_space_resize(const struct kvt_space_resize *arg)
{
	return arg->pad == 0 && is_name(arg->name) &&
		is_name(arg->quota.tier) && is_amount(arg->quota.bytes);
}

static bool quotas_are_good(const struct kvt_space_create *arg)
{
	for (__u32 i = 0; i < KVT_MAX_ARENAS; i++) {
		const struct kvt_quota *q = &arg->quotas[i];

		if (i >= arg->nr_quotas) {
			if (!all_zero(q, sizeof(*q)))
				return false;
			continue;
		}
		if (!is_name(q->tier) || !is_amount(q->bytes) ||
		    q->bytes < arg->block_size)
			return false;
		for (__u32 j = i + 1; j < arg->nr_quotas; j++)
			if (!strcmp((const char *)q->tier,
				    (const char *)arg->quotas[j].tier))
				return false;
	}
	return true;
}

bool oracle_space_create(const struct kvt_space_create *arg)
{
	return !(arg->block_size & 4095) && arg->block_size >= 4096 &&
		arg->block_size <= 67108864 && is_name(arg->name) &&
		arg->mode > 0 && !(arg->mode & ~0777U) &&
		arg->default_class <= 15 && arg->pad == 0 && arg->pad2 == 0 &&
		arg->nr_layers <= 1024 &&
		(arg->nr_layers > 0) == (arg->layers > 0) &&
		arg->nr_quotas >= 1 && arg->nr_quotas <= 8 &&
		quotas_are_good(arg);
}

static __u32 takers(__u32 flag)
{
	switch (flag) {
	case KVT_F_WAIT:
		return OP(ACQUIRE) | OP(RESERVE) | OP(PUT);
	case KVT_F_NO_PROMOTE:
	case KVT_F_ARRIVING:
	case KVT_F_AWAIT:
		return OP(ACQUIRE);
	case KVT_F_MEMORY_ONLY:
		return OP(LOOKUP) | OP(ACQUIRE);
	case KVT_F_LEASE:
		return OP(RESERVE);
	case KVT_F_TOUCH:
		return OP(RELEASE);
	case KVT_F_CHAIN:
		return OP(DROP);
	case KVT_F_LOCAL:
		return OP(ACQUIRE) | OP(GET) | OP(PREFETCH) | OP(DROP);
	case KVT_F_FLAT:
	case KVT_F_CLASS:
		return OP(RESERVE) | OP(PUT);
	}
	return 0;
}

static bool flags_are_good(const struct kvt_batch *arg)
{
	for (int bit = 0; bit < 32; bit++)
		if (arg->flags >> bit & 1 &&
		    !is_one_of(arg->op, takers(1U << bit)))
			return false;
	return true;
}

bool oracle_batch(const struct kvt_batch *arg)
{
	bool fills = is_one_of(arg->op, OP(RESERVE) | OP(PUT));
	bool timed = arg->flags & KVT_F_WAIT || arg->op == KVT_OP_PREFETCH;
	__u64 longest = timed ? 3600 * 1000000000ULL : 0;
	__u32 highest_class = arg->flags & KVT_F_CLASS ? 15 : 0;
	__u32 lowest_tier = arg->op == KVT_OP_PREFETCH ? KVT_TIER_CXL : 0;

	return arg->op <= KVT_OP_DROP && flags_are_good(arg) &&
		arg->nr >= 1 && arg->nr <= 16384 && !(arg->entries & 7) &&
		(fills || all_zero(arg->parent, sizeof(arg->parent))) &&
		arg->timeout_ns <= longest && arg->class_id <= highest_class &&
		arg->tier <= lowest_tier && arg->pad == 0 && arg->pad2 == 0;
}

bool oracle_entry(const struct kvt_batch *arg, const struct kvt_entry *e,
		  __u32 block_size)
{
	bool by_slot = is_one_of(arg->op, OP(RELEASE) | OP(COMMIT) | OP(ABORT));
	bool copies = is_one_of(arg->op, OP(PUT) | OP(GET));

	if (!by_slot && all_zero(e->key, sizeof(e->key)))
		return false;
	if (!copies && e->addr)
		return false;
	if (arg->op == KVT_OP_GET)
		return e->len > 0 && (__u64)e->pos + e->len <= block_size;
	if (e->pos)
		return false;
	return e->len <= (arg->flags & KVT_F_ARRIVING ? block_size : 0);
}
