// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * SHA-256 (FIPS 180-4), for a few bytes now and then: so that the library needs
 * no other one.
 */
#include <string.h>

#include "sha256.h"

#define BLOCK	64	/* bytes digested at a time */
#define TAIL	9	/* least padding: a bit, then the length */

static const uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, int bits)
{
	return word >> bits | word << (32 - bits);
}

static void expand(uint32_t w[64], const uint8_t block[BLOCK])
{
	int i;

	for (i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 |
		       block[4 * i + 2] << 8 | block[4 * i + 3];
	for (; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] +
		       (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
		       (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
}

/* v is a, b, ... h of the standard. */
static void round_of(uint32_t v[8], uint32_t word)
{
	uint32_t t1 = v[7] + word + ((v[4] & v[5]) ^ (~v[4] & v[6])) +
		      (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25));
	uint32_t t2 = ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])) +
		      (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22));

	memmove(v + 1, v, 7 * sizeof(*v));
	v[4] += t1;
	v[0] = t1 + t2;
}

static void add_block(uint32_t state[8], const uint8_t block[BLOCK])
{
	uint32_t w[64], v[8];
	int i;

	expand(w, block);
	memcpy(v, state, sizeof(v));
	for (i = 0; i < 64; i++)
		round_of(v, k[i] + w[i]);
	for (i = 0; i < 8; i++)
		state[i] += v[i];
}

static void put_be32(uint8_t *to, uint32_t word)
{
	to[0] = word >> 24;
	to[1] = word >> 16;
	to[2] = word >> 8;
	to[3] = word;
}

/* What is left, a bit, zeros, and the length in bits: one block, or two. */
static void add_tail(uint32_t state[8], const uint8_t *rest, size_t left, uint64_t len)
{
	uint8_t tail[2 * BLOCK] = {};
	size_t end = left + TAIL <= BLOCK ? BLOCK : 2 * BLOCK, at;

	memcpy(tail, rest, left);
	tail[left] = 0x80;
	put_be32(tail + end - 8, len >> 29);
	put_be32(tail + end - 4, len << 3);
	for (at = 0; at < end; at += BLOCK)
		add_block(state, tail + at);
}

void kvt_sha256(const void *data, size_t len, uint8_t digest[KVT_SHA256_SIZE])
{
	uint32_t state[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};
	const uint8_t *bytes = data;
	size_t left = len;
	int i;

	for (; left >= BLOCK; left -= BLOCK, bytes += BLOCK)
		add_block(state, bytes);
	add_tail(state, bytes, left, len);
	for (i = 0; i < 8; i++)
		put_be32(digest + 4 * i, state[i]);
}
