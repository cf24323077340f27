// SPDX-License-Identifier: GPL-2.0
/*
 * What a client may do, and its end. Whoever breaks a rule of the protocol is cut
 * off without a word; who may not have the space is told EACCES, and no more.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "job.h"

#define MANY		32
#define CONNECT_MS	5000

/* ------------------------------------------------------------------------ its end */

/*
 * The link is down: nothing reads or writes by its windows any more. The kernel need
 * not keep aborted frames from reuse, as it would if they went with the file.
 */
static void abort_fills(struct pn_client *client)
{
	unsigned int i;

	for (i = 0; i < client->leases.max; i++) {
		const struct pn_lease *lease = &client->leases.all[i];

		if (lease->state == PN_FILL || lease->state == PN_ENDING)
			kvt_abort(client->file, &lease->slot, 1, NULL);
	}
}

static void close_file(struct pn_client *client)
{
	if (client->queue) {
		pn_loop_unwatch(&client->node->loop, kvt_queue_eventfd(client->queue));
		kvt_queue_destroy(client->queue);
	}
	if (client->file)
		abort_fills(client);
	while (!LIST_EMPTY(&client->jobs))
		pn_job_destroy(LIST_FIRST(&client->jobs));
	kvt_close(client->file);
	pn_leases_exit(&client->leases);
}

static void free_client(struct pn_garbage *garbage)
{
	free(container_of(garbage, struct pn_client, garbage));
}

void pn_client_end(struct pn_client *client, const char *why)
{
	if (client->state == PN_ENDED)
		return;
	kvp_log(client->state == PN_READY ? KVP_INFO : KVP_WARN, "client gone",
		"client=%s space=%s requests=%llu leases=%u why=%s",
		client->link ? kvp_link_peer(client->link) : "?",
		kvp_quote((char *)client->hello.space),
		(unsigned long long)client->nr_requests,
		client->leases.max - client->leases.nr_free, kvp_quote(why));
	client->state = PN_ENDED;
	kvp_timer_stop(&client->timer);
	kvp_link_destroy(client->link);
	close_file(client);
	LIST_REMOVE(client, entry);
	client->node->nr_clients--;
	client->garbage.free = free_client;
	pn_loop_discard(&client->node->loop, &client->garbage);
}

/* ------------------------------------------------------------------------ answers */

void pn_client_answer(struct pn_client *client, struct kvp_message *answer)
{
	int err;

	answer->head.credits = htole32(client->node->config->credits);
	err = kvp_link_send(client->link, answer);
	if (err)
		pn_client_end(client, "an answer could not be sent");
}

static void refuse(struct pn_client *client, const struct kvp_message *request,
		   int err)
{
	struct kvp_message answer;

	client->state = PN_REFUSED;
	kvp_refuse(&answer, request, err);
	pn_client_answer(client, &answer);
	if (client->state == PN_REFUSED)
		kvp_timer_set(&client->node->loop.timers, &client->timer,
			      kvp_now() + KVP_S);
}

/* ---------------------------------------------------------------------- who may */

/* NULL: he may, as far as can be seen without a proof. */
static const char *judge_hello(struct pn_client *client,
			       const struct kvp_hello *hello)
{
	struct pn_space *space = pn_node_space(client->node,
					       (const char *)hello->space);

	if (!space)
		return "there is no such space";
	client->space = space;
	if (!pn_access_allows(&space->config.allow,
			      (struct sockaddr *)&client->from))
		return "not on the access list";
	if (pn_space_open(space, client->node->config->patience))
		return "the space cannot be opened";
	if (memcmp(space->identity, hello->identity, KVP_IDENTITY_SIZE))
		return "another identity";
	if (space->block_size != le32toh(hello->block_size))
		return "another block size";
	return NULL;
}

