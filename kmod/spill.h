/* SPDX-License-Identifier: GPL-2.0 */
/* Spilling: blocks get a copy on the pool before they leave this host. */
#ifndef _KVT_SPILL_H
#define _KVT_SPILL_H

#include <linux/workqueue.h>
#include <linux/xarray.h>
#include "kvt.h"

/* Which blocks are spilled. */
enum kvt_remote_write {
	KVT_WRITE_NONE,		/* none */
	KVT_WRITE_BACK,		/* those that are soon to leave memory */
	KVT_WRITE_THROUGH,	/* all, when they are sealed; and again as BACK */
};

/*
 * Marks of slots in space->slots; XA_MARK_0 is the xarray's. A block keeps its slot
 * wherever it moves, and the marks go when the slot is free. Both: it is on its way, and
 * held. Changed under space->lock, but for a block that is not sealed yet.
 */
#define KVT_MARK_TO_SPILL	XA_MARK_1	/* is to be spilled */
#define KVT_MARK_REMOTE		XA_MARK_2	/* the pool has it */

/**
 * struct kvt_spill - what a space spills with
 * @work: collects marked blocks and submits them
 * @next_slot: where it goes on; its own
 * @tokens: bytes that the rate limit allowed at @at; negative: a debt; its own
 * @at: ns; its own
 * @rest_until: jiffies: the pool took nothing lately (READ_ONCE)
 * @nr_requests: spills that are not released (atomic)
 * @nr_held: blocks of theirs (atomic)
 * @patience: so many blocks are to leave memory before it is looked again which are
 *	next (space->lock)
 */
struct kvt_spill {
	struct delayed_work work;
	unsigned long next_slot;
	s64 tokens;
	u64 at;
	unsigned long rest_until;
	atomic_t nr_requests;
	atomic_t nr_held;
	u32 patience;
};

void kvt_spill_init(struct kvt_space *space);
void kvt_spill_stop(struct kvt_space *space);
void kvt_spill_forget(struct kvt_space *space);

bool kvt_spill_has_work(struct kvt_space *space);
bool kvt_spill_wants(struct kvt_space *space, const struct kvt_block *b);
void kvt_spill_kick(struct kvt_space *space);
void kvt_spill_ask(struct kvt_space *space, u32 slot);
bool kvt_spill_is_due(struct kvt_space *space, u32 slot);

/* The slot's block has come from the pool. Before it is sealed. */
void kvt_spill_note_remote(struct kvt_space *space, u32 slot);

/* Under space->lock. */
void kvt_spill_note_sealed(struct kvt_space *space, const struct kvt_block *b);
void kvt_spill_note_leaving(struct kvt_space *space);
void kvt_spill_let_arrive(struct kvt_space *space, const struct kvt_block *b);

void kvt_spill_note_gone(struct kvt_space *space, const struct kvt_block *b);
void kvt_spill_ahead(struct kvt_space *space);

#endif /* _KVT_SPILL_H */
