// SPDX-License-Identifier: GPL-2.0
/* A client process: its threads run one program after the other, until it is killed. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "calls.h"

#define PROGRAMS	400	/* of a thread; then the process ends by itself */

const char *const kind_names[NR_KINDS] = {
	[SUBMIT] = "submit", [URING] = "uring", [REAP] = "reap", [CANCEL] = "cancel",
	[RING] = "ring", [OPEN] = "open", [CLOSE] = "close", [FORK] = "fork",
	[ASK] = "ask", [GARBAGE] = "garbage", [MAP] = "map", [TOUCH] = "touch",
	[UNMAP] = "unmap", [ADVISE] = "advise", [TIER] = "tier", [SPACE] = "space",
	[KNOB] = "knob", [HELPER] = "helper", [ANSWER] = "answer", [NETLINK] = "netlink",
};

static bool (*const steps[NR_KINDS])(struct thread *t) = {
	[SUBMIT] = step_submit, [URING] = step_uring, [REAP] = step_reap,
	[CANCEL] = step_cancel, [RING] = step_ring, [OPEN] = step_open,
	[CLOSE] = step_close, [FORK] = step_fork, [ASK] = step_ask,
	[GARBAGE] = step_garbage, [MAP] = step_map, [TOUCH] = step_touch,
	[UNMAP] = step_unmap, [ADVISE] = step_advise, [TIER] = step_tier,
	[SPACE] = step_space, [KNOB] = step_knob, [HELPER] = step_helper,
	[ANSWER] = step_answer, [NETLINK] = step_netlink,
};

void process_step(struct thread *t, const struct step *s)
{
	struct shared *sh = t->p->sh;
	uint32_t kind = s->kind % NR_KINDS;

	t->rng.state = s->seed;
	atomic_store_explicit(&sh->doing[t->p->id][t->id], kind, memory_order_relaxed);
	if (steps[kind](t))
		atomic_fetch_add_explicit(&sh->good[kind], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&sh->count[kind], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&sh->done, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&sh->beat[t->p->id], 1, memory_order_relaxed);
}

static void *run_thread(void *arg)
{
	struct thread *t = arg;
	struct shared *sh = t->p->sh;
	struct program program;
	uint32_t nr, i;

	if (t->p->o->kcov)
		kcov_begin(t);
	for (nr = 0; nr < PROGRAMS && !atomic_load(&sh->stop); nr++) {
		program_make(t, &program);
		for (i = 0; i < program.nr; i++)
			process_step(t, &program.steps[i]);
		if (kcov_found_new(t))
			program_keep(sh, &program);
	}
	ring_end(t);
	return NULL;
}

/* Addresses without memory; some of it to read and write, with none behind. */
static bool get_memory(struct process *p)
{
	size_t hole = AREA_BYTES, bytes = NR_AREAS * AREA_BYTES + hole + SCRATCH_BYTES + hole;

	p->areas = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0);
	if (p->areas == MAP_FAILED)
		return false;
	p->scratch = p->areas + NR_AREAS * AREA_BYTES + hole;
	return !mprotect(p->scratch, SCRATCH_BYTES, PROT_READ | PROT_WRITE);
}

/* What nearly every program needs. */
static void begin(struct thread *t)
{
	static const uint32_t kinds[] = { SPACE, SPACE, OPEN, OPEN, OPEN, MAP, MAP };
	struct step s;
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		s = (struct step){ kinds[i], rng_next(&t->pick) };
		process_step(t, &s);
	}
}

int process_run(const struct options *o, struct shared *sh, unsigned int id, uint64_t seed)
{
	struct thread threads[MAX_THREADS] = {};
	struct process p = { .o = o, .sh = sh, .id = id, .netlink = -1, .family = -1 };
	pthread_t handle[MAX_THREADS];
	uint32_t i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	maps_catch_signals();
	for (i = 0; i < NR_FILES; i++)
		atomic_store(&p.files[i].fd, -1);
	if (!get_memory(&p))
		return 1;
	for (i = 0; i < o->threads; i++) {
		threads[i].p = &p;
		threads[i].id = i;
		threads[i].pick.state = mix64(seed + i);
	}
	begin(&threads[0]);
	for (i = 1; i < o->threads; i++)
		if (pthread_create(&handle[i], NULL, run_thread, &threads[i]))
			return 1;
	run_thread(&threads[0]);
	for (i = 1; i < o->threads; i++)
		pthread_join(handle[i], NULL);
	return 0;
}