/* Whether he may is said after the proof only: so names of spaces cannot be tried. */
static void hello(struct pn_client *client, const struct kvp_message *request)
{
	struct kvp_challenge *challenge;
	struct kvp_message answer;

	client->hello = *KVP_ENTRIES(request, hello);
	client->why_not = judge_hello(client, &client->hello);
	kvp_nonce(client->challenge.nonce);
	kvp_begin_answer(&answer, request);
	challenge = kvp_add(&answer);
	*challenge = client->challenge;
	client->state = PN_GREETED;
	pn_client_answer(client, &answer);
}

static void queue_ready(struct pn_watch *watch)
{
	struct pn_client *client = container_of(watch, struct pn_client, queue_watch);
	struct kvt_done done[MANY];
	ssize_t i, nr = MANY;

	while (client->state == PN_READY && nr == MANY) {
		nr = kvt_queue_wait(client->queue, done, MANY, 0);
		for (i = 0; i < nr && client->state == PN_READY; i++)
			pn_job_completed(done[i].user, done[i].result);
	}
	if (nr < 0 && client->state == PN_READY)
		pn_client_end(client, kvt_strerror(KVT_CALL_QUEUE, nr));
}

/* Its own file, queue and leases. What fails half-way goes with the client. */
static int open_file(struct pn_client *client)
{
	const struct pn_space *space = client->space;
	struct kvp_window *window;
	int err;

	err = kvt_open(space->config.space, 0, space->identity, &client->file);
	if (err) {
		client->file = NULL;
		return err;
	}
	err = kvt_queue_create(client->file, client->node->config->credits,
			       &client->queue);
	if (err) {
		client->queue = NULL;
		return err;
	}
	err = kvt_queue_eventfd(client->queue);
	if (err < 0)
		return err;
	client->queue_watch.ready = queue_ready;
	err = pn_loop_watch(&client->node->loop, err, &client->queue_watch);
	if (!err)
		err = pn_leases_init(&client->leases, space->config.max_leases);
	if (!err)
		err = kvp_window_create(client->link, &window);
	if (err == -EOPNOTSUPP)
		kvp_log(KVP_ERROR, "the RDMA device has no memory windows of type 2",
			"client=%s", kvp_link_peer(client->link));
	if (!err)
		kvp_window_destroy(window);
	return err;
}

static void let_in(struct pn_client *client, const struct kvp_message *request)
{
	char host[KVP_HOST_SIZE + 1] = "";
	struct kvp_message answer;
	int err = open_file(client);

	kvp_begin_answer(&answer, request);
	if (!err)
		err = kvp_proof_make(client->space->config.key_file.secret, KVP_SERVER,
				     &client->hello, &client->challenge,
				     kvp_add(&answer));
	if (err) {
		kvp_log(KVP_ERROR, "client cannot be served", "client=%s error=%s",
			kvp_link_peer(client->link), kvp_quote(strerror(-err)));
		refuse(client, request, -err);
		return;
	}
	client->state = PN_READY;
	memcpy(host, client->hello.host, KVP_HOST_SIZE);
	kvp_log(KVP_INFO, "client ready", "client=%s host=%s space=%s",
		kvp_link_peer(client->link), kvp_quote(host),
		client->space->config.name);
	pn_client_answer(client, &answer);
}

static void prove(struct pn_client *client, const struct kvp_message *request)
{
	const char *why = client->why_not;

	if (!why && !kvp_proof_good(client->space->config.key_file.secret, KVP_CLIENT,
				    &client->hello, &client->challenge,
				    KVP_ENTRIES(request, proof)))
		why = "it does not have the key";
	if (!why) {
		let_in(client, request);
		return;
	}
	kvp_log(KVP_WARN, "client refused", "client=%s space=%s why=%s",
		kvp_link_peer(client->link), kvp_quote((char *)client->hello.space),
		kvp_quote(why));
	refuse(client, request, EACCES);
}

/* ----------------------------------------------------------------- what happens */

