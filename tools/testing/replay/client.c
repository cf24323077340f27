// SPDX-License-Identifier: GPL-2.0
/*
 * One request, as an engine does it: lease the longest cached prefix, use its
 * bytes (here: verify them), compute the rest (here: generate it) and store
 * it, give the leases back. Leases are kept until the new blocks are sealed, so
 * that no parent is evicted before its children are there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "key.h"
#include "pattern.h"
#include "trace.h"

#define HOLD_STEP_NS	10000000	/* how often holding looks at @stop */

static void add(struct client *c, enum count what, uint64_t n)
{
	c->tally->count[what] += n;
}

static void took(struct client *c, enum step what, uint64_t since)
{
	hist_add(&c->tally->time[what], now_ns() - since);
}

static bool may_complain(struct client *c)
{
	return atomic_fetch_sub(c->complaints, 1) > 0;
}

static int refused(struct client *c, enum kvt_op op, const char *name, int err)
{
	if (may_complain(c))
		fprintf(stderr, "kvtier-replay: space %s refused %s: %s\n",
			c->options->space, name, kvt_strerror(op, err));
	return err;
}

/* Count why the chain ended at this entry. */
static void count_result(struct client *c, enum kvt_op op, int result)
{
	switch (result) {
	case -ENOENT:
		break;
	case -EINPROGRESS:
	case -EALREADY:
		add(c, COUNT_FILLING, 1);
		break;
	case -ETIMEDOUT:
		add(c, op == KVT_OP_ACQUIRE ? COUNT_FILLING : COUNT_NO_SPACE, 1);
		break;
	case -ENOSPC:
		add(c, COUNT_NO_SPACE, 1);
		break;
	case -EDQUOT:
		add(c, COUNT_NO_QUOTA, 1);
		break;
	default:
		add(c, COUNT_ERRORS, 1);
		if (may_complain(c))
			fprintf(stderr, "kvtier-replay: %s of a block failed: %s\n",
				op == KVT_OP_ACQUIRE ? "ACQUIRE" : "RESERVE",
				kvt_strerror(op, result));
	}
}

/* --- waiting ------------------------------------------------------------ */

static struct kvt_how give_time(const struct client *c, bool wait)
{
	return (struct kvt_how) {
		.flags = wait ? KVT_F_WAIT : 0,
		.timeout_ns = wait ? c->options->wait_ns : 0,
	};
}

/* What ended a batch passes by itself; if there is time to wait, count that. */
static bool is_worth_waiting(struct client *c, int result)
{
	if (!c->options->wait_ns ||
	    (result != -ENOSPC && result != -EINPROGRESS))
		return false;
	add(c, COUNT_WAITS, 1);
	return true;
}

/* --- hits ------------------------------------------------------------- */

static bool is_sampled(struct client *c)
{
	if (c->options->verify != VERIFY_SAMPLE)
		return c->options->verify == VERIFY_ALL;
	c->random = c->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (c->random >> 33) % c->options->sample == 0;
}

static void tell_wrong(struct client *c, size_t i,
		       const struct pattern_fault *fault)
{
	char words[256];

	add(c, COUNT_WRONG, 1);
	if (!may_complain(c))
		return;
	pattern_explain(&c->keys[i], fault, words, sizeof(words));
	fprintf(stderr, "kvtier-replay: WRONG BYTES in space %s: block %zu of a chain, key %016"
		PRIx64 ", slot %u, frame at offset %" PRIx64 ", tier %s: %s\n",
		c->options->space, i, key_word(&c->keys[i], 0),
		c->blocks[i].slot, c->blocks[i].offset,
		kvt_tier_kind_name(kvt_result_tier(c->blocks[i].result)),
		words);
}

static void verify_block(struct client *c, size_t i)
{
	const void *frame = kvt_ptr(c->space, c->blocks[i].offset);
	struct pattern_fault fault;

	if (!frame) {
		add(c, COUNT_ERRORS, 1);
		if (may_complain(c))
			fprintf(stderr, "kvtier-replay: cannot map offset %" PRIx64
				" of space %s: %s\n",
				c->blocks[i].offset, c->options->space,
				kvt_strerror(KVT_CALL_MAP, errno));
		return;
	}
	add(c, COUNT_VERIFIED, 1);
	add(c, COUNT_VERIFIED_BYTES, c->check_bytes);
	if (pattern_check(&c->keys[i], frame, c->check_bytes, &fault))
		tell_wrong(c, i, &fault);
}

