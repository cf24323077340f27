// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks in files of a file system on the device, by io_uring, O_DIRECT: a file a
 * block, or all of them in one big file whose extents have been written before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "peer.h"
#include "ring.h"

/**
 * struct files - a run
 * @p: what is put and got
 * @big: the one file; -1: a file a block
 * @put: blocks are put
 * @fds: of the files under way, by place
 */
struct files {
	struct peers *p;
	int big;
	bool put;
	int fds[RING_MAX];
};

static int say(const char *what)
{
	fprintf(stderr, "kvtier-bench: cannot %s a file on the device: %s\n",
		what, strerror(errno));
	return -1;
}

static void path_of(struct files *f, uint32_t i, char *path, size_t len)
{
	snprintf(path, len, "%s/%08x", f->p->dir, i);
}

static int open_block(struct files *f, uint32_t i)
{
	char path[128];

	if (f->big >= 0)
		return f->big;
	path_of(f, i, path, sizeof(path));
	return open(path, O_DIRECT | O_CLOEXEC |
		    (f->put ? O_WRONLY | O_CREAT : O_RDONLY), 0600);
}

static void prepare(void *arg, struct io_uring_sqe *sqe, uint32_t at,
		    uint64_t n)
{
	struct files *f = arg;
	uint32_t i = f->p->order[n], len = (uint32_t)f->p->block;
	uint64_t pos = f->big >= 0 ? i * f->p->block : 0;

	f->fds[at] = open_block(f, i);
	if (f->put)
		io_uring_prep_write(sqe, f->fds[at], peer_from(f->p, i), len,
				    pos);
	else
		io_uring_prep_read(sqe, f->fds[at], peer_to(f->p, at), len,
				   pos);
}

static int done(void *arg, uint32_t at, int res)
{
	struct files *f = arg;

	if (f->big < 0 && f->fds[at] >= 0)
		close(f->fds[at]);
	if (res == (int)f->p->block)
		return 0;
	errno = res < 0 ? -res : EIO;
	return say(f->put ? "write" : "read");
}

static int run(struct peers *p, bool put)
{
	struct files *f = p->priv;
	struct ring ring = {
		.user = { .prepare = prepare, .done = done, .arg = f },
		.depth = PEER_DEPTH,
		.end = p->nr,
	};

	f->put = put;
	return ring_run(&ring);
}

static int put_files(struct peers *p)
{
	return run(p, true);
}

static int get_files(struct peers *p)
{
	return run(p, false);
}

static int drop_files(struct peers *p)
{
	char path[128];
	uint32_t i;

	for (i = 0; i < p->nr; i++) {
		path_of(p->priv, i, path, sizeof(path));
		if (unlink(path))
			return say("unlink");
	}
	return 0;
}

static int open_on(struct peers *p, const char *type)
{
	struct files *f = calloc(1, sizeof(*f));

	p->priv = f;
	if (!f)
		return -1;
	f->p = p;
	f->big = -1;
	return disk_mount(p->b->device, type, p->dir);
}

static int open_ext4(struct peers *p)
{
	return open_on(p, "ext4");
}

static int open_xfs(struct peers *p)
{
	return open_on(p, "xfs");
}

static int open_big(struct peers *p)
{
	struct files *f;
	char path[128];

	if (open_on(p, "ext4"))
		return -1;
	f = p->priv;
	snprintf(path, sizeof(path), "%s/blocks", p->dir);
	f->big = open(path, O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
	if (f->big < 0 || fallocate(f->big, 0, 0, (off_t)(p->nr * p->block)))
		return say("allocate");
	return put_files(p);
}

static void close_files(struct peers *p)
{
	struct files *f = p->priv;

	if (f && f->big >= 0)
		close(f->big);
	disk_unmount(p->dir);
	free(f);
}

const struct peer peer_ext4_files = {
	.name = "ext4, a file a block",
	.device = true,
	.open = open_ext4,
	.put = put_files,
	.get = get_files,
	.drop = drop_files,
	.close = close_files,
};

const struct peer peer_xfs_files = {
	.name = "xfs, a file a block",
	.device = true,
	.open = open_xfs,
	.put = put_files,
	.get = get_files,
	.drop = drop_files,
	.close = close_files,
};

const struct peer peer_ext4_big = {
	.name = "ext4, one big file",
	.device = true,
	.open = open_big,
	.put = put_files,
	.get = get_files,
	.close = close_files,
};
