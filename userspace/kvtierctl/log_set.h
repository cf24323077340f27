/* SPDX-License-Identifier: GPL-2.0 */
/* Devices of one set, opened to look at what is on them. */
#ifndef CTL_LOG_SET_H
#define CTL_LOG_SET_H

#include "log_walk.h"
#include "media.h"

#define UUID_TEXT	37	/* bytes of a uuid as text */

/**
 * struct log_device - one device
 * @media: open
 * @copies: kvt_log_check_super() of each copy of the superblock
 * @super: the copy that counts
 */
struct log_device {
	struct media media;
	int copies[KVT_LOG_SUPER_COPIES];
	struct kvt_log_super super;
};

/**
 * struct log_set - the devices that were named
 * @devices: by index in the set; those that are not at hand have no media.path
 * @nr_devices: of the set
 * @nr_named: at hand
 * @uuid: of the set, as text
 * @source: to read from it
 */
struct log_set {
	struct log_device devices[KVT_LOG_MAX_DEVICES];
	u32 nr_devices;
	u32 nr_named;
	char uuid[UUID_TEXT];
	struct log_source source;
};

/*
 * log_set_open() - open all, and find out that they belong together
 *
 * Return: CTL_OK; or what to exit with, after a message by cannot().
 */
int log_set_open(struct log_set *s, int nr, char **paths, enum media_use use);

/** log_set_close() - after it, even if it failed */
void log_set_close(struct log_set *s);

/** log_super_read() - one copy of a superblock; as kvt_log_check_super() */
int log_super_read(const struct media *m, int copy, struct kvt_log_super *s);

/** log_uuid_text() - 16 bytes as text; @text has UUID_TEXT bytes; returns it */
const char *log_uuid_text(const u8 *uuid, char *text);

/** log_grade_text() - "fast" or "bulk" */
const char *log_grade_text(u32 grade);

/*
 * log_name_text() - the name of a space, which may be anything
 * @text: 4 times its bytes and one; returns it
 */
const char *log_name_text(const u8 name[32], char text[129]);

/** log_error_text() - what -ENODATA, -EBADMSG, ... say about a record */
const char *log_error_text(int error);

#endif /* CTL_LOG_SET_H */
