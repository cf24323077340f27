// SPDX-License-Identifier: GPL-2.0
/*
 * Remote tiers, and the life of requests to a helper.
 *
 * A request waits in a queue until the helper has a tag armed, is written into that
 * tag's descriptor, and is answered. It ends by the answer, by its deadline, when
 * the helper goes, or when its space does, whichever comes first. A request that ended
 * by its deadline while the helper had it keeps its tag until it is answered: so long
 * the frames it names may be written to.
 *
 * All is decided under remote->lock, also what is copied from and to descriptors: so much
 * at most as the trailers of a batch. Who submitted a request is called by the request's own
 * work, with no lock held: first @ended, then @released. The work is queued when
 * @due becomes other than 0 and takes all that is due, so it is never queued again
 * behind the call that frees the request.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait_bit.h>

#include "compat.h"
#include "event.h"
#include "remote.h"
#include "space.h"
#include "sysfs.h"

#define MAX_QUEUED 256	/* requests of one lane */

enum { DUE_ENDED = 1, DUE_RELEASED = 2 };

/* KVT_RQ_LATE: its deadline is over, the helper has it. */
enum { KVT_RQ_QUEUED, KVT_RQ_OUT, KVT_RQ_LATE };

/* ------------------------------------------------------------------- the owner */

static void call_owner(struct work_struct *work)
{
	struct kvt_request *rq = container_of(work, struct kvt_request, work);
	struct kvt_remote *remote = rq->remote;
	struct kvt_space *space = rq->space;
	u8 due;

	spin_lock(&remote->lock);
	due = rq->due;
	rq->due = 0;
	spin_unlock(&remote->lock);
	if (due & DUE_ENDED)
		rq->ops->ended(rq, rq->err);
	if (!(due & DUE_RELEASED))
		return;
	rq->ops->released(rq, rq->answered);
	/* The last touch of @space: see kvt_remote_disown(). */
	if (atomic_dec_and_test(&space->nr_requests))
		wake_up_var(&space->nr_requests);
}

static void set_due(struct kvt_request *rq, u8 what)
{
	lockdep_assert_held(&rq->remote->lock);
	if (!rq->due)
		queue_work(rq->remote->wq, &rq->work);
	rq->due |= what;
}

static void end_request(struct kvt_request *rq, int err)
{
	rq->err = err;
	rq->remote->timeouts += err == -ETIMEDOUT;
	rq->remote->helper_lost += err == -ENOLINK;
	set_due(rq, DUE_ENDED);
}

static void release_request(struct kvt_request *rq, bool answered)
{
	rq->answered = answered;
	rq->remote->in_flight--;
	set_due(rq, DUE_RELEASED);
}

/* -------------------------------------------------------------- queue and tags */

static enum kvt_remote_lane lane_of(const struct kvt_request *rq)
{
	if (rq->op == KVT_REMOTE_SPILL || rq->op == KVT_REMOTE_DROP)
		return KVT_LANE_TOLD;
	return rq->wait_ns ? KVT_LANE_EXPECTED : KVT_LANE_ASKED;
}

static void unqueue(struct kvt_request *rq)
{
	list_del(&rq->link);
	rq->remote->nr_queued[lane_of(rq)]--;
}

/* A request that the helper has not seen ends. */
static void end_queued(struct kvt_request *rq, int err)
{
	unqueue(rq);
	end_request(rq, err);
	release_request(rq, true);
}

/* The helper has what nobody waits for any more, and may not be done with it. */
static void take_back(struct kvt_tag *t, int err)
{
	struct kvt_request *rq = t->rq;

	t->rq = NULL;
	if (rq->state == KVT_RQ_OUT)
		end_request(rq, err);
	release_request(rq, false);
}

static void free_tag(struct kvt_helper *helper, struct kvt_tag *t)
{
	t->id = 0;
	helper->nr_out[t->lane]--;
}

static struct kvt_remote_desc *desc_of(struct kvt_helper *helper, u32 tag)
{
	return helper->memory + (size_t)tag * KVT_REMOTE_STRIDE;
}

static void *trailers_of(struct kvt_remote_desc *d)
{
	return (void *)d + KVT_REMOTE_TRAILERS;
}

