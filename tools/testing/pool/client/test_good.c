// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "tests.h"

void test_bytes(void)
{
	struct peer *peer = peer_connect();
	struct kvp_place places[CHAIN];
	struct kvp_link_count count;
	unsigned int i;
	int same = 1;

	is(chain_store(peer, 1, CHAIN), 0, "RESERVE, WRITE, COMMIT");
	is(chain_load(peer, 1, CHAIN), CHAIN, "ACQUIRE, READ, RELEASE: the same bytes");
	is(chain_reserve(peer, 1, CHAIN, places), 0, "RESERVE of what is here");
	for (i = 0; i < CHAIN; i++)
		same &= le32toh(places[i].status) == EEXIST;
	ok(same, "is EEXIST");
	ok(wait_for(node_holds(0, 0)), "nothing is left of it");
	kvp_link_count(peer->link, &count);
	is(count.read, (long long)CHAIN * client.block_size, "bytes READ");
	is(count.written, (long long)CHAIN * client.block_size, "bytes WRITTEN");
	ok(count.messages < client.block_size, "%llu bytes of messages, no block among them",
	   (unsigned long long)count.messages);
	peer_hang_up(peer);
}

void test_holes(void)
{
	struct peer *peer = peer_connect();
	struct kvp_place places[CHAIN];
	struct kvp_message m, *answer;
	int right = 1;
	unsigned int i;

	peer_begin(&m, KVP_LOOKUP);
	chain_add_keys(&m, 1, CHAIN, 3);
	answer = peer_ask(peer, &m);
	must(answer);
	for (i = 0; i < CHAIN; i++)
		right &= le32toh(KVP_ENTRIES(answer, result)[i].status) ==
			 (i == 3 ? ENOENT : 0);
	ok(right, "LOOKUP of a chain with a hole");
	peer_begin(&m, KVP_ACQUIRE);
	chain_add_keys(&m, 1, CHAIN, 3);
	is(chain_ask(peer, &m, places), 0, "ACQUIRE of a chain with a hole");
	is(chain_count_good(places, CHAIN), CHAIN - 1, "leases all but one");
	is(le32toh(places[3].status), ENOENT, "which is not there");
	peer_hang_up(peer);
	ok(wait_for(node_holds(0, 0)), "who hangs up gives all leases back");
}

void test_drop(void)
{
	struct peer *peer = peer_connect();
	struct kvp_message m, *answer;

	is(chain_store(peer, 2, CHAIN), 0, "another chain");
	peer_begin(&m, KVP_DROP);
	chain_add_keys(&m, 2, 1, NO_HOLE);
	m.head.flags = htole32(KVP_F_CHAIN);
	answer = peer_ask(peer, &m);
	ok(answer && !KVP_ENTRIES(answer, result)->status, "DROP of all of it");
	is(chain_load(peer, 2, CHAIN), 0, "it is gone");
	is(chain_load(peer, 1, CHAIN), CHAIN, "the other one is not");
	peer_hang_up(peer);
}

void test_abort(void)
{
	struct peer *peer = peer_connect();
	struct kvp_place places[CHAIN];

	is(chain_reserve(peer, 3, CHAIN, places), 0, "frames");
	ok(node_holds(0, CHAIN), "are being filled");
	is(chain_end(peer, KVP_ABORT, places, CHAIN, NULL), 0, "ABORT");
	ok(node_holds(0, 0), "and are not any more");
	is(chain_load(peer, 3, CHAIN), 0, "nothing is there");
	is(node_has("quarantined"), 0, "no frame is kept from reuse");
	peer_hang_up(peer);
}

void test_wait(void)
{
	struct peer *reader = peer_connect(), *writer = peer_connect();
	struct kvp_message absent, filling, never, *answer = NULL;
	struct kvp_place places[CHAIN];

	chain_await(reader, 4, 1, PATIENCE_S * 1000, &absent);
	chain_await(reader, 5, 1, 50, &never);
	is(chain_reserve(writer, 4, CHAIN, places), 0, "one writes");
	chain_await(reader, 4, 0, PATIENCE_S * 1000, &filling);
	is(chain_move(writer, KVP_WRITE, places, CHAIN), 0, "and writes");
	ok(wait_for((answer = peer_take(reader, le64toh(never.head.id)))) &&
	   le32toh(KVP_ENTRIES(answer, place)->status) == ENOENT,
	   "who waits for what does not come is told so");
	is(reader->nr_in, 0, "before COMMIT nothing is there");
	is(chain_end(writer, KVP_COMMIT, places, CHAIN, NULL), 0, "COMMIT");
	ok(wait_for((answer = peer_take(reader, le64toh(absent.head.id)))) &&
	   !KVP_ENTRIES(answer, place)->status,
	   "who waited before it was begun has it");
	ok(wait_for((answer = peer_take(reader, le64toh(filling.head.id)))) &&
	   !KVP_ENTRIES(answer, place)->status,
	   "who waited while it was filled has it");
	peer_hang_up(reader);
	peer_hang_up(writer);
	ok(wait_for(node_holds(0, 0)), "nothing is left");
}

void test_two(void)
{
	struct peer *a = peer_connect(), *b = peer_connect();
	struct kvp_place mine[CHAIN], his[CHAIN];
	int wrong = 0, round;

	is(chain_reserve(a, 6, CHAIN, mine), 0, "A fills");
	is(chain_reserve(b, 6, CHAIN, his), 0, "B would, too");
	is(le32toh(his[0].status), EINPROGRESS, "and is told that A does");
	is(chain_end(a, KVP_ABORT, mine, CHAIN, NULL), 0, "A does not");
	for (round = 0; round < 20; round++) {
		struct peer *writer = round & 1 ? a : b, *reader = round & 1 ? b : a;

		wrong += chain_store(writer, 100 + round, CHAIN) != 0;
		wrong += chain_load(reader, 100 + round, CHAIN) != CHAIN;
	}
	is(wrong, 0, "what one writes the other reads");
	peer_hang_up(a);
	peer_hang_up(b);
}

/* They are halved from time to time: so how many times it takes is not said. */
void test_uses(void)
{
	struct peer *peer = peer_connect();
	struct kvp_place places[CHAIN];
	unsigned int i, most = 0, lent;

	is(chain_reserve(peer, 50, 1, places), 0, "a new block");
	ok(!places[0].uses, "was lent to nobody");
	is(chain_end(peer, KVP_ABORT, places, 1, NULL), 0, "it is not filled");
	is(chain_store(peer, 50, 2), 0, "two blocks");
	for (i = 0; i < 1000 && most < 8; i++) {
		must(!chain_acquire(peer, 50, 1, places) && !places[0].status);
		lent = le32toh(places[0].uses);
		must(lent && !chain_end(peer, KVP_RELEASE, places, 1, NULL));
		most = lent > most ? lent : most;
	}
	ok(most >= 8, "one is lent often: %u times", most);
	is(chain_acquire(peer, 50, 2, places), 0, "then both");
	ok(le32toh(places[1].uses) == 1, "the other one for the first time");
	is(chain_end(peer, KVP_RELEASE, places, 2, NULL), 0, "and are given back");
	peer_hang_up(peer);
}
