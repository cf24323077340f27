// SPDX-License-Identifier: GPL-2.0
/* The index: every descriptor of a space by key. Readers are under RCU only. */
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "index.h"
#include "space.h"

static inline u64 fold(u64 x, u64 y)
{
	unsigned __int128 product = (unsigned __int128)x * y;

	return (u64)product ^ (u64)(product >> 64);
}

/*
 * Keys are hashes, mostly, and a lookup is little more than this: wyhash's step twice,
 * an eighth of jhash(). Who makes keys collide for all seeds makes his own space slow.
 */
static u32 hash_key(const void *key, u32 len, u32 seed)
{
	const u64 *x = key;
	u64 secret = (seed + 1ULL) * GOLDEN_RATIO_64;

	return fold(x[0] ^ secret, x[1] ^ GOLDEN_RATIO_64) ^
	       fold(x[2] ^ ~secret, x[3] ^ swab64(secret));
}

/* Inline, unlike memcmp(): every hit pays for it. */
static inline int compare_keys(struct rhashtable_compare_arg *arg,
			       const void *obj)
{
	const struct kvt_block *b = obj;
	const u64 *x = arg->key;
	const u64 *y = (const u64 *)b->key;

	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) |
		(x[3] ^ y[3])) != 0;
}

static const struct rhashtable_params params = {
	.key_len = KVT_KEY_SIZE,
	.key_offset = offsetof(struct kvt_block, key),
	.head_offset = offsetof(struct kvt_block, node),
	.hashfn = hash_key,
	.obj_cmpfn = compare_keys,
};

int kvt_index_init(struct kvt_space *space)
{
	return rhashtable_init(&space->index, &params);
}

void kvt_index_destroy(struct kvt_space *space)
{
	rhashtable_destroy(&space->index);
}

struct kvt_block *kvt_index_find(struct kvt_space *space, const u8 *key)
{
	return rhashtable_lookup_fast(&space->index, key, params);
}

/* The same for who is in an RCU section already, as for each block of a batch. */
struct kvt_block *kvt_index_find_rcu(struct kvt_space *space, const u8 *key)
{
	return rhashtable_lookup(&space->index, key, params);
}

/* Returns 0, or -ENOMEM. The caller has made sure that the key is not there. */
int kvt_index_insert(struct kvt_space *space, struct kvt_block *b)
{
	lockdep_assert_held(&space->lock);
	return rhashtable_insert_fast(&space->index, &b->node, params) ?
		-ENOMEM : 0;
}

void kvt_index_remove(struct kvt_space *space, struct kvt_block *b)
{
	lockdep_assert_held(&space->lock);
	rhashtable_remove_fast(&space->index, &b->node, params);
}

/* Put @new where @old is; both have the same key. Cannot fail. */
void kvt_index_replace(struct kvt_space *space, struct kvt_block *old,
		       struct kvt_block *new)
{
	lockdep_assert_held(&space->lock);
	rhashtable_replace_fast(&space->index, &old->node, &new->node, params);
}

/* Bytes of the bucket table, as kvmalloc() gives them if memory is not short. */
size_t kvt_index_bytes(struct kvt_space *space)
{
	struct bucket_table *tbl;
	size_t size;

	rcu_read_lock();
	tbl = rht_dereference_rcu(space->index.tbl, &space->index);
	size = struct_size(tbl, buckets, tbl->size);
	rcu_read_unlock();
	return size > KMALLOC_MAX_SIZE ? PAGE_ALIGN(size) :
	       kmalloc_size_roundup(size);
}
