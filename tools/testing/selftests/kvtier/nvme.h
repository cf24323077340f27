/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the selftests of the nvme tier share: devices to format, loop devices
 * whose bytes a test can change behind the kernel's back, device-mapper.
 */
#ifndef KST_NVME_H
#define KST_NVME_H

#include "util.h"

#define KST_NVME	"kst_nvme"
#define KST_NVME2	"kst_nvme2"
#define KST_FAST	0	/* enum kvt_log_grade */
#define KST_BULK	1

/* ms: who has not come back by then has waited for a device that stood still. */
#define KST_AT_ONCE	20000

/**
 * struct kst_set - devices that make a tier
 * @nr: how many
 * @dev: their paths
 * @segment: bytes of a segment
 * @nr_segments: of each device; 0: as many as fit
 * @grade: KST_FAST or KST_BULK
 */
struct kst_set {
	unsigned int nr;
	const char *dev[KVT_MAX_DEVICES];
	__u64 segment;
	__u32 nr_segments;
	__u32 grade;
};

/* Scratch device @i, from 0; NULL: there is none. Read when a test begins. */
const char *kst_nvme(unsigned int i);

/* Superblocks on all devices, which makes them empty; 0 or -errno. */
int kst_format(const struct kst_set *s);
void kst_nvme_init(struct kvt_nvme_add *a, const char *tier);
void kst_nvme_path(struct kvt_nvme_add *a, const char *path);
int kst_nvme_add(const struct kst_set *s, const char *tier);

/*
 * A space on @dram_mib of dram and @nvme_mib of the nvme tier, which is there;
 * 0 or -errno. Makes the dram tier, too, unless it is there.
 */
int kst_nvme_space(const char *space, __u32 block_size, unsigned int dram_mib,
		   unsigned int nvme_mib);
/* Format, attach, make the dram tier and a space on both. */
int kst_make_nvme(const struct kst_set *s, __u32 block_size,
		  unsigned int dram_mib, unsigned int nvme_mib);
/* Waits until all that was found on the tier has been read. 0 or -ETIMEDOUT */
int kst_recovered(const char *tier);

int kst_tier_knob(const char *tier, const char *knob, const char *value);
/* Wait, and return the last value. */
long long kst_tier_wait(const char *tier, const char *attr, long long want);
long long kst_stat_wait(const char *space, const char *counter, long long least);
/*
 * From now on nothing is written ahead of need. Waits until what is under way has been,
 * since the tier and the space of blocks of @bs bytes were made. 0 or -errno
 */
int kst_stop_writing(const char *space, const char *tier, __u32 bs);
/* Waits until all drops are on media, too, and nothing more is written. */
void kst_let_commit(const char *space, const char *tier);

/* Waits for a frame if there is none. */
int kst_put_wait(int fd, struct kst_key key, struct kst_key parent,
		 __u32 block_size, __u64 seed);
/* Waits for a frame if it is on nvme. */
int kst_acquire_wait(int fd, struct kst_key key, struct kvt_entry *e);
/* Blocks @first..@first + @nr - 1 of a chain, seed as kst_seed(). */
int kst_put_chain(int fd, __u64 chain, unsigned int first, unsigned int nr,
		  __u32 block_size);
__u64 kst_seed(__u64 chain, unsigned int n);
/* 0: right bytes; 1: wrong ones; or -errno */
int kst_get_block(int fd, __u64 chain, unsigned int n, __u32 block_size);
/* Tier of block @n of @chain, or -ENOENT; and its slot. */
int kst_tier_of(int fd, __u64 chain, unsigned int n, __u32 *slot);
/* Blocks 0..@nr - 1 of a chain that are on the tier of that kind. */
unsigned int kst_count(int fd, __u64 chain, unsigned int nr, int kind);
/* Some block of a chain on nvme, or -1. */
int kst_cold(int fd, __u64 chain, unsigned int nr);

/* What became of the blocks of a chain, by their bytes. */
struct kst_found {
	unsigned int good;
	unsigned int absent;
	unsigned int wrong;
	unsigned int error;
};

struct kst_found kst_check_chain(int fd, __u64 chain, unsigned int nr,
				 __u32 block_size);

/*
 * Loop devices (loop.c). They, and the memory behind them, go with the last
 * file that has them open: at the latest when the test ends.
 */
struct kst_loop {
	int fd;
	int file;
	char path[32];
};

int kst_loop_make(struct kst_loop *l, __u64 bytes);	/* 0 or -errno */
/* The same of memory that is there: a copy of a device at some moment. */
int kst_loop_open(struct kst_loop *l, int file, bool read_only);
void kst_loop_close(struct kst_loop *l);	/* not @l->file */
int kst_copy_memory(int from);	/* a copy of a device's memory */

/* Device mapper (dm.c). Names begin with kst_, too. */
const char *kst_dm_missing(const char *target);	/* why not, or NULL */
int kst_dm_make(const char *name, const char *table, ...)
	__attribute__((format(printf, 2, 3)));
int kst_dm_load(const char *name, const char *table, ...)
	__attribute__((format(printf, 2, 3)));
int kst_dm_suspend(const char *name);
int kst_dm_resume(const char *name);
void kst_dm_wake(void);		/* none of ours is suspended any more */
void kst_dm_cleanup(void);	/* removes ours */
const char *kst_dm_path(const char *name);
__u64 kst_sectors(const char *path);

/* In FIXTURE_SETUP(): @n scratch devices are needed. */
#define KST_START_NVME(n)						\
	do {								\
		KST_START();						\
		if (!kst_nvme((n) - 1))					\
			SKIP(return, "no device for it: %s",		\
			     "run in vm/run --nvme 1G,2");		\
	} while (0)

/* In a test or FIXTURE_SETUP(): a device-mapper target is needed. */
#define KST_NEED_DM(target)						\
	do {								\
		const char *kst_why = kst_dm_missing(target);		\
									\
		if (kst_why)						\
			SKIP(return, "%s", kst_why);			\
	} while (0)

#endif /* KST_NVME_H */