static void verify_hits(struct client *c, size_t hits)
{
	uint64_t begin = now_ns();
	size_t i;

	if (!hits || c->options->verify == VERIFY_NONE)
		return;
	for (i = 0; i < hits; i++)
		if (is_sampled(c))
			verify_block(c, i);
	took(c, STEP_VERIFY, begin);
}

/* Where the blocks are, before leasing them brings them up. */
static int look(struct client *c, size_t nr)
{
	uint64_t begin = now_ns();
	ssize_t n, i;

	c->nr_found = 0;
	if (!c->options->look)
		return 0;
	n = kvt_lookup(c->space, c->keys, nr, NULL, c->blocks);
	if (n < 0)
		return refused(c, KVT_OP_LOOKUP, "LOOKUP", n);
	took(c, STEP_LOOKUP, begin);
	for (i = 0; i < n; i++)
		c->found[i] = kvt_result_tier(c->blocks[i].result);
	c->nr_found = n;
	return 0;
}

static void count_hits(struct client *c, size_t hits)
{
	size_t i;

	add(c, COUNT_HITS, hits);
	for (i = 0; i < hits; i++) {
		int tier = kvt_result_tier(c->blocks[i].result);
		int found = i < c->nr_found ? c->found[i] : tier;

		if (tier < NR_TIER_KINDS)
			c->tally->tier_hits[tier]++;
		if (found < NR_TIER_KINDS)
			c->tally->found[found]++;
	}
}

/* One ACQUIRE of a part of the chain. Return: how many were leased, or -errno. */
static ssize_t lease(struct client *c, size_t first, size_t nr, bool wait)
{
	const struct kvt_how how = give_time(c, wait);
	uint64_t begin = now_ns();
	ssize_t hits = kvt_acquire(c->space, c->keys + first, nr, &how,
				   c->blocks + first);

	if (hits < 0)
		return refused(c, KVT_OP_ACQUIRE, "ACQUIRE", hits);
	took(c, wait ? STEP_WAIT : STEP_ACQUIRE, begin);
	return hits;
}

static ssize_t acquire(struct client *c, size_t nr)
{
	ssize_t hits = lease(c, 0, nr, false), more;

	if (hits < 0)
		return hits;
	if ((size_t)hits < nr && is_worth_waiting(c, c->blocks[hits].result)) {
		more = lease(c, hits, nr - hits, true);
		if (more < 0)
			return more;
		hits += more;
	}
	count_hits(c, hits);
	if ((size_t)hits < nr)
		count_result(c, KVT_OP_ACQUIRE, c->blocks[hits].result);
	return hits;
}

static int release(struct client *c, size_t hits)
{
	uint64_t begin = now_ns();
	ssize_t n;

	if (!hits)
		return 0;
	n = kvt_release_blocks(c->space, c->blocks, hits, NULL);
	if (n < 0)
		return refused(c, KVT_OP_RELEASE, "RELEASE", n);
	took(c, STEP_RELEASE, begin);
	if ((size_t)n == hits)
		return 0;
	add(c, COUNT_ERRORS, hits - n);
	if (may_complain(c))
		fprintf(stderr, "kvtier-replay: %zu of %zu leases were not there when given back\n",
			hits - (size_t)n, hits);
	return 0;
}

/* --- misses ----------------------------------------------------------- */

/* One RESERVE of a part of the chain. Return: 0, or -errno. */
static int reserve_once(struct client *c, size_t first, size_t nr, bool wait)
{
	struct kvt_how how = give_time(c, wait);
	uint64_t begin = now_ns();
	ssize_t got;

	if (first)
		how.parent = &c->keys[first - 1];
	got = kvt_reserve(c->space, c->keys + first, nr, &how,
			  c->blocks + first);
	if (got < 0)
		return refused(c, KVT_OP_RESERVE, "RESERVE", got);
	took(c, wait ? STEP_WAIT : STEP_RESERVE, begin);
	return 0;
}

static int reserve(struct client *c, size_t first, size_t nr)
{
	size_t end = first + nr;
	int ret = reserve_once(c, first, nr, false);

	if (ret)
		return ret;
	while (first < end && c->blocks[first].result != -ENOSPC)
		first++;
	if (first == end || !is_worth_waiting(c, -ENOSPC))
		return 0;
	return reserve_once(c, first, end - first, true);
}

