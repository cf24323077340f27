// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "nvme_add.h"
#include "say.h"
#include "sysfs.h"

#define MAX_NAMES	64	/* that are tried */

const char *arg_device(const char *text, void *to)
{
	struct kvt_nvme_add *add = to;

	if (!*text)
		return "an empty path";
	if (strlen(text) >= KVT_PATH_SIZE)
		return "a path of more than 255 characters";
	if (add->nr_devices == KVT_MAX_DEVICES)
		return "a tier has at most 8 devices";
	strcpy((char *)add->devices[add->nr_devices++], text);
	return NULL;
}

const char *arg_grade(const char *text, void *to)
{
	if (strcmp(text, "fast") && strcmp(text, "bulk"))
		return "a class of nvme tiers is fast or bulk";
	*(const char **)to = text;
	return NULL;
}

static const char *path_of(const struct kvt_nvme_add *add, unsigned int i)
{
	return (const char *)add->devices[i];
}

/* The kernel would only say that somebody has it open. */
static int check_twice(const struct kvt_nvme_add *add)
{
	dev_t seen[KVT_MAX_DEVICES] = {};
	unsigned int i, j;
	struct stat st;

	for (i = 0; i < add->nr_devices; i++) {
		if (!stat(path_of(add, i), &st) && S_ISBLK(st.st_mode))
			seen[i] = st.st_rdev;
		for (j = 0; j < i; j++)
			if (seen[i] && seen[i] == seen[j])
				return cannot(CTL_FAILED, "%s and %s are the same device",
					      path_of(add, j), path_of(add, i));
	}
	return CTL_OK;
}

static int explain(const struct kvt_nvme_add *add, int error)
{
	const char *path = kvt_nvme_bad(add, error);

	if (error == -EEXIST)
		return cannot(CTL_FAILED, "a tier of this name exists; see: kvtierctl tier list");
	if (!path)
		return cannot_call(KVT_CALL_NVME_ADD, error);
	if (error == -EREMOTE)
		return cannot(CTL_FAILED, "%s: another host has it attached, or went down without detaching it; only if that host certainly does not use it any more, add --take-over",
			      path);
	return cannot_use(path, KVT_CALL_NVME_ADD, error);
}

static int add_as(int ctl, struct nvme_wanted *wanted, const char *name)
{
	doing("add tier \"%s\"", name);
	memset(wanted->add.name, 0, sizeof(wanted->add.name));
	strcpy((char *)wanted->add.name, name);
	return kvt_ctl_nvme_add(ctl, &wanted->add);
}

/* A name may be taken between the look and the call: then the next one. */
static int add_as_any(int ctl, struct nvme_wanted *wanted, char name[KVT_NAME_SIZE])
{
	char kind[SYSFS_TEXT];
	int i, ret = -EEXIST;

	for (i = 0; i < MAX_NAMES && ret == -EEXIST; i++) {
		snprintf(name, KVT_NAME_SIZE, "nvme%d", i);
		if (sysfs_text(kind, SYSFS_TIERS "/%s/kind", name))
			ret = add_as(ctl, wanted, name);
	}
	return ret;
}

/* What the devices are was written when they were formatted. */
static int check_grade(int ctl, const char *name, const char *grade)
{
	char is[SYSFS_TEXT];

	if (!grade || sysfs_text(is, SYSFS_TIERS "/%s/grade", name) || !strcmp(is, grade))
		return CTL_OK;
	kvt_ctl_tier_remove(ctl, name);
	return cannot(CTL_FAILED, "its devices were formatted as class %s, not %s: leave --class out; to change it, format them anew (kvtierctl tier format), which loses what is on them",
		      is, grade);
}

static int add(int ctl, struct nvme_wanted *wanted)
{
	char chosen[KVT_NAME_SIZE];
	int code, ret = kvt_host_id(wanted->add.host);

	if (ret)
		return cannot(CTL_FAILED, "%s", kvt_strerror(KVT_CALL_HOST_ID, ret));
	if (wanted->name)
		ret = add_as(ctl, wanted, wanted->name);
	else
		ret = add_as_any(ctl, wanted, chosen);
	if (ret)
		return explain(&wanted->add, ret);
	code = check_grade(ctl, wanted->name ? wanted->name : chosen, wanted->grade);
	if (!code && !wanted->name)
		puts(chosen);
	return code;
}

int nvme_add(struct nvme_wanted *wanted)
{
	int ctl, code;

	doing("add tier \"%s\"", wanted->name ? wanted->name : "nvme");
	code = control_open(&ctl);
	if (code)
		return code;
	code = check_twice(&wanted->add);
	if (!code)
		code = add(ctl, wanted);
	close(ctl);
	return code;
}
