/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A link: a reliable connection by RDMA between a host's helper and a pool node.
 * Messages go by SEND, the bytes of blocks by READ and WRITE, straight from and to
 * registered memory: no processor copies them.
 *
 * A link goes down once: by the other end, by an error, by a time-out, by
 * kvp_link_destroy(). Its queue pair is destroyed first, so that from then on no device
 * reads or writes anything for it; then all operations that had not ended do, with
 * an error; then @down is called. It never comes up again: connect anew.
 */
#ifndef KVP_LINK_H
#define KVP_LINK_H

#include <sys/queue.h>

#include "codec.h"
#include "rdma.h"

struct kvp_link;
struct kvp_listener;
struct kvp_window;

#define KVP_MAX_PIECES	2	/* of memory on this side, in one operation */

/**
 * struct kvp_link_ops - what a link's owner wants to be told
 * @up: it is connected. Messages and operations may be sent from now on
 * @message: something has arrived: @bytes long, judged by nobody. @m is the link's
 *	again when this returns
 * @down: it is over, see above; @err: a negative errno; @why: words. Not called by
 *	kvp_link_destroy(), which is still to be called (here is a good place)
 */
struct kvp_link_ops {
	void (*up)(struct kvp_link *link, void *user);
	void (*message)(struct kvp_link *link, void *user,
			const struct kvp_message *m, size_t bytes);
	void (*down)(struct kvp_link *link, void *user, int err,
		     const char *why);
};

/**
 * struct kvp_link_how - how a link is to be
 * @ops: the owner's
 * @user: for @ops
 * @depth: messages that may arrive unread, and that may be on their way out,
 *	1..2 * KVP_MAX_CREDITS. Twice the credits is good
 * @timeout_ms: for connecting
 */
struct kvp_link_how {
	const struct kvp_link_ops *ops;
	void *user;
	unsigned int depth;
	unsigned int timeout_ms;
};

/**
 * struct kvp_link_count - what a link has done
 * @read: bytes of blocks that it READ; no processor has seen them
 * @written: bytes of blocks that it has WRITTEN; the same
 * @messages: bytes of messages sent and received: the only ones a processor copies
 */
struct kvp_link_count {
	uint64_t read;
	uint64_t written;
	uint64_t messages;
};

/**
 * kvp_link_connect() - connect
 * @rdma: as created
 * @to: kvp_resolve()'s
 * @how: how
 * @link: out
 *
 * Does not wait: @how->ops->up or ->down is called later, by kvp_rdma_run().
 *
 * Return: 0 or negative errno.
 */
int kvp_link_connect(struct kvp_rdma *rdma, const struct sockaddr *to,
		     const struct kvp_link_how *how, struct kvp_link **link);

/**
 * kvp_link_destroy() - the end of a link, whatever its state
 * @link: or NULL. May be called from callbacks. After it none come, but those
 *	of operations, which come before it returns
 */
void kvp_link_destroy(struct kvp_link *link);

/**
 * kvp_link_send() - send a message
 * @link: one that is up
 * @m: is copied: it may go at once
 *
 * Return: 0; -EAGAIN: @depth of them are on their way out; -ENOTCONN.
 */
int kvp_link_send(struct kvp_link *link, const struct kvp_message *m);

/* Messages that are on their way out: not yet seen by the other end's device. */
unsigned int kvp_link_unsent(const struct kvp_link *link);

/* The link's, for people: the address of the other end. Valid as long as the link. */
const char *kvp_link_peer(const struct kvp_link *link);

void kvp_link_count(const struct kvp_link *link, struct kvp_link_count *count);

/**
 * enum kvp_verb - what an operation does
 * @KVP_READ: from the other end's memory into ours
 * @KVP_WRITE: from our memory to the other end's
 * @KVP_OPEN: lets the other end into one piece of our memory, through a window
 * @KVP_SHUT: lets it out again: no device touches the piece for it any more when
 *	this is done
 */
enum kvp_verb {
	KVP_READ,
	KVP_WRITE,
	KVP_OPEN,
	KVP_SHUT,
};

/**
 * struct kvp_piece - of our own memory, of kvp_memory_add()
 * @addr: where
 * @length: bytes
 */
struct kvp_piece {
	void *addr;
	uint32_t length;
};

/**
 * struct kvp_op - an operation. The caller's memory, and the link's until it is @done
 * @next: link.c's
 * @verb: enum kvp_verb
 * @nr: of @local, 1..KVP_MAX_PIECES; OPEN: 1; SHUT: ignored
 * @local: READ: filled one after the other; WRITE: sent as one
 * @remote: READ, WRITE: the other end's address
 * @rkey: READ, WRITE: the other end's key for it
 * @window: OPEN: one that is shut; SHUT: one that is open
 * @writable: OPEN: the other end may WRITE and not READ; else READ and not WRITE
 * @done: called once, never from within kvp_link_start(). @err: 0: our memory has the
 *	bytes, or the other end's has. -EACCES: the other end has no such memory for us; -ECANCELED,
 *	-ETIMEDOUT, -EIO...: the link goes down, or is. No device touches @local any more
 * @link: link.c's
 */
struct kvp_op {
	STAILQ_ENTRY(kvp_op) next;
	enum kvp_verb verb;
	unsigned int nr;
	struct kvp_piece local[KVP_MAX_PIECES];
	uint64_t remote;
	uint32_t rkey;
	bool writable;
	struct kvp_window *window;
	void (*done)(struct kvp_op *op, int err);
	struct kvp_link *link;
};

/**
 * kvp_link_start() - start an operation
 * @link: one that is up
 * @op: all but the link's fields are set
 *
 * Any number may be started: those that the device has no room for wait in line. They
 * and messages begin in the order they were started in; they end in that order, too.
 *
 * Return: 0; -ENOTCONN; -EFAULT: a piece is not in kvp_memory_add()'s
 * memory; then @done is not called.
 */
int kvp_link_start(struct kvp_link *link, struct kvp_op *op);

/**
 * kvp_window_create() - a window, through which one piece at a time is open
 * @link: one that is up: nobody else comes in through it
 * @window: out
 *
 * Return: 0; -EOPNOTSUPP: the device has none (memory windows of type 2);
 * -ENOMEM...
 */
int kvp_window_create(struct kvp_link *link, struct kvp_window **window);

/* It is shut. Need not be called: windows go with their link. Or NULL. */
void kvp_window_destroy(struct kvp_window *window);

/* What the other end is to use, from the time on that OPEN is started. */
uint32_t kvp_window_rkey(const struct kvp_window *window);

/**
 * kvp_listen() - take links
 * @rdma: as created
 * @at: address and port: kvp_resolve()'s
 * @incoming: somebody connects: true to take him, with *@how filled in: the link
 *	comes by @how->ops->up; or never, then @how->ops->down tells, with the link, or with
 *	NULL where not even that could be made. False: he is sent away
 * @lost: the device that the address is of has been taken away: nobody comes any more
 * @user: for these
 * @listener: out
 *
 * Return: 0; -EADDRINUSE, -EADDRNOTAVAIL, -ENODEV: the address is of no RDMA
 * device; as kvp_memory_add().
 */
int kvp_listen(struct kvp_rdma *rdma, const struct sockaddr *at,
	       bool (*incoming)(void *user, const struct sockaddr *from,
				struct kvp_link_how *how),
	       void (*lost)(void *user), void *user,
	       struct kvp_listener **listener);

/* Take no more of them; those that are there stay. Or NULL. */
void kvp_listener_destroy(struct kvp_listener *listener);

#endif /* KVP_LINK_H */
