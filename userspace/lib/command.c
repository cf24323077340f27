// SPDX-License-Identifier: LGPL-2.1-or-later
/* The commands on plain arrays: entries are made here, and taken apart again. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

#define FEW	64	/* entries that go on the stack */

/**
 * struct job - one call's arguments; unused arrays are NULL
 * @nr: elements of each array
 * @keys: in
 * @slots: in
 * @data: blocks' bytes, @stride apart
 * @stride: bytes of @data an element has
 * @pos: GET
 * @len: GET
 * @blocks: out; in as well, if @picks
 * @picks: which of @blocks take part; NULL: all elements do
 * @changes: makes an old @blocks result and a new one into the one to keep
 * @results: out
 */
struct job {
	size_t			nr;
	const struct kvt_key	*keys;
	const uint32_t		*slots;
	const char		*data;
	size_t			stride;
	uint32_t		pos;
	uint32_t		len;
	struct kvt_block	*blocks;
	bool			(*picks)(const struct kvt_block *block);
	int32_t			(*changes)(int32_t result);
	int32_t			*results;
};

static bool takes_part(const struct job *job, size_t i)
{
	return !job->picks || job->picks(&job->blocks[i]);
}

static void make_entry(const struct job *job, size_t i, struct kvt_entry *entry)
{
	memset(entry, 0, sizeof(*entry));
	if (job->keys)
		memcpy(entry->key, job->keys[i].bytes, KVT_KEY_SIZE);
	if (job->slots)
		entry->slot = job->slots[i];
	if (job->picks)
		entry->slot = job->blocks[i].slot;
	if (job->data)
		entry->addr = (uintptr_t)job->data + i * job->stride;
	entry->pos = job->pos;
	entry->len = job->len;
}

static void take_entry(const struct job *job, size_t i,
		       const struct kvt_entry *entry)
{
	if (job->results)
		job->results[i] = entry->result;
	if (!job->blocks)
		return;
	if (job->picks) {
		job->blocks[i].result = entry->result < 0 ? entry->result :
					job->changes(entry->result);
		return;
	}
	job->blocks[i].slot = entry->slot;
	job->blocks[i].offset = entry->offset;
	job->blocks[i].result = entry->result;
}

/* Make up to @room entries from element @*at on; move it to where it ended. */
static size_t make_part(const struct job *job, size_t *at,
			struct kvt_entry *entries, size_t room)
{
	size_t n = 0;

	for (; *at < job->nr && n < room; ++*at)
		if (takes_part(job, *at))
			make_entry(job, *at, &entries[n++]);
	return n;
}

/* The same elements again: picking looks at results only, each before its change. */
static void take_part(const struct job *job, size_t from, size_t to,
		      const struct kvt_entry *entries)
{
	size_t i;

	for (i = from; i < to; i++)
		if (takes_part(job, i))
			take_entry(job, i, entries++);
}

static int run_parts(const struct job *job, struct kvt_run *run,
		     struct kvt_entry *entries, size_t room)
{
	size_t from, n, at = 0;
	int rc;

	while (at < job->nr) {
		from = at;
		n = make_part(job, &at, entries, room);
		if (!n)
			break;
		rc = kvt_run_part(run, entries, n);
		if (rc)
			return rc;
		take_part(job, from, at, entries);
	}
	return 0;
}

static ssize_t run_job(const struct job *job, struct kvt_space *space,
		       enum kvt_op op, const struct kvt_how *how)
{
	struct kvt_entry few[FEW], *entries = few;
	size_t room = job->nr < KVT_MAX_BATCH ? job->nr : KVT_MAX_BATCH;
	struct kvt_run run;
	int rc;

