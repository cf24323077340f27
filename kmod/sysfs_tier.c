// SPDX-License-Identifier: GPL-2.0
/* /sys/class/kvtier_tier: see Documentation/ABI/testing/sysfs-class-kvtier. */
#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sysfs.h>

#include "nvme.h"
#include "remote.h"
#include "sysfs.h"
#include "tier_mem.h"

static const char *const kind_names[] = {
	[KVT_TIER_DRAM]	= "dram",
	[KVT_TIER_CXL]	= "cxl",
	[KVT_TIER_NVME]	= "nvme",
	[KVT_TIER_REMOTE]	= "remote",
};

static ssize_t kind_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n", kind_names[to_kvt_tier(dev)->kind]);
}
static DEVICE_ATTR_RO(kind);

/* ------------------------------------------------------------- memory tiers */

static ssize_t node_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%d\n", to_kvt_tier(dev)->node);
}
static DEVICE_ATTR_RO(node);

/* One number out of a memory tier's counts, in bytes. */
#define MEM_BYTES(name, expr)						\
static ssize_t mem_##name##_show(struct device *dev,			\
				 struct device_attribute *attr,		\
				 char *buf)				\
{									\
	struct kvt_mem_tier *mem = to_kvt_mem_tier(to_kvt_tier(dev));	\
	u64 nr;								\
									\
	spin_lock(&mem->lock);						\
	nr = expr;							\
	spin_unlock(&mem->lock);					\
	return sysfs_emit(buf, "%llu\n", nr << KVT_CHUNK_SHIFT);	\
}									\
static struct device_attribute mem_##name =				\
	__ATTR(name, 0444, mem_##name##_show, NULL)

MEM_BYTES(size, mem->nr_used + mem->nr_free + mem->nr_limbo +
		mem->nr_retired);
MEM_BYTES(used, mem->nr_used);
MEM_BYTES(free, mem->nr_free);
MEM_BYTES(limbo, mem->nr_limbo);
MEM_BYTES(retired, mem->nr_retired);
MEM_BYTES(huge, mem->nr_huge);

static struct attribute *mem_attrs[] = {
	&dev_attr_kind.attr,
	&dev_attr_node.attr,
	&mem_size.attr,
	&mem_used.attr,
	&mem_free.attr,
	&mem_limbo.attr,
	&mem_retired.attr,
	&mem_huge.attr,
	NULL
};

static const struct attribute_group mem_group = {
	.attrs = mem_attrs,
};

const struct attribute_group *kvt_mem_tier_groups[] = {
	&mem_group,
	NULL
};

/* --------------------------------------------------------------- nvme tiers */

static struct kvt_nvme *nvme_of(struct device *dev)
{
	return to_kvt_nvme(to_kvt_tier(dev));
}

#define NVME_NUMBER(name, expr)						\
static ssize_t nvme_##name##_show(struct device *dev,			\
				  struct device_attribute *attr,	\
				  char *buf)				\
{									\
	struct kvt_nvme *nvme = nvme_of(dev);				\
	u64 nr;								\
									\
	spin_lock(&nvme->lock);						\
	nr = expr;							\
	spin_unlock(&nvme->lock);					\
	return sysfs_emit(buf, "%llu\n", nr);				\
}									\
static struct device_attribute nvme_##name =				\
	__ATTR(name, 0444, nvme_##name##_show, NULL)

NVME_NUMBER(size, nvme->nr_segments * nvme->segment_bytes);
NVME_NUMBER(used, (nvme->nr_segments - nvme->nr_free - nvme->nr_found -
		   nvme->nr_lost) * nvme->segment_bytes);
NVME_NUMBER(free, nvme->nr_free * nvme->segment_bytes);
NVME_NUMBER(found, nvme->nr_found * nvme->segment_bytes);
NVME_NUMBER(segment_size, nvme->segment_bytes);
NVME_NUMBER(devices, nvme->nr_devices);
NVME_NUMBER(recovering, atomic_read(&nvme->recovering));

#define NVME_COUNT(name) NVME_NUMBER(name, atomic64_read(&nvme->name));
KVT_NVME_COUNTS(NVME_COUNT)

static ssize_t grade_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", nvme_of(dev)->grade == KVT_LOG_FAST ?
			  "fast" : "bulk");
}
static DEVICE_ATTR_RO(grade);

