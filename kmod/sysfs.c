// SPDX-License-Identifier: GPL-2.0
/* /sys/class/kvtier: see Documentation/ABI/testing/sysfs-class-kvtier. */
#include <linux/device.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "budget.h"
#include "space.h"
#include "space_remote.h"
#include "sysfs.h"
#include "tier.h"

/* ------------------------------------------------------------ spaces: counts */

#define SPACE_NUMBER(name, expr)					\
static ssize_t name##_show(struct device *dev,				\
			   struct device_attribute *attr, char *buf)	\
{									\
	struct kvt_space *space = to_kvt_space(dev);			\
	u64 nr;								\
									\
	spin_lock(&space->lock);					\
	nr = expr;							\
	spin_unlock(&space->lock);					\
	return sysfs_emit(buf, "%llu\n", nr);				\
}									\
static DEVICE_ATTR_RO(name)

SPACE_NUMBER(block_size, space->block_size);
SPACE_NUMBER(layers, space->layers.nr);
SPACE_NUMBER(blocks, space->nr_blocks);
SPACE_NUMBER(filling, space->nr_filling);
SPACE_NUMBER(dropped_held, space->nr_dropped);
SPACE_NUMBER(quarantined, space->nr_quarantine);
SPACE_NUMBER(openers, space->openers);
SPACE_NUMBER(spilling, kvt_spill_has_work(space));
SPACE_NUMBER(descriptors, atomic_read(&space->nr_descriptors));
SPACE_NUMBER(metadata_bytes, kvt_space_metadata(space));
/* Fills count against the lease quota, too. */
SPACE_NUMBER(leases, max_t(long, atomic_long_read(&space->held) -
			   space->nr_filling - space->nr_cancelled, 0));

static ssize_t identity_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%*phN\n", KVT_IDENTITY_SIZE,
			  to_kvt_space(dev)->identity);
}
static DEVICE_ATTR_RO(identity);

/* ------------------------------------------------------------- spaces: knobs */

/**
 * struct knob - a number that an operator may set
 * @attr: the attribute
 * @offset: of the u32 in struct kvt_knobs
 * @min: least value
 * @max: greatest value
 */
struct knob {
	struct device_attribute attr;
	size_t offset;
	u32 min;
	u32 max;
};

static u32 *knob_word(struct kvt_space *space, const struct knob *k)
{
	return (void *)&space->knobs + k->offset;
}

static ssize_t knob_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct knob *k = container_of(attr, struct knob, attr);

	return sysfs_emit(buf, "%u\n",
			  READ_ONCE(*knob_word(to_kvt_space(dev), k)));
}

static ssize_t knob_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t len)
{
	struct knob *k = container_of(attr, struct knob, attr);
	struct kvt_space *space = to_kvt_space(dev);
	struct kvt_knobs new;
	u32 val;
	int err;

	err = kstrtou32(buf, 0, &val);
	if (err)
		return err;
	if (val < k->min || val > k->max)
		return -EINVAL;
	spin_lock(&space->lock);
	new = space->knobs;
	*(u32 *)((void *)&new + k->offset) = val;
	if (new.low_watermark > new.high_watermark)
		err = -EINVAL;
	else
		WRITE_ONCE(*knob_word(space, k), val);
	spin_unlock(&space->lock);
	if (err)
		return err;
	queue_work(space->wq, &space->balance);
	return len;
}

#define KNOB(name, least, greatest)					\
static struct knob knob_##name = {					\
	.attr = __ATTR(name, 0644, knob_show, knob_store),		\
	.offset = offsetof(struct kvt_knobs, name),			\
	.min = (least),							\
	.max = (greatest),						\
}

KNOB(default_class, 0, KVT_MAX_CLASS);
KNOB(low_watermark, 0, 500);
KNOB(high_watermark, 0, 500);
KNOB(lease_quota, 1, 1000);
KNOB(fill_timeout_ms, 100, 3600000);
KNOB(quarantine_ms, 0, 3600000);
KNOB(verify, 0, 1000);
KNOB(remote_timeout_ms, 1, 600000);

/**
 * struct choice - one of some names that an operator may set
 * @attr: the attribute
 * @offset: of the u32 in struct kvt_knobs
 * @names: by value
 * @nr: length of @names
 */
struct choice {
	struct device_attribute attr;
	size_t offset;
	const char *const *names;
	size_t nr;
};

static u32 *choice_word(struct device *dev, const struct choice *c)
{
	return (void *)&to_kvt_space(dev)->knobs + c->offset;
}

static ssize_t choice_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct choice *c = container_of(attr, struct choice, attr);

	return sysfs_emit(buf, "%s\n", c->names[READ_ONCE(*choice_word(dev, c))]);
}

static ssize_t choice_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t len)
{
	struct choice *c = container_of(attr, struct choice, attr);
	int val = __sysfs_match_string(c->names, c->nr, buf);

	if (val < 0)
		return val;
	WRITE_ONCE(*choice_word(dev, c), val);
	return len;
}