static void write_desc(struct kvt_remote_desc *d, const struct kvt_request *rq)
{
	const struct kvt_space *space = rq->space;

	d->id = rq->id;
	d->deadline_ns = rq->deadline;
	d->wait_ns = rq->wait_ns;
	d->op = rq->op;
	d->nr = rq->nr;
	d->flags = rq->flags;
	d->block_size = space->block_size;
	d->trailer_size = rq->trailer_size;
	d->pad = 0;
	strscpy_pad((char *)d->space, dev_name(&space->dev), KVT_NAME_SIZE);
	memcpy(d->identity, space->identity, KVT_IDENTITY_SIZE);
	memcpy(d->blocks, rq->blocks, rq->nr * sizeof(rq->blocks[0]));
	if (rq->op == KVT_REMOTE_SPILL)
		memcpy(trailers_of(d), rq->trailers, rq->nr * rq->trailer_size);
}

static bool has_share(struct kvt_helper *helper, enum kvt_remote_lane lane)
{
	return lane == KVT_LANE_ASKED ||
	       helper->nr_out[lane] < max(1U, helper->depth / 3);
}

static struct kvt_request *next_request(struct kvt_helper *helper)
{
	struct list_head *queue = helper->remote->queue;
	enum kvt_remote_lane lane;

	for (lane = 0; lane < KVT_NR_LANES; lane++)
		if (!list_empty(&queue[lane]) && has_share(helper, lane))
			return list_first_entry(&queue[lane],
						struct kvt_request, link);
	return NULL;
}

static struct kvt_tag *next_tag(struct kvt_helper *helper)
{
	struct kvt_tag *t;

	for (t = helper->tags; t < helper->tags + helper->depth; t++)
		if (t->io)
			return t;
	return NULL;
}

static void hand_out(struct kvt_helper *helper, struct kvt_tag *t,
		     struct kvt_request *rq)
{
	struct io_uring_cmd *io = t->io;

	unqueue(rq);
	rq->state = KVT_RQ_OUT;
	t->io = NULL;
	t->id = rq->id;
	t->rq = rq;
	t->lane = lane_of(rq);
	helper->nr_out[t->lane]++;
	write_desc(desc_of(helper, t - helper->tags), rq);
	kvt_helper_tell(io, rq->id);
}

static void dispatch(struct kvt_helper *helper)
{
	struct kvt_request *rq;
	struct kvt_tag *t;

	lockdep_assert_held(&helper->remote->lock);
	while ((t = next_tag(helper)) && (rq = next_request(helper)))
		hand_out(helper, t, rq);
}

/* -------------------------------------------------------------------- deadlines */

static void expire_at(struct kvt_remote *remote, u64 when)
{
	u64 now = ktime_get_ns(), delay = when > now ? when - now : 0;

	remote->wake_at = when;
	/* It looks again when it comes early. */
	delay = min(delay, KVT_MAX_TIMEOUT_NS);
	mod_delayed_work(remote->wq, &remote->expire,
			 delay ? nsecs_to_jiffies(delay) + 1 : 0);
}

/* Is its time over? If not @next is not after it. */
static bool is_over(const struct kvt_request *rq, u64 now, u64 *next)
{
	if (rq->deadline <= now)
		return true;
	*next = min(*next, rq->deadline);
	return false;
}

static void expire_queue(struct list_head *queue, u64 now, u64 *next)
{
	struct kvt_request *rq, *tmp;

	list_for_each_entry_safe(rq, tmp, queue, link)
		if (is_over(rq, now, next))
			end_queued(rq, -ETIMEDOUT);
}

static void expire_tags(struct kvt_helper *helper, u64 now, u64 *next)
{
	struct kvt_request *rq;
	u32 i;

	for (i = 0; i < helper->depth; i++) {
		rq = helper->tags[i].rq;
		if (!rq || rq->state == KVT_RQ_LATE || !is_over(rq, now, next))
			continue;
		rq->state = KVT_RQ_LATE;
		end_request(rq, -ETIMEDOUT);
	}
}

