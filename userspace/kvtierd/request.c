// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "container.h"
#include "request.h"
#include "trailer.h"

#define MARGIN_NS	(50 * KVP_MS)	/* before the kernel's deadline, at most */
#define PATIENCE_NS	KVP_S		/* behind it, with devices */

static const struct kvd_plan plans[] = {
	[KVT_REMOTE_EXISTS] = { .ask = KVP_LOOKUP },
	[KVT_REMOTE_FETCH] = { .ask = KVP_ACQUIRE, .moves = true, .verb = KVP_READ,
			       .give_back = KVP_RELEASE },
	[KVT_REMOTE_SPILL] = { .ask = KVP_RESERVE, .moves = true, .verb = KVP_WRITE,
			       .seal = KVP_COMMIT, .give_back = KVP_ABORT,
			       .everywhere = true },
	[KVT_REMOTE_DROP] = { .ask = KVP_DROP, .everywhere = true },
};

/* EXISTS that waits: first for the first block alone. */
static const struct kvd_plan await = {
	.ask = KVP_ACQUIRE, .flags = KVP_F_WAIT, .give_back = KVP_RELEASE,
};

/* Behind a FETCH: what came is written to extra members. */
static const struct kvd_plan copy = {
	.ask = KVP_RESERVE, .moves = true, .verb = KVP_WRITE, .seal = KVP_COMMIT,
	.give_back = KVP_ABORT, .everywhere = true,
};

static uint32_t all_blocks(const struct kvd_request *rq)
{
	return rq->desc->nr < 32 ? (1U << rq->desc->nr) - 1 : UINT32_MAX;
}

/* ----------------------------------------------------------------------- the end */

static void finish(struct kvd_request *rq)
{
	unsigned int i;

	kvp_timer_stop(&rq->timer);
	for (i = 0; i < rq->desc->nr; i++)
		rq->desc->blocks[i].status = rq->status[i];
	kvd_view_put(rq->view);
	rq->done(rq);
}

static void settle_block(struct kvd_request *rq, unsigned int i, int err)
{
	if (rq->settled & 1U << i)
		return;
	rq->status[i] = err;
	if (!err)
		rq->settled |= 1U << i;
}

/* The first block is there, or will not be: what about the others? */
static void end_wait(struct kvd_request *rq)
{
	unsigned int i;

	rq->plan = &plans[KVT_REMOTE_EXISTS];
	if (rq->settled & 1)
		return;
	for (i = 1; i < rq->desc->nr; i++)
		rq->status[i] = -ENOENT;
	rq->settled = all_blocks(rq);
}

/* ------------------------------------------------------------------------- members */

/* Of a block, best first. @hot: with the extra ones, behind the others. */
static unsigned int find_members(const struct kvd_request *rq, unsigned int i, bool hot,
				 unsigned int *places)
{
	const struct kvd_view *view = rq->view;

	return kvp_place_key(view->seeds, view->nr, rq->desc->blocks[i].key,
			     view->replicas + (hot ? view->hot_replicas : 0), places);
}

/* In the order in which they are asked: of a hot block another one first on each host. */
static unsigned int order_members(const struct kvd_request *rq, unsigned int i,
				  unsigned int *places)
{
	bool hot = rq->known & 1U << i;
	unsigned int nr = find_members(rq, i, hot, places), at, first;

	if (!hot || !nr)
		return nr;
	at = kvd_hot_first(&rq->view->hot, rq->desc->blocks[i].key, nr);
	first = places[at];
	memmove(&places[1], places, at * sizeof(*places));
	places[0] = first;
	return nr;
}

static bool is_extra(const struct kvd_request *rq, unsigned int i, const struct kvd_peer *peer)
{
	unsigned int places[KVP_MAX_REPLICAS], nr = find_members(rq, i, true, places), k;

	for (k = rq->view->replicas; k < nr; k++)
		if (rq->view->peers[places[k]] == peer)
			return true;
	return false;
}

/* ------------------------------------------------------------------------- rounds */

/* An extra member may have what another host has copied there: it is to drop it, too. */
static void give_everywhere(struct kvd_request *rq, unsigned int i, uint32_t *to)
{
	const struct kvd_view *view = rq->view;
	bool spills = rq->plan == &plans[KVT_REMOTE_SPILL];
	unsigned int places[KVP_MAX_REPLICAS], nr, k;

	if (rq->desc->flags & KVT_REMOTE_F_CHAIN) {
		for (k = 0; k < view->nr; k++)
			to[k] |= 1U << i;
		return;
	}
	nr = find_members(rq, i, !spills, places);
	for (k = rq->plan == &copy ? view->replicas : 0; k < nr; k++)
		to[places[k]] |= 1U << i;
}

