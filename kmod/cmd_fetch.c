// SPDX-License-Identifier: GPL-2.0
/*
 * ACQUIRE, GET, PREFETCH of what is not on this host: the remote tier is asked what of it
 * is on the pool, and that is fetched. A command asks for some entries at a time, for
 * each once; while those are fetched that are there it asks for the next ones. What
 * is fetched is, for whoever meets it, a block that is being filled.
 */
#include <linux/jiffies.h>

#include "cmd.h"
#include "space.h"
#include "space_remote.h"

/* Entries that are asked for ahead of that whose turn it is. */
#define AHEAD (4 * KVT_REMOTE_BATCH)

/* Of the time the pool has to answer: how long it waits for a block at a time. */
#define WAIT_SHARE 4

/* Requests of a space under way that leave room for hints. */
#define MAX_HINTED 64

/* What is not here: is it a miss anyway? */
static bool is_local(const struct kvt_cmd *c)
{
	return (c->batch->op != KVT_OP_ACQUIRE && c->batch->op != KVT_OP_GET) ||
	       c->batch->flags & (KVT_F_LOCAL | KVT_F_MEMORY_ONLY);
}

static bool is_absent(struct kvt_cmd *c, u32 i)
{
	return kvt_cmd_look(c->file->space, c->entries[i].key) == KVT_ABSENT;
}

/* Submit @ask, which becomes the command's. false: nobody can be asked. */
static bool begin_ask(struct kvt_cmd *c, struct kvt_ask *ask, u64 wait_ns)
{
	u64 ms = READ_ONCE(c->file->space->knobs.remote_timeout_ms);

	c->asks_on = false;
	if (kvt_ask_submit(ask, wait_ns)) {
		kvt_ask_put(ask);
		return false;
	}
	/* It ends by itself before that. */
	ask->until = jiffies + nsecs_to_jiffies(wait_ns) + msecs_to_jiffies(ms) + HZ;
	c->ask = ask;
	return true;
}

/* Ask for @from and what is absent behind it. */
static bool ask_from(struct kvt_cmd *c, u32 from)
{
	u32 i, end = min(from + AHEAD, c->batch->nr);
	struct kvt_ask *ask = kvt_ask_new(c->file->space);

	if (!ask)
		return false;
	for (i = from; i < end && ask->rq.nr < KVT_REMOTE_BATCH; i++)
		if (i == from || is_absent(c, i))
			kvt_ask_add(ask, c->entries[i].key, i);
	c->asked = i;
	return begin_ask(c, ask, 0);
}

/*
 * Entry @i is not on the pool: is it to be waited for there? It is not said in one go
 * for how long, as nobody tells the pool when the caller has gone.
 */
static bool ask_and_wait(struct kvt_cmd *c, u32 i)
{
	u32 ms = READ_ONCE(c->file->space->knobs.remote_timeout_ms);
	long left = c->deadline - jiffies;
	struct kvt_ask *ask;

	if (c->gone != i + 1 || c->batch->op != KVT_OP_ACQUIRE ||
	    !(c->batch->flags & KVT_F_AWAIT) || left <= 0)
		return false;
	ask = kvt_ask_new(c->file->space);
	if (!ask)
		return false;
	kvt_ask_add(ask, c->entries[i].key, i);
	return begin_ask(c, ask, min((u64)jiffies64_to_nsecs(left),
				     (u64)ms * NSEC_PER_MSEC / WAIT_SHARE));
}

/* While entry @i is on its way. */
static void ask_on(struct kvt_cmd *c, u32 i)
{
	u32 from = max(c->asked, i + 1);

	if (c->asks_on && !c->ask && from < min(i + AHEAD, c->batch->nr))
		ask_from(c, from);
}

/* What the pool does not have. Where it has not waited, waiting is of no use. */
static void note_gone(struct kvt_cmd *c, const struct kvt_ask *ask, u32 nr)
{
	const struct kvt_request *rq = &ask->rq;
	int why = ask->err ?: rq->blocks[nr].status;

	c->gone = 0;
	if (ask->err && !(rq->wait_ns && why == -ETIMEDOUT)) {
		c->asked = U32_MAX;
		return;
	}
	c->asked = ask->at[nr] + 1;
	if ((why == -ENOENT || why == -ETIMEDOUT) &&
	    ktime_get_ns() - ask->begun >= rq->wait_ns / 2)
		c->gone = c->asked;
}

/*
 * Begin to fetch what the pool has of what it was asked for. Returns 0; or why there is no
 * frame for entry @i.
 */
static int fetch_found(struct kvt_cmd *c, struct kvt_ask *ask, u32 i)
{
	u32 nr;
	int err = kvt_ask_fetch(ask, kvt_cmd_stamp(c, 0), &c->fetches, &nr);

	if (!err)
		return 0;
	/* Again when its turn has come. */
	c->asked = ask->at[nr];
	c->asks_on = false;
	return c->asked == i ? err : 0;
}

/* The answer has come, with entry @i's turn. Returns 0: look again; or as above. */
static int take_answer(struct kvt_cmd *c, u32 i)
{
	struct kvt_ask *ask = c->ask;
	u32 nr = kvt_ask_found(ask);
	int err;

	c->ask = NULL;
	c->asks_on = nr == ask->rq.nr;
	if (!c->asks_on)
		note_gone(c, ask, nr);
	err = fetch_found(c, ask, i);
	kvt_ask_put(ask);
	if (!err)
		ask_on(c, i);
	return err;
}

