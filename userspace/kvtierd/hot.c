// SPDX-License-Identifier: GPL-2.0
#include <xxhash.h>

#include "hot.h"
#include "wire.h"

static uint64_t hash_of(const uint8_t *key)
{
	return XXH64(key, KVP_KEY_SIZE, 0);
}

void kvd_hot_add(struct kvd_hot *hot, const uint8_t *key, uint64_t now)
{
	uint64_t hash = hash_of(key);

	hot->entries[hash % KVD_HOT_ENTRIES] = (struct kvd_hot_entry) {
		.hash = hash, .until = now + KVD_HOT_NS,
	};
}

void kvd_hot_forget(struct kvd_hot *hot, const uint8_t *key)
{
	uint64_t hash = hash_of(key);
	struct kvd_hot_entry *e = &hot->entries[hash % KVD_HOT_ENTRIES];

	if (e->hash == hash)
		e->until = 0;
}

bool kvd_hot_has(const struct kvd_hot *hot, const uint8_t *key, uint64_t now)
{
	uint64_t hash = hash_of(key);
	const struct kvd_hot_entry *e = &hot->entries[hash % KVD_HOT_ENTRIES];

	return e->hash == hash && e->until > now;
}

unsigned int kvd_hot_first(const struct kvd_hot *hot, const uint8_t *key, unsigned int nr)
{
	return XXH64(key, KVP_KEY_SIZE, hot->seed) % nr;
}
