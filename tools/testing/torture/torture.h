/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kvtier-torture: what its files share.
 *
 *   main.c     options, the rounds
 *   plan.c     what a round is made of: sizes, keys, all from its seed
 *   pattern.c  the bytes that a key stands for
 *   control.c  tiers and spaces, sysfs
 *   nvme.c     the nvme tier, on a device that fails now and then
 *   worker.c   a client process: picks one action after the other
 *   ring.c     its commands by io_uring, some of which are cancelled
 *   fill.c     its actions that write: RESERVE, COMMIT, ABORT, PUT, DROP
 *   read.c     its actions that read: ACQUIRE, RELEASE, GET, LOOKUP, slots
 *   odd.c      its actions that no engine does: fork, madvise, garbage
 *   maps.c     its windows, slots and status words
 *   pool.c     the remote tier's helper, another process
 *   chaos.c    the parent meanwhile: kill -9, resize, knobs
 *   check.c    what must be true when all have gone
 *   fault.c    failing allocations (debug kernels)
 *   memory.c   a memory cgroup that is short of memory now and then
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <kvtier.h>

#include "rng.h"

#define MAX_PROCESSES	64
#define MAX_BATCH	24
#define MAX_HELD	64
#define MAX_FILLS	48
#define CHUNK		(2ULL << 20)

#define SPACE		"torture"
#define SPACE2		"torture-b"
#define DRAM		"torture-dram"
#define CXL		"torture-cxl"
#define NVME		"torture-flash"
#define POOL		"torture-pool"

struct options {
	uint64_t seed;
	unsigned int seconds;
	unsigned int round_seconds;
	unsigned int processes;
	unsigned int hang_seconds;
	unsigned int faults;		/* per mille of the allocations */
	uint32_t block_size;		/* 0: another one each round */
	const char *nvme;		/* a device to be overwritten, or NULL */
	bool has_cgroup;		/* workers can be in one */
	bool plant;			/* one wrong byte, which must be found */
	bool verbose;
};

/**
 * struct plan - one round; constant while it runs
 * @seed: all else follows from it
 * @block_size: bytes
 * @factor: odd; makes this round's patterns unlike another's
 * @nr_chains: chains of keys
 * @chain_len: keys of a chain
 * @tier_bytes: of each tier (dram, cxl)
 * @quota: of the space on each, at first
 * @cxl_node: NUMA node of the second tier
 * @nvme: there is an nvme tier
 * @pool: there is a remote tier, with a helper
 * @tight: the workers' cgroup is short of memory now and then
 * @late: fills time out. Then nobody writes into a window, since a frame may
 *	be another's at any time
 */
struct plan {
	uint64_t seed;
	uint32_t block_size;
	uint64_t factor;
	uint32_t nr_chains;
	uint32_t chain_len;
	uint64_t tier_bytes[2];
	uint64_t quota[2];
	int cxl_node;
	bool nvme;
	bool pool;
	bool tight;
	bool late;
};

enum action {
	ACT_RESERVE, ACT_FINISH, ACT_PUT, ACT_DROP, ACT_DROP_CHAIN,
	ACT_ACQUIRE, ACT_RELEASE, ACT_GET, ACT_LOOKUP, ACT_PREFETCH, ACT_SLOTS,
	ACT_REOPEN, ACT_FORK, ACT_POKE, ACT_GARBAGE, ACT_IDENTITY,
	NR_ACTIONS
};

/**
 * struct shared - between the parent and the workers
 * @stop: workers end after their action
 * @failed: somebody has found something wrong
 * @beat: actions a worker has done; stands still if it hangs
 * @doing: its action
 * @count: actions of all
 * @verified: blocks whose bytes were compared
 * @cancels: commands that somebody tried to cancel
 */
struct shared {
	atomic_bool stop;
	atomic_bool failed;
	atomic_ulong beat[MAX_PROCESSES];
	atomic_int doing[MAX_PROCESSES];
	atomic_ulong count[NR_ACTIONS];
	atomic_ulong verified;
	atomic_ulong cancels;
};

struct key {
	__u8 b[KVT_KEY_SIZE];
};

/* A block that the worker has leased, or reserved. */
struct place {
	uint32_t slot;
	uint32_t keyno;
	uint64_t offset;
	bool written;
};

struct map {
	char *p;
	size_t len;
};

/*
 * struct worker - a client process
 * @held: its leases, one entry each
 * @fills: what it has reserved and neither committed nor aborted
 * @has_ring: its commands may go by io_uring
 * @cancelled: the last one was, or may have been, cancelled
 */
struct worker {
	const struct options *o;
	const struct plan *plan;
	struct shared *sh;
	unsigned int id;
	struct rng rng;
	int fd;
	struct map window[KVT_MAX_ARENAS];
	struct map status[KVT_MAX_ARENAS];
	struct map slots;
	struct place held[MAX_HELD];
	unsigned int nr_held;
	struct place fills[MAX_FILLS];
	unsigned int nr_fills;
	bool has_ring;
	bool cancelled;
	char *buf;			/* MAX_BATCH blocks */
	struct kvt_entry e[MAX_BATCH];
	uint32_t keyno[MAX_BATCH];
	struct kvt_batch b;
};

