// SPDX-License-Identifier: GPL-2.0
/* /sys/class/kvtier/<space>/class<N>: see Documentation/ABI/testing/. */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "space.h"
#include "sysfs.h"

/**
 * struct class_attr - an attribute of one retention class
 * @attr: the attribute
 * @class_id: the class
 */
struct class_attr {
	struct device_attribute attr;
	unsigned int class_id;
};

static unsigned int class_of(struct device_attribute *attr)
{
	return container_of(attr, struct class_attr, attr)->class_id;
}

static struct kvt_class *find_class(struct device *dev,
				    struct device_attribute *attr)
{
	return &to_kvt_space(dev)->retain.classes[class_of(attr)];
}

static ssize_t ttl_s_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(find_class(dev, attr)->ttl_s));
}

static ssize_t ttl_s_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t len)
{
	u32 ttl_s;
	int err = kstrtou32(buf, 0, &ttl_s);

	if (err)
		return err;
	kvt_retain_set_ttl(to_kvt_space(dev), class_of(attr), ttl_s);
	return len;
}

static ssize_t priority_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  READ_ONCE(find_class(dev, attr)->priority));
}

static ssize_t priority_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t len)
{
	u32 priority;
	int err = kstrtou32(buf, 0, &priority);

	if (err)
		return err;
	if (priority > KVT_PRIORITY_MAX)
		return -EINVAL;
	WRITE_ONCE(find_class(dev, attr)->priority, priority);
	return len;
}

static const char *const floor_names[] = {
	[KVT_TIER_DRAM]		= "dram",
	[KVT_TIER_CXL]		= "cxl",
	[KVT_TIER_NVME]		= "nvme",
	[KVT_TIER_REMOTE]	= "remote",
};

static ssize_t floor_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	u32 floor = READ_ONCE(find_class(dev, attr)->floor);

	return sysfs_emit(buf, "%s\n", floor_names[floor]);
}

static ssize_t floor_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t len)
{
	int floor = sysfs_match_string(floor_names, buf);

	if (floor < 0)
		return floor;
	WRITE_ONCE(find_class(dev, attr)->floor, floor);
	return len;
}

#define CLASS_ATTR(_name, _class)					\
static struct class_attr class##_class##_##_name = {			\
	.attr = __ATTR(_name, 0644, _name##_show, _name##_store),	\
	.class_id = (_class),						\
}

#define RETENTION_CLASS(_class)						\
	CLASS_ATTR(ttl_s, _class);					\
	CLASS_ATTR(priority, _class);					\
	CLASS_ATTR(floor, _class);					\
static struct attribute *class##_class##_attrs[] = {			\
	&class##_class##_ttl_s.attr.attr,				\
	&class##_class##_priority.attr.attr,				\
	&class##_class##_floor.attr.attr,				\
	NULL								\
};									\
static const struct attribute_group class##_class##_group = {		\
	.name = "class" #_class,					\
	.attrs = class##_class##_attrs,					\
}

RETENTION_CLASS(0);
RETENTION_CLASS(1);
RETENTION_CLASS(2);
RETENTION_CLASS(3);
RETENTION_CLASS(4);
RETENTION_CLASS(5);
RETENTION_CLASS(6);
RETENTION_CLASS(7);
RETENTION_CLASS(8);
RETENTION_CLASS(9);
RETENTION_CLASS(10);
RETENTION_CLASS(11);
RETENTION_CLASS(12);
RETENTION_CLASS(13);
RETENTION_CLASS(14);
RETENTION_CLASS(15);

const struct attribute_group *kvt_class_groups[] = {
	&class0_group, &class1_group, &class2_group, &class3_group,
	&class4_group, &class5_group, &class6_group, &class7_group,
	&class8_group, &class9_group, &class10_group, &class11_group,
	&class12_group, &class13_group, &class14_group, &class15_group,
	NULL
};

static_assert(ARRAY_SIZE(kvt_class_groups) == KVT_MAX_CLASS + 2);
