// SPDX-License-Identifier: GPL-2.0
/*
 * Requests are of two kinds. Those by key (LOOKUP, ACQUIRE, RESERVE, DROP) are given to
 * the kernel in as few batches as can be: it ends a batch where a chain ends, and
 * then the rest is another one, since here keys need not be one chain. Leases that
 * come of it are opened before the answer goes out.
 *
 * Those by lease (RELEASE, COMMIT, ABORT) shut the leases' windows first, and tell the
 * kernel when that is done: so nobody reads or writes a frame that is not his any more.
 *
 * The kernel is asked through the client's queue, so that no request keeps others from
 * being served. A function that says so may end the client, and the job with it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "job.h"

static uint8_t type_of(const struct pn_job *job)
{
	return job->request.head.type;
}

static uint32_t flags_of(const struct pn_job *job)
{
	return le32toh(job->request.head.flags);
}

/* -------------------------------------------------------------- beginning and end */

static struct pn_job *new_job(struct pn_client *client,
			      const struct kvp_message *request)
{
	uint32_t nr = kvp_nr(request);
	struct pn_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	memcpy(&job->request, request, kvp_length(request));
	job->nr = nr;
	job->client = client;
	LIST_INSERT_HEAD(&client->jobs, job, entry);
	client->nr_jobs++;
	job->entries = calloc(nr + 1, sizeof(*job->entries));
	job->status = calloc(nr + 1, sizeof(*job->status));
	job->leases = calloc(nr + 1, sizeof(*job->leases));
	if (job->entries && job->status && job->leases)
		return job;
	pn_job_destroy(job);
	return NULL;
}

static void stop_waiting(struct pn_job *job)
{
	kvd_timer_stop(&job->timer);
	if (job->waits)
		LIST_REMOVE(job, waiting);
	job->waits = false;
}

static void free_job(struct pn_job *job)
{
	stop_waiting(job);
	LIST_REMOVE(job, entry);
	job->client->nr_jobs--;
	free(job->entries);
	free(job->status);
	free(job->leases);
	free(job);
}

/* What the kernel has reserved for it while nobody looked. */
static void abort_reserved(struct pn_job *job)
{
	uint32_t i;

	for (i = job->from; i < job->from + job->count; i++) {
		const struct kvt_entry *e = &job->entries[i];

		if (e->result >= 0 && !(e->result & KVT_RES_PRESENT))
			kvt_abort(job->client->file, &e->slot, 1, NULL);
	}
}

void pn_job_destroy(struct pn_job *job)
{
	if (job->in_kernel && type_of(job) == KVP_RESERVE)
		abort_reserved(job);
	free_job(job);
}

/* May end the client. */
static void ask_kernel(struct pn_job *job, enum kvt_op op,
		       struct kvt_entry *entries, uint32_t nr,
		       const struct kvt_how *how)
{
	struct kvt_queue *queue = job->client->queue;
	int err;

	kvt_batch_init(&job->batch, op, entries, nr, how);
	err = kvt_queue_add(queue, &job->batch, KVT_NO_BUFFER, job);
	if (!err) {
		job->in_kernel = true;
		err = kvt_queue_submit(queue);
	}
	if (err < 0)
		pn_client_end(job->client, kvt_strerror(KVT_CALL_QUEUE, err));
}

/* ------------------------------------------------------------------------ answers */

/* Nobody waits for it: it is before the answer in the link's line. */
static void window_opened(struct kvp_op *op, int err)
{
	(void)op;
	(void)err;
}

/* The frame is to be reached from outside. May end the client: false. */
static bool open_lease(struct pn_job *job, struct pn_lease *lease, void *frame)
{
	struct pn_client *client = job->client;
	struct kvp_op *op = &lease->open;
	int err;

	op->verb = KVP_OPEN;
	op->done = window_opened;
	op->nr = 1;
	op->local[0].addr = frame;
	op->local[0].length = client->space->block_size;
	op->window = lease->window;
	op->writable = lease->state == PN_FILL;
	err = frame ? kvp_link_start(client->link, op) : -EFAULT;
	if (err == -EFAULT && frame && !pn_space_refresh(client->space))
		err = kvp_link_start(client->link, op);
	if (err)
		pn_client_end(client, "a frame could not be opened to it");
	return !err;
}

