/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of the module's write protocol: some spaces that store, drop and
 * reclaim blocks at random on a set of devices, with several writes under way.
 *
 *	open	header and open state are written; the first summary waits for both
 *	group	blocks are written behind the place of their summary; when they
 *		are done, and the summary of the group before is, the summary
 *		is written, with FLUSH and FUA
 *	drop	a tomb in a summary of a segment that is not older
 *	close	when the last summary is done: the footer; then the closed state,
 *		with FLUSH and FUA
 *	free	oldest segment of a space first, once what is carried over is
 *		durable elsewhere: the free state, with FUA; then a discard
 */
#ifndef CRASH_MODEL_H
#define CRASH_MODEL_H

#include "../torture/rng.h"
#include "trace.h"

/**
 * enum model_fault - how the model breaks its protocol, to see that it is noticed
 * @MODEL_RIGHT: it does not
 * @MODEL_NO_FLUSH: summaries are written without FLUSH
 * @MODEL_EARLY: before their data are done
 * @MODEL_LATE_FLUSH: of summaries that go out together the last has the flush
 * @MODEL_REUSE: a segment is opened before its free state is durable
 */
enum model_fault {
	MODEL_RIGHT,
	MODEL_NO_FLUSH,
	MODEL_EARLY,
	MODEL_LATE_FLUSH,
	MODEL_REUSE,
};

/**
 * struct model_plan - the shape of a run
 * @fault: what is wrong with it
 * @segment_bytes: of the set
 * @nr_devices: of the set
 * @nr_segments: of each device
 * @nr_spaces: that write
 * @block_size: of each space
 */
struct model_plan {
	enum model_fault fault;
	u64 segment_bytes;
	u32 nr_devices;
	u32 nr_segments;
	u32 nr_spaces;
	u32 block_size[3];
};

/** model_plan() - draw one */
void model_plan(struct model_plan *p, struct rng *rng);

/** model_format() - make the plan's devices, as kvtierctl tier format does */
void model_format(const struct model_plan *p, struct image *m, struct rng *rng);

/*
 * model_run() - attach what is in @m, go on for @steps, and stop anywhere
 * @m: read only; what is written goes to @t
 * @t: empty, with own data
 */
void model_run(const struct model_plan *p, struct image *m, struct trace *t,
	       u32 steps, struct rng *rng);

#endif /* CRASH_MODEL_H */
