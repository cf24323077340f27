// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <unistd.h>

#include "args.h"
#include "device.h"
#include "info.h"
#include "out.h"
#include "quota.h"
#include "say.h"
#include "size.h"
#include "sysfs.h"

/* Bytes that the space has on the tier now; 0 if it has no arena there. */
static uint64_t quota_now(json_object *space, const char *tier)
{
	json_object *arena = info_arena(space, tier);

	return arena ? get_int(arena, "bytes") : 0;
}

static int explain_absent(const char *name, const char *tier)
{
	uint64_t number;

	if (sysfs_number(&number, SYSFS_SPACES "/%s/block_size", name))
		return no_space(name);
	if (sysfs_number(&number, SYSFS_TIERS "/%s/size", tier))
		return no_tier(tier);
	return cannot(CTL_MISSING, "it has nothing on tier \"%s\"", tier);
}

static int explain_busy(const struct kvt_quota *quota, uint64_t now, uint64_t reached)
{
	char has[SIZE_TEXT], asked[SIZE_TEXT];

	return cannot(reached == now ? CTL_FAILED : CTL_PARTIAL,
		      "its quota on tier \"%s\" is now %s (asked %s): the blocks of the rest are leased, being filled or in quarantine; try again when they are given back",
		      quota->tier, size_exact(reached, has),
		      size_exact(quota->bytes, asked));
}

static int explain_invalid(const char *name, const struct kvt_quota *quota)
{
	const char *tier = (const char *)quota->tier;
	uint64_t block_size = 0;
	int code;

	if (!quota->bytes)
		return cannot(CTL_FAILED, "tier \"%s\" is the only one of memory it has left; delete the space instead",
			      tier);
	sysfs_number(&block_size, SYSFS_SPACES "/%s/block_size", name);
	code = say_nvme_misfit(quota, block_size);
	if (code)
		return code;
	return cannot(CTL_FAILED, "a quota of tier \"%s\" must hold at least one block, and a space has at most 8 tiers",
		      tier);
}

static int explain(const char *name, const struct kvt_quota *quota, uint64_t now,
		   uint64_t reached, int error)
{
	const char *tier = (const char *)quota->tier;

	switch (error) {
	case -ENOENT:
		return explain_absent(name, tier);
	case -EBUSY:
		return explain_busy(quota, now, reached);
	case -ENOSPC:
		if (quota->bytes > now && quota_more_than_free(quota, quota->bytes - now))
			return say_no_room(quota, quota->bytes - now);
		return cannot_call(KVT_CALL_SPACE_RESIZE, error);
	case -EINVAL:
		return explain_invalid(name, quota);
	default:
		return cannot_call(KVT_CALL_SPACE_RESIZE, error);
	}
}

static int resize_one(int ctl, const char *name, const struct kvt_quota *quota,
		      json_object *space)
{
	uint64_t now = quota_now(space, (const char *)quota->tier);
	uint64_t bytes = quota->bytes;
	int ret = kvt_ctl_space_resize(ctl, name, (const char *)quota->tier, &bytes);

	return ret ? explain(name, quota, now, bytes, ret) : CTL_OK;
}

/* Goes on after a failure: the quotas do not depend on each other. */
static int resize_all(int ctl, const char *name, const struct quotas *quotas,
		      json_object *space)
{
	int code, result = CTL_OK, done = 0;
	unsigned int i;

	for (i = 0; i < quotas->nr; i++) {
		code = resize_one(ctl, name, &quotas->list[i], space);
		if (!code || code == CTL_PARTIAL)
			done++;
		if (code)
			result = code;
	}
	return result && done ? CTL_PARTIAL : result;
}

int space_resize(const struct command *cmd, int argc, char **argv)
{
	struct quotas quotas = {};
	struct opt opts[] = {
		OPT("quota", arg_quota, &quotas, .required = true, .repeats = true),
		{}
	};
	const char *name;
	json_object *space;
	int ctl, code;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	code = operand(cmd, "space", arg_name, argv[0], &name);
	if (code)
		return code;
	doing("resize space \"%s\"", name);
	code = control_open(&ctl);
	if (code)
		return code;
	space = info_space(name);
	code = space ? resize_all(ctl, name, &quotas, space) : no_space(name);
	json_object_put(space);
	close(ctl);
	return code;
}
