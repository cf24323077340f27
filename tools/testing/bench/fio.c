// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "cpu.h"
#include "device.h"
#include "fio.h"
#include "program.h"

#define RAMP_US 30000
#define START_SECONDS 60

static uint64_t transferred(const struct fio *fio)
{
	struct device_stat stat;

	if (device_stat(fio->device, &stat))
		return 0;
	return strstr(fio->rw, "read") ? stat.read : stat.written;
}

/* Returns once it does I/O, paused; or -1 and has said why. */
int fio_start(struct fio *fio)
{
	char file[256], rw[32], block[32], depth[32], offset[32], size[32];
	const char *const argv[] = {
		"fio", "--name=bench", file, rw, block, depth, offset, size,
		"--ioengine=io_uring", "--direct=1", "--thread",
		"--allow_mounted_write=1", "--norandommap", "--randrepeat=0",
		"--gtod_reduce=1", "--time_based", "--runtime=86400", NULL,
	};
	uint64_t before = transferred(fio);
	int i;

	snprintf(file, sizeof(file), "--filename=%s", fio->device);
	snprintf(rw, sizeof(rw), "--rw=%s", fio->rw);
	snprintf(block, sizeof(block), "--bs=%llu",
		 (unsigned long long)fio->block);
	snprintf(depth, sizeof(depth), "--iodepth=%u", fio->depth);
	snprintf(offset, sizeof(offset), "--offset=%llu",
		 (unsigned long long)fio->offset);
	snprintf(size, sizeof(size), "--size=%llu",
		 (unsigned long long)fio->size);
	fio->pid = program_start(argv);
	if (fio->pid < 0)
		return -1;
	for (i = 0; i < START_SECONDS * 100; i++) {
		if (transferred(fio) > before + 16 * fio->block) {
			program_pause(fio->pid);
			return 0;
		}
		usleep(10000);
	}
	fprintf(stderr, "kvtier-bench: fio does nothing on %s\n", fio->device);
	fio_end(fio);
	return -1;
}

/* Let it go on for @ns; what it does is added to @w. */
int fio_measure(struct fio *fio, uint64_t ns, struct work *w)
{
	struct cpu_time from, to;
	uint64_t before;

	program_resume(fio->pid);
	usleep(RAMP_US);
	before = transferred(fio);
	cpu_time_read(&from);
	usleep((useconds_t)(ns / 1000));
	cpu_time_read(&to);
	w->bytes += transferred(fio) - before;
	program_pause(fio->pid);
	usleep(RAMP_US);
	w->ns += to.now - from.now;
	w->busy += cpu_time_busy(&from, &to);
	return 0;
}

void fio_end(struct fio *fio)
{
	program_end(fio->pid);
}
