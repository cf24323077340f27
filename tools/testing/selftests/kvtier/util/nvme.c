// SPDX-License-Identifier: GPL-2.0
#include <linux/fs.h>
#include <sys/random.h>

#include "../nvme.h"
#include "../../../../../kmod/log_codec.h"

#define FIRST_SEGMENT	(4 * KST_MIB)

/* --------------------------------------------------------------- scratch devices */

/* Only what the test machines have made for tests has such a link. */
const char *kst_nvme(unsigned int i)
{
	static char path[KVT_MAX_DEVICES][PATH_MAX];
	char link[64];

	snprintf(link, sizeof(link), "/dev/disk/by-id/nvme-kvt%u", i + 1);
	return realpath(link, path[i]);
}

/* ------------------------------------------------------------------------ format */

static int write_super(const struct kst_set *s, unsigned int i, const __u8 *set,
		       __u32 nr_segments)
{
	struct kvt_log_super *super;
	unsigned int copy;
	int err = 0;
	int fd = open(s->dev[i], O_WRONLY | O_DIRECT | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	super = aligned_alloc(KVT_LOG_PAGE, KVT_LOG_PAGE);
	memset(super, 0, sizeof(*super));
	super->magic = cpu_to_le64(KVT_LOG_SUPER_MAGIC);
	super->version = cpu_to_le32(KVT_LOG_VERSION);
	super->sequence = cpu_to_le64(1);
	memcpy(super->set, set, sizeof(super->set));
	super->nr_devices = cpu_to_le32(s->nr);
	super->index = cpu_to_le32(i);
	super->nr_segments = cpu_to_le32(nr_segments);
	super->grade = cpu_to_le32(s->grade);
	super->segment_bytes = cpu_to_le64(s->segment);
	super->first_segment = cpu_to_le64(FIRST_SEGMENT);
	kvt_log_seal_super(super);
	for (copy = 0; copy < KVT_LOG_SUPER_COPIES && !err; copy++)
		if (pwrite(fd, super, KVT_LOG_PAGE, copy * KVT_LOG_SUPER_STEP) !=
		    KVT_LOG_PAGE)
			err = -errno;
	free(super);
	close(fd);
	return err;
}

__u64 kst_sectors(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	__u64 bytes = 0;

	if (fd < 0)
		return 0;
	if (ioctl(fd, BLKGETSIZE64, &bytes))
		bytes = 0;
	close(fd);
	return bytes / 512;
}

/* A new name for the set: what the segments hold is of another one, or free. */
int kst_format(const struct kst_set *s)
{
	unsigned int i;
	int err = 0;
	__u8 set[16];

	if (getrandom(set, sizeof(set), 0) != sizeof(set))
		return -errno;
	for (i = 0; i < s->nr && !err; i++) {
		__u64 room = kst_sectors(s->dev[i]) * 512 - FIRST_SEGMENT;
		__u32 nr = s->nr_segments ?: room / s->segment;

		err = write_super(s, i, set, nr);
	}
	return err;
}

/* ------------------------------------------------------------------------ attach */

void kst_nvme_init(struct kvt_nvme_add *a, const char *tier)
{
	memset(a, 0, sizeof(*a));
	a->size = sizeof(*a);
	kst_name(a->name, tier);
	memset(a->host, 0x77, sizeof(a->host));
}

void kst_nvme_path(struct kvt_nvme_add *a, const char *path)
{
	strncpy((char *)a->devices[a->nr_devices++], path, KVT_PATH_SIZE - 1);
}

int kst_nvme_add(const struct kst_set *s, const char *tier)
{
	struct kvt_nvme_add a;
	unsigned int i;

	kst_nvme_init(&a, tier);
	for (i = 0; i < s->nr; i++)
		kst_nvme_path(&a, s->dev[i]);
	/* What a flush does not write in its time would be lost. */
	return kst_control(KVT_IOC_NVME_ADD, &a) ?:
	       kst_tier_knob(tier, "flush_ms", "600000");
}

int kst_nvme_space(const char *space, __u32 block_size, unsigned int dram_mib,
		   unsigned int nvme_mib)
{
	struct kvt_space_create c;
	int err = 0;

	if (kst_tier_attr(KST_DRAM, "size") < 0)
		err = kst_tier_add(KST_DRAM, KVT_TIER_DRAM, 0,
				   dram_mib * KST_MIB);
	kst_space_init(&c, space, block_size);
	kst_space_quota(&c, KST_DRAM, dram_mib * KST_MIB);
	kst_space_quota(&c, KST_NVME, nvme_mib * KST_MIB);
	return err ?: kst_space_create(&c);
}

int kst_make_nvme(const struct kst_set *s, __u32 block_size,
		  unsigned int dram_mib, unsigned int nvme_mib)
{
	return kst_format(s) ?: kst_nvme_add(s, KST_NVME) ?:
	       kst_nvme_space(KST_SPACE, block_size, dram_mib, nvme_mib);
}

int kst_recovered(const char *tier)
{
	return kst_tier_wait(tier, "recovering", 0) ? -ETIMEDOUT : 0;
}

/* ------------------------------------------------------------------------- sysfs */

int kst_tier_knob(const char *tier, const char *knob, const char *value)
{
	char path[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/kvtier_tier/%s/%s", tier, knob);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return n;
}

long long kst_tier_wait(const char *tier, const char *attr, long long want)
{
	long long got;

	KST_UNTIL((got = kst_tier_attr(tier, attr)) == want);
	return got;
}

long long kst_stat_wait(const char *space, const char *counter, long long least)
{
	long long got;

	KST_UNTIL((got = kst_stat(space, counter)) >= least);
	return got;
}

int kst_stop_writing(const char *space, const char *tier, __u32 bs)
{
	int err = kst_knob(space, "low_watermark", "0") ?:
		  kst_knob(space, "high_watermark", "0");

	kst_settle(space);
	if (!KST_UNTIL(kst_tier_attr(tier, "block_bytes_written") ==
		       kst_stat(space, "writeouts") * (long long)bs))
		err = -ETIMEDOUT;
	return err;
}

static long long bytes_written(const char *tier)
{
	return kst_tier_attr(tier, "bytes_written");
}

/* What was dropped is named on media a second later. */
void kst_let_commit(const char *space, const char *tier)
{
	kst_settle(space);
	kst_quiet(1500, bytes_written, tier);
}

/* ------------------------------------------------------------------------ blocks */

int kst_put_wait(int fd, struct kst_key key, struct kst_key parent,
		 __u32 block_size, __u64 seed)
{
	struct kvt_entry e = {};
	struct kvt_batch b;
	int err;

	memcpy(e.key, key.b, sizeof(e.key));
	kst_batch(&b, KVT_OP_PUT, &e, 1);
	memcpy(b.parent, parent.b, sizeof(b.parent));
	b.flags = KVT_F_WAIT;
	b.timeout_ns = KST_PATIENCE * 1000000ULL;
	e.addr = kst_ptr(malloc(block_size));
	kst_fill((void *)(uintptr_t)e.addr, block_size, seed);
	err = kst_submit(fd, &b);
	free((void *)(uintptr_t)e.addr);
	return err ?: e.result;
}

int kst_acquire_wait(int fd, struct kst_key key, struct kvt_entry *e)
{
	struct kvt_batch b;
	int err;

	memset(e, 0, sizeof(*e));
	memcpy(e->key, key.b, sizeof(e->key));
	kst_batch(&b, KVT_OP_ACQUIRE, e, 1);
	b.flags = KVT_F_WAIT;
	b.timeout_ns = KST_PATIENCE * 1000000ULL;
	err = kst_submit(fd, &b);
	return err ?: e->result;
}

__u64 kst_seed(__u64 chain, unsigned int n)
{
	return chain * 1000000 + n;
}

static struct kst_key parent_of(__u64 chain, unsigned int n)
{
	return n ? kst_key(chain, n - 1) : kst_root;
}

int kst_put_chain(int fd, __u64 chain, unsigned int first, unsigned int nr,
		  __u32 block_size)
{
	unsigned int n;
	int ret;

	for (n = first; n < first + nr; n++) {
		ret = kst_put_wait(fd, kst_key(chain, n), parent_of(chain, n),
				   block_size, kst_seed(chain, n));
		if (ret < 0)
			return ret;
	}
	return 0;
}

int kst_get_block(int fd, __u64 chain, unsigned int n, __u32 block_size)
{
	__u64 end = kst_now_ms() + KST_PATIENCE;
	int ret;

	/* There may be no frame for it just now. */
	while ((ret = kst_get_pattern(fd, kst_key(chain, n), block_size,
				      kst_seed(chain, n))) == -ENOSPC &&
	       kst_now_ms() < end)
		kst_sleep_ms(5);
	return ret;
}

int kst_tier_of(int fd, __u64 chain, unsigned int n, __u32 *slot)
{
	struct kvt_entry e;
	int ret;

	kst_entries(&e, 1, chain, n);
	ret = kst_one(fd, KVT_OP_LOOKUP, 0, &e);
	if (slot)
		*slot = e.slot;
	return ret;
}

unsigned int kst_count(int fd, __u64 chain, unsigned int nr, int kind)
{
	unsigned int n, sum = 0;

	for (n = 0; n < nr; n++)
		sum += kst_tier_of(fd, chain, n, NULL) == kind;
	return sum;
}

int kst_cold(int fd, __u64 chain, unsigned int nr)
{
	unsigned int n;

	for (n = 0; n < nr; n++) {
		if (kst_tier_of(fd, chain, n, NULL) == KVT_TIER_NVME)
			return n;
	}
	return -1;
}

struct kst_found kst_check_chain(int fd, __u64 chain, unsigned int nr,
				 __u32 block_size)
{
	struct kst_found f = {};
	char *map = calloc(1, nr + 1);
	unsigned int n;

	for (n = 0; n < nr; n++) {
		int ret = kst_get_block(fd, chain, n, block_size);

		f.good += !ret;
		f.absent += ret == -ENOENT;
		f.wrong += ret == 1;
		f.error += ret < 0 && ret != -ENOENT;
		map[n] = !ret ? '+' : ret == -ENOENT ? '-' : ret == 1 ? 'X' : 'E';
	}
	if (f.good != nr)
		fprintf(stderr, "# chain %llu: %s\n", chain, map);
	free(map);
	return f;
}
