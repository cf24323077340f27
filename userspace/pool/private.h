/* SPDX-License-Identifier: GPL-2.0 */
/* Files that keep secrets. */
#ifndef KVP_PRIVATE_H
#define KVP_PRIVATE_H

#include <stddef.h>

/**
 * kvp_private_read() - read a file that only its owner may read
 * @path: a regular file
 * @text: out: its first bytes, and a NUL; wiped by the caller
 * @room: of @text
 * @len: out: of @text
 *
 * Return: NULL, or what is wrong with the file.
 */
const char *kvp_private_read(const char *path, char *text, size_t room, size_t *len);

#endif /* KVP_PRIVATE_H */
