// SPDX-License-Identifier: GPL-2.0
/*
 * Eight bytes at a time by tables: crc32c_generic's way. QEMU carries the crc32
 * instruction out bit by bit, so the module sums so, too, in the test machine.
 */
#include <string.h>

#include "sum.h"

static uint32_t table[8][256];

void sum_init(void)
{
	unsigned int i, j;
	uint32_t crc;

	for (i = 0; i < 256; i++) {
		crc = i;
		for (j = 0; j < 8; j++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
		table[0][i] = crc;
	}
	for (i = 0; i < 256; i++)
		for (j = 1; j < 8; j++)
			table[j][i] = table[j - 1][i] >> 8 ^
				      table[0][table[j - 1][i] & 255];
}

/* @len is a multiple of 8. */
uint32_t sum_crc32c(const void *p, size_t len)
{
	const char *at = p, *end = at + len;
	uint32_t crc = ~0U, word[2];

	for (; at < end; at += sizeof(word)) {
		memcpy(word, at, sizeof(word));
		word[0] ^= crc;
		crc = table[7][word[0] & 255] ^ table[6][word[0] >> 8 & 255] ^
		      table[5][word[0] >> 16 & 255] ^ table[4][word[0] >> 24] ^
		      table[3][word[1] & 255] ^ table[2][word[1] >> 8 & 255] ^
		      table[1][word[1] >> 16 & 255] ^ table[0][word[1] >> 24];
	}
	return crc;
}
