// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE	/* fallocate() */
#include <errno.h>
#include <fcntl.h>
#include <linux/blkzoned.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media.h"
#include "say.h"

#define DISCARD_STEP	(16ULL << 30)	/* the call cannot be interrupted */

static bool is_read_only(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ro = 0;

	if (fd < 0)
		return false;
	if (ioctl(fd, BLKROGET, &ro) < 0)
		ro = 0;
	close(fd);
	return ro;
}

static int open_failed(const char *path, bool write, int error)
{
	if (error == EBUSY)
		return cannot(CTL_FAILED, "%s is in use: mounted, swapped to, a part of RAID or LVM, or attached as a tier (kvtierctl tier list); release it first",
			      path);
	if (error == EROFS || (write && is_read_only(path)))
		return cannot(CTL_FAILED, "%s is read-only; make it writable (blockdev --setrw) or name another device",
			      path);
	if (error == EACCES || error == EPERM)
		return cannot(CTL_DENIED, "%s: %s; devices need root", path, strerror(error));
	if (error == ENOENT || error == ENXIO || error == ENOTDIR)
		return cannot(CTL_MISSING, "there is no device or file %s; see: lsblk", path);
	return cannot(CTL_FAILED, "%s cannot be opened: %s", path, strerror(error));
}

static int wrong_kind(const char *path, mode_t mode)
{
	if (S_ISCHR(mode))
		return cannot(CTL_FAILED, "%s is a character device; name its block device (/dev/nvme0n1, not /dev/ng0n1 or /dev/nvme0)",
			      path);
	return cannot(CTL_FAILED, "%s is neither a block device nor a regular file; name one, see: lsblk",
		      path);
}

static int open_flags(enum media_use use, bool is_file)
{
	int flags = O_CLOEXEC | (use == MEDIA_WRITE ? O_RDWR : O_RDONLY);

	return !is_file && use != MEDIA_PEEK ? flags | O_EXCL : flags;
}

static int find_size(struct media *m, const struct stat *st)
{
	m->bytes = st->st_size;
	if (m->is_file || !ioctl(m->fd, BLKGETSIZE64, &m->bytes))
		return CTL_OK;
	return cannot(CTL_FAILED, "the size of %s cannot be told: %s",
		      m->path, strerror(errno));
}

int media_open(struct media *m, const char *path, enum media_use use)
{
	bool write = use == MEDIA_WRITE;
	struct stat st;

	*m = (struct media){ .path = path, .fd = -1 };
	if (stat(path, &st))
		return open_failed(path, write, errno);
	if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		return wrong_kind(path, st.st_mode);
	m->is_file = S_ISREG(st.st_mode);
	m->id = m->is_file ? st.st_ino : st.st_rdev;
	m->file_dev = m->is_file ? st.st_dev : 0;
	m->fd = open(path, open_flags(use, m->is_file));
	if (m->fd < 0)
		return open_failed(path, write, errno);
	if (write && !m->is_file && is_read_only(path))
		return open_failed(path, write, EROFS);
	/* A driver writes to its device past what is cached of it. */
	posix_fadvise(m->fd, 0, 0, POSIX_FADV_DONTNEED);
	return find_size(m, &st);
}

void media_close(struct media *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

bool media_same(const struct media *a, const struct media *b)
{
	return a->is_file == b->is_file && a->id == b->id && a->file_dev == b->file_dev;
}

int media_read(const struct media *m, uint64_t pos, void *to, size_t bytes)
{
	char *p = to;

	while (bytes) {
		ssize_t n = pread(m->fd, p, bytes, pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		pos += n;
		bytes -= n;
	}
	return 0;
}

int media_write(const struct media *m, uint64_t pos, const void *from, size_t bytes)
{
	const char *p = from;

	while (bytes) {
		ssize_t n = pwrite(m->fd, p, bytes, pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		pos += n;
		bytes -= n;
	}
	return 0;
}

static int discard_range(const struct media *m, uint64_t pos, uint64_t bytes)
{
	uint64_t range[2] = { pos, bytes };

	if (m->is_file)
		return fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 pos, bytes);
	return ioctl(m->fd, BLKDISCARD, range);
}

int media_discard(const struct media *m)
{
	uint64_t pos, bytes;

	for (pos = 0; pos < m->bytes; pos += bytes) {
		bytes = m->bytes - pos;
		if (bytes > DISCARD_STEP)
			bytes = DISCARD_STEP;
		if (!discard_range(m, pos, bytes))
			continue;
		return errno == EOPNOTSUPP || errno == ENOTTY || errno == EINVAL ?
			0 : -errno;
	}
	return 0;
}

unsigned int media_logical_block(const struct media *m)
{
	int bytes;

	return m->is_file || ioctl(m->fd, BLKSSZGET, &bytes) ? 512 : bytes;
}

bool media_is_zoned(const struct media *m)
{
	unsigned int sectors = 0;

	return !m->is_file && !ioctl(m->fd, BLKGETZONESZ, &sectors) && sectors;
}