	rc = kvt_run_start(&run, space, op, how);
	if (rc || job->nr > SSIZE_MAX / sizeof(*entries))
		return -EINVAL;
	if (room > FEW)
		entries = malloc(room * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	rc = run_parts(job, &run, entries, room);
	if (entries != few)
		free(entries);
	return rc ? rc : (ssize_t)run.ok;
}

static ssize_t run_keys(struct kvt_space *space, enum kvt_op op,
			const struct kvt_key *keys, size_t nr,
			const struct kvt_how *how, struct kvt_block *blocks,
			int32_t *results)
{
	struct job job = {
		.nr = nr, .keys = keys, .blocks = blocks, .results = results,
	};

	return nr && !keys ? -EINVAL : run_job(&job, space, op, how);
}

static ssize_t run_slots(struct kvt_space *space, enum kvt_op op,
			 const uint32_t *slots, size_t nr,
			 const struct kvt_how *how, int32_t *results)
{
	struct job job = { .nr = nr, .slots = slots, .results = results };

	return nr && !slots ? -EINVAL : run_job(&job, space, op, how);
}

ssize_t kvt_lookup(struct kvt_space *space, const struct kvt_key *keys,
		   size_t nr, const struct kvt_how *how,
		   struct kvt_block *blocks)
{
	return run_keys(space, KVT_OP_LOOKUP, keys, nr, how, blocks, NULL);
}

ssize_t kvt_acquire(struct kvt_space *space, const struct kvt_key *keys,
		    size_t nr, const struct kvt_how *how,
		    struct kvt_block *blocks)
{
	return run_keys(space, KVT_OP_ACQUIRE, keys, nr, how, blocks, NULL);
}

ssize_t kvt_reserve(struct kvt_space *space, const struct kvt_key *keys,
		    size_t nr, const struct kvt_how *how,
		    struct kvt_block *blocks)
{
	return run_keys(space, KVT_OP_RESERVE, keys, nr, how, blocks, NULL);
}

ssize_t kvt_prefetch(struct kvt_space *space, const struct kvt_key *keys,
		     size_t nr, const struct kvt_how *how, int32_t *results)
{
	return run_keys(space, KVT_OP_PREFETCH, keys, nr, how, NULL, results);
}

ssize_t kvt_drop(struct kvt_space *space, const struct kvt_key *keys, size_t nr,
		 const struct kvt_how *how, int32_t *results)
{
	return run_keys(space, KVT_OP_DROP, keys, nr, how, NULL, results);
}

ssize_t kvt_release(struct kvt_space *space, const uint32_t *slots, size_t nr,
		    const struct kvt_how *how, int32_t *results)
{
	return run_slots(space, KVT_OP_RELEASE, slots, nr, how, results);
}

ssize_t kvt_commit(struct kvt_space *space, const uint32_t *slots, size_t nr,
		   int32_t *results)
{
	return run_slots(space, KVT_OP_COMMIT, slots, nr, NULL, results);
}

ssize_t kvt_abort(struct kvt_space *space, const uint32_t *slots, size_t nr,
		  int32_t *results)
{
	return run_slots(space, KVT_OP_ABORT, slots, nr, NULL, results);
}

/* The same on what ACQUIRE and RESERVE wrote: only what there is to do. */

static bool is_leased(const struct kvt_block *block)
{
	return block->result >= 0 && block->result & KVT_RES_LEASED;
}

static bool is_filling(const struct kvt_block *block)
{
	return kvt_filling(block);
}

static int32_t not_leased(int32_t result)
{
	return result & ~KVT_RES_LEASED;
}

static int32_t present(int32_t result)
{
	return result | KVT_RES_PRESENT;
}

static int32_t canceled(int32_t result)
{
	(void)result;
	return -ECANCELED;
}

static ssize_t run_blocks(struct kvt_space *space, enum kvt_op op,
			  struct job *job, const struct kvt_how *how)
{
	return job->nr && !job->blocks ? -EINVAL : run_job(job, space, op, how);
}

ssize_t kvt_release_blocks(struct kvt_space *space, struct kvt_block *blocks,
			   size_t nr, const struct kvt_how *how)
{
	struct job job = {
		.nr = nr, .blocks = blocks,
		.picks = is_leased, .changes = not_leased,
	};

	return run_blocks(space, KVT_OP_RELEASE, &job, how);
}

ssize_t kvt_commit_blocks(struct kvt_space *space, struct kvt_block *blocks,
			  size_t nr)
{
	struct job job = {
		.nr = nr, .blocks = blocks,
		.picks = is_filling, .changes = present,
	};

	return run_blocks(space, KVT_OP_COMMIT, &job, NULL);
}

ssize_t kvt_abort_blocks(struct kvt_space *space, struct kvt_block *blocks,
			 size_t nr)
{
	struct job job = {
		.nr = nr, .blocks = blocks,
		.picks = is_filling, .changes = canceled,
	};

	return run_blocks(space, KVT_OP_ABORT, &job, NULL);
}

ssize_t kvt_put(struct kvt_space *space, const struct kvt_key *keys, size_t nr,
		const void *data, const struct kvt_how *how,
		struct kvt_block *blocks)
{
	struct job job = {
		.nr = nr, .keys = keys, .data = data, .blocks = blocks,
		.stride = kvt_block_size(space),
	};

	if (!space || (nr && (!keys || !data)))
		return -EINVAL;
	if (nr > SIZE_MAX / job.stride)
		return -EINVAL;
	return run_job(&job, space, KVT_OP_PUT, how);
}

ssize_t kvt_get(struct kvt_space *space, const struct kvt_key *keys, size_t nr,
		uint32_t pos, uint32_t len, void *data, int32_t *results)
{
	uint32_t block = kvt_block_size(space);
	struct job job = {
		.nr = nr, .keys = keys, .data = data, .results = results,
		.pos = pos,
	};

	if (!space || (nr && (!keys || !data)) || pos >= block)
		return -EINVAL;
	job.len = len ? len : block - pos;
	job.stride = job.len;
	if (nr > SIZE_MAX / job.stride)
		return -EINVAL;
	return run_job(&job, space, KVT_OP_GET, NULL);
}
