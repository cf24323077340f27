// SPDX-License-Identifier: GPL-2.0
/*
 * The life of an nvme tier: put together of devices that are one set, given
 * back clean. Until its superblocks are written, nothing is.
 */
#include <linux/blkdev.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/list_sort.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/slab.h>

#include "event.h"
#include "log.h"
#include "nvme.h"
#include "space.h"
#include "sysfs.h"

/* How long a device may take to end what it was told to do. */
#define QUIET_TIMEOUT (60 * HZ)

/* The same when the machine goes down. */
#define REBOOT_TIMEOUT (10 * HZ)

static const struct kvt_tier_ops nvme_ops;

/* ----------------------------------------------------------------------- make */

/* One try: who removes the tier holds kvt_admin and waits for this to end. */
static void lose_work(struct work_struct *work)
{
	struct kvt_nvme *nvme = container_of(to_delayed_work(work),
					     struct kvt_nvme, lose);
	struct kvt_device *dev;
	struct kvt_log *log;

	if (!mutex_trylock(&kvt_admin)) {
		queue_delayed_work(nvme->wq, &nvme->lose, HZ / 50);
		return;
	}
	for (dev = nvme->devices; dev < nvme->devices + nvme->nr_devices; dev++) {
		if (!READ_ONCE(dev->failed) || dev->is_lost)
			continue;
		dev->is_lost = true;
		kvt_event_device(&nvme->tier, dev->bdev);
		kvt_nvme_lose(dev);
		list_for_each_entry(log, &nvme->logs, list)
			kvt_log_lose_device(log, dev);
	}
	mutex_unlock(&kvt_admin);
}

static void set_defaults(struct kvt_nvme *nvme)
{
	nvme->knobs = (struct kvt_nvme_knobs){
		.admission = KVT_ADMIT_ALL,
		.admit_classes = BIT(KVT_MAX_CLASS + 1) - 1,
		.flush_ms = 30000,
		.verify = 1000,
	};
}

static void init_fields(struct kvt_nvme *nvme)
{
	unsigned int i;

	spin_lock_init(&nvme->lock);
	INIT_LIST_HEAD(&nvme->logs);
	INIT_LIST_HEAD(&nvme->found);
	INIT_DELAYED_WORK(&nvme->lose, lose_work);
	for (i = 0; i < KVT_MAX_DEVICES; i++) {
		struct kvt_device *dev = &nvme->devices[i];

		dev->nvme = nvme;
		INIT_LIST_HEAD(&dev->free);
		INIT_LIST_HEAD(&dev->freeing);
		INIT_WORK(&dev->free_work, kvt_nvme_free_work);
		kvt_turns_init(&dev->turns);
	}
	set_defaults(nvme);
}

static struct kvt_nvme *alloc_nvme(const struct kvt_nvme_add *arg)
{
	struct kvt_nvme *nvme = kzalloc(sizeof(*nvme), GFP_KERNEL);

	if (!nvme)
		return NULL;
	init_fields(nvme);
	if (kvt_tier_setup(&nvme->tier, &nvme_ops, arg->name))
		goto put;
	nvme->tier.kind = KVT_TIER_NVME;
	memcpy(nvme->host, arg->host, sizeof(nvme->host));
	nvme->wq = alloc_workqueue("kvt-%.26s", WQ_UNBOUND | WQ_MEM_RECLAIM, 0,
				   (const char *)arg->name);
	if (nvme->wq)
		return nvme;
put:
	put_device(&nvme->tier.dev);
	return NULL;
}

/* ------------------------------------------------------------------------ add */

static int open_devices(struct kvt_nvme *nvme, struct kvt_nvme_add *arg)
{
	u32 i;
	int err;

	for (i = 0; i < arg->nr_devices; i++) {
		nvme->nr_devices = i + 1;
		err = kvt_device_open(&nvme->devices[i],
				      (const char *)arg->devices[i],
				      &nvme->holders[i]);
		if (err) {
			arg->bad = i;
			return err;
		}
	}
	return 0;
}

static u32 index_of(const struct kvt_device *dev)
{
	return le32_to_cpu(dev->super->index);
}

static bool same_set(const struct kvt_log_super *a,
		     const struct kvt_log_super *b)
{
	return !memcmp(a->set, b->set, sizeof(a->set)) &&
	       a->nr_devices == b->nr_devices && a->grade == b->grade &&
	       a->segment_bytes == b->segment_bytes;
}

static int check_host(const struct kvt_log_super *s,
		      const struct kvt_nvme_add *arg)
{
	if (arg->flags & KVT_NVME_TAKE_OVER ||
	    !memchr_inv(s->host, 0, sizeof(s->host)) ||
	    !memcmp(s->host, arg->host, sizeof(s->host)))
		return 0;
	return -EREMOTE;
}