static bool has_failed(struct kvt_nvme *nvme)
{
	unsigned int i;

	for (i = 0; i < nvme->nr_devices; i++)
		if (READ_ONCE(nvme->devices[i].failed))
			return true;
	return READ_ONCE(nvme->is_stopped);
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", has_failed(nvme_of(dev)) ?
			  "failed" : "ok");
}
static DEVICE_ATTR_RO(state);

static ssize_t write_amplification_show(struct device *dev,
					struct device_attribute *attr,
					char *buf)
{
	u64 all = atomic64_read(&nvme_of(dev)->bytes_written);
	u64 blocks = atomic64_read(&nvme_of(dev)->block_bytes_written) >> 12;

	/* In pages, so that it takes 2^66 bytes to overflow. */
	return sysfs_emit(buf, "%llu\n", blocks ?
			  div64_u64((all >> 12) * 1000, blocks) : 0);
}
static DEVICE_ATTR_RO(write_amplification);

static ssize_t write_budget_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  READ_ONCE(nvme_of(dev)->budget.per_day));
}

static ssize_t write_budget_store(struct device *dev,
				  struct device_attribute *attr,
				  const char *buf, size_t len)
{
	struct kvt_nvme *nvme = nvme_of(dev);
	u64 val;
	int err;

	err = kstrtou64(buf, 0, &val);
	if (err)
		return err;
	if (val && (val < KVT_BUDGET_MIN || val > KVT_BUDGET_MAX))
		return -EINVAL;
	spin_lock(&nvme->lock);
	kvt_budget_set(&nvme->budget, ktime_get_ns(), val);
	spin_unlock(&nvme->lock);
	return len;
}
static DEVICE_ATTR_RW(write_budget);

static ssize_t budget_left_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	struct kvt_nvme *nvme = nvme_of(dev);
	u64 left;

	spin_lock(&nvme->lock);
	left = kvt_budget_left(&nvme->budget, ktime_get_ns());
	spin_unlock(&nvme->lock);
	return sysfs_emit(buf, "%llu\n", left);
}
static DEVICE_ATTR_RO(budget_left);

static const char *const admission_names[] = {
	[KVT_ADMIT_ALL]		= "all",
	[KVT_ADMIT_SECOND]	= "second",
	[KVT_ADMIT_CLASS]	= "class",
};

static ssize_t admission_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	u32 now = READ_ONCE(nvme_of(dev)->knobs.admission), i;
	ssize_t len = 0;

	for (i = 0; i < ARRAY_SIZE(admission_names); i++)
		len += sysfs_emit_at(buf, len, i == now ? "%s[%s]" : "%s%s",
				     i ? " " : "", admission_names[i]);
	return len + sysfs_emit_at(buf, len, "\n");
}

static ssize_t admission_store(struct device *dev,
			       struct device_attribute *attr, const char *buf,
			       size_t len)
{
	int which = sysfs_match_string(admission_names, buf);

	if (which < 0)
		return which;
	WRITE_ONCE(nvme_of(dev)->knobs.admission, which);
	return len;
}
static DEVICE_ATTR_RW(admission);

/**
 * struct nvme_knob - a number that an operator may set
 * @attr: the attribute
 * @offset: of the u32 in struct kvt_nvme_knobs
 * @max: greatest value; the least is 0
 */
struct nvme_knob {
	struct device_attribute attr;
	size_t offset;
	u32 max;
};

static u32 *knob_word(struct device *dev, const struct nvme_knob *k)
{
	return (void *)&nvme_of(dev)->knobs + k->offset;
}