#define CHOICE(name)							\
static struct choice choice_##name = {					\
	.attr = __ATTR(name, 0644, choice_show, choice_store),		\
	.offset = offsetof(struct kvt_knobs, name),			\
	.names = name##_names,						\
	.nr = ARRAY_SIZE(name##_names),					\
}

static const char *const promote_names[] = {
	[KVT_PROMOTE_OFF]	= "off",
	[KVT_PROMOTE_FREE]	= "free",
	[KVT_PROMOTE_ALWAYS]	= "always",
};

CHOICE(promote);

static const char *const checksum_names[] = {
	[KVT_SUM_AT_MOVE]	= "move",
	[KVT_SUM_AT_COMMIT]	= "commit",
};

CHOICE(checksum);

static const char *const remote_write_names[] = {
	[KVT_WRITE_NONE]	= "none",
	[KVT_WRITE_BACK]	= "back",
	[KVT_WRITE_THROUGH]	= "through",
};

CHOICE(remote_write);

static ssize_t remote_rate_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  READ_ONCE(to_kvt_space(dev)->knobs.remote_rate));
}

static ssize_t remote_rate_store(struct device *dev,
				 struct device_attribute *attr,
				 const char *buf, size_t len)
{
	u64 val;
	int err;

	err = kstrtou64(buf, 0, &val);
	if (err)
		return err;
	if (val > KVT_BUDGET_MAX)
		return -EINVAL;
	WRITE_ONCE(to_kvt_space(dev)->knobs.remote_rate, val);
	return len;
}
static DEVICE_ATTR_RW(remote_rate);

static ssize_t remote_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	char name[KVT_NAME_SIZE];

	return sysfs_emit(buf, "%s\n",
			  kvt_space_remote_name(to_kvt_space(dev), name));
}

/* Who deletes the space holds kvt_admin, and waits for its attributes' users. */
static int lock_admin(const struct kvt_space *space)
{
	while (!mutex_trylock(&kvt_admin)) {
		if (READ_ONCE(space->dead))
			return -ENODEV;
		schedule_timeout_killable(1);
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

static ssize_t remote_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t len)
{
	struct kvt_space *space = to_kvt_space(dev);
	char name[KVT_NAME_SIZE + 1];
	int err;

	/* One that is too long is nobody's, also when it is cut. */
	strscpy(name, buf, sizeof(name));
	err = lock_admin(space);
	if (err)
		return err;
	err = kvt_space_set_remote(space, strim(name));
	mutex_unlock(&kvt_admin);
	return err ?: len;
}
static DEVICE_ATTR_RW(remote);

static const struct kvt_policy *const policies[] = { &kvt_policy_lru };

static ssize_t policy_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	const struct kvt_policy *now = READ_ONCE(to_kvt_space(dev)->policy);
	ssize_t len = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++)
		len += sysfs_emit_at(buf, len,
				     policies[i] == now ? "%s[%s]" : "%s%s",
				     i ? " " : "", policies[i]->name);
	return len + sysfs_emit_at(buf, len, "\n");
}

static ssize_t policy_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t len)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		if (sysfs_streq(buf, policies[i]->name)) {
			WRITE_ONCE(to_kvt_space(dev)->policy, policies[i]);
			return len;
		}
	}
	return -EINVAL;
}
static DEVICE_ATTR_RW(policy);

static struct attribute *kvt_space_attrs[] = {
	&dev_attr_block_size.attr,
	&dev_attr_layers.attr,
	&dev_attr_identity.attr,
	&dev_attr_blocks.attr,
	&dev_attr_filling.attr,
	&dev_attr_leases.attr,
	&dev_attr_dropped_held.attr,
	&dev_attr_quarantined.attr,
	&dev_attr_openers.attr,
	&dev_attr_spilling.attr,
	&dev_attr_descriptors.attr,
	&dev_attr_metadata_bytes.attr,
	&knob_default_class.attr.attr,
	&knob_low_watermark.attr.attr,
	&knob_high_watermark.attr.attr,
	&knob_lease_quota.attr.attr,
	&knob_fill_timeout_ms.attr.attr,
	&knob_quarantine_ms.attr.attr,
	&knob_verify.attr.attr,
	&choice_promote.attr.attr,
	&choice_checksum.attr.attr,
	&dev_attr_remote.attr,
	&choice_remote_write.attr.attr,
	&dev_attr_remote_rate.attr,
	&knob_remote_timeout_ms.attr.attr,
	&dev_attr_policy.attr,
	NULL
};

static const struct attribute_group kvt_space_group = {
	.attrs = kvt_space_attrs,
};

/* ---------------------------------------------------------- spaces: counters */

static ssize_t stat_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct dev_ext_attribute *ea = container_of(attr,
						    struct dev_ext_attribute,
						    attr);

	return sysfs_emit(buf, "%llu\n",
			  kvt_stat_sum(to_kvt_space(dev)->stats,
				       (unsigned long)ea->var));
}

#define STAT_ATTR(name)							\
	static struct dev_ext_attribute stat_##name = {			\
		.attr = __ATTR(name, 0444, stat_show, NULL),		\
		.var = (void *)KVT_STAT_##name,				\
	};
