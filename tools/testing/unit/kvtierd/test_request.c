// SPDX-License-Identifier: GPL-2.0
/* Requests of the kernel: where they go, how they end, and what is left behind. */
#include <errno.h>
#include <string.h>

#include "fake_clock.h"
#include "fake_peer.h"
#include "request.h"
#include "tap.h"
#include "trailer.h"

#define BLOCK		65536U
#define TRAILER		4096U
#define MAX_MEMBERS	4
#define HOT		5	/* uses */
#define CLASS		3
#define PARENT		7	/* all its bytes */

static struct kvd_view view;
static struct kvp_timers timers;
static struct kvt_remote_desc desc;
static struct kvd_request rq;
static uint8_t trailers[KVT_REMOTE_BATCH * TRAILER] __attribute__((aligned(8)));
static char frames[KVT_REMOTE_BATCH];	/* only their addresses are used */
static unsigned int nr_done, done_too_early;

/* No device may touch its memory any more. */
static void rq_done(struct kvd_request *r)
{
	unsigned int i, j;

	nr_done++;
	for (i = 0; i < view.nr; i++)
		for (j = 0; j < view.peers[i]->nr_ops; j++)
			done_too_early += view.peers[i]->ops[j]->local[0].addr >= (void *)frames &&
					  r == &rq;
}

static void begin(unsigned int members, unsigned int replicas)
{
	static const char *const names[MAX_MEMBERS] = { "a", "b", "c", "d" };
	unsigned int i;

	memset(&view, 0, sizeof(view));
	view.nr_holders = 1;
	view.nr = members;
	view.replicas = replicas;
	for (i = 0; i < members; i++) {
		view.peers[i] = fake_peer(names[i]);
		view.seeds[i] = kvp_member_seed(names[i]);
	}
	nr_done = 0;
	done_too_early = 0;
}

static void begin_hot(unsigned int members, unsigned int replicas, unsigned int extra)
{
	begin(members, replicas);
	view.hot_replicas = extra;
	view.hot_uses = HOT;
}

static void end(const char *what)
{
	unsigned int i, wrong = 0, leases = 0, calls = 0;

	for (i = 0; i < view.nr; i++) {
		wrong += view.peers[i]->wrong;
		leases += view.peers[i]->nr_leases;
		calls += view.peers[i]->nr_calls;
	}
	ok(nr_done == 1 && !done_too_early && !wrong && !leases && !calls && !timers.first &&
	   view.nr_holders == 1,
	   "%s: ended once, no lease and no call is left", what);
	for (i = 0; i < view.nr; i++)
		kvd_peer_put(view.peers[i]);
}

static void set_key(unsigned int i, unsigned int key)
{
	memset(&desc.blocks[i], 0, sizeof(desc.blocks[i]));
	memcpy(desc.blocks[i].key, &key, sizeof(key));
	desc.blocks[i].status = 12345;
}

/* Of the blocks that start() asks for. */
static void make_trailers(void)
{
	struct kvt_trailer_of of = { .block_size = BLOCK, .class_id = CLASS };
	static const u32 sums[1];
	unsigned int i;

	memset(of.parent, PARENT, sizeof(of.parent));
	for (i = 0; i < KVT_REMOTE_BATCH; i++) {
		set_key(i, 1000 + i);
		memcpy(of.key, desc.blocks[i].key, sizeof(of.key));
		kvt_trailer_make((void *)(trailers + i * TRAILER), &of, sums);
	}
}

static void start(enum kvt_remote_op op, unsigned int nr, unsigned int flags,
		  uint64_t wait_ns)
{
	unsigned int i;

	memset(&desc, 0, sizeof(desc));
	memset(&rq, 0, sizeof(rq));
	desc.op = op;
	desc.nr = nr;
	desc.flags = flags;
	desc.wait_ns = wait_ns;
	desc.block_size = BLOCK;
	desc.trailer_size = TRAILER;
	desc.deadline_ns = fake_now + KVP_S;
	for (i = 0; i < nr && i < KVT_REMOTE_BATCH; i++) {
		set_key(i, 1000 + i);
		rq.frames[i] = &frames[i];
	}
	rq.desc = &desc;
	rq.trailers = trailers;
	rq.view = &view;
	rq.timers = &timers;
	rq.done = rq_done;
	kvd_request_start(&rq);
}