/* To the next replica that is ready. */
static void give_to_next(struct kvd_request *rq, unsigned int i, uint32_t *to)
{
	unsigned int places[KVP_MAX_REPLICAS], nr = order_members(rq, i, places), k;

	while (rq->tried[i] < nr) {
		k = places[rq->tried[i]++];
		if (kvd_peer_ready(rq->view->peers[k])) {
			to[k] |= 1U << i;
			return;
		}
	}
}

/* Returns whether there was anybody to give blocks to. */
static bool give_out(struct kvd_request *rq, uint32_t *to)
{
	uint32_t open = all_blocks(rq) & ~rq->settled;
	unsigned int i;

	if (rq->plan == &await)
		open &= 1;
	if (rq->plan == &copy)
		open = rq->hot;
	for (i = 0; i < rq->desc->nr; i++) {
		if (!(open & 1U << i))
			continue;
		if (rq->plan->everywhere)
			give_everywhere(rq, i, to);
		else
			give_to_next(rq, i, to);
	}
	for (i = 0; i < rq->view->nr; i++)
		if (to[i])
			return true;
	return false;
}

static void start_part(struct kvd_request *rq, unsigned int member, uint32_t blocks)
{
	int rc = -ENOLINK;
	unsigned int i;

	if (kvd_peer_ready(rq->view->peers[member]))
		rc = kvd_part_start(rq, rq->view->peers[member], blocks);
	for (i = 0; rc && i < rq->desc->nr; i++)
		if (blocks & 1U << i)
			settle_block(rq, i, rc);
}

static bool start_round(struct kvd_request *rq)
{
	uint32_t to[KVP_MAX_MEMBERS] = {};
	unsigned int i;

	if (rq->plan->everywhere && rq->has_begun)
		return false;
	rq->has_begun = true;
	if (!give_out(rq, to))
		return false;
	for (i = 0; i < rq->view->nr; i++)
		if (to[i])
			start_part(rq, i, to[i]);
	return true;
}

/* What a SPILL would say of a block, its trailer says. A bad one is not spread. */
static bool describe(struct kvd_request *rq, unsigned int i)
{
	struct kvt_remote_desc *desc = rq->desc;
	struct kvt_remote_block *b = &desc->blocks[i];
	const struct kvt_trailer *t = (const void *)(rq->trailers + (size_t)i * desc->trailer_size);
	struct kvt_trailer_of want = { .block_size = desc->block_size };

	memcpy(want.key, b->key, sizeof(want.key));
	memcpy(want.identity, desc->identity, sizeof(want.identity));
	if (kvt_trailer_check(t, desc->trailer_size, &want))
		return false;
	memcpy(b->parent, t->parent, sizeof(b->parent));
	b->class_id = le32toh(t->class_id);
	return true;
}

/* Once for each time that a block is found to be hot, whatever comes of it. */
static void begin_copies(struct kvd_request *rq)
{
	struct kvd_hot *hot = &rq->view->hot;
	uint64_t now = kvp_now();
	unsigned int i;

	for (i = 0; i < rq->desc->nr; i++) {
		const uint8_t *key = rq->desc->blocks[i].key;

		if (!(rq->hot & 1U << i))
			continue;
		if (kvd_hot_has(hot, key, now) || !describe(rq, i))
			rq->hot &= ~(1U << i);
		else
			kvd_hot_add(hot, key, now);
	}
	rq->settled = all_blocks(rq);
	rq->plan = &copy;
	rq->has_begun = false;
}

/* There is nothing more to do by this plan: is there another one? */
static bool next_plan(struct kvd_request *rq)
{
	if (rq->plan == &await)
		end_wait(rq);
	else if (rq->plan == &plans[KVT_REMOTE_FETCH] && rq->hot)
		begin_copies(rq);
	else
		return false;
	return true;
}

/* Nothing is under way. */
static void go_on(struct kvd_request *rq)
{
	do {
		while (!rq->is_late && start_round(rq))
			if (rq->nr_parts)
				return;
	} while (!rq->is_late && next_plan(rq));
	finish(rq);
}

static void take_out(struct kvd_request *rq, struct kvd_part *part)
{
	struct kvd_part **at;

	for (at = &rq->parts; *at != part; at = &(*at)->next)
		;
	*at = part->next;
	part->rq = NULL;
	rq->nr_parts--;
}

