/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The text of uapi/kvtier.h a second time, written from it and not from
 * kmod/abi.c: whether an argument is to be taken.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdbool.h>
#include <kvtier.h>

bool oracle_tier_add(const struct kvt_tier_add *arg);
bool oracle_nvme_add(const struct kvt_nvme_add *arg);
bool oracle_tier_resize(const struct kvt_tier_resize *arg);
bool oracle_space_create(const struct kvt_space_create *arg);
bool oracle_space_resize(const struct kvt_space_resize *arg);
bool oracle_batch(const struct kvt_batch *arg);
bool oracle_entry(const struct kvt_batch *arg, const struct kvt_entry *e,
		  __u32 block_size);

#endif /* ORACLE_H */