static void expire_work(struct work_struct *work)
{
	struct kvt_remote *remote = container_of(to_delayed_work(work),
						 struct kvt_remote, expire);
	u64 now = ktime_get_ns(), next = U64_MAX;
	enum kvt_remote_lane lane;

	spin_lock(&remote->lock);
	for (lane = 0; lane < KVT_NR_LANES; lane++)
		expire_queue(&remote->queue[lane], now, &next);
	if (remote->helper)
		expire_tags(remote->helper, now, &next);
	remote->wake_at = next;
	if (next != U64_MAX)
		expire_at(remote, next);
	spin_unlock(&remote->lock);
}

/* ----------------------------------------------------------------------- requests */

/**
 * kvt_remote_submit() - ask the helper
 * @remote: the tier
 * @rq: the owner's fields are set
 *
 * Context: may sleep, no spinlock held.
 * Return: 0: @rq->ops are called, each once. -ENOLINK: there is no helper; -EBUSY: too
 * many requests wait for it: then nothing is ever called.
 */
int kvt_remote_submit(struct kvt_remote *remote, struct kvt_request *rq)
{
	enum kvt_remote_lane lane = lane_of(rq);
	int err = 0;

	rq->remote = remote;
	rq->state = KVT_RQ_QUEUED;
	rq->due = 0;
	INIT_WORK(&rq->work, call_owner);

	spin_lock(&remote->lock);
	if (!remote->helper)
		err = -ENOLINK;
	else if (remote->nr_queued[lane] == MAX_QUEUED)
		err = -EBUSY;
	if (err)
		goto unlock;
	rq->id = ++remote->last_id;
	remote->requests++;
	remote->in_flight++;
	remote->nr_queued[lane]++;
	atomic_inc(&rq->space->nr_requests);
	list_add_tail(&rq->link, &remote->queue[lane]);
	if (rq->deadline < remote->wake_at)
		expire_at(remote, rq->deadline);
	dispatch(remote->helper);
unlock:
	spin_unlock(&remote->lock);
	return err;
}

static void disown_queue(struct list_head *queue, const struct kvt_space *space)
{
	struct kvt_request *rq, *tmp;

	list_for_each_entry_safe(rq, tmp, queue, link)
		if (rq->space == space)
			end_queued(rq, -ECANCELED);
}

static void disown_tags(struct kvt_helper *helper, const struct kvt_space *space)
{
	struct kvt_tag *t;

	for (t = helper->tags; t < helper->tags + helper->depth; t++)
		if (t->rq && t->rq->space == space)
			take_back(t, -ECANCELED);
}

/**
 * kvt_remote_disown() - end all requests of a space
 * @remote: the tier
 * @space: the space; it submits no more
 *
 * Their tags stay the helper's until it answers.
 *
 * Context: may sleep. Waits for owners' @ended and @released, not for the helper.
 */
void kvt_remote_disown(struct kvt_remote *remote, struct kvt_space *space)
{
	enum kvt_remote_lane lane;

	spin_lock(&remote->lock);
	for (lane = 0; lane < KVT_NR_LANES; lane++)
		disown_queue(&remote->queue[lane], space);
	if (remote->helper)
		disown_tags(remote->helper, space);
	spin_unlock(&remote->lock);
	wait_var_event(&space->nr_requests, !atomic_read(&space->nr_requests));
}

/* ----------------------------------------------------------------------- the helper */

/* @t is the tag of @io, which waits for a request. */
static void arm(struct kvt_helper *helper, struct kvt_tag *t,
		struct io_uring_cmd *io, unsigned int issue_flags)
{
	/* The ring's lock is held, so it is not cancelled before it is armed. */
	io_uring_cmd_mark_cancelable(io, issue_flags);
	t->io = io;
	dispatch(helper);
}

/* KVT_URING_FETCH_REQ. Returns 0: it completes when there is a request; or -errno. */
int kvt_remote_arm(struct kvt_helper *helper, u32 tag, struct io_uring_cmd *io,
		   unsigned int issue_flags)
{
	struct kvt_remote *remote = helper->remote;
	struct kvt_tag *t = &helper->tags[tag];
	int err = -EBUSY;

	spin_lock(&remote->lock);
	if (!t->io && !t->id) {
		arm(helper, t, io, issue_flags);
		err = 0;
	}
	spin_unlock(&remote->lock);
	return err;
}

