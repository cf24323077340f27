// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "container.h"
#include "part.h"
#include "request.h"

static void free_part(struct kvd_part *p)
{
	kvd_peer_put(p->peer);
	free(p);
}

/* --------------------------------------------------------------------- giving back */

static void given_back(struct kvd_call *call, int err, const struct kvp_message *answer)
{
	(void)err;
	(void)answer;
	free_part(container_of(call, struct kvd_part, call));
}

/* Leases whose block has @err, or none: all. How many there are. */
static unsigned int add_leases(struct kvd_part *p, bool only_good)
{
	struct kvp_lease *entry;
	unsigned int i, nr = 0;

	for (i = 0; i < p->nr; i++) {
		if (!p->lease[i] || (only_good && p->err[i]))
			continue;
		entry = kvp_add(&p->call.request);
		entry->lease = htole64(p->lease[i]);
		nr++;
	}
	return nr;
}

/* Who is lost has ended our leases by itself. */
static void give_back(struct kvd_part *p)
{
	if (!p->plan->give_back) {
		free_part(p);
		return;
	}
	kvp_begin(&p->call.request, p->plan->give_back, kvd_peer_id(p->peer));
	p->call.answered = given_back;
	if (!add_leases(p, false) || kvd_peer_call(p->peer, &p->call))
		free_part(p);
}

static void settle(struct kvd_part *p)
{
	struct kvd_request *rq = p->rq;

	if (rq)
		kvd_request_settle(rq, p);
	give_back(p);
}

/* ------------------------------------------------------------------------- sealing */

/* Its lease is over, whatever the answer is. */
static void sealed(struct kvd_call *call, int err, const struct kvp_message *answer)
{
	struct kvd_part *p = container_of(call, struct kvd_part, call);
	unsigned int i, n = 0;

	for (i = 0; i < p->nr; i++) {
		if (!p->lease[i] || p->err[i])
			continue;
		p->lease[i] = 0;
		p->err[i] = err ? err :
			    -(int)le32toh(KVP_ENTRIES(answer, result)[n++].status);
		p->nr_sealed += !p->err[i];
	}
	settle(p);
}

static bool seal(struct kvd_part *p)
{
	if (!p->plan->seal || !p->has_moved)
		return false;
	kvp_begin(&p->call.request, p->plan->seal, kvd_peer_id(p->peer));
	p->call.answered = sealed;
	return add_leases(p, true) && !kvd_peer_call(p->peer, &p->call);
}

static void fail_leased(struct kvd_part *p, int err)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++)
		if (p->lease[i] && !p->err[i])
			p->err[i] = err;
}

/* No device touches our memory any more. */
static void moved(struct kvd_part *p)
{
	if (seal(p))
		return;
	if (p->plan->seal)
		fail_leased(p, -ENOLINK);
	settle(p);
}

/* ------------------------------------------------------------------------- moving */

static void move_done(struct kvp_op *op, int err)
{
	struct kvd_move *move = container_of(op, struct kvd_move, op);
	struct kvd_part *p = move->part;

	p->err[move->i] = err;
	if (!--p->nr_moving)
		moved(p);
}

static int start_move(struct kvd_part *p, unsigned int i,
		      const struct kvp_place *place)
{
	const struct kvt_remote_desc *desc = p->rq->desc;
	struct kvd_move *move = &p->moves[i];
	struct kvp_op *op = &move->op;
	unsigned int n = p->block[i];

	memset(op, 0, sizeof(*op));
	op->verb = p->plan->verb;
	op->nr = 2;
	op->local[0].addr = p->rq->frames[n];
	op->local[0].length = desc->block_size;
	op->local[1].addr = p->rq->trailers + (size_t)n * desc->trailer_size;
	op->local[1].length = desc->trailer_size;
	op->remote = le64toh(place->addr);
	op->rkey = le32toh(place->rkey);
	op->done = move_done;
	move->part = p;
	move->i = i;
	return kvd_peer_move(p->peer, op);
}

