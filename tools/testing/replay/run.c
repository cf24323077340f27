// SPDX-License-Identifier: GPL-2.0
/* The processes and threads of a replay, and what they share. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"
#include "run.h"
#include "worker.h"

#define MAX_COMPLAINTS	10
#define POLL_NS		10000000

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static size_t run_bytes(unsigned int nr_workers)
{
	return sizeof(struct run) + nr_workers * sizeof(struct tally);
}

struct run *run_alloc(const struct options *o)
{
	unsigned int nr = o->processes * o->threads;
	struct run *run = mmap(NULL, run_bytes(nr), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (run == MAP_FAILED)
		return NULL;
	run->nr_workers = nr;
	atomic_store(&run->complaints, MAX_COMPLAINTS);
	return run;
}

void run_free(struct run *run)
{
	if (run)
		munmap(run, run_bytes(run->nr_workers));
}

void run_total(const struct run *run, struct tally *total)
{
	unsigned int i;

	memset(total, 0, sizeof(*total));
	for (i = 0; i < run->nr_workers; i++)
		tally_merge(total, &run->tally[i]);
}

/* Start all processes. Return: how many there are. */
static unsigned int start_all(struct run *run, const struct options *o,
			      const struct trace *trace, pid_t *pids)
{
	pid_t parent = getpid();
	unsigned int i;

	for (i = 0; i < o->processes; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(worker_process(run, o, trace, i, parent));
		if (pids[i] > 0)
			continue;
		fprintf(stderr, "kvtier-replay: cannot start process %u of %u: %s\n",
			i + 1, o->processes, strerror(errno));
		atomic_fetch_add(&run->failed, 1);
		atomic_store(&run->stop, 1);
		break;
	}
	return i;
}

static void note_end(struct run *run, pid_t pid, int status)
{
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return;
	if (WIFSIGNALED(status))
		fprintf(stderr, "kvtier-replay: client process %d was killed by signal %d (%s)\n",
			(int)pid, WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	atomic_fetch_add(&run->failed, 1);
	atomic_store(&run->stop, 1);
}

static void wait_all(struct run *run, const pid_t *pids, unsigned int nr,
		     struct progress *progress)
{
	struct timespec nap = { .tv_nsec = POLL_NS };
	unsigned int left = nr;
	unsigned char gone[MAX_WORKERS] = { 0 };

	while (left) {
		unsigned int i;

		nanosleep(&nap, NULL);
		if (ended)
			atomic_store(&run->stop, 1);
		for (i = 0; i < nr; i++) {
			int status;

			if (gone[i] || waitpid(pids[i], &status, WNOHANG) <= 0)
				continue;
			note_end(run, pids[i], status);
			gone[i] = 1;
			left--;
		}
		progress_show(progress, run, left == 0);
	}
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int run_trace(struct run *run, const struct options *o,
	      const struct trace *trace)
{
	pid_t pids[MAX_WORKERS];
	struct progress progress;
	unsigned int nr;

	progress_init(&progress, o, trace);
	catch_signals();
	fflush(NULL);
	run->begin_ns = now_ns();
	nr = start_all(run, o, trace, pids);
	wait_all(run, pids, nr, &progress);
	return atomic_load(&run->failed) || ended ? -1 : 0;
}
