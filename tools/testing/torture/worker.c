// SPDX-License-Identifier: GPL-2.0
/* A client process: does one random action after the other until it is killed. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "torture.h"

/* Blocks of a batch are compared byte by byte: no more than this at a time. */
#define MAX_BYTES	(6U << 20)

const char *const action_names[] = {
	"reserve", "finish", "put", "drop", "drop_chain", "acquire", "release",
	"get", "lookup", "prefetch", "slots", "reopen", "fork", "poke",
	"garbage", "identity",
};

static void act_reopen(struct worker *w)
{
	worker_close(w);
	worker_open(w);
}

static const struct {
	void (*run)(struct worker *w);
	unsigned int weight;
} actions[] = {
	[ACT_RESERVE]	 = { act_reserve, 20 },
	[ACT_FINISH]	 = { act_finish, 40 },
	[ACT_PUT]	 = { act_put, 15 },
	[ACT_DROP]	 = { act_drop, 5 },
	[ACT_DROP_CHAIN] = { act_drop_chain, 2 },
	[ACT_ACQUIRE]	 = { act_acquire, 30 },
	[ACT_RELEASE]	 = { act_release, 40 },
	[ACT_GET]	 = { act_get, 15 },
	[ACT_LOOKUP]	 = { act_lookup, 10 },
	[ACT_PREFETCH]	 = { act_prefetch, 8 },
	[ACT_SLOTS]	 = { act_slots, 15 },
	[ACT_REOPEN]	 = { act_reopen, 2 },
	[ACT_FORK]	 = { act_fork, 2 },
	[ACT_POKE]	 = { act_poke, 6 },
	[ACT_GARBAGE]	 = { act_garbage, 4 },
	[ACT_IDENTITY]	 = { act_identity, 2 },
};

void worker_open(struct worker *w)
{
	w->fd = space_open(SPACE, O_RDWR);
	while (w->fd == -ENOMEM && may_lack_memory(w))
		w->fd = space_open(SPACE, O_RDWR);
	if (w->fd < 0) {
		complain(w->sh, "cannot open the space: %s", strerror(-w->fd));
		exit(1);
	}
	ring_open(w);
}

bool may_lack_memory(const struct worker *w)
{
	return w->o->faults || w->plan->tight;
}

/* Leases, and blocks that are being filled, go with the file and its maps. */
void worker_close(struct worker *w)
{
	bool maps_first = rng_one_in(&w->rng, 2);

	ring_close(w);
	if (maps_first)
		maps_drop(w);
	close(w->fd);
	if (!maps_first)
		maps_drop(w);
	w->nr_held = 0;
	w->nr_fills = 0;
}

void batch_begin(struct worker *w, uint32_t op, uint32_t nr)
{
	memset(&w->b, 0, sizeof(w->b));
	memset(w->e, 0, nr * sizeof(w->e[0]));
	w->b.size = sizeof(w->b);
	w->b.op = op;
	w->b.nr = nr;
	w->b.entries = (uintptr_t)w->e;
}

static uint32_t at_most(struct worker *w, uint32_t most)
{
	uint32_t fit = MAX_BYTES / w->plan->block_size;

	if (most > fit)
		most = fit;
	return most ? most : 1;
}

static void set_key(struct worker *w, uint32_t i, uint32_t keyno)
{
	struct key key = plan_key(w->plan, keyno);

	memcpy(w->e[i].key, key.b, sizeof(key.b));
	w->keyno[i] = keyno;
}

/* A batch of a piece of a chain; early ones are more popular. */
void batch_chain(struct worker *w, uint32_t op, uint32_t most)
{
	uint32_t len = w->plan->chain_len, first = 0, nr, i;
	uint32_t chain = rng_below(&w->rng, w->plan->nr_chains);

	if (rng_one_in(&w->rng, 2))
		chain = rng_below(&w->rng, chain + 1);
	if (rng_one_in(&w->rng, 2))
		first = rng_below(&w->rng, len);
	nr = rng_between(&w->rng, 1, at_most(w, most));
	if (nr > len - first)
		nr = len - first;
	first += chain * len;
	batch_begin(w, op, nr);
	for (i = 0; i < nr; i++)
		set_key(w, i, first + i);
	if (op == KVT_OP_RESERVE || op == KVT_OP_PUT) {
		struct key parent = plan_parent(w->plan, first);

		memcpy(w->b.parent, parent.b, sizeof(parent.b));
	}
}

