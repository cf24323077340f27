/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_KEY_H
#define REPLAY_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "libkvtier.h"

/**
 * key_child - key of the block that follows @parent and has @id in the trace
 * @parent: key of the block before it, all zero for the first of a chain
 * @id: the block's number in the trace
 * @seed: other seeds give keys that have nothing in common
 *
 * Return: two 128-bit XXH3 hashes of @parent followed by @id (little endian),
 * with the seeds @seed and ~@seed, in canonical byte order. Never all zero.
 */
struct kvt_key key_child(const struct kvt_key *parent, uint64_t id, uint64_t seed);

/**
 * key_chain - keys of a whole chain
 * @ids: numbers of its blocks, first block first
 * @nr: how many
 * @seed: see key_child()
 * @keys: where the @nr keys go
 */
void key_chain(const uint64_t *ids, size_t nr, uint64_t seed, struct kvt_key *keys);

/** key_word - the 8-byte word @i (0..3) of a key, little endian */
uint64_t key_word(const struct kvt_key *key, unsigned int i);

#endif /* REPLAY_KEY_H */
