// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "tests.h"

/* One READ or WRITE that must not be possible. */
static void try_move(struct peer *peer, enum kvp_verb verb,
		     const struct kvp_place *place, const char *what)
{
	int err;

	memset(client.frames, 0x55, client.block_size);
	err = chain_move(peer, verb, place, 1);
	is(err, -EACCES, "%s faults", what);
	ok(peer_is_cut_off(peer), "and ends the connection");
	peer_hang_up(peer);
}

void test_keys_of_frames(void)
{
	struct kvp_place places[CHAIN];
	struct peer *peer = peer_connect(), *other;

	must(!chain_acquire(peer, 1, CHAIN, places) && !places[0].status);
	must(!chain_end(peer, KVP_RELEASE, places, CHAIN, NULL));
	try_move(peer, KVP_READ, places, "READ after RELEASE");
	peer = peer_connect();
	must(!chain_acquire(peer, 1, CHAIN, places) && !places[0].status);
	try_move(peer, KVP_WRITE, places, "WRITE to what was ACQUIREd");
	peer = peer_connect();
	must(!chain_reserve(peer, 7, CHAIN, places) && !places[0].status);
	try_move(peer, KVP_READ, places, "READ of what was RESERVEd");
	peer = peer_connect();
	must(!chain_store(peer, 8, 1));
	must(!chain_reserve(peer, 9, 1, places) && !places[0].status);
	must(!chain_move(peer, KVP_WRITE, places, 1));
	must(!chain_end(peer, KVP_COMMIT, places, 1, NULL));
	try_move(peer, KVP_WRITE, places, "WRITE after COMMIT");
	peer = peer_connect();
	other = peer_connect();
	must(!chain_acquire(peer, 1, CHAIN, places) && !places[0].status);
	try_move(other, KVP_READ, places, "READ by another's lease");
	is(chain_move(peer, KVP_READ, places, CHAIN), 0, "who has it may still READ");
	peer_hang_up(peer);
	peer = peer_connect();
	is(chain_load(peer, 1, CHAIN), CHAIN, "and what is there is as it was");
	ok(wait_for(node_holds(0, 0)), "nothing is left");
	peer_hang_up(peer);
}

void test_numbers(void)
{
	struct peer *peer = peer_connect();
	struct kvp_place places[CHAIN], made[CHAIN];
	struct kvp_result results[CHAIN];
	unsigned int i, refused = 0;

	for (i = 0; i < CHAIN; i++)
		made[i].lease = htole64(i ? 0x1000ULL << (8 * i) | i : 0);
	must(!chain_acquire(peer, 1, CHAIN, places));
	is(chain_end(peer, KVP_RELEASE, made, CHAIN, results), 0, "made up leases");
	for (i = 0; i < CHAIN; i++)
		refused += le32toh(results[i].status) == ENOENT;
	is(refused, CHAIN, "are not known");
	is(chain_end(peer, KVP_COMMIT, places, CHAIN, results), 0, "COMMIT of leases");
	is(le32toh(results[0].status), ENOENT, "that are no fills");
	places[1].lease = places[0].lease;
	is(chain_end(peer, KVP_RELEASE, places, CHAIN, results), 0, "one twice");
	is(le32toh(results[0].status), 0, "is given back");
	is(le32toh(results[1].status), ENOENT, "once");
	ok(wait_for(node_holds(1, 0)), "the other is held");
	peer_hang_up(peer);
	ok(wait_for(node_holds(0, 0)), "until the end");
}

void test_limit(void)
{
	struct peer *peer = peer_connect();
	struct kvp_place *places = calloc(kvp_max_entries(KVP_ACQUIRE), sizeof(*places));
	struct kvp_message m;
	unsigned int i, nr = client.max_leases + 4;

	must(places && nr < kvp_max_entries(KVP_ACQUIRE));
	peer_begin(&m, KVP_ACQUIRE);
	for (i = 0; i < nr; i++)
		chain_key(((struct kvp_key *)kvp_add(&m))->key, 1, 0);
	is(chain_ask(peer, &m, places), 0, "more leases than one may have");
	is(chain_count_good(places, nr), client.max_leases, "are not had");
	is(le32toh(places[nr - 1].status), EDQUOT, "EDQUOT");
	is(chain_end(peer, KVP_RELEASE, places, client.max_leases, NULL), 0, "given back");
	is(chain_load(peer, 1, CHAIN), CHAIN, "there may be others");
	free(places);
	peer_hang_up(peer);
}

static void refused(struct kvp_hello *hello, const uint8_t *key, const char *what)
{
	struct peer *peer = peer_dial();

	is(peer_introduce(peer, hello, key), EACCES, "%s: EACCES", what);
	ok(peer_is_cut_off(peer), "and cut off");
	peer_hang_up(peer);
}

void test_who(void)
{
	uint8_t wrong[KVP_SECRET_SIZE] = { 1 };
	struct kvp_hello hello;

	peer_fill_hello(&hello);
	refused(&hello, wrong, "another key");
	strcpy((char *)hello.space, "nosuchspace");
	refused(&hello, client.secret, "a space that is not served");
	peer_fill_hello(&hello);
	hello.identity[5] = 1;
	refused(&hello, client.secret, "another identity");
	peer_fill_hello(&hello);
	hello.block_size = htole32(client.block_size + 4096);
	refused(&hello, client.secret, "another block size");
}
