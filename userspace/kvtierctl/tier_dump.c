// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "log_tell.h"
#include "say.h"

struct dump {
	struct log_set set;
	struct log_walk walk;
	u32 device;		/* of the one segment that is wanted */
	u32 number;
	json_object *entries;	/* NULL: list segments */
};

/* Which segment: the number on its device, after that one's index in the set. */
struct choice {
	int64_t device;		/* -1: not said */
	int64_t number;		/* -1: list them all */
};

static const char *arg_choice(const char *text, void *to)
{
	struct choice *c = to;
	unsigned int device = 0, number;
	char extra;

	if (sscanf(text, "%u:%u%c", &device, &number, &extra) == 2)
		*c = (struct choice){ device, number };
	else if (sscanf(text, "%u%c", &number, &extra) == 1)
		*c = (struct choice){ -1, number };
	else
		return "give the segment's number, or INDEX:NUMBER to say on which device";
	return NULL;
}

/* ----------------------------------------------------------------- segments */

static const struct column segment_columns[] = {
	COLUMN("DEVICE",	"index",	COL_COUNT),
	COLUMN("SEGMENT",	"segment",	COL_COUNT),
	COLUMN("STATE",		"state",	COL_TEXT),
	COLUMN("GENERATION",	"generation",	COL_COUNT),
	COLUMN("SPACE",		"space",	COL_TEXT),
	COLUMN("CLASS",		"class",	COL_COUNT),
	COLUMN("BLOCK",		"block_size",	COL_SIZE),
	COLUMN("BLOCKS",	"blocks",	COL_COUNT),
	COLUMN("LIVE",		"live",		COL_SIZE),
	COLUMN("TOMBS",		"tombs",	COL_COUNT),
	{}
};

static json_object *tell_segment(const struct dump *d, const struct log_segment *s)
{
	const struct kvt_log_found *f = &s->found;
	json_object *row = json_object_new_object();
	char name[129];

	put_text(row, "device", d->set.devices[f->place.device].media.path);
	put_int(row, "index", f->place.device);
	put_int(row, "segment", f->place.segment);
	put_text(row, "state", log_state_text(s));
	if (f->place.generation)
		put_int(row, "generation", f->place.generation);
	if (f->kind == KVT_LOG_FREE)
		return row;
	put_text(row, "space", log_name_text(f->owner.name, name));
	put_int(row, "class", f->owner.class_id);
	put_int(row, "block_size", f->owner.block_size);
	put_int(row, "entries", s->nr);
	put_int(row, "blocks", s->fates[LOG_LIVE]);
	put_int(row, "live", (int64_t)s->fates[LOG_LIVE] * f->owner.block_size);
	put_int(row, "older", s->fates[LOG_OLDER]);
	put_int(row, "dropped", s->fates[LOG_DROPPED]);
	put_int(row, "gone", s->fates[LOG_GONE]);
	put_int(row, "tombs", s->fates[LOG_TOMB]);
	return row;
}

static void list_segments(const struct dump *d, bool every, bool json)
{
	json_object *all = log_tell_set(&d->set), *rows = json_object_new_array();
	u64 left_out = 0;
	size_t i;

	for (i = 0; i < d->walk.nr; i++) {
		const struct log_segment *s = &d->walk.segments[i];

		if (every || s->error || s->found.kind != KVT_LOG_FREE)
			json_object_array_add(rows, tell_segment(d, s));
		else
			left_out++;
	}
	json_object_object_add(all, "devices", log_tell_devices(&d->set, &d->walk));
	json_object_object_add(all, "segments", rows);
	if (json) {
		out_json(all);
	} else {
		log_title_set(&d->set);
		out_table(rows, segment_columns, true);
		if (left_out)
			printf("%llu more are free\n", (unsigned long long)left_out);
	}
	json_object_put(all);
}

/* ------------------------------------------------------------------ entries */

static const struct column entry_columns[] = {
	COLUMN("ENTRY",		"entry",	COL_COUNT),
	COLUMN("STATE",		"state",	COL_TEXT),
	COLUMN("OFFSET",	"offset",	COL_COUNT),
	COLUMN("USED",		"used",		COL_COUNT),
	COLUMN("KEY",		"key",		COL_TEXT),
	COLUMN("PARENT",	"parent",	COL_TEXT),
	COLUMN("DROPS",		"drops",	COL_TEXT),
	{}
};

