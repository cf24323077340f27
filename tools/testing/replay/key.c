// SPDX-License-Identifier: GPL-2.0
/*
 * Keys of a replay. A trace numbers its blocks; the cache wants chained keys
 * of 32 bytes, as an engine makes them from tokens: a key depends on the
 * block and on everything before it.
 */
#define XXH_INLINE_ALL
#include <endian.h>
#include <string.h>
#include <xxhash.h>

#include "key.h"

struct key_input {
	struct kvt_key parent;
	uint64_t id;
};

_Static_assert(sizeof(struct key_input) == KVT_KEY_SIZE + 8, "no padding");

static void hash_half(const struct key_input *in, uint64_t seed, uint8_t *out)
{
	XXH128_canonical_t c;

	XXH128_canonicalFromHash(&c,
				 XXH3_128bits_withSeed(in, sizeof(*in), seed));
	memcpy(out, c.digest, sizeof(c.digest));
}

struct kvt_key key_child(const struct kvt_key *parent, uint64_t id, uint64_t seed)
{
	struct key_input in = { .parent = *parent, .id = htole64(id) };
	static const struct kvt_key zero;
	struct kvt_key key;

	hash_half(&in, seed, key.bytes);
	hash_half(&in, ~seed, key.bytes + KVT_KEY_SIZE / 2);
	if (!memcmp(&key, &zero, sizeof(key)))
		key.bytes[0] = 1;
	return key;
}

void key_chain(const uint64_t *ids, size_t nr, uint64_t seed, struct kvt_key *keys)
{
	struct kvt_key parent = { { 0 } };
	size_t i;

	for (i = 0; i < nr; i++) {
		keys[i] = key_child(&parent, ids[i], seed);
		parent = keys[i];
	}
}

uint64_t key_word(const struct kvt_key *key, unsigned int i)
{
	uint64_t word;

	memcpy(&word, key->bytes + 8 * i, sizeof(word));
	return le64toh(word);
}
