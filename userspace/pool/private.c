// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "private.h"

static const char *read_file(int fd, char *text, size_t room, size_t *len)
{
	struct stat st;
	ssize_t got;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return "it is not a regular file";
	if (st.st_mode & 077)
		return "others may read it (chmod 0600)";
	got = read(fd, text, room - 1);
	if (got < 0)
		return strerror(errno);
	text[got] = '\0';
	*len = got;
	return NULL;
}

const char *kvp_private_read(const char *path, char *text, size_t room, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *wrong;

	if (fd < 0)
		return strerror(errno);
	wrong = read_file(fd, text, room, len);
	close(fd);
	return wrong;
}
