// SPDX-License-Identifier: GPL-2.0
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "ini_file.h"
#include "private.h"
#include "proof.h"

const char *ini_file(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[32];

	if (fd < 0) {
		fd = memfd_create("input", MFD_CLOEXEC);
		must(fd >= 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	must(!ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size);
	return path;
}

/* Every other file that begins with a slash has a user and a password. */
const char *kvp_private_read(const char *path, char *text, size_t room, size_t *len)
{
	if (*path != '/')
		return "cannot be read";
	*len = snprintf(text, room, "user:password\n");
	return NULL;
}

/* Every key file whose name begins with a slash is good; none is read. */
const char *kvp_secret_read(const char *path, uint8_t secret[KVP_SECRET_SIZE])
{
	memset(secret, 7, KVP_SECRET_SIZE);
	return *path == '/' ? NULL : "cannot be read";
}
