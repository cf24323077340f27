// SPDX-License-Identifier: GPL-2.0
/*
 * The bytes of a block, made from its key alone.
 *
 * Each page of 4 KiB begins with a mark, the first 8 bytes of the key and the
 * page's number, which tells what a wrong page really is. After it follow
 * words that depend on the whole key, the page and the place in it. So a block
 * under another's key, pages that were swapped, a page that was torn at any
 * 8-byte word and bytes that were shifted all differ from what is expected.
 *
 * An add and a xor a word, no multiplication: under emulation the generator
 * must not be what limits a replay.
 */
#include <stdio.h>
#include <string.h>

#include "pattern.h"

#define STEP		0x9e3779b97f4a7c15ULL
#define MARK_WORDS	2
#define PAGE_WORDS	(PATTERN_PAGE / sizeof(uint64_t))

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static uint64_t page_seed(const struct kvt_key *key, uint64_t page)
{
	uint64_t seed = page * STEP;
	unsigned int i;

	for (i = 0; i < KVT_KEY_SIZE / sizeof(uint64_t); i++)
		seed = mix(seed ^ key_word(key, i)) + STEP;
	return seed;
}

static inline uint64_t word_at(uint64_t seed, size_t i)
{
	uint64_t x = seed + i * STEP;

	return x ^ (x >> 29);
}

static void fill_page(const struct kvt_key *key, uint64_t page, uint64_t *words,
		      size_t nr)
{
	uint64_t seed = page_seed(key, page);
	size_t i;

	for (i = MARK_WORDS; i < nr; i++)
		words[i] = word_at(seed, i);
	words[0] = key_word(key, 0);
	if (nr > 1)
		words[1] = page;
}

/* Differences are gathered, not branched on: the good case is the hot one. */
static int page_is_right(const struct kvt_key *key, uint64_t page,
			 const uint64_t *words, size_t nr)
{
	uint64_t seed = page_seed(key, page);
	uint64_t diff = words[0] ^ key_word(key, 0);
	size_t i;

	if (nr > 1)
		diff |= words[1] ^ page;
	for (i = MARK_WORDS; i < nr; i++)
		diff |= words[i] ^ word_at(seed, i);
	return !diff;
}

static size_t words_of_page(size_t len, size_t page)
{
	size_t left = len / sizeof(uint64_t) - page * PAGE_WORDS;

	return left < PAGE_WORDS ? left : PAGE_WORDS;
}

static size_t nr_pages(size_t len)
{
	return (len + PATTERN_PAGE - 1) / PATTERN_PAGE;
}

void pattern_fill(const struct kvt_key *key, void *mem, size_t len)
{
	uint64_t *words = mem;
	size_t page;

	for (page = 0; page < nr_pages(len); page++)
		fill_page(key, page, words + page * PAGE_WORDS,
			  words_of_page(len, page));
}

static void find_fault(const struct kvt_key *key, uint64_t page,
		       const uint64_t *words, size_t nr,
		       struct pattern_fault *fault)
{
	uint64_t right[PAGE_WORDS];
	size_t i;

	fill_page(key, page, right, nr);
	for (i = 0; i < nr - 1 && words[i] == right[i]; i++)
		;
	fault->offset = page * PATTERN_PAGE + i * sizeof(uint64_t);
	fault->expected = right[i];
	fault->found = words[i];
	fault->mark_key = words[0];
	fault->mark_page = nr > 1 ? words[1] : page;
}

int pattern_check(const struct kvt_key *key, const void *mem, size_t len,
		  struct pattern_fault *fault)
{
	const uint64_t *words = mem;
	size_t page;

	for (page = 0; page < nr_pages(len); page++) {
		const uint64_t *at = words + page * PAGE_WORDS;
		size_t nr = words_of_page(len, page);

		if (page_is_right(key, page, at, nr))
			continue;
		if (fault)
			find_fault(key, page, at, nr, fault);
		return -1;
	}
	return 0;
}

void pattern_explain(const struct kvt_key *key, const struct pattern_fault *fault,
		     char *buf, size_t size)
{
	uint64_t page = fault->offset / PATTERN_PAGE;
	int n = snprintf(buf, size,
			 "byte %zu: expected word %016llx, found %016llx; ",
			 fault->offset, (unsigned long long)fault->expected,
			 (unsigned long long)fault->found);

	if (n < 0 || (size_t)n >= size)
		return;
	if (!fault->found && !fault->mark_key && !fault->mark_page)
		snprintf(buf + n, size - n, "the page looks zeroed");
	else if (fault->mark_key == key_word(key, 0) &&
		 fault->mark_page == page)
		snprintf(buf + n, size - n,
			 "the page's mark is right, so it is torn or overwritten");
	else
		snprintf(buf + n, size - n,
			 "the page is marked as page %llu of the block whose key begins with word %016llx",
			 (unsigned long long)fault->mark_page,
			 (unsigned long long)fault->mark_key);
}
