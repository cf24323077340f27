// SPDX-License-Identifier: GPL-2.0
/*
 * A host with dram, cxl and nvme, block by block, as the module moves them: new
 * blocks and what is loaded from nvme go to the fastest tier with a free frame;
 * between the watermarks the oldest leaf of dram goes to cxl, and that of cxl
 * (of all memory, where a chain lies across both) leaves memory. It is written
 * to nvme unless a copy is there. Ranks are those of the module's policy.
 */
#include <stdlib.h>
#include <string.h>

#include "../../../kmod/policy.h"
#include "heap.h"
#include "tiers.h"

/**
 * struct block - a block of the trace
 * @last_use: grows with every use of any block; the leaf of a chain is the oldest
 * @copy: serial of the segment with its copy, 0: there is none
 * @kids: its children in memory of each kind
 * @place: the memory it is in, or TIERS_NOWHERE
 * @used_again: it was hit after it had been stored
 * @is_held: of the running request
 */
struct block {
	uint64_t last_use;
	uint64_t copy;
	uint32_t kids[TIERS_MEM_KINDS];
	uint8_t place;
	bool used_again;
	bool is_held;
};

/** struct hot - a block that may be carried over */
struct hot {
	uint64_t last_use;
	uint32_t block;
};

/**
 * struct tiers - state of one simulation
 * @in: what is replayed
 * @config: the tiers
 * @result: what happened
 * @block: all blocks of the trace
 * @kid: all blocks, those of one parent in a row
 * @first_kid: for each block, where its children begin in @kid
 * @free: frames, by kind
 * @held: blocks that the running request has leased or reserved
 * @clock: last value of &block.last_use
 * @demotable: blocks on dram that may go to cxl
 * @droppable: blocks that may leave memory, by where they are
 * @log: the nvme tier
 * @hot: room for one segment's
 */
struct tiers {
	const struct sim_input *in;
	const struct tiers_config *config;
	struct tiers_result *result;
	struct block *block;
	uint32_t *kid;
	uint32_t *first_kid;
	uint32_t free[TIERS_MEM_KINDS];
	uint32_t held;
	uint64_t clock;
	struct heap demotable;
	struct heap droppable[TIERS_MEM_KINDS];
	struct seglog log;
	struct hot *hot;
};

void tiers_defaults(struct tiers_config *config)
{
	*config = (struct tiers_config) {
		.promote = TIERS_PROMOTE_FREE,
		.low_watermark = 10,
		.high_watermark = 20,
		.lease_quota = 900,
		.restart_at = SIZE_MAX,
	};
}

/* --- who may go ------------------------------------------------------------ */

static bool in_memory(const struct block *b)
{
	return b->place != TIERS_NOWHERE;
}

static bool is_present(const struct block *b)
{
	return in_memory(b) || b->copy;
}

static uint64_t rank_of(const struct tiers *t, uint32_t b)
{
	uint32_t parent = t->in->blocks.parent[b];
	const struct kvt_candidate c = {
		.last_use = t->block[b].last_use,
		.priority = KVT_PRIORITY_DEFAULT,
		.orphan = parent != BLOCK_NONE &&
			  !is_present(&t->block[parent]),
	};

	return kvt_policy_lru.rank(&c);
}

static void be_no_candidate(struct tiers *t, uint32_t b)
{
	unsigned int kind;

	heap_remove(&t->demotable, b);
	for (kind = 0; kind < TIERS_MEM_KINDS; kind++)
		heap_remove(&t->droppable[kind], b);
}

/* Bring the heaps up to date with what has become of @b. */
static void reconsider(struct tiers *t, uint32_t b)
{
	const struct block *block = &t->block[b];

	be_no_candidate(t, b);
	if (!in_memory(block) || block->is_held || block->kids[TIERS_DRAM])
		return;
	if (block->place == TIERS_DRAM)
		heap_insert(&t->demotable, b, rank_of(t, b));
	if (!block->kids[TIERS_CXL])
		heap_insert(&t->droppable[block->place], b, rank_of(t, b));
}

/* @b has come, or has gone for good: whether its children are orphans changes. */
static void tell_kids(struct tiers *t, uint32_t b)
{
	uint32_t i;

	for (i = t->first_kid[b]; i < t->first_kid[b + 1]; i++)
		if (in_memory(&t->block[t->kid[i]]))
			reconsider(t, t->kid[i]);
}