extern const char *const action_names[];

/* main.c */
void complain(struct shared *sh, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
uint64_t now_ms(void);

/* plan.c */
void plan_make(struct plan *p, const struct options *o, uint64_t seed);
void plan_print(const struct plan *p, unsigned int round);
uint32_t plan_nr_keys(const struct plan *p);
struct key plan_key(const struct plan *p, uint32_t keyno);
struct key plan_parent(const struct plan *p, uint32_t keyno);

/* pattern.c. Words are at @pos of the block, 8-byte aligned unless said. */
void pattern_fill(const struct plan *p, uint32_t keyno, void *to);
bool pattern_is(const struct plan *p, uint32_t keyno, uint32_t pos,
		const void *bytes, uint32_t len);	/* @pos: any */
uint32_t pattern_owner(const struct plan *p, const void *bytes);
bool pattern_is_any(const struct plan *p, uint32_t pos, const void *bytes,
		    uint32_t len, bool or_zero);
void pattern_explain(const struct plan *p, uint32_t keyno, const void *bytes,
		     char *text, size_t size);

/* control.c: 0 or -errno */
int control_open(void);
int tier_add(const char *name, uint32_t kind, int node, uint64_t bytes);
int tier_add_nvme(const char *name, const char *device);
int remote_add(const char *name);
int remote_attach(const char *name, uint32_t depth, uint32_t *stride); /* a file */
int tier_remove(const char *name);
int tier_resize(const char *name, uint64_t bytes);
int space_create(const struct plan *p, const char *name, uint64_t dram,
		 uint64_t cxl);
int space_delete(const char *name);
int space_resize(const char *name, const char *tier, uint64_t bytes);
int space_open(const char *name, int flags);
void identity_of(const struct plan *p, __u8 *identity);
long long tier_attr(const char *tier, const char *attr);
long long space_attr(const char *space, const char *attr);
int space_knob(const char *space, const char *knob, const char *value);
int space_knob_number(const char *space, const char *knob, unsigned int value);
void space_read_all(const char *space);
void space_dump(const char *space);
int slow_node(void);
int tier_knob(const char *tier, const char *knob, const char *value);
bool tree_write(const char *path, const char *value);
long long tree_number(const char *path);

/* nvme.c: 0 or -errno */
int nvme_open(const char *path);
int nvme_make(const struct plan *p);
int nvme_attach(void);
int nvme_break(const char *how);
uint64_t nvme_quota(const struct plan *p);
bool nvme_has_failed(void);
void nvme_remove_device(void);

/* worker.c */
int worker_run(const struct options *o, const struct plan *plan,
	       struct shared *sh, unsigned int id, uint64_t seed);
void worker_open(struct worker *w);
void worker_close(struct worker *w);
void batch_begin(struct worker *w, uint32_t op, uint32_t nr);
void batch_chain(struct worker *w, uint32_t op, uint32_t most);
void batch_random(struct worker *w, uint32_t op, uint32_t most);
void batch_wait(struct worker *w, unsigned int ms);
bool batch_submit(struct worker *w);
bool may_lack_memory(const struct worker *w);
void expect_error(struct worker *w, uint32_t i, const int *allowed);

/* ring.c */
void ring_open(struct worker *w);
void ring_close(struct worker *w);
int ring_submit(struct worker *w);

/* fill.c, read.c, odd.c */
void act_reserve(struct worker *w);
void act_finish(struct worker *w);
void act_put(struct worker *w);
void act_drop(struct worker *w);
void act_drop_chain(struct worker *w);
void act_acquire(struct worker *w);
void act_release(struct worker *w);
void act_get(struct worker *w);
void act_lookup(struct worker *w);
void act_prefetch(struct worker *w);
void act_slots(struct worker *w);
void act_fork(struct worker *w);
void act_poke(struct worker *w);
void act_garbage(struct worker *w);
void act_identity(struct worker *w);
void hold(struct worker *w, uint32_t i);
void release_some(struct worker *w, unsigned int nr);

/* maps.c */
void maps_catch_sigbus(void);
char *maps_frame(struct worker *w, uint64_t offset);
uint64_t maps_status(struct worker *w, uint64_t offset);
const char *maps_slots(struct worker *w, uint32_t slot);
bool maps_read(const void *from, void *to, size_t len);
void maps_drop(struct worker *w);

/* pool.c */
struct pool;
/* Tame ones do as they are told. NULL: no memory */
struct pool *pool_new(const struct plan *p, bool is_tame);
void pool_free(struct pool *pool);
int pool_run(const struct plan *plan, struct shared *sh, struct pool *pool,
	     uint64_t seed);

/* chaos.c */
bool chaos_run(const struct options *o, const struct plan *p,
	       struct shared *sh, unsigned int seconds, unsigned int *kills);

/* check.c */
bool check_quiet(const struct plan *p, struct shared *sh);

/* fault.c */
int fault_start(const struct options *o);
void fault_me(const struct options *o);
void fault_stop(const struct options *o);

/* memory.c */
bool memory_start(void);
bool memory_join(void);
void memory_squeeze(struct rng *r);
void memory_stop(void);

#endif /* TORTURE_H */
