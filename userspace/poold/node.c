// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "announce.h"
#include "client.h"
#include "notify.h"
#include "say.h"

struct pn_space *pn_node_space(struct pn_node *node, const char *name)
{
	struct pn_space *space;

	LIST_FOREACH(space, &node->spaces, entry)
		if (!strcmp(space->config.name, name))
			return space;
	return NULL;
}

/* ----------------------------------------------------------------------- spaces */

static void end_clients(struct pn_node *node, const struct pn_space *space,
			const char *why)
{
	struct pn_client *client, *next;

	for (client = LIST_FIRST(&node->clients); client; client = next) {
		next = LIST_NEXT(client, entry);
		/* one without a link has not come to be yet */
		if (client->link && (!space || client->space == space))
			pn_client_end(client, why);
	}
}

static void remove_space(struct pn_node *node, struct pn_space *space)
{
	end_clients(node, space, "the space is served no more, or otherwise");
	LIST_REMOVE(space, entry);
	pn_space_destroy(space);
}

/* One that cannot be opened now is tried again when a client wants it. */
static int add_space(struct pn_node *node, const struct pn_space_config *config)
{
	struct pn_space *space = pn_space_create(config, node->rdma);

	if (!space)
		return -ENOMEM;
	LIST_INSERT_HEAD(&node->spaces, space, entry);
	pn_space_open(space, node->config->patience);
	return 0;
}

static bool is_same(const struct pn_space_config *a, const struct pn_space_config *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* What is as it was goes on; clients of all else have to come again. */
static int set_spaces(struct pn_node *node)
{
	struct pn_space *space, *next;
	unsigned int i;
	int err = 0;

	for (space = LIST_FIRST(&node->spaces); space; space = next) {
		const struct pn_space_config *now =
			pn_config_space(node->config, space->config.name);

		next = LIST_NEXT(space, entry);
		if (!now || !is_same(now, &space->config))
			remove_space(node, space);
	}
	for (i = 0; i < node->config->nr_spaces && !err; i++)
		if (!pn_node_space(node, node->config->spaces[i].name))
			err = add_space(node, &node->config->spaces[i]);
	return err;
}

/* ---------------------------------------------------------------------- signals */

static void reload(struct pn_node *node)
{
	char wrong[KVP_WRONG];
	struct pn_config *config;

	kvp_notify_reloading();
	config = pn_config_read(node->config_path, wrong);
	if (!config) {
		kvp_log(KVP_ERROR, "configuration not changed", "why=%s",
			kvp_quote(wrong));
		kvp_notify("READY=1");
		return;
	}
	if (strcmp(config->listen, node->config->listen) ||
	    config->port != node->config->port ||
	    config->credits != node->config->credits ||
	    memcmp(&config->etcd, &node->config->etcd, sizeof(config->etcd)))
		kvp_log(KVP_WARN, "listen, port, credits and [etcd] change with a restart only",
			"%s", "");
	memcpy(config->listen, node->config->listen, sizeof(config->listen));
	config->port = node->config->port;
	config->credits = node->config->credits;
	config->etcd = node->config->etcd;
	pn_config_free(node->config);
	node->config = config;
	kvp_log_level(config->log);
	if (set_spaces(node))
		kvp_log(KVP_ERROR, "no memory for a space", "%s", "");
	kvp_log(KVP_INFO, "configuration read", "spaces=%u", config->nr_spaces);
	kvp_notify("READY=1");
}

static void signal_ready(struct pn_watch *watch)
{
	struct pn_node *node = container_of(watch, struct pn_node, signals_watch);
	int signo = kvp_signals_next(node->signals);

	if (signo == SIGHUP)
		reload(node);
	else if (signo)
		node->loop.ended = true;
}

static int watch_signals(struct pn_node *node)
{
	node->signals = kvp_signals_open();
	if (node->signals < 0)
		return node->signals;
	node->signals_watch.ready = signal_ready;
	return pn_loop_watch(&node->loop, node->signals, &node->signals_watch);
}

/* ------------------------------------------------------------ beginning and end */

static void rdma_ready(struct pn_watch *watch)
{
	kvp_rdma_run(container_of(watch, struct pn_node, rdma_watch)->rdma);
}

static int start_rdma(struct pn_node *node)
{
	int err = kvp_rdma_create(&node->rdma);

	if (err) {
		kvp_say_rdma("no RDMA", "rdma_cm", err);
		return err;
	}
	node->rdma_watch.ready = rdma_ready;
	return pn_loop_watch(&node->loop, kvp_rdma_fd(node->rdma),
			     &node->rdma_watch);
}

/* The device cannot go before this process has: who starts it anew finds another. */
static void listener_lost(void *user)
{
	struct pn_node *node = user;

	kvp_log(KVP_ERROR, "the RDMA device has been taken away", "listen=%s",
		node->config->listen);
	node->failed = true;
	node->loop.ended = true;
}

static int start_listening(struct pn_node *node)
{
	const char *listen = *node->config->listen ? node->config->listen : NULL;
	struct sockaddr_storage at;
	const char *wrong = kvp_resolve(listen, node->config->port, &at);
	int err;

	if (wrong) {
		kvp_log(KVP_ERROR, "address to listen on cannot be found",
			"listen=%s why=%s", listen ? listen : "any",
			kvp_quote(wrong));
		return -EADDRNOTAVAIL;
	}
	err = kvp_listen(node->rdma, (struct sockaddr *)&at, pn_client_incoming,
			 listener_lost, node, &node->listener);
	if (err)
		kvp_say_rdma("cannot listen", listen ? listen : "any", err);
	return err;
}

static int start(struct pn_node *node)
{
	int err = pn_loop_init(&node->loop);

	if (!err)
		err = watch_signals(node);
	if (!err)
		err = start_rdma(node);
	if (!err && set_spaces(node))
		err = -ENOMEM;
	if (!err)
		err = start_listening(node);
	if (!err)
		err = pn_announce_start(node);
	if (err)
		kvp_log(KVP_ERROR, "not started", "error=%s",
			kvp_quote(strerror(-err)));
	return kvp_exit_code(err);
}

int pn_node_start(struct pn_node *node, const char *config_path)
{
	char wrong[KVP_WRONG];

	*node = (struct pn_node){ .config_path = config_path, .signals = -1,
				  .loop.epoll = -1 };
	LIST_INIT(&node->spaces);
	LIST_INIT(&node->clients);
	node->config = pn_config_read(config_path, wrong);
	if (!node->config) {
		kvp_log(KVP_ERROR, "configuration is no good", "why=%s",
			kvp_quote(wrong));
		return KVP_BAD_CONFIG;
	}
	kvp_log_level(node->config->log);
	kvp_process_begin();
	return start(node);
}

void pn_node_stop(struct pn_node *node)
{
	pn_announce_stop(node);
	kvp_listener_destroy(node->listener);
	end_clients(node, NULL, "this pool node stops");
	while (!LIST_EMPTY(&node->spaces))
		remove_space(node, LIST_FIRST(&node->spaces));
	kvp_rdma_destroy(node->rdma);
	while (!LIST_EMPTY(&node->clients))
		pn_client_end(LIST_FIRST(&node->clients), "this pool node stops");
	if (node->signals >= 0)
		close(node->signals);
	pn_loop_exit(&node->loop);
	pn_config_free(node->config);
}
