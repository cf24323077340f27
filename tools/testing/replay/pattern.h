/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_PATTERN_H
#define REPLAY_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "key.h"

#define PATTERN_PAGE	4096	/* bytes that carry a mark of their own */

/**
 * struct pattern_fault - where a block is not what its key says
 * @offset: first wrong byte's word, from the block's begin
 * @expected: the word that should be there
 * @found: the word that is there
 * @mark_key: key mark found at the begin of that page
 * @mark_page: page number found there
 */
struct pattern_fault {
	size_t offset;
	uint64_t expected;
	uint64_t found;
	uint64_t mark_key;
	uint64_t mark_page;
};

/**
 * pattern_fill - write the bytes that the block @key has
 * @key: of the block
 * @mem: its frame, 8-byte aligned
 * @len: bytes, a multiple of 8
 */
void pattern_fill(const struct kvt_key *key, void *mem, size_t len);

/**
 * pattern_check - compare @mem with the bytes that the block @key has
 * @key: of the block
 * @mem: its frame, 8-byte aligned
 * @len: bytes, a multiple of 8
 * @fault: filled in when they differ; may be NULL
 *
 * Return: 0 if equal, -1 if not.
 */
int pattern_check(const struct kvt_key *key, const void *mem, size_t len,
		  struct pattern_fault *fault);

/**
 * pattern_explain - say in words what was found instead
 * @key: of the block that was expected
 * @fault: what pattern_check() found
 * @buf: receives a NUL-terminated sentence
 * @size: of @buf
 */
void pattern_explain(const struct kvt_key *key, const struct pattern_fault *fault,
		     char *buf, size_t size);

#endif /* REPLAY_PATTERN_H */
