// SPDX-License-Identifier: GPL-2.0
/*
 * rht_walk: what the kernel's rhashtable alone takes to find keys.
 *
 * Loading it makes a table of @nr objects, with the keys and the size that
 * kvtier-bench's blocks have. Reading the parameter @walk looks each up, in the
 * order in which they were added, and gives the nanoseconds that took.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "key.h"

static unsigned int nr = 16384;
module_param(nr, uint, 0444);
MODULE_PARM_DESC(nr, "keys in the table");

/* As large as a block descriptor of kvtier. */
struct object {
	struct rhash_head node;
	u64 key[BENCH_KEY_WORDS];
	u64 rest[13];
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
static DEFINE_MUTEX(lock);	/* readers of @walk take turns */

static unsigned int find_all(void)
{
	unsigned int i, found = 0;

	for (i = 0; i < nr; i++) {
		rcu_read_lock();
		found += !!rhashtable_lookup_fast(&table, &keys[i], params);
		rcu_read_unlock();
	}
	return found;
}

static int get_walk(char *buf, const struct kernel_param *kp)
{
	unsigned int found;
	u64 t;

	if (mutex_lock_killable(&lock))
		return -EINTR;
	if (!keys) {
		mutex_unlock(&lock);
		return -EAGAIN;
	}
	t = ktime_get_ns();
	found = find_all();
	t = ktime_get_ns() - t;
	mutex_unlock(&lock);
	return found == nr ? sysfs_emit(buf, "%llu\n", t) : -EIO;
}

static const struct kernel_param_ops walk_ops = { .get = get_walk };
module_param_cb(walk, &walk_ops, NULL, 0400);
MODULE_PARM_DESC(walk, "when read: ns to look all keys up once");

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
	made = kvmalloc_array(nr, sizeof(*made), GFP_KERNEL);
	if (!made)
		return -ENOMEM;
	err = rhashtable_init(&table, &params);
	if (err)
		goto free_keys;
	err = fill_table(made);
	if (err)
		goto free_table;
	mutex_lock(&lock);
	keys = made;
	mutex_unlock(&lock);
	return 0;

free_table:
	rhashtable_free_and_destroy(&table, free_object, NULL);
free_keys:
	kvfree(made);
	return err;
}
module_init(rht_walk_init);

static void __exit rht_walk_exit(void)
{
	rhashtable_free_and_destroy(&table, free_object, NULL);
	kvfree(keys);
}
module_exit(rht_walk_exit);

MODULE_DESCRIPTION("Benchmark: lookups in a bare rhashtable");
MODULE_LICENSE("GPL");
