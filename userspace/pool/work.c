// SPDX-License-Identifier: GPL-2.0
/*
 * The work of a link: operations and messages. All that is sent is an operation: it
 * waits in line, is posted when the send queue has room, and ends in the
 * order it was posted in.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "work.h"

#define MANY		16
#define MAX_ROUNDS	16	/* before other links have their turn */
#define KVP_SEND	(KVP_SHUT + 1)	/* a verb of struct kvp_send's only */

static struct kvp_op *line_take(struct kvp_line *line)
{
	struct kvp_op *op = STAILQ_FIRST(line);

	if (op)
		STAILQ_REMOVE_HEAD(line, next);
	return op;
}

/* ---------------------------------------------------------------------- posting */

static void make_send(const struct kvp_link *link, const struct kvp_op *op,
		      struct ibv_send_wr *wr)
{
	const struct kvp_send *send = container_of(op, struct kvp_send, op);

	wr->opcode = IBV_WR_SEND;
	wr->num_sge = 1;
	wr->sg_list->addr = (uintptr_t)send->message;
	wr->sg_list->length = kvp_length(send->message);
	wr->sg_list->lkey = link->buffers_mr->lkey;
}

static struct ibv_mr *region_of(const struct kvp_link *link,
				const struct kvp_piece *piece)
{
	return kvp_device_region(link->device, piece->addr, piece->length);
}

static void make_move(const struct kvp_link *link, const struct kvp_op *op,
		      struct ibv_send_wr *wr)
{
	unsigned int i;

	wr->opcode = op->verb == KVP_READ ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE;
	wr->num_sge = op->nr;
	wr->wr.rdma.remote_addr = op->remote;
	wr->wr.rdma.rkey = op->rkey;
	for (i = 0; i < op->nr; i++) {
		struct ibv_sge *sge = &wr->sg_list[i];

		sge->addr = (uintptr_t)op->local[i].addr;
		sge->length = op->local[i].length;
		sge->lkey = region_of(link, &op->local[i])->lkey;
	}
}

static void make_work(const struct kvp_link *link, const struct kvp_op *op,
		      struct ibv_send_wr *wr)
{
	switch ((int)op->verb) {
	case KVP_SEND:
		make_send(link, op, wr);
		break;
	case KVP_READ:
	case KVP_WRITE:
		make_move(link, op, wr);
		break;
	case KVP_OPEN:
		kvp_window_make_open(op, region_of(link, op->local), wr);
		break;
	case KVP_SHUT:
		kvp_window_make_shut(op, wr);
		break;
	}
}

static int post(struct kvp_link *link, struct kvp_op *op)
{
	struct ibv_sge list[KVP_MAX_PIECES];
	struct ibv_send_wr *bad, wr = {
		.wr_id = (uintptr_t)op,
		.sg_list = list,
		.send_flags = IBV_SEND_SIGNALED,
	};
	int err;

	make_work(link, op, &wr);
	err = ibv_post_send(link->id->qp, &wr, &bad);
	if (!err && op->verb == KVP_OPEN)
		kvp_window_posted(op);
	return -err;
}

/* As many as the send queue has room for. Calls nobody back. */
static void post_waiting(struct kvp_link *link)
{
	struct kvp_op *op;

	while ((op = STAILQ_FIRST(&link->waiting)) && link->nr_posted < link->max_posted &&
	       !link->doom) {
		link->doom = post(link, op);
		if (link->doom) {
			kvp_rdma_wake(link->rdma, KVP_AT_ONCE);
			return;
		}
		STAILQ_REMOVE_HEAD(&link->waiting, next);
		STAILQ_INSERT_TAIL(&link->posted, op, next);
		link->nr_posted++;
	}
}

static void start(struct kvp_link *link, struct kvp_op *op)
{
	op->link = link;
	STAILQ_INSERT_TAIL(&link->waiting, op, next);
	post_waiting(link);
}

/* ------------------------------------------------------------------- operations */

static bool is_known(const struct kvp_link *link, const struct kvp_op *op)
{
	unsigned int i;

	if (!op->nr || op->nr > KVP_MAX_PIECES)
		return false;
	for (i = 0; i < op->nr; i++)
		if (!region_of(link, &op->local[i]))
			return false;
	return true;
}

int kvp_link_start(struct kvp_link *link, struct kvp_op *op)
{
	if (link->state != KVP_UP)
		return -ENOTCONN;
	if (op->verb != KVP_SHUT && !is_known(link, op))
		return -EFAULT;
	if (op->verb == KVP_OPEN)
		kvp_window_open(op->window);
	start(link, op);
	return 0;
}

int kvp_window_create(struct kvp_link *link, struct kvp_window **window)
{
	if (link->state != KVP_UP)
		return -ENOTCONN;
	if (!kvp_device_has_windows(link->device))
		return -EOPNOTSUPP;
	return kvp_window_alloc(&link->windows, link->device->pd, window);
}

/* --------------------------------------------------------------------- messages */

/* It has gone out, or the link is down, which others are told. */
static void message_sent(struct kvp_op *op, int err)
{
	struct kvp_send *send = container_of(op, struct kvp_send, op);
	struct kvp_link *link = op->link;

	(void)err;
	send->next = link->idle;
	link->idle = send;
	link->unsent--;
}

int kvp_link_send(struct kvp_link *link, const struct kvp_message *m)
{
	struct kvp_send *send = link->idle;

	if (link->state != KVP_UP)
		return -ENOTCONN;
	if (!send)
		return -EAGAIN;
	link->idle = send->next;
	link->unsent++;
	memcpy(send->message, m, kvp_length(m));
	link->count.messages += kvp_length(m);
	start(link, &send->op);
	return 0;
}