static void pass(uint64_t ns)
{
	fake_now += ns;
	kvp_timers_run(&timers, fake_now);
}

/* The members of a block, in their order; extra ones are the last. */
static struct kvd_peer *member(unsigned int block, unsigned int n)
{
	unsigned int places[KVP_MAX_REPLICAS];

	kvp_place_key(view.seeds, view.nr, desc.blocks[block].key,
		      view.replicas + view.hot_replicas, places);
	return view.peers[places[n]];
}

static void test_exists(void)
{
	struct kvd_peer *p;

	begin(1, 1);
	start(KVT_REMOTE_EXISTS, 3, 0, 0);
	p = view.peers[0];
	ok(fake_asked(p) == KVP_LOOKUP && kvp_nr(&p->calls[0]->request) == 3,
	   "exists: one LOOKUP of all");
	fake_answer(p, 0);
	ok(!desc.blocks[0].status && !desc.blocks[2].status, "exists: they are there");
	end("exists");

	begin(2, 2);
	start(KVT_REMOTE_EXISTS, 1, 0, 0);
	fake_answer(member(0, 0), ENOENT);
	is(fake_asked(member(0, 1)), KVP_LOOKUP, "exists: the next replica is asked");
	fake_answer(member(0, 1), ENOENT);
	is(desc.blocks[0].status, -ENOENT, "exists: no replica has it");
	end("absent");
}

static void test_unreachable(void)
{
	begin(1, 1);
	view.peers[0]->ready = false;
	start(KVT_REMOTE_FETCH, 2, 0, 0);
	ok(nr_done == 1 && desc.blocks[0].status == -ENOLINK &&
	   desc.blocks[1].status == -ENOLINK, "nobody is there: at once");
	end("unreachable");
	begin(0, 1);
	start(KVT_REMOTE_SPILL, 1, 0, 0);
	is(desc.blocks[0].status, -ENOLINK, "no members");
	end("no members");
	begin(1, 1);
	start(KVT_REMOTE_DROP + 1, 1, 0, 0);
	is(desc.blocks[0].status, -ENOLINK, "an operation that is not known");
	end("unknown");
	begin(1, 1);
	start(KVT_REMOTE_FETCH, KVT_REMOTE_BATCH, 0, 0);
	is(kvp_nr(&view.peers[0]->calls[0]->request), KVT_REMOTE_BATCH, "a full batch");
	fake_answer(view.peers[0], ENOENT);
	is(desc.blocks[KVT_REMOTE_BATCH - 1].status, -ENOENT, "to its last block");
	end("full batch");
}

static void test_fetch(void)
{
	struct kvd_peer *p;
	struct kvp_op *op;

	begin(1, 1);
	start(KVT_REMOTE_FETCH, 2, 0, 0);
	p = view.peers[0];
	is(fake_asked(p), KVP_ACQUIRE, "fetch: ACQUIRE");
	fake_answer(p, 0);
	is(p->nr_ops, 2, "fetch: a READ for each block");
	op = p->ops[1];
	ok(op->verb == KVP_READ && op->nr == 2 && op->local[0].addr == &frames[1] &&
	   op->local[0].length == BLOCK && op->local[1].addr == trailers + TRAILER &&
	   op->local[1].length == TRAILER, "fetch: into frame and trailer");
	ok(op->remote == p->leases[1] << 20 && op->rkey == p->leases[1],
	   "fetch: from where it was told");
	fake_moved(p, 0);
	is(nr_done, 0, "fetch: not before all have come");
	fake_moved(p, 0);
	ok(nr_done == 1 && !desc.blocks[0].status && !desc.blocks[1].status, "fetch: good");
	is(fake_asked(p), KVP_RELEASE, "fetch: then the leases are given back");
	fake_answer(p, 0);
	end("fetch");
}

