// SPDX-License-Identifier: GPL-2.0
/*
 * rht_walk: what the kernel alone takes for what kvtier cannot do without.
 *
 * Loading it makes an rhashtable of @nr objects, with the keys and the size that
 * kvtier-bench's blocks have. Reading a parameter does something once, and gives
 * the nanoseconds that it took:
 *
 *	walk		look up the first @first keys, in the order they were added
 *	walk_lease	the same, and count each object up, as a lease does
 *	crc32c		checksum 2 MiB of memory
 */
#include <linux/crc32c.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/rhashtable.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "key.h"

static unsigned int nr = 16384;
module_param(nr, uint, 0444);
MODULE_PARM_DESC(nr, "keys in the table");

static unsigned int first = UINT_MAX;
module_param(first, uint, 0644);
MODULE_PARM_DESC(first, "keys to look up, if that is less (all)");

/* As large as a block descriptor of kvtier. */
struct object {
	struct rhash_head node;
	u64 key[BENCH_KEY_WORDS];
	atomic_t leases;
	u64 rest[12];
};

struct one_key {
	u64 word[BENCH_KEY_WORDS];
};

static const struct rhashtable_params params = {
	.key_len = sizeof(struct one_key),
	.key_offset = offsetof(struct object, key),
	.head_offset = offsetof(struct object, node),
};

static struct rhashtable table;
static struct one_key *keys;
static void *bytes;		/* 2 MiB to sum up */
static u32 sum;			/* of @bytes: so that it is not left out */
static DEFINE_MUTEX(lock);	/* readers of parameters take turns; guards @sum */

static bool find_all(unsigned int n)
{
	unsigned int i, found = 0;

	for (i = 0; i < n; i++) {
		rcu_read_lock();
		found += !!rhashtable_lookup_fast(&table, &keys[i], params);
		rcu_read_unlock();
	}
	return found == n;
}

static bool lease_all(unsigned int n)
{
	unsigned int i, found = 0;
	struct object *o;

	for (i = 0; i < n; i++) {
		rcu_read_lock();
		o = rhashtable_lookup_fast(&table, &keys[i], params);
		if (o)
			found += atomic_add_unless(&o->leases, 1, INT_MAX);
		rcu_read_unlock();
	}
	return found == n;
}

static bool sum_all(unsigned int n)
{
	sum = crc32c(sum, bytes, SZ_2M);
	return true;
}

/* Times @run: on the first keys. */
static int time_it(char *buf, bool (*run)(unsigned int n))
{
	bool ok = false;
	u64 t;

	if (mutex_lock_killable(&lock))
		return -EINTR;
	t = ktime_get_ns();
	if (keys)
		ok = run(min(nr, READ_ONCE(first)));
	t = ktime_get_ns() - t;
	mutex_unlock(&lock);
	return ok ? sysfs_emit(buf, "%llu\n", t) : -EIO;
}

static int get_walk(char *buf, const struct kernel_param *kp)
{
	return time_it(buf, find_all);
}

static int get_walk_lease(char *buf, const struct kernel_param *kp)
{
	return time_it(buf, lease_all);
}

static int get_crc32c(char *buf, const struct kernel_param *kp)
{
	return time_it(buf, sum_all);
}

static const struct kernel_param_ops walk_ops = { .get = get_walk };
module_param_cb(walk, &walk_ops, NULL, 0400);
MODULE_PARM_DESC(walk, "when read: ns to look the keys up once");

static const struct kernel_param_ops walk_lease_ops = { .get = get_walk_lease };
module_param_cb(walk_lease, &walk_lease_ops, NULL, 0400);
MODULE_PARM_DESC(walk_lease, "when read: ns to look up and count");

static const struct kernel_param_ops crc32c_ops = { .get = get_crc32c };
module_param_cb(crc32c, &crc32c_ops, NULL, 0400);
MODULE_PARM_DESC(crc32c, "when read: ns to checksum 2 MiB");

static void free_object(void *object, void *arg)
{
	kfree(object);
}

static int fill_table(struct one_key *made)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct object *o = kzalloc(sizeof(*o), GFP_KERNEL);
		int err;

		if (!o)
			return -ENOMEM;
		bench_key(i, o->key);
		memcpy(&made[i], o->key, sizeof(made[i]));
		err = rhashtable_insert_fast(&table, &o->node, params);
		if (err) {
			kfree(o);
			return err;
		}
		cond_resched();
	}
	return 0;
}

static int __init rht_walk_init(void)
{
	struct one_key *made;
	int err;

	if (!nr || nr > 1 << 24)
		return -EINVAL;
	bytes = kvzalloc(SZ_2M, GFP_KERNEL);
	made = kvmalloc_array(nr, sizeof(*made), GFP_KERNEL);
	err = bytes && made ? 0 : -ENOMEM;
	if (!err)
		err = rhashtable_init(&table, &params);
	if (err)
		goto free_memory;
	err = fill_table(made);
	if (err)
		goto free_table;
	mutex_lock(&lock);
	keys = made;
	mutex_unlock(&lock);
	return 0;

free_table:
	rhashtable_free_and_destroy(&table, free_object, NULL);
free_memory:
	kvfree(made);
	kvfree(bytes);
	return err;
}
module_init(rht_walk_init);

static void __exit rht_walk_exit(void)
{
	rhashtable_free_and_destroy(&table, free_object, NULL);
	kvfree(keys);
	kvfree(bytes);
}
module_exit(rht_walk_exit);

MODULE_DESCRIPTION("Benchmark: what the kernel alone takes");
MODULE_LICENSE("GPL");
