/* SPDX-License-Identifier: GPL-2.0 */
/* For link.c and work.c only: what a link is made of. */
#ifndef KVP_WORK_H
#define KVP_WORK_H

#include <netdb.h>

#include "device.h"
#include "link.h"
#include "window.h"

/**
 * enum kvp_state - of a link
 * @KVP_CONNECTING: its address is being found, or the other end has been asked
 * @KVP_ACCEPTED: the other end has asked, and been told yes
 * @KVP_UP: it is connected
 * @KVP_DOWN: it is over
 */
enum kvp_state {
	KVP_CONNECTING,
	KVP_ACCEPTED,
	KVP_UP,
	KVP_DOWN,
};

/* Operations, first come, first served. */
STAILQ_HEAD(kvp_line, kvp_op);

/**
 * struct kvp_send - a message on its way out
 * @op: its operation
 * @message: in registered memory
 * @next: of link->idle
 */
struct kvp_send {
	struct kvp_op op;
	struct kvp_message *message;
	struct kvp_send *next;
};

/**
 * struct kvp_link - see link.h
 * @entry: of rdma->links
 * @target: of the connection manager's events
 * @rdma: whose
 * @how: the owner's
 * @state: enum kvp_state
 * @destroyed: the owner has forgotten it
 * @doom: it is to go down, for this errno, as soon as callbacks may be called
 * @more: there may be completions that nobody is told of
 * @deadline: of kvp_now(); for connecting; UINT64_MAX: none
 * @id: the connection manager's
 * @device: NULL until the address has been found
 * @cq: of sends and receives
 * @buffers: how.depth messages to receive, and as many to send
 * @buffers_mr: their registration
 * @sends: how.depth
 * @idle: those of them that are not in use
 * @unsent: number of the others
 * @posted: operations that the device has
 * @nr_posted: of them
 * @max_posted: it can have
 * @waiting: operations that it has no room for
 * @windows: window.c's
 * @count: what it has done
 * @peer: the other end's address, for people
 */
struct kvp_link {
	LIST_ENTRY(kvp_link) entry;
	struct kvp_target target;
	struct kvp_rdma *rdma;
	struct kvp_link_how how;
	enum kvp_state state;
	bool destroyed;
	int doom;
	bool more;
	uint64_t deadline;
	struct rdma_cm_id *id;
	struct kvp_device *device;
	struct ibv_cq *cq;
	struct kvp_message *buffers;
	struct ibv_mr *buffers_mr;
	struct kvp_send *sends;
	struct kvp_send *idle;
	unsigned int unsent;
	struct kvp_line posted;
	unsigned int nr_posted;
	unsigned int max_posted;
	struct kvp_line waiting;
	struct kvp_windows windows;
	struct kvp_link_count count;
	char peer[NI_MAXHOST + NI_MAXSERV + 2];
};

/* link.c */
void kvp_link_break(struct kvp_link *link, int err, const char *why);
void kvp_link_go_up(struct kvp_link *link);

/* work.c */
int kvp_work_init(struct kvp_link *link);
void kvp_work_fail(struct kvp_link *link);
void kvp_work_free(struct kvp_link *link);
int kvp_work_receive(struct kvp_link *link);

#endif /* KVP_WORK_H */