/* Two replicas: the first is down, refuses, has it not, fails on the way. */
static void test_fetch_replicas(void)
{
	unsigned int how;

	for (how = 0; how < 4; how++) {
		struct kvd_peer *first, *second;

		begin(4, 2);
		set_key(0, 1000);
		first = member(0, 0);
		second = member(0, 1);
		first->ready = how != 0;
		start(KVT_REMOTE_FETCH, 1, 0, 0);
		if (how == 1)
			fake_refuse(first, -EBUSY);
		if (how >= 2)
			fake_answer(first, how == 2 ? ENOENT : 0);
		if (how == 3) {
			fake_moved(first, -EACCES);
			is(fake_asked(first), KVP_RELEASE, "the lease is given back");
			fake_answer(first, 0);
		}
		is(fake_asked(second), KVP_ACQUIRE, "fetch: the second replica, %u", how);
		fake_answer(second, 0);
		fake_moved(second, 0);
		ok(nr_done == 1 && !desc.blocks[0].status, "fetch: from there, %u", how);
		fake_answer(second, 0);
		end("fetch from the second");
	}
}

static void test_spill(void)
{
	struct kvd_peer *a, *b;

	begin(2, 2);
	start(KVT_REMOTE_SPILL, 1, 0, 0);
	a = view.peers[0];
	b = view.peers[1];
	ok(fake_asked(a) == KVP_RESERVE && fake_asked(b) == KVP_RESERVE,
	   "spill: to both replicas at once");
	fake_answer(a, 0);
	is(a->ops[0]->verb, KVP_WRITE, "spill: WRITE");
	fake_moved(a, 0);
	is(fake_asked(a), KVP_COMMIT, "spill: COMMIT when it is written");
	is(nr_done, 0, "spill: not yet");
	fake_answer(b, EEXIST);
	is(b->nr_ops, 0, "spill: what is there is not sent");
	fake_answer(a, 0);
	ok(nr_done == 1 && !desc.blocks[0].status, "spill: good");
	end("spill");

	begin(1, 1);
	start(KVT_REMOTE_SPILL, 1, 0, 0);
	fake_answer(view.peers[0], EEXIST);
	is(desc.blocks[0].status, 0, "spill: what is there is there");
	end("spill of what is there");

	begin(2, 2);
	start(KVT_REMOTE_SPILL, 1, 0, 0);
	fake_answer(view.peers[0], ENOSPC);
	fake_answer(view.peers[1], 0);
	fake_moved(view.peers[1], 0);
	fake_answer(view.peers[1], 0);
	is(desc.blocks[0].status, 0, "spill: one of two has it");
	end("spill to one");

	begin(2, 2);
	start(KVT_REMOTE_SPILL, 1, 0, 0);
	fake_answer(view.peers[0], ENOSPC);
	fake_answer(view.peers[1], 0);
	fake_moved(view.peers[1], 0);
	fake_answer(view.peers[1], ECANCELED);
	is(desc.blocks[0].status, -ECANCELED, "spill: none has it");
	end("spill to none");
}

/* The last error is told, and a loss in the middle is one. */
static void test_spill_lost(void)
{
	begin(1, 1);
	start(KVT_REMOTE_SPILL, 2, 0, 0);
	fake_answer(view.peers[0], 0);
	fake_moved(view.peers[0], 0);
	fake_lose(view.peers[0]);
	ok(nr_done == 1 && desc.blocks[0].status && desc.blocks[1].status,
	   "spill: lost on the way is no success");
	end("spill lost");
}