void batch_random(struct worker *w, uint32_t op, uint32_t most)
{
	uint32_t nr = rng_between(&w->rng, 1, at_most(w, most)), i;

	batch_begin(w, op, nr);
	for (i = 0; i < nr; i++)
		set_key(w, i, rng_below(&w->rng, plan_nr_keys(w->plan)));
}

void batch_wait(struct worker *w, unsigned int ms)
{
	w->b.flags |= KVT_F_WAIT;
	w->b.timeout_ns = rng_below(&w->rng, ms) * 1000000ULL;
}

/* Returns false if nothing was carried out, for want of memory. */
bool batch_submit(struct worker *w)
{
	bool by_ring = w->has_ring && rng_one_in(&w->rng, 2);

	w->cancelled = false;
	if (!(by_ring ? ring_submit(w) : ioctl(w->fd, KVT_IOC_SUBMIT, &w->b))) {
		if (w->b.done <= w->b.nr && w->b.ok <= w->b.done)
			return true;
		complain(w->sh, "op %u on %u entries: done %u, ok %u",
			 w->b.op, w->b.nr, w->b.done, w->b.ok);
	} else if (errno != ENOMEM || !may_lack_memory(w)) {
		complain(w->sh, "op %u on %u entries, flags %#x: %s", w->b.op,
			 w->b.nr, w->b.flags, strerror(errno));
	}
	w->b.done = 0;
	w->b.ok = 0;
	return false;
}

/* Entry @i failed: was it with one of @allowed, which ends with 0? */
void expect_error(struct worker *w, uint32_t i, const int *allowed)
{
	int err = -w->e[i].result;

	if (err == ENOMEM && may_lack_memory(w))
		return;
	if (err == ETIMEDOUT && w->b.flags & KVT_F_WAIT)
		return;
	if (w->cancelled && (err == ECANCELED || err == EINTR))
		return;
	for (; *allowed; allowed++)
		if (err == *allowed)
			return;
	complain(w->sh, "op %u, flags %#x, entry %u of %u, slot %u, key %u: %s",
		 w->b.op, w->b.flags, i, w->b.nr, w->e[i].slot, w->keyno[i],
		 strerror(err));
}

static unsigned int all_weights(void)
{
	unsigned int i, sum = 0;

	for (i = 0; i < NR_ACTIONS; i++)
		sum += actions[i].weight;
	return sum;
}

static enum action choose(struct rng *r, unsigned int sum)
{
	unsigned int i, n = rng_below(r, sum);

	for (i = 0; n >= actions[i].weight; i++)
		n -= actions[i].weight;
	return i;
}

static void work(struct worker *w)
{
	unsigned int sum = all_weights();

	while (!atomic_load(&w->sh->stop)) {
		enum action a = choose(&w->rng, sum);

		atomic_store(&w->sh->doing[w->id], a);
		actions[a].run(w);
		atomic_fetch_add(&w->sh->beat[w->id], 1);
		atomic_fetch_add(&w->sh->count[a], 1);
		if (atomic_load(&w->sh->failed))
			exit(1);
	}
}

/* The body of a worker process. Returns its exit status. */
int worker_run(const struct options *o, const struct plan *plan,
	       struct shared *sh, unsigned int id, uint64_t seed)
{
	struct worker *w = calloc(1, sizeof(*w));

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (plan->tight && !memory_join())
		complain(sh, "cannot join the memory cgroup");
	signal(SIGCHLD, SIG_IGN);
	maps_catch_sigbus();
	if (!w)
		return 1;
	*w = (struct worker){
		.o = o,
		.plan = plan,
		.sh = sh,
		.id = id,
		.rng.state = seed,
	};
	w->buf = malloc((size_t)(MAX_BYTES + plan->block_size));
	if (!w->buf)
		return 1;
	fault_me(o);
	worker_open(w);
	work(w);
	return atomic_load(&sh->failed);
}
