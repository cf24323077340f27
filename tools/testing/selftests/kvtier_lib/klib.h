/* SPDX-License-Identifier: GPL-2.0 */
/* What the selftests of libkvtier share. All they make is called klib. */
#ifndef KLIB_H
#define KLIB_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libkvtier.h"

#define NAME	"klib"
#define MIB	(1UL << 20)
#define BLOCK	65536U

/* More than any wait that ends takes, on however slow a machine, in ms. */
#define PATIENCE_MS	120000

/* The seconds that a test may take are those of an idle machine. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

static const uint8_t identity[KVT_IDENTITY_SIZE] = "klib";

static inline int make_space(int ctl, uint32_t block, uint64_t tier_bytes,
			     uint64_t bytes)
{
	struct kvt_space_create create = {
		.block_size = block, .name = NAME, .mode = 0600,
		.nr_quotas = 1, .quotas = { { .tier = NAME, .bytes = bytes } },
	};
	int rc;

	memcpy(create.identity, identity, sizeof(identity));
	rc = kvt_ctl_tier_add(ctl, NAME, KVT_TIER_DRAM, 0, &tier_bytes);
	return rc ? rc : kvt_ctl_space_create(ctl, &create);
}

/* A device lets go of its pins some time after it was told to: that is busy. */
static inline int unmake(int ctl)
{
	int i, rc = kvt_ctl_space_delete(ctl, NAME);

	if (rc && rc != -ENOENT)
		return rc;
	for (i = 0; i < PATIENCE_MS / 10; i++) {
		rc = kvt_ctl_tier_remove(ctl, NAME);
		if (rc != -EBUSY)
			break;
		usleep(10000);
	}
	return rc == -ENOENT ? 0 : rc;
}

static inline long attr(const char *name)
{
	char path[128];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/kvtier/" NAME "/%s", name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

/* Waits until it is @want; what it was last. */
static inline long attr_wait(const char *name, long want)
{
	int i;

	for (i = 0; i < PATIENCE_MS / 5 && attr(name) != want; i++)
		usleep(5000);
	return attr(name);
}

static inline struct kvt_key key(uint64_t chain, uint64_t i)
{
	struct kvt_key k = { .bytes = "k" };

	memcpy(k.bytes + 8, &chain, sizeof(chain));
	memcpy(k.bytes + 16, &i, sizeof(i));
	return k;
}

static inline struct kvt_key *keys(uint64_t chain, size_t nr)
{
	struct kvt_key *k = calloc(nr, sizeof(*k));
	size_t i;

	for (i = 0; i < nr; i++)
		k[i] = key(chain, i);
	return k;
}

static inline void fill(void *p, size_t len, const struct kvt_key *k)
{
	uint64_t *word = p, seed;
	size_t i;

	memcpy(&seed, k->bytes + 16, sizeof(seed));
	seed = seed * 0x9e3779b97f4a7c15 + k->bytes[8];
	for (i = 0; i < len / sizeof(*word); i++)
		word[i] = seed + i;
}

static inline bool holds(const void *p, size_t len, const struct kvt_key *k)
{
	void *want = malloc(len);
	bool same;

	fill(want, len, k);
	same = p && !memcmp(p, want, len);
	free(want);
	return same;
}

/* Reserve, fill through the window, commit: how many. */
static inline ssize_t store(struct kvt_space *space, const struct kvt_key *k,
			    size_t nr)
{
	struct kvt_block *blocks = calloc(nr, sizeof(*blocks));
	ssize_t n = kvt_reserve(space, k, nr, NULL, blocks);
	size_t i;

	for (i = 0; n > 0 && i < nr; i++)
		if (kvt_filling(&blocks[i]))
			fill(kvt_ptr(space, blocks[i].offset),
			     kvt_block_size(space), &k[i]);
	if (n > 0)
		n = kvt_commit_blocks(space, blocks, nr);
	free(blocks);
	return n;
}

#endif /* KLIB_H */
