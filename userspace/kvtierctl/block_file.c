// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "block_file.h"
#include "say.h"
#include "size.h"

bool block_is_stdio(const char *path)
{
	return !path || !strcmp(path, "-");
}

/* Bytes read, fewer than @size only at the end of the file; negative errno. */
static ssize_t read_full(int fd, char *to, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t len = read(fd, to + done, size - done);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		if (!len)
			break;
		done += len;
	}
	return done;
}

static int write_full(int fd, const char *from, size_t size)
{
	while (size) {
		ssize_t len = write(fd, from, size);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		from += len;
		size -= len;
	}
	return 0;
}

static int check_length(const char *name, ssize_t len, size_t size, bool pad, bool more)
{
	char wanted[SIZE_TEXT], has[SIZE_TEXT];

	size_exact(size, wanted);
	if (len < 0)
		return cannot(CTL_FAILED, "reading %s: %s", name, strerror(-len));
	if (more)
		return cannot(CTL_FAILED, "%s has more than one block (%s)", name, wanted);
	if (!len)
		return cannot(CTL_FAILED, "%s is empty", name);
	if ((size_t)len < size && !pad)
		return cannot(CTL_FAILED, "%s has only %s of a block of %s; --pad fills the rest with zeros",
			      name, size_exact(len, has), wanted);
	return CTL_OK;
}

int block_read(const char *path, void *data, size_t size, bool pad)
{
	bool stdio = block_is_stdio(path);
	const char *name = stdio ? "the standard input" : path;
	ssize_t len, rest = 0;
	int fd = STDIN_FILENO;
	char byte;

	if (!stdio)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cannot(CTL_FAILED, "opening %s: %s", name, strerror(errno));
	len = read_full(fd, data, size);
	if (len == (ssize_t)size)
		rest = read_full(fd, &byte, 1);
	if (!stdio)
		close(fd);
	if (len >= 0 && (size_t)len < size)
		memset((char *)data + len, 0, size - len);
	return check_length(name, rest < 0 ? rest : len, size, pad, rest > 0);
}

int block_write(const char *path, const void *data, size_t size)
{
	bool stdio = block_is_stdio(path);
	const char *name = stdio ? "the standard output" : path;
	int ret, fd = STDOUT_FILENO;

	if (!stdio)
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return cannot(CTL_FAILED, "opening %s: %s", name, strerror(errno));
	ret = write_full(fd, data, size);
	if (!stdio && close(fd) && !ret)
		ret = -errno;
	if (ret)
		return cannot(CTL_FAILED, "writing %s: %s", name, strerror(-ret));
	return CTL_OK;
}
