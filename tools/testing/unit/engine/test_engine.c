// SPDX-License-Identifier: GPL-2.0
/*
 * kvtier-engine computes the same bits whatever is cached, however it comes, and
 * whatever goes wrong with it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "serve.h"
#include "space.h"
#include "tap.h"

#define TOKENS	100	/* six blocks of 16, and 4 */
#define BLOCKS	6

static const struct shape shape = {
	.layers = 3, .heads = 4, .kv_heads = 2, .head_dim = 8, .ffn = 24,
	.vocab = 64, .block_tokens = 16, .window = 2, .global_every = 3,
};

static struct model model;
static struct kvt_space space;
static struct plan plan = {
	.tokens = TOKENS, .generate = 3, .chunk = 2,
	.patience = { .wait_ns = 1 },
};

static struct answer reference, got;

static void begin(void)
{
	space_init(&space, shape_block_bytes(&shape), shape.layers,
		   shape_layer_bytes(&shape));
}

static void end(const char *name)
{
	is(space_leases(&space), 0, "%s: no lease is left", name);
	is(space_count(&space, FRAME_FILLING), 0, "%s: no frame is being filled", name);
	space_free(&space);
}

/* Serve the prompt; it must be as without a cache. */
static void serve_once(const char *name)
{
	is(serve(&model, &space, &plan, &got, NULL), 0, "%s: served", name);
	ok(got.logits == reference.logits, "%s: the same logits", name);
	ok(got.kv == reference.kv, "%s: the same keys and values", name);
	is(got.first_token, reference.first_token, "%s: the same token", name);
}

static void is_warm(const char *name)
{
	serve_once(name);
	is(got.cached, BLOCKS, "%s: all is cached", name);
	is(got.stored, 0, "%s: nothing is stored", name);
	is(got.computed, TOKENS % 16, "%s: only the end is computed", name);
}

/* Keys of the prompt's blocks */
static struct kvt_key key(unsigned int i)
{
	struct request r;
	struct kvt_key key;

	must(!request_init(&r, &model, NULL, TOKENS, 1, plan.seed));
	request_hash(&r);
	key = r.keys[i];
	request_free(&r);
	return key;
}

/* --- the model ------------------------------------------------------------------ */

/* Serve without a cache. */
static struct answer plain(const struct model *m, unsigned int tokens,
			   unsigned int chunk)
{
	struct plan p = plan;
	struct answer a;

	p.tokens = tokens;
	p.chunk = chunk;
	must(!serve(m, NULL, &p, &a, NULL));
	return a;
}

/* Bits that were had on another machine, by another build. */
static void test_golden(void)
{
	struct answer a = plain(&model, TOKENS, 2);

	ok(a.logits == 0x55e4b5445e9faa03ULL && a.kv == 0xcd3b1c3850d73144ULL,
	   "the same bits as anywhere else");
	printf("# logits %016llx, keys and values %016llx\n",
	       (unsigned long long)a.logits, (unsigned long long)a.kv);
}

static void test_cuts(void)
{
	static const unsigned int tokens[] = { 1, 2, 15, 16, 17, 31, 32, 33, 48, 100, 161 };
	unsigned int i;

	for (i = 0; i < sizeof(tokens) / sizeof(*tokens); i++) {
		struct answer one = plain(&model, tokens[i], 1);
		struct answer many = plain(&model, tokens[i], 64);

		ok(one.logits == many.logits && one.kv == many.kv,
		   "%u tokens: the same bits however the prompt is cut", tokens[i]);
	}
}

/* What the layer that looks at everything reads of the first block counts. */
static void test_sensitive(void)
{
	size_t global = (shape.layers - 1) * shape_layer_bytes(&shape);
	struct kvt_key first = key(0);

	begin();
	serve_once("a wrong bit");
	space_find(&space, &first)->bytes[5] ^= 1;
	must(!serve(&model, &space, &plan, &got, NULL));
	ok(got.kv != reference.kv, "a wrong bit: seen in the keys and values");
	space_find(&space, &first)->bytes[global + 2] ^= 0x80;
	must(!serve(&model, &space, &plan, &got, NULL));
	ok(got.logits != reference.logits, "a wrong bit: seen in the logits");
	end("a wrong bit");
}

static void test_shapes(void)
{
	struct shape s = shape;

	ok(!shape_wrong(&s), "the test's shape is good");
	s.heads = 3;
	ok(shape_wrong(&s), "3 heads on 2 key-value heads");
	s = shape;
	s.block_tokens = 10;
	ok(shape_wrong(&s), "10 tokens a block");
	s = shape;
	s.layers = 0;
	ok(shape_wrong(&s), "no layers");
	s = shape;
	s.block_tokens = 4;
	is(shape_layer_bytes(&s), 2 * 16 * 4 * 4, "bytes of a layer");
	is(shape_block_bytes(&s), 4096, "bytes of a block");
}

/* --- the cache ------------------------------------------------------------------- */

static void test_warm(void)
{
	begin();
	serve_once("cold");
	is(got.cached, 0, "cold: nothing is cached");
	is(got.stored, BLOCKS, "cold: all is stored");
	is(got.computed, TOKENS, "cold: all is computed");
	is_warm("warm");
	end("warm");
}