static void test_drop(void)
{
	unsigned int i, asked = 0;

	begin(4, 1);
	start(KVT_REMOTE_DROP, 1, 0, 0);
	for (i = 0; i < 4; i++)
		asked += !!fake_asked(view.peers[i]);
	ok(asked == 1 && fake_asked(member(0, 0)) == KVP_DROP, "drop: at its member");
	fake_answer(member(0, 0), 0);
	end("drop");

	begin(4, 1);
	start(KVT_REMOTE_DROP, 1, KVT_REMOTE_F_CHAIN, 0);
	for (i = 0, asked = 0; i < 4; i++)
		asked += fake_asked(view.peers[i]) == KVP_DROP &&
			 le32toh(view.peers[i]->calls[0]->request.head.flags) == KVP_F_CHAIN;
	is(asked, 4, "drop of a chain: at all members");
	for (i = 0; i < 4; i++)
		fake_answer(view.peers[i], i ? ENOENT : 0);
	is(desc.blocks[0].status, 0, "drop of a chain: done");
	end("drop of a chain");
}

static void test_wait(void)
{
	struct kvd_peer *p;

	begin(1, 1);
	start(KVT_REMOTE_EXISTS, 3, 0, 500 * KVP_MS);
	p = view.peers[0];
	ok(fake_asked(p) == KVP_ACQUIRE && kvp_nr(&p->calls[0]->request) == 1 &&
	   le32toh(p->calls[0]->request.head.flags) == KVP_F_WAIT &&
	   le32toh(p->calls[0]->request.head.wait_ms) == 500, "wait: for the first");
	fake_answer(p, 0);
	ok(p->nr_calls == 2, "wait: then for the others, and the lease is given back");
	fake_answer_nth(p, fake_asked(p) == KVP_RELEASE, 0);
	ok(!desc.blocks[0].status && !desc.blocks[2].status, "wait: all are there");
	fake_answer(p, 0);
	end("wait");

	begin(1, 1);
	start(KVT_REMOTE_EXISTS, 2, 0, 5 * KVP_S);
	ok(le32toh(view.peers[0]->calls[0]->request.head.wait_ms) <= 1000,
	   "wait: not beyond the deadline");
	fake_answer(view.peers[0], ENOENT);
	ok(desc.blocks[0].status == -ENOENT && desc.blocks[1].status == -ENOENT,
	   "wait: in vain");
	end("wait in vain");

	begin(1, 1);
	start(KVT_REMOTE_EXISTS, 2, 0, 5 * KVP_S);
	pass(KVP_S);
	ok(nr_done == 1 && desc.blocks[0].status == -ETIMEDOUT, "wait: deadline");
	ok(!view.peers[0]->doubted, "wait: who waits is not in doubt");
	fake_answer(view.peers[0], 0);
	is(fake_asked(view.peers[0]), KVP_RELEASE, "wait: a late lease is given back");
	fake_answer(view.peers[0], 0);
	end("wait too long");
}

static void test_deadline_asked(void)
{
	begin(1, 1);
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	pass(900 * KVP_MS);
	is(nr_done, 0, "late answer: it has time");
	pass(99 * KVP_MS);
	ok(nr_done == 1 && desc.blocks[0].status == -ETIMEDOUT,
	   "late answer: over before the kernel's deadline");
	ok(view.peers[0]->doubted, "late answer: others do not wait for that one");
	fake_answer(view.peers[0], 0);
	is(fake_asked(view.peers[0]), KVP_RELEASE, "late answer: its lease is given back");
	is(view.peers[0]->nr_ops, 0, "late answer: no READ");
	fake_answer(view.peers[0], 0);
	end("late answer");

	begin(1, 1);
	start(KVT_REMOTE_SPILL, 1, 0, 0);
	pass(KVP_S);
	fake_answer(view.peers[0], 0);
	is(fake_asked(view.peers[0]), KVP_ABORT, "late RESERVE: given back unfilled");
	fake_answer(view.peers[0], 0);
	end("late RESERVE");
}

