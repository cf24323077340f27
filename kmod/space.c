// SPDX-License-Identifier: GPL-2.0
/* Spaces: made, resized, deleted; what a space has as a whole. */
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uidgid.h>

#include "abi.h"
#include "area.h"
#include "balance.h"
#include "event.h"
#include "file.h"
#include "index.h"
#include "ioctl.h"
#include "log.h"
#include "place.h"
#include "space.h"
#include "space_remote.h"
#include "sysfs.h"
#include "tier.h"

#define MAX_SPACES 4096

static LIST_HEAD(spaces);	/* kvt_admin */
static DEFINE_IDA(minors);
static dev_t first_dev;

static void space_release(struct device *dev)
{
	struct kvt_space *space = to_kvt_space(dev);

	if (dev->devt)
		ida_free(&minors, MINOR(dev->devt) - MINOR(first_dev));
	free_percpu(space->stats);
	kvt_layers_free(&space->layers);
	kfree(space);
}

static char *space_devnode(const struct device *dev, umode_t *mode,
			   kuid_t *uid, kgid_t *gid)
{
	const struct kvt_space *space = container_of(dev, struct kvt_space,
						     dev);

	if (mode)
		*mode = space->mode;
	if (uid)
		*uid = space->uid;
	if (gid)
		*gid = space->gid;
	return kasprintf(GFP_KERNEL, "kvtier/%s", dev_name(dev));
}

static const struct device_type space_type = {
	.name = "kvtier_space",
	.groups = kvt_space_groups,
	.devnode = space_devnode,
	.release = space_release,
};

static struct class space_class = {
	.name = "kvtier",
};

/* How many leases and fills there may be at a time. */
long kvt_space_quota(struct kvt_space *space)
{
	u64 quota = kvt_space_frames(space) *
		    READ_ONCE(space->knobs.lease_quota);

	return max_t(u64, div_u64(quota, 1000), 1);
}

/* Bytes of kernel memory for the index, descriptors, slots, frames, checksums. */
size_t kvt_space_metadata(struct kvt_space *space)
{
	u64 frames = kvt_space_frames(space);
	/* A leaf of the slot tree has 64 slots and takes 576 bytes. */
	u64 slots = DIV_ROUND_UP(READ_ONCE(space->nr_blocks), 64) * 576;
	struct kvt_arena *a;
	u64 sums = 0;

	kvt_for_each_arena(a, space)
		sums += kvt_sums_bytes(a);
	return (u64)atomic_read(&space->nr_descriptors) *
	       kvt_block_footprint() + kvt_index_bytes(space) + slots +
	       frames * sizeof(struct kvt_status) + frames / 8 + sums;
}

/* A file is opened. Returns 0, or -ENODEV if the space is being deleted. */
int kvt_space_enter(struct kvt_space *space)
{
	int err = -ENODEV;

	spin_lock(&space->lock);
	if (!space->dead) {
		space->openers++;
		err = 0;
	}
	spin_unlock(&space->lock);
	return err;
}

void kvt_space_leave(struct kvt_space *space)
{
	spin_lock(&space->lock);
	space->openers--;
	spin_unlock(&space->lock);
}

static struct kvt_space *find_space(const char *name)
{
	struct kvt_space *space;

	lockdep_assert_held(&kvt_admin);
	list_for_each_entry(space, &spaces, list)
		if (!strcmp(dev_name(&space->dev), name))
			return space;
	return NULL;
}

static void set_defaults(struct kvt_space *space)
{
	space->policy = &kvt_policy_lru;
	space->knobs = (struct kvt_knobs){
		.low_watermark = 10,
		.high_watermark = 20,
		.lease_quota = 900,
		.fill_timeout_ms = 60000,
		.quarantine_ms = 10000,
		.promote = KVT_PROMOTE_FREE,
		.checksum = KVT_SUM_AT_MOVE,
		.verify = 1000,
		.remote_timeout_ms = 1000,
	};
}

static void init_fields(struct kvt_space *space)
{
	unsigned int i;

	spin_lock_init(&space->lock);
	INIT_LIST_HEAD(&space->fillers);
	INIT_LIST_HEAD(&space->quarantine);
	INIT_LIST_HEAD(&space->doomed);
	init_waitqueue_head(&space->wait);
	INIT_WORK(&space->balance, kvt_balance_work);
	INIT_DELAYED_WORK(&space->reap, kvt_reap_work);
	kvt_spill_init(space);
	kvt_drain_init(space);
	space->fetcher = (struct kvt_filler)KVT_FILLER_INIT(space->fetcher);
	space->fetcher.is_put = true;
	xa_init_flags(&space->slots, XA_FLAGS_ALLOC);
	xa_init(&space->wanted);
	for (i = 0; i < KVT_MAX_ARENAS; i++)
		kvt_arena_init(&space->arenas[i], space, i);
	set_defaults(space);
	kvt_retain_init(space);
}

