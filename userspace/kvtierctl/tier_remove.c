// SPDX-License-Identifier: GPL-2.0
/*
 * Removing an nvme tier takes as long as it takes to write the blocks that are
 * only in memory. The kernel does that in one call; a thread tells meanwhile how
 * far it has come, as sysfs shows it.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "device.h"
#include "info.h"
#include "out.h"
#include "progress.h"
#include "say.h"
#include "size.h"
#include "sysfs.h"

#define STEP_NS	200000000	/* from look to look */

/* A removal under way; @done and what waits for it. */
struct removal {
	const char *tier;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool done;
};

/* Blocks of a space that no nvme tier has. Where several have the same: about. */
static int64_t only_in_memory(const char *name)
{
	json_object *space = info_space(name), *arenas;
	int64_t left;
	size_t i;

	if (!space)
		return 0;
	left = get_int(space, "blocks");
	json_object_object_get_ex(space, "arenas", &arenas);
	for (i = 0; i < json_object_array_length(arenas); i++) {
		json_object *arena = json_object_array_get_idx(arenas, i);

		if (info_is_nvme(arena))
			left -= get_int(arena, "blocks");
	}
	json_object_put(space);
	return left > 0 ? left : 0;
}

static int64_t blocks_left(const char *name)
{
	json_object *tier = info_tier(name), *spaces;
	int64_t left = 0;
	size_t i;

	if (!tier)
		return 0;
	json_object_object_get_ex(tier, "spaces", &spaces);
	for (i = 0; i < json_object_array_length(spaces); i++)
		left += only_in_memory(get_text(json_object_array_get_idx(spaces, i),
						"name"));
	json_object_put(tier);
	return left;
}

/* Returns whether the removal has ended. */
static bool sleep_a_step(struct removal *removal)
{
	struct timespec until;
	bool done;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += STEP_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&removal->lock);
	if (!removal->done)
		pthread_cond_timedwait(&removal->ended, &removal->lock, &until);
	done = removal->done;
	pthread_mutex_unlock(&removal->lock);
	return done;
}

static void *watch(void *arg)
{
	struct removal *removal = arg;

	while (!sleep_a_step(removal))
		progress_show("tier %s: %lld blocks are in memory only; writing them",
			      removal->tier, (long long)blocks_left(removal->tier));
	progress_end();
	return NULL;
}

static int remove_watched(int ctl, const char *name)
{
	struct removal removal = {
		.tier = name,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.ended = PTHREAD_COND_INITIALIZER,
	};
	pthread_t thread;
	int ret;

	if (!progress_wanted() || pthread_create(&thread, NULL, watch, &removal))
		return kvt_ctl_tier_remove(ctl, name);
	ret = kvt_ctl_tier_remove(ctl, name);
	pthread_mutex_lock(&removal.lock);
	removal.done = true;
	pthread_cond_signal(&removal.ended);
	pthread_mutex_unlock(&removal.lock);
	pthread_join(thread, NULL);
	return ret;
}

static bool is_kind(const char *name, const char *what)
{
	char kind[SYSFS_TEXT];

	return !sysfs_text(kind, SYSFS_TIERS "/%s/kind", name) && !strcmp(kind, what);
}

static int explain_busy(const char *name)
{
	uint64_t used = 0, limbo = 0;
	char text[SIZE_TEXT];

	if (is_kind(name, "nvme"))
		return cannot(CTL_FAILED, "reads or writes of a device of it do not end; see dmesg, and try again when the device answers or is gone");
	if (is_kind(name, "remote"))
		return cannot(CTL_FAILED, "a space uses it (kvtierctl space set SPACE remote=none), or it has a helper (stop kvtierd); see: kvtierctl tier show %s",
			      name);
	sysfs_number(&used, SYSFS_TIERS "/%s/used", name);
	sysfs_number(&limbo, SYSFS_TIERS "/%s/limbo", name);
	if (used)
		return cannot(CTL_FAILED, "spaces have %s of it; delete them, or take it away from each with: kvtierctl space resize SPACE --quota %s=0",
			      size_text(used, text), name);
	if (limbo)
		return cannot(CTL_FAILED, "%s of it are still mapped, or in use by a device; end the processes that used deleted spaces, then try again",
			      size_text(limbo, text));
	return cannot_call(KVT_CALL_TIER_REMOVE, -EBUSY);
}

int tier_remove(const struct command *cmd, int argc, char **argv)
{
	struct opt opts[] = { {} };
	const char *name;
	int ctl, code, ret;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	code = operand(cmd, "tier", arg_name, argv[0], &name);
	if (code)
		return code;
	doing("remove tier \"%s\"", name);
	code = control_open(&ctl);
	if (code)
		return code;
	ret = is_kind(name, "nvme") ? remove_watched(ctl, name) : kvt_ctl_tier_remove(ctl, name);
	close(ctl);
	if (ret == -ENOENT)
		return no_tier(name);
	if (ret == -EBUSY)
		return explain_busy(name);
	return ret ? cannot_call(KVT_CALL_TIER_REMOVE, ret) : CTL_OK;
}
