// SPDX-License-Identifier: GPL-2.0
/*
 * What programs may ask of the module, against a second reading of uapi/kvtier.h
 * (tools/testing/unit/kmod/oracle.c): both have to say the same.
 */
#include "../unit/kmod/good.h"
#undef must
#include "../unit/kmod/oracle.h"
#include "fuzz.h"

static void entries(struct input *in, const struct kvt_batch *b)
{
	uint32_t block_size = KVT_BLOCK_SIZE_MIN * (1U << take_byte(in) % 15), i;
	struct kvt_batch some = *b;
	struct kvt_entry *e;
	bool want = true;

	some.nr = in->size / sizeof(*e);
	if (!some.nr)
		return;
	e = take_alone(in, some.nr * sizeof(*e));
	for (i = 0; i < some.nr; i++)
		want &= oracle_entry(&some, &e[i], block_size);
	must(!kvt_abi_check_entries(&some, e, block_size) == want);
	free(e);
}

static void batch(struct input *in)
{
	struct kvt_batch *b = take_alone(in, sizeof(*b));
	bool want = oracle_batch(b);

	must(!kvt_abi_check_batch(b) == want);
	if (want)
		entries(in, b);
	free(b);
}

static void layers(struct input *in)
{
	uint32_t block_size = take_byte(in) * KVT_BLOCK_SIZE_MIN, i, last = 0;
	uint32_t nr = in->size / sizeof(uint32_t);
	uint32_t *ends = take_alone(in, nr * sizeof(*ends));

	if (!kvt_abi_check_layers(ends, nr, block_size)) {
		for (i = 0; i < nr; last = ends[i++])
			must(ends[i] > last && ends[i] <= block_size);
		must(last == block_size);
	}
	free(ends);
}

#define JUDGE(name)							\
static void name(struct input *in)					\
{									\
	struct kvt_##name *arg = take_alone(in, sizeof(*arg));		\
									\
	must(!kvt_abi_check_##name(arg) == oracle_##name(arg));		\
	free(arg);							\
}

JUDGE(tier_add)
JUDGE(nvme_add)
JUDGE(tier_resize)
JUDGE(space_create)
JUDGE(space_resize)

static void (*const judges[])(struct input *in) = {
	batch, layers, tier_add, nvme_add, tier_resize, space_create, space_resize,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	judges[take_byte(&in) % ARRAY_SIZE(judges)](&in);
	return 0;
}

/* ---------------------------------------------------------------------- seeds */

static uint8_t text[16384];

static size_t put(size_t at, const void *bytes, size_t size)
{
	memcpy(text + at, bytes, size);
	return at + size;
}

static void seed_batch(seed_fn seed, uint32_t op, uint32_t flags)
{
	struct kvt_batch b = good_batch(op);
	struct kvt_entry e = good_entry(op);
	char name[16];
	size_t at = 2;

	b.flags = flags;
	b.nr = 2;
	text[0] = 0;
	at = put(1, &b, sizeof(b));
	text[at++] = 4;
	at = put(at, &e, sizeof(e));
	at = put(at, &e, sizeof(e));
	snprintf(name, sizeof(name), "batch-%u", op);
	seed(name, text, at);
}

#define SEED(nr, name) do {						\
	struct kvt_##name arg = good_##name();				\
									\
	text[0] = nr;							\
	seed(#name, text, put(1, &arg, sizeof(arg)));			\
} while (0)

void fuzz_seeds(seed_fn seed)
{
	const uint32_t ends[] = { 4096, 12288, 65536 };
	uint32_t op;

	for (op = 0; op <= KVT_OP_DROP; op++)
		seed_batch(seed, op, op == KVT_OP_ACQUIRE ? KVT_F_ARRIVING : 0);
	text[0] = 1;
	text[1] = 16;
	seed("layers", text, put(2, ends, sizeof(ends)));
	SEED(2, tier_add);
	SEED(3, nvme_add);
	SEED(4, tier_resize);
	SEED(5, space_create);
	SEED(6, space_resize);
}
