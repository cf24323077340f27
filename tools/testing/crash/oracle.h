/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What recovery has to find, may find and must not find after a power cut at a
 * given time. It is told by the writes themselves, so it needs no trust in who
 * made them, model or module: a summary names blocks, a tomb hides one, a state
 * page frees a segment; each from the time on when the write was issued (it may
 * be so) or durable (it is so).
 */
#ifndef CRASH_ORACLE_H
#define CRASH_ORACLE_H

#include "../../../userspace/kvtierctl/log_walk.h"
#include "trace.h"

/**
 * struct life - a segment from its opening to its being freed
 * @place: with generation
 * @space: number of its space, in struct oracle
 * @layout: of its blocks
 * @ended: time when a write was issued that frees it, or NEVER
 */
struct life {
	struct kvt_log_place place;
	u32 space;
	struct kvt_log_layout layout;
	u64 ended;
};

/**
 * struct copy - a block's entry
 * @life: number of its segment's
 * @index: of the entry
 * @key: of the block
 * @hash: of its bytes
 * @issued: when its summary was
 * @durable: when that was
 * @gone: when a write was issued that hides it, or NEVER
 */
struct copy {
	u32 life;
	u32 index;
	u8 key[32];
	u64 hash;
	u64 issued;
	u64 durable;
	u64 gone;
};

/**
 * struct tomb - a tomb's entry
 * @life: number of the segment's that it is in
 * @index: of the entry
 * @generation: of the entry that it names
 * @device: of that
 * @segment: of that
 * @named: its index
 * @durable: when its summary was
 * @gone: when a write was issued that takes it back, or NEVER
 */
struct tomb {
	u32 life;
	u32 index;
	u64 generation;
	u32 device;
	u32 segment;
	u32 named;
	u64 durable;
	u64 gone;
};

struct oracle {
	struct life *lives;
	u32 nr_lives;
	u32 room_lives;
	struct copy *copies;
	u32 nr_copies;
	u32 room_copies;
	struct tomb *tombs;
	u32 nr_tombs;
	u32 room_tombs;
	struct kvt_log_owner *spaces;
	u32 nr_spaces;
	u64 formatted;		/* time from which on the set can be opened */
	struct log_source source;
	bool is_open;		/* @source is valid */
	struct copy **by_key;	/* sorted: space, key, newest first */
	struct copy **by_place;	/* sorted: device, segment, generation, index */
};

/*
 * oracle_make() - learn all from a trace
 * @base: what was on media before; is changed
 * @t: settled
 */
void oracle_make(struct oracle *o, struct image *base, const struct trace *t);
void oracle_free(struct oracle *o);

/** oracle_copy() - an entry by its place, or NULL */
struct copy *oracle_copy(const struct oracle *o, const struct kvt_log_place *at, u32 index);

/** oracle_space() - number of a space; it is added if it is new */
u32 oracle_space(struct oracle *o, const struct kvt_log_owner *owner);

/** oracle_same_key() - are two entries of one key and space? */
bool oracle_same_key(const struct oracle *o, const struct copy *a, const struct copy *b);

/** hash_bytes() - of a block */
u64 hash_bytes(const void *p, size_t bytes);

#endif /* CRASH_ORACLE_H */
