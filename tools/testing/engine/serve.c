// SPDX-License-Identifier: GPL-2.0
/*
 * A prompt, from its arrival to the last token generated.
 *
 * Again and again until all full blocks of the prompt are ready: lease what is
 * cached from there on; get frames for a chunk of blocks behind it; compute
 * them right there, while what was leased still arrives layer by layer; seal
 * them. The next round leases them with whatever else has come to be there: by
 * others, who may be serving the same prompt. A block that is lost, or evicted
 * before it was leased, is a miss in the next round.
 */
#define XXH_INLINE_ALL
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

#include "forward.h"
#include "serve.h"

#define MAX_IDLE	4	/* rounds without progress */

/**
 * struct serving - a prompt that is being served
 * @model: with which
 * @request: the prompt and its blocks
 * @scratch: for forward()
 * @answer: what the caller gets
 * @plan: what the caller wants
 * @patience: how blocks are taken now
 * @logits: of the token computed last
 * @begin_ns: when the prompt came
 * @acquire_at: when ACQUIRE first found something
 * @sealed: blocks that were sealed in the last round
 * @idle: rounds in a row in which no block came to be ready
 */
struct serving {
	const struct model *model;
	struct request request;
	struct scratch scratch;
	struct answer *answer;
	const struct plan *plan;
	struct patience patience;
	float *logits;
	uint64_t begin_ns;
	uint64_t acquire_at;
	unsigned int sealed;
	unsigned int idle;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* --- computing ---------------------------------------------------------------- */

static int wait_layer(void *arg, unsigned int l, unsigned int first)
{
	struct serving *s = arg;
	uint64_t begin = now_ns(), end;
	int ret = hold_wait(&s->request, l, first);

	end = now_ns();
	s->answer->wait_ns += end - begin;
	if (!ret && !s->answer->first_layer_ns && s->acquire_at)
		s->answer->first_layer_ns = end - s->acquire_at;
	return ret;
}

/* After a block was lost, only those that are there in full are of use. */
static int notice_loss(struct serving *s, int ret)
{
	if (ret == -EIO) {
		s->answer->lost++;
		s->patience.whole = true;
	}
	return ret;
}

static int compute(struct serving *s, unsigned int first, unsigned int nr,
		   float *logits)
{
	struct request *r = &s->request;
	struct piece piece = {
		.tokens = r->tokens, .first = first, .nr = nr,
		.frames = r->frames, .wait = wait_layer, .arg = s,
		.sealed = r->ready * s->model->shape.block_tokens,
	};

	return notice_loss(s, forward(s->model, &s->scratch, &piece, logits));
}

static int compute_blocks(struct serving *s, unsigned int nr)
{
	unsigned int tokens = s->model->shape.block_tokens;
	int ret = compute(s, s->request.ready * tokens, nr * tokens, NULL);

	if (!ret)
		s->answer->computed += nr * tokens;
	return ret;
}

/* --- blocks ------------------------------------------------------------------------ */

static int take_cached(struct serving *s)
{
	struct request *r = &s->request;
	unsigned int before = r->ready, gained;
	uint64_t begin = now_ns();
	int ret = hold_cached(r, &s->patience);

	s->answer->acquire_ns += now_ns() - begin;
	if (ret)
		return ret;
	gained = r->ready - before;
	if (gained && !s->acquire_at)
		s->acquire_at = begin;
	if (gained > s->sealed)
		s->answer->cached += gained - s->sealed;
	s->sealed = 0;
	s->idle = gained ? 0 : s->idle + 1;
	return 0;
}

/* A chunk in memory that nobody else sees. */
static int extend_own(struct serving *s)
{
	struct request *r = &s->request;
	unsigned int nr = r->nr_full - r->ready;
	int ret;

	if (nr > s->plan->chunk)
		nr = s->plan->chunk;
	ret = hold_own(r, r->ready, nr);
	if (!ret)
		ret = compute_blocks(s, nr);
	if (ret)
		return ret;
	r->ready += nr;
	s->answer->own += nr;
	return 0;
}

/* @nr frames wait to be filled. */
static int fill(struct serving *s, unsigned int nr)
{
	unsigned int first = s->request.ready;
	uint64_t begin;
	int ret = compute_blocks(s, nr);

	if (ret) {
		hold_abort(&s->request, first, nr);
		return ret;
	}
	begin = now_ns();
	ret = hold_commit(&s->request, nr);
	s->answer->store_ns += now_ns() - begin;
	if (ret < 0)
		return ret;
	s->sealed = ret;
	s->answer->stored += ret;
	return 0;
}

static int extend(struct serving *s)
{
	uint64_t begin = now_ns();
	int nr = -ENOSPC;

	if (s->idle <= MAX_IDLE)
		nr = hold_reserve(&s->request, &s->patience, s->plan->chunk);
	s->answer->store_ns += now_ns() - begin;
	if (nr == -ENOSPC)
		return extend_own(s);
	return nr > 0 ? fill(s, nr) : nr;
}

static int prepare_blocks(struct serving *s)
{
	struct request *r = &s->request;
	int ret = 0;

	while (!ret && r->ready < r->nr_full) {
		ret = take_cached(s);
		if (!ret && r->ready < r->nr_full)
			ret = extend(s);
	}
	return ret;
}

/*
 * The tokens behind the full blocks; the last one in any case, for its logits.
 * What they, and those generated, give is in memory of our own.
 */
static int compute_tail(struct serving *s)
{
	struct request *r = &s->request;
	unsigned int first = r->ready * s->model->shape.block_tokens;
	int ret = hold_own(r, r->nr_full, r->nr_blocks - r->nr_full);

	if (ret)
		return ret;
	if (first == r->nr_tokens)
		first--;
	ret = compute(s, first, r->nr_tokens - first, s->logits);
	if (!ret)
		s->answer->computed += r->nr_tokens - first;
	return ret;
}

/* What no layer of the tail looked at must have arrived as well. */
static int wait_all(struct serving *s)
{
	return notice_loss(s, hold_wait(&s->request,
					s->model->shape.layers - 1, 0));
}

/* A block that was lost is not ready any more. */
static int prefill(struct serving *s)
{
	int ret;

	do {
		ret = prepare_blocks(s);
		if (!ret)
			ret = compute_tail(s);
		if (!ret)
			ret = wait_all(s);
	} while (ret == -EIO);
	return ret;
}

/* --- the answer ---------------------------------------------------------------------- */

static unsigned int most_likely(const struct serving *s)
{
	unsigned int i, best = 0;

	for (i = 1; i < s->model->shape.vocab; i++)
		if (s->logits[i] > s->logits[best])
			best = i;
	return best;
}

static void hash_logits(struct serving *s)
{
	size_t bytes = s->model->shape.vocab * sizeof(*s->logits);

	s->answer->logits = XXH3_64bits_withSeed(s->logits, bytes,
						 s->answer->logits);
}

static int decode(struct serving *s)
{
	struct request *r = &s->request;
	uint64_t begin = now_ns();
	unsigned int i;
	int ret;

	for (i = 1; i < s->plan->generate; i++) {
		r->tokens[r->nr_tokens + i - 1] = most_likely(s);
		ret = compute(s, r->nr_tokens + i - 1, 1, s->logits);
		if (ret)
			return ret;
		hash_logits(s);
	}
	if (i > 1)
		s->answer->decode_ns = (now_ns() - begin) / (i - 1);
	return 0;
}

static int answer(struct serving *s, float *logits)
{
	int ret;

	request_hash(&s->request);
	ret = prefill(s);
	if (ret)
		return ret;
	s->answer->first_token = most_likely(s);
	s->answer->ttft_ns = now_ns() - s->begin_ns;
	if (logits)
		memcpy(logits, s->logits,
		       s->model->shape.vocab * sizeof(*logits));
	hash_logits(s);
	ret = decode(s);
	if (!ret)
		s->answer->kv = request_fingerprint(&s->request);
	return ret;
}

int serve(const struct model *m, struct kvt_space *space, const struct plan *plan,
	  struct answer *out, float *logits)
{
	struct serving s = {
		.model = m, .plan = plan, .patience = plan->patience, .answer = out,
	};
	unsigned int tokens = plan->chunk * m->shape.block_tokens;

	memset(out, 0, sizeof(*out));
	if (space && !kvt_nr_layers(space))
		s.patience.whole = true;
	out->error = request_init(&s.request, m, space, plan->tokens,
				  plan->generate, plan->seed);
	if (out->error)
		return out->error;
	s.logits = aligned_alloc(64, (m->shape.vocab * sizeof(float) + 63) / 64 * 64);
	out->error = scratch_init(&s.scratch, m, tokens);
	if (!out->error && !s.logits)
		out->error = -ENOMEM;
	s.begin_ns = now_ns();
	if (!out->error)
		out->error = answer(&s, logits);
	request_free(&s.request);
	scratch_free(&s.scratch);
	free(s.logits);
	return out->error;
}
