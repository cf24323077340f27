// SPDX-License-Identifier: GPL-2.0
#include "util.h"

const struct kst_key kst_root;

int kst_open(const char *space, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/kvtier/%s", space);
	fd = open(path, flags);
	return fd < 0 ? -errno : fd;
}

int kst_info(int fd, struct kvt_space_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return kst_ioctl(fd, KVT_IOC_SPACE_INFO, info);
}

int kst_attach(int fd, __u8 first_byte)
{
	struct kvt_attach a = { .size = sizeof(a) };

	memset(a.identity, 0x11, sizeof(a.identity));
	a.identity[0] = first_byte;
	return kst_ioctl(fd, KVT_IOC_ATTACH, &a);
}

int kst_submit(int fd, struct kvt_batch *b)
{
	return kst_ioctl(fd, KVT_IOC_SUBMIT, b);
}

/* Key n of a chain; never all zero. */
struct kst_key kst_key(__u64 chain, __u64 n)
{
	__u64 w[] = {
		(n + 1) * 0x9e3779b97f4a7c15ULL, chain * 0xbf58476d1ce4e5b9ULL,
		chain, n + 1,
	};
	struct kst_key k;

	memcpy(k.b, w, sizeof(k.b));
	return k;
}

void kst_batch(struct kvt_batch *b, __u32 op, struct kvt_entry *e, __u32 nr)
{
	memset(b, 0, sizeof(*b));
	b->size = sizeof(*b);
	b->op = op;
	b->nr = nr;
	b->entries = kst_ptr(e);
}

void kst_entries(struct kvt_entry *e, __u32 nr, __u64 chain, __u64 first)
{
	struct kst_key k;
	__u32 i;

	memset(e, 0, nr * sizeof(*e));
	for (i = 0; i < nr; i++) {
		k = kst_key(chain, first + i);
		memcpy(e[i].key, k.b, sizeof(k.b));
	}
}

/* A batch that was carried out must have written the one result. */
static int one_result(int fd, struct kvt_batch *b, struct kvt_entry *e)
{
	int ret;

	e->result = 0x7fffffff;
	ret = kst_submit(fd, b);
	if (ret)
		return ret;
	if (b->done != 1 || b->ok != !(e->result < 0) ||
	    e->result == 0x7fffffff) {
		fprintf(stderr, "# op %u: done %u, ok %u, result %d\n", b->op,
			b->done, b->ok, e->result);
		return -EPROTO;
	}
	return e->result;
}

int kst_one(int fd, __u32 op, __u32 flags, struct kvt_entry *e)
{
	struct kvt_batch b;

	kst_batch(&b, op, e, 1);
	b.flags = flags;
	return one_result(fd, &b, e);
}

static int by_key(int fd, __u32 op, __u32 flags, struct kst_key key,
		  struct kvt_entry *e)
{
	memset(e, 0, sizeof(*e));
	memcpy(e->key, key.b, sizeof(key.b));
	return kst_one(fd, op, flags, e);
}

static int by_slot(int fd, __u32 op, __u32 slot)
{
	struct kvt_entry e = { .slot = slot };

	return kst_one(fd, op, 0, &e);
}

int kst_lookup(int fd, struct kst_key key)
{
	struct kvt_entry e;

	return by_key(fd, KVT_OP_LOOKUP, 0, key, &e);
}

int kst_acquire(int fd, struct kst_key key, __u32 flags, struct kvt_entry *e)
{
	return by_key(fd, KVT_OP_ACQUIRE, flags, key, e);
}

int kst_drop(int fd, struct kst_key key, __u32 flags)
{
	struct kvt_entry e;

	return by_key(fd, KVT_OP_DROP, flags, key, &e);
}

int kst_release(int fd, __u32 slot)
{
	return by_slot(fd, KVT_OP_RELEASE, slot);
}

int kst_commit(int fd, __u32 slot)
{
	return by_slot(fd, KVT_OP_COMMIT, slot);
}

int kst_abort(int fd, __u32 slot)
{
	return by_slot(fd, KVT_OP_ABORT, slot);
}

int kst_reserve(int fd, struct kst_key key, struct kst_key parent,
		struct kvt_entry *e)
{
	struct kvt_batch b;

	memset(e, 0, sizeof(*e));
	memcpy(e->key, key.b, sizeof(key.b));
	kst_batch(&b, KVT_OP_RESERVE, e, 1);
	memcpy(b.parent, parent.b, sizeof(parent.b));
	return one_result(fd, &b, e);
}

int kst_put(int fd, struct kst_key key, struct kst_key parent,
	    const void *data)
{
	struct kvt_entry e = { .addr = kst_ptr(data) };
	struct kvt_batch b;

	memcpy(e.key, key.b, sizeof(key.b));
	kst_batch(&b, KVT_OP_PUT, &e, 1);
	memcpy(b.parent, parent.b, sizeof(parent.b));
	return one_result(fd, &b, &e);
}

int kst_get(int fd, struct kst_key key, void *buf, __u32 pos, __u32 len)
{
	struct kvt_entry e = { .addr = kst_ptr(buf), .pos = pos, .len = len };

	memcpy(e.key, key.b, sizeof(key.b));
	return kst_one(fd, KVT_OP_GET, 0, &e);
}

int kst_put_pattern(int fd, struct kst_key key, struct kst_key parent,
		    __u32 block_size, __u64 seed)
{
	void *data = malloc(block_size);
	int ret;

	if (!data)
		return -ENOMEM;
	kst_fill(data, block_size, seed);
	ret = kst_put(fd, key, parent, data);
	free(data);
	return ret;
}

int kst_get_pattern(int fd, struct kst_key key, __u32 block_size, __u64 seed)
{
	void *data = calloc(1, block_size);
	int ret;

	if (!data)
		return -ENOMEM;
	ret = kst_get(fd, key, data, 0, block_size);
	if (ret >= 0)
		ret = !kst_holds(data, block_size, seed);
	free(data);
	return ret;
}
