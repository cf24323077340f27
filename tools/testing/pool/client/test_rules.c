// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <sys/random.h>

#include "tests.h"

/* Breaks a rule by one message, at a time when others are good. */
static void cut_off(struct peer *peer, const struct kvp_message *m, const char *what)
{
	must(!kvp_link_send(peer->link, m));
	ok(peer_is_cut_off(peer), "%s: cut off", what);
	peer_hang_up(peer);
}

void test_rules(void)
{
	struct kvp_message m;
	struct kvp_hello hello;
	unsigned int i;
	struct peer *peer;

	peer_begin(&m, KVP_PING);
	cut_off(peer_dial(), &m, "PING before HELLO");
	peer_begin(&m, KVP_PROVE);
	kvp_add(&m);
	cut_off(peer_dial(), &m, "PROVE before HELLO");
	peer_begin(&m, KVP_HELLO);
	peer_fill_hello(kvp_add(&m));
	cut_off(peer_connect(), &m, "HELLO when it is over");
	peer_begin(&m, KVP_PING);
	m.head.version = 2;
	cut_off(peer_connect(), &m, "another version");
	peer_begin(&m, KVP_PING);
	m.head.type |= KVP_ANSWER;
	cut_off(peer_connect(), &m, "an answer");
	peer_begin(&m, KVP_LOOKUP);
	chain_add_keys(&m, 1, 2, NO_HOLE);
	m.head.nr = htole32(200);
	cut_off(peer_connect(), &m, "fewer entries than it says");
	peer = peer_dial();
	peer_fill_hello(&hello);
	peer_begin(&m, KVP_HELLO);
	memcpy(kvp_add(&m), &hello, sizeof(hello));
	must(peer_ask(peer, &m));
	peer_begin(&m, KVP_LOOKUP);
	chain_add_keys(&m, 1, 1, NO_HOLE);
	cut_off(peer, &m, "LOOKUP without proof");
	peer = peer_connect();
	for (i = peer->credits + 1; i && peer->link; i--)
		chain_await(peer, 200, 1, PATIENCE_S * 1000, &m);
	ok(peer_is_cut_off(peer), "more requests than credits: cut off");
	peer_hang_up(peer);
}

/* Whatever comes, the node answers or cuts off; and goes on serving. */
void test_noise(unsigned int rounds)
{
	struct peer *peer = peer_connect();
	unsigned int cut = 0, i;
	struct kvp_message m, *answer;

	for (i = 0; i < rounds; i++) {
		uint16_t at[3];
		unsigned int flips = 3;

		peer_begin(&m, 3 + i % 8);
		memset(m.entries, 0, sizeof(m.entries));
		if (m.head.type != KVP_PING)
			chain_add_keys(&m, 77, 1, NO_HOLE);
		must(getrandom(at, sizeof(at), 0) == sizeof(at));
		while (flips--)
			((uint8_t *)&m)[at[flips] % 128] ^= 1 << at[flips] % 7;
		m.head.wait_ms = 0;
		if (kvp_length(&m) < sizeof(m.head) || kvp_length(&m) > sizeof(m))
			m.head.length = htole32(72);
		must(!kvp_link_send(peer->link, &m));
		must(wait_for(peer->down ||
			      (answer = peer_take(peer, le64toh(m.head.id)))));
		if (peer->down) {
			peer_hang_up(peer);
			peer = peer_connect();
			cut++;
		}
	}
	ok(cut && cut < rounds, "noise: %u of %u cut off", cut, rounds);
	is(chain_load(peer, 1, CHAIN), CHAIN, "and it serves");
	peer_hang_up(peer);
}