/* A space with nothing in it; put_device() frees it. */
static struct kvt_space *space_alloc(const struct kvt_space_create *arg,
				     const u32 *ends)
{
	struct kvt_space *space = kzalloc(sizeof(*space), GFP_KERNEL);

	if (!space)
		return NULL;
	if (kvt_layers_init(&space->layers, ends, arg->nr_layers)) {
		kfree(space);
		return NULL;
	}
	init_fields(space);
	space->block_size = arg->block_size;
	memcpy(space->identity, arg->identity, KVT_IDENTITY_SIZE);
	space->uid = make_kuid(current_user_ns(), arg->uid);
	space->gid = make_kgid(current_user_ns(), arg->gid);
	space->mode = arg->mode;
	space->knobs.default_class = arg->default_class;
	device_initialize(&space->dev);
	space->dev.class = &space_class;
	space->dev.type = &space_type;
	space->dev.groups = kvt_class_groups;
	if (dev_set_name(&space->dev, "%s", (const char *)arg->name)) {
		put_device(&space->dev);
		return NULL;
	}
	return space;
}

static void free_descriptor(void *ptr, void *arg)
{
	kvt_block_free(arg, ptr);
}

static void free_blocks(struct kvt_space *space)
{
	struct kvt_block *b, *next;

	list_for_each_entry_safe(b, next, &space->quarantine, filling)
		kvt_block_free(space, b);
	rhashtable_free_and_destroy(&space->index, free_descriptor, space);
	xa_destroy(&space->slots);
	xa_destroy(&space->wanted);
}

static void free_arenas(struct kvt_space *space)
{
	struct kvt_arena *a;
	struct page *page;
	unsigned long i;

	for (a = space->arenas; a < space->arenas + KVT_MAX_ARENAS; a++) {
		if (a->tier)
			kvt_arena_detach(a);
		xa_for_each(&a->status, i, page)
			__free_page(page);
		xa_destroy(&a->status);
		xa_destroy(&a->chunks);
	}
}

static int attach_arenas(struct kvt_space *space,
			 const struct kvt_space_create *arg)
{
	u32 i;

	for (i = 0; i < arg->nr_quotas; i++) {
		const struct kvt_quota *q = &arg->quotas[i];
		struct kvt_tier *tier = kvt_tier_find((const char *)q->tier);
		int err;

		if (!tier)
			return -ENOENT;
		err = kvt_arena_attach(&space->arenas[i], tier, q->bytes);
		if (err)
			return err;
	}
	return kvt_space_frames(space) ? 0 : -EINVAL;
}

/* What a space has that can fail to be had. Undone by free_parts(). */
static int make_parts(struct kvt_space *space,
		      const struct kvt_space_create *arg)
{
	int err = -ENOMEM;

	space->stats = alloc_percpu(struct kvt_stats);
	if (!space->stats)
		return -ENOMEM;
	space->wq = alloc_workqueue("kvtier_%s", WQ_UNBOUND | WQ_MEM_RECLAIM, 0,
				    dev_name(&space->dev));
	if (!space->wq)
		return -ENOMEM;
	space->inode = kvt_area_inode();
	if (IS_ERR(space->inode)) {
		err = PTR_ERR(space->inode);
		goto free_wq;
	}
	err = kvt_index_init(space);
	if (err)
		goto put_inode;
	err = attach_arenas(space, arg);
	if (!err)
		return 0;
	free_arenas(space);
	kvt_index_destroy(space);
put_inode:
	iput(space->inode);
free_wq:
	destroy_workqueue(space->wq);
	return err;
}

/* The space after @space, or the first; NULL if there is none. */
struct kvt_space *kvt_space_next(struct kvt_space *space)
{
	lockdep_assert_held(&kvt_admin);
	if (!space)
		return list_first_entry_or_null(&spaces, struct kvt_space, list);
	return list_is_last(&space->list, &spaces) ? NULL :
	       list_next_entry(space, list);
}

/* Nobody can reach the space any more. */
static void free_parts(struct kvt_space *space)
{
	struct kvt_arena *a;

	kvt_space_leave_remote(space);
	kvt_retain_exit(space);
	kvt_for_each_arena(a, space)
		if (a->log)
			kvt_arena_detach(a);
	cancel_delayed_work_sync(&space->reap);
	cancel_work_sync(&space->balance);
	kvt_spill_stop(space);
	kvt_block_destroy_doomed(space);
	destroy_workqueue(space->wq);
	free_blocks(space);
	free_arenas(space);
	iput(space->inode);
}

