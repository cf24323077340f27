// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "log_live.h"

/* What is remembered: a key that is there, or what a tomb names. */
struct note {
	u32 space;
	u32 what;		/* enum note_kind; 0: free place */
	union {
		u8 key[32];
		struct {
			u64 generation;
			u32 device;
			u32 segment;
			u32 index;
			u32 zero[3];
		} entry;
	};
};

enum note_kind { NOTE_KEY = 1, NOTE_TOMB = 2 };

struct log_live {
	struct note *notes;
	size_t places;		/* a power of two */
	size_t used;
};

#define FIRST_PLACES	1024

static size_t hash_of(const struct note *n)
{
	const u64 *word = (const u64 *)n;
	u64 h = 0x9e3779b97f4a7c15ULL;
	size_t i;

	for (i = 0; i < sizeof(*n) / sizeof(*word); i++) {
		h = (h ^ word[i]) * 0xbf58476d1ce4e5b9ULL;
		h ^= h >> 29;
	}
	return h;
}

/* Where @n is, or else would be. */
static struct note *place_of(const struct log_live *live, const struct note *n)
{
	size_t i = hash_of(n) & (live->places - 1);

	while (live->notes[i].what && memcmp(&live->notes[i], n, sizeof(*n)))
		i = (i + 1) & (live->places - 1);
	return &live->notes[i];
}

static int grow(struct log_live *live)
{
	struct log_live bigger = { .places = 2 * live->places };
	size_t i;

	bigger.notes = calloc(bigger.places, sizeof(*bigger.notes));
	if (!bigger.notes)
		return -ENOMEM;
	for (i = 0; i < live->places; i++)
		if (live->notes[i].what)
			*place_of(&bigger, &live->notes[i]) = live->notes[i];
	free(live->notes);
	live->notes = bigger.notes;
	live->places = bigger.places;
	return 0;
}

static bool is_noted(const struct log_live *live, const struct note *n)
{
	return place_of(live, n)->what;
}

static int add_note(struct log_live *live, const struct note *n)
{
	struct note *place;

	if (live->used >= live->places / 2 && grow(live))
		return -ENOMEM;
	place = place_of(live, n);
	if (!place->what)
		live->used++;
	*place = *n;
	return 0;
}

static struct note tomb_note(u32 space, u64 generation, u32 device, u32 segment, u32 index)
{
	struct note n;

	memset(&n, 0, sizeof(n));
	n.space = space;
	n.what = NOTE_TOMB;
	n.entry.generation = generation;
	n.entry.device = device;
	n.entry.segment = segment;
	n.entry.index = index;
	return n;
}

static struct note key_note(u32 space, const u8 *key)
{
	struct note n;

	memset(&n, 0, sizeof(n));
	n.space = space;
	n.what = NOTE_KEY;
	memcpy(n.key, key, sizeof(n.key));
	return n;
}

static int take_tombs(struct log_live *live, u32 space, const struct kvt_log_found *f,
		      const void *table, u32 nr, u8 *fates)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		const struct kvt_log_entry *e = kvt_log_entry(&f->layout, table, i);
		struct note n;

		fates[i] = LOG_GONE;
		if (le32_to_cpu(e->type) != KVT_LOG_TOMB)
			continue;
		n = tomb_note(space, le64_to_cpu(e->generation), le32_to_cpu(e->device),
			      le32_to_cpu(e->segment), le32_to_cpu(e->index));
		if (add_note(live, &n))
			return -ENOMEM;
		fates[i] = LOG_TOMB;
	}
	return 0;
}

static int take_block(struct log_live *live, u32 space, const struct kvt_log_place *at,
		      u32 index, const u8 *key, u8 *fate)
{
	struct note n = tomb_note(space, at->generation, at->device, at->segment, index);
	struct note k = key_note(space, key);

	if (is_noted(live, &n)) {
		*fate = LOG_DROPPED;
		return 0;
	}
	*fate = is_noted(live, &k) ? LOG_OLDER : LOG_LIVE;
	return add_note(live, &k);
}

int log_live_segment(struct log_live *live, u32 space, const struct kvt_log_found *f,
		     const void *table, u32 nr, u8 *fates)
{
	int err = take_tombs(live, space, f, table, nr, fates);
	u32 i;

	for (i = nr; !err && i--;) {
		const struct kvt_log_entry *e = kvt_log_entry(&f->layout, table, i);

		if (le32_to_cpu(e->type) == KVT_LOG_BLOCK)
			err = take_block(live, space, &f->place, i, e->key, &fates[i]);
	}
	return err;
}

struct log_live *log_live_new(void)
{
	struct log_live *live = calloc(1, sizeof(*live));

	if (!live)
		return NULL;
	live->places = FIRST_PLACES;
	live->notes = calloc(live->places, sizeof(*live->notes));
	if (live->notes)
		return live;
	free(live);
	return NULL;
}

void log_live_free(struct log_live *live)
{
	if (live)
		free(live->notes);
	free(live);
}
