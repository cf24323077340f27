// SPDX-License-Identifier: GPL-2.0
/* What there is to do for RDMA: one file descriptor says when, one call does it. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "device.h"

#define MANY		16	/* at a time */
#define MAX_ROUNDS	16	/* before others have their turn */

int kvp_watch_add(struct kvp_rdma *rdma, int fd, struct kvp_watch *watch)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };

	return epoll_ctl(rdma->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* --------------------------------------------------------------- what may happen */

/*
 * An event is acknowledged before it is handled: an id that has one pending cannot
 * be destroyed. What it points to is gone then: private data, which nobody uses.
 */
static void events_ready(struct kvp_watch *watch)
{
	struct kvp_rdma *rdma = container_of(watch, struct kvp_rdma, events_watch);
	struct rdma_cm_event *event, copy;
	int i;

	for (i = 0; i < MANY && !rdma_get_cm_event(rdma->events, &event); i++) {
		struct kvp_target *target = event->id->context;

		copy = *event;
		rdma_ack_cm_event(event);
		target->event(target, copy.id, &copy);
	}
}

/* The timer is to go off by then; earlier is no harm. UINT64_MAX: never. */
void kvp_rdma_wake(struct kvp_rdma *rdma, uint64_t at)
{
	struct itimerspec when = { { 0, 0 }, { 0, 0 } };

	if (at != UINT64_MAX) {
		when.it_value.tv_sec = at / KVP_S;
		when.it_value.tv_nsec = at % KVP_S;
	}
	timerfd_settime(rdma->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void timer_ready(struct kvp_watch *watch)
{
	struct kvp_rdma *rdma = container_of(watch, struct kvp_rdma, timer_watch);
	uint64_t times;

	if (read(rdma->timer, &times, sizeof(times)) == sizeof(times))
		kvp_links_expire(rdma);
}

static bool run_once(struct kvp_rdma *rdma)
{
	struct epoll_event events[MANY];
	int i, nr = epoll_wait(rdma->epoll, events, MANY, 0);

	for (i = 0; i < nr; i++) {
		struct kvp_watch *watch = events[i].data.ptr;

		watch->ready(watch);
	}
	return nr > 0;
}

/*
 * Until nothing is left, or for long enough; then the timer sees to it that there is
 * something new, as who watches the descriptor may be told of changes only.
 */
void kvp_rdma_run(struct kvp_rdma *rdma)
{
	int round = 0;

	rdma->running = true;
	while (run_once(rdma) && ++round < MAX_ROUNDS)
		;
	if (round == MAX_ROUNDS)
		kvp_rdma_wake(rdma, KVP_AT_ONCE);
	rdma->running = false;
	kvp_links_reap(rdma);
}

int kvp_rdma_fd(const struct kvp_rdma *rdma)
{
	return rdma->epoll;
}

/* ------------------------------------------------------------- beginning and end */

static int open_all(struct kvp_rdma *rdma)
{
	int err;

	rdma->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (rdma->epoll < 0)
		return -errno;
	rdma->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (rdma->timer < 0)
		return -errno;
	rdma->events = rdma_create_event_channel();
	if (!rdma->events)
		return -errno;
	err = kvp_nonblock(rdma->events->fd);
	if (!err)
		err = kvp_watch_add(rdma, rdma->events->fd, &rdma->events_watch);
	if (!err)
		err = kvp_watch_add(rdma, rdma->timer, &rdma->timer_watch);
	return err;
}

int kvp_rdma_create(struct kvp_rdma **rdma)
{
	struct kvp_rdma *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->epoll = -1;
	r->timer = -1;
	r->events_watch.ready = events_ready;
	r->timer_watch.ready = timer_ready;
	err = open_all(r);
	if (err) {
		kvp_rdma_destroy(r);
		return err == -ENOENT ? -ENODEV : err;
	}
	*rdma = r;
	return 0;
}

void kvp_rdma_destroy(struct kvp_rdma *rdma)
{
	if (!rdma)
		return;
	kvp_links_destroy(rdma);
	kvp_devices_forget(rdma);
	while (!LIST_EMPTY(&rdma->memory))
		kvp_memory_remove(LIST_FIRST(&rdma->memory));
	if (rdma->events)
		rdma_destroy_event_channel(rdma->events);
	if (rdma->timer >= 0)
		close(rdma->timer);
	if (rdma->epoll >= 0)
		close(rdma->epoll);
	free(rdma);
}

/* ------------------------------------------------------------------------- words */

#define NO_DEVICE \
	"is there an RDMA device (ibv_devices)? Any network card can be made one, by soft RoCE: modprobe rdma_ucm; modprobe rdma_rxe; rdma link add rxe0 type rxe netdev eth0"

#define NO_MEMORY \
	"does the memory that may be locked suffice? ulimit -l unlimited; in a unit of systemd: LimitMEMLOCK=infinity"

const char *kvp_rdma_advice(int err)
{
	switch (err < 0 ? -err : err) {
	case ENODEV:
		return NO_DEVICE;
	case ENOMEM:
		return NO_MEMORY;
	case EADDRNOTAVAIL:
		return "this host has no such address";
	default:
		return "";
	}
}

const char *kvp_resolve(const char *host, uint16_t port,
			struct sockaddr_storage *to)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM,
				 .ai_flags = host ? 0 : AI_PASSIVE };
	struct addrinfo *found;
	char service[8];
	int err;

	snprintf(service, sizeof(service), "%u", port);
	err = getaddrinfo(host, service, &want, &found);
	if (err)
		return err == EAI_SYSTEM ? strerror(errno) : gai_strerror(err);
	memset(to, 0, sizeof(*to));
	memcpy(to, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return NULL;
}
