// SPDX-License-Identifier: GPL-2.0
/* A whole device, damaged and sealed again: see tools/testing/crash/fuzz.c. */
#include "fuzz.h"

void fuzz_seeds(seed_fn seed)
{
	static const uint8_t edits[3 * 9] = {
		0, 0, 14, 0, 2, 1, 2, 3, 4,
		3, 0, 12, 0, 3, 5, 0, 0, 0,
		5, 0, 9, 0, 2, 0, 0, 0, 0,
	};

	seed("none", "", 0);
	seed("three", edits, sizeof(edits));
}
