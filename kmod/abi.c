// SPDX-License-Identifier: GPL-2.0
#include "abi.h"

#ifdef __KERNEL__
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/string.h>
#else
#include <errno.h>
#include <string.h>
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#endif

#define F_ROOM (KVT_F_WAIT | KVT_F_FLAT | KVT_F_CLASS)

/* What each command takes. */
static const struct op_rule {
	__u32 flags;
	bool writes;	/* needs a writable file */
	bool key;	/* names blocks by key, else by slot */
	bool fills;	/* parent and class make sense */
} rules[] = {
	[KVT_OP_LOOKUP]   = { .flags = KVT_F_MEMORY_ONLY, .key = true },
	[KVT_OP_ACQUIRE]  = { .flags = KVT_F_WAIT | KVT_F_NO_PROMOTE |
				       KVT_F_MEMORY_ONLY | KVT_F_ARRIVING | KVT_F_AWAIT |
				       KVT_F_LOCAL,
			      .key = true },
	[KVT_OP_RELEASE]  = { .flags = KVT_F_TOUCH },
	[KVT_OP_RESERVE]  = { .flags = F_ROOM | KVT_F_LEASE, .writes = true,
			      .key = true, .fills = true },
	[KVT_OP_COMMIT]   = { .writes = true },
	[KVT_OP_ABORT]    = { .writes = true },
	[KVT_OP_PUT]      = { .flags = F_ROOM, .writes = true, .key = true,
			      .fills = true },
	[KVT_OP_GET]      = { .flags = KVT_F_LOCAL, .key = true },
	[KVT_OP_PREFETCH] = { .flags = KVT_F_LOCAL, .key = true },
	[KVT_OP_DROP]     = { .flags = KVT_F_CHAIN | KVT_F_LOCAL, .writes = true,
			      .key = true },
};

bool kvt_abi_is_zero(const void *p, size_t len)
{
	const __u8 *byte = p;

	while (len--)
		if (*byte++)
			return false;
	return true;
}

static bool name_char(__u8 c, bool first)
{
	if (c >= 'a' && c <= 'z')
		return true;
	return !first && ((c >= '0' && c <= '9') || c == '_' || c == '-');
}

/* 1..31 characters of [a-z0-9_-], the first a letter, the rest NUL. */
int kvt_abi_check_name(const __u8 *name)
{
	unsigned int i;

	for (i = 0; i < KVT_NAME_SIZE && name[i]; i++)
		if (!name_char(name[i], i == 0))
			return -EINVAL;
	if (i == 0 || !kvt_abi_is_zero(name + i, KVT_NAME_SIZE - i))
		return -EINVAL;
	return i < KVT_NAME_SIZE ? 0 : -EINVAL;
}

static bool whole_chunks(__u64 bytes)
{
	return bytes % KVT_CHUNK_BYTES == 0 && bytes < 1ULL << 56;
}

int kvt_abi_check_tier_add(const struct kvt_tier_add *arg)
{
	if (arg->kind > KVT_TIER_CXL || arg->pad || !arg->bytes ||
	    !whole_chunks(arg->bytes))
		return -EINVAL;
	return kvt_abi_check_name(arg->name);
}

/* A path: not empty, NUL-terminated, the rest zero. */
static bool path_is_good(const __u8 *path)
{
	unsigned int i;

	for (i = 0; i < KVT_PATH_SIZE && path[i]; i++)
		;
	return i && i < KVT_PATH_SIZE &&
	       kvt_abi_is_zero(path + i, KVT_PATH_SIZE - i);
}

int kvt_abi_check_nvme_add(const struct kvt_nvme_add *arg)
{
	__u32 i;

	if (arg->flags & ~KVT_NVME_TAKE_OVER ||
	    kvt_abi_is_zero(arg->host, KVT_HOST_SIZE) || !arg->nr_devices ||
	    arg->nr_devices > KVT_MAX_DEVICES)
		return -EINVAL;
	for (i = 0; i < arg->nr_devices; i++)
		if (!path_is_good(arg->devices[i]))
			return -EINVAL;
	if (!kvt_abi_is_zero(arg->devices[i],
			     (KVT_MAX_DEVICES - i) * KVT_PATH_SIZE))
		return -EINVAL;
	return kvt_abi_check_name(arg->name);
}

int kvt_abi_check_remote_add(const struct kvt_remote_add *arg)
{
	if (arg->pad || kvt_abi_check_name(arg->name))
		return -EINVAL;
	/* What a space's attribute says that has no remote tier. */
	return strcmp((const char *)arg->name, "none") ? 0 : -EINVAL;
}

int kvt_abi_check_remote_attach(const struct kvt_remote_attach *arg)
{
	if (arg->pad || !arg->depth || arg->depth > KVT_REMOTE_MAX_DEPTH)
		return -EINVAL;
	return kvt_abi_check_name(arg->name);
}

int kvt_abi_check_tier_resize(const struct kvt_tier_resize *arg)
{
	if (arg->pad || !whole_chunks(arg->bytes))
		return -EINVAL;
	return kvt_abi_check_name(arg->name);
}