static void put_block(json_object *row, const struct kvt_log_entry *e)
{
	static const u8 root[32];
	char text[65];

	put_int(row, "offset", (int64_t)le32_to_cpu(e->offset) * KVT_LOG_PAGE);
	put_int(row, "used", le64_to_cpu(e->used));
	put_text(row, "key", log_hex(e->key, text));
	if (memcmp(e->parent, root, sizeof(root)))
		put_text(row, "parent", log_hex(e->parent, text));
}

static void put_tomb(json_object *row, const struct kvt_log_entry *e)
{
	char text[96];

	snprintf(text, sizeof(text), "%u:%u entry %u (generation %llu)",
		 le32_to_cpu(e->device), le32_to_cpu(e->segment), le32_to_cpu(e->index),
		 (unsigned long long)le64_to_cpu(e->generation));
	put_text(row, "drops", text);
}

static int take_segment(void *arg, const struct log_segment *s, const void *table,
			const u8 *fates)
{
	const struct kvt_log_place *at = &s->found.place;
	struct dump *d = arg;
	u32 i;

	if (!d->entries || at->device != d->device || at->segment != d->number)
		return 0;
	for (i = 0; i < s->nr; i++) {
		const struct kvt_log_entry *e = kvt_log_entry(&s->found.layout, table, i);
		json_object *row = json_object_new_object();

		put_int(row, "entry", i);
		put_text(row, "state", log_fate_text(fates[i]));
		if (le32_to_cpu(e->type) == KVT_LOG_BLOCK)
			put_block(row, e);
		else if (le32_to_cpu(e->type) == KVT_LOG_TOMB)
			put_tomb(row, e);
		json_object_array_add(d->entries, row);
	}
	return 0;
}

static const struct log_segment *find_segment(const struct dump *d)
{
	size_t i = d->number;
	u32 k;

	for (k = 0; k < d->device; k++)
		i += d->set.source.nr_segments[k];
	return &d->walk.segments[i];
}

static void show_segment(const struct dump *d, bool json)
{
	json_object *rows = json_object_new_array();
	json_object *row = tell_segment(d, find_segment(d));

	json_object_array_add(rows, row);
	json_object_object_add(row, "list", json_object_get(d->entries));
	if (json) {
		out_json(row);
	} else {
		out_table(rows, segment_columns, true);
		out_table(d->entries, entry_columns, true);
	}
	json_object_put(rows);
}

/* --------------------------------------------------------------------- main */

static int choose(const struct command *cmd, struct dump *d, const struct choice *c)
{
	u32 i;

	if (c->number < 0)
		return CTL_OK;
	if (c->device < 0 && d->set.nr_named > 1)
		return misuse(cmd, "several devices are named: give --segment INDEX:NUMBER");
	for (i = 0; i < KVT_LOG_MAX_DEVICES; i++)
		if (d->set.devices[i].media.path && (c->device < 0 || c->device == i))
			break;
	if (i == KVT_LOG_MAX_DEVICES)
		return cannot(CTL_MISSING, "device %lld of the set is not named",
			      (long long)c->device);
	if (c->number >= d->set.source.nr_segments[i])
		return cannot(CTL_MISSING, "%s has segments 0 to %u",
			      d->set.devices[i].media.path, d->set.source.nr_segments[i] - 1);
	d->device = i;
	d->number = c->number;
	d->entries = json_object_new_array();
	return CTL_OK;
}

static int dump_set(struct dump *d, bool every, bool json)
{
	int err;

	log_missing(&d->set);
	err = log_walk_pages(&d->walk, &d->set.source);
	if (!err)
		err = log_walk_entries(&d->walk, take_segment, d);
	if (err)
		return cannot(CTL_FAILED, "%s", strerror(-err));
	if (d->entries)
		show_segment(d, json);
	else
		list_segments(d, every, json);
	return CTL_OK;
}

int tier_dump(const struct command *cmd, int argc, char **argv)
{
	struct choice choice = { -1, -1 };
	struct dump d = {};
	bool every = false, json = false;
	struct opt opts[] = {
		OPT("segment", arg_choice, &choice),
		OPT("all", NULL, &every),
		OPT("json", NULL, &json),
		{}
	};
	int code, nr = args_parse(cmd, argc, argv, opts, &code);

	if (nr < 0)
		return code;
	doing("dump");
	code = log_set_open(&d.set, nr, argv, MEDIA_PEEK);
	if (!code)
		code = choose(cmd, &d, &choice);
	if (!code)
		code = dump_set(&d, every, json);
	log_walk_free(&d.walk);
	log_set_close(&d.set);
	json_object_put(d.entries);
	return code;
}
