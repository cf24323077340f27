// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a link: connecting, and its end. kvp_link_break() is the only way down:
 * it destroys there and then all that a device could use. The rest goes in
 * kvp_links_reap(), when nobody can be looking at it any more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "work.h"

#define MAX_POSTED	256	/* operations, beside messages */
#define MAX_READS	16	/* READs at once */
#define ACK_TIMEOUT	17	/* 4.096 us << 17: 0.5 s, seven times */

/* ---------------------------------------------------------------------- its end */

/* From here on no device touches anything for this link. */
static void destroy_queues(struct kvp_link *link)
{
	/* rxe: a window holds on to its queue pair */
	kvp_windows_destroy(&link->windows);
	if (link->id && link->id->qp)
		rdma_destroy_qp(link->id);
	if (link->cq)
		ibv_destroy_cq(link->cq);
	link->cq = NULL;
	if (link->buffers_mr)
		ibv_dereg_mr(link->buffers_mr);
	link->buffers_mr = NULL;
}

/* Down, once. @why NULL: the owner knows. */
void kvp_link_break(struct kvp_link *link, int err, const char *why)
{
	if (link->state == KVP_DOWN)
		return;
	link->state = KVP_DOWN;
	destroy_queues(link);
	kvp_work_fail(link);
	if (why && !link->destroyed)
		link->how.ops->down(link, link->how.user, err, why);
}

/* The device before the id: with a device's last id its context goes. */
static void reap_link(struct kvp_link *link)
{
	if (link->device)
		kvp_device_put(link->device);
	link->device = NULL;
	if (link->id)
		rdma_destroy_id(link->id);
	link->id = NULL;
	if (!link->destroyed)
		return;
	LIST_REMOVE(link, entry);
	kvp_work_free(link);
	free(link);
}

void kvp_links_reap(struct kvp_rdma *rdma)
{
	struct kvp_link *link, *next;

	for (link = LIST_FIRST(&rdma->links); link; link = next) {
		next = LIST_NEXT(link, entry);
		if (link->state == KVP_DOWN)
			reap_link(link);
	}
}

void kvp_link_destroy(struct kvp_link *link)
{
	if (!link)
		return;
	link->destroyed = true;
	kvp_link_break(link, -ECANCELED, NULL);
	if (!link->rdma->running)
		reap_link(link);
}

void kvp_links_destroy(struct kvp_rdma *rdma)
{
	while (!LIST_EMPTY(&rdma->links))
		kvp_link_destroy(LIST_FIRST(&rdma->links));
}

/* The timer: a link's time to connect is over, it could not go on, or has more to do. */
void kvp_links_expire(struct kvp_rdma *rdma)
{
	uint64_t now = kvp_now(), next = UINT64_MAX;
	struct kvp_link *link;
	bool again = false;

	LIST_FOREACH(link, &rdma->links, entry) {
		if (link->more)
			kvp_link_completions(link);
		if (link->doom)
			kvp_link_break(link, link->doom,
				       "an operation could not be posted");
		else if (link->deadline <= now)
			kvp_link_break(link, -ETIMEDOUT, "it took too long to connect");
		if (link->state == KVP_DOWN)
			continue;
		again |= link->more || link->doom;
		if (link->deadline < next)
			next = link->deadline;
	}
	kvp_rdma_wake(rdma, again ? KVP_AT_ONCE : next);
}

/* ----------------------------------------------------------------------- queues */

static int make_cq(struct kvp_link *link, unsigned int entries)
{
	link->cq = ibv_create_cq(link->device->verbs, entries, link,
				 link->device->channel, 0);
	if (!link->cq)
		return -errno;
	return -ibv_req_notify_cq(link->cq, 0);
}