/* Messages in hand, and answers that it has not taken yet. */
static bool sends_too_much(const struct pn_client *client)
{
	unsigned int credits = client->node->config->credits;

	return client->nr_jobs >= credits ||
	       client->nr_jobs + kvp_link_unsent(client->link) >= 2 * credits;
}

static const char *judge_request(const struct pn_client *client,
				 const struct kvp_message *m, size_t bytes)
{
	const char *bad = kvp_judge(m, bytes);

	if (bad)
		return bad;
	if (m->head.type & KVP_ANSWER)
		return "an answer, where requests belong";
	if (sends_too_much(client))
		return "more requests than it has credits";
	if (client->state == PN_NEW && m->head.type != KVP_HELLO)
		return "HELLO was expected";
	if (client->state == PN_GREETED && m->head.type != KVP_PROVE)
		return "PROVE was expected";
	if (client->state == PN_READY &&
	    (m->head.type == KVP_HELLO || m->head.type == KVP_PROVE))
		return "it has proved itself before";
	return NULL;
}

static void message(struct kvp_link *link, void *user,
		    const struct kvp_message *m, size_t bytes)
{
	struct pn_client *client = user;
	const char *bad;

	(void)link;
	if (client->state == PN_REFUSED)
		return;
	bad = judge_request(client, m, bytes);
	if (bad) {
		pn_client_end(client, bad);
		return;
	}
	client->heard_at = kvp_now();
	client->nr_requests++;
	if (client->state == PN_NEW)
		hello(client, m);
	else if (client->state == PN_GREETED)
		prove(client, m);
	else
		pn_job_start(client, m);
}

static const char *judge_patience(const struct pn_client *client)
{
	uint64_t patience = client->node->config->patience * KVP_S;
	uint64_t now = kvp_now();
	unsigned int i;

	if (client->state == PN_REFUSED)
		return "it was refused";
	if (now - client->heard_at > patience)
		return "it is silent";
	for (i = 0; i < client->leases.max; i++) {
		const struct pn_lease *lease = &client->leases.all[i];

		if (lease->state == PN_FILL && now - lease->since > patience)
			return "it neither commits nor aborts what it fills";
	}
	return NULL;
}

static void look_after(struct kvp_timer *timer)
{
	struct pn_client *client = container_of(timer, struct pn_client, timer);
	const char *bad = judge_patience(client);

	if (bad)
		pn_client_end(client, bad);
	else
		kvp_timer_set(&client->node->loop.timers, timer, kvp_now() +
			      client->node->config->patience * KVP_S / 4);
}

static void up(struct kvp_link *link, void *user)
{
	struct pn_client *client = user;

	client->link = link;
	client->heard_at = kvp_now();
	client->timer.fire = look_after;
	look_after(&client->timer);
	kvp_log(KVP_DEBUG, "client connected", "client=%s", kvp_link_peer(link));
}

static void down(struct kvp_link *link, void *user, int err, const char *why)
{
	struct pn_client *client = user;

	(void)err;
	client->link = link;
	pn_client_end(client, why);
}

static const struct kvp_link_ops ops = {
	.up = up,
	.message = message,
	.down = down,
};

bool pn_client_incoming(void *user, const struct sockaddr *from,
			struct kvp_link_how *how)
{
	struct pn_node *node = user;
	struct pn_client *client;

	if (node->nr_clients >= node->config->max_clients) {
		kvp_log(KVP_WARN, "too many clients", "max_clients=%u",
			node->config->max_clients);
		return false;
	}
	client = calloc(1, sizeof(*client));
	if (!client)
		return false;
	client->node = node;
	memcpy(&client->from, from, from->sa_family == AF_INET6 ?
	       sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
	LIST_INIT(&client->jobs);
	LIST_INSERT_HEAD(&node->clients, client, entry);
	node->nr_clients++;
	how->ops = &ops;
	how->user = client;
	how->depth = 2 * node->config->credits;
	how->timeout_ms = CONNECT_MS;
	return true;
}