static void test_deadline_moving(void)
{
	begin(1, 1);
	start(KVT_REMOTE_FETCH, 2, 0, 0);
	fake_answer(view.peers[0], 0);
	pass(KVP_S);
	is(nr_done, 0, "late READ: a device may still write, so it does not end");
	fake_moved(view.peers[0], 0);
	fake_moved(view.peers[0], 0);
	ok(nr_done == 1 && !desc.blocks[0].status, "late READ: it has come after all");
	fake_answer(view.peers[0], 0);
	end("late READ");

	begin(1, 1);
	start(KVT_REMOTE_FETCH, 2, 0, 0);
	fake_answer(view.peers[0], 0);
	pass(KVP_S);
	pass(2 * KVP_S);
	is(view.peers[0]->breaks, 1, "hung READ: the member is lost");
	ok(nr_done == 1 && desc.blocks[0].status, "hung READ: then it ends");
	end("hung READ");
}

/* A deadline that is over already. */
static void test_deadline_over(void)
{
	begin(1, 1);
	memset(&desc, 0, sizeof(desc));
	fake_now += KVP_S;
	start(KVT_REMOTE_EXISTS, 1, 0, 0);
	desc.deadline_ns = 0;
	pass(KVP_S);
	is(nr_done, 1, "it ends");
	fake_answer(view.peers[0], 0);
	end("late from the start");
}

/* ------------------------------------------------------------------- hot blocks */

static void all_lend_often(void)
{
	unsigned int i;

	for (i = 0; i < view.nr; i++)
		view.peers[i]->uses = HOT;
}

/* From now on this one of the first block's members is asked first, if it is hot. */
static void begin_at(unsigned int n)
{
	set_key(0, 1000);
	while (kvd_hot_first(&view.hot, desc.blocks[0].key,
			     view.replicas + view.hot_replicas) != n)
		view.hot.seed++;
}

/* It has all blocks; what the request does then is up to the test. */
static void lend_all(struct kvd_peer *p)
{
	fake_answer(p, 0);
	while (p->nr_ops)
		fake_moved(p, 0);
	must(fake_asked(p) == KVP_RELEASE);
	fake_answer(p, 0);
}

static void store_all(struct kvd_peer *p)
{
	must(fake_asked(p) == KVP_RESERVE);
	fake_answer(p, 0);
	while (p->nr_ops)
		fake_moved(p, 0);
	must(fake_asked(p) == KVP_COMMIT);
	fake_answer(p, 0);
}

static void test_hot(void)
{
	struct kvd_peer *base, *extra;
	struct kvp_chain *c;

	begin_hot(4, 1, 1);
	all_lend_often();
	begin_at(0);
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	base = member(0, 0);
	extra = member(0, 1);
	lend_all(base);
	is(fake_asked(extra), KVP_RESERVE, "hot: a frame at the extra member");
	is(nr_done, 0, "hot: nobody has the frame before it is copied");
	c = KVP_ENTRIES(&extra->calls[0]->request, chain);
	ok(c->parent[0] == PARENT && c->parent[31] == PARENT && c->class_id == CLASS,
	   "hot: parent and class are those of the trailer");
	fake_answer(extra, 0);
	ok(extra->ops[0]->verb == KVP_WRITE && extra->ops[0]->local[0].addr == &frames[0] &&
	   extra->ops[0]->local[1].addr == trailers, "hot: frame and trailer go there");
	fake_moved(extra, 0);
	is(fake_asked(extra), KVP_COMMIT, "hot: and are sealed");
	fake_answer(extra, 0);
	ok(nr_done == 1 && !desc.blocks[0].status && rq.nr_copied == 1, "hot: copied");

	nr_done = 0;
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	lend_all(base);
	ok(nr_done == 1 && !rq.nr_copied, "hot: once");
	pass(KVD_HOT_NS);
	nr_done = 0;
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	lend_all(base);
	is(fake_asked(extra), KVP_RESERVE, "hot: after a while it is looked at again");
	fake_answer(extra, EEXIST);
	ok(nr_done == 1 && !rq.nr_copied, "hot: what is there is no copy");
	end("hot");
}

