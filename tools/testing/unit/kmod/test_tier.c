// SPDX-License-Identifier: GPL-2.0
/* TIER_ADD and TIER_RESIZE. */
#include "good.h"

static void add(void)
{
	TAKES(tier_add, good_tier_add(), size = sizeof(arg_));
	TAKES(tier_add, good_tier_add(), kind = KVT_TIER_DRAM);
	TAKES(tier_add, good_tier_add(), kind = KVT_TIER_CXL);
	REFUSES(tier_add, good_tier_add(), kind = KVT_TIER_NVME);
	REFUSES(tier_add, good_tier_add(), kind = KVT_TIER_REMOTE);
	REFUSES(tier_add, good_tier_add(), kind = 4);
	REFUSES(tier_add, good_tier_add(), kind = 1U << 31);
	REFUSES(tier_add, good_tier_add(), kind = ~0U);
	REFUSES(tier_add, good_tier_add(), pad = 1);
	REFUSES(tier_add, good_tier_add(), pad = 1U << 31);
	REFUSES(tier_add, good_tier_add(), name[0] = 0);
	REFUSES(tier_add, good_tier_add(), name[0] = 'D');
	REFUSES(tier_add, good_tier_add(), name[31] = 'x');
}

/* Which nodes there are is the kernel's to say: ENODEV, not EINVAL. */
static void add_node(void)
{
	TAKES(tier_add, good_tier_add(), node = 0);
	TAKES(tier_add, good_tier_add(), node = -1);
	TAKES(tier_add, good_tier_add(), node = 1 << 30);
}

static void add_bytes(void)
{
	TAKES(tier_add, good_tier_add(), bytes = 2 * MIB);
	TAKES(tier_add, good_tier_add(), bytes = 6 * MIB);
	TAKES(tier_add, good_tier_add(), bytes = 1ULL << 40);
	TAKES(tier_add, good_tier_add(), bytes = (1ULL << 56) - 2 * MIB);
	REFUSES(tier_add, good_tier_add(), bytes = 0);
	REFUSES(tier_add, good_tier_add(), bytes = 1);
	REFUSES(tier_add, good_tier_add(), bytes = 1 * MIB);
	REFUSES(tier_add, good_tier_add(), bytes = 2 * MIB - 1);
	REFUSES(tier_add, good_tier_add(), bytes = 2 * MIB + 4096);
	REFUSES(tier_add, good_tier_add(), bytes = (1ULL << 40) + 1);
	REFUSES(tier_add, good_tier_add(), bytes = 1ULL << 56);
	REFUSES(tier_add, good_tier_add(), bytes = 1ULL << 63);
	REFUSES(tier_add, good_tier_add(), bytes = -2 * MIB);
	REFUSES(tier_add, good_tier_add(), bytes = ~0ULL);
}

static void resize(void)
{
	TAKES(tier_resize, good_tier_resize(), bytes = 64 * MIB);
	TAKES(tier_resize, good_tier_resize(), bytes = 0);
	TAKES(tier_resize, good_tier_resize(), bytes = 2 * MIB);
	TAKES(tier_resize, good_tier_resize(), bytes = (1ULL << 56) - 2 * MIB);
	REFUSES(tier_resize, good_tier_resize(), bytes = 1);
	REFUSES(tier_resize, good_tier_resize(), bytes = 3 * MIB);
	REFUSES(tier_resize, good_tier_resize(), bytes = 1ULL << 56);
	REFUSES(tier_resize, good_tier_resize(), bytes = -2 * MIB);
	REFUSES(tier_resize, good_tier_resize(), pad = 1);
	REFUSES(tier_resize, good_tier_resize(), pad = 1U << 31);
	REFUSES(tier_resize, good_tier_resize(), name[0] = 0);
	REFUSES(tier_resize, good_tier_resize(), name[1] = '/');
}

int main(void)
{
	add();
	add_node();
	add_bytes();
	resize();
	return done();
}
