// SPDX-License-Identifier: GPL-2.0
/*
 * Memory tiers. A tier owns its memory from the moment it is added, so that no
 * later step pays for allocation, zeroing or huge-page assembly. Chunks go to
 * arenas and come back through limbo: they become free, zeroed, only when no
 * mapping and no device's pin is left, so a space never sees another's bytes.
 */
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "chunk.h"
#include "sysfs.h"
#include "tier.h"

#define RECLAIM_INTERVAL (HZ / 2)

static LIST_HEAD(tiers);	/* kvt_admin */

static void tier_release(struct device *dev)
{
	kfree(to_kvt_tier(dev));
}

static struct class tier_class = {
	.name = "kvtier_tier",
	.dev_groups = kvt_tier_groups,
	.dev_release = tier_release,
};

/* A chunk has come to rest: where does it go? Zeroing happens unlocked. */
static void settle_chunk(struct kvt_tier *tier, struct kvt_chunk *c)
{
	bool poisoned = kvt_chunk_is_poisoned(c);

	if (!poisoned)
		kvt_chunk_zero(c);
	spin_lock(&tier->lock);
	list_add(&c->list, poisoned ? &tier->retired : &tier->free);
	if (poisoned)
		tier->nr_retired++;
	else
		tier->nr_free++;
	tier->nr_limbo--;
	spin_unlock(&tier->lock);
}

static void reclaim_work(struct work_struct *work)
{
	struct kvt_tier *tier = container_of(to_delayed_work(work),
					     struct kvt_tier, reclaim);
	struct kvt_chunk *c, *next;
	LIST_HEAD(list);

	spin_lock(&tier->lock);
	list_splice_init(&tier->limbo, &list);
	spin_unlock(&tier->lock);

	list_for_each_entry_safe(c, next, &list, list) {
		if (!kvt_chunk_is_idle(c))
			continue;
		list_del(&c->list);
		settle_chunk(tier, c);
	}
	if (list_empty(&list))
		return;
	spin_lock(&tier->lock);
	list_splice(&list, &tier->limbo);
	spin_unlock(&tier->lock);
	queue_delayed_work(system_unbound_wq, &tier->reclaim, RECLAIM_INTERVAL);
}

static void free_list(struct list_head *list)
{
	struct kvt_chunk *c, *next;

	list_for_each_entry_safe(c, next, list, list) {
		list_del(&c->list);
		kvt_chunk_free(c);
		cond_resched();
	}
}

static bool is_huge(const struct kvt_chunk *c)
{
	return c->order == KVT_CHUNK_ORDER;
}

/* Grow by up to @nr chunks. Returns 0, -ENOMEM or -EINTR; keeps what it got. */
static int tier_grow(struct kvt_tier *tier, u64 nr)
{
	struct kvt_chunk *c;

	while (nr--) {
		if (fatal_signal_pending(current))
			return -EINTR;
		c = kvt_chunk_alloc(tier->node);
		if (!c)
			return -ENOMEM;
		spin_lock(&tier->lock);
		list_add(&c->list, &tier->free);
		tier->nr_free++;
		tier->nr_huge += is_huge(c);
		spin_unlock(&tier->lock);
		cond_resched();
	}
	return 0;
}

/* Shrink by up to @nr chunks, of the free ones. Returns how many. */
static u64 tier_shrink(struct kvt_tier *tier, u64 nr)
{
	struct kvt_chunk *c;
	LIST_HEAD(list);
	u64 got = 0;

	spin_lock(&tier->lock);
	while (got < nr && !list_empty(&tier->free)) {
		c = list_first_entry(&tier->free, struct kvt_chunk, list);
		list_move(&c->list, &list);
		tier->nr_free--;
		tier->nr_huge -= is_huge(c);
		got++;
	}
	spin_unlock(&tier->lock);
	free_list(&list);
	return got;
}