static int make_qp(struct kvp_link *link)
{
	unsigned int depth = link->how.depth;
	unsigned int posted = depth + MAX_POSTED;
	unsigned int most = link->device->attr.max_qp_wr;
	struct ibv_qp_init_attr attr = { .qp_type = IBV_QPT_RC };
	int err;

	link->max_posted = posted < most ? posted : most;
	err = make_cq(link, link->max_posted + depth);
	if (err)
		return err;
	attr.send_cq = link->cq;
	attr.recv_cq = link->cq;
	attr.cap.max_send_wr = link->max_posted;
	attr.cap.max_recv_wr = depth;
	attr.cap.max_send_sge = KVP_MAX_PIECES;
	attr.cap.max_recv_sge = 1;
	return rdma_create_qp(link->id, link->device->pd, &attr) ? -errno : 0;
}

/* Its device is known: what a connection needs of it. */
static int make_queues(struct kvp_link *link)
{
	size_t bytes = 2UL * link->how.depth * sizeof(*link->buffers);
	int err = kvp_device_get(link->rdma, link->id->verbs, &link->device);

	if (err)
		return err;
	link->buffers_mr = ibv_reg_mr(link->device->pd, link->buffers, bytes,
				      IBV_ACCESS_LOCAL_WRITE);
	if (!link->buffers_mr)
		return -errno;
	err = make_qp(link);
	return err ? err : kvp_work_receive(link);
}

/* A lost packet is sent again soon: the manager's own idea of it is seconds. */
static void set_ack_timeout(struct rdma_cm_id *id)
{
	uint8_t timeout = ACK_TIMEOUT;

	rdma_set_option(id, RDMA_OPTION_ID, RDMA_OPTION_ID_ACK_TIMEOUT, &timeout,
			sizeof(timeout));
}

/* ------------------------------------------------------------------- connecting */

static uint8_t lesser(int a, int b)
{
	return a < b ? a : b;
}