static bool add_place(struct pn_job *job, uint32_t i, struct kvp_message *answer)
{
	struct kvp_place *place = kvp_add(answer);
	struct pn_lease *lease = job->leases[i];
	void *frame;

	if (!lease) {
		place->status = htole32(job->status[i]);
		return true;
	}
	frame = kvt_ptr(job->client->space->handle, job->entries[i].offset);
	if (!open_lease(job, lease, frame))
		return false;
	place->addr = htole64((uintptr_t)frame);
	place->lease = htole64(pn_lease_number(&job->client->leases, lease));
	place->rkey = htole32(kvp_window_rkey(lease->window));
	return true;
}

/* The job is over. May end the client. */
static void answer_job(struct pn_job *job)
{
	struct pn_client *client = job->client;
	struct kvp_message answer;
	uint8_t type = type_of(job);
	uint32_t i;

	kvp_begin_answer(&answer, &job->request);
	for (i = 0; i < job->nr; i++) {
		if (type != KVP_ACQUIRE && type != KVP_RESERVE)
			((struct kvp_result *)kvp_add(&answer))->status =
				htole32(job->status[i]);
		else if (!add_place(job, i, &answer))
			return;
	}
	free_job(job);
	pn_client_answer(client, &answer);
}

/* ------------------------------------------------------------- requests by key */

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
	uint8_t type = type_of(job);
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

static enum kvt_op op_of(const struct pn_job *job)
{
	switch (type_of(job)) {
	case KVP_LOOKUP:
		return KVT_OP_LOOKUP;
	case KVP_ACQUIRE:
		return KVT_OP_ACQUIRE;
	case KVP_RESERVE:
		return KVT_OP_RESERVE;
	case KVP_RELEASE:
		return KVT_OP_RELEASE;
	case KVP_COMMIT:
		return KVT_OP_COMMIT;
	case KVP_ABORT:
		return KVT_OP_ABORT;
	default:
		return KVT_OP_DROP;
	}
}

static uint64_t time_left(const struct pn_job *job)
{
	uint64_t now = kvd_now();

	return job->deadline > now ? job->deadline - now : 0;
}

/* This is where the chain of a pool ends: a pool node asks nobody else. */
static void send_batch(struct pn_job *job)
{
	struct kvt_entry *entries = job->entries + job->from;
	struct kvt_how how = { 0 };
	struct kvt_key parent;

	switch (type_of(job)) {
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
			    (flags_of(job) & KVP_F_CHAIN ? KVT_F_CHAIN : 0);
		break;
	}
	ask_kernel(job, op_of(job), entries, job->count, &how);
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
	answer_job(job);
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
	lease->since = kvd_now();
	memcpy(lease->key.key, job->entries[i].key, KVP_KEY_SIZE);
	lease->state = type_of(job) == KVP_RESERVE ? PN_FILL : PN_READ;
}

/* Its time is over, or what it waits for may be here. May end the client. */
static void wake_job(struct kvd_timer *timer)
{
	struct pn_job *job = PN_CONTAINER(timer, struct pn_job, timer);

	stop_waiting(job);
	go_on(job);
}

/* For the block that was not here: until somebody commits it. */
static bool wait_for(struct pn_job *job, uint32_t i)
{
	struct pn_client *client = job->client;

	if (type_of(job) != KVP_ACQUIRE || job->status[i] != ENOENT ||
	    !time_left(job))
		return false;
	job->from = i;
	job->waits = true;
	LIST_INSERT_HEAD(&client->space->waiting, job, waiting);
	kvd_timer_set(&client->node->loop.timers, &job->timer, job->deadline);
	return true;
}

/* Who waits for this block looks again, as soon as all here is done. */
static void tell_waiting(struct pn_client *client, const struct kvp_key *key)
{
	struct pn_job *job;

	LIST_FOREACH(job, &client->space->waiting, waiting)
		if (!memcmp(job->entries[job->from].key, key->key, KVP_KEY_SIZE))
			kvd_timer_set(&client->node->loop.timers, &job->timer, 1);
}

/* A batch by key is back: up to the first that failed, if it is a chain. */
static void keys_completed(struct pn_job *job, int err)
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