static u64 tier_chunks(struct kvt_tier *tier)
{
	u64 nr;

	spin_lock(&tier->lock);
	nr = tier->nr_free + tier->nr_limbo + tier->nr_used + tier->nr_retired;
	spin_unlock(&tier->lock);
	return nr;
}

struct kvt_tier *kvt_tier_find(const char *name)
{
	struct kvt_tier *tier;

	lockdep_assert_held(&kvt_admin);
	list_for_each_entry(tier, &tiers, list)
		if (!strcmp(dev_name(&tier->dev), name))
			return tier;
	return NULL;
}

/*
 * Does @node exist, can the kernel itself allocate on it, and may it have so
 * much? The last only keeps a slip of the operator from emptying the machine.
 */
static int check_node(int node, u64 bytes)
{
	if (node < 0 || node >= MAX_NUMNODES || !node_online(node) ||
	    !node_state(node, N_MEMORY))
		return -ENODEV;
	if (!node_state(node, N_NORMAL_MEMORY))
		return -EADDRNOTAVAIL;
	if (bytes >> PAGE_SHIFT > min_t(u64, node_present_pages(node),
					max(si_mem_available(), 0L)))
		return -ENOMEM;
	return 0;
}

static struct kvt_tier *tier_alloc(const struct kvt_tier_add *arg)
{
	struct kvt_tier *tier = kzalloc(sizeof(*tier), GFP_KERNEL);

	if (!tier)
		return NULL;
	spin_lock_init(&tier->lock);
	INIT_LIST_HEAD(&tier->free);
	INIT_LIST_HEAD(&tier->limbo);
	INIT_LIST_HEAD(&tier->retired);
	INIT_DELAYED_WORK(&tier->reclaim, reclaim_work);
	tier->kind = arg->kind;
	tier->node = arg->node;
	device_initialize(&tier->dev);
	tier->dev.class = &tier_class;
	if (dev_set_name(&tier->dev, "%s", (const char *)arg->name)) {
		put_device(&tier->dev);
		return NULL;
	}
	return tier;
}

static void tier_destroy(struct kvt_tier *tier)
{
	cancel_delayed_work_sync(&tier->reclaim);
	free_list(&tier->free);
	free_list(&tier->limbo);
	free_list(&tier->retired);
	put_device(&tier->dev);
}

static int publish_tier(struct kvt_tier *tier)
{
	int err = -EEXIST;

	if (mutex_lock_killable(&kvt_admin))
		return -EINTR;
	if (!kvt_tier_find(dev_name(&tier->dev)))
		err = device_add(&tier->dev);
	if (!err)
		list_add_tail(&tier->list, &tiers);
	mutex_unlock(&kvt_admin);
	return err;
}

static bool name_is_taken(const char *name)
{
	bool taken;

	mutex_lock(&kvt_admin);
	taken = kvt_tier_find(name);
	mutex_unlock(&kvt_admin);
	return taken;
}

/**
 * kvt_tier_add() - make a memory tier, with all its memory
 * @arg: checked by the caller but for node and name's uniqueness
 *
 * Context: process. Allocates with no lock held, since that can take minutes.
 * Return: 0 or what struct kvt_tier_add documents.
 */
int kvt_tier_add(struct kvt_tier_add *arg)
{
	struct kvt_tier *tier;
	int err;

	err = check_node(arg->node, arg->bytes);
	if (err)
		return err;
	if (name_is_taken((const char *)arg->name))
		return -EEXIST;
	tier = tier_alloc(arg);
	if (!tier)
		return -ENOMEM;
	err = tier_grow(tier, arg->bytes >> KVT_CHUNK_SHIFT);
	if (!err)
		err = publish_tier(tier);
	if (err)
		tier_destroy(tier);
	return err;
}

static void tier_del(struct kvt_tier *tier)
{
	list_del(&tier->list);
	device_del(&tier->dev);
	tier_destroy(tier);
}

