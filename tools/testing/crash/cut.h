/* SPDX-License-Identifier: GPL-2.0 */
/* What a power cut leaves on media. */
#ifndef CRASH_CUT_H
#define CRASH_CUT_H

#include "../torture/rng.h"
#include "trace.h"

/*
 * cut_advance() - bring an image from one time on to a later one, as far as that
 * does not depend on luck
 * @m: not in a trial
 * @done: writes that are in it for good; in and out; begins with 0
 */
void cut_advance(struct image *m, const struct trace *t, size_t *done, u64 now);

/*
 * cut_apply() - and what else may be on media if the power goes at @now
 * @m: in a trial
 * @done: of cut_advance()
 *
 * Writes that are durable are applied, of the others any part, by @rng: whole
 * writes, pages or sectors of 512 bytes. A write with a flush can be on media
 * only if the flush was done, which then counts.
 */
void cut_apply(struct image *m, const struct trace *t, size_t done, u64 now,
	       struct rng *rng);

#endif /* CRASH_CUT_H */