static void test_not_hot(void)
{
	struct kvd_peer *base;

	begin_hot(4, 1, 1);
	set_key(0, 1000);
	base = member(0, 0);
	base->uses = HOT - 1;
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	lend_all(base);
	is(nr_done, 1, "what is not fetched often is not copied");
	end("not hot");

	begin(4, 1);
	all_lend_often();
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	lend_all(member(0, 0));
	is(nr_done, 1, "nor is anything without hot_replicas");
	end("no extra members");

	begin_hot(1, 1, 2);
	all_lend_often();
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	lend_all(member(0, 0));
	is(nr_done, 1, "nor where there are no more members");
	end("too few members");

	begin_hot(4, 1, 1);
	all_lend_often();
	trailers[200] ^= 1;
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	lend_all(member(0, 0));
	is(nr_done, 1, "a block with a bad trailer is not spread");
	trailers[200] ^= 1;
	end("bad trailer");
}

/* Whatever becomes of the copies, the kernel is told what became of the fetch. */
static void test_hot_fails(void)
{
	struct kvd_peer *base, *extra;
	unsigned int how;

	for (how = 0; how < 4; how++) {
		begin_hot(4, 1, 1);
		all_lend_often();
		set_key(0, 1000);
		base = member(0, 0);
		extra = member(0, 1);
		extra->ready = how != 0;
		start(KVT_REMOTE_FETCH, 1, 0, 0);
		lend_all(base);
		if (how == 1)
			fake_answer(extra, ENOSPC);
		if (how == 2)
			fake_refuse(extra, -EBUSY);
		if (how == 3) {
			fake_answer(extra, 0);
			fake_lose(extra);
		}
		ok(nr_done == 1 && !desc.blocks[0].status && !rq.nr_copied,
		   "hot: fetched, if not copied, %u", how);
		extra->ready = true;
		nr_done = 0;
		begin_at(0);
		start(KVT_REMOTE_FETCH, 1, 0, 0);
		lend_all(base);
		is(nr_done, 1, "hot: and not tried again, %u", how);
		end("hot, but no copy");
	}
}

static void test_hot_late(void)
{
	unsigned int i, good = 0, absent = 0;
	struct kvd_peer *base, *extra;

	begin_hot(4, 1, 1);
	all_lend_often();
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	base = member(0, 0);
	extra = member(0, 1);
	fake_answer(base, 0);
	pass(KVP_S);
	fake_moved(base, 0);
	ok(nr_done == 1 && !extra->nr_calls, "late: nothing is copied");
	ok(!kvd_hot_has(&view.hot, desc.blocks[0].key, fake_now), "late: the next one may be");
	fake_answer(base, 0);
	end("late and hot");

	/* One of the two has its blocks, the other one has none of its. */
	begin_hot(2, 1, 1);
	all_lend_often();
	start(KVT_REMOTE_FETCH, 16, 0, 0);
	base = member(0, 0);
	extra = member(0, 1);
	fake_answer(extra, ENOENT);
	lend_all(base);
	is(fake_asked(extra), KVP_RESERVE, "late: the extra member is asked");
	is(nr_done, 0, "late: and waited for");
	pass(KVP_S);
	for (i = 0; i < 16; i++) {
		good += !desc.blocks[i].status;
		absent += desc.blocks[i].status == -ENOENT;
	}
	ok(nr_done == 1 && good && absent && good + absent == 16,
	   "late: it ends as it would have before, %u of 16", good);
	fake_answer(extra, 0);
	is(fake_asked(extra), KVP_ABORT, "late: the frames are given back unfilled");
	fake_answer(extra, 0);
	end("late copy");
}

