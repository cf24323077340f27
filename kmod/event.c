// SPDX-License-Identifier: GPL-2.0
/*
 * Events by generic netlink. Without a listener they cost a look whether there is
 * one. Blocks that come and go are told in the order in which they do so, under
 * space->lock, by a worker: what it cannot keep up with is lost, and said to be.
 */
#include <linux/blkdev.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>

#include "block.h"
#include "event.h"
#include "family.h"
#include "space.h"
#include "tier.h"

/* Blocks that can wait to be told of, and how many one message tells of. */
#define MAX_WAITING	2048
#define MAX_TOLD	40

/* Small changes are told together, in jiffies. */
#define DELAY		(HZ / 100)

static struct genl_family *family;

/* A block that came or went, in @space. */
struct change {
	char space[KVT_NAME_SIZE];
	struct kvt_nl_block block;
};

/**
 * struct changes - what is to be told of blocks
 * @lock: guards the rest; inside space->lock
 * @ring: MAX_WAITING
 * @first: number of the oldest in @ring, of all there ever were
 * @next: number of the next one
 * @lost: so many before @first were overwritten, and that was not said yet
 * @work: tells
 */
static struct changes {
	spinlock_t lock;	/* what follows */
	struct change *ring;
	u64 first;
	u64 next;
	u64 lost;
	struct delayed_work work;
} changes;

static bool has_listeners(enum kvt_event_group group)
{
	return genl_has_listeners(family, &init_net, group);
}

/* Begin a message; NULL: nobody listens, or no memory. */
static struct sk_buff *begin(enum kvt_event_group group, enum kvt_nl_cmd what,
			     size_t room, void **head)
{
	struct sk_buff *skb;

	if (!has_listeners(group))
		return NULL;
	skb = genlmsg_new(room, GFP_KERNEL);
	if (!skb)
		return NULL;
	*head = genlmsg_put(skb, 0, 0, family, 0, what);
	if (*head)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

static void send(enum kvt_event_group group, struct sk_buff *skb, void *head,
		 int err)
{
	if (err) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, head);
	genlmsg_multicast(family, skb, 0, group, GFP_KERNEL);
}

void kvt_event_tier(enum kvt_nl_cmd what, const struct kvt_tier *tier)
{
	struct sk_buff *skb;
	void *head;
	int err;

	skb = begin(KVT_GROUP_EVENTS, what, NLMSG_DEFAULT_SIZE, &head);
	if (!skb)
		return;
	err = nla_put_string(skb, KVT_NL_A_TIER, dev_name(&tier->dev)) ?:
	      nla_put_u32(skb, KVT_NL_A_KIND, tier->kind);
	send(KVT_GROUP_EVENTS, skb, head, err);
}

void kvt_event_space(enum kvt_nl_cmd what, const struct kvt_space *space)
{
	struct sk_buff *skb;
	void *head;

	skb = begin(KVT_GROUP_EVENTS, what, NLMSG_DEFAULT_SIZE, &head);
	if (skb)
		send(KVT_GROUP_EVENTS, skb, head,
		     nla_put_string(skb, KVT_NL_A_SPACE, dev_name(&space->dev)));
}

void kvt_event_device(const struct kvt_tier *tier,
		      const struct block_device *bdev)
{
	char name[BDEVNAME_SIZE];
	struct sk_buff *skb;
	void *head;
	int err;

	skb = begin(KVT_GROUP_EVENTS, KVT_NL_CMD_DEVICE_FAILED,
		    NLMSG_DEFAULT_SIZE, &head);
	if (!skb)
		return;
	snprintf(name, sizeof(name), "%pg", bdev);
	err = nla_put_string(skb, KVT_NL_A_TIER, dev_name(&tier->dev)) ?:
	      nla_put_string(skb, KVT_NL_A_DEVICE, name);
	send(KVT_GROUP_EVENTS, skb, head, err);
}

void kvt_event_helper(const struct kvt_tier *tier, bool up)
{
	struct sk_buff *skb;
	void *head;
	int err;

	skb = begin(KVT_GROUP_EVENTS, KVT_NL_CMD_HELPER, NLMSG_DEFAULT_SIZE,
		    &head);
	if (!skb)
		return;
	err = nla_put_string(skb, KVT_NL_A_TIER, dev_name(&tier->dev)) ?:
	      nla_put_u8(skb, KVT_NL_A_UP, up);
	send(KVT_GROUP_EVENTS, skb, head, err);
}

void kvt_event_space_remote(const struct kvt_space *space, const char *name)
{
	struct sk_buff *skb;
	void *head;
	int err;

	skb = begin(KVT_GROUP_EVENTS, KVT_NL_CMD_SPACE_CHANGED,
		    NLMSG_DEFAULT_SIZE, &head);
	if (!skb)
		return;
	err = nla_put_string(skb, KVT_NL_A_SPACE, dev_name(&space->dev)) ?:
	      nla_put_string(skb, KVT_NL_A_REMOTE, name);
	send(KVT_GROUP_EVENTS, skb, head, err);
}