/* Move the bytes of @b to a frame of @to that was taken before, or nowhere. */
static void put_at(struct tiers *t, uint32_t b, enum tiers_kind to)
{
	uint32_t parent = t->in->blocks.parent[b];
	struct block *block = &t->block[b];
	enum tiers_kind from = block->place;

	block->place = to;
	if (from != TIERS_NOWHERE)
		t->free[from]++;
	if (parent != BLOCK_NONE) {
		if (from != TIERS_NOWHERE)
			t->block[parent].kids[from]--;
		if (to != TIERS_NOWHERE)
			t->block[parent].kids[to]++;
		reconsider(t, parent);
	}
	reconsider(t, b);
}

/* --- the log ----------------------------------------------------------------- */

static void forget_copy(struct tiers *t, uint32_t b)
{
	t->block[b].copy = 0;
	if (!in_memory(&t->block[b]))
		tell_kids(t, b);
}

static int by_use_latest_first(const void *a, const void *b)
{
	const struct hot *x = a, *y = b;

	return x->last_use > y->last_use ? -1 : x->last_use < y->last_use;
}

/* Blocks whose only copy is in @s, and that were used since that was written. */
static uint32_t list_hot(const struct tiers *t, const struct seglog_segment *s)
{
	uint32_t i, nr = 0;

	for (i = 0; i < s->nr; i++) {
		const struct block *block = &t->block[s->block[i]];

		if (block->copy == s->serial && !in_memory(block) &&
		    block->last_use > s->closed_at)
			t->hot[nr++] = (struct hot) { block->last_use,
						      s->block[i] };
	}
	qsort(t->hot, nr, sizeof(*t->hot), by_use_latest_first);
	return nr;
}

/*
 * Rewrite the latest used: of a chain that is its upper part, without which the
 * rest could not be hit.
 */
static void carry_over(struct tiers *t, const struct seglog_segment *s)
{
	uint32_t budget = (uint64_t)s->nr * t->config->carry_over / 1000;
	uint32_t nr = budget ? list_hot(t, s) : 0, i;

	for (i = 0; i < nr && i < budget && seglog_has_room(&t->log); i++) {
		t->block[t->hot[i].block].copy =
			seglog_add(&t->log, t->hot[i].block);
		t->result->carried++;
	}
}

/* Free the oldest segment. */
static void reclaim(struct tiers *t)
{
	struct seglog_segment *s = seglog_oldest(&t->log);
	uint32_t i;

	carry_over(t, s);
	for (i = 0; i < s->nr; i++) {
		uint32_t b = s->block[i];

		if (t->block[b].copy != s->serial)
			continue;
		t->result->reclaimed += !in_memory(&t->block[b]);
		forget_copy(t, b);
	}
	seglog_drop_oldest(&t->log);
}

/* A segment is kept free: what is carried over has to go somewhere. */
static void write_out(struct tiers *t, uint32_t b)
{
	if (!seglog_has_room(&t->log)) {
		seglog_open(&t->log, t->clock);
		if (!seglog_nr_free(&t->log))
			reclaim(t);
	}
	t->block[b].copy = seglog_add(&t->log, b);
}

static bool is_admitted(const struct tiers *t, const struct block *block)
{
	return t->config->exclusive || block->used_again ||
	       t->config->admission == TIERS_ADMIT_ALL;
}

/* --- making room --------------------------------------------------------------- */

static void leave_memory(struct tiers *t, uint32_t b)
{
	struct block *block = &t->block[b];

	if (!t->log.nr_segments)
		t->result->evictions++;
	else if (block->copy)
		t->result->write_skips++;
	else if (is_admitted(t, block))
		write_out(t, b);
	else
		t->result->not_admitted++;
	put_at(t, b, TIERS_NOWHERE);
	if (!block->copy)
		tell_kids(t, b);
}

static uint32_t watermark(const struct tiers *t, enum tiers_kind kind,
			  uint32_t permille)
{
	return ((uint64_t)t->config->frames[kind] * permille + 999) / 1000;
}

static bool is_short(const struct tiers *t, enum tiers_kind kind)
{
	return t->config->frames[kind] && (!t->free[kind] ||
	       t->free[kind] < watermark(t, kind, t->config->high_watermark));
}

static bool drop_oldest(struct tiers *t, enum tiers_kind kind)
{
	const struct heap *mine = &t->droppable[kind];
	const struct heap *other = &t->droppable[!kind];

	if (is_short(t, !kind) && other->nr &&
	    (!mine->nr || heap_lowest_rank(other) < heap_lowest_rank(mine)))
		mine = other;
	if (!mine->nr)
		return false;
	leave_memory(t, mine->block[0]);
	return true;
}

