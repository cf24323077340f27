// SPDX-License-Identifier: GPL-2.0
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "info.h"
#include "kvtier.h"
#include "out.h"
#include "paths.h"
#include "sysfs.h"

#define DIR_TEXT	128	/* bytes of a path below /sys/class */

static const char * const memory_attributes[] = {
	"kind", "node", "size", "used", "free", "limbo", "retired", "huge", NULL
};

static const char * const nvme_attributes[] = {
	"kind", "grade", "state", "devices", "segment_size", "size", "used", "free",
	"found", "recovering", "write_amplification", "budget_left", NULL
};

static const char * const nvme_counters[] = {
	"bytes_read", "bytes_written", "block_bytes_written", "io_errors",
	"crc_errors", "bad_records", NULL
};

static const char * const nvme_knobs[] = {
	"admit_classes", "write_budget", "carry_over", "flush_ms", "verify", NULL
};

static const char * const nvme_choices[] = { "admission", NULL };

static const char * const remote_attributes[] = {
	"kind", "helper", "in_flight", "requests", "timeouts", "helper_lost", NULL
};

static const char * const gauges[] = {
	"blocks", "filling", "leases", "dropped_held", "quarantined",
	"descriptors", "metadata_bytes", "openers", NULL
};

static const char * const knobs[] = {
	"default_class", "low_watermark", "high_watermark", "lease_quota",
	"fill_timeout_ms", "quarantine_ms", "verify", "remote_rate",
	"remote_timeout_ms", NULL
};

static const char * const class_attributes[] = { "ttl_s", "priority", "floor", NULL };

static const char * const choices[] = {
	"promote", "checksum", "remote", "remote_write", "policy", NULL
};

static const char * const arena_attributes[] = {
	"tier", "frames", "free", "blocks", "bytes", NULL
};

static void add_all(json_object *to, const char *dir, const char * const *attributes)
{
	for (; *attributes; attributes++)
		sysfs_add(to, dir, *attributes);
}

/* Of "lru [leaf]" the word in brackets counts; "free" stands for itself. */
static void add_choice(json_object *to, const char *dir, const char *attribute)
{
	char text[SYSFS_TEXT], *begin;

	if (sysfs_text(text, "%s/%s", dir, attribute))
		return;
	begin = strchr(text, '[');
	if (begin) {
		begin++;
		begin[strcspn(begin, "]")] = 0;
	}
	put_text(to, attribute, begin ? begin : text);
}

static json_object *read_knobs(const char *dir, const char * const *numbers,
			       const char * const *words)
{
	json_object *object = json_object_new_object();

	add_all(object, dir, numbers);
	for (; *words; words++)
		add_choice(object, dir, *words);
	return object;
}

/* --- tiers ------------------------------------------------------------ */

/* What one space has on a tier. */
static json_object *read_share(const char *space, const char *tier)
{
	char dir[DIR_TEXT], text[SYSFS_TEXT];
	json_object *share;
	int i;

	for (i = 0; i < KVT_MAX_ARENAS; i++) {
		snprintf(dir, sizeof(dir), SYSFS_SPACES "/%s/arena%d", space, i);
		if (sysfs_text(text, "%s/tier", dir) || strcmp(text, tier))
			continue;
		share = json_object_new_object();
		put_text(share, "name", space);
		sysfs_add(share, dir, "bytes");
		sysfs_add(share, dir, "blocks");
		return share;
	}
	return NULL;
}

static void add_shares(json_object *tier, const char *name)
{
	json_object *shares = json_object_new_array(), *share;
	int64_t blocks = 0;
	char **names;
	int i, nr = sysfs_list(SYSFS_SPACES, &names);

	for (i = 0; i < nr; i++) {
		share = read_share(names[i], name);
		if (!share)
			continue;
		blocks += get_int(share, "blocks");
		json_object_array_add(shares, share);
	}
	if (nr >= 0)
		sysfs_free(names, nr);
	put_int(tier, "blocks", blocks);
	json_object_object_add(tier, "spaces", shares);
}

