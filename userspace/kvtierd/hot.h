/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks that are known to be hot: extra members have them, too. A table of fixed size in which
 * a key has one place, and takes it from another. Pure code.
 */
#ifndef KVD_HOT_H
#define KVD_HOT_H

#include <stdbool.h>
#include <stdint.h>

#define KVD_HOT_ENTRIES		4096U
#define KVD_HOT_NS		60000000000ULL

/**
 * struct kvd_hot_entry - one of them
 * @hash: of the key
 * @until: when it is forgotten; 0: there is none
 */
struct kvd_hot_entry {
	uint64_t hash;
	uint64_t until;
};

/**
 * struct kvd_hot - zero at first, but for
 * @seed: random, so that hosts begin at different members
 * @entries: by hash
 */
struct kvd_hot {
	uint64_t seed;
	struct kvd_hot_entry entries[KVD_HOT_ENTRIES];
};

/* For KVD_HOT_NS from @now on. */
void kvd_hot_add(struct kvd_hot *hot, const uint8_t *key, uint64_t now);
void kvd_hot_forget(struct kvd_hot *hot, const uint8_t *key);
bool kvd_hot_has(const struct kvd_hot *hot, const uint8_t *key, uint64_t now);

/* Which of @nr members this host asks first. */
unsigned int kvd_hot_first(const struct kvd_hot *hot, const uint8_t *key, unsigned int nr);

#endif /* KVD_HOT_H */
