// SPDX-License-Identifier: GPL-2.0
#include <gcrypt.h>
#include <string.h>

#include "key.h"
#include "kvtier.h"

#define HEX_DIGITS	"0123456789abcdefABCDEF"

static void hash(const char *text, unsigned char *to)
{
	/* Makes the library ready; it wants to be asked before its first use. */
	gcry_check_version(NULL);
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	gcry_md_hash_buffer(GCRY_MD_SHA256, to, text, strlen(text));
}

static unsigned char digit(char c)
{
	if (c <= '9')
		return c - '0';
	return (c | 0x20) - 'a' + 10;
}

static const char *parse_hex(const char *text, unsigned char *to)
{
	int i;

	if (strlen(text) != 2 * KVT_KEY_SIZE || text[strspn(text, HEX_DIGITS)])
		return "not 64 hex digits";
	for (i = 0; i < KVT_KEY_SIZE; i++)
		to[i] = digit(text[2 * i]) << 4 | digit(text[2 * i + 1]);
	return NULL;
}

static const char *parse_key(const char *text, unsigned char *to)
{
	size_t digits = strspn(text, HEX_DIGITS);

	if (!*text)
		return "an empty key";
	if (!strncmp(text, "hex:", 4))
		return parse_hex(text + 4, to);
	if (!strncmp(text, "text:", 5)) {
		hash(text + 5, to);
		return NULL;
	}
	if (!text[digits] && digits == 2 * KVT_KEY_SIZE)
		return parse_hex(text, to);
	if (!text[digits] && digits >= KVT_KEY_SIZE)
		return "hex digits, but not 64; put 'text:' before it if it is meant as text";
	hash(text, to);
	return NULL;
}

const char *arg_key(const char *text, void *to)
{
	static const unsigned char zero[KVT_KEY_SIZE];
	const char *wrong = parse_key(text, to);

	if (wrong)
		return wrong;
	if (!memcmp(to, zero, sizeof(zero)))
		return "all zero is not a key";
	return NULL;
}

const char *arg_identity(const char *text, void *to)
{
	return parse_hex(text, to);
}

const char *arg_identity_text(const char *text, void *to)
{
	hash(text, to);
	return NULL;
}

const char *hex_text(const unsigned char *bytes, char *text)
{
	static const char digits[] = "0123456789abcdef";
	int i;

	for (i = 0; i < KVT_KEY_SIZE; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * KVT_KEY_SIZE] = 0;
	return text;
}
