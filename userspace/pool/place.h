/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which pool nodes have a block: rendezvous hashing. Every host that knows the
 * same members comes to the same answer, and a member that comes or goes moves
 * only its own share. Pure code.
 */
#ifndef KVP_PLACE_H
#define KVP_PLACE_H

#include <stdint.h>

#define KVP_MAX_MEMBERS		256
#define KVP_MAX_REPLICAS	8

/* What a member's name adds to all scores: compute it once. */
uint64_t kvp_member_seed(const char *name);

unsigned int kvp_place_key(const uint64_t *seeds, unsigned int nr,
			   const uint8_t *key, unsigned int replicas,
			   unsigned int *members);

#endif /* KVP_PLACE_H */