/* What a part tells of a hot block: that it is one, or that an extra member has it not. */
static void look_for_heat(struct kvd_request *rq, const struct kvd_part *part, unsigned int n)
{
	struct kvd_view *view = rq->view;
	unsigned int i = part->block[n];

	if (!view->hot_replicas || part->plan == &copy)
		return;
	if (!part->err[n] && part->uses[n] >= view->hot_uses)
		rq->hot |= 1U << i;
	if (part->err[n] == -ENOENT && rq->known & 1U << i && is_extra(rq, i, part->peer))
		kvd_hot_forget(&view->hot, rq->desc->blocks[i].key);
}

/* Most extra members have not what is dropped: that tells nothing of the others. */
static bool tells_nothing(const struct kvd_request *rq, const struct kvd_part *part,
			  unsigned int n)
{
	return part->plan == &plans[KVT_REMOTE_DROP] && part->err[n] == -ENOENT &&
	       is_extra(rq, part->block[n], part->peer);
}

void kvd_request_settle(struct kvd_request *rq, struct kvd_part *part)
{
	unsigned int i;

	take_out(rq, part);
	for (i = 0; i < part->nr; i++) {
		look_for_heat(rq, part, i);
		if (!tells_nothing(rq, part, i))
			settle_block(rq, part->block[i], part->err[i]);
	}
	rq->nr_copied += part->plan == &copy ? part->nr_sealed : 0;
	if (!rq->nr_parts)
		go_on(rq);
}

/* ----------------------------------------------------------------------- deadlines */

uint64_t kvd_request_deadline(const struct kvd_request *rq)
{
	uint64_t left = rq->desc->deadline_ns > rq->began_at ?
			rq->desc->deadline_ns - rq->began_at : 0;
	uint64_t margin = left / 8 < MARGIN_NS ? left / 8 : MARGIN_NS;

	return rq->began_at + left - margin;
}

/* Answers that come later find nobody, and give back what they bring. */
static void leave(struct kvd_request *rq)
{
	struct kvd_part *part, *next;

	for (part = rq->parts; part; part = next) {
		next = part->next;
		if (kvd_part_moving(part))
			continue;
		if (part->plan != &await)
			kvd_peer_doubt(part->peer, &part->call);
		take_out(rq, part);
	}
}

/* What devices do for it does not end by itself. */
static void break_peers(struct kvd_request *rq)
{
	leave(rq);
	rq->nr_parts++;		/* so that it does not end meanwhile */
	while (rq->parts)
		kvd_peer_break(rq->parts->peer, "bytes did not move in time");
	rq->nr_parts--;
}

static void be_late(struct kvd_request *rq)
{
	unsigned int i;

	for (i = 0; i < rq->desc->nr; i++)
		settle_block(rq, i, -ETIMEDOUT);
	rq->is_late = true;
	leave(rq);
}

static void time_is_over(struct kvp_timer *timer)
{
	struct kvd_request *rq = container_of(timer, struct kvd_request, timer);

	if (rq->is_late)
		break_peers(rq);
	else
		be_late(rq);
	if (rq->nr_parts)
		kvp_timer_set(rq->timers, timer, kvp_now() + PATIENCE_NS);
	else
		finish(rq);
}

void kvd_request_abandon(struct kvd_request *rq)
{
	be_late(rq);
	break_peers(rq);
	finish(rq);
}

/* A block that is waited for is nowhere yet. */
static void recall_hot(struct kvd_request *rq)
{
	unsigned int i;

	if (!rq->view->hot_replicas || rq->plan->everywhere || rq->plan == &await)
		return;
	for (i = 0; i < rq->desc->nr; i++)
		if (kvd_hot_has(&rq->view->hot, rq->desc->blocks[i].key, rq->began_at))
			rq->known |= 1U << i;
}

static bool is_good(const struct kvt_remote_desc *desc)
{
	return desc->op < sizeof(plans) / sizeof(*plans) && desc->nr &&
	       desc->nr <= KVT_REMOTE_BATCH;
}

void kvd_request_start(struct kvd_request *rq)
{
	unsigned int i;

	kvd_view_hold(rq->view);
	rq->began_at = kvp_now();
	rq->timer.fire = time_is_over;
	for (i = 0; i < KVT_REMOTE_BATCH; i++)
		rq->status[i] = -ENOLINK;
	if (!is_good(rq->desc)) {
		finish(rq);
		return;
	}
	rq->plan = &plans[rq->desc->op];
	if (rq->desc->op == KVT_REMOTE_EXISTS && rq->desc->wait_ns)
		rq->plan = &await;
	recall_hot(rq);
	kvp_timer_set(rq->timers, &rq->timer, kvd_request_deadline(rq));
	go_on(rq);
}
