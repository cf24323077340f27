/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kvtier-fuzz: what its files share.
 *
 *   main.c     options; the rounds: processes are started, killed, watched
 *   world.c    tiers and spaces, and what must be true when all have gone
 *   process.c  a client process, its threads, the programs they run
 *   program.c  sequences of steps: made, changed, kept where they found new code
 *   kcov.c     which code of the module a program has run
 *   draw.c     names, keys, numbers, addresses: mostly sensible, now and then not
 *   submit.c   batches, by ioctl and by io_uring
 *   files.c    open, close, fork, other ioctls of a space
 *   maps.c     windows, slots, status words
 *   control.c  tiers and spaces come, change and go; knobs
 *   helper.c   the helper of a remote tier, that knows no rules
 *   netlink.c  dumps, groups, garbage
 *
 * A step is a kind and a seed: all that it does follows from these and from what
 * its process has open. A program is some steps.
 */
#ifndef CALLS_H
#define CALLS_H

#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <liburing.h>

#include <kvtier_netlink.h>
#include <kvtier_remote.h>

#include "../../torture/rng.h"

#define MAX_PROCESSES	16
#define MAX_THREADS	4
#define NR_FILES	24
#define NR_AREAS	8
#define AREA_BYTES	(32UL << 20)	/* of addresses, for one map */
#define SCRATCH_BYTES	(1UL << 20)
#define MAX_STEPS	24
#define MAX_KEPT	4096		/* programs */
#define NR_EDGES	(1U << 16)
#define CHUNK		(2ULL << 20)

#define NAME		"fuzz-"		/* begins the names of tiers and spaces */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum kind {
	SUBMIT, URING, REAP, CANCEL, RING, OPEN, CLOSE, FORK, ASK, GARBAGE,
	MAP, TOUCH, UNMAP, ADVISE, TIER, SPACE, KNOB, HELPER, ANSWER, NETLINK,
	NR_KINDS
};

extern const char *const kind_names[NR_KINDS];

struct options {
	uint64_t seed;
	uint64_t ops;
	uint64_t round_ops;
	unsigned int processes;
	unsigned int threads;
	const char *module;	/* to be loaded and unloaded each round, or NULL */
	const char *nvme;	/* a device to be overwritten, or NULL */
	bool kcov;
	bool verbose;
};

struct step {
	uint32_t kind;
	uint32_t seed;
};

struct program {
	uint32_t nr;
	struct step steps[MAX_STEPS];
};

/**
 * struct shared - between all processes of a run
 * @stop: processes end
 * @done: steps of all rounds
 * @count: of each kind
 * @good: of those, what did not fail
 * @beat: steps of a process; stands still while it waits
 * @doing: what a thread does
 * @edges: how many of @seen are not zero
 * @seen: steps from one place of the module's code to another
 * @nr_kept: so many of @kept are filled
 * @kept: programs that found new edges
 */
struct shared {
	atomic_bool stop;
	atomic_ulong done;
	atomic_ulong count[NR_KINDS];
	atomic_ulong good[NR_KINDS];
	atomic_ulong beat[MAX_PROCESSES];
	atomic_int doing[MAX_PROCESSES][MAX_THREADS];
	atomic_uint edges;
	_Atomic uint8_t seen[NR_EDGES];
	atomic_uint nr_kept;
	struct program kept[MAX_KEPT];
};

enum file_kind { NO_FILE, SPACE_FILE, CONTROL_FILE, HELPER_FILE };

/* An open file; other threads close it at any time. */
struct file {
	atomic_int fd;
	atomic_int kind;
};

/* What a helper has mapped. */
struct channel {
	char *desc;
	uint32_t stride;
	uint32_t depth;
};

/**
 * struct process - a client process, shared by its threads without locks
 * @o: options
 * @sh: between all processes
 * @id: number of the process
 * @files: what it has open
 * @scratch: memory that the kernel may read and write
 * @areas: addresses for maps: NR_AREAS, each as long as AREA_BYTES
 * @netlink: a socket, or -1
 * @family: number of the module's netlink family
 * @channel: of a helper, or NULL. Never freed: another thread may be in it
 */
struct process {
	const struct options *o;
	struct shared *sh;
	unsigned int id;
	struct file files[NR_FILES];
	char *scratch;
	char *areas;
	int netlink;
	int family;
	struct channel *_Atomic channel;
};

/**
 * struct thread - one of its threads
 * @p: its process
 * @id: number of the thread
 * @rng: of the step
 * @pick: chooses programs
 * @ring: its io_uring, if @has_ring
 * @has_ring: it has one
 * @kcov: its trace, or NULL
 */
struct thread {
	struct process *p;
	unsigned int id;
	struct rng rng;
	struct rng pick;
	struct io_uring ring;
	bool has_ring;
	uint64_t *kcov;
};

/* main.c */
uint64_t now_ms(void);

/* world.c. Texts that say what is wrong; NULL: nothing. */
const char *world_make(const struct options *o, struct rng *rng);
const char *world_end(const struct options *o);
bool world_write(const char *path, const char *value);
void world_dump(void);

/* process.c */
int process_run(const struct options *o, struct shared *sh, unsigned int id, uint64_t seed);
void process_step(struct thread *t, const struct step *s);

/* program.c */
void program_make(struct thread *t, struct program *p);
void program_keep(struct shared *sh, const struct program *p);

/* kcov.c */
void kcov_begin(struct thread *t);
bool kcov_found_new(struct thread *t);

/* draw.c */
bool draw_chance(struct thread *t, uint32_t one_in);
uint32_t draw_below(struct thread *t, uint32_t n);
uint64_t draw_edge(struct thread *t);
void draw_spoil(struct thread *t, void *p, size_t bytes, uint32_t one_in);
void draw_name(struct thread *t, uint8_t *name, const char *const *names, uint32_t nr);
void draw_key(struct thread *t, uint8_t *key, uint32_t number);
uint64_t draw_address(struct thread *t, size_t bytes);
struct file *draw_file(struct thread *t, enum file_kind kind);
bool draw_keep_file(struct thread *t, int fd, enum file_kind kind);
extern const char *const space_names[4];
extern const char *const tier_names[6];

/* The steps. They return whether the kernel liked it. */
bool step_submit(struct thread *t);
bool step_uring(struct thread *t);
bool step_reap(struct thread *t);
bool step_cancel(struct thread *t);
bool step_ring(struct thread *t);
bool step_open(struct thread *t);
bool step_close(struct thread *t);
bool step_fork(struct thread *t);
bool step_ask(struct thread *t);
bool step_garbage(struct thread *t);
bool step_map(struct thread *t);
bool step_touch(struct thread *t);
bool step_unmap(struct thread *t);
bool step_advise(struct thread *t);
bool step_tier(struct thread *t);
bool step_space(struct thread *t);
bool step_knob(struct thread *t);
bool step_helper(struct thread *t);
bool step_answer(struct thread *t);
bool step_netlink(struct thread *t);

/* submit.c */
struct io_uring_sqe *ring_entry(struct thread *t, int fd, uint32_t cmd_op, const void *cmd);
void ring_end(struct thread *t);

/* maps.c */
void maps_catch_signals(void);

/* control.c */
int control_add_tier(struct thread *t, int fd, uint32_t kind, const char *name);
int control_add_space(int fd, const char *name, uint32_t block_size, uint32_t nr_layers);

#endif /* CALLS_H */
