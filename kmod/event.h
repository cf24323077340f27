/* SPDX-License-Identifier: GPL-2.0 */
/* What happens, told to whom it may concern: see uapi/kvtier_netlink.h. */
#ifndef _KVT_EVENT_H
#define _KVT_EVENT_H

#include "kvt.h"
#include "kvtier_netlink.h"

struct block_device;
struct genl_family;
struct kvt_arena;
struct kvt_block;
struct kvt_space;
struct kvt_tier;

/* In the order of the family's groups. */
enum kvt_event_group { KVT_GROUP_EVENTS, KVT_GROUP_BLOCKS };

int kvt_event_init(struct genl_family *family);
void kvt_event_exit(void);

/* All may sleep. */
void kvt_event_tier(enum kvt_nl_cmd what, const struct kvt_tier *tier);
void kvt_event_space(enum kvt_nl_cmd what, const struct kvt_space *space);
void kvt_event_device(const struct kvt_tier *tier,
		      const struct block_device *bdev);
void kvt_event_helper(const struct kvt_tier *tier, bool up);
/* @name: of its remote tier; empty: none */
void kvt_event_space_remote(const struct kvt_space *space, const char *name);
void kvt_event_pressure(const struct kvt_arena *a, bool is_short, u32 free);

/* Under space->lock. */
void kvt_event_block(const struct kvt_space *space, const struct kvt_block *b,
		     u32 what);

#endif /* _KVT_EVENT_H */
