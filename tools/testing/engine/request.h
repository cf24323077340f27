/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One prompt, and where the keys and values of its blocks are: in frames of the
 * space, which this process has leased (sealed blocks) or is filling, or, when no
 * frame can be had, in memory of its own, which is not shared. They are used where
 * they are, never copied.
 */
#ifndef ENGINE_REQUEST_H
#define ENGINE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include <libkvtier.h>

#include "model.h"

/**
 * struct request - a prompt that is served
 * @model: whose
 * @space: where its blocks are cached; NULL: nowhere
 * @tokens: of the prompt, with room for those that are generated
 * @nr_tokens: of the prompt
 * @nr_full: blocks of the prompt that are full
 * @nr_blocks: blocks of the prompt and of what is generated
 * @keys: of the full blocks
 * @blocks: what the space said of each full block
 * @frames: where each block is
 * @own: those in memory of the process's own, to be freed
 * @ready: blocks from the first on, leased or own, that need not be computed
 */
struct request {
	const struct model *model;
	struct kvt_space *space;
	uint32_t *tokens;
	unsigned int nr_tokens;
	unsigned int nr_full;
	unsigned int nr_blocks;
	struct kvt_key *keys;
	struct kvt_block *blocks;
	float **frames;
	float **own;
	unsigned int ready;
};

/*
 * A prompt of @nr tokens that are drawn from @seed, to be followed by @more.
 * Return: 0, -ENOMEM.
 */
int request_init(struct request *r, const struct model *m,
		 struct kvt_space *space, unsigned int nr, unsigned int more,
		 unsigned int seed);
void request_free(struct request *r);

/* Chained hashes of the model, the tokens of a block and of all before it. */
void request_hash(struct request *r);

/* Fingerprint of the keys and values of the blocks that are ready. */
uint64_t request_fingerprint(const struct request *r);

/* --- hold.c: leases and reservations ----------------------------------------- */

/**
 * struct patience - how blocks are taken
 * @wait_ns: longest wait for a frame, or for a block that another one fills
 * @whole: take no block before it has arrived in full
 */
struct patience {
	uint64_t wait_ns;
	bool whole;
};

/*
 * Lease what is cached of the blocks that are not ready, and what others are just
 * filling. Return: 0, -errno.
 */
int hold_cached(struct request *r, const struct patience *p);

/*
 * Get frames for up to @max blocks from the first that is not ready on.
 * Return: how many; 0: somebody else fills the first one, or it is there; -ENOSPC
 * when there is no room, or another negative errno.
 */
int hold_reserve(struct request *r, const struct patience *p, unsigned int max);

/* Memory of the process's own for these blocks. Return: 0, -ENOMEM. */
int hold_own(struct request *r, unsigned int first, unsigned int nr);

/*
 * The first @nr blocks that are not ready have been filled: seal them. Return: blocks sealed.
 * They are ready when hold_cached() has leased them: between the two they may be
 * evicted.
 */
int hold_commit(struct request *r, unsigned int nr);

/* They have not been filled: give them back. */
void hold_abort(struct request *r, unsigned int first, unsigned int nr);

/* Give the blocks from @first on back, whatever they are. */
void hold_drop(struct request *r, unsigned int first);

/*
 * Wait until layer @l of the ready blocks from @first on has arrived. Return: 0; -EIO: a
 * block is lost, and it and those after it are given back; another negative errno.
 */
int hold_wait(struct request *r, unsigned int l, unsigned int first);

#endif /* ENGINE_REQUEST_H */
