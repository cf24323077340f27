// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>

#include "util.h"

int kst_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

int kst_control(unsigned long cmd, void *arg)
{
	int fd = open(KST_CONTROL, O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = kst_ioctl(fd, cmd, arg);
	close(fd);
	return ret;
}

void kst_name(__u8 *to, const char *name)
{
	memset(to, 0, KVT_NAME_SIZE);
	memcpy(to, name, strnlen(name, KVT_NAME_SIZE));
}

int kst_tier_add(const char *name, __u32 kind, int node, __u64 bytes)
{
	struct kvt_tier_add a = {
		.size = sizeof(a), .kind = kind, .node = node, .bytes = bytes,
	};

	kst_name(a.name, name);
	return kst_control(KVT_IOC_TIER_ADD, &a);
}

int kst_tier_remove(const char *name)
{
	struct kvt_tier_remove r = { .size = sizeof(r) };

	kst_name(r.name, name);
	return kst_control(KVT_IOC_TIER_REMOVE, &r);
}

int kst_tier_resize(const char *name, __u64 *bytes)
{
	struct kvt_tier_resize r = { .size = sizeof(r), .bytes = *bytes };
	int ret;

	kst_name(r.name, name);
	ret = kst_control(KVT_IOC_TIER_RESIZE, &r);
	*bytes = r.bytes;
	return ret;
}

void kst_space_init(struct kvt_space_create *c, const char *name,
		    __u32 block_size)
{
	memset(c, 0, sizeof(*c));
	c->size = sizeof(*c);
	c->block_size = block_size;
	kst_name(c->name, name);
	memset(c->identity, 0x11, sizeof(c->identity));
	c->mode = 0600;
}

void kst_space_quota(struct kvt_space_create *c, const char *tier,
		     __u64 bytes)
{
	struct kvt_quota *q = &c->quotas[c->nr_quotas++];

	kst_name(q->tier, tier);
	q->bytes = bytes;
}

int kst_space_create(struct kvt_space_create *c)
{
	return kst_control(KVT_IOC_SPACE_CREATE, c);
}

int kst_space_simple(const char *name, __u32 block_size, const char *tier,
		     __u64 bytes)
{
	struct kvt_space_create c;

	kst_space_init(&c, name, block_size);
	kst_space_quota(&c, tier, bytes);
	return kst_space_create(&c);
}

int kst_space_delete(const char *name)
{
	struct kvt_space_delete d = { .size = sizeof(d) };

	kst_name(d.name, name);
	return kst_control(KVT_IOC_SPACE_DELETE, &d);
}

int kst_space_resize(const char *name, const char *tier, __u64 *bytes)
{
	struct kvt_space_resize r = { .size = sizeof(r) };
	int ret;

	kst_name(r.name, name);
	kst_name(r.quota.tier, tier);
	r.quota.bytes = *bytes;
	ret = kst_control(KVT_IOC_SPACE_RESIZE, &r);
	*bytes = r.quota.bytes;
	return ret;
}

/*
 * EBUSY may be of the past: files of a killed process are closed a moment
 * after wait() has returned.
 */
static int remove_one(int (*fn)(const char *), const char *name)
{
	int ret;

	KST_UNTIL((ret = fn(name)) != -EBUSY);
	if (ret)
		fprintf(stderr, "# cannot remove %s: %s\n", name,
			strerror(-ret));
	return ret;
}

static int remove_all(const char *class, int (*fn)(const char *))
{
	DIR *d = opendir(class);
	struct dirent *e;
	int err = 0;

	if (!d)
		return 0;
	while ((e = readdir(d))) {
		if (!strncmp(e->d_name, KST_PREFIX, strlen(KST_PREFIX)))
			err = remove_one(fn, e->d_name) ?: err;
	}
	closedir(d);
	return err;
}

int kst_cleanup(void)
{
	int err = remove_all("/sys/class/kvtier", kst_space_delete);

	return remove_all("/sys/class/kvtier_tier", kst_tier_remove) ?: err;
}

int kst_make(__u32 block_size, unsigned int dram_mib, unsigned int cxl_mib)
{
	struct kvt_space_create c;
	int ret;

	kst_space_init(&c, KST_SPACE, block_size);
	ret = kst_tier_add(KST_DRAM, KVT_TIER_DRAM, 0, dram_mib * KST_MIB);
	kst_space_quota(&c, KST_DRAM, dram_mib * KST_MIB);
	if (!ret && cxl_mib) {
		ret = kst_tier_add(KST_CXL, KVT_TIER_CXL, kst_slow_node(),
				   cxl_mib * KST_MIB);
		kst_space_quota(&c, KST_CXL, cxl_mib * KST_MIB);
	}
	return ret ?: kst_space_create(&c);
}
