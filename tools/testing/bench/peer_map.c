// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks in memory that files stand for: one file of the device, mapped, all of it
 * in the page cache; and a file a block in /dev/shm.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "disk.h"
#include "peer.h"

static int say(const char *what)
{
	fprintf(stderr, "kvtier-bench: cannot %s: %s\n", what,
		strerror(errno));
	return -1;
}

/* -------------------------------------------------------------- the page cache */

static char *mapped(struct peers *p, uint32_t n)
{
	return (char *)p->priv + p->order[n] * p->block;
}

static int put_map(struct peers *p)
{
	uint32_t n;

	for (n = 0; n < p->nr; n++)
		memcpy(mapped(p, n), peer_from(p, p->order[n]), p->block);
	return 0;
}

static int get_map(struct peers *p)
{
	uint32_t n;

	for (n = 0; n < p->nr; n++)
		memcpy(peer_to(p, n), mapped(p, n), p->block);
	return 0;
}

static int zero_map(struct peers *p)
{
	uint32_t n;

	for (n = 0; n < p->nr; n++)
		peer_read(p, mapped(p, n));
	return 0;
}

static int open_map(struct peers *p)
{
	uint64_t len = p->nr * p->block;
	char path[128];
	void *at;
	int fd;

	p->priv = NULL;
	if (disk_mount(p->b->device, "ext4", p->dir))
		return -1;
	snprintf(path, sizeof(path), "%s/blocks", p->dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fallocate(fd, 0, 0, (off_t)len))
		return say("allocate a file on the device");
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return say("map a file of the device");
	p->priv = at;
	return put_map(p);
}

static void close_map(struct peers *p)
{
	if (p->priv)
		munmap(p->priv, p->nr * p->block);
	disk_unmount(p->dir);
}

const struct peer peer_map = {
	.name = "ext4, mmap, in the page cache",
	.device = true,
	.open = open_map,
	.put = put_map,
	.get = get_map,
	.zero = zero_map,
	.close = close_map,
};

/* -------------------------------------------------------------------- /dev/shm */

static int shm_open_block(struct peers *p, uint32_t n, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/shm/kvtbench.%08x", p->order[n]);
	return open(path, flags | O_CLOEXEC, 0600);
}

static int put_shm(struct peers *p)
{
	ssize_t done = 0;
	uint32_t n;
	int fd;

	for (n = 0; n < p->nr; n++) {
		fd = shm_open_block(p, n, O_WRONLY | O_CREAT);
		if (fd >= 0)
			done = write(fd, peer_from(p, p->order[n]), p->block);
		close(fd);
		if (fd < 0 || done != (ssize_t)p->block)
			return say("write to /dev/shm");
	}
	return 0;
}

static int get_shm(struct peers *p)
{
	ssize_t done = 0;
	uint32_t n;
	int fd;

	for (n = 0; n < p->nr; n++) {
		fd = shm_open_block(p, n, O_RDONLY);
		if (fd >= 0)
			done = read(fd, peer_to(p, n), p->block);
		close(fd);
		if (fd < 0 || done != (ssize_t)p->block)
			return say("read from /dev/shm");
	}
	return 0;
}

static int zero_shm(struct peers *p)
{
	uint32_t n;
	void *at;
	int fd;

	for (n = 0; n < p->nr; n++) {
		fd = shm_open_block(p, n, O_RDONLY);
		at = mmap(NULL, p->block, PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
		if (at == MAP_FAILED)
			return say("map a file of /dev/shm");
		peer_read(p, at);
		munmap(at, p->block);
	}
	return 0;
}

static int drop_shm(struct peers *p)
{
	char path[64];
	uint32_t i;

	for (i = 0; i < p->nr; i++) {
		snprintf(path, sizeof(path), "/dev/shm/kvtbench.%08x", i);
		unlink(path);
	}
	return 0;
}

static int open_shm(struct peers *p)
{
	return drop_shm(p);
}

static void close_shm(struct peers *p)
{
	drop_shm(p);
}

const struct peer peer_shm = {
	.name = "/dev/shm, a file a block",
	.open = open_shm,
	.put = put_shm,
	.get = get_shm,
	.zero = zero_shm,
	.drop = drop_shm,
	.close = close_shm,
};
