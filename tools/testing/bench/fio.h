/* SPDX-License-Identifier: GPL-2.0 */
/* fio on a raw device, in turns with what is measured here. */
#ifndef _BENCH_FIO_H
#define _BENCH_FIO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct fio - a job that goes on until it is ended
 * @device: reads or writes it
 * @rw: as fio calls it
 * @block: bytes at a time
 * @depth: transfers at a time
 * @offset: first byte of the device
 * @size: bytes from there on
 * @pid: fio's; paused but for fio_measure()
 */
struct fio {
	const char *device;
	const char *rw;
	uint64_t block;
	uint32_t depth;
	uint64_t offset;
	uint64_t size;
	pid_t pid;
};

/**
 * struct work - what was done in a while
 * @ns: how long it took
 * @bytes: transferred
 * @busy: ns of processors
 */
struct work {
	uint64_t ns;
	uint64_t bytes;
	uint64_t busy;
};

int fio_start(struct fio *fio);
int fio_measure(struct fio *fio, uint64_t ns, struct work *w);
void fio_end(struct fio *fio);

#endif /* _BENCH_FIO_H */
