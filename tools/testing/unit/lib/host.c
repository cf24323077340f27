// SPDX-License-Identifier: GPL-2.0
/* The host's name: a digest of /etc/machine-id, or a clear error. */
#include <stdlib.h>

#include "fake.h"
#include "sha256.h"
#include "tap.h"

#define ID	"0123456789abcdef0123456789abcdef"

/* Hex digits of the digest of @len times @byte. */
static const char *digest(char byte, size_t len)
{
	static char hex[2 * KVT_SHA256_SIZE + 1];
	uint8_t bytes[KVT_SHA256_SIZE];
	char *data = malloc(len + 1);
	int i;

	must(data);
	memset(data, byte, len);
	kvt_sha256(data, len, bytes);
	free(data);
	for (i = 0; i < KVT_SHA256_SIZE; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
	return hex;
}

/* What sha256sum prints, at the lengths where padding changes. */
static void sha256(void)
{
	static const struct {
		size_t len;
		const char *hex;
	} golden[] = {
		{ 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ 1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" },
		{ 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
		{ 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a" },
		{ 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34" },
		{ 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
		{ 65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0" },
		{ 119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb" },
		{ 120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c" },
		{ 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	};
	uint8_t bytes[KVT_SHA256_SIZE];
	size_t i;

	for (i = 0; i < sizeof(golden) / sizeof(*golden); i++)
		ok(!strcmp(digest('a', golden[i].len), golden[i].hex),
		   "SHA-256 of %zu bytes", golden[i].len);
	kvt_sha256("abc", 3, bytes);
	ok(!memcmp(bytes, "\xba\x78\x16\xbf", 4), "and of abc");
}

static int host_of(const char *content, uint8_t host[KVT_HOST_SIZE])
{
	memset(host, 0xee, KVT_HOST_SIZE);
	fake_reset();
	fake.content = content;
	return kvt_host_id(host);
}

static void ids(void)
{
	/* printf '%skvtier-nvme' $ID | sha256sum */
	static const uint8_t want[KVT_HOST_SIZE] = {
		0x25, 0x5e, 0x20, 0x8c, 0x6e, 0xef, 0xcd, 0x69,
		0x34, 0xc9, 0xcd, 0x1e, 0x4e, 0x08, 0x97, 0xc6,
	};
	uint8_t host[KVT_HOST_SIZE], other[KVT_HOST_SIZE];

	is(host_of(ID "\n", host), 0, "a machine id");
	ok(!strcmp(fake.path, "/etc/machine-id"), "is read there");
	ok(!memcmp(host, want, sizeof(host)), "and digested");
	is(host_of(ID, other), 0, "without a newline");
	ok(!memcmp(host, other, sizeof(host)), "it is the same");
	is(host_of("0123456789ABCDEF0123456789abcdef\n", other), 0, "capitals");
	ok(!memcmp(host, other, sizeof(host)), "do not matter");
	is(host_of("1123456789abcdef0123456789abcdef\n", other), 0, "another one");
	ok(memcmp(host, other, sizeof(host)), "is another");
}

static void wrong(void)
{
	static const char * const bad[] = {
		"", "\n", "uninitialized\n", "0123456789abcdef0123456789abcde\n",
		ID "0\n", "0123456789abcdeg0123456789abcdef\n",
		"00000000000000000000000000000000\n",
		"01234567-89ab-cdef-0123-456789abcdef\n", " " ID "\n",
	};
	uint8_t host[KVT_HOST_SIZE];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		is(host_of(bad[i], host), -EBADMSG, "bad id %zu", i);
	fake_reset();
	fake.open_errno = ENOENT;
	is(kvt_host_id(host), -ENOENT, "no file");
	is(kvt_host_id(NULL), -EINVAL, "nowhere to put it");
}

int main(void)
{
	sha256();
	ids();
	wrong();
	return done();
}
