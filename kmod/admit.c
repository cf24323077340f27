// SPDX-License-Identifier: GPL-2.0
/* Which blocks are worth a write to nvme, and where. */
#include "admit.h"
#include "block.h"
#include "log.h"
#include "space.h"

/* Has the tier a device that can be written, and may the log be? */
bool kvt_log_is_usable(const struct kvt_log *log)
{
	const struct kvt_nvme *nvme = log->nvme;
	unsigned int i;

	if (READ_ONCE(log->is_stopping))
		return false;
	for (i = 0; i < nvme->nr_devices; i++)
		if (!READ_ONCE(nvme->devices[i].failed))
			return true;
	return false;
}

static bool knob_admits(const struct kvt_nvme *nvme, const struct kvt_block *b)
{
	switch (READ_ONCE(nvme->knobs.admission)) {
	case KVT_ADMIT_SECOND:
		return READ_ONCE(b->last_use) & KVT_USED;
	case KVT_ADMIT_CLASS:
		return READ_ONCE(nvme->knobs.admit_classes) >>
			kvt_block_class(b) & 1;
	default:
		return true;
	}
}

/* Does this log, whatever others do? */
bool kvt_admits(const struct kvt_log *log, const struct kvt_block *b)
{
	return kvt_log_is_usable(log) && knob_admits(log->nvme, b) &&
	       kvt_nvme_may_write(log->nvme);
}

/* One of the space's logs on tiers of @grade that admits @b. */
static struct kvt_log *find_log(struct kvt_space *space,
				const struct kvt_block *b, u32 grade)
{
	struct kvt_arena *a;

	kvt_for_each_arena(a, space)
		if (a->log && a->log->nvme->grade == grade && kvt_admits(a->log, b))
			return a->log;
	return NULL;
}

/**
 * kvt_admit() - is a block that leaves memory to be written?
 * @space: its space
 * @b: the block
 *
 * Context: space->lock held.
 * Return: the log that takes it, or NULL.
 */
struct kvt_log *kvt_admit(struct kvt_space *space, const struct kvt_block *b)
{
	struct kvt_log *log;

	lockdep_assert_held(&space->lock);
	if (!kvt_retain_allows(space, b, KVT_TIER_NVME))
		return NULL;
	log = find_log(space, b, KVT_LOG_FAST);
	return log ?: find_log(space, b, KVT_LOG_BULK);
}

/* Is @b to be written when all that is in memory is? It may have had no chance. */
bool kvt_admit_flush(struct kvt_log *log, const struct kvt_block *b)
{
	return kvt_log_is_usable(log) &&
	       kvt_retain_allows(log->arena->space, b, KVT_TIER_NVME) &&
	       (READ_ONCE(log->nvme->knobs.admission) != KVT_ADMIT_CLASS ||
		knob_admits(log->nvme, b));
}
