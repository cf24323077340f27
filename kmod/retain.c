// SPDX-License-Identifier: GPL-2.0
/*
 * Retention classes.
 *
 * A block that was not used for the time its class gives it has expired: hits
 * do not see it any more, and the sweep drops it. A hit compares one time with
 * one that its batch has at hand; all else happens only where that says "maybe".
 *
 * The sweep walks the slots, some at a time, at a pace that bounds what it costs
 * whatever the number of blocks. It only gives room back, so late is good enough.
 */
#include <linux/jiffies.h>
#include <linux/xarray.h>

#include "drop.h"
#include "retain.h"
#include "space.h"

/* Slots that one step of the sweep looks at, and the pause after it. */
#define STEP 4096
#define STEP_PAUSE (HZ / 50)

/* The pause after a whole sweep: a 64th of the shortest time to live, within this. */
#define MIN_PAUSE (HZ / 4)
#define MAX_PAUSE (60 * HZ)

static u64 ttl_of(const struct kvt_retain *r, unsigned int class_id)
{
	u64 ttl_s = READ_ONCE(r->classes[class_id].ttl_s);

	return ttl_s ? ttl_s * NSEC_PER_SEC : KVT_NEVER;
}

static u64 shortest_ttl(const struct kvt_retain *r)
{
	u64 ttl = KVT_NEVER;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(r->classes); i++)
		ttl = min(ttl, ttl_of(r, i));
	return ttl;
}

/* A new time to live counts at once, for all blocks of the class. */
void kvt_retain_set_ttl(struct kvt_space *space, unsigned int class_id,
			u32 ttl_s)
{
	struct kvt_retain *r = &space->retain;

	spin_lock(&space->lock);
	WRITE_ONCE(r->classes[class_id].ttl_s, ttl_s);
	WRITE_ONCE(r->min_ttl, shortest_ttl(r));
	spin_unlock(&space->lock);
	WRITE_ONCE(r->restart, true);
	mod_delayed_work(space->wq, &r->sweep, 0);
}

/* Would a block of the class, used last at @last_use, have expired? */
bool kvt_retain_is_over(struct kvt_space *space, unsigned int class_id,
			u64 last_use, u64 now)
{
	/* A batch's stamps are a little ahead of its time. */
	return last_use < now &&
	       now - last_use > ttl_of(&space->retain, class_id);
}

/**
 * kvt_retain_has_expired() - has a block expired?
 * @space: its space
 * @b: found under RCU or space->lock
 * @now: by kvt_clock()
 *
 * Context: any.
 * Return: true if it is sealed, nobody holds it, and its time is over.
 */
bool kvt_retain_has_expired(struct kvt_space *space, const struct kvt_block *b,
			    u64 now)
{
	/* Its time of use is written before it is sealed, or given back. */
	return kvt_block_is_sealed(b) && atomic_read_acquire(&b->leases) <= 0 &&
	       kvt_retain_is_over(space, kvt_block_class(b),
				  READ_ONCE(b->last_use), now);
}

u32 kvt_retain_priority(struct kvt_space *space, const struct kvt_block *b)
{
	return READ_ONCE(space->retain.classes[kvt_block_class(b)].priority);
}

/*
 * The slowest tier that blocks of the class may go to. Where it asks for dram
 * and there is none, cxl is the fastest there is.
 */
enum kvt_tier_kind kvt_retain_floor(struct kvt_space *space,
				    unsigned int class_id)
{
	u32 floor = READ_ONCE(space->retain.classes[class_id].floor);
	struct kvt_arena *a;

	if (floor != KVT_TIER_DRAM)
		return floor;
	kvt_for_each_arena(a, space)
		if (a->kind == KVT_TIER_DRAM && READ_ONCE(a->limit))
			return KVT_TIER_DRAM;
	return KVT_TIER_CXL;
}

/* May @b go to a tier of @kind? */
bool kvt_retain_allows(struct kvt_space *space, const struct kvt_block *b,
		       enum kvt_tier_kind kind)
{
	return kind <= kvt_retain_floor(space, kvt_block_class(b));
}

/* Drop what has expired of the next STEP blocks. Returns whether it was the last. */
static bool sweep_step(struct kvt_space *space)
{
	struct kvt_retain *r = &space->retain;
	u64 now = kvt_clock();
	u8 key[KVT_KEY_SIZE];
	struct kvt_block *b;
	bool expired;
	u32 nr;

	for (nr = 0; nr < STEP; nr++, r->next_slot++) {
		rcu_read_lock();
		b = xa_find(&space->slots, &r->next_slot, ULONG_MAX, XA_PRESENT);
		expired = b && kvt_retain_has_expired(space, b, now);
		if (expired)
			memcpy(key, b->key, sizeof(key));
		rcu_read_unlock();
		if (!b)
			return true;
		if (expired)
			kvt_drop_expired(space, key, now);
		cond_resched();
	}
	return false;
}

static unsigned long pause_after(u64 ttl)
{
	return clamp_t(u64, nsecs_to_jiffies64(ttl / 64), MIN_PAUSE, MAX_PAUSE);
}

static void sweep_work(struct work_struct *work)
{
	struct kvt_space *space = container_of(to_delayed_work(work),
					       struct kvt_space, retain.sweep);
	struct kvt_retain *r = &space->retain;
	u64 ttl;
	bool done;

	if (xchg(&r->restart, false))
		r->next_slot = 0;
	ttl = READ_ONCE(r->min_ttl);
	if (ttl == KVT_NEVER)
		return;
	done = sweep_step(space);
	if (done)
		r->next_slot = 0;
	queue_delayed_work(space->wq, &r->sweep,
			   done ? pause_after(ttl) : STEP_PAUSE);
}

void kvt_retain_init(struct kvt_space *space)
{
	struct kvt_retain *r = &space->retain;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(r->classes); i++)
		r->classes[i] = (struct kvt_class){
			.priority = KVT_PRIORITY_DEFAULT,
			.floor = KVT_TIER_REMOTE,
		};
	r->min_ttl = KVT_NEVER;
	INIT_DELAYED_WORK(&r->sweep, sweep_work);
}

/* Nobody can set knobs any more. */
void kvt_retain_exit(struct kvt_space *space)
{
	cancel_delayed_work_sync(&space->retain.sweep);
}
