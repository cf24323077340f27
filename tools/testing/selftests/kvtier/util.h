/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kvtier selftests share: thin wrappers of the ioctls that return
 * -errno, sysfs readers, byte patterns, child processes.
 *
 * Everything a test makes is named kst_..., so that the next test, or the
 * next run, can remove what a killed one left behind.
 */
#ifndef KST_UTIL_H
#define KST_UTIL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kvtier.h"

#define KST_MIB		(1024UL * 1024)
#define KST_HUGE	(2 * KST_MIB)
#define KST_CONTROL	"/dev/kvtier-control"
#define KST_PREFIX	"kst_"
#define KST_DRAM	"kst_dram"
#define KST_CXL		"kst_cxl"
#define KST_SPACE	"kst_space"
#define KST_NOBODY	65534

#define kst_ptr(p)	((__u64)(uintptr_t)(p))

/*
 * Nothing here is to depend on how fast the machine is, or what else it does: a test
 * waits for what it wants to see, and gives up only after KST_PATIENCE, in ms. The
 * seconds that a test may take are those of an idle machine.
 */
#define KST_PATIENCE	120000
#define KST_SLOWER	10
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT (30 * KST_SLOWER)
#undef TEST_F_TIMEOUT
#define TEST_F_TIMEOUT(fixture, test, seconds)				\
	__TEST_F_IMPL(fixture, test, -1, (seconds) * KST_SLOWER)

/* Wait until it is so: is it? */
#define KST_UNTIL(condition)						\
	({								\
		__u64 kst_end = kst_now_ms() + KST_PATIENCE;		\
		bool kst_is;						\
									\
		while (!(kst_is = (condition)) &&			\
		       kst_now_ms() < kst_end)				\
			kst_sleep_ms(5);				\
		kst_is;							\
	})

struct kst_key {
	__u8 b[KVT_KEY_SIZE];
};

extern const struct kst_key kst_root;	/* all zero: no parent */

/* Machine (machine.c) */
const char *kst_missing(void);		/* why no test can run, or NULL */
int kst_slow_node(void);		/* a second node with memory, else 0 */
bool kst_kernel_has(const char *option);	/* of its configuration; if unknown, yes */
long kst_meminfo_kb(const char *field);
__u64 kst_now_ms(void);
void kst_sleep_ms(unsigned int ms);
bool kst_sleeps(pid_t thread);		/* for something in the kernel */

/* Control device (control.c); all return 0 or -errno */
int kst_ioctl(int fd, unsigned long cmd, void *arg);
int kst_control(unsigned long cmd, void *arg);
void kst_name(__u8 *to, const char *name);
int kst_tier_add(const char *name, __u32 kind, int node, __u64 bytes);
int kst_tier_remove(const char *name);
int kst_tier_resize(const char *name, __u64 *bytes);
void kst_space_init(struct kvt_space_create *c, const char *name,
		    __u32 block_size);
void kst_space_quota(struct kvt_space_create *c, const char *tier,
		     __u64 bytes);
int kst_space_create(struct kvt_space_create *c);
int kst_space_simple(const char *name, __u32 block_size, const char *tier,
		     __u64 bytes);
int kst_space_delete(const char *name);
int kst_space_resize(const char *name, const char *tier, __u64 *bytes);
int kst_cleanup(void);		/* remove all that is named kst_...: 0 or -errno */

/* Spaces (space.c) */
int kst_open(const char *space, int flags);	/* fd or -errno */
int kst_info(int fd, struct kvt_space_info *info);
int kst_attach(int fd, __u8 first_byte);
int kst_submit(int fd, struct kvt_batch *b);
struct kst_key kst_key(__u64 chain, __u64 n);
void kst_batch(struct kvt_batch *b, __u32 op, struct kvt_entry *e, __u32 nr);
void kst_entries(struct kvt_entry *e, __u32 nr, __u64 chain, __u64 first);

/*
 * One entry: return its result, or the -errno of the whole batch. Tests that
 * must tell the two apart call kst_submit().
 */
