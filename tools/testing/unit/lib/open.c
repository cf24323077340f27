// SPDX-License-Identifier: GPL-2.0
/* Opening: names, modes, identity, what is left behind when it fails. */
#include <fcntl.h>
#include <unistd.h>

#include "fake.h"
#include "tap.h"

static const uint8_t right[KVT_IDENTITY_SIZE] = "the right one";
static const uint8_t wrong[KVT_IDENTITY_SIZE] = "the wrong one";

static int try(const char *name, unsigned int flags, const void *identity)
{
	struct kvt_space *space = NULL;
	int rc;

	fake.path[0] = 0;
	rc = kvt_open(name, flags, identity, &space);
	if (!rc)
		kvt_close(space);
	return rc;
}

static void names(void)
{
	is(try("llama-70b_q4", 0, NULL), 0, "a name");
	ok(!strcmp(fake.path, "/dev/kvtier/llama-70b_q4"), "is under /dev/kvtier");
	is(try("./node", 0, NULL), 0, "a path");
	ok(!strcmp(fake.path, "./node"), "is taken as it is");
	is(try("a234567890123456789012345678901", 0, NULL), 0, "31 characters");
	is(try("a2345678901234567890123456789012", 0, NULL), -EINVAL, "not 32");
	is(try("", 0, NULL), -EINVAL, "not none");
	is(try("1a", 0, NULL), -EINVAL, "not a digit first");
	is(try("Aa", 0, NULL), -EINVAL, "not a capital");
	is(try("a b", 0, NULL), -EINVAL, "not a blank");
	is(try("..", 0, NULL), -EINVAL, "not dots");
	is(try(NULL, 0, NULL), -EINVAL, "not NULL");
	ok(!fake.path[0], "a bad name opens nothing");
	is(kvt_open("a", 0, NULL, NULL), -EINVAL, "handle must not be NULL");
}

static void modes(void)
{
	try("a", 0, NULL);
	is(fake.open_flags & (O_ACCMODE | O_CLOEXEC), O_RDWR | O_CLOEXEC,
	   "read-write and close-on-exec");
	try("a", KVT_OPEN_RDONLY, NULL);
	is(fake.open_flags & (O_ACCMODE | O_CLOEXEC), O_RDONLY | O_CLOEXEC,
	   "read-only");
	is(try("a", 2, NULL), -EINVAL, "unknown flag");
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void failures(void)
{
	is(try("a", 0, right), 0, "right identity");
	is(try("a", 0, wrong), -EKEYREJECTED, "wrong identity");
	ok(!is_open(fake.fd), "leaves no file open");
	fake.open_errno = ENOENT;
	is(try("a", 0, NULL), -ENOENT, "no such node");
	fake.open_errno = 0;
	fake.nr_eintr = 2;
	is(try("a", 0, right), 0, "interrupted: tried again");
}

static void closing(void)
{
	struct kvt_space *space = fake_open(0);
	int fd = kvt_fd(space);

	ok(is_open(fd), "kvt_fd() is open");
	is(kvt_block_size(space), FAKE_BLOCK, "block size");
	kvt_close(space);
	ok(!is_open(fd), "kvt_close() closes it");
	kvt_close(NULL);
	is(kvt_info(NULL, NULL), -EINVAL, "kvt_info(NULL)");
}

int main(void)
{
	fake_reset();
	names();
	modes();
	failures();
	closing();
	return done();
}
