// SPDX-License-Identifier: GPL-2.0
/* Keys: chained, stable, and different wherever anything differs. */
#include <string.h>

#include "../lib/tap.h"
#include "key.h"

static int same(const struct kvt_key *a, const struct kvt_key *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void test_chain(void)
{
	const uint64_t a[] = { 1, 2, 3 }, b[] = { 1, 2, 4 }, c[] = { 5, 2, 3 };
	struct kvt_key ka[3], kb[3], kc[3];

	key_chain(a, 3, 0, ka);
	key_chain(b, 3, 0, kb);
	key_chain(c, 3, 0, kc);
	ok(same(&ka[0], &kb[0]) && same(&ka[1], &kb[1]),
	   "equal prefixes have equal keys");
	ok(!same(&ka[2], &kb[2]), "another block has another key");
	ok(!same(&ka[1], &kc[1]) && !same(&ka[2], &kc[2]),
	   "the same block after another prefix has another key");
}

static void test_seed(void)
{
	struct kvt_key root = { { 0 } };
	struct kvt_key a = key_child(&root, 7, 0);
	struct kvt_key b = key_child(&root, 7, 1);
	struct kvt_key c = key_child(&root, 7, UINT64_MAX);

	ok(!same(&a, &b), "another seed gives another key");
	ok(!same(&a, &c), "a seed and its complement give different keys");
	ok(memcmp(a.bytes, a.bytes + 16, 16), "the halves of a key differ");
	ok(!same(&a, &root), "a key is not all zero");
}

/* Blocks stored by one release must be found by the next. */
static void test_stable(void)
{
	static const uint8_t wanted[KVT_KEY_SIZE] = {
		#include "key_golden.h"
	};
	struct kvt_key keys[2];

	key_chain((const uint64_t[]) { 0, 0x0123456789abcdef }, 2, 42, keys);
	ok(!memcmp(keys[1].bytes, wanted, sizeof(wanted)),
	   "the derivation has not changed");
}

int main(void)
{
	test_chain();
	test_seed();
	test_stable();
	return done();
}
