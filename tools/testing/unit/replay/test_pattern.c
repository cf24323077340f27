// SPDX-License-Identifier: GPL-2.0
/* The generator: what is wrong is found, wherever it is. */
#include <string.h>

#include "../lib/tap.h"
#include "pattern.h"

#define BLOCK	(5 * PATTERN_PAGE)

static uint64_t mem[BLOCK / 8], other[BLOCK / 8];
static struct kvt_key key, key2;

static int right(size_t len)
{
	return !pattern_check(&key, mem, len, NULL);
}

static void test_lengths(void)
{
	static const size_t len[] = { 8, 16, 24, 4088, 4096, 4104, 8192, BLOCK };
	size_t i, bad = 0;

	for (i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
		memset(mem, 0xee, sizeof(mem));
		pattern_fill(&key, mem, len[i]);
		bad += !right(len[i]);
		bad += len[i] < BLOCK &&
		       mem[len[i] / 8] != 0xeeeeeeeeeeeeeeeeULL;
	}
	is(bad, 0, "all lengths are filled, and no more than that");
}

static void test_every_byte(void)
{
	uint8_t *bytes = (uint8_t *)mem;
	size_t i, missed = 0;

	pattern_fill(&key, mem, BLOCK);
	for (i = 0; i < BLOCK; i++) {
		bytes[i] ^= 1 << (i % 8);
		missed += right(BLOCK);
		bytes[i] ^= 1 << (i % 8);
	}
	is(missed, 0, "one wrong bit in any byte is found");
	ok(right(BLOCK), "undone, it is right again");
}

static void test_pages(void)
{
	size_t page = PATTERN_PAGE / 8;

	pattern_fill(&key, mem, BLOCK);
	memcpy(mem + page, mem + 3 * page, PATTERN_PAGE);
	ok(!right(BLOCK), "a page in another's place is found");

	pattern_fill(&key, mem, BLOCK);
	memset(mem + 2 * page, 0, PATTERN_PAGE);
	ok(!right(BLOCK), "a zeroed page is found");
}

/* From every word on, the bytes of another block, as after a torn copy. */
static void test_torn(void)
{
	size_t i, missed = 0;

	pattern_fill(&key2, other, BLOCK);
	for (i = 0; i < BLOCK / 8; i++) {
		pattern_fill(&key, mem, BLOCK);
		memcpy(mem + i, other + i, BLOCK - 8 * i);
		missed += right(BLOCK);
	}
	is(missed, 0, "a block that is torn at any word is found");
}

static void test_shifted(void)
{
	pattern_fill(&key, other, BLOCK);
	memcpy(mem, other, BLOCK);
	memmove(mem + 3, other + 2, PATTERN_PAGE - 24);
	ok(!right(BLOCK), "words that were shifted by one are found");
}

static void test_words(void)
{
	struct pattern_fault fault;
	char text[256];

	pattern_fill(&key, mem, BLOCK);
	mem[600] ^= 1;
	is(pattern_check(&key, mem, BLOCK, &fault), -1, "a wrong word is told");
	is(fault.offset, 4800, "its place is told");
	is(fault.expected ^ fault.found, 1, "what it should be is told");
	pattern_explain(&key, &fault, text, sizeof(text));
	ok(strstr(text, "torn"), "explained: %s", text);

	pattern_fill(&key2, mem, BLOCK);
	pattern_check(&key, mem, BLOCK, &fault);
	is(fault.mark_key, key_word(&key2, 0), "the block it is of is told");
	pattern_explain(&key, &fault, text, sizeof(text));
	ok(strstr(text, "marked as page 0"), "explained: %s", text);

	memset(mem, 0, sizeof(mem));
	pattern_check(&key, mem, BLOCK, &fault);
	pattern_explain(&key, &fault, text, sizeof(text));
	ok(strstr(text, "zeroed"), "explained: %s", text);
	pattern_explain(&key, &fault, text, 10);
	is(strlen(text), 9, "an explanation is cut to its buffer");
}

int main(void)
{
	struct kvt_key root = { { 0 } };

	key = key_child(&root, 1, 0);
	key2 = key_child(&key, 2, 0);
	test_lengths();
	test_every_byte();
	test_pages();
	test_torn();
	test_shifted();
	test_words();
	return done();
}
