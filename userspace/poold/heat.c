// SPDX-License-Identifier: GPL-2.0
#include <xxhash.h>

#include "heat.h"
#include "wire.h"

static void halve(struct pn_heat *heat, uint64_t times)
{
	unsigned int row, i, shift = times < 16 ? times : 16;

	for (row = 0; row < PN_HEAT_ROWS; row++)
		for (i = 0; i < PN_HEAT_SLOTS; i++)
			heat->count[row][i] >>= shift;
}

static void cool(struct pn_heat *heat, uint64_t now)
{
	uint64_t times;

	if (!heat->halved_at)
		heat->halved_at = now;
	times = (now - heat->halved_at) / PN_HEAT_PERIOD_NS;
	if (!times)
		return;
	halve(heat, times);
	heat->halved_at += times * PN_HEAT_PERIOD_NS;
}

uint32_t pn_heat_use(struct pn_heat *heat, const uint8_t *key, uint64_t now)
{
	uint32_t row, least = UINT16_MAX;

	cool(heat, now);
	for (row = 0; row < PN_HEAT_ROWS; row++) {
		uint64_t hash = XXH64(key, KVP_KEY_SIZE, row);
		uint16_t *count = &heat->count[row][hash % PN_HEAT_SLOTS];

		if (*count < UINT16_MAX)
			++*count;
		if (*count < least)
			least = *count;
	}
	return least;
}
