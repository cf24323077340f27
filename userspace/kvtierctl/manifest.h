/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists of blocks, as files: a line for each, its key and its parent's in hex, roots
 * before what is below them as far as that is in the list.
 */
#ifndef CTL_MANIFEST_H
#define CTL_MANIFEST_H

#include <stddef.h>

#include "libkvtier.h"

/**
 * struct manifest_block - a line
 * @key: the block's
 * @parent: its parent's; all zero: a root
 */
struct manifest_block {
	struct kvt_key key;
	struct kvt_key parent;
};

/**
 * manifest_ask() - the blocks that a space holds now, of the module
 * @space: its name
 * @blocks: out: malloc'ed
 *
 * Return: how many; -1: it has said why there is no answer.
 */
long manifest_ask(const char *space, struct manifest_block **blocks);

/** manifest_write() - to a new file, or over an old one; CTL_OK or what to exit with */
int manifest_write(const char *path, const struct manifest_block *blocks, size_t nr);

/** manifest_read() - from a file; @blocks: out: malloc'ed. Return: as manifest_ask() */
long manifest_read(const char *path, struct manifest_block **blocks);

#endif /* CTL_MANIFEST_H */
