// SPDX-License-Identifier: GPL-2.0
/*
 * Draining a space: before its host goes, or changes tenant, its blocks are copied
 * to the pool, those that were used last first, so that a deadline costs what is worth
 * least. A list of all blocks that have no copy there is made once; some of them at a
 * time are marked to be spilled, and brought up from nvme for that. The space stays in
 * use: what comes later is not in the list.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "drain.h"
#include "load.h"
#include "space.h"
#include "space_remote.h"
#include "spill.h"

/* Blocks that are on their way at a time. */
#define WINDOW 256

/* How often it is looked what became of them. */
#define INTERVAL (HZ / 250 ?: 1)

/* So often the pool may not take a block; and so long one may take to come up. */
#define MAX_TRIES 3
#define MAX_LOAD (30 * HZ)

/**
 * struct kvt_drain_item - a block
 * @use: when it was used
 * @slot: its slot: should another block get that, it is copied instead
 * @tries: how often it was marked
 * @since: jiffies: when it was marked, or asked for from nvme
 * @is_over: it is done, or has failed
 */
struct kvt_drain_item {
	u64 use;
	u32 slot;
	u8 tries;
	bool is_over;
	unsigned long since;
};

/* How a block of the list looks; HELD: in memory, by the spill work perhaps. */
enum sight { GONE, COPIED, HELD, HERE, BELOW };

static enum sight look_here(const struct kvt_block *b)
{
	return atomic_read(&b->leases) ? HELD : HERE;
}

static enum sight look(struct kvt_space *space, u32 slot, u64 *use)
{
	const struct kvt_block *b;
	enum sight s = GONE;

	rcu_read_lock();
	b = xa_load(&space->slots, slot);
	if (b && kvt_block_is_sealed(b)) {
		*use = READ_ONCE(b->last_use);
		s = !kvt_spill_wants(space, b) ? COPIED :
		    kvt_block_in_memory(space, b) ? look_here(b) : BELOW;
	}
	rcu_read_unlock();
	return s;
}

/* ------------------------------------------------------------------ the list */

static int later_first(const void *x, const void *y)
{
	const struct kvt_drain_item *a = x, *b = y;

	return a->use < b->use ? 1 : -(a->use > b->use);
}

/* Blocks that are to be copied; @items: NULL to count them. */
static u32 collect(struct kvt_space *space, struct kvt_drain_item *items, u32 max)
{
	unsigned long slot;
	void *entry;
	u32 nr = 0;
	u64 use;

	xa_for_each(&space->slots, slot, entry) {
		enum sight s = look(space, slot, &use);

		cond_resched();
		if (s == GONE || s == COPIED)
			continue;
		if (items && nr == max)
			break;
		if (items)
			items[nr] = (struct kvt_drain_item){
				.use = use,
				.slot = slot,
			};
		nr++;
	}
	return nr;
}

static int make_list(struct kvt_space *space)
{
	struct kvt_drain *d = &space->drain;
	u32 nr = collect(space, NULL, 0);

	/* Some more may have come meanwhile. */
	nr += nr / 64 + 64;
	d->items = kvmalloc_array(nr, sizeof(*d->items), GFP_KERNEL);
	if (!d->items)
		return -ENOMEM;
	d->first = 0;
	WRITE_ONCE(d->done, 0);
	WRITE_ONCE(d->failed, 0);
	WRITE_ONCE(d->total, collect(space, d->items, nr));
	sort(d->items, d->total, sizeof(*d->items), later_first, NULL);
	return 0;
}

/* ------------------------------------------------------------------- the work */

static void count(u32 *which)
{
	WRITE_ONCE(*which, *which + 1);
}

static void end_item(struct kvt_drain_item *item, u32 *which)
{
	item->is_over = true;
	count(which);
}

/*
 * It is in memory: have it spilled, again if that came to nothing. While it is held
 * that cannot be told: a request ends by its deadline.
 */
static void ask_spill(struct kvt_space *space, struct kvt_drain_item *item,
		      bool is_held)
{
	u32 ms = READ_ONCE(space->knobs.remote_timeout_ms);
	unsigned long until = item->since + msecs_to_jiffies(ms) + HZ;

	if (kvt_spill_is_due(space, item->slot) ||
	    (item->tries && is_held && time_before(jiffies, until)))
		return;
	if (item->tries == MAX_TRIES) {
		end_item(item, &space->drain.failed);
		return;
	}
	item->tries++;
	item->since = jiffies;
	kvt_spill_ask(space, item->slot);
}

