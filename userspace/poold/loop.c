// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clock.h"
#include "loop.h"

#define MANY	64
#define LONG_MS	3600000

int pn_loop_init(struct pn_loop *loop)
{
	*loop = (struct pn_loop){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
	return loop->epoll < 0 ? -errno : 0;
}

int pn_loop_watch(struct pn_loop *loop, int fd, struct pn_watch *watch)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };

	return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

void pn_loop_unwatch(struct pn_loop *loop, int fd)
{
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void pn_loop_discard(struct pn_loop *loop, struct pn_garbage *garbage)
{
	garbage->next = loop->garbage;
	loop->garbage = garbage;
}

static void free_garbage(struct pn_loop *loop)
{
	while (loop->garbage) {
		struct pn_garbage *garbage = loop->garbage;

		loop->garbage = garbage->next;
		garbage->free(garbage);
	}
}

/* Until the next timer; rounded up, so that it does not spin. */
static int patience_ms(const struct pn_loop *loop)
{
	uint64_t now = kvp_now(), next = kvp_timers_next(&loop->timers);
	uint64_t ms = next > now ? (next - now + KVP_MS - 1) / KVP_MS : 0;

	return ms < LONG_MS ? ms : LONG_MS;
}

int pn_loop_run(struct pn_loop *loop)
{
	struct epoll_event events[MANY];

	while (!loop->ended) {
		int i, nr = epoll_wait(loop->epoll, events, MANY,
				       patience_ms(loop));

		if (nr < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < nr; i++) {
			struct pn_watch *watch = events[i].data.ptr;

			watch->ready(watch);
		}
		kvp_timers_run(&loop->timers, kvp_now());
		free_garbage(loop);
	}
	return 0;
}

void pn_loop_exit(struct pn_loop *loop)
{
	free_garbage(loop);
	if (loop->epoll >= 0)
		close(loop->epoll);
}