static void name_peer(struct kvp_link *link, const struct sockaddr *sa)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	socklen_t len = sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
						    sizeof(struct sockaddr_in);

	if (getnameinfo(sa, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		snprintf(link->peer, sizeof(link->peer), "unknown");
	else
		snprintf(link->peer, sizeof(link->peer), "%s:%s", host, port);
}

const char *kvp_link_peer(const struct kvp_link *link)
{
	return link->peer;
}

void kvp_link_count(const struct kvp_link *link, struct kvp_link_count *count)
{
	*count = link->count;
}

static void resolved(struct kvp_link *link)
{
	int err = make_queues(link);

	if (!err && rdma_resolve_route(link->id, link->how.timeout_ms))
		err = -errno;
	if (err)
		kvp_link_break(link, err, "the device could not be set up");
}

static void routed(struct kvp_link *link)
{
	struct rdma_conn_param param = {
		.initiator_depth = lesser(link->device->attr.max_qp_init_rd_atom,
					  MAX_READS),
		.retry_count = 7,
		.rnr_retry_count = 6,
	};

	if (rdma_connect(link->id, &param))
		kvp_link_break(link, -errno, "could not ask for a connection");
}

/* The manager's statuses are not all errnos. */
static void failed(struct kvp_link *link, const struct rdma_cm_event *event)
{
	int err = event->status < 0 ? event->status : -ECONNREFUSED;

	switch (event->event) {
	case RDMA_CM_EVENT_ADDR_ERROR:
		kvp_link_break(link, err, "no RDMA device leads to the address");
		break;
	case RDMA_CM_EVENT_REJECTED:
		kvp_link_break(link, -ECONNREFUSED, "nobody listens there, or it refused");
		break;
	case RDMA_CM_EVENT_UNREACHABLE:
		kvp_link_break(link, -EHOSTUNREACH, "no answer");
		break;
	case RDMA_CM_EVENT_DISCONNECTED:
		kvp_link_break(link, -ECONNRESET, "the other end disconnected");
		break;
	case RDMA_CM_EVENT_DEVICE_REMOVAL:
		if (link->device)
			link->device->gone = true;
		kvp_link_break(link, -ENODEV, "the RDMA device has been taken away");
		break;
	default:
		kvp_link_break(link, err, rdma_event_str(event->event));
	}
}

void kvp_link_go_up(struct kvp_link *link)
{
	link->state = KVP_UP;
	link->deadline = UINT64_MAX;
	link->how.ops->up(link, link->how.user);
}

static void link_event(struct kvp_target *target, struct rdma_cm_id *id,
		       const struct rdma_cm_event *event)
{
	struct kvp_link *link = container_of(target, struct kvp_link, target);

	(void)id;
	if (link->state == KVP_DOWN)
		return;
	switch (event->event) {
	case RDMA_CM_EVENT_ADDR_RESOLVED:
		resolved(link);
		break;
	case RDMA_CM_EVENT_ROUTE_RESOLVED:
		routed(link);
		break;
	case RDMA_CM_EVENT_ESTABLISHED:
		if (link->state != KVP_UP)
			kvp_link_go_up(link);
		break;
	case RDMA_CM_EVENT_TIMEWAIT_EXIT:
	case RDMA_CM_EVENT_ADDR_CHANGE:
		break;
	default:
		failed(link, event);
	}
}

static int new_link(struct kvp_rdma *rdma, const struct kvp_link_how *how,
		    const struct sockaddr *peer, struct kvp_link **out)
{
	struct kvp_link *link;

	if (!how->depth || how->depth > 2 * KVP_MAX_CREDITS)
		return -EINVAL;
	link = calloc(1, sizeof(*link));
	if (!link)
		return -ENOMEM;
	link->target.event = link_event;
	link->rdma = rdma;
	link->how = *how;
	link->deadline = UINT64_MAX;
	LIST_INIT(&link->windows);
	LIST_INSERT_HEAD(&rdma->links, link, entry);
	name_peer(link, peer);
	*out = link;
	return kvp_work_init(link);
}

static void set_deadline(struct kvp_link *link)
{
	link->deadline = kvp_now() + link->how.timeout_ms * KVP_MS;
	/* it may be early: then it sets the next one */
	kvp_rdma_wake(link->rdma, KVP_AT_ONCE);
}

static int begin_connect(struct kvp_link *link, const struct sockaddr *to)
{
	if (rdma_create_id(link->rdma->events, &link->id, &link->target,
			   RDMA_PS_TCP))
		return -errno;
	set_ack_timeout(link->id);
	if (rdma_resolve_addr(link->id, NULL, (struct sockaddr *)to,
			      link->how.timeout_ms))
		return -errno;
	set_deadline(link);
	return 0;
}

int kvp_link_connect(struct kvp_rdma *rdma, const struct sockaddr *to,
		     const struct kvp_link_how *how, struct kvp_link **link)
{
	struct kvp_link *l = NULL;
	int err = new_link(rdma, how, to, &l);

	if (!err)
		err = begin_connect(l, to);
	if (err)
		kvp_link_destroy(l);
	else
		*link = l;
	return err;
}

static int accept_link(struct kvp_link *link,
		       const struct rdma_conn_param *asked)
{
	struct rdma_conn_param param = { .rnr_retry_count = 6 };
	int err = make_queues(link);

	if (err)
		return err;
	param.responder_resources = lesser(link->device->attr.max_qp_rd_atom,
					   asked->responder_resources);
	param.initiator_depth = lesser(link->device->attr.max_qp_init_rd_atom,
				       asked->initiator_depth);
	if (rdma_accept(link->id, &param))
		return -errno;
	link->state = KVP_ACCEPTED;
	set_deadline(link);
	return 0;
}

/* What fails here takes the link with it, but leaves the id. */
int kvp_link_accept(struct kvp_rdma *rdma, struct rdma_cm_id *id,
		    const struct rdma_conn_param *asked,
		    const struct kvp_link_how *how)
{
	struct kvp_link *link = NULL;
	int err = new_link(rdma, how, rdma_get_peer_addr(id), &link);

	if (!err) {
		link->id = id;
		id->context = &link->target;
		set_ack_timeout(id);
		err = accept_link(link, asked);
	}
	if (!err || !link)
		return err;
	destroy_queues(link);
	link->id = NULL;
	kvp_link_destroy(link);
	return err;
}