/* It is on nvme. Should there be no frame for it: again, the next time. */
static void ask_load(struct kvt_space *space, struct kvt_drain_item *item,
		     struct list_head *loads)
{
	struct kvt_load *load;
	struct kvt_block *b;

	if (!item->since)
		item->since = jiffies;
	if (time_after(jiffies, item->since + MAX_LOAD)) {
		end_item(item, &space->drain.failed);
		return;
	}
	b = kvt_load_freeze(space, item->slot);
	if (!b)
		return;
	load = kvt_load_prepare_used(space, b);
	if (IS_ERR(load))
		return;
	kvt_load_yield(load);
	list_add_tail(&load->peers, loads);
	kvt_load_put(load);
}

static void go_on_with(struct kvt_space *space, struct kvt_drain_item *item,
		       struct list_head *loads)
{
	enum sight s;
	u64 use;

	if (item->is_over)
		return;
	s = look(space, item->slot, &use);
	switch (s) {
	case GONE:
		end_item(item, &space->drain.failed);
		break;
	case COPIED:
		end_item(item, &space->drain.done);
		break;
	case HELD:
	case HERE:
		ask_spill(space, item, s == HELD);
		break;
	case BELOW:
		ask_load(space, item, loads);
		break;
	}
}

/* No more is begun than can be under way: so the order is kept, roughly. */
static u32 window(struct kvt_space *space)
{
	return clamp(kvt_space_frames(space) / 8, 1, WINDOW);
}

/* By the work, or by who has seen to it that it does not run. */
static void end_drain(struct kvt_drain *d)
{
	kvfree(d->items);
	d->items = NULL;
	WRITE_ONCE(d->is_on, false);
}

static void drain_work(struct work_struct *work)
{
	struct kvt_space *space = container_of(to_delayed_work(work),
					       struct kvt_space, drain.work);
	struct kvt_drain *d = &space->drain;
	u32 i, nr = 0, max = window(space);
	LIST_HEAD(loads);

	/* They end in any order: those that wait for the first one would leave a gap. */
	for (i = d->first; i < d->total && nr < max; i++) {
		go_on_with(space, &d->items[i], &loads);
		nr += !d->items[i].is_over;
		cond_resched();
	}
	kvt_load_submit(space, &loads);
	while (d->first < d->total && d->items[d->first].is_over)
		d->first++;
	if (d->first < d->total)
		queue_delayed_work(space->wq, &d->work, INTERVAL);
	else
		end_drain(d);
}

void kvt_drain_init(struct kvt_space *space)
{
	mutex_init(&space->drain.lock);
	INIT_DELAYED_WORK(&space->drain.work, drain_work);
}

static void stop(struct kvt_space *space)
{
	struct kvt_drain *d = &space->drain;

	cancel_delayed_work_sync(&d->work);
	end_drain(d);
}

/**
 * kvt_drain_begin() - begin to copy all blocks of a space to the pool
 * @space: the space
 *
 * Context: process, may sleep; for a second where there are millions of blocks.
 * Return: 0; -EBUSY: it is under way; -ENOLINK: there is no remote tier, or it has no
 * helper; -ENOMEM.
 */
int kvt_drain_begin(struct kvt_space *space)
{
	struct kvt_drain *d = &space->drain;
	int err = 0;

	mutex_lock(&d->lock);
	/* Under the lock: who takes the tier away stops the drain after that. */
	if (!kvt_space_has_helper(space))
		err = -ENOLINK;
	else if (READ_ONCE(d->is_on))
		err = -EBUSY;
	if (!err) {
		stop(space);
		err = make_list(space);
	}
	if (!err) {
		WRITE_ONCE(d->is_on, true);
		/* What one before has marked is not marked again. */
		kvt_spill_kick(space);
		queue_delayed_work(space->wq, &d->work, 0);
	}
	mutex_unlock(&d->lock);
	return err;
}

/**
 * kvt_drain_stop() - begin no more of it
 * @space: the space
 *
 * What is under way goes on. The counts stay.
 *
 * Context: process, may sleep.
 */
void kvt_drain_stop(struct kvt_space *space)
{
	mutex_lock(&space->drain.lock);
	stop(space);
	mutex_unlock(&space->drain.lock);
}
