// SPDX-License-Identifier: GPL-2.0
/* kvt_abi_check_batch() and kvt_abi_op_writes(): the head of a batch. */
#include "good.h"

/* From the text of uapi/kvtier.h, one line a command. */
static const struct {
	const char *name;
	__u32 flags;
	bool writes;
	bool parent;
} ops[] = {
	[KVT_OP_LOOKUP]   = { "LOOKUP", KVT_F_MEMORY_ONLY, false, false },
	[KVT_OP_ACQUIRE]  = { "ACQUIRE", KVT_F_WAIT | KVT_F_NO_PROMOTE |
			      KVT_F_MEMORY_ONLY | KVT_F_ARRIVING |
			      KVT_F_LOCAL | KVT_F_AWAIT, false, false },
	[KVT_OP_RELEASE]  = { "RELEASE", KVT_F_TOUCH, false, false },
	[KVT_OP_RESERVE]  = { "RESERVE", KVT_F_WAIT | KVT_F_LEASE | KVT_F_FLAT |
			      KVT_F_CLASS, true, true },
	[KVT_OP_COMMIT]   = { "COMMIT", 0, true, false },
	[KVT_OP_ABORT]    = { "ABORT", 0, true, false },
	[KVT_OP_PUT]      = { "PUT", KVT_F_WAIT | KVT_F_FLAT | KVT_F_CLASS,
			      true, true },
	[KVT_OP_GET]      = { "GET", KVT_F_LOCAL, false, false },
	[KVT_OP_PREFETCH] = { "PREFETCH", KVT_F_LOCAL, false, false },
	[KVT_OP_DROP]     = { "DROP", KVT_F_CHAIN | KVT_F_LOCAL, true,
			      false },
};

static bool takes(const struct kvt_batch *b)
{
	int rc = kvt_abi_check_batch(b);

	if (rc && rc != -EINVAL)
		printf("# op %u: %d\n", b->op, rc);
	return !rc;
}

static void unknown_ops(void)
{
	__u32 op;
	int taken = 0;

	for (op = ARRAY_SIZE(ops); op < 70000; op++) {
		struct kvt_batch b = good_batch(op);

		taken += takes(&b) || kvt_abi_op_writes(op);
	}
	is(taken, 0, "no op 10 .. 69999");
	REFUSES(batch, good_batch(0), op = 1U << 31);
	REFUSES(batch, good_batch(0), op = ~0U);
	ok(!kvt_abi_op_writes(~0U), "unknown ops do not write");
}

/* All 1024 sets of the known flags, and each of the unknown ones. */
static void flags(__u32 op)
{
	struct kvt_batch b = good_batch(op);
	int wrong = 0;

	for (b.flags = 0; b.flags < 2048; b.flags++)
		wrong += takes(&b) != !(b.flags & ~ops[op].flags);
	is(wrong, 0, "%s: takes its flags and no others", ops[op].name);
	for (b.flags = 2048, wrong = 0; b.flags; b.flags <<= 1)
		wrong += takes(&b);
	is(wrong, 0, "%s: no unknown flag", ops[op].name);
}

static void counts(__u32 op)
{
	struct kvt_batch b = good_batch(op);
	static const __u32 bad[] = { 0, KVT_MAX_BATCH + 1, 65536, 1U << 31, ~0U };
	size_t i;
	int wrong = 0;

	for (b.nr = 1; b.nr <= KVT_MAX_BATCH; b.nr++)
		wrong += !takes(&b);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		b.nr = bad[i];
		wrong += takes(&b);
	}
	is(wrong, 0, "%s: 1..16384 entries", ops[op].name);
}

static void entries_address(__u32 op)
{
	struct kvt_batch b = good_batch(op);
	int i, wrong = 0;

	for (i = 0; i < 64; i++) {
		b.entries = 0x1000 + i;
		wrong += takes(&b) != (i % 8 == 0);
	}
	b.entries = ~7ULL;
	wrong += !takes(&b);
	is(wrong, 0, "%s: entries lie at a multiple of 8", ops[op].name);
}

