// SPDX-License-Identifier: GPL-2.0
/* Sizes, keys, quotas, layers and numbers as people write them for kvtierctl. */
#include "../../../userspace/kvtierctl/args.h"
#include "../../../userspace/kvtierctl/key.h"
#include "../../../userspace/kvtierctl/layers.h"
#include "../../../userspace/kvtierctl/quota.h"
#include "../../../userspace/kvtierctl/size.h"
#include "fuzz.h"

/* What is taken can be written, and read again as the same. */
static void sizes(const char *text)
{
	uint64_t bytes = 0, again = 0;
	char other[SIZE_TEXT];
	char *b;

	if (!arg_size(text, &bytes)) {
		size_exact(bytes, other);
		/* "12 KiB" is for people, "12KiB" for us; bytes have no unit. */
		b = strchr(other, ' ');
		memmove(b, b + 1, strlen(b));
		if (*b == 'B')
			*b = 0;
		must(!arg_size(other, &again) && again == bytes);
		size_text(bytes, other);
	}
	if (!arg_tier_size(text, &bytes))
		must(bytes && bytes % TIER_GRAIN == 0);
	if (!arg_block_size(text, &bytes))
		must(bytes >= KVT_BLOCK_SIZE_MIN && bytes <= KVT_BLOCK_SIZE_MAX);
}

static void key(const char *text)
{
	unsigned char bytes[KVT_KEY_SIZE] = {}, again[KVT_KEY_SIZE] = {};
	char hex[HEX_TEXT];

	if (!arg_key(text, bytes)) {
		hex_text(bytes, hex);
		must(!arg_key(hex, again) && !memcmp(bytes, again, sizeof(bytes)));
	}
	arg_identity(text, bytes);
}

static void quotas(const char *text)
{
	struct quotas q = {};
	unsigned int i;

	for (i = 0; i < 3; i++)
		arg_quota(text, &q);
	must(q.nr <= 1);
	if (q.nr)
		must(memchr(q.list[0].tier, 0, KVT_NAME_SIZE));
}

static void layers(const char *text)
{
	struct layers l = {};
	unsigned int i;

	if (arg_layers(text, &l) || layers_fit(&l, 1 << 20))
		return;
	must(l.nr && l.nr <= KVT_MAX_LAYERS && l.ends[l.nr - 1] == 1 << 20);
	for (i = 1; i < l.nr; i++)
		must(l.ends[i] > l.ends[i - 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text);
	memcpy(text, data, size);
	text[size] = 0;
	sizes(text);
	key(text);
	quotas(text);
	layers(text);
	free(text);
	return 0;
}

void fuzz_seeds(seed_fn seed)
{
	static const char *const texts[] = {
		"4096", "64K", "2MiB", "16E", "1.5G", "dram=64M", "cxl0=2097152", "32",
		"64K,64K,896K", "1024KiB", "text:hello", "hello",
		"hex:00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF",
	};
	char name[8];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		snprintf(name, sizeof(name), "text%zu", i);
		seed(name, texts[i], strlen(texts[i]));
	}
}