static void test_hot_known(void)
{
	struct kvd_peer *base, *extra;

	begin_hot(4, 1, 1);
	all_lend_often();
	begin_at(1);
	base = member(0, 0);
	extra = member(0, 1);
	kvd_hot_add(&view.hot, desc.blocks[0].key, fake_now);
	start(KVT_REMOTE_EXISTS, 1, 0, 0);
	is(fake_asked(extra), KVP_LOOKUP, "known: the extra member is looked at");
	fake_answer(extra, 0);
	nr_done = 0;
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	lend_all(extra);
	ok(nr_done == 1 && !desc.blocks[0].status && !base->nr_calls, "known: and lends it");

	nr_done = 0;
	start(KVT_REMOTE_EXISTS, 1, 0, 500 * KVP_MS);
	is(fake_asked(base), KVP_ACQUIRE, "known: who waits does so where it will be stored");
	fake_answer(base, ENOENT);
	is(nr_done, 1, "known: and nowhere else");

	nr_done = 0;
	extra->ready = false;
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	lend_all(base);
	is(nr_done, 1, "known: who is not ready is left out");
	extra->ready = true;

	nr_done = 0;
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	fake_answer(extra, ENOENT);
	lend_all(base);
	store_all(extra);
	ok(nr_done == 1 && rq.nr_copied == 1, "known: what it has lost it is given again");

	nr_done = 0;
	base->ready = false;
	begin_at(0);
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	lend_all(extra);
	ok(nr_done == 1 && !desc.blocks[0].status, "known: it is there when the other one is not");

	nr_done = 0;
	pass(KVD_HOT_NS);
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	ok(nr_done == 1 && desc.blocks[0].status == -ENOLINK, "known: for a while");
	end("known");
}

/* With replicas: those are never told to be extra ones. */
static void test_hot_replicas(void)
{
	begin_hot(4, 2, 2);
	all_lend_often();
	begin_at(1);
	kvd_hot_add(&view.hot, desc.blocks[0].key, fake_now);
	start(KVT_REMOTE_FETCH, 1, 0, 0);
	fake_answer(member(0, 1), ENOENT);
	ok(kvd_hot_has(&view.hot, desc.blocks[0].key, fake_now), "replicas: still hot");
	is(fake_asked(member(0, 0)), KVP_ACQUIRE, "replicas: the others in their order");
	fake_answer(member(0, 0), ENOENT);
	fake_answer(member(0, 2), ENOENT);
	ok(!kvd_hot_has(&view.hot, desc.blocks[0].key, fake_now), "replicas: forgotten");
	fake_answer(member(0, 3), 0);
	fake_moved(member(0, 3), 0);
	ok(!member(0, 0)->nr_calls && !member(0, 1)->nr_calls, "replicas: not copied to them");
	store_all(member(0, 2));
	fake_answer(member(0, 3), EEXIST);
	fake_answer(member(0, 3), 0);
	ok(nr_done == 1 && !desc.blocks[0].status && rq.nr_copied == 1, "replicas: one copy");
	end("replicas and hot");
}

static void test_hot_others(void)
{
	unsigned int i, asked = 0;

	begin_hot(4, 1, 2);
	start(KVT_REMOTE_SPILL, 1, 0, 0);
	for (i = 0; i < 4; i++)
		asked += view.peers[i]->nr_calls;
	ok(asked == 1 && fake_asked(member(0, 0)) == KVP_RESERVE, "spill: not to extra members");
	fake_answer(member(0, 0), EEXIST);
	end("spill and extra members");

	begin_hot(4, 1, 2);
	start(KVT_REMOTE_EXISTS, 1, 0, 0);
	fake_answer(member(0, 0), ENOENT);
	is(desc.blocks[0].status, -ENOENT, "exists: nor are they looked at");
	end("exists and extra members");

	begin_hot(4, 1, 2);
	start(KVT_REMOTE_DROP, 1, 0, 0);
	ok(fake_asked(member(0, 0)) == KVP_DROP && fake_asked(member(0, 1)) == KVP_DROP &&
	   fake_asked(member(0, 2)) == KVP_DROP, "drop: at extra members, too");
	fake_answer(member(0, 1), ENOENT);
	fake_answer(member(0, 0), 0);
	fake_answer(member(0, 2), ENOENT);
	is(desc.blocks[0].status, 0, "drop: done");
	end("drop and extra members");

	begin_hot(4, 1, 2);
	set_key(0, 1000);
	member(0, 0)->ready = false;
	start(KVT_REMOTE_DROP, 1, 0, 0);
	fake_answer(member(0, 1), ENOENT);
	fake_answer(member(0, 2), ENOENT);
	is(desc.blocks[0].status, -ENOLINK, "drop: what extra members have not the other one may");
	end("drop without its member");
}

