// SPDX-License-Identifier: GPL-2.0
/*
 * Checksums of frames: made once, kept beside the frame for as long as it has
 * these bytes, and with them wherever they go.
 *
 * A frame's are written by who may rely on its bytes: its block's owner, or who
 * holds it; of the latter there may be two, who write the same. They are forgotten
 * when the frame is taken for other bytes. To go without is always right: they are
 * made again.
 */
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "arena.h"
#include "block.h"
#include "log_format.h"
#include "space.h"
#include "sums.h"

/* Processors that make those of one batch, at most. */
#define MAX_HELPERS 15

static struct workqueue_struct *helpers;

int kvt_sums_init(void)
{
	helpers = alloc_workqueue("kvt-sums", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return helpers ? 0 : -ENOMEM;
}

void kvt_sums_exit(void)
{
	destroy_workqueue(helpers);
}

/* ----------------------------------------------------------------- where they are */

/* Checksums of a block. */
static u32 nr_crcs(const struct kvt_arena *a)
{
	return DIV_ROUND_UP(a->space->block_size, KVT_LOG_CRC_SPAN);
}

/* Words of a frame: whether the rest is good, and its checksums. */
static u32 nr_words(const struct kvt_arena *a)
{
	return 1 + nr_crcs(a);
}

/* Frames whose words are allocated together: about a page. */
static u32 nr_together(const struct kvt_arena *a)
{
	return max(PAGE_SIZE / sizeof(u32) / nr_words(a), 1UL);
}

static size_t leaf_bytes(const struct kvt_arena *a)
{
	return array3_size(nr_together(a), nr_words(a), sizeof(u32));
}

static u32 *find_words(struct kvt_arena *a, u32 frame)
{
	u32 *leaf = xa_load(&a->sums, frame / nr_together(a));

	return leaf ? leaf + frame % nr_together(a) * nr_words(a) : NULL;
}

/* Room for the words of @frame and its like, if there is memory. */
static void make_room(struct kvt_arena *a, u32 frame)
{
	gfp_t gfp = GFP_NOIO | __GFP_NOWARN;
	u32 *leaf = kzalloc(leaf_bytes(a), gfp);

	if (!leaf)
		return;
	/* Somebody may be faster, for a frame beside it. */
	if (xa_insert(&a->sums, frame / nr_together(a), leaf, gfp))
		kfree(leaf);
	else
		atomic_inc(&a->nr_sum_leaves);
}

/**
 * kvt_sums_get() - what is known of a frame
 * @a: its arena
 * @frame: owned or held by the caller
 * @crcs: out: one of each KVT_LOG_CRC_SPAN of its bytes
 *
 * Return: false: nothing is.
 */
bool kvt_sums_get(struct kvt_arena *a, u32 frame, u32 *crcs)
{
	const u32 *words = find_words(a, frame);

	/* With the release in kvt_sums_set(). */
	if (!words || !smp_load_acquire(words))
		return false;
	memcpy(crcs, words + 1, nr_crcs(a) * sizeof(u32));
	return true;
}

/* The frame's bytes have these checksums. Best effort. */
void kvt_sums_set(struct kvt_arena *a, u32 frame, const u32 *crcs)
{
	u32 *words = find_words(a, frame);

	if (!words) {
		make_room(a, frame);
		words = find_words(a, frame);
	}
	if (!words)
		return;
	memcpy(words + 1, crcs, nr_crcs(a) * sizeof(u32));
	/* With the acquire in kvt_sums_get(). */
	smp_store_release(words, 1);
}

/* The frame is to get other bytes. */
void kvt_sums_forget(struct kvt_arena *a, u32 frame)
{
	u32 *words = find_words(a, frame);

	if (words)
		WRITE_ONCE(*words, 0);
}

/* Nobody uses a frame of @a any more. */
void kvt_sums_free(struct kvt_arena *a)
{
	unsigned long i;
	u32 *leaf;

	xa_for_each(&a->sums, i, leaf)
		kfree(leaf);
	xa_destroy(&a->sums);
	atomic_set(&a->nr_sum_leaves, 0);
}

/* Memory they take. */
u64 kvt_sums_bytes(struct kvt_arena *a)
{
	return (u64)atomic_read(&a->nr_sum_leaves) * leaf_bytes(a);
}

/* --------------------------------------------------------------------- making them */

/* Make a frame's checksums if it has none. Its memory can be read. */
void kvt_sums_make(struct kvt_arena *a, u32 frame)
{
	u32 *crcs;

	crcs = kmalloc_array(nr_crcs(a), sizeof(u32), GFP_NOIO | __GFP_NOWARN);
	if (!crcs)
		return;
	if (!kvt_sums_get(a, frame, crcs)) {
		kvt_arena_sum(a, frame, crcs);
		kvt_sums_set(a, frame, crcs);
	}
	kfree(crcs);
}

/**
 * struct batch - blocks that several processors make the checksums of
 * @space: whose
 * @blocks: each held, or owned
 * @nr: length of @blocks
 * @next: the first that nobody has taken
 */
struct batch {
	struct kvt_space *space;
	struct kvt_block **blocks;
	u32 nr;
	atomic_t next;
};

struct helper {
	struct work_struct work;
	struct batch *batch;
};

static void make_some(struct batch *batch)
{
	u32 i;

	while ((i = atomic_inc_return(&batch->next) - 1) < batch->nr) {
		struct kvt_block *b = batch->blocks[i];
		struct kvt_arena *a = kvt_block_arena(batch->space, b);

		if (!kvt_arena_frame_poisoned(a, b->frame))
			kvt_sums_make(a, b->frame);
	}
}

static void help(struct work_struct *work)
{
	make_some(container_of(work, struct helper, work)->batch);
}

/**
 * kvt_sums_make_all() - make checksums of blocks that have none
 * @space: their space
 * @blocks: in memory, each held by the caller
 * @nr: how many
 *
 * All processors take part. Blocks whose memory has failed are left out.
 *
 * Context: process, sleeps.
 */
void kvt_sums_make_all(struct kvt_space *space, struct kvt_block **blocks,
		       u32 nr)
{
	struct batch batch = { .space = space, .blocks = blocks, .nr = nr };
	struct helper *helper;
	u32 i, more;

	more = min3(nr - !!nr, num_online_cpus() - 1, (u32)MAX_HELPERS);
	helper = kcalloc(more, sizeof(*helper), GFP_NOIO | __GFP_NOWARN);
	for (i = 0; helper && i < more; i++) {
		helper[i].batch = &batch;
		INIT_WORK(&helper[i].work, help);
		queue_work(helpers, &helper[i].work);
	}
	make_some(&batch);
	/* One that has not begun by now is not needed any more. */
	for (i = 0; helper && i < more; i++)
		cancel_work_sync(&helper[i].work);
	kfree(helper);
}

/* ------------------------------------------------------------------------ a move */

/* Is this one to be checked? So many per mille are, by the clock's last digits. */
bool kvt_sums_sampled(u32 permille)
{
	u32 digits;

	div_u64_rem(ktime_get_ns(), 1000, &digits);
	return digits < permille;
}

/* Are @crcs those that @from was known by, if it was known? */
static bool agree(struct kvt_arena *from, u32 frame, const u32 *crcs, u32 *known)
{
	return !kvt_sums_get(from, frame, known) ||
	       !memcmp(crcs, known, nr_crcs(from) * sizeof(u32));
}

/**
 * kvt_sums_survive() - did a block's bytes stay the same until they were copied?
 * @to: arena of @to_frame
 * @to_frame: the copy, owned by the caller
 * @from: arena of @from_frame
 * @from_frame: where they were, owned by the caller
 *
 * Looks at as many as the space's verify knob says.
 *
 * Context: process, may sleep.
 * Return: false: they are not what was sealed, or summed first.
 */
bool kvt_sums_survive(struct kvt_arena *to, u32 to_frame,
		      struct kvt_arena *from, u32 from_frame)
{
	u32 nr = nr_crcs(from), *crcs, *known;
	bool good = true;

	crcs = kmalloc_array(nr, 2 * sizeof(u32), GFP_NOIO | __GFP_NOFAIL);
	known = crcs + nr;
	if (kvt_sums_sampled(READ_ONCE(from->space->knobs.verify))) {
		kvt_arena_sum(to, to_frame, crcs);
		good = agree(from, from_frame, crcs, known);
		if (good)
			kvt_sums_set(to, to_frame, crcs);
	} else if (kvt_sums_get(from, from_frame, crcs)) {
		kvt_sums_set(to, to_frame, crcs);
	}
	kfree(crcs);
	return good;
}