/* A space has nothing on a remote tier that this host would know of. */
static void add_users(json_object *tier, const char *name)
{
	json_object *users = json_object_new_array(), *user;
	char text[SYSFS_TEXT], dir[DIR_TEXT], **names;
	int i, nr = sysfs_list(SYSFS_SPACES, &names);

	for (i = 0; i < nr; i++) {
		snprintf(dir, sizeof(dir), SYSFS_SPACES "/%s", names[i]);
		if (sysfs_text(text, "%s/remote", dir) || strcmp(text, name))
			continue;
		user = json_object_new_object();
		put_text(user, "name", names[i]);
		add_choice(user, dir, "remote_write");
		json_object_array_add(users, user);
	}
	if (nr >= 0)
		sysfs_free(names, nr);
	json_object_object_add(tier, "spaces", users);
}

static void add_nvme(json_object *tier, const char *dir)
{
	json_object *stats = json_object_new_object();

	add_all(tier, dir, nvme_attributes);
	add_all(stats, dir, nvme_counters);
	json_object_object_add(tier, "stats", stats);
	json_object_object_add(tier, "knobs", read_knobs(dir, nvme_knobs, nvme_choices));
}

json_object *info_tier(const char *name)
{
	json_object *tier = json_object_new_object();
	char dir[DIR_TEXT], kind[SYSFS_TEXT] = "";

	put_text(tier, "name", name);
	snprintf(dir, sizeof(dir), SYSFS_TIERS "/%s", name);
	sysfs_text(kind, "%s/kind", dir);
	if (!strcmp(kind, "nvme"))
		add_nvme(tier, dir);
	else
		add_all(tier, dir, strcmp(kind, "remote") ? memory_attributes :
						       remote_attributes);
	if (strcmp(kind, "remote"))
		add_shares(tier, name);
	else
		add_users(tier, name);
	/* It may have been removed meanwhile. */
	if (!sysfs_text(kind, "%s/kind", dir))
		return tier;
	json_object_put(tier);
	return NULL;
}

bool info_is_nvme(json_object *object)
{
	return !strcmp(get_text(object, "kind"), "nvme");
}

bool info_is_remote(json_object *object)
{
	return !strcmp(get_text(object, "kind"), "remote");
}

/* --- spaces ----------------------------------------------------------- */

/* All there are: a newer module may count more. */
static json_object *read_stats(const char *dir)
{
	json_object *object = json_object_new_object();
	char sub[DIR_TEXT + 32], **names;
	int i, nr;

	snprintf(sub, sizeof(sub), "%s/stats", dir);
	nr = sysfs_list(sub, &names);
	if (nr < 0)
		return object;
	for (i = 0; i < nr; i++)
		sysfs_add(object, sub, names[i]);
	sysfs_free(names, nr);
	return object;
}

/* Of the tier that it lies on. On nvme there are no frames. */
static void add_kind(json_object *arena)
{
	char kind[SYSFS_TEXT];

	if (sysfs_text(kind, SYSFS_TIERS "/%s/kind", get_text(arena, "tier")))
		return;
	put_text(arena, "kind", kind);
	if (strcmp(kind, "nvme"))
		return;
	json_object_object_del(arena, "frames");
	json_object_object_del(arena, "free");
}

static json_object *read_retention(const char *dir)
{
	json_object *classes = json_object_new_array();
	char sub[DIR_TEXT + 32];
	unsigned int i;

	for (i = 0; i <= KVT_MAX_CLASS; i++) {
		json_object *class = json_object_new_object();

		put_int(class, "class", i);
		snprintf(sub, sizeof(sub), "%s/class%u", dir, i);
		add_all(class, sub, class_attributes);
		if (json_object_object_get_ex(class, "ttl_s", NULL))
			json_object_array_add(classes, class);
		else
			json_object_put(class);
	}
	return classes;
}

