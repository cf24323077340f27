// SPDX-License-Identifier: GPL-2.0
/* The helper of a remote tier, which answers what it likes, when it likes, or not. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls.h"

static void map_channel(struct thread *t, int fd, const struct kvt_remote_attach *a)
{
	struct channel *c = malloc(sizeof(*c));

	if (a->map_bytes > 64 * CHUNK || !c)
		return;
	c->stride = a->stride;
	c->depth = a->depth;
	c->desc = mmap(NULL, a->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (c->desc != MAP_FAILED)
		atomic_store(&t->p->channel, c);
}

static bool arm(struct thread *t, int fd, uint32_t tag)
{
	struct kvt_uring_remote r = { .tag = tag };
	struct io_uring_sqe *sqe = ring_entry(t, fd, KVT_URING_FETCH_REQ, &r);

	if (sqe)
		sqe->user_data = tag;
	return sqe;
}

bool step_helper(struct thread *t)
{
	struct kvt_remote_attach a = { .size = sizeof(a), .depth = 1 + draw_below(t, 8) };
	struct file *f = draw_file(t, CONTROL_FILE);
	uint32_t tag;
	int fd;

	if (!f)
		return draw_keep_file(t, open("/dev/kvtier-control", O_RDWR | O_CLOEXEC),
				      CONTROL_FILE);
	draw_name(t, a.name, tier_names, ARRAY_SIZE(tier_names));
	if (!draw_chance(t, 4))
		strcpy((char *)a.name, NAME "pool");
	draw_spoil(t, &a, sizeof(a), 16);
	fd = ioctl(atomic_load(&f->fd), KVT_IOC_REMOTE_ATTACH, &a);
	if (fd < 0)
		return false;
	map_channel(t, fd, &a);
	for (tag = 0; tag < a.depth && arm(t, fd, tag); tag++)
		;
	if (t->has_ring)
		io_uring_submit(&t->ring);
	return draw_keep_file(t, fd, HELPER_FILE);
}

/* Its own words back, and now and then others. */
static uint64_t answer(struct thread *t, struct kvt_remote_desc *d, uint32_t stride)
{
	static const int32_t statuses[] = { 0, 0, -ENOENT, -EIO, -ENOSPC, 1, -5000, 0 };
	uint32_t nr = d->nr, i;

	for (i = 0; i < nr && i < KVT_REMOTE_BATCH; i++)
		d->blocks[i].status = statuses[draw_below(t, draw_chance(t, 16) ?
						       ARRAY_SIZE(statuses) : 5)];
	if (draw_chance(t, 4))
		memset((char *)d + KVT_REMOTE_TRAILERS, draw_below(t, 256),
		       draw_below(t, stride - KVT_REMOTE_TRAILERS));
	draw_spoil(t, d, sizeof(*d), 16);
	return d->id;
}

static struct kvt_remote_desc *desc_of(const struct channel *c, uint32_t tag)
{
	return (void *)(c->desc + tag * (size_t)c->stride);
}

/* A tag with a request that was not answered yet; any if there is none. */
static uint32_t find_request(struct thread *t, const struct channel *c)
{
	static __thread uint64_t answered[KVT_REMOTE_MAX_DEPTH];
	uint32_t tag;

	for (tag = 0; tag < c->depth; tag++) {
		const struct kvt_remote_desc *d = desc_of(c, tag);

		if (d->id == answered[tag])
			continue;
		answered[tag] = d->id;
		return tag;
	}
	return draw_below(t, c->depth);
}

bool step_answer(struct thread *t)
{
	struct channel *c = atomic_load(&t->p->channel);
	struct file *f = draw_file(t, HELPER_FILE);
	struct kvt_uring_remote r = {};
	struct io_uring_sqe *sqe;
	bool commit = !draw_chance(t, 8);

	if (!f || !c)
		return false;
	r.tag = find_request(t, c);
	if (commit)
		r.id = answer(t, desc_of(c, r.tag), c->stride);
	draw_spoil(t, &r, sizeof(r), 16);
	sqe = ring_entry(t, atomic_load(&f->fd),
			 commit ? KVT_URING_COMMIT_REQ : KVT_URING_FETCH_REQ, &r);
	if (!sqe)
		return step_reap(t);
	sqe->user_data = r.tag;
	if (draw_chance(t, 16))
		sqe->flags |= IOSQE_ASYNC;
	return io_uring_submit(&t->ring) > 0;
}
