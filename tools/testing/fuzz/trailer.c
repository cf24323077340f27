// SPDX-License-Identifier: GPL-2.0
/* Trailers of blocks from a pool: one that is taken is of the block that was asked for. */
#include "../../../kmod/trailer.h"
#include "fuzz.h"

enum { SEAL = 1, FIX_NAMES = 2, SHORT = 4, ANY_PARENT = 8 };

/* What comes first in an input. */
struct asked {
	uint8_t how;
	uint16_t pages;		/* of the block, less one */
	u8 key[32];
	u8 identity[32];
	u8 parent[32];
} __attribute__((packed));

static void seal(struct kvt_trailer *t, u32 bytes)
{
	t->crc = 0;
	t->crc = cpu_to_le32(crc32c(~0U, t, bytes));
}

static void fix_names(struct kvt_trailer *t, const struct kvt_trailer_of *want)
{
	memcpy(t->key, want->key, sizeof(t->key));
	memcpy(t->identity, want->identity, sizeof(t->identity));
	memcpy(t->parent, want->parent, sizeof(t->parent));
}

static void check_taken(const struct kvt_trailer *t, u32 room,
			const struct kvt_trailer_of *want)
{
	must(!memcmp(t->key, want->key, sizeof(t->key)));
	must(!memcmp(t->identity, want->identity, sizeof(t->identity)));
	must(le32_to_cpu(t->block_size) == want->block_size);
	must((u64)le32_to_cpu(t->nr) * KVT_TRAILER_SPAN >= want->block_size);
	must(sizeof(*t) + (u64)le32_to_cpu(t->nr) * sizeof(t->sums[0]) <= room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct kvt_trailer_of want = {};
	struct kvt_trailer *t;
	struct asked asked;
	u32 room;

	take(&in, &asked, sizeof(asked));
	want.block_size = (asked.pages % 16384U + 1) * 4096;
	memcpy(want.key, asked.key, sizeof(want.key));
	memcpy(want.identity, asked.identity, sizeof(want.identity));
	if (!(asked.how & ANY_PARENT))
		memcpy(want.parent, asked.parent, sizeof(want.parent));
	room = kvt_trailer_bytes(want.block_size) - (asked.how & SHORT ? 1 : 0);
	t = take_alone(&in, room);
	if (asked.how & FIX_NAMES)
		fix_names(t, &want);
	if (asked.how & SEAL)
		seal(t, room);
	if (!kvt_trailer_check(t, room, &want))
		check_taken(t, room, &want);
	free(t);
	return 0;
}

static void seed_of(seed_fn seed, const char *name, uint32_t pages, uint8_t how)
{
	struct asked asked = { how, pages - 1, { 1 }, { 2 }, { 3 } };
	struct kvt_trailer_of of = {
		.key = { 1 }, .identity = { 2 }, .parent = { 3 },
		.block_size = pages * 4096, .class_id = 4,
	};
	struct kvt_trailer *t = malloc(kvt_trailer_bytes(of.block_size));
	u32 *sums = calloc(1024, sizeof(*sums));
	uint8_t text[sizeof(asked) + sizeof(*t)];

	must(t && sums);
	kvt_trailer_make(t, &of, sums);
	/* The sums are zeros, as what an input lacks. */
	memcpy(text, &asked, sizeof(asked));
	memcpy(text + sizeof(asked), t, sizeof(*t));
	seed(name, text, sizeof(text));
	free(sums);
	free(t);
}

void fuzz_seeds(seed_fn seed)
{
	seed_of(seed, "one-page", 1, 0);
	seed_of(seed, "many-pages", 512, SEAL);
	seed_of(seed, "largest", 16384, SEAL | FIX_NAMES);
	seed_of(seed, "any-parent", 17, ANY_PARENT | SEAL);
	seed_of(seed, "short", 17, SHORT);
}
