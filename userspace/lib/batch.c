// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Batches: one as it is, and commands of any length sent in parts.
 *
 * A chain goes on from part to part as if it were one: the next part's parent is
 * the last key of this one, its time to wait is what is left, and where the chain
 * ends it ends for good.
 */
#include <limits.h>
#include <string.h>

#include "lib.h"

int kvt_submit(struct kvt_space *space, struct kvt_batch *batch)
{
	if (!space || !batch)
		return -EINVAL;
	batch->size = sizeof(*batch);
	return kvt_ioctl(space->fd, KVT_IOC_SUBMIT, batch);
}

void kvt_batch_init(struct kvt_batch *batch, enum kvt_op op,
		    struct kvt_entry *entries, uint32_t nr,
		    const struct kvt_how *how)
{
	memset(batch, 0, sizeof(*batch));
	batch->size = sizeof(*batch);
	batch->op = op;
	batch->nr = nr;
	batch->entries = (uintptr_t)entries;
	if (!how)
		return;
	batch->flags = how->flags;
	batch->class_id = how->class_id;
	batch->tier = how->tier;
	batch->pad = how->pad;
	batch->timeout_ns = how->timeout_ns;
	if (how->parent)
		memcpy(batch->parent, how->parent, KVT_KEY_SIZE);
}

void kvt_entries_init(struct kvt_entry *entries, const struct kvt_key *keys,
		      size_t nr)
{
	size_t i;

	memset(entries, 0, nr * sizeof(*entries));
	for (i = 0; i < nr; i++)
		memcpy(entries[i].key, keys[i].bytes, KVT_KEY_SIZE);
}

void kvt_entries_blocks(const struct kvt_entry *entries, size_t nr,
			struct kvt_block *blocks)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		blocks[i].offset = entries[i].offset;
		blocks[i].slot = entries[i].slot;
		blocks[i].result = entries[i].result;
	}
}

static bool fills(const struct kvt_batch *batch)
{
	return batch->op == KVT_OP_RESERVE || batch->op == KVT_OP_PUT;
}

static bool is_chain(const struct kvt_batch *batch)
{
	return batch->op == KVT_OP_LOOKUP || batch->op == KVT_OP_ACQUIRE ||
	       fills(batch);
}

/* A block that is being filled, here or elsewhere, does not end RESERVE or PUT. */
static bool ends_chain(const struct kvt_batch *batch, int32_t result)
{
	if (fills(batch) && (result == -EINPROGRESS || result == -EALREADY))
		return false;
	return result < 0;
}

/* Did the command end in this part, at its last entry at the latest? */
static bool has_ended(const struct kvt_batch *batch,
		      const struct kvt_entry *entries)
{
	uint32_t i;

	if (batch->done < batch->nr)
		return true;
	if (!is_chain(batch) || batch->ok == batch->nr)
		return false;
	for (i = 0; i < batch->nr; i++)
		if (ends_chain(batch, entries[i].result))
			return true;
	return false;
}

int kvt_run_start(struct kvt_run *run, struct kvt_space *space, enum kvt_op op,
		  const struct kvt_how *how)
{
	if (!space || (how && how->pad))
		return -EINVAL;
	memset(run, 0, sizeof(*run));
	run->space = space;
	kvt_batch_init(&run->batch, op, NULL, 0, how);
	/* A time out of range is the first part's error. */
	if (run->batch.timeout_ns <= KVT_MAX_TIMEOUT_NS)
		run->deadline = kvt_deadline(run->batch.timeout_ns);
	return 0;
}

static void set_results(struct kvt_entry *entries, size_t nr, int result)
{
	size_t i;

	for (i = 0; i < nr; i++)
		entries[i].result = result;
}

static void next_part(struct kvt_run *run, const struct kvt_entry *last)
{
	uint64_t now;

	if (fills(&run->batch) && !(run->batch.flags & KVT_F_FLAT))
		memcpy(run->batch.parent, last->key, KVT_KEY_SIZE);
	if (!run->deadline)
		return;
	now = kvt_now();
	run->batch.timeout_ns = now < run->deadline ? run->deadline - now : 1;
}

/*
 * Submit the next 1..KVT_MAX_BATCH entries, or say what became of them if the
 * command is over. Fails only if nothing at all was done.
 */
int kvt_run_part(struct kvt_run *run, struct kvt_entry *entries, size_t nr)
{
	struct kvt_batch batch = run->batch;
	int rc;

	if (run->rest) {
		set_results(entries, nr, run->rest);
		return 0;
	}
	batch.nr = nr;
	batch.entries = (uintptr_t)entries;
	rc = kvt_submit(run->space, &batch);
	if (rc && !run->started)
		return rc;
	run->started = true;
	if (rc) {
		run->rest = rc;
		set_results(entries, nr, rc);
		return 0;
	}
	run->ok += batch.ok;
	if (batch.done < nr)
		set_results(entries + batch.done, nr - batch.done, -ECANCELED);
	if (has_ended(&batch, entries))
		run->rest = -ECANCELED;
	else
		next_part(run, &entries[nr - 1]);
	return 0;
}

ssize_t kvt_run(struct kvt_space *space, enum kvt_op op,
		struct kvt_entry *entries, size_t nr, const struct kvt_how *how)
{
	struct kvt_run run;
	size_t at, n;
	int rc;

	rc = kvt_run_start(&run, space, op, how);
	if (rc || (nr && !entries) || nr > SSIZE_MAX / sizeof(*entries))
		return -EINVAL;
	for (at = 0; at < nr; at += n) {
		n = nr - at < KVT_MAX_BATCH ? nr - at : KVT_MAX_BATCH;
		rc = kvt_run_part(&run, entries + at, n);
		if (rc)
			return rc;
	}
	return (ssize_t)run.ok;
}