/* Entries below @end have got what they wanted, or not: others may have it. */
void kvt_cmd_drop_fetches(struct kvt_cmd *c, u32 end)
{
	struct kvt_fetch *f, *next;

	list_for_each_entry_safe(f, next, &c->fetches, link) {
		if (f->last >= end)
			break;
		list_del(&f->link);
		kvt_fetch_put(f);
	}
}

/*
 * Can what the pool has be fetched now? What is held counts against the quota first; what
 * is still coming from nvme is waited for. Returns 0, -EAGAIN, -EDQUOT.
 */
static int make_ready(struct kvt_cmd *c, u32 i)
{
	kvt_cmd_drop_fetches(c, i);
	if (c->batch->op != KVT_OP_ACQUIRE)
		return 0;
	if (!list_empty(&c->loads))
		return -EAGAIN;
	return kvt_cmd_record_leases(c, i) ? 0 : -EDQUOT;
}

/* It came up some other way. */
static void drop_ask(struct kvt_cmd *c)
{
	kvt_ask_put(c->ask);
	c->ask = NULL;
}

/* For the answer, or until entry @i looks other than it does. */
static int wait_for_remote(struct kvt_cmd *c, u32 i, enum kvt_sight seen,
			   unsigned long deadline)
{
	c->wait.key = c->entries[i].key;
	c->wait.seen = seen;
	return kvt_cmd_wait(c, KVT_WAIT_REMOTE, deadline);
}

static int wait_for_answer(struct kvt_cmd *c, u32 i)
{
	unsigned long deadline = c->ask->until;
	/* It may be there, but expired. */
	enum kvt_sight seen = kvt_cmd_look(c->file->space, c->entries[i].key);
	int err;

	if (c->ask->rq.wait_ns && time_before(c->deadline, deadline))
		deadline = c->deadline;
	err = wait_for_remote(c, i, seen, deadline);
	return err == -ETIMEDOUT ? -ENOENT : err;
}

/**
 * kvt_cmd_fetch() - entry @i is absent here
 * @c: the command
 * @i: the entry
 *
 * Context: process, may sleep for memory.
 * Return: 0: look again; -EAGAIN: @c has to wait; -ENOENT: it is a miss; -ENOSPC,
 * -EDQUOT, -ENOMEM: it is on the pool, but; or why @c is to stop.
 */
int kvt_cmd_fetch(struct kvt_cmd *c, u32 i)
{
	struct kvt_space *space = c->file->space;
	u32 offers = READ_ONCE(space->nr_offers);
	int err;

	if (is_local(c))
		return -ENOENT;
	if (c->ask && c->ask->at[c->ask->rq.nr - 1] < i)
		drop_ask(c);
	if (!c->ask && (!kvt_space_has_helper(space) ||
			!(i < c->asked ? ask_and_wait(c, i) : ask_from(c, i))))
		return -ENOENT;
	if (i < c->ask->at[0])
		return -ENOENT;
	if (!kvt_ask_has_ended(c->ask))
		return wait_for_answer(c, i);
	err = make_ready(c, i) ?: take_answer(c, i);
	if (err != -ENOSPC)
		return err;
	return kvt_cmd_wait_room(c, i, offers,
				 kvt_retain_floor(space, READ_ONCE(space->knobs.default_class)),
				 true);
}

/**
 * kvt_cmd_await_fetch() - entry @i is being filled
 * @c: the command
 * @i: the entry
 *
 * Return: -EAGAIN: it is fetched, and @c waits; -EINPROGRESS: somebody else fills it;
 * -ETIMEDOUT, or why @c is to stop.
 */
int kvt_cmd_await_fetch(struct kvt_cmd *c, u32 i)
{
	struct kvt_space *space = c->file->space;
	int err;

	if (!kvt_space_has_remote(space) || is_local(c) ||
	    kvt_fill_is_local(space, c->entries[i].key))
		return -EINPROGRESS;
	if (c->ask && kvt_ask_has_ended(c->ask)) {
		err = make_ready(c, i);
		if (err)
			return err;
		take_answer(c, i);
	}
	ask_on(c, i);
	return wait_for_remote(c, i, KVT_FILLS, kvt_cmd_patience(c, i));
}

/* It waits for the remote tier: is there something to be done? Any context. */
bool kvt_cmd_has_answer(const struct kvt_cmd *c)
{
	return c->ask && kvt_ask_has_ended(c->ask);
}

/* PREFETCH: entries that are absent come up in the background, if the pool has them. */
void kvt_cmd_fetch_ahead(struct kvt_cmd *c)
{
	struct kvt_space *space = c->file->space;
	struct kvt_ask *ask;
	u32 i = 0;

	if (c->batch->flags & KVT_F_LOCAL || !kvt_space_has_helper(space))
		return;
	while (i < c->batch->nr && atomic_read(&space->nr_requests) < MAX_HINTED) {
		ask = kvt_ask_new(space);
		if (!ask)
			return;
		ask->is_hint = true;
		ask->until = c->batch->timeout_ns ? c->deadline : 0;
		for (; i < c->batch->nr && ask->rq.nr < KVT_REMOTE_BATCH; i++)
			if (is_absent(c, i))
				kvt_ask_add(ask, c->entries[i].key, i);
		if (ask->rq.nr)
			kvt_ask_submit(ask, 0);
		kvt_ask_put(ask);
		cond_resched();
	}
}
