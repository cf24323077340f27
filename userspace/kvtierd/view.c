// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "view.h"

/*
 * A member whose address is not known keeps its share: else this host would look for
 * blocks where others do not put them.
 */
static void describe(const struct kvd_view_of *of, const struct kvd_member_config *m,
		     struct kvd_peer_how *how)
{
	const char *wrong;

	memset(how, 0, sizeof(*how));
	strcpy(how->member, m->name);
	strcpy(how->space, of->space->pool_space);
	memcpy(how->identity, of->identity, sizeof(how->identity));
	memcpy(how->host, of->config->host, sizeof(how->host));
	memcpy(how->secret, of->space->key_file.secret, sizeof(how->secret));
	how->block_size = of->block_size;
	wrong = kvp_resolve(m->address, m->port, &how->to);
	if (!wrong)
		return;
	memset(&how->to, 0, sizeof(how->to));
	kvp_log(KVP_ERROR, "member cannot be reached: its address is no good (SIGHUP looks it up again)",
		"member=%s address=%s why=%s", m->name, m->address, kvp_quote(wrong));
}

static struct kvd_peer *find_peer(const struct kvd_view *old,
				  const struct kvd_peer_how *how)
{
	unsigned int i;

	for (i = 0; old && i < old->nr; i++)
		if (!memcmp(kvd_peer_how(old->peers[i]), how, sizeof(*how)))
			return kvd_peer_hold(old->peers[i]);
	return NULL;
}

static bool add_member(struct kvd_view *view, const struct kvd_view_of *of,
		       const struct kvd_member_config *m, const struct kvd_view *old)
{
	struct kvd_peer_how how;
	struct kvd_peer *peer;

	describe(of, m, &how);
	peer = find_peer(old, &how);
	if (!peer)
		peer = kvd_peer_create(of->rdma, of->timers, &how);
	explicit_bzero(&how.secret, sizeof(how.secret));
	if (!peer)
		return false;
	view->peers[view->nr] = peer;
	view->seeds[view->nr++] = kvp_member_seed(m->name);
	return true;
}

struct kvd_view *kvd_view_create(const struct kvd_view_of *of,
				 const struct kvd_view *old)
{
	struct kvd_view *view = calloc(1, sizeof(*view));
	unsigned int i;

	if (!view)
		return NULL;
	view->nr_holders = 1;
	view->replicas = of->space->replicas;
	view->hot_replicas = of->space->hot_replicas;
	view->hot_uses = of->space->hot_uses;
	arc4random_buf(&view->hot.seed, sizeof(view->hot.seed));
	for (i = 0; i < of->config->nr_members; i++)
		if (!add_member(view, of, &of->config->members[i], old)) {
			kvd_view_put(view);
			return NULL;
		}
	return view;
}

struct kvd_view *kvd_view_hold(struct kvd_view *view)
{
	view->nr_holders++;
	return view;
}

void kvd_view_put(struct kvd_view *view)
{
	unsigned int i;

	if (!view || --view->nr_holders)
		return;
	for (i = 0; i < view->nr; i++)
		kvd_peer_put(view->peers[i]);
	free(view);
}

unsigned int kvd_view_ready(const struct kvd_view *view)
{
	unsigned int i, nr = 0;

	for (i = 0; i < view->nr; i++)
		nr += kvd_peer_ready(view->peers[i]);
	return nr;
}