/* One step, as kvt_evict_one() does it. Return: false if nothing can go. */
static bool evict_one(struct tiers *t, enum tiers_kind kind)
{
	if (kind != TIERS_DRAM || !t->free[TIERS_CXL])
		return drop_oldest(t, kind);
	if (!t->demotable.nr)
		return false;
	t->free[TIERS_CXL]--;
	put_at(t, t->demotable.block[0], TIERS_CXL);
	t->result->demotions++;
	return true;
}

static void balance(struct tiers *t)
{
	int kind;

	for (kind = TIERS_CXL; kind >= TIERS_DRAM; kind--) {
		if (t->free[kind] >= watermark(t, kind, t->config->low_watermark))
			continue;
		while (t->free[kind] <
		       watermark(t, kind, t->config->high_watermark))
			if (!evict_one(t, kind))
				break;
	}
}

static bool take_frame(struct tiers *t, enum tiers_kind kind, uint32_t keep)
{
	if (t->free[kind] <= keep)
		return false;
	t->free[kind]--;
	balance(t);
	return true;
}

static bool evict_for_frame(struct tiers *t, enum tiers_kind kind)
{
	while (t->config->frames[kind] && evict_one(t, kind))
		if (take_frame(t, kind, 0))
			return true;
	return false;
}

/* A frame for a block that comes into memory, or TIERS_NOWHERE. */
static enum tiers_kind find_frame(struct tiers *t)
{
	enum tiers_kind kind;

	for (kind = 0; kind < TIERS_MEM_KINDS; kind++)
		if (take_frame(t, kind, 0))
			return kind;
	for (kind = 0; kind < TIERS_MEM_KINDS; kind++)
		if (evict_for_frame(t, kind))
			return kind;
	return TIERS_NOWHERE;
}

/* --- a request -------------------------------------------------------------------- */

static void hold(struct tiers *t, uint32_t b)
{
	t->block[b].is_held = true;
	be_no_candidate(t, b);
}

static void promote(struct tiers *t, uint32_t b)
{
	uint32_t keep = watermark(t, TIERS_DRAM, t->config->low_watermark);

	if (t->config->promote == TIERS_PROMOTE_OFF ||
	    (!take_frame(t, TIERS_DRAM, keep) &&
	     (t->config->promote == TIERS_PROMOTE_FREE ||
	      !evict_for_frame(t, TIERS_DRAM))))
		return;
	put_at(t, b, TIERS_DRAM);
	t->result->promotions++;
}

static bool load(struct tiers *t, uint32_t b)
{
	enum tiers_kind kind = find_frame(t);

	/* What made room may have freed the segment that it is in. */
	if (kind == TIERS_NOWHERE || !t->block[b].copy) {
		if (kind != TIERS_NOWHERE)
			t->free[kind]++;
		return false;
	}
	put_at(t, b, kind);
	if (t->config->exclusive)
		t->block[b].copy = 0;
	t->result->loads++;
	return true;
}

static bool quota_is_reached(const struct tiers *t)
{
	uint64_t frames = t->config->frames[TIERS_DRAM] +
			  t->config->frames[TIERS_CXL];

	return t->held >= frames * t->config->lease_quota / 1000;
}

/* Lease a block, wherever it is. Return: false if the prefix ends before it. */
static bool acquire(struct tiers *t, uint32_t b)
{
	enum tiers_kind found = t->block[b].place;

	if (!is_present(&t->block[b]) || quota_is_reached(t))
		return false;
	hold(t, b);
	t->held++;
	if (found == TIERS_CXL)
		promote(t, b);
	if (found == TIERS_NOWHERE) {
		found = TIERS_NVME;
		if (!load(t, b)) {
			t->held--;
			return false;
		}
	}
	t->block[b].used_again = true;
	t->result->hits[found]++;
	return true;
}

/* Return: false if the rest of the chain finds no room either. */
static bool store(struct tiers *t, uint32_t b)
{
	enum tiers_kind kind;

	if (is_present(&t->block[b])) {
		hold(t, b);	/* used, but not leased */
		return true;
	}
	kind = quota_is_reached(t) ? TIERS_NOWHERE : find_frame(t);
	if (kind == TIERS_NOWHERE)
		return false;
	hold(t, b);
	t->held++;
	t->block[b].used_again = false;
	put_at(t, b, kind);
	tell_kids(t, b);
	t->result->stored++;
	return true;
}

/* Give back what the request holds: the leaf counts as used first. */
static void release(struct tiers *t, const uint32_t *chain, uint32_t used,
		    uint32_t nr)
{
	while (nr--) {
		struct block *block = &t->block[chain[nr]];

		if (nr < used)
			block->last_use = ++t->clock;
		block->is_held = false;
		reconsider(t, chain[nr]);
	}
	t->held = 0;
}