int kvt_tier_remove(const char *name)
{
	struct kvt_tier *tier;
	int err = 0;

	if (mutex_lock_killable(&kvt_admin))
		return -EINTR;
	tier = kvt_tier_find(name);
	if (!tier) {
		err = -ENOENT;
	} else {
		/* What limbo holds may have come to rest by now. */
		mod_delayed_work(system_unbound_wq, &tier->reclaim, 0);
		flush_delayed_work(&tier->reclaim);
		if (tier->users || tier->nr_limbo)
			err = -EBUSY;
		else
			tier_del(tier);
	}
	mutex_unlock(&kvt_admin);
	return err;
}

/* Keep a tier from being removed. NULL: there is none. */
static struct kvt_tier *get_tier(const char *name)
{
	struct kvt_tier *tier;

	mutex_lock(&kvt_admin);
	tier = kvt_tier_find(name);
	if (tier)
		tier->users++;
	mutex_unlock(&kvt_admin);
	return tier;
}

static void put_tier(struct kvt_tier *tier)
{
	mutex_lock(&kvt_admin);
	tier->users--;
	mutex_unlock(&kvt_admin);
}

/**
 * kvt_tier_resize() - change a tier's size
 * @name: the tier
 * @bytes: wanted; out: reached
 *
 * Context: process. Allocates with no lock held.
 * Return: 0 or what struct kvt_tier_resize documents.
 */
int kvt_tier_resize(const char *name, u64 *bytes)
{
	u64 want = *bytes >> KVT_CHUNK_SHIFT, have;
	struct kvt_tier *tier = get_tier(name);
	int err = 0;

	if (!tier)
		return -ENOENT;
	have = tier_chunks(tier);
	if (want > have)
		err = check_node(tier->node, *bytes - (have << KVT_CHUNK_SHIFT)) ?:
		      tier_grow(tier, want - have);
	else if (tier_shrink(tier, have - want) < have - want)
		err = -EBUSY;
	*bytes = tier_chunks(tier) << KVT_CHUNK_SHIFT;
	put_tier(tier);
	return err;
}

/**
 * kvt_tier_take() - give an arena chunks of zeroed memory
 * @tier: the tier
 * @nr: how many
 * @to: list they are added to
 *
 * Return: 0, or -ENOSPC and nothing is taken.
 */
int kvt_tier_take(struct kvt_tier *tier, u64 nr, struct list_head *to)
{
	int err = -ENOSPC;

	spin_lock(&tier->lock);
	if (tier->nr_free >= nr) {
		tier->nr_free -= nr;
		tier->nr_used += nr;
		while (nr--)
			list_move_tail(tier->free.next, to);
		err = 0;
	}
	spin_unlock(&tier->lock);
	return err;
}

/**
 * kvt_tier_give() - take chunks back from an arena
 * @tier: the tier they came from
 * @from: list of chunks that are no longer in any window; emptied
 *
 * Context: may sleep. What is idle is zeroed and free on return; the rest
 * follows when its last mapping or pin has gone.
 */
void kvt_tier_give(struct kvt_tier *tier, struct list_head *from)
{
	struct kvt_chunk *c;
	u64 nr = 0;

	list_for_each_entry(c, from, list)
		nr++;
	spin_lock(&tier->lock);
	tier->nr_used -= nr;
	tier->nr_limbo += nr;
	list_splice_init(from, &tier->limbo);
	spin_unlock(&tier->lock);
	mod_delayed_work(system_unbound_wq, &tier->reclaim, 0);
	flush_delayed_work(&tier->reclaim);
}

int kvt_tier_init(void)
{
	return class_register(&tier_class);
}

/* All spaces are gone. A page that a device still pins goes with its pin. */
void kvt_tier_exit(void)
{
	struct kvt_tier *tier, *next;

	mutex_lock(&kvt_admin);
	list_for_each_entry_safe(tier, next, &tiers, list)
		tier_del(tier);
	mutex_unlock(&kvt_admin);
	class_unregister(&tier_class);
}
