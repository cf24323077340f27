/* SPDX-License-Identifier: GPL-2.0 */
/* TIER=SIZE, as often as it is given. */
#ifndef CTL_QUOTA_H
#define CTL_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "kvtier.h"

/** struct quotas - what --quota was given */
struct quotas {
	struct kvt_quota list[KVT_MAX_ARENAS];
	unsigned int nr;
};

/** arg_quota() - parse_fn: one more TIER=SIZE; @to: struct quotas * */
const char *arg_quota(const char *text, void *to);

/** say_no_room() - cannot(): a tier has not so much free as a quota asks for */
int say_no_room(const struct kvt_quota *quota, uint64_t more);

/** quota_more_than_free() - has the tier less than @more bytes free? */
bool quota_more_than_free(const struct kvt_quota *quota, uint64_t more);

/*
 * say_nvme_misfit() - cannot(): why blocks of a size cannot have this quota
 *
 * Return: CTL_OK, and nothing was said, if its tier is not of nvme, or it is not
 * the size; else the exit code.
 */
int say_nvme_misfit(const struct kvt_quota *quota, uint64_t block_size);

#endif /* CTL_QUOTA_H */
