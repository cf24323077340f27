// SPDX-License-Identifier: GPL-2.0
/* Taking links. Who is not wanted, or cannot be served, is sent away at once. */
#include <errno.h>
#include <stdlib.h>

#include "device.h"
#include "link.h"

#define BACKLOG 64

/**
 * struct kvp_listener - see link.h
 * @target: of the connection manager's events
 * @rdma: whose
 * @id: the connection manager's
 * @incoming: the owner's
 * @lost: the owner's
 * @user: for them
 */
struct kvp_listener {
	struct kvp_target target;
	struct kvp_rdma *rdma;
	struct rdma_cm_id *id;
	bool (*incoming)(void *user, const struct sockaddr *from,
			 struct kvp_link_how *how);
	void (*lost)(void *user);
	void *user;
};

/* Who was taken, but cannot be served, is told by @down: there is no link then. */
static void request(struct kvp_listener *listener, struct rdma_cm_id *id,
		    const struct rdma_conn_param *asked)
{
	struct kvp_link_how how = { 0 };
	int err = -EACCES;

	if (listener->incoming(listener->user, rdma_get_peer_addr(id), &how)) {
		err = kvp_link_accept(listener->rdma, id, asked, &how);
		if (!err)
			return;
		how.ops->down(NULL, how.user, err, "no link could be made");
	}
	rdma_reject(id, NULL, 0);
	rdma_destroy_id(id);
}

static void listener_event(struct kvp_target *target, struct rdma_cm_id *id,
			   const struct rdma_cm_event *event)
{
	struct kvp_listener *listener = container_of(target, struct kvp_listener, target);

	if (event->event == RDMA_CM_EVENT_CONNECT_REQUEST)
		request(listener, id, &event->param.conn);
	else if (event->event == RDMA_CM_EVENT_DEVICE_REMOVAL)
		listener->lost(listener->user);
}

static int begin(struct kvp_listener *listener, const struct sockaddr *at)
{
	struct kvp_device *device;
	struct rdma_cm_id *id;
	int err;

	if (rdma_create_id(listener->rdma->events, &id, &listener->target,
			   RDMA_PS_TCP))
		return -errno;
	listener->id = id;
	if (rdma_bind_addr(id, (struct sockaddr *)at))
		return -errno;
	if (!id->verbs)
		err = kvp_device_use_all(listener->rdma);
	else
		err = kvp_device_get(listener->rdma, id->verbs, &device);
	if (err)
		return err;
	if (id->verbs)
		kvp_device_put(device);
	return rdma_listen(id, BACKLOG) ? -errno : 0;
}

int kvp_listen(struct kvp_rdma *rdma, const struct sockaddr *at,
	       bool (*incoming)(void *user, const struct sockaddr *from,
				struct kvp_link_how *how),
	       void (*lost)(void *user), void *user,
	       struct kvp_listener **listener)
{
	struct kvp_listener *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->target.event = listener_event;
	l->rdma = rdma;
	l->incoming = incoming;
	l->lost = lost;
	l->user = user;
	err = begin(l, at);
	if (err)
		kvp_listener_destroy(l);
	else
		*listener = l;
	return err;
}

void kvp_listener_destroy(struct kvp_listener *listener)
{
	if (!listener)
		return;
	if (listener->id)
		rdma_destroy_id(listener->id);
	free(listener);
}