static void start_by_key(struct pn_job *job)
{
	uint32_t wait_ms = le32toh(job->request.head.wait_ms);
	uint32_t i;

	for (i = 0; i < job->nr; i++) {
		const uint8_t *key = type_of(job) == KVP_RESERVE ?
			chain_of(job, i)->key :
			KVP_ENTRIES(&job->request, key)[i].key;

		memcpy(job->entries[i].key, key, KVP_KEY_SIZE);
	}
	if (wait_ms)
		job->deadline = kvd_now() + wait_ms * KVD_MS;
	job->timer.fire = wake_job;
	go_on(job);
}

/* ------------------------------------------------------------ requests by lease */

/* All windows are shut: now the kernel. May end the client. */
static void end_leases(struct pn_job *job)
{
	struct kvt_how how = { .flags = flags_of(job) & KVP_F_TOUCH ?
					KVT_F_TOUCH : 0 };
	uint32_t i, nr = 0;

	for (i = 0; i < job->nr; i++)
		if (job->leases[i])
			job->entries[nr++].slot = job->leases[i]->slot;
	ask_kernel(job, op_of(job), job->entries, nr, &how);
}

static void window_shut(struct kvp_op *op, int err)
{
	struct pn_lease *lease = PN_CONTAINER(op, struct pn_lease, shut);
	struct pn_job *job = lease->job;

	/* else the link is down, and the client ends */
	if (!err && !--job->shutting)
		end_leases(job);
}

/* May end the client: false. */
static bool shut_lease(struct pn_job *job, struct pn_lease *lease)
{
	struct kvp_op *op = &lease->shut;

	lease->state = PN_ENDING;
	lease->job = job;
	op->verb = KVP_SHUT;
	op->window = lease->window;
	op->done = window_shut;
	job->shutting++;
	if (!kvp_link_start(job->client->link, op))
		return true;
	pn_client_end(job->client, "a frame could not be shut to it");
	return false;
}

static void start_by_lease(struct pn_job *job)
{
	enum pn_lease_state state = type_of(job) == KVP_RELEASE ? PN_READ : PN_FILL;
	uint32_t i;

	for (i = 0; i < job->nr; i++) {
		uint64_t number = le64toh(KVP_ENTRIES(&job->request, lease)[i].lease);
		struct pn_lease *lease = pn_lease_find(&job->client->leases, number,
						       state);

		job->leases[i] = lease;
		job->status[i] = lease ? 0 : ENOENT;
		if (lease && !shut_lease(job, lease))
			return;
	}
	if (!job->shutting)
		answer_job(job);
}

static void leases_completed(struct pn_job *job, int err)
{
	uint32_t i, nr = 0;

	/* the kernel has them still: they go with the client's file */
	if (err < 0) {
		pn_client_end(job->client, kvt_strerror(op_of(job), err));
		return;
	}
	for (i = 0; i < job->nr; i++) {
		struct pn_lease *lease = job->leases[i];
		int32_t result;

		if (!lease)
			continue;
		result = job->entries[nr++].result;
		job->status[i] = result < 0 ? -result : 0;
		if (type_of(job) == KVP_COMMIT && result >= 0)
			tell_waiting(job->client, &lease->key);
		pn_lease_free(&job->client->leases, lease);
	}
	answer_job(job);
}

/* ---------------------------------------------------------------------------- all */

void pn_job_completed(struct pn_job *job, int result)
{
	uint8_t type = type_of(job);

	job->in_kernel = false;
	if (type == KVP_RELEASE || type == KVP_COMMIT || type == KVP_ABORT)
		leases_completed(job, result);
	else
		keys_completed(job, result);
}

void pn_job_start(struct pn_client *client, const struct kvp_message *request)
{
	struct pn_job *job = new_job(client, request);
	struct kvp_message refusal;

	if (!job) {
		kvp_refuse(&refusal, request, ENOMEM);
		pn_client_answer(client, &refusal);
		return;
	}
	switch (type_of(job)) {
	case KVP_PING:
		answer_job(job);
		break;
	case KVP_RELEASE:
	case KVP_COMMIT:
	case KVP_ABORT:
		start_by_lease(job);
		break;
	default:
		start_by_key(job);
	}
}
