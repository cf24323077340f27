/* SPDX-License-Identifier: GPL-2.0 */
/* Tiers and spaces as JSON objects, read from sysfs: no privilege is needed. */
#ifndef CTL_INFO_H
#define CTL_INFO_H

#include <json-c/json.h>
#include <stdbool.h>

/** info_tier() - one tier, or NULL if there is none of this name */
struct json_object *info_tier(const char *name);

/** info_space() - one space, or NULL if there is none of this name */
json_object *info_space(const char *name);

/** info_tiers() - an array of all tiers, by name */
json_object *info_tiers(void);

/** info_spaces() - an array of all spaces, by name */
json_object *info_spaces(void);

/** info_is_nvme() - is this tier of nvme, or this arena on it? */
bool info_is_nvme(json_object *object);

/** info_is_remote() - is this tier a remote one? */
bool info_is_remote(json_object *object);

/** info_arena() - the arena of a space (info_space()) on a tier, or NULL */
json_object *info_arena(json_object *space, const char *tier);

#endif /* CTL_INFO_H */
