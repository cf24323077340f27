// SPDX-License-Identifier: GPL-2.0
/* The headers from C++: they compile pedantically, and what they declare links. */
#include "libkvtier.h"

extern "C" {
#include "tap.h"
}

int main()
{
	kvt_how how = kvt_how();
	kvt_key key = kvt_key();
	kvt_block block;

	how.flags = KVT_F_WAIT;
	ok(kvt_acquire(nullptr, &key, 1, &how, &block) < 0, "called from C++");
	ok(kvt_result_tier(KVT_RES_LEASED | KVT_TIER_CXL) == KVT_TIER_CXL,
	   "inline functions");
	ok(KVT_IOC_SUBMIT != 0, "request numbers");
	ok(KVT_BLOCK_SIZE_MAX == 64 << 20, "constants");
	return done();
}