KVT_STATS(STAT_ATTR)

#define STAT_POINTER(name) &stat_##name.attr.attr,
static struct attribute *stat_attrs[] = { KVT_STATS(STAT_POINTER) NULL };

static const struct attribute_group stat_group = {
	.name = "stats",
	.attrs = stat_attrs,
};

/* ------------------------------------------------------------- spaces: drain */

static ssize_t on_show(struct device *dev, struct device_attribute *attr,
		       char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  READ_ONCE(to_kvt_space(dev)->drain.is_on));
}

static ssize_t on_store(struct device *dev, struct device_attribute *attr,
			const char *buf, size_t len)
{
	struct kvt_space *space = to_kvt_space(dev);
	bool on;
	int err;

	err = kstrtobool(buf, &on);
	if (!err && on)
		err = kvt_drain_begin(space);
	else if (!err)
		kvt_drain_stop(space);
	return err ?: len;
}
static DEVICE_ATTR_RW(on);

#define DRAIN_COUNT(name)						\
static ssize_t name##_show(struct device *dev,				\
			   struct device_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, "%u\n",					\
			  READ_ONCE(to_kvt_space(dev)->drain.name));	\
}									\
static DEVICE_ATTR_RO(name)

DRAIN_COUNT(total);
DRAIN_COUNT(done);
DRAIN_COUNT(failed);

static struct attribute *drain_attrs[] = {
	&dev_attr_on.attr,
	&dev_attr_total.attr,
	&dev_attr_done.attr,
	&dev_attr_failed.attr,
	NULL
};

static const struct attribute_group drain_group = {
	.name = "drain",
	.attrs = drain_attrs,
};

const struct attribute_group *kvt_space_groups[] = {
	&kvt_space_group,
	&drain_group,
	&stat_group,
	NULL
};

/* ------------------------------------------------------------------- arenas */

enum arena_field { ARENA_TIER, ARENA_FRAMES, ARENA_FREE, ARENA_BLOCKS,
		   ARENA_BYTES, ARENA_FIELDS };

static const char *const arena_names[ARENA_FIELDS] = {
	"tier", "frames", "free", "blocks", "bytes",
};

/* The attributes of one arena, in a directory of its own. */
struct arena_dir {
	char name[16];
	struct device_attribute attrs[ARENA_FIELDS];
	struct attribute *list[ARENA_FIELDS + 1];
	struct attribute_group group;
};

static ssize_t arena_field_show(struct kvt_arena *a, enum arena_field field,
				char *buf)
{
	char tier[KVT_NAME_SIZE] = "";
	u64 nr = 0;

	spin_lock(&a->space->lock);
	if (a->tier)
		strscpy(tier, dev_name(&a->tier->dev), sizeof(tier));
	switch (field) {
	case ARENA_FRAMES:
		nr = a->nr_frames;
		break;
	case ARENA_FREE:
		nr = a->nr_free;
		break;
	case ARENA_BLOCKS:
		nr = a->nr_blocks;
		break;
	case ARENA_BYTES:
		nr = kvt_arena_quota(a);
		break;
	default:
		break;
	}
	spin_unlock(&a->space->lock);
	if (field == ARENA_TIER)
		return sysfs_emit(buf, "%s\n", tier);
	return sysfs_emit(buf, "%llu\n", nr);
}

static ssize_t arena_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct kvt_space *space = to_kvt_space(dev);
	unsigned int i;

	for (i = 0; i < KVT_MAX_ARENAS; i++) {
		struct arena_dir *dir = space->arenas[i].sysfs;

		if (dir && attr >= dir->attrs && attr < dir->attrs + ARENA_FIELDS)
			return arena_field_show(&space->arenas[i],
						attr - dir->attrs, buf);
	}
	return -ENODEV;
}

/* The arena is in use already: it does without if its directory cannot be had. */
void kvt_sysfs_arena_add(struct kvt_arena *a)
{
	struct arena_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	unsigned int i;

	if (!dir)
		return;
	snprintf(dir->name, sizeof(dir->name), "arena%u", a->index);
	for (i = 0; i < ARENA_FIELDS; i++) {
		sysfs_attr_init(&dir->attrs[i].attr);
		dir->attrs[i].attr.name = arena_names[i];
		dir->attrs[i].attr.mode = 0444;
		dir->attrs[i].show = arena_show;
		dir->list[i] = &dir->attrs[i].attr;
	}
	dir->group.name = dir->name;
	dir->group.attrs = dir->list;
	a->sysfs = dir;
	if (sysfs_create_group(&a->space->dev.kobj, &dir->group)) {
		pr_warn("kvtier: %s: no directory for %s\n",
			dev_name(&a->space->dev), dir->name);
		a->sysfs = NULL;
		kfree(dir);
	}
}

void kvt_sysfs_arena_remove(struct kvt_arena *a)
{
	struct arena_dir *dir = a->sysfs;

	if (!dir)
		return;
	sysfs_remove_group(&a->space->dev.kobj, &dir->group);
	a->sysfs = NULL;
	kfree(dir);
}
