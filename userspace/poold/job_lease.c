// SPDX-License-Identifier: GPL-2.0
/*
 * Requests by lease: RELEASE, COMMIT, ABORT. They shut the leases' windows first, and tell
 * the kernel when that is done: so nobody reads or writes a frame that is not his any
 * more.
 */
#include <errno.h>

#include "job.h"

/* All windows are shut: now the kernel. May end the client. */
static void end_leases(struct pn_job *job)
{
	struct kvt_how how = { .flags = pn_job_flags(job) & KVP_F_TOUCH ?
					KVT_F_TOUCH : 0 };
	uint32_t i, nr = 0;

	for (i = 0; i < job->nr; i++)
		if (job->leases[i])
			job->entries[nr++].slot = job->leases[i]->slot;
	pn_job_ask(job, job->entries, nr, &how);
}

static void window_shut(struct kvp_op *op, int err)
{
	struct pn_lease *lease = container_of(op, struct pn_lease, shut);
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

void pn_job_start_leases(struct pn_job *job)
{
	enum pn_lease_state state = pn_job_type(job) == KVP_RELEASE ? PN_READ : PN_FILL;
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
		pn_job_answer(job);
}

void pn_job_leases_completed(struct pn_job *job, int err)
{
	uint32_t i, nr = 0;

	/* the kernel has them still: they go with the client's file */
	if (err < 0) {
		pn_client_end(job->client, kvt_strerror(pn_job_op(job), err));
		return;
	}
	for (i = 0; i < job->nr; i++) {
		struct pn_lease *lease = job->leases[i];
		int32_t result;

		if (!lease)
			continue;
		result = job->entries[nr++].result;
		job->status[i] = result < 0 ? -result : 0;
		if (pn_job_type(job) == KVP_COMMIT && result >= 0)
			pn_job_wake(job->client, &lease->key);
		pn_lease_free(&job->client->leases, lease);
	}
	pn_job_answer(job);
}
