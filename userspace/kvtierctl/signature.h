/* SPDX-License-Identifier: GPL-2.0 */
/* What a device holds by the look of it: file systems, partition tables, ... */
#ifndef CTL_SIGNATURE_H
#define CTL_SIGNATURE_H

#include "media.h"

#define SIGNATURE_TEXT	256

/*
 * signature_find() - does anything known lie on @m, kvtier's own aside?
 * @text: out: what it is, in words; SIGNATURE_TEXT bytes
 *
 * Return: 1: yes; 0: no; -1: that could not be told; @text says why.
 */
int signature_find(const struct media *m, char *text);

/*
 * signature_wipe() - overwrite what makes it known
 *
 * Return: 0 or -errno.
 */
int signature_wipe(const struct media *m);

#endif /* CTL_SIGNATURE_H */