unsigned int kvp_link_unsent(const struct kvp_link *link)
{
	return link->unsent;
}

/* The device may put a message into this buffer. */
static int post_receive(struct kvp_link *link, unsigned int i)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)&link->buffers[i],
		.length = sizeof(*link->buffers),
		.lkey = link->buffers_mr->lkey,
	};
	struct ibv_recv_wr *bad, wr = {
		.wr_id = i << 1 | 1,
		.sg_list = &sge,
		.num_sge = 1,
	};

	return -ibv_post_recv(link->id->qp, &wr, &bad);
}

/* Messages may arrive, as soon as it is connected. */
int kvp_work_receive(struct kvp_link *link)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < link->how.depth && !err; i++)
		err = post_receive(link, i);
	return err;
}

/* ------------------------------------------------------------------ completions */

static int errno_of(enum ibv_wc_status status)
{
	switch (status) {
	case IBV_WC_SUCCESS:
		return 0;
	case IBV_WC_REM_ACCESS_ERR:
		return -EACCES;
	case IBV_WC_RETRY_EXC_ERR:
	case IBV_WC_RNR_RETRY_EXC_ERR:
		return -ETIMEDOUT;
	case IBV_WC_WR_FLUSH_ERR:
		return -ECANCELED;
	default:
		return -EIO;
	}
}

static void count_op(struct kvp_link *link, const struct kvp_op *op)
{
	uint64_t *count = op->verb == KVP_READ ? &link->count.read :
			  op->verb == KVP_WRITE ? &link->count.written : NULL;
	unsigned int i;

	for (i = 0; count && i < op->nr; i++)
		*count += op->local[i].length;
}

static void end_op(struct kvp_link *link, const struct ibv_wc *wc)
{
	struct kvp_op *op = line_take(&link->posted);
	int err = errno_of(wc->status);

	/* A provider may take what it says that it could not post. */
	if (!op) {
		kvp_link_break(link, -EIO, "a completion of nothing");
		return;
	}
	link->nr_posted--;
	if (!err)
		count_op(link, op);
	op->done(op, err);
}

/* The first message may be here before the manager says that it is connected. */
static void receive(struct kvp_link *link, const struct ibv_wc *wc)
{
	unsigned int i = wc->wr_id >> 1;
	int err;

	if (link->state == KVP_ACCEPTED)
		kvp_link_go_up(link);
	if (link->state != KVP_UP)
		return;
	link->count.messages += wc->byte_len;
	link->how.ops->message(link, link->how.user, &link->buffers[i],
			       wc->byte_len);
	if (link->state != KVP_UP)
		return;
	err = post_receive(link, i);
	if (err)
		kvp_link_break(link, err, "a receive buffer could not be posted");
}

static void complete(struct kvp_link *link, const struct ibv_wc *wc)
{
	if (!(wc->wr_id & 1))
		end_op(link, wc);
	else if (wc->status == IBV_WC_SUCCESS)
		receive(link, wc);
	if (wc->status == IBV_WC_WR_FLUSH_ERR)
		kvp_link_break(link, -ECONNRESET, "the connection broke");
	else if (wc->status != IBV_WC_SUCCESS)
		kvp_link_break(link, errno_of(wc->status),
			       ibv_wc_status_str(wc->status));
}

/* False: there are no more. */
static bool take_completions(struct kvp_link *link)
{
	struct ibv_wc wc[MANY];
	int i, nr;

	if (link->state == KVP_DOWN)
		return false;
	nr = ibv_poll_cq(link->cq, MANY, wc);
	for (i = 0; i < nr && link->state != KVP_DOWN; i++)
		complete(link, &wc[i]);
	if (link->state == KVP_UP)
		post_waiting(link);
	return nr > 0;
}

void kvp_link_completions(struct kvp_link *link)
{
	int round = 0;

	if (link->state != KVP_DOWN && ibv_req_notify_cq(link->cq, 0))
		kvp_link_break(link, -EIO, "its completion queue is broken");
	while (take_completions(link) && ++round < MAX_ROUNDS)
		;
	link->more = round == MAX_ROUNDS;
	if (link->more)
		kvp_rdma_wake(link->rdma, KVP_AT_ONCE);
}

/* ------------------------------------------------------------- beginning and end */

/* Room for messages. What fails half-way is freed by kvp_work_free(). */
int kvp_work_init(struct kvp_link *link)
{
	unsigned int i, depth = link->how.depth;
	size_t bytes = 2UL * depth * sizeof(*link->buffers);
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	STAILQ_INIT(&link->posted);
	STAILQ_INIT(&link->waiting);
	link->buffers = memory == MAP_FAILED ? NULL : memory;
	link->sends = calloc(depth, sizeof(*link->sends));
	if (!link->buffers || !link->sends)
		return -ENOMEM;
	for (i = 0; i < depth; i++) {
		struct kvp_send *send = &link->sends[i];

		send->op.verb = KVP_SEND;
		send->op.done = message_sent;
		send->message = &link->buffers[depth + i];
		send->next = link->idle;
		link->idle = send;
	}
	return 0;
}

static void fail_line(struct kvp_line *line)
{
	struct kvp_op *op;

	while ((op = line_take(line)))
		op->done(op, -ECANCELED);
}

/* The queue pair is gone: all that has not ended does. */
void kvp_work_fail(struct kvp_link *link)
{
	fail_line(&link->posted);
	fail_line(&link->waiting);
}

void kvp_work_free(struct kvp_link *link)
{
	if (link->buffers)
		munmap(link->buffers,
		       2UL * link->how.depth * sizeof(*link->buffers));
	free(link->sends);
}