static json_object *read_arenas(const char *dir)
{
	json_object *arenas = json_object_new_array();
	char sub[DIR_TEXT + 32];
	int i;

	for (i = 0; i < KVT_MAX_ARENAS; i++) {
		json_object *arena = json_object_new_object();

		put_int(arena, "arena", i);
		snprintf(sub, sizeof(sub), "%s/arena%d", dir, i);
		add_all(arena, sub, arena_attributes);
		add_kind(arena);
		if (*get_text(arena, "tier"))
			json_object_array_add(arenas, arena);
		else
			json_object_put(arena);
	}
	return arenas;
}

/* Over the arenas on nvme, or the others. */
static void add_sum(json_object *to, const char *field, json_object *arenas,
		    const char *of, bool nvme)
{
	size_t i, nr = json_object_array_length(arenas);
	int64_t sum = 0;

	for (i = 0; i < nr; i++) {
		json_object *arena = json_object_array_get_idx(arenas, i);

		if (info_is_nvme(arena) == nvme)
			sum += get_int(arena, of);
	}
	put_int(to, field, sum);
}

static void add_node(json_object *space, const char *name)
{
	const struct passwd *user;
	const struct group *group;
	char path[PATH_MAX], mode[8];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", PATH_SPACES, name);
	put_text(space, "device", path);
	if (stat(path, &st))
		return;
	user = getpwuid(st.st_uid);
	group = getgrgid(st.st_gid);
	snprintf(mode, sizeof(mode), "%04o", st.st_mode & 07777);
	put_text(space, "mode", mode);
	put_int(space, "uid", st.st_uid);
	put_int(space, "gid", st.st_gid);
	put_text(space, "user", user ? user->pw_name : NULL);
	put_text(space, "group", group ? group->gr_name : NULL);
}

/* Sixty-four zeros would pass for a number in sysfs_add(). */
static void add_identity(json_object *space, const char *dir)
{
	char text[SYSFS_TEXT];

	if (!sysfs_text(text, "%s/identity", dir))
		put_text(space, "identity", text);
}

json_object *info_space(const char *name)
{
	json_object *space = json_object_new_object();
	json_object *arenas;
	char dir[DIR_TEXT];

	put_text(space, "name", name);
	snprintf(dir, sizeof(dir), SYSFS_SPACES "/%s", name);
	add_node(space, name);
	sysfs_add(space, dir, "block_size");
	add_identity(space, dir);
	arenas = read_arenas(dir);
	add_sum(space, "bytes", arenas, "bytes", false);
	add_sum(space, "nvme_bytes", arenas, "bytes", true);
	add_sum(space, "frames", arenas, "frames", false);
	add_sum(space, "free_frames", arenas, "free", false);
	json_object_object_add(space, "arenas", arenas);
	json_object_object_add(space, "knobs", read_knobs(dir, knobs, choices));
	json_object_object_add(space, "classes", read_retention(dir));
	json_object_object_add(space, "stats", read_stats(dir));
	add_all(space, dir, gauges);
	/* The last attribute is absent if it was removed meanwhile. */
	if (json_object_object_get_ex(space, "openers", NULL))
		return space;
	json_object_put(space);
	return NULL;
}

static json_object *read_class(const char *class, json_object *(*read)(const char *))
{
	json_object *array = json_object_new_array();
	int i, nr;
	char **names;

	nr = sysfs_list(class, &names);
	for (i = 0; i < nr; i++) {
		json_object *object = read(names[i]);

		if (object)
			json_object_array_add(array, object);
	}
	if (nr >= 0)
		sysfs_free(names, nr);
	return array;
}

json_object *info_tiers(void)
{
	return read_class(SYSFS_TIERS, info_tier);
}

json_object *info_spaces(void)
{
	return read_class(SYSFS_SPACES, info_space);
}

json_object *info_arena(json_object *space, const char *tier)
{
	json_object *arenas = NULL;
	size_t i;

	json_object_object_get_ex(space, "arenas", &arenas);
	for (i = 0; arenas && i < json_object_array_length(arenas); i++) {
		json_object *arena = json_object_array_get_idx(arenas, i);

		if (!strcmp(get_text(arena, "tier"), tier))
			return arena;
	}
	return NULL;
}
