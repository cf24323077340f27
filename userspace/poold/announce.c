// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "announce.h"
#include "node.h"

static void told(struct pn_watch *watch)
{
	struct pn_node *node = container_of(watch, struct pn_node, etcd_watch);
	struct kvp_etcd_news news;

	if (!kvp_etcd_take(node->etcd, &news))
		return;
	if (*news.why)
		kvp_log(KVP_WARN, "etcd cannot be told: others may not find this node",
			"why=%s", kvp_quote(news.why));
	else
		kvp_log(KVP_INFO, "announced in etcd", "prefix=%s",
			node->config->etcd.prefix);
}

/* As others are to reach it: a name of this host is looked up once. */
static int find_address(const struct pn_config *config, char at[KVP_MEMBER_NAME])
{
	struct sockaddr_storage to;
	const char *wrong = kvp_resolve(config->etcd.address, config->port, &to);

	if (!wrong && !kvp_member_at(&to, config->port, at))
		wrong = "others cannot reach a host at that";
	if (!wrong)
		return 0;
	kvp_log(KVP_ERROR, "address to announce is no good", "address=%s why=%s",
		config->etcd.address, kvp_quote(wrong));
	return -EADDRNOTAVAIL;
}

int pn_announce_start(struct pn_node *node)
{
	char at[KVP_MEMBER_NAME];
	int err;

	if (!node->config->etcd.endpoints.nr)
		return 0;
	err = find_address(node->config, at);
	if (!err)
		err = kvp_etcd_start(&node->config->etcd, at, &node->etcd);
	if (err)
		return err;
	node->etcd_watch.ready = told;
	return pn_loop_watch(&node->loop, kvp_etcd_fd(node->etcd), &node->etcd_watch);
}

void pn_announce_stop(struct pn_node *node)
{
	if (!node->etcd)
		return;
	pn_loop_unwatch(&node->loop, kvp_etcd_fd(node->etcd));
	kvp_etcd_stop(node->etcd);
	node->etcd = NULL;
}
