// SPDX-License-Identifier: GPL-2.0
/* Which entries count: newest first, tombs, copies. */
#include "../../../../userspace/kvtierctl/log_live.h"
#include "made.h"

#define ENTRIES	6

static struct kvt_log_found found;
static u8 table[ENTRIES * 128];
static u8 fates[ENTRIES];
static u32 nr;
static struct log_live *live;

static void segment(u64 generation)
{
	memset(table, 0, sizeof(table));
	memset(&found, 0, sizeof(found));
	must(!kvt_log_layout(&found.layout, 1 << 20, 4096));
	found.place.device = 1;
	found.place.segment = generation + 10;
	found.place.generation = generation;
	nr = 0;
}

static void block(u8 key)
{
	struct kvt_log_entry *e = kvt_log_entry(&found.layout, table, nr++);

	e->type = cpu_to_le32(KVT_LOG_BLOCK);
	e->key[0] = key;
}

static void none(void)
{
	nr++;
}

static void tomb(u64 generation, u32 index)
{
	struct kvt_log_entry *e = kvt_log_entry(&found.layout, table, nr++);

	e->type = cpu_to_le32(KVT_LOG_TOMB);
	e->generation = cpu_to_le64(generation);
	e->device = cpu_to_le32(1);
	e->segment = cpu_to_le32(generation + 10);
	e->index = cpu_to_le32(index);
}

static void judge(u32 space)
{
	must(!log_live_segment(live, space, &found, table, nr, fates));
}

static void begin(void)
{
	log_live_free(live);
	live = log_live_new();
	must(live);
}

static void copies(void)
{
	begin();
	segment(9);
	block(1);
	block(2);
	block(1);
	none();
	judge(0);
	is(fates[0], LOG_OLDER, "of two copies in a segment the first is older");
	is(fates[1], LOG_LIVE, "a key by itself is live");
	is(fates[2], LOG_LIVE, "the second copy is live");
	is(fates[3], LOG_GONE, "an entry that is none is gone");
	segment(8);
	block(2);
	block(3);
	judge(0);
	is(fates[0], LOG_OLDER, "a copy in an older segment is older");
	is(fates[1], LOG_LIVE, "another key is live");
	segment(8);
	block(2);
	judge(1);
	is(fates[0], LOG_LIVE, "the same key in another space is another block");
}

static void tombs(void)
{
	begin();
	segment(9);
	block(1);
	tomb(9, 0);
	tomb(7, 1);
	block(2);
	judge(0);
	is(fates[0], LOG_DROPPED, "a tomb hides an entry of its own segment");
	is(fates[1], LOG_TOMB, "and is one");
	is(fates[3], LOG_LIVE, "other entries live");
	segment(8);
	block(1);
	judge(0);
	is(fates[0], LOG_LIVE, "another copy of what was dropped has no tomb, and lives");
	segment(7);
	block(5);
	block(6);
	judge(0);
	is(fates[0], LOG_LIVE, "an entry beside the one that is named lives");
	is(fates[1], LOG_DROPPED, "a tomb hides an entry of an older segment");
}

static void tombs_of_others(void)
{
	begin();
	segment(9);
	tomb(7, 0);
	judge(1);
	segment(7);
	block(1);
	judge(0);
	is(fates[0], LOG_LIVE, "a tomb of another space hides nothing");
	begin();
	segment(9);
	tomb(6, 0);
	judge(0);
	segment(7);
	found.place.segment = 16;
	block(1);
	judge(0);
	is(fates[0], LOG_LIVE, "nor one of an earlier use of the segment");
}

static void again(void)
{
	begin();
	segment(9);
	block(1);
	judge(0);
	segment(8);
	tomb(7, 0);
	judge(0);
	segment(7);
	block(1);
	judge(0);
	is(fates[0], LOG_DROPPED, "stored, dropped and stored again: the first is dropped");
	begin();
	segment(9);
	block(1);
	tomb(9, 0);
	block(1);
	judge(0);
	is(fates[0], LOG_DROPPED, "all in one segment: the first is dropped");
	is(fates[2], LOG_LIVE, "the second lives");
}

static void many(void)
{
	u32 i, bad = 0;

	begin();
	for (i = 0; i < 30000; i++) {
		segment(100000 - i / 2);
		block(1);
		memcpy(kvt_log_entry(&found.layout, table, 0)->key + 1, &i, sizeof(i));
		tomb(i + 1, i);
		judge(0);
		bad += fates[0] != LOG_LIVE || fates[1] != LOG_TOMB;
	}
	is(bad, 0, "30000 keys and tombs");
	log_live_free(live);
}

int main(void)
{
	copies();
	tombs();
	tombs_of_others();
	again();
	many();
	return done();
}
