// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fake_peer.h"

static uint64_t last_lease;

struct kvd_peer *fake_peer(const char *name)
{
	struct kvd_peer *p = calloc(1, sizeof(*p));

	strcpy(p->how.member, name);
	p->ready = true;
	p->holders = 1;
	return p;
}

struct kvd_peer *kvd_peer_create(struct kvp_rdma *rdma, struct kvp_timers *timers,
				 const struct kvd_peer_how *how)
{
	(void)rdma;
	(void)timers;
	return fake_peer(how->member);
}

struct kvd_peer *kvd_peer_hold(struct kvd_peer *p)
{
	p->holders++;
	return p;
}

void kvd_peer_put(struct kvd_peer *p)
{
	if (!p || --p->holders)
		return;
	p->holders = 1;
	fake_lose(p);
	free(p);
}

const struct kvd_peer_how *kvd_peer_how(const struct kvd_peer *p)
{
	return &p->how;
}

bool kvd_peer_ready(const struct kvd_peer *p)
{
	return p->ready && !p->doubted;
}

uint64_t kvd_peer_id(struct kvd_peer *p)
{
	return ++p->last_id;
}

static void forget(struct kvd_peer *p, uint64_t lease)
{
	unsigned int i;

	for (i = 0; i < p->nr_leases; i++)
		if (p->leases[i] == lease) {
			p->leases[i] = p->leases[--p->nr_leases];
			return;
		}
	p->wrong++;	/* never given, or given back before */
}

static void end_leases(struct kvd_peer *p, const struct kvp_message *m)
{
	unsigned int i;

	for (i = 0; i < kvp_nr(m); i++) {
		forget(p, le64toh(KVP_ENTRIES(m, lease)[i].lease));
		p->ended[m->head.type]++;
	}
}

int kvd_peer_call(struct kvd_peer *p, struct kvd_call *call)
{
	uint8_t type = call->request.head.type;

	if (!p->ready)
		return -ENOLINK;
	if (kvp_judge(&call->request, kvp_length(&call->request)))
		p->wrong++;
	call->asked_at = kvp_now();
	p->calls[p->nr_calls++] = call;
	if (type == KVP_RELEASE || type == KVP_COMMIT || type == KVP_ABORT)
		end_leases(p, &call->request);
	return 0;
}

int kvd_peer_move(struct kvd_peer *p, struct kvp_op *op)
{
	if (!p->ready)
		return -ENOLINK;
	p->ops[p->nr_ops++] = op;
	return 0;
}

void kvd_peer_doubt(struct kvd_peer *p, const struct kvd_call *call)
{
	(void)call;
	p->doubted = true;
}

void kvd_peer_break(struct kvd_peer *p, const char *why)
{
	(void)why;
	p->breaks++;
	fake_lose(p);
}

/* ------------------------------------------------------------------ for the test */

static struct kvd_call *take_call(struct kvd_peer *p, unsigned int n)
{
	struct kvd_call *call = p->calls[n];

	memmove(&p->calls[n], &p->calls[n + 1],
		(--p->nr_calls - n) * sizeof(*p->calls));
	return call;
}

uint8_t fake_asked(struct kvd_peer *p)
{
	return p->nr_calls ? p->calls[0]->request.head.type : 0;
}

static void add_place(struct kvd_peer *p, uint8_t type, struct kvp_place *place, int status)
{
	place->status = htole32(status);
	if (status)
		return;
	place->lease = htole64(++last_lease);
	place->addr = htole64(last_lease << 20);
	place->rkey = htole32((uint32_t)last_lease);
	place->uses = type == KVP_ACQUIRE ? htole32(p->uses) : 0;
	p->leases[p->nr_leases++] = last_lease;
}

void fake_answer_nth(struct kvd_peer *p, unsigned int n, int status)
{
	struct kvd_call *call = take_call(p, n);
	uint8_t type = call->request.head.type;
	struct kvp_message m;
	uint32_t i;

	kvp_begin_answer(&m, &call->request);
	for (i = 0; i < kvp_nr(&call->request); i++) {
		void *entry = kvp_add(&m);

		if (type == KVP_ACQUIRE || type == KVP_RESERVE)
			add_place(p, type, entry, status);
		else
			((struct kvp_result *)entry)->status = htole32(status);
	}
	if (kvp_judge_answer(&m, kvp_length(&m), &call->request))
		p->wrong++;
	p->doubted = false;
	call->answered(call, 0, &m);
}

void fake_answer(struct kvd_peer *p, int status)
{
	fake_answer_nth(p, 0, status);
}

void fake_refuse(struct kvd_peer *p, int err)
{
	struct kvd_call *call = take_call(p, 0);

	call->answered(call, err, NULL);
}

void fake_moved(struct kvd_peer *p, int err)
{
	struct kvp_op *op = p->ops[0];

	memmove(&p->ops[0], &p->ops[1], --p->nr_ops * sizeof(*p->ops));
	op->done(op, err);
}

void fake_lose(struct kvd_peer *p)
{
	p->ready = false;
	while (p->nr_ops)
		fake_moved(p, -ECANCELED);
	while (p->nr_calls)
		fake_refuse(p, -ENOLINK);
	p->nr_leases = 0;
}
