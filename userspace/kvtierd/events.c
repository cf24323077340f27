// SPDX-License-Identifier: GPL-2.0
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stddef.h>
#include <stdlib.h>

#include "events.h"
#include "kvtier_netlink.h"
#include "log.h"
#include "loop.h"

/**
 * struct kvd_events - what is listened to
 * @event: there are messages
 * @sock: joined to the group
 * @changed: the owner's
 * @user: the owner's
 * @has_news: since it was called last
 */
struct kvd_events {
	struct kvd_event event;
	struct nl_sock *sock;
	void (*changed)(void *user);
	void *user;
	bool has_news;
};

/* Pressure comes often, and changes nothing here. */
static int heard(struct nl_msg *msg, void *arg)
{
	const struct genlmsghdr *head = nlmsg_data(nlmsg_hdr(msg));
	struct kvd_events *e = arg;

	e->has_news |= head->cmd != KVT_NL_CMD_PRESSURE;
	return NL_OK;
}

/* Some may be lost: who goes and looks has missed nothing. */
static void readable(struct kvd_event *event, int res)
{
	struct kvd_events *e = container_of(event, struct kvd_events, event);
	int err;

	if (res < 0)
		return;
	e->has_news = false;
	while (!(err = nl_recvmsgs_default(e->sock)))
		;
	if (e->has_news || err != -NLE_AGAIN)
		e->changed(e->user);
}

static int join(struct nl_sock *sock)
{
	int group = genl_ctrl_resolve_grp(sock, KVT_NL_FAMILY, KVT_NL_GROUP_EVENTS);

	return group < 0 ? group : nl_socket_add_membership(sock, group);
}

static int set_up(struct kvd_events *e)
{
	int err;

	e->sock = nl_socket_alloc();
	if (!e->sock)
		return -NLE_NOMEM;
	nl_socket_disable_seq_check(e->sock);
	nl_socket_modify_cb(e->sock, NL_CB_VALID, NL_CB_CUSTOM, heard, e);
	err = genl_connect(e->sock);
	if (!err)
		err = join(e->sock);
	if (!err)
		err = nl_socket_set_nonblocking(e->sock);
	return err;
}

struct kvd_events *kvd_events_open(struct kvd_loop *loop,
				   void (*changed)(void *user), void *user)
{
	struct kvd_events *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return NULL;
	e->changed = changed;
	e->user = user;
	err = set_up(e);
	if (err) {
		kvp_log(KVP_WARN, "no events by netlink: spaces are looked at from time to time only",
			"why=%s", kvp_quote(nl_geterror(err)));
		kvd_events_close(e);
		return NULL;
	}
	e->event.fd = nl_socket_get_fd(e->sock);
	e->event.happened = readable;
	kvd_loop_watch(loop, &e->event);
	return e;
}

void kvd_events_close(struct kvd_events *e)
{
	if (!e)
		return;
	nl_socket_free(e->sock);
	free(e);
}