static void del_device(struct kvt_space *space)
{
	struct kvt_arena *a;

	kvt_for_each_arena(a, space)
		kvt_sysfs_arena_remove(a);
	cdev_device_del(&space->cdev, &space->dev);
}

static int add_device(struct kvt_space *space)
{
	int minor = ida_alloc_max(&minors, MAX_SPACES - 1, GFP_KERNEL);
	struct kvt_arena *a;
	int err;

	if (minor < 0)
		return minor;
	space->dev.devt = MKDEV(MAJOR(first_dev), MINOR(first_dev) + minor);
	cdev_init(&space->cdev, &kvt_space_fops);
	space->cdev.owner = THIS_MODULE;
	err = cdev_device_add(&space->cdev, &space->dev);
	if (err)
		return err;
	kvt_for_each_arena(a, space)
		kvt_sysfs_arena_add(a);
	return 0;
}

static int create_locked(const struct kvt_space_create *arg, const u32 *ends)
{
	struct kvt_space *space;
	int err;

	if (find_space((const char *)arg->name))
		return -EEXIST;
	space = space_alloc(arg, ends);
	if (!space)
		return -ENOMEM;
	err = -EINVAL;
	if (!uid_valid(space->uid) || !gid_valid(space->gid))
		goto put;
	err = make_parts(space, arg);
	if (err)
		goto put;
	/* A node that is opened before this returns is a good one. */
	err = add_device(space);
	if (err)
		goto free;
	list_add_tail(&space->list, &spaces);
	kvt_event_space(KVT_NL_CMD_SPACE_CREATED, space);
	return 0;

free:
	free_parts(space);
put:
	put_device(&space->dev);
	return err;
}

/**
 * kvt_space_create() - make a space, its arenas and its device node
 * @arg: has passed kvt_abi_check_space_create()
 * @ends: where its layers end, has passed kvt_abi_check_layers(); or NULL
 *
 * Context: process; takes kvt_admin.
 * Return: 0 or what struct kvt_space_create documents.
 */
int kvt_space_create(const struct kvt_space_create *arg, const u32 *ends)
{
	int err;

	if (mutex_lock_killable(&kvt_admin))
		return -EINTR;
	err = create_locked(arg, ends);
	mutex_unlock(&kvt_admin);
	return err;
}

/* From now on it cannot be opened. Returns -EBUSY if it is open. */
static int close_door(struct kvt_space *space)
{
	int err = -EBUSY;

	spin_lock(&space->lock);
	if (!space->openers) {
		space->dead = true;
		err = 0;
	}
	spin_unlock(&space->lock);
	return err;
}

static void remove_space(struct kvt_space *space)
{
	/* Who waits for kvt_admin in an attribute gives up. */
	spin_lock(&space->lock);
	space->dead = true;
	spin_unlock(&space->lock);
	list_del(&space->list);
	kvt_event_space(KVT_NL_CMD_SPACE_DELETED, space);
	del_device(space);
	free_parts(space);
	put_device(&space->dev);
}

int kvt_space_delete(const char *name)
{
	struct kvt_space *space;
	int err = -ENOENT;

	if (mutex_lock_killable(&kvt_admin))
		return -EINTR;
	space = find_space(name);
	if (space)
		err = close_door(space);
	if (!err)
		remove_space(space);
	mutex_unlock(&kvt_admin);
	return err;
}

static struct kvt_arena *find_arena(struct kvt_space *space,
				    const struct kvt_tier *tier)
{
	struct kvt_arena *a;

	for (a = space->arenas; a < space->arenas + KVT_MAX_ARENAS; a++)
		if (a->tier == tier)
			return a;
	return NULL;
}

/* The space gets an arena on a tier where it had none. */
static int add_arena(struct kvt_space *space, struct kvt_tier *tier, u64 bytes)
{
	struct kvt_arena *a = find_arena(space, NULL);
	int err;

	if (!a)
		return -ENOSPC;
	err = kvt_arena_attach(a, tier, bytes);
	if (!err)
		kvt_sysfs_arena_add(a);
	return err;
}

static bool is_last_memory(struct kvt_arena *a)
{
	return kvt_space_frames(a->space) == a->nr_frames;
}

static void take_arena_away(struct kvt_arena *a)
{
	kvt_sysfs_arena_remove(a);
	kvt_arena_detach(a);
}

