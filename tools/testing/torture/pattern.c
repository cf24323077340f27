// SPDX-License-Identifier: GPL-2.0
/*
 * The bytes that a key stands for. Each 8-byte word names its key and its place
 * in the block, times an odd factor of the round, which can be undone: so of
 * any word it can be said whose it is, and bytes that are stale, torn, shifted
 * or another space's are told from right ones without knowing the key.
 */
#include <stdio.h>
#include <string.h>

#include "torture.h"

static uint64_t word_of(const struct plan *p, uint32_t keyno, uint32_t pos)
{
	return ((uint64_t)(keyno + 1) << 32 | pos / 8) * p->factor;
}

/* Inverse of an odd number modulo 2^64. */
static uint64_t inverse(uint64_t odd)
{
	uint64_t x = odd;
	int i;

	for (i = 0; i < 5; i++)
		x *= 2 - odd * x;
	return x;
}

void pattern_fill(const struct plan *p, uint32_t keyno, void *to)
{
	uint64_t *word = to;
	uint32_t pos;

	for (pos = 0; pos < p->block_size; pos += 8)
		*word++ = word_of(p, keyno, pos);
}

static bool is_word(const struct plan *p, uint32_t keyno, uint32_t pos,
		    const char *bytes, uint32_t len)
{
	uint64_t word = word_of(p, keyno, pos);

	return !memcmp((char *)&word + pos % 8, bytes, len);
}

bool pattern_is(const struct plan *p, uint32_t keyno, uint32_t pos,
		const void *bytes, uint32_t len)
{
	const char *s = bytes;
	uint32_t n;

	for (; len; pos += n, s += n, len -= n) {
		n = 8 - pos % 8 < len ? 8 - pos % 8 : len;
		if (!is_word(p, keyno, pos, s, n))
			return false;
	}
	return true;
}

/* Whose block it is by its first word, if it is anybody's. */
uint32_t pattern_owner(const struct plan *p, const void *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return (word * inverse(p->factor) >> 32) - 1;
}

/* Every word is that of some key of this round, at this place. */
bool pattern_is_any(const struct plan *p, uint32_t pos, const void *bytes,
		    uint32_t len, bool or_zero)
{
	uint64_t back = inverse(p->factor), word, plain;
	const char *s = bytes;
	uint32_t i;

	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, s + i, 8);
		if (!word && or_zero)
			continue;
		plain = word * back;
		if ((uint32_t)plain != (pos + i) / 8 || !(plain >> 32) ||
		    plain >> 32 > plan_nr_keys(p))
			return false;
	}
	return true;
}

/* Say where a block first differs from what it should be, and what is there. */
void pattern_explain(const struct plan *p, uint32_t keyno, const void *bytes,
		     char *text, size_t size)
{
	uint64_t word, plain;
	uint32_t pos;

	for (pos = 0; pos < p->block_size; pos += 8)
		if (!pattern_is(p, keyno, pos, (const char *)bytes + pos, 8))
			break;
	if (pos == p->block_size) {
		snprintf(text, size, "right by now");
		return;
	}
	memcpy(&word, (const char *)bytes + pos, 8);
	plain = word * inverse(p->factor);
	if (pattern_is_any(p, pos, &word, 8, false))
		snprintf(text, size, "at %u: bytes of key %llu", pos,
			 (unsigned long long)(plain >> 32) - 1);
	else
		snprintf(text, size, "at %u: %#llx, as key %llu at %llu", pos,
			 (unsigned long long)word,
			 (unsigned long long)(plain >> 32) - 1,
			 (unsigned long long)(uint32_t)plain * 8);
}
