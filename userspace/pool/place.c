// SPDX-License-Identifier: GPL-2.0
/*
 * Thaler and Ravishankar, "Using name-based mappings to increase hit rates"
 * (1998): the members with the highest hash of (member, key) have the block.
 */
#include <string.h>
#include <xxhash.h>

#include "place.h"
#include "wire.h"

uint64_t kvp_member_seed(const char *name)
{
	return XXH64(name, strlen(name), 0);
}

/**
 * kvp_place_key() - the members that are to have a block, best first
 * @seeds: of the members, kvp_member_seed() of different names
 * @nr: how many, up to KVP_MAX_MEMBERS
 * @key: the block's
 * @replicas: how many are wanted, 1..KVP_MAX_REPLICAS
 * @members: out: their numbers
 *
 * Return: how many there are: the lesser of @nr and @replicas.
 */
unsigned int kvp_place_key(const uint64_t *seeds, unsigned int nr,
			   const uint8_t *key, unsigned int replicas,
			   unsigned int *members)
{
	uint64_t best[KVP_MAX_REPLICAS];
	unsigned int i, at, have = 0;

	for (i = 0; i < nr; i++) {
		uint64_t score = XXH64(key, KVP_KEY_SIZE, seeds[i]);

		/* Insertion: a few at most. */
		for (at = have; at && best[at - 1] < score; at--)
			;
		if (at == replicas)
			continue;
		if (have < replicas)
			have++;
		memmove(&best[at + 1], &best[at], (have - 1 - at) * sizeof(*best));
		memmove(&members[at + 1], &members[at],
			(have - 1 - at) * sizeof(*members));
		best[at] = score;
		members[at] = i;
	}
	return have;
}