static bool is_status(s32 status)
{
	return status <= 0 && status >= -MAX_ERRNO;
}

/*
 * Others may be writing to @d: nothing is read twice. Returns 0; or -EINVAL, and
 * @rq is as it was.
 */
static int read_answer(struct kvt_remote_desc *d, struct kvt_request *rq)
{
	s32 status[KVT_REMOTE_BATCH];
	u32 i;

	for (i = 0; i < rq->nr; i++) {
		status[i] = READ_ONCE(d->blocks[i].status);
		if (!is_status(status[i]))
			return -EINVAL;
	}
	for (i = 0; i < rq->nr; i++)
		rq->blocks[i].status = status[i];
	if (rq->op == KVT_REMOTE_FETCH)
		memcpy(rq->trailers, trailers_of(d), rq->nr * rq->trailer_size);
	return 0;
}

/* Returns 0: the tag is free; or -errno: it has still the same request. */
static int take_answer(struct kvt_helper *helper, u32 tag, u64 id)
{
	struct kvt_tag *t = &helper->tags[tag];
	struct kvt_request *rq = t->rq;

	if (!id || t->id != id)
		return -ESTALE;
	if (rq && rq->state == KVT_RQ_OUT) {
		if (read_answer(desc_of(helper, tag), rq))
			return -EINVAL;
		end_request(rq, 0);
	}
	if (rq)
		release_request(rq, true);
	t->rq = NULL;
	free_tag(helper, t);
	return 0;
}

/* KVT_URING_COMMIT_REQ. Returns 0: it completes at the next request; or -errno. */
int kvt_remote_answer(struct kvt_helper *helper, u32 tag, u64 id,
		      struct io_uring_cmd *io, unsigned int issue_flags)
{
	struct kvt_remote *remote = helper->remote;
	int err;

	spin_lock(&remote->lock);
	err = take_answer(helper, tag, id);
	if (!err)
		arm(helper, &helper->tags[tag], io, issue_flags);
	spin_unlock(&remote->lock);
	return err;
}

/* Cancel. Returns whether it had no request yet: then it gets none. */
bool kvt_remote_disarm(struct kvt_helper *helper, u32 tag,
		       struct io_uring_cmd *io)
{
	struct kvt_remote *remote = helper->remote;
	struct kvt_tag *t = &helper->tags[tag];
	bool armed;

	spin_lock(&remote->lock);
	armed = t->io == io;
	if (armed)
		t->io = NULL;
	spin_unlock(&remote->lock);
	return armed;
}

/* Nobody is left who could be told of request @id. */
void kvt_remote_return(struct kvt_helper *helper, u32 tag, u64 id)
{
	struct kvt_remote *remote = helper->remote;
	struct kvt_tag *t = &helper->tags[tag];

	spin_lock(&remote->lock);
	if (t->id == id) {
		if (t->rq)
			take_back(t, -ENOLINK);
		free_tag(helper, t);
		dispatch(helper);
	}
	spin_unlock(&remote->lock);
}

static int set_helper(struct kvt_remote *remote, struct kvt_helper *helper)
{
	int err = -EBUSY;

	mutex_lock(&remote->change);
	spin_lock(&remote->lock);
	if (!remote->helper) {
		helper->remote = remote;
		WRITE_ONCE(remote->helper, helper);
		err = 0;
	}
	spin_unlock(&remote->lock);
	if (!err)
		kvt_event_helper(&remote->tier, true);
	mutex_unlock(&remote->change);
	return err;
}

/**
 * kvt_remote_attach() - a helper comes
 * @helper: it
 * @name: of the tier
 *
 * Return: 0, or what struct kvt_remote_attach documents.
 */
int kvt_remote_attach(struct kvt_helper *helper, const char *name)
{
	struct kvt_remote *remote;
	int err = -EINVAL;

	/* So that the tier is not removed meanwhile. */
	if (mutex_lock_killable(&kvt_admin))
		return -EINTR;
	remote = kvt_remote_find(name);
	if (remote)
		err = set_helper(remote, helper);
	else if (!kvt_tier_find(name))
		err = -ENOENT;
	mutex_unlock(&kvt_admin);
	return err;
}

