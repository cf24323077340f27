/* SPDX-License-Identifier: GPL-2.0 */
/* Recover an image, by the code that the tools use, and ask the oracle. */
#ifndef CRASH_JUDGE_H
#define CRASH_JUDGE_H

#include "oracle.h"

/**
 * struct verdict - about one image, or summed up
 * @found: blocks that were found
 * @wrong: of them with other bytes than were written, or never written
 * @promised: blocks that had to be found
 * @lost: of them that were not
 * @buried: tombs in force
 * @risen: blocks that were found in spite of one
 * @unusable: images of which not even the superblocks could be read
 */
struct verdict {
	u64 found;
	u64 wrong;
	u64 promised;
	u64 lost;
	u64 buried;
	u64 risen;
	u64 unusable;
};

/*
 * judge_image() - of a power cut at @now
 * @m: the image
 * @v: is added to
 *
 * Return: true if there is nothing to object to; else the first few objections
 * are printed, after "# ".
 */
extern bool judge_is_silent;	/* objections are counted, not printed */

bool judge_image(struct oracle *o, struct image *m, u64 now, struct verdict *v);

#endif /* CRASH_JUDGE_H */
