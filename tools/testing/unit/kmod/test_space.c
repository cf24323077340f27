// SPDX-License-Identifier: GPL-2.0
/* SPACE_CREATE and SPACE_RESIZE. */
#include "good.h"

static void block_size(void)
{
	TAKES(space_create, good_space_create(), block_size = 4 * KIB);
	TAKES(space_create, good_space_create(), block_size = 8 * KIB);
	TAKES(space_create, good_space_create(), block_size = 36 * KIB);
	TAKES(space_create, good_space_create(), block_size = 2 * MIB + 4 * KIB);
	TAKES(space_create, good_space_create(), block_size = 32 * MIB);
	REFUSES(space_create, good_space_create(), block_size = 0);
	REFUSES(space_create, good_space_create(), block_size = 1);
	REFUSES(space_create, good_space_create(), block_size = 4 * KIB - 1);
	REFUSES(space_create, good_space_create(), block_size = 2 * KIB);
	REFUSES(space_create, good_space_create(), block_size = 6 * KIB);
	REFUSES(space_create, good_space_create(), block_size = 2 * MIB + 512);
	REFUSES(space_create, good_space_create(), block_size = ~0U);
	REFUSES(space_create, good_space_create(), block_size = 1U << 31);
}

static struct kvt_space_create large_quotas(void)
{
	struct kvt_space_create arg = good_space_create();

	arg.quotas[0].bytes = 1ULL << 40;
	arg.quotas[1].bytes = 1ULL << 40;
	return arg;
}

static void largest_block(void)
{
	TAKES(space_create, large_quotas(), block_size = 64 * MIB);
	TAKES(space_create, large_quotas(), block_size = 64 * MIB - 4 * KIB);
	REFUSES(space_create, large_quotas(), block_size = 64 * MIB + 4 * KIB);
	REFUSES(space_create, large_quotas(), block_size = 128 * MIB);
}

static void scalars(void)
{
	REFUSES(space_create, good_space_create(), mode = 0);
	TAKES(space_create, good_space_create(), mode = 1);
	TAKES(space_create, good_space_create(), mode = 0777);
	REFUSES(space_create, good_space_create(), mode = 01000);
	REFUSES(space_create, good_space_create(), mode = 04755);
	REFUSES(space_create, good_space_create(), mode = 0100644);
	REFUSES(space_create, good_space_create(), mode = ~0U);
	TAKES(space_create, good_space_create(), default_class = KVT_MAX_CLASS);
	REFUSES(space_create, good_space_create(), default_class = 16);
	REFUSES(space_create, good_space_create(), default_class = 256);
	REFUSES(space_create, good_space_create(), default_class = ~0U);
	REFUSES(space_create, good_space_create(), pad = 1);
	REFUSES(space_create, good_space_create(), pad = 1U << 31);
	TAKES(space_create, good_space_create(), uid = 0);
	TAKES(space_create, good_space_create(), gid = 0);
	TAKES(space_create, good_space_create(), identity[31] = 0xff);
	REFUSES(space_create, good_space_create(), name[0] = 0);
	REFUSES(space_create, good_space_create(), name[0] = '.');
	REFUSES(space_create, good_space_create(), name[3] = '/');
	REFUSES(space_create, good_space_create(), name[31] = 'x');
}

static void quota(void)
{
	TAKES(space_create, good_space_create(), quotas[1].bytes = 2 * MIB);
	REFUSES(space_create, good_space_create(), quotas[0].bytes = 0);
	REFUSES(space_create, good_space_create(), quotas[1].bytes = 0);
	REFUSES(space_create, good_space_create(), quotas[1].bytes = 3 * MIB);
	REFUSES(space_create, good_space_create(), quotas[1].bytes++);
	REFUSES(space_create, good_space_create(),
		quotas[1].bytes = 1ULL << 56);
	REFUSES(space_create, good_space_create(), quotas[1].bytes = -2 * MIB);
	REFUSES(space_create, good_space_create(), quotas[0].tier[0] = 0);
	REFUSES(space_create, good_space_create(), quotas[1].tier[0] = '0');
	REFUSES(space_create, good_space_create(), quotas[1].tier[31] = 'x');
}

/* "At least one block." */
static void quota_of_a_block(void)
{
	struct kvt_space_create arg = good_space_create();

	arg.block_size = 4 * MIB;
	TAKES(space_create, arg, quotas[0].bytes = 4 * MIB);
	REFUSES(space_create, arg, quotas[0].bytes = 2 * MIB);
	arg.block_size = 4 * MIB + 4 * KIB;
	TAKES(space_create, arg, quotas[0].bytes = 6 * MIB);
	REFUSES(space_create, arg, quotas[0].bytes = 4 * MIB);
}

/* A quota for each of @nr tiers, t0, t1.., the rest zero. */
static struct kvt_space_create quotas(unsigned int nr)
{
	struct kvt_space_create arg = good_space_create();
	unsigned int i;

	memset(arg.quotas, 0, sizeof(arg.quotas));
	arg.nr_quotas = nr;
	for (i = 0; i < nr && i < KVT_MAX_ARENAS; i++) {
		arg.quotas[i].bytes = 64 * MIB;
		arg.quotas[i].tier[0] = 't';
		arg.quotas[i].tier[1] = '0' + i;
	}
	return arg;
}

