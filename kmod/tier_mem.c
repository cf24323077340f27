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
#include "compat.h"
#include "sysfs.h"
#include "tier_mem.h"

#define RECLAIM_INTERVAL (HZ / 2)

/* A chunk has come to rest: where does it go? Zeroing happens unlocked. */
static void settle_chunk(struct kvt_mem_tier *mem, struct kvt_chunk *c)
{
	bool poisoned = kvt_chunk_is_poisoned(c);

	if (!poisoned)
		kvt_chunk_zero(c);
	spin_lock(&mem->lock);
	list_add(&c->list, poisoned ? &mem->retired : &mem->free);
	if (poisoned)
		mem->nr_retired++;
	else
		mem->nr_free++;
	mem->nr_limbo--;
	spin_unlock(&mem->lock);
}

static void reclaim_work(struct work_struct *work)
{
	struct kvt_mem_tier *mem = container_of(to_delayed_work(work),
					     struct kvt_mem_tier, reclaim);
	struct kvt_chunk *c, *next;
	LIST_HEAD(list);

	spin_lock(&mem->lock);
	list_splice_init(&mem->limbo, &list);
	spin_unlock(&mem->lock);

	list_for_each_entry_safe(c, next, &list, list) {
		if (!kvt_chunk_is_idle(c))
			continue;
		list_del(&c->list);
		settle_chunk(mem, c);
	}
	if (list_empty(&list))
		return;
	spin_lock(&mem->lock);
	list_splice(&list, &mem->limbo);
	spin_unlock(&mem->lock);
	queue_delayed_work(system_dfl_wq, &mem->reclaim, RECLAIM_INTERVAL);
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
static int grow_tier(struct kvt_mem_tier *mem, u64 nr)
{
	struct kvt_chunk *c;

	while (nr--) {
		if (fatal_signal_pending(current))
			return -EINTR;
		c = kvt_chunk_alloc(mem->tier.node);
		if (!c)
			return -ENOMEM;
		spin_lock(&mem->lock);
		list_add(&c->list, &mem->free);
		mem->nr_free++;
		mem->nr_huge += is_huge(c);
		spin_unlock(&mem->lock);
		cond_resched();
	}
	return 0;
}

/* Shrink by up to @nr chunks, of the free ones. Returns how many. */
static u64 shrink_tier(struct kvt_mem_tier *mem, u64 nr)
{
	struct kvt_chunk *c;
	LIST_HEAD(list);
	u64 got = 0;

	spin_lock(&mem->lock);
	while (got < nr && !list_empty(&mem->free)) {
		c = list_first_entry(&mem->free, struct kvt_chunk, list);
		list_move(&c->list, &list);
		mem->nr_free--;
		mem->nr_huge -= is_huge(c);
		got++;
	}
	spin_unlock(&mem->lock);
	free_list(&list);
	return got;
}

static u64 count_chunks(struct kvt_mem_tier *mem)
{
	u64 nr;

	spin_lock(&mem->lock);
	nr = mem->nr_free + mem->nr_limbo + mem->nr_used + mem->nr_retired;
	spin_unlock(&mem->lock);
	return nr;
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

static int resize_tier(struct kvt_tier *tier, u64 *bytes)
{
	struct kvt_mem_tier *mem = to_kvt_mem_tier(tier);
	u64 want = *bytes >> KVT_CHUNK_SHIFT, have = count_chunks(mem);
	int err = 0;

	if (want > have)
		err = check_node(tier->node, *bytes - (have << KVT_CHUNK_SHIFT)) ?:
		      grow_tier(mem, want - have);
	else if (shrink_tier(mem, have - want) < have - want)
		err = -EBUSY;
	*bytes = count_chunks(mem) << KVT_CHUNK_SHIFT;
	return err;
}

static int remove_tier(struct kvt_tier *tier)
{
	struct kvt_mem_tier *mem = to_kvt_mem_tier(tier);

	/* What limbo holds may have come to rest by now. */
	mod_delayed_work(system_dfl_wq, &mem->reclaim, 0);
	flush_delayed_work(&mem->reclaim);
	return tier->users || mem->nr_limbo ? -EBUSY : 0;
}

static void destroy_tier(struct kvt_tier *tier)
{
	struct kvt_mem_tier *mem = to_kvt_mem_tier(tier);

	cancel_delayed_work_sync(&mem->reclaim);
	free_list(&mem->free);
	free_list(&mem->limbo);
	free_list(&mem->retired);
	put_device(&tier->dev);
}

static void release_tier(struct device *dev)
{
	kfree(to_kvt_mem_tier(to_kvt_tier(dev)));
}

static const struct device_type mem_type = {
	.name = "kvtier_memory",
	.groups = kvt_mem_tier_groups,
	.release = release_tier,
};

static const struct kvt_tier_ops mem_ops = {
	.type = &mem_type,
	.resize = resize_tier,
	.remove = remove_tier,
	.destroy = destroy_tier,
};

static struct kvt_mem_tier *alloc_tier(const struct kvt_tier_add *arg)
{
	struct kvt_mem_tier *mem = kzalloc(sizeof(*mem), GFP_KERNEL);

	if (!mem)
		return NULL;
	spin_lock_init(&mem->lock);
	INIT_LIST_HEAD(&mem->free);
	INIT_LIST_HEAD(&mem->limbo);
	INIT_LIST_HEAD(&mem->retired);
	INIT_DELAYED_WORK(&mem->reclaim, reclaim_work);
	if (kvt_tier_setup(&mem->tier, &mem_ops, arg->name)) {
		put_device(&mem->tier.dev);
		return NULL;
	}
	mem->tier.kind = arg->kind;
	mem->tier.node = arg->node;
	return mem;
}

/**
 * kvt_mem_tier_add() - make a memory tier, with all its memory
 * @arg: checked by the caller but for node and name's uniqueness
 *
 * Context: process. Allocates with no lock held, since that can take minutes.
 * Return: 0 or what struct kvt_tier_add documents.
 */
int kvt_mem_tier_add(const struct kvt_tier_add *arg)
{
	struct kvt_mem_tier *mem;
	int err;

	err = check_node(arg->node, arg->bytes);
	if (err)
		return err;
	err = kvt_tier_check_name(arg->name);
	if (err)
		return err;
	mem = alloc_tier(arg);
	if (!mem)
		return -ENOMEM;
	err = grow_tier(mem, arg->bytes >> KVT_CHUNK_SHIFT);
	if (!err)
		err = kvt_tier_publish(&mem->tier);
	if (err)
		destroy_tier(&mem->tier);
	return err;
}

/**
 * kvt_tier_take() - give an arena chunks of zeroed memory
 * @tier: a memory tier
 * @nr: how many
 * @to: list they are added to
 *
 * Return: 0, or -ENOSPC and nothing is taken.
 */
int kvt_tier_take(struct kvt_tier *tier, u64 nr, struct list_head *to)
{
	struct kvt_mem_tier *mem = to_kvt_mem_tier(tier);
	int err = -ENOSPC;

	spin_lock(&mem->lock);
	if (mem->nr_free >= nr) {
		mem->nr_free -= nr;
		mem->nr_used += nr;
		while (nr--)
			list_move_tail(mem->free.next, to);
		err = 0;
	}
	spin_unlock(&mem->lock);
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
	struct kvt_mem_tier *mem = to_kvt_mem_tier(tier);
	struct kvt_chunk *c;
	u64 nr = 0;

	list_for_each_entry(c, from, list)
		nr++;
	spin_lock(&mem->lock);
	mem->nr_used -= nr;
	mem->nr_limbo += nr;
	list_splice_init(from, &mem->limbo);
	spin_unlock(&mem->lock);
	mod_delayed_work(system_dfl_wq, &mem->reclaim, 0);
	flush_delayed_work(&mem->reclaim);
}
