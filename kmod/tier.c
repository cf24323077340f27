// SPDX-License-Identifier: GPL-2.0
/* All tiers by name. What a tier is made of is in tier_mem.c and nvme.c. */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/numa.h>

#include "event.h"
#include "tier.h"

static LIST_HEAD(tiers);	/* kvt_admin */

static struct class tier_class = {
	.name = "kvtier_tier",
};

struct kvt_tier *kvt_tier_find(const char *name)
{
	struct kvt_tier *tier;

	lockdep_assert_held(&kvt_admin);
	list_for_each_entry(tier, &tiers, list)
		if (!strcmp(dev_name(&tier->dev), name))
			return tier;
	return NULL;
}

/* The tier after @tier, or the first; NULL if there is none. */
struct kvt_tier *kvt_tier_next(struct kvt_tier *tier)
{
	lockdep_assert_held(&kvt_admin);
	if (!tier)
		return list_first_entry_or_null(&tiers, struct kvt_tier, list);
	return list_is_last(&tier->list, &tiers) ? NULL :
	       list_next_entry(tier, list);
}

/**
 * kvt_tier_setup() - begin a tier that nobody can see yet
 * @tier: zeroed; from now on put_device() frees it, whatever is returned
 * @ops: of its kind
 * @name: of the tier
 *
 * Return: 0 or -ENOMEM.
 */
int kvt_tier_setup(struct kvt_tier *tier, const struct kvt_tier_ops *ops,
		   const __u8 *name)
{
	tier->ops = ops;
	tier->node = NUMA_NO_NODE;
	device_initialize(&tier->dev);
	tier->dev.class = &tier_class;
	tier->dev.type = ops->type;
	return dev_set_name(&tier->dev, "%s", (const char *)name);
}

/*
 * Is the name free? A first look, before the tier is made: kvt_tier_publish()
 * has the last word. Returns 0, -EEXIST or -EINTR.
 */
int kvt_tier_check_name(const __u8 *name)
{
	int err;

	if (mutex_lock_killable(&kvt_admin))
		return -EINTR;
	err = kvt_tier_find((const char *)name) ? -EEXIST : 0;
	mutex_unlock(&kvt_admin);
	return err;
}

/**
 * kvt_tier_publish() - let all see a tier that is complete
 * @tier: the tier
 *
 * Return: 0, -EEXIST, -EINTR or -ENOMEM: it is the caller's to destroy.
 */
int kvt_tier_publish(struct kvt_tier *tier)
{
	int err = -EEXIST;

	if (mutex_lock_killable(&kvt_admin))
		return -EINTR;
	if (!kvt_tier_find(dev_name(&tier->dev)))
		err = device_add(&tier->dev);
	if (!err) {
		list_add_tail(&tier->list, &tiers);
		kvt_event_tier(KVT_NL_CMD_TIER_ADDED, tier);
	}
	mutex_unlock(&kvt_admin);
	return err;
}

/* Nobody uses it: it goes. */
void kvt_tier_del(struct kvt_tier *tier)
{
	lockdep_assert_held(&kvt_admin);
	list_del(&tier->list);
	kvt_event_tier(KVT_NL_CMD_TIER_REMOVED, tier);
	device_del(&tier->dev);
	tier->ops->destroy(tier);
}

int kvt_tier_remove(const char *name)
{
	struct kvt_tier *tier;
	int err = -ENOENT;

	if (mutex_lock_killable(&kvt_admin))
		return -EINTR;
	tier = kvt_tier_find(name);
	if (tier)
		err = tier->ops->remove(tier);
	if (!err)
		kvt_tier_del(tier);
	mutex_unlock(&kvt_admin);
	return err;
}

/* Keep a tier that can be resized from being removed. */
static struct kvt_tier *get_tier(const char *name)
{
	struct kvt_tier *tier;

	if (mutex_lock_killable(&kvt_admin))
		return ERR_PTR(-EINTR);
	tier = kvt_tier_find(name);
	if (!tier)
		tier = ERR_PTR(-ENOENT);
	else if (!tier->ops->resize)
		tier = ERR_PTR(-EOPNOTSUPP);
	else
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
 * Context: process; no lock held.
 * Return: 0 or what struct kvt_tier_resize documents.
 */
int kvt_tier_resize(const char *name, u64 *bytes)
{
	struct kvt_tier *tier = get_tier(name);
	int err;

	if (IS_ERR(tier))
		return PTR_ERR(tier);
	err = tier->ops->resize(tier, bytes);
	put_tier(tier);
	return err;
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
		kvt_tier_del(tier);
	mutex_unlock(&kvt_admin);
	class_unregister(&tier_class);
}
