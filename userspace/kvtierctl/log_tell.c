// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "log_tell.h"
#include "say.h"
#include "size.h"

const struct column log_device_columns[] = {
	COLUMN("DEVICE",	"device",	COL_TEXT),
	COLUMN("INDEX",		"index",	COL_COUNT),
	COLUMN("SIZE",		"size",		COL_SIZE),
	COLUMN("SEGMENTS",	"segments",	COL_COUNT),
	COLUMN("FREE",		"free",		COL_COUNT),
	COLUMN("OPEN",		"open",		COL_COUNT),
	COLUMN("CLOSED",	"closed",	COL_COUNT),
	COLUMN("DAMAGED",	"damaged",	COL_COUNT),
	COLUMN("ATTACHED",	"attached",	COL_TEXT),
	{}
};

const char *log_state_text(const struct log_segment *s)
{
	if (s->error)
		return "damaged";
	if (s->found.kind == KVT_LOG_FREE)
		return "free";
	return s->found.kind == KVT_LOG_OPEN ? "open" : "closed";
}

const char *log_fate_text(u8 fate)
{
	static const char *const texts[] = {
		[LOG_LIVE] = "live",
		[LOG_OLDER] = "older",
		[LOG_DROPPED] = "dropped",
		[LOG_GONE] = "gone",
		[LOG_TOMB] = "tomb",
	};

	return texts[fate];
}

const char *log_hex(const u8 bytes[32], char text[65])
{
	int i;

	for (i = 0; i < 32; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	return text;
}

static const struct kvt_log_super *any_super(const struct log_set *set)
{
	u32 i;

	for (i = 0; i < KVT_LOG_MAX_DEVICES - 1; i++)
		if (set->devices[i].media.path)
			break;
	return &set->devices[i].super;
}

json_object *log_tell_set(const struct log_set *set)
{
	const struct kvt_log_super *super = any_super(set);
	json_object *all = json_object_new_object();

	put_text(all, "set", set->uuid);
	put_text(all, "class", log_grade_text(le32_to_cpu(super->grade)));
	put_int(all, "segment_size", set->source.segment_bytes);
	put_int(all, "nr_devices", set->nr_devices);
	return all;
}

void log_title_set(const struct log_set *set)
{
	char size[SIZE_TEXT];

	printf("set %s, class %s, segments of %s\n", set->uuid,
	       log_grade_text(le32_to_cpu(any_super(set)->grade)),
	       size_exact(set->source.segment_bytes, size));
}

void log_missing(const struct log_set *set)
{
	if (set->nr_named < set->nr_devices)
		fail(CTL_OK, "only %u of the %u devices of the set were named; what tombs on the others drop is shown as live",
		     set->nr_named, set->nr_devices);
}

/* A host that it is attached by, or that has not detached it. */
static void put_host(json_object *row, const struct kvt_log_super *super)
{
	static const u8 none[16];
	char text[UUID_TEXT];

	if (!memcmp(super->host, none, sizeof(none)))
		put_text(row, "attached", NULL);
	else
		put_text(row, "attached", log_uuid_text(super->host, text));
}

static void count_states(const struct log_walk *w, u32 device, json_object *row)
{
	static const char *const states[] = { "free", "open", "closed", "damaged" };
	int64_t counts[4] = {};
	size_t i, k;

	for (i = 0; i < w->nr; i++)
		for (k = 0; k < 4 && w->segments[i].found.place.device == device; k++)
			counts[k] += !strcmp(log_state_text(&w->segments[i]), states[k]);
	for (k = 0; k < 4; k++)
		put_int(row, states[k], counts[k]);
}

json_object *log_tell_devices(const struct log_set *set, const struct log_walk *w)
{
	json_object *rows = json_object_new_array();
	u32 i;

	for (i = 0; i < KVT_LOG_MAX_DEVICES; i++) {
		const struct log_device *d = &set->devices[i];
		json_object *row;

		if (!d->media.path)
			continue;
		row = json_object_new_object();
		put_text(row, "device", d->media.path);
		put_int(row, "index", i);
		put_int(row, "size", d->media.bytes);
		put_int(row, "segments", set->source.nr_segments[i]);
		count_states(w, i, row);
		put_host(row, &d->super);
		json_object_array_add(rows, row);
	}
	return rows;
}
