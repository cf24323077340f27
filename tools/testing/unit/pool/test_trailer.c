// SPDX-License-Identifier: GPL-2.0
/* Trailers: what was made is good, and nothing else is. */
#include "tap.h"
#include "trailer.h"

static const u32 sizes[] = { 4096, 65536, 65536 + 4096, 2 << 20, 64 << 20 };

static struct kvt_trailer_of of;
static u32 sums[1024];

static struct kvt_trailer *make(u32 block_size)
{
	struct kvt_trailer *t;
	u32 i;

	of.block_size = block_size;
	of.class_id = 3;
	memset(of.key, 1, sizeof(of.key));
	memset(of.parent, 2, sizeof(of.parent));
	memset(of.identity, 3, sizeof(of.identity));
	for (i = 0; i < 1024; i++)
		sums[i] = i * 2654435761U;
	/* Of its own, so that ASan sees its end. */
	t = malloc(kvt_trailer_bytes(block_size));
	must(t);
	kvt_trailer_make(t, &of, sums);
	return t;
}

static void test_good(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		u32 bytes = kvt_trailer_bytes(sizes[i]);
		struct kvt_trailer *t = make(sizes[i]);

		is(kvt_trailer_check(t, bytes, &of), 0, "a block of %u", sizes[i]);
		is(kvt_trailer_check(t, bytes - 1, &of), -EBADMSG, "cut short");
		is(le32_to_cpu(t->sums[0]), sums[0], "its first checksum");
		free(t);
	}
	is(kvt_trailer_bytes(64 << 20), 8192, "of the largest block");
	is(kvt_trailer_bytes(2 << 20), 4096, "of a usual one");
}

/* Each single bit. */
static void test_flips(void)
{
	struct kvt_trailer *t = make(2 << 20);
	u32 bit, bytes = kvt_trailer_bytes(2 << 20), passed = 0;

	for (bit = 0; bit < bytes * 8; bit++) {
		((u8 *)t)[bit / 8] ^= 1 << bit % 8;
		passed += !kvt_trailer_check(t, bytes, &of);
		((u8 *)t)[bit / 8] ^= 1 << bit % 8;
	}
	is(passed, 0, "no flipped bit passes");
	is(kvt_trailer_check(t, bytes, &of), 0, "it was good");
	free(t);
}

static void test_other(void)
{
	struct kvt_trailer *t = make(65536);
	struct kvt_trailer_of want = of;
	u32 bytes = kvt_trailer_bytes(65536);

	want.key[31] ^= 1;
	is(kvt_trailer_check(t, bytes, &want), -ESTALE, "of another key");
	want = of;
	want.identity[0] ^= 1;
	is(kvt_trailer_check(t, bytes, &want), -ESTALE, "of another identity");
	want = of;
	want.parent[5] ^= 1;
	is(kvt_trailer_check(t, bytes, &want), -ESTALE, "of another parent");
	memset(want.parent, 0, sizeof(want.parent));
	is(kvt_trailer_check(t, bytes, &want), 0, "parent not known");
	want = of;
	want.class_id = 9;
	is(kvt_trailer_check(t, bytes, &want), 0, "another class");
	want.block_size = 4096;
	is(kvt_trailer_check(t, bytes, &want), -EBADMSG, "of another size");
	free(t);
}

int main(void)
{
	test_good();
	test_flips();
	test_other();
	return done();
}
