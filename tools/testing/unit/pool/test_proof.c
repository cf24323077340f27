// SPDX-License-Identifier: GPL-2.0
/* Proofs: only who has the key can make one, for this once and this side only. */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proof.h"
#include "tap.h"

static const uint8_t secret[KVP_SECRET_SIZE] = "it is known to both of the sides";
static struct kvp_hello hello = { .space = "chat", .host = "a" };
static struct kvp_challenge challenge = { .nonce = { 7 } };

/* HMAC-SHA256 by another program, of 'C', @hello and @challenge as above. */
static const uint8_t known[KVP_PROOF_SIZE] = {
	0x22, 0x47, 0xb2, 0xfc, 0x0b, 0xbb, 0x59, 0x39,
	0x41, 0x1d, 0x02, 0x62, 0xa5, 0xab, 0x27, 0x6e,
	0xe8, 0x3c, 0xe8, 0x8a, 0x04, 0xcc, 0x60, 0xf3,
	0xeb, 0x4b, 0xbc, 0xf9, 0x5c, 0x3f, 0x3e, 0xb6,
};

static bool good(char who, const struct kvp_proof *proof)
{
	return kvp_proof_good(secret, who, &hello, &challenge, proof);
}

static void test_good(void)
{
	struct kvp_proof proof;

	must(!kvp_proof_make(secret, KVP_CLIENT, &hello, &challenge, &proof));
	ok(!memcmp(proof.proof, known, sizeof(known)), "as others make it");
	ok(good(KVP_CLIENT, &proof), "a good one");
	ok(!good(KVP_SERVER, &proof), "said back to the client it is none");
}

static void test_bits(void)
{
	struct kvp_proof proof;
	uint8_t other[KVP_SECRET_SIZE];
	unsigned int i, refused = 0;

	must(!kvp_proof_make(secret, KVP_CLIENT, &hello, &challenge, &proof));
	for (i = 0; i < 8 * sizeof(proof); i++) {
		proof.proof[i / 8] ^= 1 << i % 8;
		refused += !good(KVP_CLIENT, &proof);
		proof.proof[i / 8] ^= 1 << i % 8;
	}
	is(refused, 8 * sizeof(proof), "each bit of the proof");
	for (i = 0, refused = 0; i < 8 * sizeof(hello); i++) {
		((uint8_t *)&hello)[i / 8] ^= 1 << i % 8;
		refused += !good(KVP_CLIENT, &proof);
		((uint8_t *)&hello)[i / 8] ^= 1 << i % 8;
	}
	is(refused, 8 * sizeof(hello), "each bit of HELLO");
	for (i = 0, refused = 0; i < 8 * sizeof(challenge); i++) {
		challenge.nonce[i / 8] ^= 1 << i % 8;
		refused += !good(KVP_CLIENT, &proof);
		challenge.nonce[i / 8] ^= 1 << i % 8;
	}
	is(refused, 8 * sizeof(challenge), "each bit of the challenge");
	for (i = 0, refused = 0; i < 8 * sizeof(other); i++) {
		memcpy(other, secret, sizeof(other));
		other[i / 8] ^= 1 << i % 8;
		refused += !kvp_proof_good(other, KVP_CLIENT, &hello, &challenge, &proof);
	}
	is(refused, 8 * sizeof(other), "each bit of the key counts");
	ok(good(KVP_CLIENT, &proof), "and all together are good");
}

static void test_nonce(void)
{
	uint8_t a[KVP_NONCE_SIZE] = { 0 }, b[KVP_NONCE_SIZE] = { 0 };

	kvp_nonce(a);
	kvp_nonce(b);
	ok(memcmp(a, b, sizeof(a)), "a nonce is never the same again");
}

static const char *read_file(const char *text, mode_t mode)
{
	char path[] = "/tmp/kvtier-key.XXXXXX";
	uint8_t got[KVP_SECRET_SIZE];
	int fd = mkstemp(path);
	const char *wrong;

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	must(!fchmod(fd, mode));
	wrong = kvp_secret_read(path, got);
	if (!wrong && (got[0] != 0x0f || got[1] != 0xA0 || got[31] != 0x5c))
		wrong = "other bytes";
	close(fd);
	unlink(path);
	return wrong;
}

#define DIGITS "0fa0000000000000000000000000000000000000000000000000000000005c"

static void test_file(void)
{
	uint8_t got[KVP_SECRET_SIZE];

	ok(!read_file(DIGITS "5c", 0600), "64 digits");
	ok(!read_file(DIGITS "5C\n", 0400), "upper case, and a line's end");
	ok(read_file(DIGITS "5c", 0640), "that others may read");
	ok(read_file(DIGITS, 0600), "62 digits");
	ok(read_file(DIGITS "5c5c", 0600), "66 digits");
	ok(read_file(DIGITS "5g", 0600), "no digit");
	ok(read_file("", 0600), "nothing");
	ok(kvp_secret_read("/tmp", got), "a directory");
	ok(kvp_secret_read("/nonexistent", got), "no file");
}

int main(void)
{
	test_good();
	test_bits();
	test_nonce();
	test_file();
	return done();
}
