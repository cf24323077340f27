// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The name by which a host marks the nvme devices that it has attached. It goes
 * on media, which may leave the host, so it is a digest: /etc/machine-id is
 * meant to stay private. To see it:
 *
 *	printf '%skvtier-nvme' "$(cat /etc/machine-id)" | sha256sum | cut -c 1-32
 */
#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"
#include "sha256.h"

#define MACHINE_ID	"/etc/machine-id"
#define DIGITS		32
#define SALT		"kvtier-nvme"

/* The first bytes of the file, as a string: more than an id has. */
static int read_id(char text[DIGITS + 2])
{
	ssize_t len;
	int fd, rc;

	fd = open(MACHINE_ID, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		len = read(fd, text, DIGITS + 1);
	} while (len < 0 && errno == EINTR);
	rc = len < 0 ? -errno : 0;
	close(fd);
	text[len < 0 ? 0 : len] = 0;
	return rc;
}

/* An image that has not booted yet has an empty file, or "uninitialized". */
static bool is_id(const char *text)
{
	return strspn(text, "0123456789abcdefABCDEF") == DIGITS &&
	       strspn(text, "0") < DIGITS &&
	       (!text[DIGITS] || text[DIGITS] == '\n');
}

int kvt_host_id(uint8_t host[KVT_HOST_SIZE])
{
	char text[DIGITS + sizeof(SALT) + 1];
	uint8_t digest[KVT_SHA256_SIZE];
	int i, rc;

	if (!host)
		return -EINVAL;
	rc = read_id(text);
	if (rc)
		return rc;
	if (!is_id(text))
		return -EBADMSG;
	for (i = 0; i < DIGITS; i++)
		text[i] = tolower((unsigned char)text[i]);
	strcpy(text + DIGITS, SALT);
	kvt_sha256(text, strlen(text), digest);
	memcpy(host, digest, KVT_HOST_SIZE);
	return 0;
}
