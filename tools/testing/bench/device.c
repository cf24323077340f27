// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bench.h"
#include "device.h"
#include "log_format.h"
#include "program.h"

#define PRIME_STEP (1 << 20)

/* Returns 0, or -1 and has said why. */
int device_stat(const char *path, struct device_stat *done)
{
	unsigned long long read, written;
	char file[64];
	struct stat st;
	FILE *f = NULL;
	int n = 0;

	if (!stat(path, &st)) {
		snprintf(file, sizeof(file), "/sys/dev/block/%u:%u/stat",
			 major(st.st_rdev), minor(st.st_rdev));
		f = fopen(file, "re");
	}
	if (f) {
		n = fscanf(f, "%*u %*u %llu %*u %*u %*u %llu", &read, &written);
		fclose(f);
	}
	if (n != 2) {
		fprintf(stderr, "kvtier-bench: cannot read the counters of %s\n",
			path);
		return -1;
	}
	/* Sectors of 512 bytes, whatever the device's. */
	done->read = read << 9;
	done->written = written << 9;
	return 0;
}

/* Make it, and all that is on it, an empty nvme tier. NULL: the usual size. */
int device_format(const char *path, const char *segment_size)
{
	const char *const argv[] = {
		program_beside("kvtierctl"), "tier", "format", path, "--force",
		"--no-discard", segment_size ? "--segment-size" : NULL,
		segment_size, NULL,
	};

	return program_run(argv);
}

/* Write to the first @bytes of its segments: what is written later overwrites. */
int device_prime(const char *path, uint64_t bytes)
{
	uint64_t first = device_first_segment(path), pos;
	char *buf = calloc(1, PRIME_STEP);
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (!first || !buf || fd < 0)
		err = -1;
	for (pos = first; !err && pos < first + bytes; pos += PRIME_STEP)
		if (pwrite(fd, buf, PRIME_STEP, (off_t)pos) != PRIME_STEP)
			err = -1;
	if (!err)
		err = fsync(fd);
	if (err)
		fprintf(stderr, "kvtier-bench: cannot write to %s: %s\n", path,
			strerror(errno));
	if (fd >= 0)
		close(fd);
	free(buf);
	return err;
}

/* The byte where the first segment begins; 0: it is not formatted. */
uint64_t device_first_segment(const char *path)
{
	struct kvt_log_super super = {};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = pread(fd, &super, sizeof(super), 0);
		close(fd);
	}
	if (n == (ssize_t)sizeof(super))
		return le64toh(super.first_segment);
	fprintf(stderr, "kvtier-bench: cannot read the superblock of %s: %s\n",
		path, strerror(errno));
	return 0;
}
