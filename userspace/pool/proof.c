// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <gcrypt.h>
#include <string.h>

#include "private.h"
#include "proof.h"

#define DIGITS	(2 * KVP_SECRET_SIZE)

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static const char *parse(const char *text, size_t len,
			 uint8_t secret[KVP_SECRET_SIZE])
{
	static const char wrong[] = "it is not 64 hex digits (openssl rand -hex 32 makes some)";
	size_t i;

	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	if (len != DIGITS)
		return wrong;
	for (i = 0; i < KVP_SECRET_SIZE; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return wrong;
		secret[i] = high << 4 | low;
	}
	return NULL;
}

const char *kvp_secret_read(const char *path, uint8_t secret[KVP_SECRET_SIZE])
{
	char text[DIGITS + 64];
	const char *wrong;
	size_t len;

	wrong = kvp_private_read(path, text, sizeof(text), &len);
	if (wrong)
		return wrong;
	wrong = parse(text, len, secret);
	explicit_bzero(text, sizeof(text));
	return wrong;
}

int kvp_proof_make(const uint8_t secret[KVP_SECRET_SIZE], char who,
		   const struct kvp_hello *hello,
		   const struct kvp_challenge *challenge,
		   struct kvp_proof *proof)
{
	gcry_mac_hd_t mac;
	size_t len = sizeof(proof->proof);
	bool good;

	if (gcry_mac_open(&mac, GCRY_MAC_HMAC_SHA256, 0, NULL))
		return -ENOMEM;
	good = !gcry_mac_setkey(mac, secret, KVP_SECRET_SIZE) &&
	       !gcry_mac_write(mac, &who, 1) &&
	       !gcry_mac_write(mac, hello, sizeof(*hello)) &&
	       !gcry_mac_write(mac, challenge, sizeof(*challenge)) &&
	       !gcry_mac_read(mac, proof->proof, &len) &&
	       len == sizeof(proof->proof);
	gcry_mac_close(mac);
	return good ? 0 : -EIO;
}

bool kvp_proof_good(const uint8_t secret[KVP_SECRET_SIZE], char who,
		    const struct kvp_hello *hello,
		    const struct kvp_challenge *challenge,
		    const struct kvp_proof *proof)
{
	struct kvp_proof want;
	uint8_t differs = 0;
	size_t i;

	if (kvp_proof_make(secret, who, hello, challenge, &want))
		return false;
	for (i = 0; i < sizeof(want.proof); i++)
		differs |= want.proof[i] ^ proof->proof[i];
	return !differs;
}

void kvp_nonce(uint8_t nonce[KVP_NONCE_SIZE])
{
	gcry_create_nonce(nonce, KVP_NONCE_SIZE);
}