/* @a: in use as long as the caller, the space's worker, runs */
void kvt_event_pressure(const struct kvt_arena *a, bool is_short, u32 free)
{
	struct kvt_tier *tier = READ_ONCE(a->tier);
	struct sk_buff *skb;
	void *head;
	int err;

	if (!tier)
		return;
	skb = begin(KVT_GROUP_EVENTS, KVT_NL_CMD_PRESSURE, NLMSG_DEFAULT_SIZE,
		    &head);
	if (!skb)
		return;
	err = nla_put_string(skb, KVT_NL_A_SPACE, dev_name(&a->space->dev)) ?:
	      nla_put_string(skb, KVT_NL_A_TIER, dev_name(&tier->dev)) ?:
	      nla_put_u8(skb, KVT_NL_A_SHORT, is_short) ?:
	      nla_put_u32(skb, KVT_NL_A_FREE, free);
	send(KVT_GROUP_EVENTS, skb, head, err);
}

/* ------------------------------------------------------------------------ blocks */

static void remember(struct changes *c, const struct kvt_space *space,
		     const struct kvt_block *b, u32 what)
{
	struct change *new = &c->ring[c->next % MAX_WAITING];

	if (c->next - c->first == MAX_WAITING) {
		c->first++;
		c->lost++;
	}
	c->next++;
	memset(new, 0, sizeof(*new));
	strscpy(new->space, dev_name(&space->dev), sizeof(new->space));
	memcpy(new->block.key, b->key, KVT_KEY_SIZE);
	if (what == KVT_NL_BLOCK_STORED)
		kvt_family_parent_key(b, new->block.parent);
	new->block.what = what;
}

/**
 * kvt_event_block() - a block came or went
 * @space: its space
 * @b: the block
 * @what: KVT_NL_BLOCK_*
 *
 * Context: space->lock held.
 */
void kvt_event_block(const struct kvt_space *space, const struct kvt_block *b,
		     u32 what)
{
	struct changes *c = &changes;

	lockdep_assert_held(&space->lock);
	if (likely(!has_listeners(KVT_GROUP_BLOCKS)))
		return;
	spin_lock(&c->lock);
	remember(c, space, b, what);
	spin_unlock(&c->lock);
	schedule_delayed_work(&c->work, DELAY);
}

/**
 * struct told - changes in one space that one message tells of
 * @space: its name
 * @seq: number of the first
 * @lost: before it
 * @nr: length of @blocks
 * @blocks: they
 */
struct told {
	char space[KVT_NAME_SIZE];
	u64 seq;
	u64 lost;
	u32 nr;
	struct kvt_nl_block blocks[MAX_TOLD];
};

static bool collect(struct changes *c, struct told *t)
{
	const struct change *next;

	t->nr = 0;
	spin_lock(&c->lock);
	t->seq = c->first;
	t->lost = c->lost;
	while (c->first != c->next && t->nr < MAX_TOLD) {
		next = &c->ring[c->first % MAX_WAITING];
		if (!t->nr)
			strscpy(t->space, next->space, sizeof(t->space));
		else if (strcmp(t->space, next->space))
			break;
		t->blocks[t->nr++] = next->block;
		c->first++;
	}
	if (t->nr)
		c->lost = 0;
	spin_unlock(&c->lock);
	return t->nr;
}

static void tell(const struct told *t)
{
	size_t bytes = t->nr * sizeof(*t->blocks);
	struct sk_buff *skb;
	void *head;
	int err;

	skb = begin(KVT_GROUP_BLOCKS, KVT_NL_CMD_BLOCKS,
		    NLMSG_DEFAULT_SIZE + bytes, &head);
	if (!skb)
		return;	/* the next one's number shows that these are missing */
	err = nla_put_string(skb, KVT_NL_A_SPACE, t->space) ?:
	      nla_put_u64_64bit(skb, KVT_NL_A_SEQ, t->seq, KVT_NL_A_PAD);
	if (!err && t->lost)
		err = nla_put_u64_64bit(skb, KVT_NL_A_LOST, t->lost,
					KVT_NL_A_PAD);
	err = err ?: nla_put(skb, KVT_NL_A_BLOCKS, bytes, t->blocks);
	send(KVT_GROUP_BLOCKS, skb, head, err);
}

static void tell_work(struct work_struct *work)
{
	struct changes *c = container_of(to_delayed_work(work), struct changes,
					 work);
	struct told *t = kmalloc(sizeof(*t), GFP_KERNEL);

	while (t && collect(c, t)) {
		tell(t);
		cond_resched();
	}
	kfree(t);
}

int kvt_event_init(struct genl_family *f)
{
	spin_lock_init(&changes.lock);
	INIT_DELAYED_WORK(&changes.work, tell_work);
	changes.ring = vmalloc_array(MAX_WAITING, sizeof(*changes.ring));
	family = f;
	return changes.ring ? 0 : -ENOMEM;
}

/* All spaces are gone. */
void kvt_event_exit(void)
{
	cancel_delayed_work_sync(&changes.work);
	vfree(changes.ring);
}
