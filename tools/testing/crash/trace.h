/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was sent to devices, and when: each write is issued once and completed
 * once. What a power cut leaves of them follows from the block layer's contract:
 *
 *	a write with FUA is on media when it is completed
 *	any other write is, when a flush that was issued after it was completed
 *	(a write with FLUSH, before it writes itself) is completed
 *	of all others that were issued, any part may be
 */
#ifndef CRASH_TRACE_H
#define CRASH_TRACE_H

#include "image.h"

#define WRITE_FLUSH	1	/* a flush comes first */
#define WRITE_FUA	2
#define WRITE_DISCARD	4	/* no data; the range reads as zeros after it */

#define NEVER		(~(u64)0)

/**
 * struct write - one of them
 * @device: number of the device
 * @flags: WRITE_*
 * @pos: byte of the device
 * @bytes: how many; a flush by itself has none
 * @data: them
 * @issued: time: number of events before it
 * @completed: time, or NEVER
 * @durable: time from which on it is on media for sure, or NEVER
 */
struct write {
	u32 device;
	u32 flags;
	u64 pos;
	u64 bytes;
	const u8 *data;
	u64 issued;
	u64 completed;
	u64 durable;
};

/**
 * struct trace - all writes, by the time they were issued
 * @writes: them
 * @nr: how many
 * @room: and how many fit
 * @now: time: events so far
 * @own_data: @data of the writes was allocated one by one
 */
struct trace {
	struct write *writes;
	size_t nr;
	size_t room;
	u64 now;
	bool own_data;
};

/** trace_issue() - the bytes are copied if @t->own_data; returns its number */
size_t trace_issue(struct trace *t, u32 device, u64 pos, const void *data, u64 bytes,
		   u32 flags);
void trace_complete(struct trace *t, size_t nr);

/** trace_settle() - compute when each write became durable, after the last event */
void trace_settle(struct trace *t);
void trace_free(struct trace *t);

/*
 * trace_load() - read a log of the device mapper's log-writes target
 *
 * Its data stay mapped until the program ends. One device, number 0.
 */
void trace_load(struct trace *t, const char *path);

#endif /* CRASH_TRACE_H */
