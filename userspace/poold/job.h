/* SPDX-License-Identifier: GPL-2.0 */
/* A job: one request of a client, from its message to its answer. */
#ifndef PN_JOB_H
#define PN_JOB_H

#include "client.h"

/**
 * struct pn_job - one of them
 * @entry: of the client's
 * @waiting: of the space's, if @waits
 * @client: whose
 * @waits: for a block that is not here
 * @in_kernel: @batch is the kernel's
 * @deadline: ns; of WAIT; 0: it does not
 * @timer: wakes it when it waits
 * @nr: entries of the request
 * @from: the first one that is not done
 * @count: of them, from there on, in @batch
 * @shutting: leases whose windows are being shut
 * @batch: for the kernel
 * @entries: of @batch; the request's, one by one, but those of RELEASE, COMMIT and ABORT whose
 *	lease is not known are left out
 * @status: of each entry: positive errno
 * @leases: of each entry, or NULL
 * @request: as it came
 */
struct pn_job {
	LIST_ENTRY(pn_job) entry;
	LIST_ENTRY(pn_job) waiting;
	struct pn_client *client;
	bool waits;
	bool in_kernel;
	uint64_t deadline;
	struct kvp_timer timer;
	uint32_t nr;
	uint32_t from;
	uint32_t count;
	uint32_t shutting;
	struct kvt_batch batch;
	struct kvt_entry *entries;
	uint32_t *status;
	struct pn_lease **leases;
	struct kvp_message request;
};

/* Begin with a judged request that is neither HELLO nor PROVE. May end the client. */
void pn_job_start(struct pn_client *client, const struct kvp_message *request);

/* The kernel has done with its batch. May end the client. */
void pn_job_completed(struct pn_job *job, int result);

/* Nothing of it is under way: give back what it has reserved; free it. */
void pn_job_destroy(struct pn_job *job);

/* ------------------------------------------------------- among the files of jobs */

static inline uint8_t pn_job_type(const struct pn_job *job)
{
	return job->request.head.type;
}

static inline uint32_t pn_job_flags(const struct pn_job *job)
{
	return le32toh(job->request.head.flags);
}

enum kvt_op pn_job_op(const struct pn_job *job);

/* The kernel is to do @entries. May end the client. */
void pn_job_ask(struct pn_job *job, struct kvt_entry *entries, uint32_t nr,
		const struct kvt_how *how);

/* The job is over. May end the client. */
void pn_job_answer(struct pn_job *job);

/* It waits no more for a block that is not here. */
void pn_job_stop_waiting(struct pn_job *job);

/* Who waits for this block looks again, as soon as all here is done. */
void pn_job_wake(struct pn_client *client, const struct kvp_key *key);

/* All of these may end the client. @err: negative errno */
void pn_job_start_keys(struct pn_job *job);
void pn_job_keys_completed(struct pn_job *job, int err);
void pn_job_start_leases(struct pn_job *job);
void pn_job_leases_completed(struct pn_job *job, int err);

#endif /* PN_JOB_H */