static void forget_helper(struct kvt_remote *remote)
{
	struct kvt_helper *helper = remote->helper;
	struct kvt_request *rq, *tmp;
	enum kvt_remote_lane lane;
	struct kvt_tag *t;

	WRITE_ONCE(remote->helper, NULL);
	for (t = helper->tags; t < helper->tags + helper->depth; t++)
		if (t->rq)
			take_back(t, -ENOLINK);
	for (lane = 0; lane < KVT_NR_LANES; lane++)
		list_for_each_entry_safe(rq, tmp, &remote->queue[lane], link)
			end_queued(rq, -ENOLINK);
}

/* A helper goes: no command of its is under way, and all its requests end. */
void kvt_remote_detach(struct kvt_helper *helper)
{
	struct kvt_remote *remote = helper->remote;

	mutex_lock(&remote->change);
	spin_lock(&remote->lock);
	forget_helper(remote);
	spin_unlock(&remote->lock);
	kvt_event_helper(&remote->tier, false);
	mutex_unlock(&remote->change);
}

/* --------------------------------------------------------------------------- the tier */

struct kvt_remote *kvt_remote_find(const char *name)
{
	struct kvt_tier *tier = kvt_tier_find(name);

	if (!tier || tier->kind != KVT_TIER_REMOTE)
		return NULL;
	return to_kvt_remote(tier);
}

void kvt_remote_use(struct kvt_remote *remote)
{
	lockdep_assert_held(&kvt_admin);
	remote->tier.users++;
}

void kvt_remote_unuse(struct kvt_remote *remote)
{
	lockdep_assert_held(&kvt_admin);
	remote->tier.users--;
}

static int remove_remote(struct kvt_tier *tier)
{
	/* One comes by kvt_admin only. */
	return tier->users || kvt_remote_has_helper(to_kvt_remote(tier)) ?
	       -EBUSY : 0;
}

/* No space uses it, so there are no requests. */
static void destroy_remote(struct kvt_tier *tier)
{
	struct kvt_remote *remote = to_kvt_remote(tier);

	cancel_delayed_work_sync(&remote->expire);
	/* Who was the last to be released may still be on its way out. */
	destroy_workqueue(remote->wq);
	put_device(&tier->dev);
}

static void free_remote(struct device *dev)
{
	kfree(to_kvt_remote(to_kvt_tier(dev)));
}

static const struct device_type remote_type = {
	.name = "remote",
	.groups = kvt_remote_groups,
	.release = free_remote,
};

static const struct kvt_tier_ops remote_ops = {
	.type = &remote_type,
	.remove = remove_remote,
	.destroy = destroy_remote,
};

static struct kvt_remote *alloc_remote(const struct kvt_remote_add *arg)
{
	struct kvt_remote *remote = kzalloc(sizeof(*remote), GFP_KERNEL);
	enum kvt_remote_lane lane;

	if (!remote)
		return NULL;
	mutex_init(&remote->change);
	spin_lock_init(&remote->lock);
	for (lane = 0; lane < KVT_NR_LANES; lane++)
		INIT_LIST_HEAD(&remote->queue[lane]);
	INIT_DELAYED_WORK(&remote->expire, expire_work);
	remote->wake_at = U64_MAX;
	if (kvt_tier_setup(&remote->tier, &remote_ops, arg->name))
		goto put;
	remote->tier.kind = KVT_TIER_REMOTE;
	remote->wq = alloc_workqueue("kvt-%.26s", WQ_UNBOUND | WQ_MEM_RECLAIM, 0,
				     (const char *)arg->name);
	if (remote->wq)
		return remote;
put:
	put_device(&remote->tier.dev);
	return NULL;
}

/**
 * kvt_remote_add() - make a remote tier
 * @arg: checked by the caller but for the name's uniqueness
 *
 * Context: process; takes kvt_admin.
 * Return: 0 or what struct kvt_remote_add documents.
 */
int kvt_remote_add(const struct kvt_remote_add *arg)
{
	struct kvt_remote *remote = alloc_remote(arg);
	int err;

	if (!remote)
		return -ENOMEM;
	err = kvt_tier_publish(&remote->tier);
	if (err)
		destroy_remote(&remote->tier);
	return err;
}