static void padding(__u32 op)
{
	struct kvt_batch good = good_batch(op), b;
	int i, taken = 0;

	for (i = 0; i < 16; i++) {
		b = good;
		b.pad = 1U << i;
		taken += takes(&b);
	}
	for (i = 0; i < 32; i++) {
		b = good;
		b.pad2 = 1U << i;
		taken += takes(&b);
	}
	is(taken, 0, "%s: pad and pad2 are zero", ops[op].name);
}

static void parent(__u32 op)
{
	struct kvt_batch b;
	int i, wrong = 0;

	for (i = 0; i < KVT_KEY_SIZE; i++) {
		b = good_batch(op);
		b.parent[i] = 1 << i % 8;
		wrong += takes(&b) != ops[op].parent;
	}
	is(wrong, 0, "%s: %s parent, in any byte", ops[op].name,
	   ops[op].parent ? "may have a" : "has no");
}

/* What goes with a flag is refused without it, whatever the command takes. */
static void timeout(__u32 op)
{
	struct kvt_batch b = good_batch(op);
	bool waits = ops[op].flags & KVT_F_WAIT;
	bool hints = op == KVT_OP_PREFETCH;

	b.timeout_ns = 1;
	is(takes(&b), hints, "%s: timeout without WAIT", ops[op].name);
	b.timeout_ns = 1ULL << 32;
	is(takes(&b), hints, "%s: a long one", ops[op].name);
	b.timeout_ns = KVT_MAX_TIMEOUT_NS + 1;
	ok(!takes(&b), "%s: not longer than an hour", ops[op].name);
	b.timeout_ns = 1ULL << 32;
	b.flags = KVT_F_WAIT;
	is(takes(&b), waits, "%s: WAIT with a timeout", ops[op].name);
	b.timeout_ns = KVT_MAX_TIMEOUT_NS;
	is(takes(&b), waits, "%s: of an hour", ops[op].name);
	b.timeout_ns++;
	ok(!takes(&b), "%s: and a nanosecond", ops[op].name);
	b.timeout_ns = ~0ULL;
	ok(!takes(&b), "%s: for ever", ops[op].name);
	b.timeout_ns = 0;
	is(takes(&b), waits, "%s: of zero", ops[op].name);
}

static void class_id(__u32 op)
{
	struct kvt_batch b = good_batch(op);
	bool states = ops[op].flags & KVT_F_CLASS;
	int i, wrong = 0;

	for (i = 0; i < 256; i++) {
		b.class_id = i;
		b.flags = 0;
		wrong += takes(&b) != (i == 0);
		b.flags = KVT_F_CLASS;
		wrong += takes(&b) != (states && i <= KVT_MAX_CLASS);
	}
	is(wrong, 0, "%s: class %s", ops[op].name,
	   states ? "0..15, with CLASS" : "zero");
}

static void tier(__u32 op)
{
	struct kvt_batch b = good_batch(op);
	int i, wrong = 0;

	for (i = 0; i < 256; i++) {
		b.tier = i;
		wrong += takes(&b) != (i == KVT_TIER_DRAM ||
			(op == KVT_OP_PREFETCH && i == KVT_TIER_CXL));
	}
	is(wrong, 0, "%s: tier %s", ops[op].name,
	   op == KVT_OP_PREFETCH ? "dram or cxl" : "zero");
}

/* A caller may hand the same struct in again. */
static void outputs(__u32 op)
{
	struct kvt_batch b = good_batch(op);

	b.done = ~0U;
	b.ok = ~0U;
	ok(takes(&b), "%s: done and ok are not looked at", ops[op].name);
}

int main(void)
{
	__u32 op;

	unknown_ops();
	for (op = 0; op < ARRAY_SIZE(ops); op++) {
		struct kvt_batch b = good_batch(op);

		ok(takes(&b), "%s: is known", ops[op].name);
		is(kvt_abi_op_writes(op), ops[op].writes, "%s: %s",
		   ops[op].name, ops[op].writes ? "writes" : "reads");
		flags(op);
		counts(op);
		entries_address(op);
		padding(op);
		parent(op);
		timeout(op);
		class_id(op);
		tier(op);
		outputs(op);
	}
	return done();
}
