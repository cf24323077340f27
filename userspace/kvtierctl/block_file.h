/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A block's bytes from and to a file; "-" and NULL are the standard input and
 * output. Returns CTL_OK, or the exit code after the message.
 */
#ifndef CTL_BLOCK_FILE_H
#define CTL_BLOCK_FILE_H

#include <stdbool.h>
#include <stddef.h>

/** block_read() - read exactly @size bytes; @pad: or less, the rest is zero */
int block_read(const char *path, void *data, size_t size, bool pad);

/** block_write() - write @size bytes; makes or empties the file */
int block_write(const char *path, const void *data, size_t size);

/** block_is_stdio() - is @path the standard input or output? */
bool block_is_stdio(const char *path);

#endif /* CTL_BLOCK_FILE_H */
