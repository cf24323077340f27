/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How often blocks were lent lately: a count-min sketch of fixed size, halved from time to
 * time. Keys that fall together count for each other, so it may say more than was, and
 * never less. Pure code.
 */
#ifndef PN_HEAT_H
#define PN_HEAT_H

#include <stdint.h>

#define PN_HEAT_ROWS		2
#define PN_HEAT_SLOTS		65536U
#define PN_HEAT_PERIOD_NS	30000000000ULL

/**
 * struct pn_heat - zero at first
 * @halved_at: when it was halved
 * @count: of uses; a key has one in each row
 */
struct pn_heat {
	uint64_t halved_at;
	uint16_t count[PN_HEAT_ROWS][PN_HEAT_SLOTS];
};

/**
 * pn_heat_use() - a block is lent
 * @heat: counts
 * @key: the block's
 * @now: ns, CLOCK_MONOTONIC; all are halved each PN_HEAT_PERIOD_NS of it
 *
 * Return: how often it was lent lately, this time included; UINT16_MAX: or more.
 */
uint32_t pn_heat_use(struct pn_heat *heat, const uint8_t *key, uint64_t now);

#endif /* PN_HEAT_H */
