// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "daemon.h"
#include "metrics.h"
#include "tags.h"

static void commit(struct kvd_tag *t)
{
	struct kvd *d = t->d;

	t->is_busy = false;
	d->nr_busy--;
	kvd_channel_commit(&d->channel, &d->loop, t->tag, t->id, &t->event);
	if (!d->is_stopping || d->nr_busy)
		return;
	io_uring_submit(&d->loop.ring);
	d->loop.ended = true;
}

static void done(struct kvd_request *rq)
{
	struct kvd_tag *t = container_of(rq, struct kvd_tag, rq);
	struct kvd_space *space = t->space;

	kvd_metrics_count(t->d, rq);
	if (!rq->desc->wait_ns)
		kvd_space_took(space, kvp_now() - rq->began_at);
	t->space = NULL;
	commit(t);
	kvd_space_put(t->d, space);
}

/* Nothing was done: all blocks are as if they were not on the pool. */
static void refuse(struct kvd_tag *t, struct kvt_remote_desc *desc, int err)
{
	unsigned int i;

	for (i = 0; i < desc->nr && i < KVT_REMOTE_BATCH; i++)
		desc->blocks[i].status = err;
	commit(t);
}

static bool has_bytes(const struct kvt_remote_desc *desc)
{
	return desc->op == KVT_REMOTE_FETCH || desc->op == KVT_REMOTE_SPILL;
}

static int find_frames(struct kvd_tag *t, struct kvt_remote_desc *desc)
{
	unsigned int i;

	t->rq.trailers = (uint8_t *)desc + KVT_REMOTE_TRAILERS;
	if (desc->nr > KVT_REMOTE_BATCH || desc->trailer_size > KVT_REMOTE_MAX_TRAILER)
		return -EINVAL;
	for (i = 0; i < desc->nr; i++) {
		t->rq.frames[i] = kvd_space_frame(t->space, desc->blocks[i].offset);
		if (!t->rq.frames[i])
			return -EFAULT;
	}
	return 0;
}

static void start(struct kvd_tag *t)
{
	struct kvt_remote_desc *desc = kvd_channel_desc(&t->d->channel, t->tag);
	struct kvd_space *s = kvd_space_get(t->d, desc);
	int err = s ? 0 : -ENODEV;

	memset(&t->rq, 0, sizeof(t->rq));
	t->id = desc->id;
	t->space = s;
	if (!err && !s->view)
		err = -ENOLINK;
	if (!err && has_bytes(desc))
		err = find_frames(t, desc);
	if (err) {
		t->space = NULL;
		refuse(t, desc, err);
		if (s)
			kvd_space_put(t->d, s);
		return;
	}
	t->rq.desc = desc;
	t->rq.view = s->view;
	t->rq.timers = &t->d->loop.timers;
	t->rq.done = done;
	kvd_request_start(&t->rq);
}

/* While it stops, requests are left alone: they end with the channel. */
static void requested(struct kvd_event *event, int res)
{
	struct kvd_tag *t = container_of(event, struct kvd_tag, event);
	struct kvd *d = t->d;

	if (d->is_stopping || res == -ECANCELED)
		return;
	if (res) {
		kvp_log(KVP_ERROR, "the kernel refuses an answer", "tag=%u why=%s", t->tag,
			kvp_quote(strerror(-res)));
		d->code = KVP_FAILED;
		d->loop.ended = true;
		return;
	}
	t->is_busy = true;
	d->nr_busy++;
	start(t);
}

int kvd_tags_create(struct kvd *d)
{
	unsigned int i;

	d->tags = calloc(d->config->depth, sizeof(*d->tags));
	if (!d->tags)
		return -ENOMEM;
	for (i = 0; i < d->config->depth; i++) {
		d->tags[i].d = d;
		d->tags[i].tag = i;
		d->tags[i].event.fd = -1;
		d->tags[i].event.happened = requested;
	}
	return 0;
}

void kvd_tags_arm(struct kvd *d)
{
	unsigned int i;

	for (i = 0; i < d->config->depth; i++)
		kvd_channel_arm(&d->channel, &d->loop, i, &d->tags[i].event);
}

void kvd_tags_end(struct kvd *d)
{
	unsigned int i;

	d->is_stopping = true;
	for (i = 0; i < d->config->depth; i++)
		while (d->tags[i].is_busy)
			kvd_request_abandon(&d->tags[i].rq);
	free(d->tags);
	d->tags = NULL;
}
