/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a caller may say: pure checks of uapi structs, which also build in user
 * space. They look at values only; who may say it is the front end's business.
 */
#ifndef _KVT_ABI_H
#define _KVT_ABI_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#endif
#include <kvtier.h>
#include <kvtier_remote.h>

#define KVT_CHUNK_BYTES (2ULL << 20)

bool kvt_abi_is_zero(const void *p, size_t len);
int kvt_abi_check_name(const __u8 *name);
int kvt_abi_check_tier_add(const struct kvt_tier_add *arg);
int kvt_abi_check_nvme_add(const struct kvt_nvme_add *arg);
int kvt_abi_check_remote_add(const struct kvt_remote_add *arg);
int kvt_abi_check_remote_attach(const struct kvt_remote_attach *arg);
int kvt_abi_check_tier_resize(const struct kvt_tier_resize *arg);
int kvt_abi_check_space_create(const struct kvt_space_create *arg);
int kvt_abi_check_layers(const __u32 *ends, __u32 nr, __u32 block_size);
int kvt_abi_check_space_resize(const struct kvt_space_resize *arg);
int kvt_abi_check_batch(const struct kvt_batch *batch);
int kvt_abi_check_entries(const struct kvt_batch *batch,
			  const struct kvt_entry *entries, __u32 block_size);
bool kvt_abi_op_writes(__u32 op);

#endif /* _KVT_ABI_H */