static void start_moves(struct kvd_part *p, const struct kvp_place *places)
{
	unsigned int i;

	p->has_moved = true;
	for (i = 0; i < p->nr; i++) {
		if (!p->lease[i])
			continue;
		p->err[i] = start_move(p, i, &places[i]);
		p->nr_moving += !p->err[i];
	}
}

/* ------------------------------------------------------------------------- asking */

static void take_places(struct kvd_part *p, const struct kvp_place *places)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++) {
		p->err[i] = -(int)le32toh(places[i].status);
		p->lease[i] = p->err[i] ? 0 : le64toh(places[i].lease);
		p->uses[i] = le32toh(places[i].uses);
		if (!p->err[i] && !p->lease[i])
			p->err[i] = -EPROTO;
		/* What is there need not be sent. */
		if (p->err[i] == -EEXIST && p->plan->ask == KVP_RESERVE)
			p->err[i] = 0;
	}
}

static void take_results(struct kvd_part *p, const struct kvp_result *results)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++)
		p->err[i] = -(int)le32toh(results[i].status);
}

static void asked(struct kvd_call *call, int err, const struct kvp_message *answer)
{
	struct kvd_part *p = container_of(call, struct kvd_part, call);
	unsigned int i;

	for (i = 0; i < p->nr && err; i++)
		p->err[i] = err;
	if (!err && p->plan->give_back)
		take_places(p, KVP_ENTRIES(answer, place));
	else if (!err)
		take_results(p, KVP_ENTRIES(answer, result));
	if (!err && p->rq && p->plan->moves)
		start_moves(p, KVP_ENTRIES(answer, place));
	if (!p->nr_moving)
		moved(p);
}

static void add_entry(struct kvd_part *p, const struct kvt_remote_block *block)
{
	struct kvp_chain *chain;

	if (p->plan->ask != KVP_RESERVE) {
		memcpy(kvp_add(&p->call.request), block->key, KVP_KEY_SIZE);
		return;
	}
	chain = kvp_add(&p->call.request);
	memcpy(chain->key, block->key, sizeof(chain->key));
	memcpy(chain->parent, block->parent, sizeof(chain->parent));
	chain->class_id = block->class_id;
}

static void add_flags(struct kvd_part *p)
{
	struct kvp_head *head = &p->call.request.head;
	uint64_t now = kvp_now(), end = kvd_request_deadline(p->rq);
	uint64_t ms = end > now ? (end - now) / KVP_MS : 0;

	head->flags = htole32(p->plan->flags);
	if (p->rq->desc->op == KVT_REMOTE_DROP &&
	    p->rq->desc->flags & KVT_REMOTE_F_CHAIN)
		head->flags |= htole32(KVP_F_CHAIN);
	if (!(p->plan->flags & KVP_F_WAIT))
		return;
	if (ms > p->rq->desc->wait_ns / KVP_MS)
		ms = p->rq->desc->wait_ns / KVP_MS;
	head->wait_ms = htole32(ms > KVP_MAX_WAIT_MS ? KVP_MAX_WAIT_MS : ms);
}

static struct kvd_part *make_part(struct kvd_request *rq, struct kvd_peer *peer,
				  uint32_t blocks)
{
	struct kvd_part *p = calloc(1, sizeof(*p));
	unsigned int i;

	if (!p)
		return NULL;
	p->rq = rq;
	p->plan = rq->plan;
	p->peer = kvd_peer_hold(peer);
	p->call.answered = asked;
	kvp_begin(&p->call.request, p->plan->ask, kvd_peer_id(peer));
	add_flags(p);
	for (i = 0; i < rq->desc->nr; i++)
		if (blocks & 1U << i) {
			add_entry(p, &rq->desc->blocks[i]);
			p->block[p->nr++] = i;
		}
	return p;
}

int kvd_part_start(struct kvd_request *rq, struct kvd_peer *peer, uint32_t blocks)
{
	struct kvd_part *p = make_part(rq, peer, blocks);
	int rc;

	if (!p)
		return -ENOMEM;
	rc = kvd_peer_call(peer, &p->call);
	if (rc) {
		free_part(p);
		return rc;
	}
	p->next = rq->parts;
	rq->parts = p;
	rq->nr_parts++;
	return 0;
}