/* May device @i be one of the tier? Those before it may. */
static int check_device(const struct kvt_nvme *nvme, u32 i,
			const struct kvt_nvme_add *arg)
{
	const struct kvt_device *dev = &nvme->devices[i];
	u32 j;

	if (!same_set(nvme->devices[0].super, dev->super))
		return -EXDEV;
	for (j = 0; j < i; j++)
		if (index_of(&nvme->devices[j]) == index_of(dev))
			return -EXDEV;
	return check_host(dev->super, arg);
}

static int check_set(const struct kvt_nvme *nvme, struct kvt_nvme_add *arg)
{
	u32 i;
	int err;

	for (i = 0; i < nvme->nr_devices; i++) {
		err = check_device(nvme, i, arg);
		if (err) {
			arg->bad = i;
			return err;
		}
	}
	return nvme->nr_devices ==
	       le32_to_cpu(nvme->devices[0].super->nr_devices) ? 0 : -ESTALE;
}

static void swap_devices(struct kvt_device *a, struct kvt_device *b)
{
	swap(a->file, b->file);
	swap(a->bdev, b->bdev);
	swap(a->holder, b->holder);
	swap(a->super, b->super);
	swap(a->super_copy, b->super_copy);
}

/* The devices are complete: from the order they were named in to their own. */
static void sort_devices(struct kvt_nvme *nvme)
{
	u32 i;

	for (i = 0; i < nvme->nr_devices; i++)
		while (index_of(&nvme->devices[i]) != i)
			swap_devices(&nvme->devices[i],
				     &nvme->devices[index_of(&nvme->devices[i])]);
}

static void set_geometry(struct kvt_nvme *nvme)
{
	const struct kvt_log_super *s = nvme->devices[0].super;
	u32 i;

	memcpy(nvme->set, s->set, sizeof(nvme->set));
	nvme->grade = le32_to_cpu(s->grade);
	nvme->segment_bytes = le64_to_cpu(s->segment_bytes);
	for (i = 0; i < nvme->nr_devices; i++) {
		struct kvt_device *dev = &nvme->devices[i];

		dev->index = i;
		dev->first = le64_to_cpu(dev->super->first_segment);
		dev->nr_segments = le32_to_cpu(dev->super->nr_segments);
		dev->base = nvme->nr_segments;
		nvme->nr_segments += dev->nr_segments;
		/* mark_dead() may look at @dev as soon as it sees it. */
		smp_store_release(dev->holder, dev);
	}
}

static int make_segments(struct kvt_device *dev)
{
	u32 i;

	dev->segments = kvcalloc(dev->nr_segments, sizeof(*dev->segments),
				 GFP_KERNEL);
	if (!dev->segments)
		return -ENOMEM;
	for (i = 0; i < dev->nr_segments; i++) {
		struct kvt_segment *seg = &dev->segments[i];

		INIT_LIST_HEAD(&seg->list);
		seg->dev = dev;
		seg->number = i;
		seg->id = dev->base + i;
	}
	return 0;
}

/* Where in the caller's list was the device? */
static u32 place_of(const struct kvt_device *dev)
{
	return dev->holder - dev->nvme->holders;
}

static int newer_first(void *priv, const struct list_head *a,
		       const struct list_head *b)
{
	return list_entry(a, struct kvt_segment, list)->generation <
	       list_entry(b, struct kvt_segment, list)->generation;
}

static int find_segments(struct kvt_nvme *nvme, struct kvt_nvme_add *arg)
{
	struct kvt_device *dev;
	int err;

	for (dev = nvme->devices; dev < nvme->devices + nvme->nr_devices; dev++) {
		err = make_segments(dev) ?: kvt_nvme_scan(nvme, dev);
		if (err == -EIO)
			arg->bad = place_of(dev);
		if (err)
			return err;
	}
	list_sort(NULL, &nvme->found, newer_first);
	return 0;
}

/* Wait for each device by @wait. Returns whether that was long enough. */
static bool wait_for_all(struct kvt_nvme *nvme, unsigned long timeout,
			 bool (*wait)(struct kvt_device *dev,
				      unsigned long deadline))
{
	unsigned long deadline = jiffies + timeout;
	struct kvt_device *dev;
	bool ended = true;

	for (dev = nvme->devices; dev < nvme->devices + nvme->nr_devices; dev++) {
		if (wait(dev, deadline))
			continue;
		pr_warn("kvtier: %s: %pg: I/O does not end\n",
			dev_name(&nvme->tier.dev), dev->bdev);
		ended = false;
	}
	return ended;
}

/*
 * Write superblocks: attached by @host, or by nobody. Returns whether that has
 * ended in time, not how.
 */
static bool write_supers(struct kvt_nvme *nvme, const u8 *host,
			 unsigned long timeout)
{
	struct kvt_device *dev;

	for (dev = nvme->devices; dev < nvme->devices + nvme->nr_devices; dev++)
		kvt_device_write_super(dev, host);
	return wait_for_all(nvme, timeout, kvt_device_wait_super);
}

