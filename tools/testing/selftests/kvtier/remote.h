/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A helper of a remote tier, for selftests: the channel by itself, and a thread that
 * answers from a table of blocks in memory, rightly, late, wrongly or not at all.
 */
#ifndef KST_REMOTE_H
#define KST_REMOTE_H

#include <liburing.h>

#include "kvtier_remote.h"
#include "nvme.h"

#define KST_REMOTE	"kst_remote"

int kst_remote_add(const char *name);	/* 0 or -errno */

/* ---------------------------------------------------------------- the channel */

/**
 * struct kst_channel - an attached helper that does nothing by itself
 * @fd: the helper's file
 * @arg: what the kernel said
 * @map: its descriptors
 * @ring: for its commands; user_data is the tag
 */
struct kst_channel {
	int fd;
	struct kvt_remote_attach arg;
	char *map;
	struct io_uring ring;
};

/* The file, or -errno; @arg, which may be NULL: what is out. */
int kst_remote_attach(const char *tier, __u32 depth,
		      struct kvt_remote_attach *arg);
int kst_channel_open(struct kst_channel *c, const char *tier, __u32 depth);
/* Returns when the tier has no helper any more: 0, or -ETIMEDOUT. */
int kst_channel_close(struct kst_channel *c);
struct kvt_remote_desc *kst_desc(struct kst_channel *c, __u32 tag);
void *kst_trailer(struct kst_channel *c, __u32 tag, __u32 i);
/* A submission queue entry, not submitted. */
struct io_uring_sqe *kst_remote_sqe(struct kst_channel *c, __u32 cmd, __u32 tag,
				    __u64 id);
/* Submitted; what comes of it is found by kst_remote_next(). */
void kst_remote_arm(struct kst_channel *c, __u32 tag);
void kst_remote_answer(struct kst_channel *c, __u32 tag, __u64 id);
/* The next completion within @ms: its tag and result; -ETIME: none. */
int kst_remote_next(struct kst_channel *c, unsigned int ms, __u32 *tag, int *res);

/* ------------------------------------------------------------------- the pool */

/* Bit of an operation in the masks below. */
#define KST_OP(op)	(1U << KVT_REMOTE_##op)
#define KST_OP_ALL	0xfU

/**
 * struct kst_ways - how the helper misbehaves; all zero: not at all
 * @delay_ms: before each answer
 * @hold: mask: these operations are not answered while it is set
 * @fail: mask: these are answered with -EIO for each block, and nothing is done
 * @flip_bytes: so many blocks more are fetched with a wrong byte
 * @flip_trailer: so many more with a wrong byte in their trailer
 * @other_block: so many more with bytes and trailer of another block of the table
 * @no_bytes: so many more are said to be there, and nothing is written
 * @bad_status: so many more requests are first answered with a status that is none;
 *	not where deadlines pass: then the kernel does not look
 * @bad_id: so many more are first answered with a wrong id, a wrong tag, a pad
 * @twice: so many more are answered twice
 */
struct kst_ways {
	unsigned int delay_ms;
	unsigned int hold;
	unsigned int fail;
	unsigned int flip_bytes;
	unsigned int flip_trailer;
	unsigned int other_block;
	unsigned int no_bytes;
	unsigned int bad_status;
	unsigned int bad_id;
	unsigned int twice;
};

/* What outlives helpers: the blocks, and what was asked. */
struct kst_pool;

struct kst_pool *kst_pool_new(__u32 block_size);
void kst_pool_free(struct kst_pool *p);	/* no helper uses it any more */
/* How its helpers behave from now on. */
void kst_pool_ways(struct kst_pool *p, const struct kst_ways *ways);
/* How it is now: what was counted down. */
struct kst_ways kst_pool_ways_left(struct kst_pool *p);

/* A block with the bytes of kst_fill(@seed), of spaces as kst_space_init() makes. */
void kst_pool_put(struct kst_pool *p, struct kst_key key, struct kst_key parent,
		  __u64 seed);
/* Blocks @first.. of a chain, as kst_put_chain(). */
void kst_pool_put_chain(struct kst_pool *p, __u64 chain, unsigned int first,
			unsigned int nr);
void kst_pool_forget(struct kst_pool *p, struct kst_key key);
bool kst_pool_has(struct kst_pool *p, struct kst_key key);
/* Has it the block, with these bytes? */
bool kst_pool_holds(struct kst_pool *p, struct kst_key key, __u64 seed);
/* How many of blocks 0..@nr - 1 of a chain, with their bytes? */
unsigned int kst_pool_count(struct kst_pool *p, __u64 chain, unsigned int nr);
/* Of a block that it has: class, parent. */
int kst_pool_class(struct kst_pool *p, struct kst_key key);
struct kst_key kst_pool_parent(struct kst_pool *p, struct kst_key key);
unsigned int kst_pool_nr(struct kst_pool *p);

/* Blocks asked for by an operation, and requests, since it was made. */
unsigned int kst_pool_asked(struct kst_pool *p, enum kvt_remote_op op);
unsigned int kst_pool_requests(struct kst_pool *p, enum kvt_remote_op op);
/* Waits until kst_pool_asked() is at least that: is it? */
bool kst_pool_wait_asked(struct kst_pool *p, enum kvt_remote_op op,
			 unsigned int least);
/* Requests that the helper has and has not answered. */
unsigned int kst_pool_pending(struct kst_pool *p);
/*
 * What must not be: spilled blocks whose trailer is not that of their bytes, requests that
 * make no sense, answers that the kernel should have taken or refused.
 */
unsigned int kst_pool_wrong(struct kst_pool *p);

/* ------------------------------------------------------------------ the thread */

struct kst_helper;

/* NULL, and errno is set: it could not attach. */
struct kst_helper *kst_helper_start(struct kst_pool *p, const char *tier,
				    __u32 depth);
/*
 * It lets go of everything, whatever is under way, as if it had died. Returns when the
 * tier has no helper any more: 0, or -ETIMEDOUT.
 */
int kst_helper_stop(struct kst_helper *h);
/* It has no space open any more, until it is asked for something again. */
void kst_helper_let_go(struct kst_helper *h);

/* --------------------------------------------------------------------- all of it */

/* Deadline, in ms, of requests that are to end by other ways only. */
#define KST_NO_DEADLINE	"600000"

/**
 * struct kst_rig - a remote tier, KST_REMOTE, with a helper, and KST_SPACE open
 * @pool: what the helper answers from
 * @helper: NULL: none is attached
 * @fd: of the space; -1: it is not open
 */
struct kst_rig {
	struct kst_pool *pool;
	struct kst_helper *helper;
	int fd;
};

/* The space is there, and has no remote tier yet. 0 or -errno */
int kst_rig_make(struct kst_rig *r, __u32 block_size);
int kst_rig_start(struct kst_rig *r, __u32 depth);	/* a helper; 0 or -errno */
int kst_rig_stop(struct kst_rig *r);			/* as kst_helper_stop() */
void kst_rig_ways(struct kst_rig *r, struct kst_ways ways);
/* Masks as in struct kst_ways; in all else it behaves. */
void kst_rig_hold(struct kst_rig *r, unsigned int hold, unsigned int fail);
/* 0; -EPROTO: see kst_pool_wrong(); -ETIMEDOUT: the helper stays. */
int kst_rig_end(struct kst_rig *r);
int kst_give_remote(const char *space, const char *timeout_ms);

#endif /* KST_REMOTE_H */
