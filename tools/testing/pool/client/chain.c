// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "tap.h"

/**
 * struct move - a READ or WRITE
 * @op: it
 * @over: it has ended
 * @err: so
 */
struct move {
	struct kvp_op op;
	bool over;
	int err;
};

void chain_key(uint8_t key[KVP_KEY_SIZE], uint64_t chain, unsigned int i)
{
	memset(key, 0, KVP_KEY_SIZE);
	memcpy(key, &chain, sizeof(chain));
	key[8] = i + 1;
}

void chain_add_keys(struct kvp_message *m, uint64_t chain, unsigned int nr,
		    unsigned int hole)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct kvp_key *k = kvp_add(m);

		chain_key(k->key, i == hole ? UINT64_MAX : chain, i);
	}
}

int chain_ask(struct peer *peer, const struct kvp_message *m,
	      struct kvp_place *places)
{
	struct kvp_message *answer = peer_ask(peer, m);

	if (!answer || answer->head.status)
		return answer ? (int)le32toh(answer->head.status) : -1;
	memcpy(places, answer->entries, kvp_nr(answer) * sizeof(*places));
	return 0;
}

int chain_reserve(struct peer *peer, uint64_t chain, unsigned int nr,
		  struct kvp_place *places)
{
	struct kvp_message m;
	unsigned int i;

	peer_begin(&m, KVP_RESERVE);
	for (i = 0; i < nr; i++) {
		struct kvp_chain *c = kvp_add(&m);

		chain_key(c->key, chain, i);
		if (i)
			chain_key(c->parent, chain, i - 1);
	}
	return chain_ask(peer, &m, places);
}

int chain_acquire(struct peer *peer, uint64_t chain, unsigned int nr,
		  struct kvp_place *places)
{
	struct kvp_message m;

	peer_begin(&m, KVP_ACQUIRE);
	chain_add_keys(&m, chain, nr, NO_HOLE);
	return chain_ask(peer, &m, places);
}

int chain_end(struct peer *peer, uint8_t type,
	      const struct kvp_place *places, unsigned int nr,
		      struct kvp_result *results)
{
	struct kvp_message m, *answer;
	unsigned int i;
	int bad = 0;

	peer_begin(&m, type);
	for (i = 0; i < nr; i++)
		((struct kvp_lease *)kvp_add(&m))->lease = places[i].lease;
	answer = peer_ask(peer, &m);
	if (!answer || answer->head.status)
		return answer ? (int)le32toh(answer->head.status) : -1;
	for (i = 0; i < nr; i++)
		bad |= !!KVP_ENTRIES(answer, result)[i].status;
	if (!results)
		return bad;
	memcpy(results, answer->entries, nr * sizeof(*results));
	return 0;
}

unsigned int chain_count_good(const struct kvp_place *places, unsigned int nr)
{
	unsigned int i, good = 0;

	for (i = 0; i < nr; i++)
		good += !places[i].status;
	return good;
}

/* --------------------------------------------------------------------------- bytes */

static char *frame_at(unsigned int i)
{
	return client.frames + (size_t)i * client.block_size;
}

static void fill_frame(char *frame, uint64_t chain, unsigned int i)
{
	uint64_t *word = (uint64_t *)frame, at;

	for (at = 0; at < client.block_size / sizeof(*word); at++)
		word[at] = (chain << 40 | (uint64_t)i << 32) + at * 0x9e3779b97f4a7c15ULL;
}

static bool frame_is(const char *frame, uint64_t chain, unsigned int i)
{
	static char *want;

	if (!want)
		want = malloc(client.block_size);
	must(want);
	fill_frame(want, chain, i);
	return !memcmp(want, frame, client.block_size);
}

static void moved(struct kvp_op *op, int err)
{
	struct move *move = (struct move *)((char *)op - offsetof(struct move, op));

	move->err = err;
	move->over = true;
}

/* In two pieces, as a helper does: the block and its trailer. */
static int start_move(struct peer *peer, struct move *move, enum kvp_verb verb,
		      char *frame, const struct kvp_place *place)
{
	memset(move, 0, sizeof(*move));
	move->op.verb = verb;
	move->op.nr = 2;
	move->op.local[0].addr = frame;
	move->op.local[0].length = client.block_size - 4096;
	move->op.local[1].addr = frame + client.block_size - 4096;
	move->op.local[1].length = 4096;
	move->op.remote = le64toh(place->addr);
	move->op.rkey = le32toh(place->rkey);
	move->op.done = moved;
	return peer->link ? kvp_link_start(peer->link, &move->op) : -ENOTCONN;
}

int chain_move(struct peer *peer, enum kvp_verb verb,
	       const struct kvp_place *places, unsigned int nr)
{
	struct move moves[CHAIN];
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr && !err; i++)
		err = start_move(peer, &moves[i], verb, frame_at(i), &places[i]);
	while (i--) {
		must(wait_for(moves[i].over || err));
		if (!err)
			err = moves[i].err;
	}
	return err;
}

int chain_store(struct peer *peer, uint64_t chain, unsigned int nr)
{
	struct kvp_place places[CHAIN];
	unsigned int i;

	for (i = 0; i < nr; i++)
		fill_frame(frame_at(i), chain, i);
	if (chain_reserve(peer, chain, nr, places) || chain_count_good(places, nr) != nr)
		return -1;
	if (chain_move(peer, KVP_WRITE, places, nr))
		return -2;
	return chain_end(peer, KVP_COMMIT, places, nr, NULL);
}

int chain_load(struct peer *peer, uint64_t chain, unsigned int nr)
{
	struct kvp_place places[CHAIN];
	unsigned int i, good;

	memset(client.frames, 0, (size_t)CHAIN * client.block_size);
	if (chain_acquire(peer, chain, nr, places))
		return -2;
	good = chain_count_good(places, nr);
	if (!good)
		return 0;
	if (chain_move(peer, KVP_READ, places, good))
		return -3;
	for (i = 0; i < good; i++)
		if (!frame_is(frame_at(i), chain, i))
			return -1;
	return chain_end(peer, KVP_RELEASE, places, good, NULL) ? -4 : (int)good;
}

void chain_await(struct peer *peer, uint64_t chain, unsigned int i,
		 unsigned int wait_ms, struct kvp_message *m)
{
	peer_begin(m, KVP_ACQUIRE);
	chain_key(((struct kvp_key *)kvp_add(m))->key, chain, i);
	m->head.flags = htole32(KVP_F_WAIT);
	m->head.wait_ms = htole32(wait_ms);
	must(!kvp_link_send(peer->link, m));
}