static size_t fill(struct client *c, size_t first, size_t nr)
{
	uint64_t begin = now_ns();
	size_t i, filled = 0;

	for (i = first; i < first + nr; i++) {
		void *frame;

		if (!kvt_filling(&c->blocks[i]))
			continue;
		frame = kvt_ptr(c->space, c->blocks[i].offset);
		if (!frame) {
			add(c, COUNT_ERRORS, 1);
			kvt_abort_blocks(c->space, &c->blocks[i], 1);
			continue;
		}
		pattern_fill(&c->keys[i], frame, c->check_bytes);
		filled++;
	}
	if (filled)
		took(c, STEP_FILL, begin);
	return filled;
}

static int commit(struct client *c, size_t first, size_t nr, size_t filled)
{
	uint64_t begin = now_ns();
	ssize_t sealed;

	if (!filled)
		return 0;
	sealed = kvt_commit_blocks(c->space, c->blocks + first, nr);
	if (sealed < 0)
		return refused(c, KVT_OP_COMMIT, "COMMIT", sealed);
	took(c, STEP_COMMIT, begin);
	add(c, COUNT_STORED, sealed);
	add(c, COUNT_STORED_BYTES, sealed * c->check_bytes);
	add(c, COUNT_LOST, filled - sealed);
	return 0;
}

/* What others fill or have stored is passed over; an error ends the chain. */
static void count_reserved(struct client *c, size_t first, size_t nr)
{
	size_t i;

	for (i = first; i < first + nr; i++) {
		int result = c->blocks[i].result;

		if (result == -ECANCELED)	/* not reached */
			continue;
		if (!kvt_result_ok(result))
			count_result(c, KVT_OP_RESERVE, result);
		else if (result & KVT_RES_PRESENT)
			add(c, COUNT_PRESENT, 1);
	}
}

static int store(struct client *c, size_t first, size_t nr)
{
	uint64_t before = c->tally->count[COUNT_STORED], stored;
	size_t missing = nr - first;
	int ret;

	if (!missing)
		return 0;
	ret = reserve(c, first, missing);
	if (ret)
		return ret;
	count_reserved(c, first, missing);
	ret = commit(c, first, missing, fill(c, first, missing));
	stored = c->tally->count[COUNT_STORED] - before;
	add(c, COUNT_NOT_STORED, missing - stored);
	return ret;
}

/* --- the request ------------------------------------------------------ */

static void hold(struct client *c, size_t hits)
{
	uint64_t end = now_ns() + c->options->hold_ns;
	struct timespec step = { .tv_nsec = HOLD_STEP_NS };

	if (!hits || !c->options->hold_ns)
		return;
	while (now_ns() < end && !atomic_load(c->stop))
		nanosleep(&step, NULL);
	verify_hits(c, hits);
}

static int run_request(struct client *c, size_t nr, uint64_t begin)
{
	int ret = look(c, nr), ret2;
	ssize_t hits = ret ? ret : acquire(c, nr);

	if (hits < 0)
		return hits;
	verify_hits(c, hits);
	if (!c->options->read_only)
		ret = store(c, hits, nr);
	took(c, STEP_REQUEST, begin);
	hold(c, hits);
	ret2 = release(c, hits);
	return ret ? ret : ret2;
}

int client_request(struct client *c, const uint64_t *ids, size_t nr)
{
	uint64_t begin = now_ns();
	int ret = 0;

	if (nr) {
		key_chain(ids, nr, c->options->seed, c->keys);
		ret = run_request(c, nr, begin);
	}
	if (ret)
		return ret;
	add(c, COUNT_BLOCKS, nr);
	add(c, COUNT_REQUESTS, 1);
	return 0;
}

int client_init(struct client *c, unsigned int number)
{
	size_t block_size = kvt_block_size(c->space);

	c->check_bytes = c->options->fill_bytes;
	if (!c->check_bytes || c->check_bytes > block_size)
		c->check_bytes = block_size;
	c->random = c->options->seed + number * 0x9e3779b97f4a7c15ULL;
	c->keys = calloc(TRACE_MAX_CHAIN, sizeof(*c->keys));
	c->blocks = calloc(TRACE_MAX_CHAIN, sizeof(*c->blocks));
	c->found = calloc(TRACE_MAX_CHAIN, sizeof(*c->found));
	if (c->keys && c->blocks && c->found)
		return 0;
	client_free(c);
	return -ENOMEM;
}

void client_free(struct client *c)
{
	free(c->keys);
	free(c->blocks);
	free(c->found);
	c->keys = NULL;
	c->blocks = NULL;
	c->found = NULL;
}
