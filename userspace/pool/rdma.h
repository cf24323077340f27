/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RDMA as one thread of a daemon sees it: devices, registered memory, and one file
 * descriptor that says when there is something to do. Connections: link.h.
 *
 * All of it belongs to one thread. Nothing here blocks, but for registering memory.
 */
#ifndef KVP_RDMA_H
#define KVP_RDMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct kvp_rdma;
struct kvp_memory;

/* Of kvp_memory_add(): parts of it may be opened to a link's other end. */
#define KVP_MEMORY_OPEN		(1U << 0)

/**
 * kvp_rdma_create() - begin
 * @rdma: out
 *
 * Return: 0; -ENODEV: this host has no RDMA, see kvp_rdma_advice(); -ENOMEM, -EMFILE,
 * -EACCES...
 */
int kvp_rdma_create(struct kvp_rdma **rdma);

/**
 * kvp_rdma_destroy() - end
 * @rdma: without listeners; or NULL. Its memory is removed, and links that nobody
 *	has destroyed are
 */
void kvp_rdma_destroy(struct kvp_rdma *rdma);

/**
 * kvp_rdma_fd() - for poll, epoll or io_uring
 * @rdma: as created
 *
 * Return: a file descriptor, always the same. When it is readable, kvp_rdma_run()
 * has something to do. Time-outs are a part of it.
 */
int kvp_rdma_fd(const struct kvp_rdma *rdma);

/**
 * kvp_rdma_run() - do what there is to do
 * @rdma: as created
 *
 * Never blocks. All callbacks of links and operations come from in here, or from
 * kvp_link_destroy().
 */
void kvp_rdma_run(struct kvp_rdma *rdma);

/**
 * kvp_rdma_advice() - what to do about an error of RDMA
 * @err: an errno, either sign
 *
 * Return: words, never NULL: soft-RoCE where there is no device,
 * the limit of locked memory where memory could not be registered; else "".
 */
const char *kvp_rdma_advice(int err);

/**
 * kvp_memory_add() - memory that operations may name
 * @rdma: as created
 * @addr: where it begins; it must stay mapped until it is removed
 * @length: bytes
 * @flags: KVP_MEMORY_*
 * @memory: out
 *
 * Is registered with all devices that links use, and with others as soon as one
 * does: once each. Call it for each piece that kvt_for_each_chunk() gives (some drivers
 * refuse more than 64 GiB at once): an operation's piece lies within one of them.
 *
 * Return: 0; -ENOMEM: see kvp_rdma_advice(); -EFAULT: @addr cannot be
 * pinned; -EINVAL.
 */
int kvp_memory_add(struct kvp_rdma *rdma, void *addr, size_t length,
		   unsigned int flags, struct kvp_memory **memory);

/**
 * kvp_memory_remove() - end of it
 * @memory: no operation on it is under way, nothing of it is open; or NULL
 */
void kvp_memory_remove(struct kvp_memory *memory);

/**
 * kvp_resolve() - the address of a host
 * @host: a name, or an address; NULL: any address of this host's, to listen on
 * @port: port
 * @to: out
 *
 * Blocks while the name is looked up.
 *
 * Return: NULL, or in words why not.
 */
const char *kvp_resolve(const char *host, uint16_t port,
			struct sockaddr_storage *to);

#endif /* KVP_RDMA_H */