/* As long as it takes: nothing can be given back before. */
static void write_supers_sync(struct kvt_nvme *nvme, const u8 *host)
{
	if (write_supers(nvme, host, QUIET_TIMEOUT))
		return;
	while (!wait_for_all(nvme, QUIET_TIMEOUT, kvt_device_wait_super))
		;
}

static int claim_devices(struct kvt_nvme *nvme, struct kvt_nvme_add *arg)
{
	struct kvt_device *dev;
	int err = 0;

	write_supers_sync(nvme, arg->host);
	for (dev = nvme->devices; dev < nvme->devices + nvme->nr_devices; dev++) {
		if (!dev->super_io.status)
			continue;
		arg->bad = place_of(dev);
		err = -EIO;
	}
	return err;
}

static int claim_and_publish(struct kvt_nvme *nvme, struct kvt_nvme_add *arg)
{
	int err = claim_devices(nvme, arg);

	if (!err)
		err = kvt_tier_publish(&nvme->tier);
	if (err)
		write_supers_sync(nvme, NULL);
	return err;
}

static void destroy_nvme(struct kvt_tier *tier)
{
	struct kvt_nvme *nvme = to_kvt_nvme(tier);
	struct kvt_device *dev;
	u32 i;

	for (dev = nvme->devices; dev < nvme->devices + nvme->nr_devices; dev++)
		kvt_device_close(dev);
	cancel_delayed_work_sync(&nvme->lose);
	destroy_workqueue(nvme->wq);
	for (dev = nvme->devices; dev < nvme->devices + nvme->nr_devices; dev++) {
		for (i = 0; dev->segments && i < dev->nr_segments; i++)
			kfree(dev->segments[i].head);
		kvfree(dev->segments);
	}
	put_device(&tier->dev);
}

/**
 * kvt_nvme_add() - make an nvme tier of formatted devices
 * @arg: checked by the caller but for what only the devices can say; out: @bad,
 *	@nr_devices if no device is to blame
 *
 * Context: process. Opens and reads with no lock held.
 * Return: 0 or what struct kvt_nvme_add documents.
 */
int kvt_nvme_add(struct kvt_nvme_add *arg)
{
	struct kvt_nvme *nvme;
	int err;

	arg->bad = arg->nr_devices;
	err = kvt_tier_check_name(arg->name);
	if (err)
		return err;
	nvme = alloc_nvme(arg);
	if (!nvme)
		return -ENOMEM;
	err = open_devices(nvme, arg) ?: check_set(nvme, arg);
	if (!err) {
		sort_devices(nvme);
		set_geometry(nvme);
		err = find_segments(nvme, arg) ?: claim_and_publish(nvme, arg);
	}
	if (err) {
		destroy_nvme(&nvme->tier);
		return err;
	}
	pr_info("kvtier: %s: %u segments of %llu MiB on %u devices, %u have blocks\n",
		(const char *)arg->name, nvme->nr_segments,
		nvme->segment_bytes >> 20, nvme->nr_devices, nvme->nr_found);
	return 0;
}

/* --------------------------------------------------------------------- remove */

static void flush_logs(struct kvt_nvme *nvme)
{
	u32 ms = READ_ONCE(nvme->knobs.flush_ms);
	unsigned long deadline = jiffies + msecs_to_jiffies(ms);
	struct kvt_log *log;

	lockdep_assert_held(&kvt_admin);
	list_for_each_entry(log, &nvme->logs, list)
		kvt_log_flush(log, deadline);
}

static void detach_logs(struct kvt_nvme *nvme)
{
	struct kvt_log *log, *next;

	lockdep_assert_held(&kvt_admin);
	list_for_each_entry_safe(log, next, &nvme->logs, list)
		kvt_space_lose_arena(log->arena);
	WARN_ON_ONCE(nvme->tier.users);
}

/* From now on no segment changes hands. */
static void stop(struct kvt_nvme *nvme)
{
	spin_lock(&nvme->lock);
	nvme->is_stopped = true;
	spin_unlock(&nvme->lock);
}

/* Tell that nobody has the devices. Returns whether all I/O has ended. */
static bool sign_off(struct kvt_nvme *nvme, unsigned long timeout)
{
	struct kvt_device *dev;

	if (!wait_for_all(nvme, timeout, kvt_device_wait) ||
	    !write_supers(nvme, NULL, timeout))
		return false;
	for (dev = nvme->devices; dev < nvme->devices + nvme->nr_devices; dev++)
		if (dev->super_io.status)
			pr_warn("kvtier: %s: device %u could not be detached cleanly\n",
				dev_name(&nvme->tier.dev), dev->index);
	return true;
}

