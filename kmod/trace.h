/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvtier

#if !defined(_KVT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KVT_TRACE_H

#include <linux/tracepoint.h>
#include "space.h"

/* Something happened to a block that has a frame. */
DECLARE_EVENT_CLASS(kvt_block,
	TP_PROTO(struct kvt_space *space, const struct kvt_block *b),
	TP_ARGS(space, b),
	TP_STRUCT__entry(
		__string(space, dev_name(&space->dev))
		__array(u8, key, 8)
		__field(u32, slot)
		__field(u32, frame)
		__field(u8, arena)
		__field(u8, state)
	),
	TP_fast_assign(
		__assign_str(space);
		memcpy(__entry->key, b->key, 8);
		__entry->slot = b->slot;
		__entry->frame = b->frame;
		__entry->arena = kvt_block_arena_index(b);
		__entry->state = b->state;
	),
	TP_printk("space=%s key=%*phN slot=%u arena=%u frame=%u state=%u",
		  __get_str(space), 8, __entry->key, __entry->slot,
		  __entry->arena, __entry->frame, __entry->state)
);

#define KVT_BLOCK_EVENT(name)						\
	DEFINE_EVENT(kvt_block, name,					\
		TP_PROTO(struct kvt_space *space, const struct kvt_block *b), \
		TP_ARGS(space, b))

KVT_BLOCK_EVENT(kvt_reserve);
KVT_BLOCK_EVENT(kvt_seal);
KVT_BLOCK_EVENT(kvt_evict);
KVT_BLOCK_EVENT(kvt_drop);
KVT_BLOCK_EVENT(kvt_quarantine);
KVT_BLOCK_EVENT(kvt_free);
KVT_BLOCK_EVENT(kvt_write);
KVT_BLOCK_EVENT(kvt_load);
KVT_BLOCK_EVENT(kvt_recover);

TRACE_EVENT(kvt_move,
	TP_PROTO(struct kvt_space *space, const struct kvt_block *b,
		 unsigned int from_arena, u32 from_frame),
	TP_ARGS(space, b, from_arena, from_frame),
	TP_STRUCT__entry(
		__string(space, dev_name(&space->dev))
		__array(u8, key, 8)
		__field(u32, slot)
		__field(unsigned int, from_arena)
		__field(u32, from_frame)
		__field(u8, arena)
		__field(u32, frame)
	),
	TP_fast_assign(
		__assign_str(space);
		memcpy(__entry->key, b->key, 8);
		__entry->slot = b->slot;
		__entry->from_arena = from_arena;
		__entry->from_frame = from_frame;
		__entry->arena = kvt_block_arena_index(b);
		__entry->frame = b->frame;
	),
	TP_printk("space=%s key=%*phN slot=%u from=%u/%u to=%u/%u",
		  __get_str(space), 8, __entry->key, __entry->slot,
		  __entry->from_arena, __entry->from_frame, __entry->arena,
		  __entry->frame)
);

/* A fetch has ended: @sealed of @nr blocks, or @err. */
TRACE_EVENT(kvt_fetch,
	TP_PROTO(struct kvt_space *space, u32 nr, u32 sealed, int err),
	TP_ARGS(space, nr, sealed, err),
	TP_STRUCT__entry(
		__string(space, dev_name(&space->dev))
		__field(u32, nr)
		__field(u32, sealed)
		__field(int, err)
	),
	TP_fast_assign(
		__assign_str(space);
		__entry->nr = nr;
		__entry->sealed = sealed;
		__entry->err = err;
	),
	TP_printk("space=%s nr=%u sealed=%u err=%d", __get_str(space),
		  __entry->nr, __entry->sealed, __entry->err)
);

/* A batch was carried out. */
TRACE_EVENT(kvt_batch,
	TP_PROTO(struct kvt_space *space, const struct kvt_batch *batch),
	TP_ARGS(space, batch),
	TP_STRUCT__entry(
		__string(space, dev_name(&space->dev))
		__field(u32, op)
		__field(u32, flags)
		__field(u32, nr)
		__field(u32, done)
		__field(u32, ok)
	),
	TP_fast_assign(
		__assign_str(space);
		__entry->op = batch->op;
		__entry->flags = batch->flags;
		__entry->nr = batch->nr;
		__entry->done = batch->done;
		__entry->ok = batch->ok;
	),
	TP_printk("space=%s op=%u flags=%#x nr=%u done=%u ok=%u",
		  __get_str(space), __entry->op, __entry->flags, __entry->nr,
		  __entry->done, __entry->ok)
);

/* A request to spill blocks has ended. */
TRACE_EVENT(kvt_spill,
	TP_PROTO(struct kvt_space *space, u64 id, u32 nr, int err),
	TP_ARGS(space, id, nr, err),
	TP_STRUCT__entry(
		__string(space, dev_name(&space->dev))
		__field(u64, id)
		__field(u32, nr)
		__field(int, err)
	),
	TP_fast_assign(
		__assign_str(space);
		__entry->id = id;
		__entry->nr = nr;
		__entry->err = err;
	),
	TP_printk("space=%s id=%llu nr=%u err=%d", __get_str(space),
		  __entry->id, __entry->nr, __entry->err)
);

#endif /* _KVT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