static void number_of_quotas(void)
{
	TAKES(space_create, quotas(1), uid = 0);
	TAKES(space_create, quotas(KVT_MAX_ARENAS), uid = 0);
	REFUSES(space_create, quotas(0), uid = 0);
	REFUSES(space_create, quotas(KVT_MAX_ARENAS), nr_quotas = 0);
	REFUSES(space_create, quotas(KVT_MAX_ARENAS), nr_quotas = 7);
	REFUSES(space_create, quotas(KVT_MAX_ARENAS), nr_quotas = 9);
	REFUSES(space_create, quotas(KVT_MAX_ARENAS), nr_quotas = 1U << 31);
	REFUSES(space_create, quotas(KVT_MAX_ARENAS), nr_quotas = ~0U);
	REFUSES(space_create, quotas(KVT_MAX_ARENAS), quotas[7].bytes = 1);
	REFUSES(space_create, quotas(KVT_MAX_ARENAS), quotas[7].tier[0] = 0);
}

static void repeated_tiers(void)
{
	struct kvt_space_create arg;
	int i, j, taken = 0;

	for (i = 0; i < KVT_MAX_ARENAS; i++)
		for (j = 0; j < i; j++) {
			arg = quotas(KVT_MAX_ARENAS);
			memcpy(arg.quotas[i].tier, arg.quotas[j].tier,
			       KVT_NAME_SIZE);
			taken += !kvt_abi_check_space_create(&arg);
		}
	is(taken, 0, "no tier twice, whichever two");
	arg = quotas(2);
	set_name(arg.quotas[0].tier, "abcdefghijklmnopqrstuvwxyz01234");
	set_name(arg.quotas[1].tier, "abcdefghijklmnopqrstuvwxyz01235");
	is(kvt_abi_check_space_create(&arg), 0,
	   "tiers that differ in their last character only");
}

/* Each byte behind the last quota. */
static void unused_quotas(void)
{
	struct kvt_space_create arg;
	unsigned int nr, i;
	int taken = 0;

	for (nr = 1; nr < KVT_MAX_ARENAS; nr++)
		for (i = nr * sizeof(arg.quotas[0]); i < sizeof(arg.quotas); i++) {
			arg = quotas(nr);
			((__u8 *)arg.quotas)[i] = 1;
			taken += !kvt_abi_check_space_create(&arg);
		}
	is(taken, 0, "unused quotas are zero, in each byte");
}

static void resize(void)
{
	TAKES(space_resize, good_space_resize(), quota.bytes = 0);
	TAKES(space_resize, good_space_resize(), quota.bytes = 2 * MIB);
	TAKES(space_resize, good_space_resize(),
	      quota.bytes = (1ULL << 56) - 2 * MIB);
	REFUSES(space_resize, good_space_resize(), quota.bytes = 1);
	REFUSES(space_resize, good_space_resize(), quota.bytes = 3 * MIB);
	REFUSES(space_resize, good_space_resize(), quota.bytes = 1ULL << 56);
	REFUSES(space_resize, good_space_resize(), quota.bytes = -2 * MIB);
	REFUSES(space_resize, good_space_resize(), pad = 1);
	REFUSES(space_resize, good_space_resize(), pad = 1U << 31);
	REFUSES(space_resize, good_space_resize(), name[0] = 0);
	REFUSES(space_resize, good_space_resize(), name[31] = 'x');
	REFUSES(space_resize, good_space_resize(), quota.tier[0] = 0);
	REFUSES(space_resize, good_space_resize(), quota.tier[31] = 'x');
}

static int layers(const __u32 *ends, __u32 nr)
{
	return kvt_abi_check_layers(ends, nr, 64 * KIB);
}

#define ENDS(...) ((const __u32[]){ __VA_ARGS__ }), \
	ARRAY_SIZE(((const __u32[]){ __VA_ARGS__ }))

static void layer_ends(void)
{
	is(layers(ENDS(65536)), 0, "one layer");
	is(layers(ENDS(1, 2, 65535, 65536)), 0, "layers of any length");
	is(layers(ENDS(65535)), -EINVAL, "the last one ends before the block");
	is(layers(ENDS(65537)), -EINVAL, "the last one ends behind the block");
	is(layers(ENDS(0, 65536)), -EINVAL, "an empty first layer");
	is(layers(ENDS(4096, 4096, 65536)), -EINVAL, "an empty layer");
	is(layers(ENDS(8192, 4096, 65536)), -EINVAL, "they fall");
	is(layers(ENDS(65536, 65536)), -EINVAL, "an empty last layer");
	is(layers(ENDS(~0U, 65536)), -EINVAL, "far behind the block");
	is(layers(NULL, 0), -EINVAL, "no layer at all");
}

static void layer_fields(void)
{
	struct kvt_space_create arg = good_space_create();

	arg.layers = 4096;
	arg.nr_layers = 1;
	TAKES(space_create, arg, nr_layers = KVT_MAX_LAYERS);
	REFUSES(space_create, arg, nr_layers = KVT_MAX_LAYERS + 1);
	REFUSES(space_create, arg, nr_layers = 0);
	REFUSES(space_create, arg, layers = 0);
	REFUSES(space_create, arg, pad2 = 1);
}

int main(void)
{
	block_size();
	largest_block();
	scalars();
	quota();
	quota_of_a_block();
	number_of_quotas();
	repeated_tiers();
	unused_quotas();
	layer_ends();
	layer_fields();
	resize();
	return done();
}