/* ------------------------------------------------------------------- anything at all */

static unsigned int seed = 1;

static unsigned int rnd(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static void one_event(void)
{
	static const int statuses[] = { 0, 0, 0, ENOENT, EEXIST, ENOSPC, EINPROGRESS };
	struct kvd_peer *p = view.peers[rnd(view.nr)];

	switch (rnd(16)) {
	case 0:
		fake_lose(p);
		break;
	case 1:
		p->ready = true;
		break;
	case 2:
		pass(rnd(1200) * KVP_MS);
		break;
	case 3:
		if (p->nr_calls)
			fake_refuse(p, -EIO);
		break;
	case 4 ... 9:
		if (p->nr_ops)
			fake_moved(p, rnd(8) ? 0 : -EIO);
		break;
	default:
		if (p->nr_calls)
			fake_answer_nth(p, rnd(p->nr_calls),
					statuses[rnd(sizeof(statuses) / sizeof(*statuses))]);
	}
}

static bool is_settled(void)
{
	unsigned int i;

	for (i = 0; i < view.nr; i++)
		if (view.peers[i]->nr_calls || view.peers[i]->nr_ops)
			return false;
	return nr_done;
}

/* Returns whether all went well. */
static bool one_round(void)
{
	unsigned int i, steps, wrong = 0;

	begin_hot(1 + rnd(MAX_MEMBERS), 1 + rnd(3), rnd(3));
	for (i = 0; i < view.nr; i++)
		view.peers[i]->uses = rnd(2 * HOT);
	for (i = 0; i < KVT_REMOTE_BATCH; i++) {
		set_key(i, 1000 + i);
		if (view.hot_replicas && rnd(2))
			kvd_hot_add(&view.hot, desc.blocks[i].key, fake_now);
	}
	start(rnd(4), 1 + rnd(KVT_REMOTE_BATCH), rnd(2), rnd(3) ? 0 : rnd(2000) * KVP_MS);
	for (steps = 0; !is_settled() && steps < 100000; steps++)
		one_event();
	for (i = 0; i < desc.nr; i++)
		wrong += desc.blocks[i].status > 0;
	for (i = 0; i < view.nr; i++) {
		wrong += view.peers[i]->wrong + view.peers[i]->nr_leases;
		kvd_peer_put(view.peers[i]);
	}
	return nr_done == 1 && !done_too_early && !wrong && !timers.first &&
	       view.nr_holders == 1;
}

static void test_anything(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < 20000; i++)
		bad += !one_round();
	is(bad, 0, "anything: all end once, and nothing is left");
}

int main(void)
{
	make_trailers();
	test_exists();
	test_unreachable();
	test_fetch();
	test_fetch_replicas();
	test_spill();
	test_spill_lost();
	test_drop();
	test_wait();
	test_deadline_asked();
	test_deadline_moving();
	test_deadline_over();
	test_hot();
	test_not_hot();
	test_hot_fails();
	test_hot_late();
	test_hot_known();
	test_hot_replicas();
	test_hot_others();
	test_anything();
	return done();
}