/* Shrink to @bytes, or as far as it goes: -EBUSY. */
static int shrink_arena(struct kvt_arena *a, u64 bytes)
{
	u32 limit = div_u64(bytes, a->space->block_size);

	if (!bytes && is_last_memory(a))
		return -EINVAL;
	kvt_arena_lower(a, limit);
	kvt_evacuate(a, limit);
	kvt_arena_trim(a);
	if (kvt_arena_bytes(a) > bytes)
		return -EBUSY;
	if (!bytes)
		take_arena_away(a);
	return 0;
}

static int resize_log(struct kvt_arena *a, u64 bytes)
{
	if (bytes)
		return kvt_log_resize(a, bytes);
	take_arena_away(a);
	return 0;
}

/* The nvme tier of @a is being removed: its contents stay on the devices. */
void kvt_space_lose_arena(struct kvt_arena *a)
{
	lockdep_assert_held(&kvt_admin);
	kvt_sysfs_arena_remove(a);
	kvt_log_detach(a, true);
}

static int resize_locked(const char *name, const char *tier_name, u64 *bytes)
{
	struct kvt_space *space = find_space(name);
	struct kvt_tier *tier = kvt_tier_find(tier_name);
	struct kvt_arena *a;
	int err = 0;

	if (!space || !tier)
		return -ENOENT;
	if (*bytes && *bytes < space->block_size)
		return -EINVAL;
	a = find_arena(space, tier);
	if (!a && *bytes)
		err = add_arena(space, tier, *bytes);
	else if (a && a->log)
		err = resize_log(a, *bytes);
	else if (a && *bytes > kvt_arena_bytes(a))
		err = kvt_arena_grow(a, *bytes);
	else if (a && *bytes < kvt_arena_bytes(a))
		err = shrink_arena(a, *bytes);
	a = find_arena(space, tier);
	*bytes = a ? kvt_arena_quota(a) : 0;
	return err;
}

/**
 * kvt_space_resize() - change a space's quota on a tier
 * @name: the space
 * @tier: the tier
 * @bytes: wanted, a multiple of a chunk; out: reached
 *
 * Context: process; takes kvt_admin.
 * Return: 0 or what struct kvt_space_resize documents.
 */
int kvt_space_resize(const char *name, const char *tier, u64 *bytes)
{
	int err;

	if (mutex_lock_killable(&kvt_admin))
		return -EINTR;
	err = resize_locked(name, tier, bytes);
	mutex_unlock(&kvt_admin);
	return err;
}

static void arena_info(struct kvt_arena *a, struct kvt_arena_info *info)
{
	strscpy((char *)info->tier, dev_name(&a->tier->dev), KVT_NAME_SIZE);
	info->kind = a->kind;
	info->node = a->node;
	info->nr_frames = a->nr_frames;
	info->window_offset = kvt_window_offset(a->index);
	info->window_len = kvt_arena_bytes(a);
	info->status_offset = kvt_status_offset(a->index);
	info->status_len = PAGE_ALIGN((u64)a->nr_frames *
				      sizeof(struct kvt_status));
}

void kvt_space_info(struct kvt_space *space, struct kvt_space_info *info)
{
	struct kvt_arena *a;

	*info = (struct kvt_space_info){
		.size = sizeof(*info),
		.block_size = space->block_size,
		.default_class = READ_ONCE(space->knobs.default_class),
		.slots_offset = KVT_SLOTS_BASE,
		.nr_layers = space->layers.nr,
	};
	strscpy((char *)info->name, dev_name(&space->dev), KVT_NAME_SIZE);
	memcpy(info->identity, space->identity, KVT_IDENTITY_SIZE);
	spin_lock(&space->lock);
	info->nr_slots = space->nr_slots;
	info->slots_len = (u64)info->nr_slots * space->block_size;
	kvt_for_each_arena(a, space)
		arena_info(a, &info->arenas[a->index]);
	spin_unlock(&space->lock);
}

int kvt_space_init(void)
{
	int err;

	err = class_register(&space_class);
	if (err)
		return err;
	err = alloc_chrdev_region(&first_dev, 0, MAX_SPACES, "kvtier");
	if (err)
		class_unregister(&space_class);
	return err;
}

/* The module is going: nothing is open. */
void kvt_space_exit(void)
{
	struct kvt_space *space, *next;

	mutex_lock(&kvt_admin);
	list_for_each_entry_safe(space, next, &spaces, list)
		remove_space(space);
	mutex_unlock(&kvt_admin);
	unregister_chrdev_region(first_dev, MAX_SPACES);
	class_unregister(&space_class);
	ida_destroy(&minors);
}