static void request(struct tiers *t, const struct trace_request *q)
{
	const uint32_t *chain = t->in->blocks.of_ref + q->first;
	uint32_t hits = 0, i;

	while (hits < q->nr && acquire(t, chain[hits]))
		hits++;
	for (i = hits; i < q->nr && store(t, chain[i]); i++)
		;
	release(t, chain, i, q->nr);
	t->result->blocks += q->nr;
	t->result->not_stored += q->nr - i;
}

/* --- a restart ----------------------------------------------------------------------- */

/* Write out all that is in memory only, and give the memory back. */
static void restart(struct tiers *t)
{
	unsigned int kind, other;

	for (;;) {
		kind = t->droppable[TIERS_DRAM].nr ? TIERS_DRAM : TIERS_CXL;
		other = TIERS_CXL;
		if (!t->droppable[kind].nr)
			break;
		if (t->droppable[other].nr &&
		    heap_lowest_rank(&t->droppable[other]) <
		    heap_lowest_rank(&t->droppable[kind]))
			kind = other;
		if (t->log.nr_segments &&
		    !t->block[t->droppable[kind].block[0]].copy) {
			write_out(t, t->droppable[kind].block[0]);
			t->result->flushed++;
		}
		put_at(t, t->droppable[kind].block[0], TIERS_NOWHERE);
	}
}

/* --- all of it ------------------------------------------------------------------------- */

static int list_kids(struct tiers *t)
{
	uint32_t nr = t->in->blocks.nr, b, *parent = t->in->blocks.parent;

	t->kid = calloc((size_t)nr + 1, sizeof(*t->kid));
	t->first_kid = calloc((size_t)nr + 3, sizeof(*t->first_kid));
	if (!t->kid || !t->first_kid)
		return -1;
	/* Counts at [+2], then places at [+1], which end up as beginnings. */
	for (b = 0; b < nr; b++)
		if (parent[b] != BLOCK_NONE)
			t->first_kid[parent[b] + 2]++;
	for (b = 0; b < nr; b++)
		t->first_kid[b + 2] += t->first_kid[b + 1];
	for (b = 0; b < nr; b++)
		if (parent[b] != BLOCK_NONE)
			t->kid[t->first_kid[parent[b] + 1]++] = b;
	return 0;
}

static int init(struct tiers *t)
{
	uint32_t nr = t->in->blocks.nr, b;

	t->block = calloc((size_t)nr + 1, sizeof(*t->block));
	t->hot = calloc(t->config->layout.capacity + 1, sizeof(*t->hot));
	if (!t->block || !t->hot || list_kids(t) || heap_init(&t->demotable, nr) ||
	    heap_init(&t->droppable[TIERS_DRAM], nr) ||
	    heap_init(&t->droppable[TIERS_CXL], nr) ||
	    seglog_init(&t->log, &t->config->layout, t->config->segments,
			t->config->group))
		return -1;
	for (b = 0; b < nr; b++)
		t->block[b].place = TIERS_NOWHERE;
	memcpy(t->free, t->config->frames, sizeof(t->free));
	return 0;
}

static void destroy(struct tiers *t)
{
	free(t->block);
	free(t->kid);
	free(t->first_kid);
	free(t->hot);
	heap_free(&t->demotable);
	heap_free(&t->droppable[TIERS_DRAM]);
	heap_free(&t->droppable[TIERS_CXL]);
	seglog_free(&t->log);
}

static void run_all(struct tiers *t)
{
	struct tiers_result before = { 0 };
	size_t i;

	for (i = 0; i < t->in->trace.nr_requests; i++) {
		if (i == t->config->restart_at) {
			before = *t->result;
			restart(t);
		}
		request(t, &t->in->trace.requests[i]);
	}
	if (t->config->restart_at >= i)
		return;
	t->result->blocks_after = t->result->blocks - before.blocks;
	t->result->hits_after = tiers_hits(t->result) - tiers_hits(&before);
}

int tiers_run(const struct sim_input *in, const struct tiers_config *config,
	      struct tiers_result *result)
{
	struct tiers t = { .in = in, .config = config, .result = result };
	int ret;

	memset(result, 0, sizeof(*result));
	ret = init(&t);
	if (!ret)
		run_all(&t);
	result->writeouts = t.log.blocks;
	result->bytes_written = t.log.bytes;
	result->block_bytes_written = t.log.blocks * config->layout.block_size;
	destroy(&t);
	return ret;
}
