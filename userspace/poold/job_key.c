// SPDX-License-Identifier: GPL-2.0
/*
 * Requests by key: LOOKUP, ACQUIRE, RESERVE, DROP. They are given to the kernel in as few
 * batches as can be: it ends a batch where a chain ends, and then the rest is another
 * one, since here keys need not be one chain. Leases that come of it are opened before the
 * answer goes out.
 */
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "job.h"

static const struct kvp_chain *chain_of(const struct pn_job *job, uint32_t i)
{
	return &KVP_ENTRIES(&job->request, chain)[i];
}

/* Is it its parent's next, and may it be in one batch with it? */
static bool goes_on(const struct pn_job *job, uint32_t i)
{
	const struct kvp_chain *c = chain_of(job, i), *before = chain_of(job, i - 1);

	return !memcmp(c->parent, before->key, KVP_KEY_SIZE) &&
	       c->class_id == before->class_id;
}

/* A lease, with a window, for what may come. NULL: it has too many. */
static struct pn_lease *claim_lease(struct pn_client *client)
{
	struct pn_lease *lease = pn_lease_claim(&client->leases);

	if (!lease)
		return NULL;
	if (lease->window || !kvp_window_create(client->link, &lease->window))
		return lease;
	lease->window = NULL;
	pn_lease_free(&client->leases, lease);
	return NULL;
}

static void unclaim(struct pn_job *job, uint32_t i)
{
	if (job->leases[i])
		pn_lease_free(&job->client->leases, job->leases[i]);
	job->leases[i] = NULL;
}

/* How many entries from @from on are one batch; 0: that one cannot be had. */
static uint32_t plan_batch(struct pn_job *job)
{
	uint8_t type = pn_job_type(job);
	uint32_t i;

	if (type == KVP_LOOKUP || type == KVP_DROP)
		return job->nr - job->from;
	for (i = job->from; i < job->nr; i++) {
		if (type == KVP_RESERVE && i > job->from && !goes_on(job, i))
			break;
		job->leases[i] = claim_lease(job->client);
		if (!job->leases[i])
			break;
	}
	return i - job->from;
}

static uint64_t time_left(const struct pn_job *job)
{
	uint64_t now = kvp_now();

	return job->deadline > now ? job->deadline - now : 0;
}

/* This is where the chain of a pool ends: a pool node asks nobody else. */
static void send_batch(struct pn_job *job)
{
	struct kvt_entry *entries = job->entries + job->from;
	struct kvt_how how = { 0 };
	struct kvt_key parent;

	switch (pn_job_type(job)) {
	case KVP_ACQUIRE:
		how.timeout_ns = time_left(job);
		how.flags = KVT_F_LOCAL | (how.timeout_ns ? KVT_F_WAIT : 0);
		break;
	case KVP_RESERVE:
		memcpy(parent.bytes, chain_of(job, job->from)->parent,
		       sizeof(parent));
		how.parent = &parent;
		how.flags = KVT_F_CLASS;
		how.class_id = chain_of(job, job->from)->class_id;
		break;
	case KVP_DROP:
		how.flags = KVT_F_LOCAL |
			    (pn_job_flags(job) & KVP_F_CHAIN ? KVT_F_CHAIN : 0);
		break;
	}
	pn_job_ask(job, entries, job->count, &how);
}

/* May end the client. */
static void go_on(struct pn_job *job)
{
	while (job->from < job->nr) {
		job->count = plan_batch(job);
		if (job->count) {
			send_batch(job);
			return;
		}
		job->status[job->from++] = EDQUOT;
	}
	pn_job_answer(job);
}

/* An entry of a request by key has a result. */
static void settle(struct pn_job *job, uint32_t i, int32_t result)
{
	struct pn_lease *lease = job->leases[i];

	if (result == -EALREADY)
		result = -EINPROGRESS;
	if (result >= 0 && result & KVT_RES_PRESENT)
		result = -EEXIST;
	job->status[i] = result < 0 ? -result : 0;
	if (result < 0 || !lease) {
		unclaim(job, i);
		return;
	}
	lease->slot = job->entries[i].slot;
	lease->since = kvp_now();
	memcpy(lease->key.key, job->entries[i].key, KVP_KEY_SIZE);
	lease->state = pn_job_type(job) == KVP_RESERVE ? PN_FILL : PN_READ;
}

/* Its time is over, or what it waits for may be here. May end the client. */
static void wake_job(struct kvp_timer *timer)
{
	struct pn_job *job = container_of(timer, struct pn_job, timer);

	pn_job_stop_waiting(job);
	go_on(job);
}

/* For the block that was not here: until somebody commits it. */
static bool wait_for(struct pn_job *job, uint32_t i)
{
	struct pn_client *client = job->client;

	if (pn_job_type(job) != KVP_ACQUIRE || job->status[i] != ENOENT ||
	    !time_left(job))
		return false;
	job->from = i;
	job->waits = true;
	LIST_INSERT_HEAD(&client->space->waiting, job, waiting);
	kvp_timer_set(&client->node->loop.timers, &job->timer, job->deadline);
	return true;
}

/* Who waits for this block looks again, as soon as all here is done. */
void pn_job_wake(struct pn_client *client, const struct kvp_key *key)
{
	struct pn_job *job;

	LIST_FOREACH(job, &client->space->waiting, waiting)
		if (!memcmp(job->entries[job->from].key, key->key, KVP_KEY_SIZE))
			kvp_timer_set(&client->node->loop.timers, &job->timer, 1);
}

/* A batch by key is back: up to the first that failed, if it is a chain. */
void pn_job_keys_completed(struct pn_job *job, int err)
{
	uint32_t i, done = err < 0 ? job->count : job->batch.done;

	if (!done || done > job->count)
		done = job->count;
	for (i = 0; i < job->count; i++) {
		uint32_t at = job->from + i;

		if (i < done)
			settle(job, at, err < 0 ? err : job->entries[at].result);
		else
			unclaim(job, at);
	}
	job->count = 0;
	job->from += done;
	if (!wait_for(job, job->from - 1))
		go_on(job);
}

void pn_job_start_keys(struct pn_job *job)
{
	uint32_t wait_ms = le32toh(job->request.head.wait_ms);
	uint32_t i;

	for (i = 0; i < job->nr; i++) {
		const uint8_t *key = pn_job_type(job) == KVP_RESERVE ?
			chain_of(job, i)->key :
			KVP_ENTRIES(&job->request, key)[i].key;

		memcpy(job->entries[i].key, key, KVP_KEY_SIZE);
	}
	if (wait_ms)
		job->deadline = kvp_now() + wait_ms * KVP_MS;
	job->timer.fire = wake_job;
	go_on(job);
}
