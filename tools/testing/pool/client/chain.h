/* SPDX-License-Identifier: GPL-2.0 */
/* Chains of blocks: their keys, their leases, their bytes. A number says which chain. */
#ifndef CHAIN_H
#define CHAIN_H

#include "peer.h"

#define NO_HOLE	UINT32_MAX

void chain_key(uint8_t key[KVP_KEY_SIZE], uint64_t chain, unsigned int i);

/* A chain's blocks from 0 on; that at @hole has another key. */
void chain_add_keys(struct kvp_message *m, uint64_t chain, unsigned int nr,
		    unsigned int hole);

/* Send, and take a struct place for each entry; the answer's status, or -1. */
int chain_ask(struct peer *peer, const struct kvp_message *m,
	      struct kvp_place *places);
int chain_reserve(struct peer *peer, uint64_t chain, unsigned int nr,
		  struct kvp_place *places);
int chain_acquire(struct peer *peer, uint64_t chain, unsigned int nr,
		  struct kvp_place *places);

/* Send a request for one block that waits, into @m. */
void chain_await(struct peer *peer, uint64_t chain, unsigned int i,
		 unsigned int wait_ms, struct kvp_message *m);

/* RELEASE, COMMIT or ABORT; statuses in @results, or NULL: they all must be 0. */
int chain_end(struct peer *peer, uint8_t type, const struct kvp_place *places,
	      unsigned int nr, struct kvp_result *results);

unsigned int chain_count_good(const struct kvp_place *places, unsigned int nr);

/* READ or WRITE between client.frames and the node; 0 or negative errno. */
int chain_move(struct peer *peer, enum kvp_verb verb,
	       const struct kvp_place *places, unsigned int nr);

/* All of it: RESERVE, WRITE, COMMIT; 0, or what went wrong. */
int chain_store(struct peer *peer, uint64_t chain, unsigned int nr);

/* Blocks that are there, from the first on, with the right bytes; -1: wrong ones. */
int chain_load(struct peer *peer, uint64_t chain, unsigned int nr);

#endif /* CHAIN_H */
