// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An event loop: events [SPACE [PROMPT]], after prefill
 *
 * One thread serves many requests: commands are sent, and an event file in the
 * loop's epoll set says when some have completed. A timer stands for the loop's
 * other work, such as sockets.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "example.h"

#define NR		8	/* blocks of the prompt */
#define REQUESTS	32

/* One request: its own batch, which is the kernel's until it has completed. */
struct request {
	struct kvt_batch batch;
	struct kvt_entry entries[NR];
};

struct loop {
	struct kvt_space *space;
	struct kvt_queue *queue;
	struct request requests[REQUESTS];
	unsigned int nr_done;
	unsigned int nr_leased;
	unsigned int nr_ticks;
};

static void send_all(struct loop *loop, const struct kvt_key *keys)
{
	int i, rc = 0;

	for (i = 0; i < REQUESTS && !rc; i++) {
		struct request *r = &loop->requests[i];

		kvt_entries_init(r->entries, keys, NR);
		kvt_batch_init(&r->batch, KVT_OP_ACQUIRE, r->entries, NR, NULL);
		rc = kvt_queue_add(loop->queue, &r->batch, KVT_NO_BUFFER, r);
	}
	if (!rc)
		rc = kvt_queue_submit(loop->queue); /* one system call for all */
	if (rc < 0)
		die("send", KVT_CALL_QUEUE, rc);
}

static void finish(struct loop *loop, const struct kvt_done *done)
{
	struct request *r = done->user;
	struct kvt_block blocks[NR];

	if (done->result)
		die("acquire", KVT_CALL_ACQUIRE, done->result);
	kvt_entries_blocks(r->entries, NR, blocks);
	loop->nr_leased += r->batch.ok;
	kvt_release_blocks(loop->space, blocks, NR, NULL);
	loop->nr_done++;
}

/* All that is there: then the event file is unreadable again. */
static void take_completions(struct loop *loop)
{
	struct kvt_done done[16];
	ssize_t i, n;

	do {
		n = kvt_queue_wait(loop->queue, done, 16, 0);
		if (n < 0)
			die("take", KVT_CALL_QUEUE, (int)n);
		for (i = 0; i < n; i++)
			finish(loop, &done[i]);
	} while (n == 16);
}

static int watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return fd < 0 ? fd : epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int start_ticks(void)
{
	struct itimerspec every = {
		.it_value.tv_nsec = 1000000, .it_interval.tv_nsec = 1000000,
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	timerfd_settime(fd, 0, &every, NULL);
	return fd;
}

static void run(struct loop *loop, int epoll, int ticks)
{
	struct epoll_event event;
	uint64_t nr;

	while (loop->nr_done < REQUESTS) {
		if (epoll_wait(epoll, &event, 1, -1) != 1)
			continue;
		if (event.data.fd != ticks)
			take_completions(loop);
		else if (read(ticks, &nr, sizeof(nr)) == sizeof(nr))
			loop->nr_ticks += (unsigned int)nr;
	}
}

int main(int argc, char **argv)
{
	static struct loop loop;
	int epoll = epoll_create1(EPOLL_CLOEXEC), ticks = start_ticks(), rc;
	struct kvt_key keys[NR];

	loop.space = open_space(argc, argv);
	rc = kvt_queue_create(loop.space, REQUESTS, &loop.queue);
	if (rc)
		die("make a queue", KVT_CALL_QUEUE_CREATE, rc);
	if (watch(epoll, kvt_queue_eventfd(loop.queue)) || watch(epoll, ticks))
		return perror("epoll"), 1;
	make_keys(keys, NR, argc > 2 ? argv[2] : "hello");
	send_all(&loop, keys);
	run(&loop, epoll, ticks);
	printf("%u requests got %u leases; the loop's timer ticked %u times\n",
	       loop.nr_done, loop.nr_leased, loop.nr_ticks);
	kvt_queue_destroy(loop.queue);
	kvt_close(loop.space);
	return loop.nr_leased != REQUESTS * NR;
}
