// SPDX-License-Identifier: GPL-2.0
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"
#include "tap.h"

#define DEPTH	128	/* messages: more than its credits */

static uint64_t last_id;

bool peer_turn(time_t give_up_at)
{
	struct pollfd p = { .fd = kvp_rdma_fd(client.rdma), .events = POLLIN };

	poll(&p, 1, 100);
	kvp_rdma_run(client.rdma);
	return time(NULL) < give_up_at;
}

static void link_up(struct kvp_link *link, void *user)
{
	struct peer *peer = user;

	(void)link;
	peer->is_up = true;
}

static void link_message(struct kvp_link *link, void *user,
			 const struct kvp_message *m, size_t bytes)
{
	struct peer *peer = user;
	const char *bad = kvp_judge(m, bytes);

	(void)link;
	if (bad || peer->nr_in == MAX_IN) {
		printf("Bail out! the pool node sends %s\n", bad ? bad : "too much");
		exit(1);
	}
	peer->credits = le32toh(m->head.credits);
	peer->in[peer->nr_in++] = *m;
}

static void link_down(struct kvp_link *link, void *user, int err,
		      const char *why)
{
	struct peer *peer = user;

	printf("# down: %s (%s)\n", why, strerror(-err));
	peer->down = err;
	peer->link = NULL;
	kvp_link_destroy(link);
}

static const struct kvp_link_ops ops = { link_up, link_message, link_down };

struct peer *peer_dial(void)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	struct kvp_link_how how = {
		.ops = &ops, .user = peer, .depth = DEPTH,
		.timeout_ms = PATIENCE_S * 1000,
	};

	must(peer);
	must(!kvp_link_connect(client.rdma, (struct sockaddr *)&client.to, &how, &peer->link));
	must(wait_for(peer->is_up || peer->down));
	must(peer->is_up);
	return peer;
}

void peer_hang_up(struct peer *peer)
{
	kvp_link_destroy(peer->link);
	free(peer);
}

bool peer_is_cut_off(struct peer *peer)
{
	return wait_for(peer->down);
}

/* ------------------------------------------------------------------------ messages */

void peer_begin(struct kvp_message *m, uint8_t type)
{
	kvp_begin(m, type, ++last_id);
}

struct kvp_message *peer_take(struct peer *peer, uint64_t id)
{
	static struct kvp_message answer;
	unsigned int i;

	for (i = 0; i < peer->nr_in; i++) {
		if (le64toh(peer->in[i].head.id) != id)
			continue;
		answer = peer->in[i];
		peer->in[i] = peer->in[--peer->nr_in];
		return &answer;
	}
	return NULL;
}

struct kvp_message *peer_ask(struct peer *peer, const struct kvp_message *m)
{
	uint64_t id = le64toh(m->head.id);
	struct kvp_message *answer = NULL;

	if (!peer->link || kvp_link_send(peer->link, m))
		return NULL;
	must(wait_for((answer = peer_take(peer, id)) || peer->down));
	if (answer && kvp_judge_answer(answer, kvp_length(answer), m)) {
		printf("# not an answer to this request\n");
		return NULL;
	}
	return answer;
}

void peer_fill_hello(struct kvp_hello *hello)
{
	memset(hello, 0, sizeof(*hello));
	strncpy((char *)hello->space, client.space, KVP_NAME_SIZE - 1);
	memcpy(hello->host, "test", 4);
	kvp_nonce(hello->nonce);
	hello->block_size = htole32(client.block_size);
}

int peer_introduce(struct peer *peer, const struct kvp_hello *hello,
		   const uint8_t key[KVP_SECRET_SIZE])
{
	struct kvp_challenge challenge;
	struct kvp_message m, *answer;

	peer_begin(&m, KVP_HELLO);
	memcpy(kvp_add(&m), hello, sizeof(*hello));
	answer = peer_ask(peer, &m);
	if (!answer || answer->head.status)
		return answer ? (int)le32toh(answer->head.status) : -1;
	challenge = *KVP_ENTRIES(answer, challenge);
	peer_begin(&m, KVP_PROVE);
	must(!kvp_proof_make(key, KVP_CLIENT, hello, &challenge, kvp_add(&m)));
	answer = peer_ask(peer, &m);
	if (!answer || answer->head.status)
		return answer ? (int)le32toh(answer->head.status) : -1;
	return kvp_proof_good(key, KVP_SERVER, hello, &challenge,
			      KVP_ENTRIES(answer, proof)) ? 0 : -2;
}

struct peer *peer_connect(void)
{
	struct peer *peer = peer_dial();
	struct kvp_hello hello;

	peer_fill_hello(&hello);
	must(!peer_introduce(peer, &hello, client.secret));
	return peer;
}
