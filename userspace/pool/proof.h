/* SPDX-License-Identifier: GPL-2.0 */
/* A space's key: its file, and proofs by it. Needs libgcrypt. */
#ifndef KVP_PROOF_H
#define KVP_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

#define KVP_SECRET_SIZE	32

/* Who proves. */
#define KVP_CLIENT	'C'
#define KVP_SERVER	'S'

/**
 * kvp_secret_read() - a space's key from its file
 * @path: 64 hex digits, and white space at most; nobody but the owner may read it
 * @secret: out
 *
 * Return: NULL, or what is wrong with the file.
 */
const char *kvp_secret_read(const char *path, uint8_t secret[KVP_SECRET_SIZE]);

/**
 * kvp_proof_make() - what PROVE carries
 * @secret: the space's key
 * @who: KVP_CLIENT or KVP_SERVER
 * @hello: as it was sent
 * @challenge: as it was sent
 * @proof: out
 *
 * Return: 0 or negative errno.
 */
int kvp_proof_make(const uint8_t secret[KVP_SECRET_SIZE], char who,
		   const struct kvp_hello *hello,
		   const struct kvp_challenge *challenge,
		   struct kvp_proof *proof);

/* Is @proof what kvp_proof_make() makes? Takes as long whatever differs. */
bool kvp_proof_good(const uint8_t secret[KVP_SECRET_SIZE], char who,
		    const struct kvp_hello *hello,
		    const struct kvp_challenge *challenge,
		    const struct kvp_proof *proof);

/* Random bytes for nonces. */
void kvp_nonce(uint8_t nonce[KVP_NONCE_SIZE]);

#endif /* KVP_PROOF_H */