static ssize_t knob_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct nvme_knob *k = container_of(attr, struct nvme_knob, attr);

	return sysfs_emit(buf, "%u\n", READ_ONCE(*knob_word(dev, k)));
}

static ssize_t knob_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t len)
{
	struct nvme_knob *k = container_of(attr, struct nvme_knob, attr);
	u32 val;
	int err;

	err = kstrtou32(buf, 0, &val);
	if (err)
		return err;
	if (val > k->max)
		return -EINVAL;
	WRITE_ONCE(*knob_word(dev, k), val);
	return len;
}

static ssize_t mask_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct nvme_knob *k = container_of(attr, struct nvme_knob, attr);

	return sysfs_emit(buf, "0x%04x\n", READ_ONCE(*knob_word(dev, k)));
}

#define NVME_KNOB(name, show, greatest)					\
static struct nvme_knob knob_##name = {					\
	.attr = __ATTR(name, 0644, show, knob_store),			\
	.offset = offsetof(struct kvt_nvme_knobs, name),		\
	.max = (greatest),						\
}

NVME_KNOB(admit_classes, mask_show, 0xffff);
NVME_KNOB(carry_over, knob_show, 1000);
NVME_KNOB(flush_ms, knob_show, 3600000);
NVME_KNOB(verify, knob_show, 1000);

static struct attribute *nvme_attrs[] = {
	&dev_attr_kind.attr,
	&dev_attr_grade.attr,
	&dev_attr_state.attr,
	&nvme_size.attr,
	&nvme_used.attr,
	&nvme_free.attr,
	&nvme_found.attr,
	&nvme_segment_size.attr,
	&nvme_devices.attr,
	&nvme_recovering.attr,
	&nvme_bytes_written.attr,
	&nvme_block_bytes_written.attr,
	&nvme_bytes_read.attr,
	&dev_attr_write_amplification.attr,
	&nvme_io_errors.attr,
	&nvme_crc_errors.attr,
	&nvme_bad_records.attr,
	&dev_attr_budget_left.attr,
	&dev_attr_admission.attr,
	&knob_admit_classes.attr.attr,
	&dev_attr_write_budget.attr,
	&knob_carry_over.attr.attr,
	&knob_flush_ms.attr.attr,
	&knob_verify.attr.attr,
	NULL
};

static const struct attribute_group nvme_group = {
	.attrs = nvme_attrs,
};

const struct attribute_group *kvt_nvme_groups[] = {
	&nvme_group,
	NULL
};

/* ------------------------------------------------------------- remote tiers */

#define REMOTE_NUMBER(name, expr)					\
static ssize_t remote_##name##_show(struct device *dev,			\
				    struct device_attribute *attr,	\
				    char *buf)				\
{									\
	struct kvt_remote *remote = to_kvt_remote(to_kvt_tier(dev));	\
	u64 nr;								\
									\
	spin_lock(&remote->lock);					\
	nr = expr;							\
	spin_unlock(&remote->lock);					\
	return sysfs_emit(buf, "%llu\n", nr);				\
}									\
static struct device_attribute remote_##name =				\
	__ATTR(name, 0444, remote_##name##_show, NULL)

REMOTE_NUMBER(helper, !!remote->helper);
REMOTE_NUMBER(in_flight, remote->in_flight);

#define REMOTE_COUNT(name) REMOTE_NUMBER(name, remote->name);
KVT_REMOTE_COUNTS(REMOTE_COUNT)

static struct attribute *remote_attrs[] = {
	&dev_attr_kind.attr,
	&remote_helper.attr,
	&remote_in_flight.attr,
	&remote_requests.attr,
	&remote_timeouts.attr,
	&remote_helper_lost.attr,
	NULL
};

static const struct attribute_group remote_group = {
	.attrs = remote_attrs,
};

const struct attribute_group *kvt_remote_groups[] = {
	&remote_group,
	NULL
};
