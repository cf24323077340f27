// SPDX-License-Identifier: LGPL-2.1-or-later
/* Opening and closing a space, and what it says of itself. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '-';
}

/* The kernel's rule for names of tiers and spaces. */
bool kvt_name_valid(const char *name)
{
	size_t i;

	if (!name || name[0] < 'a' || name[0] > 'z')
		return false;
	for (i = 1; name[i]; i++)
		if (!name_char(name[i]) || i >= KVT_NAME_SIZE - 1)
			return false;
	return true;
}

static int open_path(const char *path, unsigned int flags)
{
	int mode = flags & KVT_OPEN_RDONLY ? O_RDONLY : O_RDWR;
	int fd;

	do {
		fd = open(path, mode | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

static int open_node(const char *name, unsigned int flags)
{
	char path[sizeof(KVT_DEV_DIR) + KVT_NAME_SIZE];

	if (strchr(name, '/'))
		return open_path(name, flags);
	if (!kvt_name_valid(name))
		return -EINVAL;
	snprintf(path, sizeof(path), "%s/%s", KVT_DEV_DIR, name);
	return open_path(path, flags);
}

static int attach(int fd, const void *identity)
{
	struct kvt_attach attach = { .size = sizeof(attach) };

	if (!identity)
		return 0;
	memcpy(attach.identity, identity, sizeof(attach.identity));
	return kvt_ioctl(fd, KVT_IOC_ATTACH, &attach);
}

static int init_space(struct kvt_space *space, int fd, const void *identity)
{
	struct kvt_space_info info;
	int rc;

	space->fd = fd;
	rc = kvt_info(space, &info);
	if (rc)
		return rc;
	space->block_size = info.block_size;
	rc = attach(fd, identity);
	if (rc)
		return rc;
	rc = kvt_layers_read(space, info.nr_layers);
	if (rc)
		return rc;
	return -pthread_mutex_init(&space->lock, NULL);
}

int kvt_open(const char *name, unsigned int flags, const void *identity,
	     struct kvt_space **out)
{
	struct kvt_space *space;
	int fd, rc;

	if (!name || !out || flags & ~KVT_OPEN_RDONLY)
		return -EINVAL;
	fd = open_node(name, flags);
	if (fd < 0)
		return fd;
	rc = -ENOMEM;
	space = calloc(1, sizeof(*space));
	if (!space)
		goto close_fd;
	space->rdonly = flags & KVT_OPEN_RDONLY;
	rc = init_space(space, fd, identity);
	if (rc)
		goto free_space;
	*out = space;
	return 0;

free_space:
	free(space->layers);
	free(space);
close_fd:
	close(fd);
	return rc;
}

void kvt_close(struct kvt_space *space)
{
	unsigned int i;

	if (!space)
		return;
	for (i = 0; i < KVT_MAX_ARENAS; i++) {
		kvt_area_unmap(&space->windows[i]);
		kvt_area_unmap(&space->status[i]);
	}
	kvt_area_unmap(&space->slots);
	close(space->fd);
	pthread_mutex_destroy(&space->lock);
	free(space->layers);
	free(space);
}

int kvt_fd(const struct kvt_space *space)
{
	return space ? space->fd : -EINVAL;
}

uint32_t kvt_block_size(const struct kvt_space *space)
{
	return space ? space->block_size : 0;
}

int kvt_info(const struct kvt_space *space, struct kvt_space_info *info)
{
	if (!space || !info)
		return -EINVAL;
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return kvt_ioctl(space->fd, KVT_IOC_SPACE_INFO, info);
}
