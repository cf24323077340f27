/* SPDX-License-Identifier: GPL-2.0 */
/* What people are shown of an nvme tier beyond its attributes. */
#ifndef CTL_TIER_VIEW_H
#define CTL_TIER_VIEW_H

#include <json-c/json.h>

/*
 * tier_view_add() - add to an nvme tier, as info_tier() has it
 * @counts: its counters, or rates of them
 *
 *	condition	its state, or that it recovers
 *	amplification	bytes written for each byte of blocks, two decimals
 *	errors		of all sorts
 */
void tier_view_add(struct json_object *tier, struct json_object *counts);

#endif /* CTL_TIER_VIEW_H */
