// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel is asked through the client's queue, so that no request keeps others from
 * being served. A function that says so may end the client, and the job with it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "job.h"

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

void pn_job_stop_waiting(struct pn_job *job)
{
	kvp_timer_stop(&job->timer);
	if (job->waits)
		LIST_REMOVE(job, waiting);
	job->waits = false;
}

static void free_job(struct pn_job *job)
{
	pn_job_stop_waiting(job);
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
	if (job->in_kernel && pn_job_type(job) == KVP_RESERVE)
		abort_reserved(job);
	free_job(job);
}

enum kvt_op pn_job_op(const struct pn_job *job)
{
	switch (pn_job_type(job)) {
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

/* May end the client. */
void pn_job_ask(struct pn_job *job, struct kvt_entry *entries, uint32_t nr,
		const struct kvt_how *how)
{
	struct kvt_queue *queue = job->client->queue;
	int err;

	kvt_batch_init(&job->batch, pn_job_op(job), entries, nr, how);
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
	if (lease->state == PN_READ)
		place->uses = htole32(pn_heat_use(&job->client->space->heat,
						  job->entries[i].key, kvp_now()));
	return true;
}

/* The job is over. May end the client. */
void pn_job_answer(struct pn_job *job)
{
	struct pn_client *client = job->client;
	struct kvp_message answer;
	uint8_t type = pn_job_type(job);
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

/* ---------------------------------------------------------------------------- all */

void pn_job_completed(struct pn_job *job, int result)
{
	uint8_t type = pn_job_type(job);

	job->in_kernel = false;
	if (type == KVP_RELEASE || type == KVP_COMMIT || type == KVP_ABORT)
		pn_job_leases_completed(job, result);
	else
		pn_job_keys_completed(job, result);
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
	switch (pn_job_type(job)) {
	case KVP_PING:
		pn_job_answer(job);
		break;
	case KVP_RELEASE:
	case KVP_COMMIT:
	case KVP_ABORT:
		pn_job_start_leases(job);
		break;
	default:
		pn_job_start_keys(job);
	}
}
