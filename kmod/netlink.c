// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: dumps of tiers and spaces. Events are in event.c.
 * See uapi/kvtier_netlink.h.
 */
#include <linux/module.h>
#include <linux/numa.h>
#include <net/genetlink.h>

#include "event.h"
#include "family.h"
#include "netlink.h"
#include "nvme.h"
#include "remote.h"
#include "space.h"
#include "space_remote.h"
#include "tier.h"

static struct genl_family family;

static int put_counter(struct sk_buff *skb, const char *name, u64 value)
{
	struct nlattr *nest = nla_nest_start(skb, KVT_NL_A_COUNTER);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_string(skb, KVT_NL_A_NAME, name) ||
	    nla_put_u64_64bit(skb, KVT_NL_A_VALUE, value, KVT_NL_A_PAD)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* ------------------------------------------------------------------------- tiers */

static int put_nvme_counters(struct sk_buff *skb, struct kvt_nvme *nvme)
{
#define PUT(name) put_counter(skb, #name, atomic64_read(&nvme->name)) ?:
	return KVT_NVME_COUNTS(PUT) 0;
#undef PUT
}

static int put_remote(struct sk_buff *skb, struct kvt_remote *remote)
{
	/* Each by itself may be a little older than the next. */
#define PUT(name) put_counter(skb, #name, READ_ONCE(remote->name)) ?:
	return nla_put_u8(skb, KVT_NL_A_UP, kvt_remote_has_helper(remote)) ?:
	       KVT_REMOTE_COUNTS(PUT) 0;
#undef PUT
}

static int put_tier(struct sk_buff *skb, void *item)
{
	struct kvt_tier *tier = item;
	int err;

	err = nla_put_string(skb, KVT_NL_A_TIER, dev_name(&tier->dev)) ?:
	      nla_put_u32(skb, KVT_NL_A_KIND, tier->kind);
	if (!err && tier->node != NUMA_NO_NODE)
		err = nla_put_s32(skb, KVT_NL_A_NODE, tier->node);
	if (!err && tier->kind == KVT_TIER_NVME)
		err = put_nvme_counters(skb, to_kvt_nvme(tier));
	if (!err && tier->kind == KVT_TIER_REMOTE)
		err = put_remote(skb, to_kvt_remote(tier));
	return err;
}

/* ------------------------------------------------------------------------ spaces */

static int put_arena_fields(struct sk_buff *skb, struct kvt_arena *a)
{
	char tier[KVT_NAME_SIZE] = "";
	u32 frames, free, blocks;

	spin_lock(&a->space->lock);
	if (a->tier)
		strscpy(tier, dev_name(&a->tier->dev), sizeof(tier));
	frames = a->nr_frames;
	free = a->nr_free;
	blocks = a->nr_blocks;
	spin_unlock(&a->space->lock);

	if (nla_put_string(skb, KVT_NL_A_TIER, tier) ||
	    nla_put_u32(skb, KVT_NL_A_KIND, a->kind) ||
	    nla_put_u32(skb, KVT_NL_A_HELD, blocks))
		return -EMSGSIZE;
	if (kvt_arena_is_memory(a) &&
	    (nla_put_u32(skb, KVT_NL_A_FRAMES, frames) ||
	     nla_put_u32(skb, KVT_NL_A_FREE, free)))
		return -EMSGSIZE;
	return 0;
}

static int put_arena(struct sk_buff *skb, struct kvt_arena *a)
{
	struct nlattr *nest = nla_nest_start(skb, KVT_NL_A_ARENA);

	if (!nest)
		return -EMSGSIZE;
	if (put_arena_fields(skb, a)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int put_stats(struct sk_buff *skb, struct kvt_space *space)
{
#define PUT(name) \
	put_counter(skb, #name, kvt_stat_sum(space->stats, KVT_STAT_##name)) ?:
	return KVT_STATS(PUT) 0;
#undef PUT
}

static int put_remote_name(struct sk_buff *skb, struct kvt_space *space)
{
	char name[KVT_NAME_SIZE];

	if (!kvt_space_has_remote(space))
		return 0;
	return nla_put_string(skb, KVT_NL_A_REMOTE,
			      kvt_space_remote_name(space, name));
}

static int put_space(struct sk_buff *skb, void *item)
{
	struct kvt_space *space = item;
	struct kvt_arena *a;
	int err;

	err = nla_put_string(skb, KVT_NL_A_SPACE, dev_name(&space->dev)) ?:
	      nla_put_u32(skb, KVT_NL_A_BLOCK_SIZE, space->block_size) ?:
	      nla_put(skb, KVT_NL_A_IDENTITY, KVT_IDENTITY_SIZE, space->identity);
	kvt_for_each_arena(a, space)
		err = err ?: put_arena(skb, a);
	return err ?: put_remote_name(skb, space) ?: put_stats(skb, space);
}

/* ------------------------------------------------------------------------- dumps */

static void *next_tier(void *item)
{
	return kvt_tier_next(item);
}

static void *next_space(void *item)
{
	return kvt_space_next(item);
}

/* What a dump is of. */
struct kind {
	enum kvt_nl_cmd cmd;
	void *(*next)(void *item);
	int (*put)(struct sk_buff *skb, void *item);
};

static const struct kind tiers = { KVT_NL_CMD_GET_TIER, next_tier, put_tier };
static const struct kind spaces = { KVT_NL_CMD_GET_SPACE, next_space, put_space };

/* One message, or none if it does not fit any more. */
static int dump_item(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct kind *kind, void *item)
{
	void *head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				 cb->nlh->nlmsg_seq, &family, NLM_F_MULTI,
				 kind->cmd);

	if (!head)
		return -EMSGSIZE;
	if (kind->put(skb, item)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

/* One that is made or goes between two messages may shift others: a dump may miss one. */
static int dump(struct sk_buff *skb, struct netlink_callback *cb,
		const struct kind *kind)
{
	void *item = NULL;
	long nr = 0;

	if (mutex_lock_killable(&kvt_admin))
		return -EINTR;
	while ((item = kind->next(item))) {
		if (nr++ < cb->args[0])
			continue;
		if (dump_item(skb, cb, kind, item))
			break;
		cb->args[0] = nr;
	}
	mutex_unlock(&kvt_admin);
	return skb->len;
}

static int dump_tiers(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, &tiers);
}

static int dump_spaces(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, &spaces);
}

/* ------------------------------------------------------------------------ blocks */

/* As many of a message as fit into a page. */
#define BLOCKS_TOLD 40

/* The block at @slot, if there is one that others can see. */
static bool describe_block(struct kvt_space *space, unsigned long slot,
			   struct kvt_nl_block *to)
{
	const struct kvt_block *b;
	bool seen;

	spin_lock(&space->lock);
	b = xa_load(&space->slots, slot);
	seen = b && b->state == KVT_SEALED;
	if (seen) {
		memcpy(to->key, b->key, sizeof(to->key));
		kvt_family_parent_key(b, to->parent);
	}
	spin_unlock(&space->lock);
	to->what = KVT_NL_BLOCK_STORED;
	to->pad = 0;
	return seen;
}

/* From slot *@at on. Returns bytes at @to. */
static u32 describe_blocks(struct kvt_space *space, unsigned long *at,
			   struct kvt_nl_block *to, u32 room)
{
	u32 nr = 0;

	while (nr < room && xa_find(&space->slots, at, ULONG_MAX, XA_PRESENT)) {
		nr += describe_block(space, (*at)++, &to[nr]);
		cond_resched();
	}
	return nr * sizeof(*to);
}

/* One message. Returns 0 if no block is left. */
static int put_blocks(struct sk_buff *skb, struct netlink_callback *cb,
		      struct kvt_space *space)
{
	unsigned long slot = cb->args[0];
	struct nlattr *list;
	u32 bytes, room;
	void *head;

	head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &family, NLM_F_MULTI, KVT_NL_CMD_GET_BLOCK);
	if (!head)
		return -EMSGSIZE;
	room = BLOCKS_TOLD;
	list = NULL;
	if (!nla_put_string(skb, KVT_NL_A_SPACE, dev_name(&space->dev)))
		list = nla_reserve(skb, KVT_NL_A_BLOCKS,
				   room * sizeof(struct kvt_nl_block));
	if (!list) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	bytes = describe_blocks(space, &slot, nla_data(list), room);
	if (!bytes) {
		genlmsg_cancel(skb, head);
		return 0;
	}
	/* It is the last attribute. */
	skb_trim(skb, skb->len - (room * sizeof(struct kvt_nl_block) - bytes));
	list->nla_len = nla_attr_size(bytes);
	genlmsg_end(skb, head);
	cb->args[0] = slot;
	return skb->len;
}

static struct kvt_space *find_space(const struct nlattr *name)
{
	struct kvt_space *space = NULL;

	lockdep_assert_held(&kvt_admin);
	while ((space = kvt_space_next(space)))
		if (!nla_strcmp(name, dev_name(&space->dev)))
			return space;
	return NULL;
}

static int dump_blocks(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct nlattr *name = genl_info_dump(cb)->attrs[KVT_NL_A_SPACE];
	struct kvt_space *space;
	int err = -EINVAL;

	if (!name)
		return err;
	if (mutex_lock_killable(&kvt_admin))
		return -EINTR;
	space = find_space(name);
	/* One that has gone meanwhile has no more blocks. */
	if (space)
		err = put_blocks(skb, cb, space);
	else
		err = cb->args[0] ? 0 : -ENOENT;
	mutex_unlock(&kvt_admin);
	return err;
}

static const struct nla_policy block_policy[KVT_NL_A_SPACE + 1] = {
	[KVT_NL_A_SPACE] = { .type = NLA_NUL_STRING, .len = KVT_NAME_SIZE - 1 },
};

static const struct genl_split_ops ops[] = {
	{
		.cmd = KVT_NL_CMD_GET_TIER,
		.dumpit = dump_tiers,
		.flags = GENL_CMD_CAP_DUMP,
	}, {
		.cmd = KVT_NL_CMD_GET_SPACE,
		.dumpit = dump_spaces,
		.flags = GENL_CMD_CAP_DUMP,
	}, {
		.cmd = KVT_NL_CMD_GET_BLOCK,
		.dumpit = dump_blocks,
		.policy = block_policy,
		.maxattr = KVT_NL_A_SPACE,
		/* It tells keys. */
		.flags = GENL_CMD_CAP_DUMP | GENL_ADMIN_PERM,
	},
};

static const struct genl_multicast_group groups[] = {
	[KVT_GROUP_EVENTS] = { .name = KVT_NL_GROUP_EVENTS },
	[KVT_GROUP_BLOCKS] = {
		.name = KVT_NL_GROUP_BLOCKS,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
};

static struct genl_family family __ro_after_init = {
	.name = KVT_NL_FAMILY,
	.version = KVT_NL_VERSION,
	.parallel_ops = true,	/* kvt_admin may be held for long */
	.module = THIS_MODULE,
	.split_ops = ops,
	.n_split_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/* Before there is anything to tell of. */
int __init kvt_netlink_init(void)
{
	int err = kvt_event_init(&family);

	if (err)
		return err;
	err = genl_register_family(&family);
	if (err)
		kvt_event_exit();
	return err;
}

/* When nothing is left to tell of. */
void kvt_netlink_exit(void)
{
	kvt_event_exit();
	genl_unregister_family(&family);
}
