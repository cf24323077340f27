/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For the files of links only: devices, what is registered with them, and what
 * kvp_rdma_run() goes through.
 */
#ifndef KVP_DEVICE_H
#define KVP_DEVICE_H

#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>
#include <sys/queue.h>

#include "container.h"
#include "rdma.h"

/**
 * struct kvp_watch - a file whose being readable means something
 * @ready: called then
 */
struct kvp_watch {
	void (*ready)(struct kvp_watch *watch);
};

/**
 * struct kvp_target - what events of the connection manager are for: the context of an id
 * @event: called with the id that it is about
 */
struct kvp_target {
	void (*event)(struct kvp_target *target, struct rdma_cm_id *id,
		      const struct rdma_cm_event *event);
};

struct kvp_link;
struct kvp_link_how;

LIST_HEAD(kvp_devices, kvp_device);
LIST_HEAD(kvp_memories, kvp_memory);
LIST_HEAD(kvp_links, kvp_link);
LIST_HEAD(kvp_regions, kvp_region);

/**
 * struct kvp_rdma - see rdma.h
 * @events: of the connection manager
 * @events_watch: there are some
 * @epoll: all files
 * @timer: at the next deadline of a link
 * @timer_watch: it is over
 * @devices: that have been used so far
 * @memory: kvp_memory_add()'s
 * @links: all, those destroyed from within kvp_rdma_run() included
 * @running: kvp_rdma_run() is at work: what is destroyed is freed when it ends
 */
struct kvp_rdma {
	struct rdma_event_channel *events;
	struct kvp_watch events_watch;
	int epoll;
	int timer;
	struct kvp_watch timer_watch;
	struct kvp_devices devices;
	struct kvp_memories memory;
	struct kvp_links links;
	bool running;
};

/**
 * struct kvp_device - a device that links use
 * @entry: of rdma->devices
 * @watch: completion queues have something
 * @rdma: whose
 * @verbs: the connection manager's
 * @pd: ours
 * @channel: of all completion queues
 * @attr: what it can
 * @regions: memory registered with it
 * @users: links that use it
 * @gone: it has been taken away: to be forgotten with the last link
 */
struct kvp_device {
	LIST_ENTRY(kvp_device) entry;
	struct kvp_watch watch;
	struct kvp_rdma *rdma;
	struct ibv_context *verbs;
	struct ibv_pd *pd;
	struct ibv_comp_channel *channel;
	struct ibv_device_attr attr;
	struct kvp_regions regions;
	unsigned int users;
	bool gone;
};

/* All of these return 0 or a negative errno. */
int kvp_watch_add(struct kvp_rdma *rdma, int fd, struct kvp_watch *watch);
int kvp_nonblock(int fd);

int kvp_device_get(struct kvp_rdma *rdma, struct ibv_context *verbs,
		   struct kvp_device **device);
int kvp_device_use_all(struct kvp_rdma *rdma);
void kvp_device_put(struct kvp_device *device);
void kvp_devices_forget(struct kvp_rdma *rdma);
bool kvp_device_has_windows(const struct kvp_device *device);
struct ibv_mr *kvp_device_region(const struct kvp_device *device,
				 const void *addr, size_t length);

/* rdma.c, for links: @at: of kvp_now(), not 0 */
void kvp_rdma_wake(struct kvp_rdma *rdma, uint64_t at);
#define KVP_AT_ONCE	1

/* work.c, for device.c */
void kvp_link_completions(struct kvp_link *link);

/* link.c, for rdma.c */
void kvp_links_expire(struct kvp_rdma *rdma);
void kvp_links_reap(struct kvp_rdma *rdma);
void kvp_links_destroy(struct kvp_rdma *rdma);

/* link.c, for listen.c: 0 or a negative errno; then the id is the caller's still */
int kvp_link_accept(struct kvp_rdma *rdma, struct rdma_cm_id *id,
		    const struct rdma_conn_param *asked,
		    const struct kvp_link_how *how);

#endif /* KVP_DEVICE_H */