static void test_lengths(void)
{
	static const unsigned int tokens[] = { 1, 15, 16, 17, 32, 33, 96 };
	struct answer was = reference;
	unsigned int i;
	char name[32];

	for (i = 0; i < sizeof(tokens) / sizeof(*tokens); i++) {
		snprintf(name, sizeof(name), "%u tokens", tokens[i]);
		plan.tokens = tokens[i];
		reference = plain(&model, tokens[i], 2);
		begin();
		serve_once(name);
		is(got.stored, tokens[i] / 16, "%s: blocks stored", name);
		serve_once(name);
		is(got.cached, tokens[i] / 16, "%s: blocks cached", name);
		is(got.computed, tokens[i] % 16 ? tokens[i] % 16 : 1,
		   "%s: tokens computed", name);
		end(name);
	}
	plan.tokens = TOKENS;
	reference = was;
}

/* Blocks behind a gap are found once it is filled. */
static void test_gap(void)
{
	struct kvt_key gap = key(2), last = key(BLOCKS - 1);

	begin();
	serve_once("gap");
	space_evict(&space, &gap);
	serve_once("gap");
	is(got.cached, BLOCKS - 1, "gap: the others are cached");
	is(got.stored, 1, "gap: it is filled");
	is(got.computed, 16 + TOKENS % 16, "gap: only it is computed");
	space_evict(&space, &last);
	serve_once("shorter prefix");
	is(got.cached, BLOCKS - 1, "shorter prefix: it is cached");
	is(got.stored, 1, "shorter prefix: the rest is stored");
	end("gap");
}

static void test_other_model(void)
{
	struct shape other = shape;
	struct model m;

	other.seed = 1;
	must(!model_init(&m, &other, TOKENS + plan.generate));
	begin();
	serve_once("other weights");
	must(!serve(&m, &space, &plan, &got, NULL));
	is(got.cached, 0, "other weights: other keys");
	ok(got.logits != reference.logits, "other weights: other logits");
	end("other weights");
	model_free(&m);
}

/* --- what goes wrong --------------------------------------------------------------- */

static void test_arriving(void)
{
	begin();
	serve_once("arriving");
	space.arriving = true;
	is_warm("arriving");
	is(space.waits, 2 * shape.window + BLOCKS,
	   "arriving: a layer is waited for where it is looked at");
	space.waits = 0;
	plan.patience.whole = true;
	is_warm("whole");
	is(space.waits, 0, "whole: nothing is waited for");
	plan.patience.whole = false;
	end("arriving");
}

static void test_no_layers(void)
{
	begin();
	space.layers = 0;
	space.arriving = true;
	serve_once("no layers declared");
	is_warm("no layers declared");
	is(space.waits, 0, "no layers declared: blocks are taken whole");
	end("no layers declared");
}

/* A block of the prompt does not arrive from layer @layer on. */
static void test_lost(unsigned int block, unsigned int layer)
{
	struct kvt_key lose = key(block);
	char name[32];

	snprintf(name, sizeof(name), "block %u lost", block);
	begin();
	serve_once(name);
	space.arriving = true;
	space.lose = &lose;
	space.lose_layer = layer;
	serve_once(name);
	is(got.lost, 1, "%s: seen", name);
	is(got.stored, 1, "%s: stored anew", name);
	space.lose = NULL;
	is_warm(name);
	end(name);
}

/* The same while frames behind it are being filled. */
static void test_lost_filling(void)
{
	struct kvt_key lose = key(0), last = key(BLOCKS - 1);

	begin();
	serve_once("lost while filling");
	space_evict(&space, &last);
	space.arriving = true;
	space.lose = &lose;
	serve_once("lost while filling");
	is(got.lost, 1, "lost while filling: seen");
	is(got.stored, 2, "lost while filling: stored both");
	is(got.own, 0, "lost while filling: stored all");
	end("lost while filling");
}

static void test_full(void)
{
	struct kvt_key k = key(3);

	begin();
	space.full = true;
	serve_once("full");
	is(got.stored, 0, "full: nothing is stored");
	is(got.own, BLOCKS, "full: all is in memory of its own");
	space.full = false;
	serve_once("full");
	space.full = true;
	space_evict(&space, &k);
	serve_once("full, a gap");
	is(got.own + got.cached, BLOCKS, "full, a gap: own blocks");
	ok(got.own >= 1, "full, a gap: it is one");
	end("full");
}

static void test_evicted(void)
{
	begin();
	space.evict = 2;
	serve_once("evicted at once");
	is(space.evict, 0, "evicted at once: twice");
	is_warm("evicted at once");
	end("evicted at once");
	begin();
	space.evict = 1000;
	serve_once("always evicted");
	is(got.own, BLOCKS, "always evicted: it gives up storing");
	end("always evicted");
}

/* Another server is ahead by one block. */
static void test_company(void)
{
	struct kvt_key first = key(0);
	uint8_t *other = malloc(shape_block_bytes(&shape));

	must(other);
	begin();
	serve_once("company");
	memcpy(other, space_find(&space, &first)->bytes, space.block_size);
	space_evict(&space, &first);
	space.other = other;
	space.busy = 1;
	serve_once("company");
	is(got.cached, BLOCKS, "company: the other's block is taken");
	is(got.stored, 0, "company: nothing is stored twice");
	end("company");
	free(other);
}

int main(void)
{
	must(!model_init(&model, &shape, 200));
	reference = plain(&model, TOKENS, 1);
	test_golden();
	test_cuts();
	test_sensitive();
	test_shapes();
	test_warm();
	test_lengths();
	test_gap();
	test_other_model();
	test_arriving();
	test_no_layers();
	test_lost(0, 0);
	test_lost(BLOCKS - 1, 0);
	test_lost(1, shape.layers - 1);
	test_lost_filling();
	test_full();
	test_evicted();
	test_company();
	model_free(&model);
	return done();
}
