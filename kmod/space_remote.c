// SPDX-License-Identifier: GPL-2.0
/*
 * Which remote tier a space has.
 *
 * Who asks the tier does so inside an SRCU section, which ends when the request is
 * submitted: it does not wait for the answer. Who takes the tier away sets the
 * pointer to NULL, waits for those sections, and then lets the tier end all requests of
 * the space. So when the tier's user count goes down nobody of the space is in it
 * any more, and nobody waits for a helper.
 */
#include <linux/srcu.h>
#include <linux/string.h>

#include "drain.h"
#include "event.h"
#include "remote.h"
#include "space.h"
#include "space_remote.h"
#include "tier.h"

DEFINE_STATIC_SRCU(askers);

/**
 * kvt_space_has_helper() - would somebody answer just now?
 * @space: the space
 *
 * Context: any. A hint.
 * Return: whether it has a remote tier that has a helper.
 */
bool kvt_space_has_helper(struct kvt_space *space)
{
	const struct kvt_remote *remote;
	bool has;
	int idx;

	if (!kvt_space_has_remote(space))
		return false;
	idx = srcu_read_lock(&askers);
	remote = srcu_dereference(space->remote, &askers);
	has = remote && kvt_remote_has_helper(remote);
	srcu_read_unlock(&askers, idx);
	return has;
}

/**
 * kvt_space_ask() - submit a request to a space's remote tier
 * @space: the space, kept by an open file of it or by being its work
 * @rq: the request; its @space is set here
 *
 * Context: process, may sleep; does not wait for the helper.
 * Return: 0: @rq will end; -ENOLINK: there is no remote tier, or it has no helper;
 * -EBUSY: too many wait for it: then @rq is the caller's, and nothing is ever called.
 */
int kvt_space_ask(struct kvt_space *space, struct kvt_request *rq)
{
	struct kvt_remote *remote;
	int idx, err = -ENOLINK;

	rq->space = space;
	idx = srcu_read_lock(&askers);
	remote = srcu_dereference(space->remote, &askers);
	if (remote)
		err = kvt_remote_submit(remote, rq);
	srcu_read_unlock(&askers, idx);
	return err;
}

/* Its name, or "none", copied to @name of KVT_NAME_SIZE. Returns @name. */
const char *kvt_space_remote_name(struct kvt_space *space, char *name)
{
	const struct kvt_remote *remote;
	int idx;

	idx = srcu_read_lock(&askers);
	remote = srcu_dereference(space->remote, &askers);
	strscpy(name, remote ? kvt_remote_name(remote) : "none", KVT_NAME_SIZE);
	srcu_read_unlock(&askers, idx);
	return name;
}

static struct kvt_remote *remote_of(struct kvt_space *space)
{
	return rcu_dereference_protected(space->remote,
					 lockdep_is_held(&kvt_admin));
}

/**
 * kvt_space_leave_remote() - have no remote tier from now on
 * @space: the space
 *
 * All its requests have ended on return; what the pool has of it is not known any
 * more. Bounded: the helper is not waited for.
 *
 * Context: kvt_admin held; sleeps.
 */
void kvt_space_leave_remote(struct kvt_space *space)
{
	struct kvt_remote *remote = remote_of(space);

	if (!remote)
		return;
	rcu_assign_pointer(space->remote, NULL);
	synchronize_srcu(&askers);
	kvt_drain_stop(space);
	kvt_spill_stop(space);
	kvt_remote_disown(remote, space);
	kvt_remote_unuse(remote);
	kvt_spill_forget(space);
}

/* 0: @remote is the tier of that name, NULL for "none". */
static int find_remote(const char *name, struct kvt_remote **remote)
{
	*remote = NULL;
	if (!strcmp(name, "none"))
		return 0;
	if (!kvt_tier_find(name))
		return -ENOENT;
	*remote = kvt_remote_find(name);
	return *remote ? 0 : -EINVAL;
}

/**
 * kvt_space_set_remote() - give a space another remote tier, or none
 * @space: the space
 * @name: of the tier, or "none"
 *
 * Context: kvt_admin held; sleeps, but for no helper.
 * Return: 0; -ENOENT: no such tier; -EINVAL: it is no remote tier. Then nothing
 * has changed.
 */
int kvt_space_set_remote(struct kvt_space *space, const char *name)
{
	struct kvt_remote *remote;
	int err = find_remote(name, &remote);

	if (err || remote == remote_of(space))
		return err;
	kvt_space_leave_remote(space);
	if (remote) {
		kvt_remote_use(remote);
		rcu_assign_pointer(space->remote, remote);
	}
	kvt_event_space_remote(space, remote ? name : "");
	return 0;
}
