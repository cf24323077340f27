// SPDX-License-Identifier: GPL-2.0
/*
 * One client process: opens the space once, as an engine does, and lets its
 * threads take requests until there are none. Signals are the parent's to
 * handle, which then sets run.stop.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "worker.h"

#define PACE_STEP_NS	20000000	/* how often waiting looks at run.stop */

/** struct worker - one thread */
struct worker {
	pthread_t thread;
	struct client client;
	struct run *run;
	const struct trace *trace;
};

static uint64_t due_ns(const struct worker *w,
		       const struct trace_request *request)
{
	uint64_t first = w->trace->requests[0].time_ns;
	uint64_t since = request->time_ns > first ? request->time_ns - first : 0;

	return w->run->begin_ns +
		(uint64_t)((double)since / w->client.options->speed);
}

/* Wait until the request is due. Return: false if the replay is to end. */
static bool wait_due(struct worker *w, const struct trace_request *request)
{
	uint64_t due = 0, now;

	if (w->client.options->speed > 0)
		due = due_ns(w, request);
	while (!atomic_load(&w->run->stop)) {
		struct timespec nap = { 0 };

		now = due ? now_ns() : 0;
		if (now >= due)
			return true;
		nap.tv_nsec = due - now < PACE_STEP_NS ? due - now :
							 PACE_STEP_NS;
		nanosleep(&nap, NULL);
	}
	return false;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	const struct trace *trace = w->trace;

	for (;;) {
		size_t i = atomic_fetch_add(&w->run->next, 1);
		const struct trace_request *request;

		if (i >= trace->nr_requests)
			return NULL;
		request = &trace->requests[i];
		if (!wait_due(w, request))
			return NULL;
		if (client_request(&w->client, trace->ids + request->first,
				   request->nr))
			break;
	}
	atomic_fetch_add(&w->run->failed, 1);
	atomic_store(&w->run->stop, 1);
	return NULL;
}

static int open_space(const struct options *o, struct tally *tally,
		      struct kvt_space **space)
{
	uint64_t begin = now_ns();
	int ret = kvt_open(o->space, o->read_only ? KVT_OPEN_RDONLY : 0,
			   o->attach ? o->identity : NULL, space);

	if (ret) {
		fprintf(stderr, "kvtier-replay: cannot open space %s: %s\n",
			o->space, kvt_strerror(KVT_CALL_OPEN, ret));
		return ret;
	}
	ret = kvt_map_windows(*space);
	if (ret) {
		fprintf(stderr, "kvtier-replay: cannot map the windows of space %s: %s\n",
			o->space, kvt_strerror(KVT_CALL_MAP, ret));
		kvt_close(*space);
		return ret;
	}
	hist_add(&tally->time[STEP_ATTACH], now_ns() - begin);
	return 0;
}

static int start_thread(struct worker *w, unsigned int number)
{
	int ret = client_init(&w->client, number);

	if (ret)
		return ret;
	ret = -pthread_create(&w->thread, NULL, work, w);
	if (ret)
		client_free(&w->client);
	return ret;
}

static int run_threads(struct worker *workers, unsigned int nr,
		       const struct worker *model, unsigned int first)
{
	unsigned int i, started;
	int ret = 0;

	for (started = 0; started < nr; started++) {
		workers[started] = *model;
		workers[started].client.tally = &model->run->tally[first + started];
		ret = start_thread(&workers[started], first + started);
		if (ret)
			break;
	}
	if (ret) {
		fprintf(stderr, "kvtier-replay: cannot start thread %u of %u: %s\n",
			started + 1, nr, strerror(-ret));
		atomic_store(&model->run->stop, 1);
	}
	for (i = 0; i < started; i++) {
		pthread_join(workers[i].thread, NULL);
		client_free(&workers[i].client);
	}
	return ret;
}

/* A client must not outlive a replay that was killed. */
static void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
}

int worker_process(struct run *run, const struct options *o,
		   const struct trace *trace, unsigned int number,
		   pid_t parent)
{
	struct worker model = {
		.client = {
			.options = o,
			.complaints = &run->complaints,
			.stop = &run->stop,
		},
		.run = run,
		.trace = trace,
	};
	unsigned int first = number * o->threads;
	struct worker *workers;
	int ret;

	die_with(parent);
	if (open_space(o, &run->tally[first], &model.client.space))
		return 1;
	workers = calloc(o->threads, sizeof(*workers));
	ret = workers ? run_threads(workers, o->threads, &model, first) :
			-ENOMEM;
	free(workers);
	kvt_close(model.client.space);
	return ret ? 1 : 0;
}