static int check_quota(const struct kvt_quota *q, __u32 block_size)
{
	if (!whole_chunks(q->bytes) || q->bytes < block_size)
		return -EINVAL;
	return kvt_abi_check_name(q->tier);
}

static int check_quotas(const struct kvt_space_create *arg)
{
	__u32 i, j;

	if (!arg->nr_quotas || arg->nr_quotas > KVT_MAX_ARENAS)
		return -EINVAL;
	for (i = 0; i < arg->nr_quotas; i++) {
		if (check_quota(&arg->quotas[i], arg->block_size))
			return -EINVAL;
		for (j = 0; j < i; j++)
			if (!memcmp(arg->quotas[i].tier, arg->quotas[j].tier,
				    KVT_NAME_SIZE))
				return -EINVAL;
	}
	return kvt_abi_is_zero(&arg->quotas[i],
			       (KVT_MAX_ARENAS - i) * sizeof(arg->quotas[0])) ?
		0 : -EINVAL;
}

int kvt_abi_check_space_create(const struct kvt_space_create *arg)
{
	if (arg->block_size < KVT_BLOCK_SIZE_MIN ||
	    arg->block_size > KVT_BLOCK_SIZE_MAX ||
	    arg->block_size % KVT_BLOCK_SIZE_MIN)
		return -EINVAL;
	if (arg->pad || !arg->mode || arg->mode > 0777 ||
	    arg->default_class > KVT_MAX_CLASS)
		return -EINVAL;
	if (arg->pad2 || arg->nr_layers > KVT_MAX_LAYERS ||
	    !arg->nr_layers != !arg->layers)
		return -EINVAL;
	if (kvt_abi_check_name(arg->name))
		return -EINVAL;
	return check_quotas(arg);
}

/* Where the layers of a block end: rising, the last one where the block does. */
int kvt_abi_check_layers(const __u32 *ends, __u32 nr, __u32 block_size)
{
	__u32 i, last = 0;

	for (i = 0; i < nr; i++) {
		if (ends[i] <= last || ends[i] > block_size)
			return -EINVAL;
		last = ends[i];
	}
	return last == block_size ? 0 : -EINVAL;
}

int kvt_abi_check_space_resize(const struct kvt_space_resize *arg)
{
	if (arg->pad || !whole_chunks(arg->quota.bytes) ||
	    kvt_abi_check_name(arg->quota.tier))
		return -EINVAL;
	return kvt_abi_check_name(arg->name);
}

bool kvt_abi_op_writes(__u32 op)
{
	return op < ARRAY_SIZE(rules) && rules[op].writes;
}

/* Fields that only some commands or flags give a meaning to. */
static bool stray_field(const struct kvt_batch *b, const struct op_rule *r)
{
	if (!r->fills && !kvt_abi_is_zero(b->parent, KVT_KEY_SIZE))
		return true;
	if (!(b->flags & KVT_F_WAIT) && b->op != KVT_OP_PREFETCH && b->timeout_ns)
		return true;
	if (!(b->flags & KVT_F_CLASS) && b->class_id)
		return true;
	return b->op != KVT_OP_PREFETCH && b->tier;
}

int kvt_abi_check_batch(const struct kvt_batch *b)
{
	const struct op_rule *r;

	if (b->op >= ARRAY_SIZE(rules))
		return -EINVAL;
	r = &rules[b->op];
	if (b->flags & ~r->flags || b->pad || b->pad2 || stray_field(b, r))
		return -EINVAL;
	if (!b->nr || b->nr > KVT_MAX_BATCH || b->entries % 8)
		return -EINVAL;
	if (b->timeout_ns > KVT_MAX_TIMEOUT_NS ||
	    b->class_id > KVT_MAX_CLASS || b->tier > KVT_TIER_CXL)
		return -EINVAL;
	return 0;
}

static bool range_is_good(const struct kvt_entry *e, __u32 block_size)
{
	return e->len && e->pos < block_size && e->len <= block_size - e->pos;
}

static bool entry_is_good(const struct kvt_batch *b, const struct kvt_entry *e,
			  __u32 block_size)
{
	/* A slot's key is ignored: RESERVE's array may be handed to COMMIT. */
	if (rules[b->op].key && kvt_abi_is_zero(e->key, KVT_KEY_SIZE))
		return false;
	if (b->op == KVT_OP_GET)
		return range_is_good(e, block_size);
	if (b->op == KVT_OP_PUT)
		return !e->pos && !e->len;
	if (b->flags & KVT_F_ARRIVING)
		return !e->addr && !e->pos && e->len <= block_size;
	return !e->addr && !e->pos && !e->len;
}

/* @batch has passed kvt_abi_check_batch(); it has @batch->nr @entries. */
int kvt_abi_check_entries(const struct kvt_batch *batch,
			  const struct kvt_entry *entries, __u32 block_size)
{
	__u32 i;

	for (i = 0; i < batch->nr; i++)
		if (!entry_is_good(batch, &entries[i], block_size))
			return -EINVAL;
	return 0;
}
