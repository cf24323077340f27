// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "../../kmod/log_codec.h"
#include "args.h"
#include "quota.h"
#include "say.h"
#include "size.h"
#include "sysfs.h"

static const char *split(const char *text, struct kvt_quota *quota)
{
	const char *equals = strchr(text, '=');
	char name[KVT_NAME_SIZE] = "";
	const char *ignored;

	if (!equals)
		return "not TIER=SIZE, as in dram0=2G";
	if (equals - text >= KVT_NAME_SIZE)
		return "a tier's name has at most 31 characters";
	memcpy(name, text, equals - text);
	memcpy(quota->tier, name, sizeof(name));
	return arg_name(name, &ignored);
}

/* 0 takes a tier away from a space, so it passes here. */
static const char *parse_bytes(const char *text, struct kvt_quota *quota)
{
	uint64_t bytes;
	const char *wrong = arg_size(text, &bytes);

	if (wrong)
		return wrong;
	if (bytes % TIER_GRAIN)
		return "not a multiple of 2M";
	quota->bytes = bytes;
	return NULL;
}

const char *arg_quota(const char *text, void *to)
{
	struct quotas *quotas = to;
	struct kvt_quota quota = {};
	const char *wrong;
	unsigned int i;

	wrong = split(text, &quota);
	if (!wrong)
		wrong = parse_bytes(strchr(text, '=') + 1, &quota);
	if (wrong)
		return wrong;
	for (i = 0; i < quotas->nr; i++)
		if (!memcmp(quotas->list[i].tier, quota.tier, KVT_NAME_SIZE))
			return "this tier was given already";
	if (quotas->nr == KVT_MAX_ARENAS)
		return "a space has at most 8 tiers";
	quotas->list[quotas->nr++] = quota;
	return NULL;
}

bool quota_more_than_free(const struct kvt_quota *quota, uint64_t more)
{
	uint64_t room;

	return !sysfs_number(&room, SYSFS_TIERS "/%s/free", quota->tier) &&
	       room < more;
}

int say_no_room(const struct kvt_quota *quota, uint64_t more)
{
	char has[SIZE_TEXT], asked[SIZE_TEXT];
	uint64_t room = 0;

	sysfs_number(&room, SYSFS_TIERS "/%s/free", quota->tier);
	size_text(room, has);
	size_text(more, asked);
	if (!strcmp(has, asked)) {
		size_exact(room, has);
		size_exact(more, asked);
	}
	return cannot(CTL_FAILED, "tier \"%s\" has only %s free (asked %s); see: kvtierctl tier list",
		      quota->tier, has, asked);
}

/* Bytes of a segment; 0 if the tier is not of nvme. */
static uint64_t segment_bytes(const struct kvt_quota *quota)
{
	uint64_t bytes;

	return sysfs_number(&bytes, SYSFS_TIERS "/%s/segment_size", quota->tier) ? 0 : bytes;
}

int say_nvme_misfit(const struct kvt_quota *quota, uint64_t block_size)
{
	uint64_t segment = segment_bytes(quota);
	char text[SIZE_TEXT], other[SIZE_TEXT];
	struct kvt_log_layout layout;

	if (!segment)
		return CTL_OK;
	if (quota->bytes < 2 * segment)
		return cannot(CTL_FAILED, "a quota of tier \"%s\" is at least two of its segments, %s (asked %s)",
			      quota->tier, size_exact(2 * segment, text),
			      size_exact(quota->bytes, other));
	if (kvt_log_layout(&layout, segment, block_size))
		return cannot(CTL_FAILED, "a segment of tier \"%s\" (%s) has no room for two blocks of %s; format its devices with longer ones (kvtierctl tier format --segment-size)",
			      quota->tier, size_exact(segment, text),
			      size_exact(block_size, other));
	return CTL_OK;
}
