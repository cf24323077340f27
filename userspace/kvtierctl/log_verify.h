/* SPDX-License-Identifier: GPL-2.0 */
/* Everything of a set that does not check, beyond what recovery has to read. */
#ifndef CTL_LOG_VERIFY_H
#define CTL_LOG_VERIFY_H

#include "log_set.h"

/**
 * struct log_problem - one thing that is wrong
 * @device: index in the set
 * @segment: number; -1: the device as a whole
 * @entry: number of a block; -1: the segment as a whole
 * @is_note: not wrong, but worth to be said
 * @text: what
 */
struct log_problem {
	u32 device;
	int64_t segment;
	int64_t entry;
	bool is_note;
	const char *text;
};

/**
 * struct log_verify - how to look, and what was found
 * @set: opened
 * @walk: after log_walk_pages()
 * @quick: metadata only
 * @report: is called for each problem
 * @arg: for it
 * @progress: NULL, or is called for each segment
 * @problems: out: how many, notes not counted
 * @verified: out: bytes of blocks that were read and are good
 */
struct log_verify {
	const struct log_set *set;
	struct log_walk *walk;
	bool quick;
	void (*report)(void *arg, const struct log_problem *p);
	void *arg;
	void (*progress)(void *arg);
	u64 problems;
	u64 verified;
};

/** log_verify_run() - look at everything; 0 or -ENOMEM */
int log_verify_run(struct log_verify *v);

#endif /* CTL_LOG_VERIFY_H */
