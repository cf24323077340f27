// SPDX-License-Identifier: GPL-2.0
/*
 * Good arguments with a few random changes: abi.c must say what oracle.c says.
 * KVT_SEED and KVT_ROUNDS choose others, and more.
 */
#include <inttypes.h>

#include "good.h"
#include "oracle.h"

static uint64_t state;

/* xorshift64* */
static uint64_t number(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL;
}

static uint64_t below(uint64_t n)
{
	return number() % n;
}

/* Numbers near which checks tend to be wrong. */
static uint64_t edge(void)
{
	static const uint64_t edges[] = {
		0, 1, 4, 8, 15, 16, 31, 32, 0777, 01000, 4096, 16384,
		2 * MIB, 64 * MIB, KVT_MAX_TIMEOUT_NS, 1ULL << 31, 1ULL << 32,
		1ULL << 56, 1ULL << 63, UINT64_MAX,
	};
	uint64_t n = edges[below(ARRAY_SIZE(edges))];

	switch (below(4)) {
	case 0:
		return n - 1;
	case 1:
		return n + 1;
	}
	return n;
}

/* One change to the @len bytes at @p, within the bytes. */
static void change(__u8 *p, size_t len)
{
	size_t width = (size_t)1 << below(4), at = below(len / width) * width;
	size_t from = below(len / width) * width;
	uint64_t n = edge();

	switch (below(5)) {
	case 0:
		p[at] ^= 1 << below(8);
		break;
	case 1:
		p[at] = number();
		break;
	case 2:
		memset(p + at, 0, width);
		break;
	case 3:
		memmove(p + at, p + from, width);
		break;
	default:
		memcpy(p + at, &n, width);
	}
}

static void change_some(void *p, size_t len)
{
	uint64_t n = below(4);

	while (n--)
		change(p, len);
}

/* The last of each, to be shown when the verdicts differ. */
static void dump(const char *what, const void *p, size_t len)
{
	const __u8 *byte = p;

	printf("# %s:", what);
	while (len--)
		printf(" %02x", *byte++);
	printf("\n");
}

static int good_rounds;

static int differs(const char *what, int rc, bool want, const void *p,
		   size_t len)
{
	good_rounds += want;
	if (rc == (want ? 0 : -EINVAL))
		return 0;
	printf("# %s: got %d, the oracle says %s\n", what, rc,
	       want ? "good" : "bad");
	dump(what, p, len);
	return 1;
}

#define ROUND(name)							\
static int name##_round(void)						\
{									\
	struct kvt_##name *arg = malloc(sizeof(*arg));			\
	int bad;							\
									\
	must(arg);							\
	*arg = good_##name();						\
	change_some(arg, sizeof(*arg));					\
	bad = differs(#name, kvt_abi_check_##name(arg),			\
		      oracle_##name(arg), arg, sizeof(*arg));		\
	free(arg);							\
	return bad;							\
}

ROUND(tier_add)
ROUND(nvme_add)
ROUND(tier_resize)
ROUND(space_create)
ROUND(space_resize)

/* A head that is often good: flags and fields that some command takes. */
static struct kvt_batch likely_batch(void)
{
	struct kvt_batch b = good_batch(below(KVT_OP_DROP + 1));

	b.nr = 1 + below(4);
	b.flags = number() & number() & number() & 0x7ff;
	if (b.flags & KVT_F_WAIT)
		b.timeout_ns = edge();
	if (b.flags & KVT_F_CLASS)
		b.class_id = below(18);
	if (b.op == KVT_OP_PREFETCH)
		b.tier = below(3);
	return b;
}

static int batch_round(void)
{
	struct kvt_batch b = likely_batch();

	change_some(&b, sizeof(b));
	return differs("batch", kvt_abi_check_batch(&b), oracle_batch(&b), &b,
		       sizeof(b));
}

static int entries_round(void)
{
	struct kvt_batch b = good_batch(below(KVT_OP_DROP + 1));
	__u32 i, block_size = 4096 * (1 + below(16384));
	struct kvt_entry *e;
	bool want = true;
	int bad;

	b.nr = 1 + below(5);
	e = malloc(b.nr * sizeof(*e));
	must(e);
	for (i = 0; i < b.nr; i++) {
		e[i] = good_entry(b.op);
		if (b.op == KVT_OP_GET)
			e[i].len = 1 + below(block_size);
	}
	change_some(e, b.nr * sizeof(*e));
	for (i = 0; i < b.nr; i++)
		want &= oracle_entry(&b, &e[i], block_size);
	bad = differs("entries", kvt_abi_check_entries(&b, e, block_size),
		      want, e, b.nr * sizeof(*e));
	if (bad)
		dump("of batch", &b, sizeof(b));
	free(e);
	return bad;
}

static void run(const char *name, int (*round)(void), long rounds)
{
	long i;
	int bad = 0;

	good_rounds = 0;
	for (i = 0; i < rounds && bad < 5; i++)
		bad += round();
	is(bad, 0, "%s: the oracle agrees", name);
	/* Else it would test next to nothing. */
	ok(good_rounds > rounds / 10 && good_rounds < rounds * 9 / 10,
	   "%s: good and bad ones came up", name);
	printf("# %d of %ld good\n", good_rounds, rounds);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

int main(void)
{
	long rounds = setting("KVT_ROUNDS", 200000);

	state = setting("KVT_SEED", 20260711);
	printf("# KVT_SEED=%" PRIu64 " KVT_ROUNDS=%ld\n", state, rounds);
	state = state * 2 + 1;
	run("tier_add", tier_add_round, rounds);
	run("nvme_add", nvme_add_round, rounds);
	run("tier_resize", tier_resize_round, rounds);
	run("space_create", space_create_round, rounds);
	run("space_resize", space_resize_round, rounds);
	run("batch", batch_round, rounds);
	run("entries", entries_round, rounds);
	return done();
}
