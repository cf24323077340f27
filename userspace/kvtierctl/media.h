/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Block devices, and images of them: regular files, which everything takes that
 * works off line.
 */
#ifndef CTL_MEDIA_H
#define CTL_MEDIA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct media - one device or image, open
 * @path: as the user named it
 * @fd: open file
 * @is_file: a regular file, not a block device
 * @bytes: its size
 * @id: of two equal ones are the same device: st_rdev, or st_ino of a file
 * @file_dev: of a file: st_dev
 */
struct media {
	const char *path;
	int fd;
	bool is_file;
	uint64_t bytes;
	uint64_t id;
	dev_t file_dev;
};

/** enum media_use - what it is opened for */
enum media_use {
	MEDIA_WRITE,	/* exclusively, to be written */
	MEDIA_READ,	/* so that nobody else has it exclusively */
	MEDIA_PEEK,	/* even while it is in use */
};

/*
 * media_open() - open a device or an image
 *
 * Return: CTL_OK; or what to exit with, after a message by cannot() that names @path.
 */
int media_open(struct media *m, const char *path, enum media_use use);

/** media_close() - after it, or a media_open() that failed */
void media_close(struct media *m);

/** media_same() - do two paths lead to one device? */
bool media_same(const struct media *a, const struct media *b);

/** media_read() - all of it: 0 or -errno; past the end: -EIO */
int media_read(const struct media *m, uint64_t pos, void *to, size_t bytes);

/** media_write() - all of it: 0 or -errno */
int media_write(const struct media *m, uint64_t pos, const void *from, size_t bytes);

/*
 * media_discard() - tell the device that nothing in it is of use
 *
 * Return: 0, also where it cannot be told; or -errno.
 */
int media_discard(const struct media *m);

/** media_logical_block() - bytes that a write has to be a multiple of */
unsigned int media_logical_block(const struct media *m);

/** media_is_zoned() - can its blocks not be written in any order? */
bool media_is_zoned(const struct media *m);

#endif /* CTL_MEDIA_H */
