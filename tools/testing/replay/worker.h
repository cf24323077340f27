/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_WORKER_H
#define REPLAY_WORKER_H

#include <sys/types.h>

#include "run.h"

/**
 * worker_process - life of one client process
 * @run: the replay
 * @o: what was asked for
 * @trace: what to replay
 * @number: of this process, from 0
 * @parent: who started it; it ends when that one dies
 *
 * Return: its exit status.
 */
int worker_process(struct run *run, const struct options *o,
		   const struct trace *trace, unsigned int number,
		   pid_t parent);

#endif /* REPLAY_WORKER_H */
