// SPDX-License-Identifier: GPL-2.0
/* kvt_abi_check_entries(): the entries of a batch whose head is good. */
#include "good.h"

#define BLOCK 65536U

static const char * const names[] = {
	"LOOKUP", "ACQUIRE", "RELEASE", "RESERVE", "COMMIT", "ABORT", "PUT",
	"GET", "PREFETCH", "DROP",
};

static bool by_slot(__u32 op)
{
	return op == KVT_OP_RELEASE || op == KVT_OP_COMMIT ||
		op == KVT_OP_ABORT;
}

static bool takes_one(__u32 op, const struct kvt_entry *e, __u32 block_size)
{
	struct kvt_batch b = good_batch(op);

	return !kvt_abi_check_entries(&b, e, block_size);
}

static void key(__u32 op)
{
	struct kvt_entry e = good_entry(op);
	int i, wrong = 0;

	memset(e.key, 0, sizeof(e.key));
	is(takes_one(op, &e, BLOCK), by_slot(op), "%s: %s", names[op],
	   by_slot(op) ? "needs no key" : "zero is not a key");
	for (i = 0; i < KVT_KEY_SIZE; i++) {
		memset(e.key, 0, sizeof(e.key));
		e.key[i] = 1 << i % 8;
		wrong += !takes_one(op, &e, BLOCK);
	}
	memset(e.key, 0xff, sizeof(e.key));
	wrong += !takes_one(op, &e, BLOCK);
	is(wrong, 0, "%s: any other key will do", names[op]);
}

static void addr(__u32 op)
{
	struct kvt_entry e = good_entry(op);
	bool copies = op == KVT_OP_PUT || op == KVT_OP_GET;
	int i, wrong = 0;

	for (i = 0; i < 64; i++) {
		e.addr = 1ULL << i;
		wrong += takes_one(op, &e, BLOCK) != copies;
	}
	e.addr = ~0ULL;
	wrong += takes_one(op, &e, BLOCK) != copies;
	is(wrong, 0, "%s: %s", names[op],
	   copies ? "whether addr is good shows later" : "addr is zero");
}

/* All but GET. */
static void no_range(__u32 op)
{
	struct kvt_entry e;
	int i, taken = 0;

	for (i = 0; i < 32; i++) {
		e = good_entry(op);
		e.pos = 1U << i;
		taken += takes_one(op, &e, BLOCK);
		e = good_entry(op);
		e.len = 1U << i;
		taken += takes_one(op, &e, BLOCK);
	}
	is(taken, 0, "%s: pos and len are zero", names[op]);
}

static void outputs(__u32 op)
{
	struct kvt_entry e = good_entry(op);

	e.offset = ~0ULL;
	e.slot = ~0U;
	e.result = -1;
	ok(takes_one(op, &e, BLOCK), "%s: offset, slot and result are not looked at",
	   names[op]);
}

/* The last of many counts as the first does, and none behind it. */
static void many(__u32 op)
{
	const __u32 nr = KVT_MAX_BATCH;
	struct kvt_entry *e = calloc(nr, sizeof(*e));
	struct kvt_batch b = good_batch(op);
	__u32 i;
	int wrong = 0;

	must(e);
	for (i = 0; i < nr; i++)
		e[i] = good_entry(op);
	b.nr = nr;
	is(kvt_abi_check_entries(&b, e, BLOCK), 0, "%s: 16384 entries",
	   names[op]);
	for (i = 0; i < nr; i = i * 3 + 1) {
		e[i].len = ~0U;
		b.nr = i + 1;
		wrong += kvt_abi_check_entries(&b, e, BLOCK) != -EINVAL;
		b.nr = i;
		wrong += kvt_abi_check_entries(&b, e, BLOCK) != 0;
		e[i] = good_entry(op);
	}
	e[nr - 1].pos = ~0U;
	b.nr = nr;
	wrong += kvt_abi_check_entries(&b, e, BLOCK) != -EINVAL;
	is(wrong, 0, "%s: one bad entry refuses all, one past them none",
	   names[op]);
	free(e);
}

static const struct range {
	__u32 block_size, pos, len;
	bool good;
} ranges[] = {
	{ 4096, 0, 1, true },
	{ 4096, 0, 4096, true },
	{ 4096, 4095, 1, true },
	{ 4096, 1, 4095, true },
	{ 4096, 0, 0, false },
	{ 4096, 4095, 0, false },
	{ 4096, 0, 4097, false },
	{ 4096, 1, 4096, false },
	{ 4096, 4095, 2, false },
	{ 4096, 4096, 0, false },
	{ 4096, 4096, 1, false },
	{ 4096, 4097, 1, false },
	{ 4096, ~0U, 1, false },
	{ 4096, ~0U, 2, false },
	{ 4096, 2, ~0U, false },
	{ 4096, 1, ~0U, false },
	{ 4096, 1U << 31, 1U << 31, false },
	{ 64 << 20, 0, 64 << 20, true },
	{ 64 << 20, (64 << 20) - 1, 1, true },
	{ 64 << 20, 1, 64 << 20, false },
	{ 64 << 20, 64 << 20, 1, false },
	{ 64 << 20, (64 << 20) - 1, ~0U - (64 << 20) + 3, false },
};

static void get_ranges(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		const struct range *r = &ranges[i];
		struct kvt_entry e = good_entry(KVT_OP_GET);

		e.pos = r->pos;
		e.len = r->len;
		is(takes_one(KVT_OP_GET, &e, r->block_size), r->good,
		   "GET: %u bytes at %u of %u", r->len, r->pos, r->block_size);
	}
}

int main(void)
{
	__u32 op;

	for (op = 0; op < ARRAY_SIZE(names); op++) {
		struct kvt_entry e = good_entry(op);

		ok(takes_one(op, &e, BLOCK), "%s: a good entry", names[op]);
		key(op);
		addr(op);
		if (op != KVT_OP_GET)
			no_range(op);
		outputs(op);
		many(op);
	}
	get_ranges();
	return done();
}