int kst_one(int fd, __u32 op, __u32 flags, struct kvt_entry *e);
int kst_lookup(int fd, struct kst_key key);
int kst_acquire(int fd, struct kst_key key, __u32 flags, struct kvt_entry *e);
int kst_release(int fd, __u32 slot);
int kst_reserve(int fd, struct kst_key key, struct kst_key parent,
		struct kvt_entry *e);
int kst_commit(int fd, __u32 slot);
int kst_abort(int fd, __u32 slot);
int kst_drop(int fd, struct kst_key key, __u32 flags);
int kst_put(int fd, struct kst_key key, struct kst_key parent,
	    const void *data);
int kst_get(int fd, struct kst_key key, void *buf, __u32 pos, __u32 len);
/* Pattern @seed under @key; block_size bytes. */
int kst_put_pattern(int fd, struct kst_key key, struct kst_key parent,
		    __u32 block_size, __u64 seed);
/* 0: the block has the pattern; 1: other bytes; or -errno */
int kst_get_pattern(int fd, struct kst_key key, __u32 block_size, __u64 seed);

/* sysfs (sysfs.c); -1: no such attribute */
long long kst_attr(const char *space, const char *attr);
long long kst_stat(const char *space, const char *counter);
long long kst_arena(const char *space, unsigned int arena, const char *attr);
long long kst_tier_attr(const char *tier, const char *attr);
int kst_attr_text(const char *path, char *buf, size_t size);
int kst_knob(const char *space, const char *knob, const char *value);
/* Waits until the attribute has the value; its last value is returned. */
long long kst_attr_wait(const char *space, const char *attr, long long want);
/*
 * Waits until nobody holds or fills anything, and all frames of the space's only arena that
 * have no block are free: is it so? If not, it is said what stays.
 */
bool kst_at_rest(const char *space);

/*
 * Waits until the background has hardly anything to do any more. It may begin again
 * at any time: what has to have happened is to be waited for by itself.
 */
void kst_settle(const char *space);
/* Returns when nothing has changed for @ms, in which others could run. */
void kst_quiet(unsigned int ms, long long (*sum)(const char *name),
	       const char *name);

/* Memory (memory.c) */
void kst_fill(void *p, size_t len, __u64 seed);
bool kst_holds(const void *p, size_t len, __u64 seed);
bool kst_zero(const void *p, size_t len);
void *kst_map(int fd, __u64 offset, size_t len, int prot);	/* or NULL */
void *kst_map_window(int fd, unsigned int arena, int prot, size_t *len);
void *kst_map_slots(int fd, __u32 nr_slots);
int kst_touch(const void *p);	/* 0, or the signal a read gets */
int kst_scribble(void *p);	/* 0, or the signal a write gets */
long kst_smaps_kb(const void *p, const char *field);

/*
 * Children (child.c). A child dies with its parent. The pipe pair lets both
 * sides wait for each other: kst_say() on one, kst_hear() on the other.
 */
struct kst_child {
	pid_t pid;
	int in;
	int out;
};

int kst_spawn(struct kst_child *c, int (*fn)(struct kst_child *c, void *arg),
	      void *arg);
int kst_say(struct kst_child *c, int value);
int kst_hear(struct kst_child *c);		/* the value, or -EPIPE */
int kst_join(struct kst_child *c);		/* exit status, -signal */
void kst_kill(struct kst_child *c);
int kst_become_nobody(void);

/*
 * For FIXTURE_SETUP(): a tier of @mib on node 0 and a space on it, or both
 * tiers when @cxl_mib. 0 or -errno.
 */
int kst_make(__u32 block_size, unsigned int dram_mib, unsigned int cxl_mib);

/* In FIXTURE_SETUP(): skip what cannot run, remove what was left behind. */
#define KST_START()							\
	do {								\
		const char *kst_why = kst_missing();			\
									\
		if (kst_why)						\
			SKIP(return, "%s", kst_why);			\
		ASSERT_EQ(0, kst_cleanup());				\
	} while (0)

#endif /* KST_UTIL_H */
