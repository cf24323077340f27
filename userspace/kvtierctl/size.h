/* SPDX-License-Identifier: GPL-2.0 */
/* Sizes in bytes: as people write them, and as they read them. */
#ifndef CTL_SIZE_H
#define CTL_SIZE_H

#include <stdint.h>

#define SIZE_TEXT	32		/* bytes that a size needs as text */
#define TIER_GRAIN	(2ULL << 20)	/* tiers and quotas are multiples of it */

/*
 * arg_size() - parse_fn: 4096, 4K, 2M, 1G, 1T, also KiB, MiB, ...
 * @to: uint64_t *
 */
const char *arg_size(const char *text, void *to);

/** arg_tier_size() - arg_size() that is a multiple of 2 MiB and not 0 */
const char *arg_tier_size(const char *text, void *to);

/** arg_block_size() - arg_size() that a block may have */
const char *arg_block_size(const char *text, void *to);

/** size_text() - rounded: "1.5 GiB"; @text has SIZE_TEXT bytes; returns it */
const char *size_text(uint64_t bytes, char *text);

/** size_exact() - in the largest unit that leaves no rest: "1536 MiB" */
const char *size_exact(uint64_t bytes, char *text);

#endif /* CTL_SIZE_H */
