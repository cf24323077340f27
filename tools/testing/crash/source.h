/* SPDX-License-Identifier: GPL-2.0 */
/* An image as what recovery reads from. */
#ifndef CRASH_SOURCE_H
#define CRASH_SOURCE_H

#include "../../../userspace/kvtierctl/log_walk.h"
#include "image.h"

/*
 * source_open() - read the superblocks of an image
 *
 * Return: 0, or -EMEDIUMTYPE: some device has no good one, or of another set.
 */
int source_open(struct log_source *s, struct image *m);

#endif /* CRASH_SOURCE_H */