/*
 * Logs wait as long as it takes, with kvt_admin held. So see first that the
 * devices do what they are told, by telling them something that does no harm.
 */
static bool devices_answer(struct kvt_nvme *nvme, unsigned long timeout)
{
	return write_supers(nvme, nvme->host, timeout);
}

static int remove_nvme(struct kvt_tier *tier)
{
	struct kvt_nvme *nvme = to_kvt_nvme(tier);

	lockdep_assert_held(&kvt_admin);
	if (!devices_answer(nvme, QUIET_TIMEOUT))
		return -EBUSY;
	flush_logs(nvme);
	detach_logs(nvme);
	stop(nvme);
	return sign_off(nvme, QUIET_TIMEOUT) ? 0 : -EBUSY;
}

static void release_nvme(struct device *dev)
{
	kfree(to_kvt_nvme(to_kvt_tier(dev)));
}

static const struct device_type nvme_type = {
	.name = "kvtier_nvme",
	.groups = kvt_nvme_groups,
	.release = release_nvme,
};

static const struct kvt_tier_ops nvme_ops = {
	.type = &nvme_type,
	.remove = remove_nvme,
	.destroy = destroy_nvme,
};

static struct kvt_tier *next_nvme(struct kvt_tier *tier)
{
	do
		tier = kvt_tier_next(tier);
	while (tier && tier->kind != KVT_TIER_NVME);
	return tier;
}

/* ------------------------------------------------------------------ logs of it */

/**
 * kvt_nvme_join() - a log of a space begins to use the tier
 * @nvme: the tier
 * @log: the log; its space's balance work may be queued from now on
 *
 * Context: kvt_admin held.
 * Return: 0, or -ENODEV: the tier is on its way out.
 */
int kvt_nvme_join(struct kvt_nvme *nvme, struct kvt_log *log)
{
	int err = -ENODEV;

	lockdep_assert_held(&kvt_admin);
	spin_lock(&nvme->lock);
	if (!nvme->is_stopped) {
		list_add_tail(&log->list, &nvme->logs);
		err = 0;
	}
	spin_unlock(&nvme->lock);
	return err;
}

/* The other way: its space's balance work is not queued any more. */
void kvt_nvme_leave(struct kvt_nvme *nvme, struct kvt_log *log)
{
	lockdep_assert_held(&kvt_admin);
	spin_lock(&nvme->lock);
	list_del(&log->list);
	spin_unlock(&nvme->lock);
}

/* Does the budget allow to write? */
bool kvt_nvme_may_write(struct kvt_nvme *nvme)
{
	bool may;

	spin_lock(&nvme->lock);
	may = kvt_budget_allows(&nvme->budget, ktime_get_ns());
	spin_unlock(&nvme->lock);
	return may;
}

/* @bytes of blocks are written. */
void kvt_nvme_charge(struct kvt_nvme *nvme, u64 bytes)
{
	spin_lock(&nvme->lock);
	kvt_budget_charge(&nvme->budget, ktime_get_ns(), bytes);
	spin_unlock(&nvme->lock);
}

/* ------------------------------------------------------------------- shutdown */

/* Blocks stay usable until the end, but nothing is written any more. */
static void settle_for_reboot(struct kvt_nvme *nvme)
{
	bool answer = devices_answer(nvme, REBOOT_TIMEOUT);
	struct kvt_log *log;

	if (answer)
		flush_logs(nvme);
	list_for_each_entry(log, &nvme->logs, list)
		WRITE_ONCE(log->is_stopping, true);
	stop(nvme);
	if (answer)
		sign_off(nvme, REBOOT_TIMEOUT);
}

static int reboot_event(struct notifier_block *nb, unsigned long event,
			void *arg)
{
	unsigned long deadline = jiffies + REBOOT_TIMEOUT;
	struct kvt_tier *tier = NULL;

	while (!mutex_trylock(&kvt_admin)) {
		if (time_after(jiffies, deadline))
			return NOTIFY_DONE;
		schedule_timeout_uninterruptible(HZ / 50);
	}
	while ((tier = next_nvme(tier)))
		settle_for_reboot(to_kvt_nvme(tier));
	mutex_unlock(&kvt_admin);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = {
	.notifier_call = reboot_event,
};

int kvt_nvme_init(void)
{
	return register_reboot_notifier(&reboot_notifier);
}

/*
 * The module is going, spaces are still there: all nvme tiers go. What is under
 * way to a device has to end, since the code that is called then goes, too.
 */
void kvt_nvme_shutdown_all(void)
{
	struct kvt_tier *tier;

	unregister_reboot_notifier(&reboot_notifier);
	mutex_lock(&kvt_admin);
	while ((tier = next_nvme(NULL)))
		if (!tier->ops->remove(tier))
			kvt_tier_del(tier);
	mutex_unlock(&kvt_admin);
}
