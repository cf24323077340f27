// SPDX-License-Identifier: GPL-2.0
/* A slot is touched whose block is on nvme: the fault waits here until it is up. */
#include <linux/sched.h>

#include "block.h"
#include "load.h"
#include "retain.h"
#include "space.h"

/* Is there a block at @slot that is on nvme and not at rest? */
static bool is_moving(struct kvt_space *space, unsigned long slot)
{
	struct kvt_block *b;
	bool moving;

	rcu_read_lock();
	b = xa_load(&space->slots, slot);
	moving = b && kvt_block_is_sealed(b) && !kvt_block_in_memory(space, b) &&
		 atomic_read(&b->leases) < 0;
	rcu_read_unlock();
	return moving;
}

static bool is_below(struct kvt_space *space, unsigned long slot)
{
	struct kvt_block *b;
	bool below;

	rcu_read_lock();
	b = xa_load(&space->slots, slot);
	below = b && kvt_block_is_sealed(b) && !kvt_block_in_memory(space, b);
	rcu_read_unlock();
	return below;
}

static int load_once(struct kvt_space *space, struct kvt_block *b,
		     unsigned long deadline)
{
	struct kvt_load *load;
	struct kvt_block *held;
	int err;

	WRITE_ONCE(b->last_use, kvt_clock() | KVT_USED);
	load = kvt_load_begin(space, b, false);
	if (IS_ERR(load)) {
		/* No frame just now. */
		if (schedule_timeout_killable(HZ / 100))
			return -EINTR;
		return 0;
	}
	err = kvt_load_wait(load, deadline, &held);
	kvt_load_put(load);
	return err == -ENOENT ? 0 : err;
}

/**
 * kvt_load_slot() - bring the block at a slot into memory
 * @space: the space
 * @slot: the slot
 *
 * Context: process, sleeps; killable and bounded.
 * Return: 0: look again, it is not on nvme any more; -EINTR; -ETIMEDOUT.
 */
int kvt_load_slot(struct kvt_space *space, unsigned long slot)
{
	unsigned long deadline = jiffies + KVT_LOAD_TIMEOUT;
	struct kvt_block *b;
	long left = 1;
	int err = 0;

	while (!err && left > 0 && is_below(space, slot)) {
		if (time_after(jiffies, deadline))
			return -ETIMEDOUT;
		b = kvt_load_freeze(space, slot);
		if (b)
			err = load_once(space, b, deadline);
		else
			left = wait_event_killable_timeout(space->wait,
							   !is_moving(space, slot),
							   KVT_LOAD_TIMEOUT);
	}
	if (!left)
		return -ETIMEDOUT;
	return left < 0 ? -EINTR : err;
}
